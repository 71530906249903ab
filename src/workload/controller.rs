//! What the controllers of Kubernetes add to the Pods that they create from the template of a workload.

use std::borrow::Cow;

use crate::inject::pod::{ControllerFields, ControllerLabel};
use crate::json::{JsonError, Reader, field};

/// The label of a Deployment's ReplicaSets and Pods (`apps/v1` `DefaultDeploymentUniqueLabelKey`).
const DEPLOYMENT: [&str; 1] = ["pod-template-hash"];
/// The labels of a StatefulSet's Pods (`apps/v1` `PodIndexLabel`, `StatefulSetPodNameLabel`, `StatefulSetRevisionLabel`).
const STATEFUL_SET: [&str; 3] =
    ["apps.kubernetes.io/pod-index", "statefulset.kubernetes.io/pod-name", "controller-revision-hash"];
/// The labels of a DaemonSet's Pods (`apps/v1` `DefaultDaemonSetUniqueLabelKey`, `DaemonSetTemplateGenerationLabel`).
const DAEMON_SET: [&str; 2] = ["controller-revision-hash", "pod-template-generation"];
/// The labels of a Job's Pods with the name of the Job (`batch/v1` `JobNameLabel`, and its older form).
const JOB_NAME: [&str; 2] = ["batch.kubernetes.io/job-name", "job-name"];
/// The labels of a Job's Pods with the UID of the Job (`batch/v1` `ControllerUidLabel`, and its older form).
const JOB_UID: [&str; 2] = ["batch.kubernetes.io/controller-uid", "controller-uid"];
/// The label of an Indexed Job's Pods (`batch/v1` `JobCompletionIndexAnnotation`).
const JOB_INDEX: &str = "batch.kubernetes.io/job-completion-index";
/// The label of a Rollout's ReplicaSets and Pods (Argo Rollouts' `DefaultRolloutUniqueLabelKey`).
const ROLLOUT: [&str; 1] = ["rollouts-pod-template-hash"];
/// The labels of a CloneSet's Pods (OpenKruise's `CloneSetInstanceID`, and the label of StatefulSets).
const CLONE_SET: [&str; 2] = ["apps.kruise.io/cloneset-instance-id", "controller-revision-hash"];
/// The labels of a Knative Service's Pods with its name, and those of one of its revisions, which is a Deployment.
const KNATIVE_NAME: [&str; 2] = ["serving.knative.dev/service", "serving.knative.dev/configuration"];
const KNATIVE_REVISION: [&str; 3] = ["serving.knative.dev/revision", "serving.knative.dev/revisionUID", DEPLOYMENT[0]];
/// The labels of an OpenShift DeploymentConfig's Pods: its name, and that of one of its ReplicationControllers.
const DEPLOYMENT_CONFIG_NAME: [&str; 1] = ["deploymentconfig"];
const DEPLOYMENT_CONFIG_REVISION: [&str; 1] = ["deployment"];
/// Built-in kinds whose selector never consists of the labels of the template: the author must write it, or a controller
/// generates it.
const REQUIRES_SELECTOR: [(&str, &str); 6] = [
    ("apps", "Deployment"),
    ("apps", "ReplicaSet"),
    ("apps", "StatefulSet"),
    ("apps", "DaemonSet"),
    ("batch", "Job"),
    ("batch", "CronJob"),
];
/// The most claims of one workload that are read. A Pod cannot mount more volumes.
const MAX_CLAIMS: usize = 4096;

/// What the controller of a workload adds to its Pods, from the group and kind of the workload and its JSON. A workload with
/// fields of the wrong type gets nothing: the API server rejects the workload, so there will be no Pods.
///
/// OpenKruise's kinds with `volumeClaimTemplates` treat them as `apps/v1` `StatefulSet` does.
#[must_use]
pub fn controller_fields<'a>(group: &str, kind: &str, object: &'a str) -> ControllerFields<'a> {
    let fields = match (group, kind) {
        ("", "Pod") => return ControllerFields::default(),
        ("apps", "Deployment") => Ok(of_labels(&DEPLOYMENT)),
        ("apps", "DaemonSet") => Ok(ControllerFields { replaces_node_affinity: true, ..of_labels(&DAEMON_SET) }),
        ("apps", "StatefulSet") => claims(object).map(|claims| ControllerFields { claims, ..of_labels(&STATEFUL_SET) }),
        ("apps.kruise.io", "StatefulSet") => {
            claims(object).map(|claims| ControllerFields { claims, ..ControllerFields::default() })
        }
        ("apps.kruise.io", "CloneSet") => {
            claims(object).map(|claims| ControllerFields { claims, ..of_labels(&CLONE_SET) })
        }
        ("argoproj.io", "Rollout") => Ok(of_labels(&ROLLOUT)),
        ("serving.knative.dev", "Service") => named_labels(object, &KNATIVE_NAME, &KNATIVE_REVISION),
        ("apps.openshift.io", "DeploymentConfig") => {
            named_labels(object, &DEPLOYMENT_CONFIG_NAME, &DEPLOYMENT_CONFIG_REVISION)
        }
        ("batch", "Job") => JobFields::read(object).map(JobFields::labels),
        ("batch", "CronJob") => JobFields::read_template(object).map(JobFields::labels),
        _ => Ok(ControllerFields::default()),
    };
    let labels_select = !REQUIRES_SELECTOR.contains(&(group, kind)) && selects_nothing(object);
    ControllerFields { by_controller: true, labels_select, ..fields.unwrap_or_default() }
}

/// Whether a workload declares no selector. API servers then use the labels of the template (`v1` `ReplicationController`, and
/// `DeploymentConfig` of OpenShift); what those of other kinds do is not known.
fn selects_nothing(object: &str) -> bool {
    let selector = Reader::of(object).raw_at(&["spec", "selector"]);
    matches!(selector, Ok(None | Some("null" | "{}")))
}

/// Labels whose values are not known.
fn of_labels<'a>(keys: &[&'static str]) -> ControllerFields<'a> {
    let labels = keys.iter().map(|key| ControllerLabel { key, value: None, yields: false }).collect();
    ControllerFields { labels, ..ControllerFields::default() }
}

/// Labels with the name of the object, and labels whose values are not known.
fn named_labels<'a>(
    object: &'a str,
    named: &[&'static str],
    others: &[&'static str],
) -> Result<ControllerFields<'a>, JsonError> {
    let name = JobFields::read(object)?.name;
    let mut fields = of_labels(others);
    fields.labels.extend(named.iter().map(|key| ControllerLabel { key, value: name.clone(), yields: false }));
    Ok(fields)
}

/// The names of `spec.volumeClaimTemplates`.
fn claims(object: &str) -> Result<Vec<Cow<'_, str>>, JsonError> {
    let mut claims = Vec::new();
    let Some(templates) = Reader::of(object).raw_at(&["spec", "volumeClaimTemplates"])? else { return Ok(claims) };
    Reader::of(templates).array(|r, _| {
        let mut name = Cow::default();
        r.fields(
            &mut name,
            &const {
                [field("metadata", |name, r| {
                    r.fields(name, &const { [field("name", |name, r| r.string_or_empty().map(|text| *name = text))] })
                        .map(|_| ())
                })]
            },
        )?;
        if claims.len() < MAX_CLAIMS {
            claims.push(name);
        }
        Ok(())
    })?;
    Ok(claims)
}

/// The fields of a Job that decide about the labels of its Pods.
#[derive(Debug, Default)]
struct JobFields<'a> {
    /// `metadata.name`; `None` where it is generated.
    name: Option<Cow<'a, str>>,
    /// `spec.manualSelector`: the Job's author sets the labels.
    manual_selector: bool,
    /// Whether `spec.completionMode` is `Indexed`.
    indexed: bool,
}

impl<'a> JobFields<'a> {
    fn read(job: &'a str) -> Result<Self, JsonError> {
        let mut fields = JobFields::default();
        Reader::of(job).fields(
            &mut fields,
            &const {
                [
                    field("metadata", |job, r| {
                        r.fields(job, &const { [field("name", |job, r| r.string().map(|name| job.name = name))] })
                            .map(|_| ())
                    }),
                    field("spec", |job, r| {
                        r.fields(
                            job,
                            &const {
                                [
                                    field("manualSelector", |job, r| r.boolean().map(|yes| job.manual_selector = yes)),
                                    field("completionMode", |job, r| {
                                        r.string_or_empty().map(|mode| job.indexed = mode == "Indexed")
                                    }),
                                ]
                            },
                        )
                        .map(|_| ())
                    }),
                ]
            },
        )?;
        fields.name = fields.name.filter(|name| !name.is_empty());
        Ok(fields)
    }

    /// Reads the Job that a CronJob creates: its name has the time.
    fn read_template(cron_job: &'a str) -> Result<Self, JsonError> {
        let template = Reader::of(cron_job).raw_at(&["spec", "jobTemplate"])?.unwrap_or("{}");
        Ok(JobFields { name: None, ..JobFields::read(template)? })
    }

    /// The API server adds the labels of a Job to its template, where it has no others.
    fn labels(self) -> ControllerFields<'a> {
        let mut labels = Vec::new();
        if !self.manual_selector {
            let label = |key, value| ControllerLabel { key, value, yields: true };
            labels.extend(JOB_NAME.map(|key| label(key, self.name.clone())));
            labels.extend(JOB_UID.map(|key| label(key, None)));
        }
        if self.indexed {
            labels.push(ControllerLabel { key: JOB_INDEX, value: None, yields: false });
        }
        ControllerFields { labels, ..ControllerFields::default() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn labels(group: &str, kind: &str, object: &Value) -> Vec<String> {
        let object = object.to_string();
        let fields = controller_fields(group, kind, &object);
        let labels =
            fields.labels.iter().map(|label| format!("{}={}", label.key, label.value.as_deref().unwrap_or("?")));
        labels.collect()
    }

    #[test]
    fn each_controller_sets_its_own_labels() {
        let of = |group, kind| labels(group, kind, &json!({"metadata": {"name": "web"}})).join(" ");
        assert_eq!(of("apps", "Deployment"), "pod-template-hash=?");
        assert_eq!(of("apps", "DaemonSet"), "controller-revision-hash=? pod-template-generation=?");
        assert_eq!(
            of("apps", "StatefulSet"),
            "apps.kubernetes.io/pod-index=? statefulset.kubernetes.io/pod-name=? controller-revision-hash=?"
        );
        assert_eq!(
            of("batch", "Job"),
            "batch.kubernetes.io/job-name=web job-name=web batch.kubernetes.io/controller-uid=? controller-uid=?"
        );
        assert_eq!(
            of("batch", "CronJob"),
            "batch.kubernetes.io/job-name=? job-name=? batch.kubernetes.io/controller-uid=? controller-uid=?"
        );
        assert_eq!(of("argoproj.io", "Rollout"), "rollouts-pod-template-hash=?");
        assert_eq!(
            of("apps.kruise.io", "CloneSet"),
            "apps.kruise.io/cloneset-instance-id=? controller-revision-hash=?"
        );
        assert_eq!(of("apps.openshift.io", "DeploymentConfig"), "deployment=? deploymentconfig=web");
        assert_eq!(
            of("serving.knative.dev", "Service"),
            "serving.knative.dev/revision=? serving.knative.dev/revisionUID=? pod-template-hash=? serving.knative.dev/service=web serving.knative.dev/configuration=web"
        );
        for (group, kind) in [("apps", "ReplicaSet"), ("", "Pod"), ("example.com", "Deployment"), ("", "Job")] {
            assert_eq!(of(group, kind), "", "{group}/{kind}");
        }
    }

    #[test]
    fn the_labels_of_a_job_depend_on_its_selector_mode_and_name() {
        let spec = json!({"completionMode": "Indexed", "manualSelector": true});
        assert_eq!(
            labels("batch", "Job", &json!({"metadata": {"name": "a"}, "spec": spec})),
            ["batch.kubernetes.io/job-completion-index=?"]
        );
        let indexed = json!({"spec": {"jobTemplate": {"spec": {"completionMode": "Indexed"}}}});
        assert_eq!(labels("batch", "CronJob", &indexed).len(), 5);
        let generated = json!({"metadata": {"generateName": "a-"}, "spec": {"completionMode": "NonIndexed"}});
        assert_eq!(labels("batch", "Job", &generated)[0], "batch.kubernetes.io/job-name=?");
        assert_eq!(labels("batch", "Job", &json!({"metadata": {"name": 1}})), [""; 0]);
    }

    #[test]
    fn labels_of_a_template_select_where_a_workload_may_have_no_selector_of_its_own() {
        let of = |group, kind, spec: Value| {
            let object = json!({"spec": spec}).to_string();
            let fields = controller_fields(group, kind, &object);
            (fields.by_controller, fields.labels_select)
        };
        let (none, own) = (json!({}), json!({"selector": {"app": "web"}}));
        assert_eq!(of("", "ReplicationController", none.clone()), (true, true));
        assert_eq!(of("", "ReplicationController", json!({"selector": null})), (true, true));
        assert_eq!(of("", "ReplicationController", own.clone()), (true, false));
        assert_eq!(of("apps.openshift.io", "DeploymentConfig", none.clone()), (true, true));
        assert_eq!(of("apps.openshift.io", "DeploymentConfig", own), (true, false));
        assert_eq!(of("apps", "Deployment", none.clone()), (true, false));
        assert_eq!(of("batch", "Job", none.clone()), (true, false));
        assert_eq!(of("", "Pod", none), (false, false));
    }

    #[test]
    fn claims_are_those_of_stateful_sets() {
        let claims = json!([{"metadata": {"name": "data"}}, {"metadata": {"name": "logs"}}, {}]);
        let object = json!({"spec": {"volumeClaimTemplates": claims}}).to_string();
        let of = |group, kind| controller_fields(group, kind, &object).claims;
        assert_eq!(of("apps", "StatefulSet"), ["data", "logs", ""]);
        assert_eq!(of("apps.kruise.io", "CloneSet"), ["data", "logs", ""]);
        assert!(of("apps", "Deployment").is_empty() && of("example.com", "StatefulSet").is_empty());
        assert!(
            controller_fields("apps", "StatefulSet", "{\"spec\":{\"volumeClaimTemplates\":null}}").claims.is_empty()
        );
    }
}
