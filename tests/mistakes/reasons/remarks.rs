//! The rows of remarks.

use podgraft::internals::inject::verdict::reason::Remark;
use serde_json::json;

use super::door::Door;
use super::present;
use super::row::{Place, ReasonRow};
use super::templates::{parameter, shared};

pub fn row(remark: &Remark) -> ReasonRow {
    match remark {
        Remark::UnknownKey { .. } => {
            ReasonRow::new("unknown annotation podgraft.dev/companion").annotations(json!({"podgraft.dev/companion": "x"}))
        }
        Remark::InvalidLabel { .. } => ReasonRow::new("label podgraft.dev/inject: unsupported value")
            .labels(json!({"podgraft.dev/inject": "maybe"})),
        Remark::EmptyName { .. } => ReasonRow::new("podgraft.dev/companions: empty name")
            .annotations(json!({"podgraft.dev/companions": "NAME,"})),
        Remark::DuplicateName { .. } => ReasonRow::new("duplicate value \"NAME\"")
            .annotations(json!({"podgraft.dev/companions": "NAME,NAME"})),
        Remark::TooManyNames { .. } => {
            let names: Vec<String> = (0..17).map(|i| format!("n{i}")).collect();
            ReasonRow::new("must have at most 16 names").annotations(json!({"podgraft.dev/companions": names.join(",")}))
        }
        Remark::UnknownContainer { .. } => ReasonRow::new("not found in the Pod's containers: \"wbe\"")
            .annotations(json!({"podgraft.dev/containers": "wbe"})),
        Remark::ParameterUnused { .. } => ReasonRow::remark("podgraft.dev/NAME.repo has no effect")
            .spec(parameter("repo", json!({})))
            .annotations(json!({"podgraft.dev/companions": null, "podgraft.dev/NAME.repo": "x"})),
        Remark::TokenMissing { .. } => ReasonRow::remark("this companion uses the Pod's token")
            .pod(json!({"automountServiceAccountToken": false})),
        Remark::AppCanWrite { .. } => ReasonRow::remark("container web can write at /srv")
            .spec(json!({"sharedVolumes": [{
                "name": "content", "companion": {"mountPath": "/content"}, "app": {"mountPath": "/srv", "readOnly": true},
            }]}))
            .container(json!({"volumeMounts": [{"name": "own", "mountPath": "/srv"}]}))
            .pod(json!({"volumes": [{"name": "own", "emptyDir": {}}]})),
        Remark::PreStopKept { .. } => ReasonRow::remark("container web has a preStop hook of its own")
            .spec(json!({"app": {"preStopSleep": "2s"}}))
            .container(json!({"lifecycle": {"preStop": {"sleep": {"seconds": 1}}}})),
        Remark::PreStopTooLong { .. } => ReasonRow::remark("container web gets no preStop sleep of 40 s")
            .spec(json!({"app": {"preStopSleep": "40s"}})),
        Remark::PreStopUsesGracePeriod { .. } => ReasonRow::remark("after the preStop sleep of 29 s, container web has 1 s")
            .spec(json!({"app": {"preStopSleep": "29s"}})),
        Remark::EnvFromOverridden { .. } => ReasonRow::remark("container web has envFrom")
            .spec(json!({"app": {"env": [{"name": "MODE", "value": "companion"}]}}))
            .container(json!({"envFrom": [{"configMapRef": {"name": "own"}}]})),
        Remark::StartsBeforeCompanion { .. } => ReasonRow::remark("init container build gets mounts or variables")
            .spec(shared("/srv"))
            .pod(json!({"initContainers": [{"name": "build", "image": "registry.example/build:1"}]}))
            .annotations(json!({"podgraft.dev/containers": "web,build"})),
        Remark::ContainerExcluded { .. } => ReasonRow::remark("container proxy gets nothing from this companion")
            .spec(json!({"excludeContainers": ["proxy"], "app": {"env": [{"name": "MODE", "value": "companion"}]}}))
            .pod(json!({"containers": [{"name": "web", "image": "registry.example/web:1"}, {"name": "proxy", "image": "registry.example/proxy:1"}]}))
            .annotations(json!({"podgraft.dev/containers": "web,proxy"})),
        Remark::AnnotationKept { .. } => ReasonRow::remark("safe-to-evict-local-volumes is already set")
            .spec(shared("/srv"))
            .spec(json!({"podAnnotations": {"cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes": "NAME-content"}}))
            .annotations(json!({"cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes": "own"})),
        Remark::ScrapeAnnotationsKept { .. } => ReasonRow::remark("annotation prometheus.io/port is already set")
            .spec(json!({"exposes": {"name": "metrics-own", "port": 9113, "path": "/metrics"}}))
            .annotations(json!({"prometheus.io/port": "80"})),
        Remark::Outdated
        | Remark::PartsMissing { .. }
        | Remark::InjectedAgain { .. }
        | Remark::RestartPolicyRestored { .. }
        | Remark::ParameterDiffers { .. }
        | Remark::NoLongerRequested { .. } => present::row(remark),
        Remark::PullSecretsReplaced => ReasonRow::new("the template gets an imagePullSecrets list")
            .spec(json!({"imagePullSecrets": [{"name": "registry"}]}))
            .only(&[], "the webhook reviews Pods, which have the pull secrets of their ServiceAccount; only podgraft inject changes templates"),
        Remark::NodeAffinityReplaced => ReasonRow::new("the controller replaces the required node affinity")
            .kind("DaemonSet")
            .pod(json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
                {"matchExpressions": [{"key": "kubernetes.io/os", "operator": "In", "values": ["windows"]}]},
            ]}}}}))
            .only(&[Door::Warning, Door::Explain], "the Pods that API servers send have the affinity of the controller"),
        Remark::NoContainers => ReasonRow::new("the Pod has no containers")
            .kind("Pod")
            .pod(json!({"containers": []}))
            .without(&[Door::Event, Door::Explain], "after the webhooks, the API server rejects such a Pod"),
        Remark::OptedOut { .. } => ReasonRow::new("label podgraft.dev/inject is \"disabled\"")
            .labels(json!({"podgraft.dev/inject": "disabled"}))
            .only(&[Door::Warning, Door::Explain], "API servers do not send such Pods, unless required companions are enabled"),
        Remark::ExcludedNamespace { .. } => ReasonRow::new("Pods of this namespace are excluded from injection")
            .at(Place::Namespace("kube-public"))
            .only(&[Door::Explain], "no webhook selects such a namespace; a policy of hints warns instead"),
        Remark::MirrorPod => ReasonRow::nowhere("a match condition of the webhooks leaves out mirror Pods"),
        Remark::NotAPod => ReasonRow::nowhere("the webhooks receive only Pods that are created"),
        Remark::NamespaceUnknown => {
            ReasonRow::nowhere("only a replica that receives no updates does not know a Namespace, and it answers with HTTP 503")
        }
        Remark::NamespaceMismatch => {
            ReasonRow::nowhere("only for the moment after the labels of a Namespace have changed, and HTTP 503 is the answer")
        }
    }
}
