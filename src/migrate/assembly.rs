//! Writes a companion from what a configuration injects, and checks it as every other companion is checked.

mod volumes;

use serde_json::{Map, Value, json};

use super::audience::Audience;
use super::injection::Injection;
use super::loss::Loss;
use super::source_value::{SourcePlace, SourceValue};
use super::translation::{Strictness, Translation};
use crate::api;
use crate::api::v1alpha1::API_VERSION;
use crate::inject::companion::CompanionKind;
use crate::inject::container_list::ContainerList;
use crate::inject::keys::LONGEST_NAME;
use crate::json::Token;

/// What a companion for all Pods depends on.
const CLUSTER_WIDE: &str = "Requires the chart's value webhooks.clusterWide.enabled. While podgraft does not answer, Pods are \
    created without the companion unless it has required: true.";

/// The companion of an injection that was read from a configuration, or why there is none.
pub(super) fn translation(mut injection: Injection, source: &SourceValue, strictness: Strictness) -> Translation {
    injection.limit();
    let mut draft = Draft::new(&mut injection);
    if injection.containers.is_empty() && !injection.is_abandoned {
        let message = "a companion has at least one container that keeps running; set the rest in the Pod template, or with a policy engine";
        let at = injection.at.clone();
        injection.abandon(&at, format!("required value: {message}"));
    }
    let Injection { title, at, losses, is_abandoned, .. } = injection;
    let mut done = Translation { title, at, companion: None, losses, hints: Vec::new(), warnings: 0 };
    if is_abandoned {
        return done;
    }
    let checked = api::check_companion(&draft.companion);
    done.warnings = checked.warnings.len();
    let warnings = if strictness == Strictness::Warnings { checked.warnings } else { Vec::new() };
    let problems = checked.problems.iter().map(|problem| (problem, "the companion would be invalid"));
    let found: Vec<_> =
        problems.chain(warnings.iter().map(|problem| (problem, "the companion would have a warning"))).collect();
    if found.is_empty() {
        for loss in &mut done.losses {
            loss.pointer = draft.pointer(&loss.at);
        }
        done.hints.append(&mut draft.hints);
        done.companion = Some(draft.companion);
        return done;
    }
    done.losses.clear();
    for (problem, what) in found {
        let (at, message) = if let Some(at) = draft.field_of(source, &problem.pointer) {
            (at, format!("{what}: {}", problem.message))
        } else {
            let at = draft.origin(&problem.pointer).map_or(&done.at, |(at, _)| at);
            (at.clone(), format!("{what}: {problem}"))
        };
        done.losses.push(Loss { at, pointer: String::new(), message });
    }
    done
}

/// A companion that was not checked yet.
#[derive(Debug, Default)]
struct Draft {
    companion: Value,
    spec: Map<String, Value>,
    hints: Vec<(String, String)>,
    /// Where parts of the companion were read, each with its pointer.
    origins: Vec<(SourcePlace, String)>,
}

impl Draft {
    fn new(injection: &mut Injection) -> Self {
        let mut draft = Draft::default();
        draft.spec.insert("pattern".to_owned(), json!("Sidecar"));
        draft.add_audience(&injection.audience);
        draft.add_list("/spec", "imagePullSecrets", &injection.pull_secrets);
        move_native(injection);
        let volumes = volumes::divided(injection);
        draft.add_list("/spec", ContainerList::Init.as_str(), &injection.init_containers);
        draft.add_list("/spec", ContainerList::Containers.as_str(), &injection.containers);
        draft.add_list("/spec", "volumes", &volumes.private);
        draft.add_list("/spec", "sharedVolumes", &volumes.shared);
        let env = draft.listed("/spec/app/env", &injection.app_env);
        if !injection.app_env.is_empty() {
            draft.spec.insert("app".to_owned(), json!({"env": env}));
        }
        draft.add_annotations(&injection.annotations);
        draft.finish(injection);
        draft
    }

    fn add_audience(&mut self, audience: &Audience) {
        let Audience { is_automatic, pods, namespaces } = audience;
        if *is_automatic {
            self.spec.insert("activation".to_owned(), json!("ClusterWide"));
            self.hints.push(("/spec/activation".to_owned(), CLUSTER_WIDE.to_owned()));
        }
        for (field, query) in [("podSelector", pods), ("namespaceSelector", namespaces)] {
            if let Some(selector) = query.to_selector() {
                self.spec.insert(field.to_owned(), selector);
            }
        }
    }

    fn add_list(&mut self, parent: &str, field: &str, items: &[SourceValue]) {
        let list = self.listed(&format!("{parent}/{field}"), items);
        if !items.is_empty() {
            self.spec.insert(field.to_owned(), list);
        }
    }

    /// The items as a list at a pointer.
    fn listed(&mut self, pointer: &str, items: &[SourceValue]) -> Value {
        let origins = items.iter().enumerate().map(|(i, item)| (item.at.clone(), format!("{pointer}/{i}")));
        self.origins.extend(origins);
        items.iter().map(|item| item.value.clone()).collect()
    }

    fn add_annotations(&mut self, annotations: &[(String, SourceValue)]) {
        let all: Map<_, _> = annotations.iter().map(|(key, value)| (key.clone(), value.value.clone())).collect();
        if !all.is_empty() {
            self.spec.insert("podAnnotations".to_owned(), Value::Object(all));
        }
        // Of two values of a key, the last one is used.
        let pointer = |key: &str| format!("/spec/podAnnotations/{}", Token(key));
        self.origins.extend(annotations.iter().rev().map(|(key, value)| (value.at.clone(), pointer(key))));
    }

    fn finish(&mut self, injection: &Injection) {
        let kind =
            if injection.is_namespaced { CompanionKind::Companion } else { CompanionKind::ClusterCompanion }.as_str();
        let name = companion_name(&injection.name);
        let mut metadata = json!({"name": name});
        if let Some(namespace) = &injection.namespace {
            metadata["namespace"] = json!(namespace);
        }
        if name != injection.name {
            let hint = format!(
                "Renamed from {}: the name of a companion is a DNS label of at most {LONGEST_NAME} characters.",
                injection.name
            );
            self.hints.push(("/metadata/name".to_owned(), hint));
        }
        let spec = std::mem::take(&mut self.spec);
        self.companion = json!({"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec});
    }

    /// The place in the companion of what was read at a place: the innermost part that contains it.
    fn pointer(&self, at: &SourcePlace) -> String {
        let containing = self.origins.iter().filter_map(|(origin, pointer)| Some((at.depth_within(origin)?, pointer)));
        containing.min_by_key(|(depth, _)| *depth).map_or("/spec", |(_, pointer)| pointer.as_str()).to_owned()
    }

    /// Where a part of the companion was read, and the rest of a pointer into this part.
    fn origin<'p>(&self, pointer: &'p str) -> Option<(&SourcePlace, &'p str)> {
        self.origins.iter().find_map(|(at, part)| {
            let rest = pointer.strip_prefix(&**part).filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
            Some((at, rest))
        })
    }

    /// The field of the configuration that a field of the companion was taken from as it is. An index can differ between the
    /// two, so that a message with both would name two places.
    fn field_of(&self, source: &SourceValue, pointer: &str) -> Option<SourcePlace> {
        let (part, rest) = self.origin(pointer)?;
        let within = |rest: &str| SourcePlace { document: part.document, pointer: format!("{}{rest}", part.pointer) };
        let mut known = rest;
        while !known.is_empty() {
            let here = self.companion.pointer(&pointer[..pointer.len() - rest.len() + known.len()]);
            match (source.value_at(&within(known)), here) {
                // A field that neither of the two has is required, and so is what it would be in.
                (None, None) => known = known.rsplit_once('/').map_or("", |(parent, _)| parent),
                (there, here) if there == here => break,
                _ => return None,
            }
        }
        Some(within(rest))
    }
}

/// Native sidecars of the configuration are containers of a companion, which are native by default.
fn move_native(injection: &mut Injection) {
    let is_native = |container: &SourceValue| container.value["restartPolicy"] == "Always";
    let (mut native, plain): (Vec<_>, Vec<_>) =
        std::mem::take(&mut injection.init_containers).into_iter().partition(is_native);
    native.append(&mut injection.containers);
    for container in native.iter_mut().filter(|container| is_native(container)) {
        container.take("restartPolicy");
    }
    (injection.init_containers, injection.containers) = (plain, native);
}

/// A DNS label of the longest length for companions.
fn companion_name(name: &str) -> String {
    let is_kept = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let lower = name.to_lowercase();
    let words: Vec<&str> = lower.split(|c| !is_kept(c)).filter(|word| !word.is_empty()).collect();
    let mut label = words.join("-");
    label.truncate(LONGEST_NAME);
    label.trim_end_matches('-').to_owned()
}
