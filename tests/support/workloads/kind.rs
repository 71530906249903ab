//! Workloads of every kind around a template.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::template::Template;

/// A kind, and how it differs from others of its kind.
#[derive(Debug, Clone)]
pub struct Kind {
    name: &'static str,
    /// `restartPolicy` of a Pod.
    restarts: Option<&'static str>,
    /// Whether a Job never restarts its containers, or restarts them on failure.
    never: bool,
    /// Whether a Job is Indexed.
    indexed: bool,
    /// Whether the workload has a `generateName`.
    unnamed: bool,
}

pub const KINDS: [&str; 11] = [
    "Pod",
    "PodTemplate",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "CronJob",
    "Rollout",
    "Service",
];

pub fn kind() -> impl Strategy<Value = Kind> {
    let restarts = select(vec![None, None, Some("Always"), Some("Never"), Some("OnFailure")]);
    (select(&KINDS[..]), restarts, any::<bool>(), prop::bool::weighted(0.3), prop::bool::weighted(0.1))
        .prop_map(|(name, restarts, never, indexed, unnamed)| Kind { name, restarts, never, indexed, unnamed })
}

impl Kind {
    /// An object of this kind that creates Pods of a template, with the name `web`.
    pub fn workload(&self, mut template: Template) -> Value {
        let is_stateful = self.name == "StatefulSet";
        let claims = if is_stateful { std::mem::take(&mut template.claims) } else { vec![] };
        template.declare(&claims);
        let restarts = match self.name {
            "Pod" | "PodTemplate" => self.restarts,
            "Job" | "CronJob" if self.never => Some("Never"),
            "Job" | "CronJob" => Some("OnFailure"),
            _ => None,
        };
        if let Some(policy) = restarts {
            template.spec["restartPolicy"] = policy.into();
        }
        let Template { metadata, spec, .. } = template;
        let mut object = self.around(json!({"metadata": metadata, "spec": spec}));
        if !claims.is_empty() {
            object["spec"]["volumeClaimTemplates"] = claims.into();
        }
        let name = if self.unnamed { "generateName" } else { "name" };
        object["metadata"][name] = "web".into();
        object
    }

    fn around(&self, template: Value) -> Value {
        let selector = json!({"matchLabels": {"app": "web"}});
        let (version, spec) = match self.name {
            "Pod" => {
                return json!({"apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"], "spec": template["spec"]});
            }
            "PodTemplate" => {
                return json!({"apiVersion": "v1", "kind": "PodTemplate", "metadata": {}, "template": template});
            }
            "ReplicationController" => ("v1", json!({"selector": {"app": "web"}, "template": template})),
            "Job" => ("batch/v1", self.job(template)),
            "CronJob" => ("batch/v1", json!({"schedule": "0 0 1 1 *", "jobTemplate": {"spec": self.job(template)}})),
            "StatefulSet" => ("apps/v1", json!({"selector": selector, "serviceName": "web", "template": template})),
            "Rollout" => ("argoproj.io/v1alpha1", json!({"selector": selector, "template": template})),
            "Service" => ("serving.knative.dev/v1", json!({"template": template})),
            _ => ("apps/v1", json!({"selector": selector, "template": template})),
        };
        json!({"apiVersion": version, "kind": self.name, "metadata": {}, "spec": spec})
    }

    fn job(&self, template: Value) -> Value {
        if self.indexed {
            return json!({"completionMode": "Indexed", "completions": 1, "template": template});
        }
        json!({"template": template})
    }
}
