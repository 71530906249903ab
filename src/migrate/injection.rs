//! What a configuration of another injector adds to Pods, in the terms that all of them share.

use serde_json::Value;

use super::audience::{Audience, LabelQuery};
use super::loss::Loss;
use super::source_value::{SourcePlace, SourceValue};
use crate::api;
use crate::inject::container_list::ContainerList;

/// What follows from a condition that is not translated.
const ON_REQUEST: &str = "; the companion is only injected into Pods that request it";

/// What is added to which Pods.
#[derive(Debug, Default)]
pub(super) struct Injection {
    /// What it is for its users, such as `SidecarSet log-agent`.
    pub(super) title: String,
    /// Where it was read.
    pub(super) at: SourcePlace,
    /// Its name there.
    pub(super) name: String,
    /// Whether it is for Pods of one namespace, as a `Companion`.
    pub(super) is_namespaced: bool,
    /// That namespace; `None` leaves it to the command that applies the manifest.
    pub(super) namespace: Option<String>,
    pub(super) audience: Audience,
    pub(super) init_containers: Vec<SourceValue>,
    pub(super) containers: Vec<SourceValue>,
    pub(super) volumes: Vec<SourceValue>,
    pub(super) pull_secrets: Vec<SourceValue>,
    /// Variables of all app containers.
    pub(super) app_env: Vec<SourceValue>,
    /// Mounts of all app containers.
    pub(super) app_mounts: Vec<SourceValue>,
    /// Annotations of the Pod, if the Pod does not have them.
    pub(super) annotations: Vec<(String, SourceValue)>,
    pub(super) losses: Vec<Loss>,
    /// Whether some loss means that no companion can be written.
    pub(super) is_abandoned: bool,
    is_narrowed: bool,
}

impl Injection {
    pub(super) fn new(kind: &str, name: &str, at: &SourcePlace) -> Self {
        Injection { title: format!("{kind} {name}"), name: name.to_owned(), at: at.clone(), ..Injection::default() }
    }

    /// Records a part that is not translated. Without a companion, only the reasons for that are of interest.
    pub(super) fn lose(&mut self, at: &SourcePlace, message: impl Into<String>) {
        if !self.is_abandoned {
            self.record(at, message.into());
        }
    }

    fn record(&mut self, at: &SourcePlace, message: String) {
        self.losses.push(Loss { at: at.clone(), pointer: String::new(), message });
    }

    /// Records a condition that is not translated: without it the companion would be injected into more Pods than before. The
    /// selectors of the other conditions are kept, because they restrict which Pods can request the companion.
    pub(super) fn narrow(&mut self, at: &SourcePlace, message: &str) {
        let consequence = if self.is_narrowed { "" } else { ON_REQUEST };
        self.is_narrowed = true;
        self.audience.is_automatic = false;
        self.lose(at, format!("{message}{consequence}"));
    }

    /// Records why there can be no companion.
    pub(super) fn abandon(&mut self, at: &SourcePlace, message: impl Into<String>) {
        if !self.is_abandoned {
            self.losses.clear();
        }
        self.is_abandoned = true;
        self.record(at, message.into());
    }

    /// Selects Pods by labels: all of them, or those that request it if a condition was not translated.
    pub(super) fn select(&mut self, pods: LabelQuery, namespaces: LabelQuery) {
        self.audience = Audience { is_automatic: !self.is_narrowed, pods, namespaces };
    }

    /// Whether anything is added that a companion can add.
    pub(super) fn adds_containers(&self) -> bool {
        !self.containers.is_empty() || !self.init_containers.is_empty()
    }

    /// Takes the containers, volumes and pull secrets of a value that has them under the names of a Pod's `spec`.
    pub(super) fn take_lists(&mut self, value: &SourceValue) {
        self.lose_unless_lists(value, &["volumes", "imagePullSecrets"]);
        self.containers.extend(value.list(ContainerList::Containers.as_str()));
        self.init_containers.extend(value.list(ContainerList::Init.as_str()));
        self.volumes.extend(value.list("volumes"));
        self.pull_secrets.extend(value.list("imagePullSecrets"));
    }

    /// Records lists of a value that have another form: they are not read.
    pub(super) fn lose_unless_lists(&mut self, value: &SourceValue, more: &[&str]) {
        let lists = ContainerList::ALL.map(ContainerList::as_str);
        for field in lists.into_iter().chain(more.iter().copied()).map(|name| value.member(name)) {
            if !field.is_blank() && !field.value.is_array() {
                self.lose(&field.at, "invalid value: must be a list");
            }
        }
    }

    /// Records fields of the Pod that a companion never sets, and fields that the other system does not have either.
    pub(super) fn lose_other_fields(&mut self, value: &SourceValue, known: &[&str]) {
        for (name, field) in value.members() {
            if known.contains(&&*name) || field.is_blank() {
                continue;
            }
            let message = never_set(&name);
            self.lose(&field.at, message.as_deref().unwrap_or("unknown field; remove the field, or correct its name"));
        }
    }

    /// Abandons what has more values than a companion may have: parts are compared with each other later.
    pub(super) fn limit(&mut self) {
        let Injection { containers, init_containers, volumes, pull_secrets, app_env, app_mounts, .. } = &*self;
        let lists = [containers, init_containers, volumes, pull_secrets, app_env, app_mounts];
        let count: usize = lists.into_iter().flatten().map(|item| api::values(&item.value)).sum();
        // What is for all containers is added to each.
        let for_all = (containers.len() + init_containers.len()) * (app_env.len() + app_mounts.len());
        if count.max(for_all).max(self.annotations.len()) > api::MOST_VALUES {
            let at = self.at.clone();
            let most = api::MOST_VALUES;
            self.abandon(&at, format!("invalid value: a companion has at most {most} values; shorten the lists"));
            for list in [&mut self.containers, &mut self.init_containers, &mut self.volumes, &mut self.pull_secrets] {
                list.clear();
            }
            (self.app_env, self.app_mounts, self.annotations) = Default::default();
        }
    }

    /// Records text of Helm templates: it has no value before the chart is rendered.
    pub(super) fn lose_helm_templates(&mut self) {
        let parts = [&self.containers, &self.init_containers, &self.volumes, &self.app_env, &self.app_mounts];
        let found: Vec<SourcePlace> =
            parts.into_iter().flatten().flat_map(|part| places_of_texts(part, is_helm_template)).collect();
        for at in found {
            self.abandon(&at, "the text is a Helm template; render the chart first: helm template NAME CHART");
        }
    }
}

/// Whether a mutation is about containers; others do not inject any.
pub(super) fn is_about_containers(mutation: &SourceValue) -> bool {
    let text = mutation.value.to_string();
    ContainerList::ALL.iter().any(|list| text.contains(list.as_str()))
}

/// Why a companion never sets a field of a Pod, and what to do instead; `None` if a Pod has no such field.
pub(super) fn never_set(field: &str) -> Option<String> {
    let why = match field {
        "serviceAccountName" | "serviceAccount" => {
            "the ServiceAccount decides what the app may do; set the field in the Pod template"
        }
        "hostAliases" | "dnsConfig" | "dnsPolicy" => {
            "names that the app looks up could resolve to other addresses; use an Ambassador, or set the field in the Pod template"
        }
        "hostNetwork" | "hostPID" | "hostIPC" | "hostUsers" | "shareProcessNamespace" => {
            "the app would be isolated differently; set the field in the Pod template"
        }
        "securityContext" => {
            "the app would run as another user, or with other groups; set securityContext of the companion's containers"
        }
        "nodeSelector"
        | "affinity"
        | "tolerations"
        | "priorityClassName"
        | "runtimeClassName"
        | "schedulerName"
        | "topologySpreadConstraints"
        | "nodeName" => "the field decides where and when the app runs; set the field in the Pod template",
        "terminationGracePeriodSeconds"
        | "activeDeadlineSeconds"
        | "automountServiceAccountToken"
        | "restartPolicy"
        | "enableServiceLinks"
        | "hostname"
        | "subdomain"
        | "readinessGates"
        | "resources"
        | "ephemeralContainers" => "the field belongs to the app; set the field in the Pod template",
        "labels" => "Services and controllers select Pods by labels; set the labels in the Pod template",
        _ => return None,
    };
    Some(format!("a companion never sets {field}, because {why}"))
}

/// The same for a patch, whose fields are those of a Pod, also where they are not known here.
pub(super) fn never_patched(field: &str) -> String {
    let unknown = || {
        format!(
            "a companion never sets {field}, because the field belongs to the author of the Pod; set the field in the Pod template"
        )
    };
    never_set(field).unwrap_or_else(unknown)
}

/// The places of texts that meet a condition, within a value.
pub(super) fn places_of_texts(value: &SourceValue, is_wanted: fn(&str) -> bool) -> Vec<SourcePlace> {
    match &value.value {
        Value::String(text) if is_wanted(text) => vec![value.at.clone()],
        Value::Array(_) => value.items().iter().flat_map(|item| places_of_texts(item, is_wanted)).collect(),
        Value::Object(_) => value.members().iter().flat_map(|(_, m)| places_of_texts(m, is_wanted)).collect(),
        _ => Vec::new(),
    }
}

fn is_helm_template(text: &str) -> bool {
    let mut inside = text.split("{{").skip(1).filter_map(|rest| rest.split("}}").next());
    let names = [".Values", ".Release", ".Chart", ".Capabilities", "include ", "template "];
    inside.any(|inside| names.iter().any(|name| inside.contains(name)))
}
