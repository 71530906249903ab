//! Ways to break an installation, each with the finding that it must give.

use serde_json::Value;

/// One way to break an installation.
pub struct Break {
    pub name: &'static str,
    /// The arguments of the kubectl command that breaks it, with no-break spaces within an argument.
    pub command: String,
    pub severity: &'static str,
    pub reason: &'static str,
    /// The kind and name of the object of the finding.
    pub object: &'static str,
    /// How the field of the finding begins.
    pub field: &'static str,
    /// The arguments of the kubectl command that fixes it; `None`: the command of the finding.
    pub fix: Option<&'static str>,
    /// Whether podgraft is stopped, so that there are other errors.
    pub while_stopped: bool,
}

impl Break {
    /// Whether a finding is the one that is expected.
    pub fn is(&self, finding: &Value) -> bool {
        let text = |field: &str| finding[field].as_str().unwrap_or_default();
        text("reason") == self.reason
            && format!("{}/{}", text("kind"), text("name")) == self.object
            && text("field").starts_with(self.field)
    }

    pub fn is_deletion_of_the_requested_webhook(&self) -> bool {
        self.reason == "WebhookMissing" && self.object == REQUESTED
    }

    fn new(name: &'static str, command: &str, found: [&'static str; 4]) -> Self {
        let [severity, reason, object, field] = found;
        let command = command.to_owned();
        Break { name, command, severity, reason, object, field, fix: None, while_stopped: false }
    }

    fn fixed_by(self, fix: &'static str) -> Self {
        Break { fix: Some(fix), ..self }
    }
}

const REQUESTED: &str = "mutatingwebhookconfiguration/podgraft-requested";
const OPTED_IN: &str = "mutatingwebhookconfiguration/podgraft-opted-in";
const CLUSTER_WIDE: &str = "mutatingwebhookconfiguration/podgraft-cluster-wide";
const PREVIEW: &str = "validatingwebhookconfiguration/podgraft-preview";
const NAMESPACE: &str = "namespace/checked";

/// The certificate of a CA that issues nothing here, as the JSON of a `caBundle`.
const OTHER_CA: &str = r#""LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJkekNDQVIyZ0F3SUJBZ0lVZFl1bStRZWpaNFNjSlAvN3hva0ZYdEhGVjdzd0NnWUlLb1pJemowRUF3SXcKRURFT01Bd0dBMVVFQXd3RmIzUm9aWEl3SUJjTk1qWXhNVEkzTVRZek1EQXhXaGdQTWpFeU5qRXhNRE14TmpNdwpNREZhTUJBeERqQU1CZ05WQkFNTUJXOTBhR1Z5TUZrd0V3WUhLb1pJemowQ0FRWUlLb1pJemowREFRY0RRZ0FFCnhDMS9sZ0lLajRNOXZlSVVMYmUrMTV1MlhlM0hNcUxyUXYxRWJsSlZkd1BocFFHZTlqcTJLakxaS3FqaWJOWG0KWWlHSlFkTmdhb3pUNk8xQ25SZ1VoNk5UTUZFd0hRWURWUjBPQkJZRUZBckY0UjJvUmZkdHAwZTZ4OEVDcW9nUAozSVQ5TUI4R0ExVWRJd1FZTUJhQUZBckY0UjJvUmZkdHAwZTZ4OEVDcW9nUDNJVDlNQThHQTFVZEV3RUIvd1FGCk1BTUJBZjh3Q2dZSUtvWkl6ajBFQXdJRFNBQXdSUUloQU96VUQvWS81cEVoeHFKZWlzWVhEU2pDMzFlQTN3aWYKcEdHRkhPYko3N3JjQWlCSDZyZzhNb3kvcmtndUgwemtvN2xFUXVzbXExM1o0YzhxUmZNQ3dhV1Z2UT09Ci0tLS0tRU5EIENFUlRJRklDQVRFLS0tLS0K""#;

/// A JSON patch of one value.
fn replace(object: &str, path: &str, value: &str) -> String {
    let patch = format!(r#"[{{"op":"replace","path":"{path}","value":{value}}}]"#);
    format!("patch {object} --type json --patch {}", patch.replace(' ', "\u{a0}"))
}

/// With podgraft running.
pub fn breaks() -> Vec<Break> {
    vec![
        Break::new(
            "the requested webhook is deleted",
            &format!("delete {REQUESTED}"),
            ["error", "WebhookMissing", REQUESTED, ""],
        ),
        Break::new(
            "the preview is deleted",
            &format!("delete {PREVIEW}"),
            ["warning", "WebhookMissing", PREVIEW, ""],
        ),
        Break::new(
            "a webhook receives other operations",
            &replace(REQUESTED, "/webhooks/0/rules/0/operations", r#"["UPDATE"]"#),
            ["error", "WebhookDiffers", REQUESTED, "webhooks[0].rules"],
        ),
        Break::new(
            "the preview denies while podgraft is down",
            &replace(PREVIEW, "/webhooks/0/failurePolicy", r#""Fail""#),
            ["error", "WebhookDiffers", PREVIEW, "webhooks[0].failurePolicy"],
        ),
        Break::new(
            "a webhook has another condition",
            &replace(CLUSTER_WIDE, "/webhooks/0/matchConditions/1/expression", r#""false""#),
            ["error", "WebhookDiffers", CLUSTER_WIDE, "webhooks[0].matchConditions"],
        ),
        Break::new(
            "a webhook calls another path",
            &replace(OPTED_IN, "/webhooks/0/clientConfig/service/path", r#""/inject/requested""#),
            ["error", "WebhookDiffers", OPTED_IN, "webhooks[0].clientConfig.service"],
        ),
        Break::new(
            "a webhook does not exclude podgraft's namespace",
            &replace(OPTED_IN, "/webhooks/0/namespaceSelector/matchExpressions/0/values", r#"["kube-system","kube-public","kube-node-lease"]"#),
            ["error", "WebhookDiffers", OPTED_IN, "webhooks[0].namespaceSelector"],
        ),
        Break::new(
            "a webhook is not called again after others",
            &replace(OPTED_IN, "/webhooks/0/reinvocationPolicy", r#""Never""#),
            ["error", "WebhookDiffers", OPTED_IN, "webhooks[0].reinvocationPolicy"],
        ),
        Break::new(
            "a webhook has another timeout",
            &replace(CLUSTER_WIDE, "/webhooks/0/timeoutSeconds", "30"),
            ["warning", "WebhookDiffers", CLUSTER_WIDE, "webhooks[0].timeoutSeconds"],
        ),
        Break::new(
            "the Service selects no Pods",
            &replace("service/podgraft --namespace podgraft-system", "/spec/selector", r#"{"app":"other"}"#),
            ["error", "ServiceUnavailable", "service/podgraft", "spec.selector"],
        )
        .fixed_by(r#"patch service/podgraft -n podgraft-system --type json --patch '[{"op":"replace","path":"/spec/selector","value":{"app.kubernetes.io/name":"podgraft","app.kubernetes.io/instance":"podgraft","app.kubernetes.io/component":"server"}}]'"#),
        Break::new(
            "the Service has another port",
            &replace("service/podgraft --namespace podgraft-system", "/spec/ports/0/port", "444"),
            ["error", "ServiceUnavailable", "service/podgraft", "spec.ports"],
        )
        .fixed_by(r#"patch service/podgraft -n podgraft-system --type json --patch '[{"op":"replace","path":"/spec/ports/0/port","value":443}]'"#),
        Break::new(
            "the binding of podgraft's role is deleted",
            "delete clusterrolebinding/podgraft",
            ["error", "PermissionMissing", "serviceaccount/podgraft", ""],
        ),
        Break::new(
            "a rollout is stuck",
            &format!(
                "patch deployment/podgraft --namespace podgraft-system --type json --patch {}",
                r#"[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"podgraft:next"},{"op":"add","path":"/spec/template/spec/containers/0/env/-","value":{"name":"PODGRAFT_POLL_INTERVAL","value":"nonsense"}}]"#
            ),
            ["error", "ReplicasDiffer", "deployment/podgraft", ""],
        )
        .fixed_by("rollout undo deployment/podgraft -n podgraft-system"),
        Break::new(
            "a companion is invalid",
            &replace("clustercompanion/checked", "/spec/containers/0/volumeMounts", r#"[{"name":"no","mountPath":"/no"}]"#)
                .replace("replace\"", "add\""),
            ["error", "CompanionNotReady", "clustercompanion/checked", "status.conditions"],
        )
        .fixed_by(r#"patch clustercompanion/checked --type json --patch '[{"op":"remove","path":"/spec/containers/0/volumeMounts"}]'"#),
        Break::new(
            "a policy of hints is deleted",
            "delete validatingadmissionpolicy/podgraft-hints",
            ["warning", "PolicyMissing", "validatingadmissionpolicy/podgraft-hints", ""],
        ),
        Break::new(
            "a namespace's label has an unsupported value",
            "label namespace checked podgraft.dev/inject=true --overwrite",
            ["warning", "NamespaceLabelInvalid", NAMESPACE, "metadata.labels"],
        ),
        Break::new(
            "a namespace with a list is not opted in",
            "label namespace checked podgraft.dev/inject-",
            ["warning", "NamespaceIgnored", NAMESPACE, "metadata.annotations"],
        ),
        Break::new(
            "a namespace's list names no companion",
            "annotate namespace checked podgraft.dev/companions=chekced --overwrite",
            ["warning", "NamespaceListInvalid", NAMESPACE, "metadata.annotations"],
        )
        .fixed_by("annotate namespace checked podgraft.dev/companions=checked --overwrite"),
    ]
}

/// While podgraft is stopped, because it would fix these at once.
pub fn breaks_while_stopped() -> Vec<Break> {
    const POLICY: &str = "validatingadmissionpolicy/podgraft-required-checked-audit-update";
    const BINDING: &str = "validatingadmissionpolicybinding/podgraft-required-checked-audit";
    let nothing = "get namespaces";
    let mut breaks = vec![
        Break::new(
            "a caBundle is another CA's",
            &replace(REQUESTED, "/webhooks/0/clientConfig/caBundle", OTHER_CA),
            ["error", "CertificateNotTrusted", REQUESTED, "webhooks[0].clientConfig.caBundle"],
        ),
        Break::new(
            "a companion changes",
            &replace("clustercompanion/checked", "/spec/containers/0/image", r#""registry.example/checked:2""#),
            ["error", "CompanionNotObserved", "clustercompanion/checked", "status.observedGeneration"],
        ),
        Break::new(
            "a policy of a required companion is deleted",
            &format!("delete {POLICY}"),
            ["error", "PolicyMissing", POLICY, ""],
        ),
        Break::new(
            "a binding only audits",
            &replace(BINDING, "/spec/validationActions", r#"["Audit"]"#),
            ["error", "PolicyOutOfSync", BINDING, "spec.validationActions"],
        ),
        Break::new(
            "a required companion is deleted",
            "delete clustercompanion/checked-audit",
            ["error", "PolicyOrphaned", BINDING, ""],
        ),
        Break::new(
            "the Secret is deleted",
            "delete secret/podgraft-certificate --namespace podgraft-system",
            ["error", "CertificateInvalid", "secret/podgraft-certificate", "data[tls.crt]"],
        ),
    ];
    for broken in &mut breaks {
        // podgraft fixes all of them when it runs again.
        broken.fix = Some(nothing);
        broken.while_stopped = true;
    }
    breaks
}
