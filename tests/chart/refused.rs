//! Invalid values are rejected, and the message has the value and the reason.

use super::template;

/// The values of `--set`, and a part of the message.
const WRONG: &[(&[&str], &str)] = &[
    (&["replicas=3"], "additional properties 'replicas' not allowed"),
    (&["webhooks.requested.policy=Fail"], "additional properties 'policy' not allowed"),
    (&["image.name=x"], "additional properties 'name' not allowed"),
    (&["replicaCount=0"], "/replicaCount': minimum: got 0, want 1"),
    (&["replicaCount=two"], "/replicaCount': got string, want integer"),
    (&["image.repository="], "image.repository: required value: there is no published image"),
    (&["image.pullPolicy=Sometimes"], "'Always', 'IfNotPresent', 'Never'"),
    (&["image.digest=latest"], "/image/digest': 'latest' does not match pattern"),
    (&["certificate.mode=helm"], "'selfManaged', 'certManager', 'secret'"),
    (&["certificate.lifetime=30d"], "/certificate/lifetime': '30d' does not match pattern"),
    (&["certificate.secret.caBundle=LS0t"], "/certificate/secret/caBundle': 'LS0t' does not match pattern"),
    (&["webhooks.clusterWide.failurePolicy=Warn"], "'Fail', 'Ignore'"),
    (&["webhooks.preview.failurePolicy=Fail"], "additional properties 'failurePolicy' not allowed"),
    (&["webhooks.preview.workloads={rollouts}"], "/webhooks/preview/workloads/0': got string, want object"),
    (&["webhooks.preview.workloads[0].apiGroups={argoproj.io}"], "missing properties 'apiVersions', 'resources'"),
    (&["webhooks.timeoutSeconds=31"], "/webhooks/timeoutSeconds': maximum: got 31, want 30"),
    (&["log.format=xml"], "'json', 'text'"),
    (&["log.level=chatty"], "/log/level'"),
    (&["fullnameOverride=Podgraft"], "/fullnameOverride': 'Podgraft' does not match pattern"),
    (&["companionFiles.hello=x"], "/companionFiles': additional properties 'hello' not allowed"),
    (&["excludedNamespaces=kube-system"], "/excludedNamespaces': got string, want array"),
    (&["podDisruptionBudget.maxUnavailable=0"], "/podDisruptionBudget/maxUnavailable'"),
    (&["certificate.lifetime=5s"], "certificate.lifetime: invalid value: must be at least 10s"),
    (
        &["certificate.caLifetime=3m"],
        "certificate.caPause: invalid value: must be shorter than a third of certificate.caLifetime",
    ),
    (&["certificate.mode=secret"], "certificate.secret.name: required value"),
    (&["certificate.mode=secret", "certificate.secret.name=x"], "certificate.secret.caBundle: required value"),
    (&["clientCA.secretName=x"], "clientCA.names: required value with clientCA.secretName"),
    (&["clientCA.names={x}"], "clientCA.secretName: required value with clientCA.names"),
    (
        &["webhooks.timeoutSeconds=1", "webhooks.preview.existingWorkloads=true"],
        "webhooks.timeoutSeconds: invalid value: must be at least 2",
    ),
    (
        &["webhooks.timeoutSeconds=1", "webhooks.preview.namespaceLimits=true"],
        "webhooks.timeoutSeconds: invalid value: must be at least 2",
    ),
    (&["companionLimits.totalBytes=64Mi"], "/companionLimits/totalBytes': got string, want integer"),
    (
        &["requiredCompanions.enabled=true"],
        "webhooks.clusterWide.enabled: invalid value: must be true with requiredCompanions.enabled",
    ),
    (
        &["requiredCompanions.enabled=true", "webhooks.clusterWide.enabled=true", "webhooks.optedIn.enabled=false"],
        "webhooks.optedIn.enabled: invalid value: must be true with requiredCompanions.enabled",
    ),
    (
        &[
            "requiredCompanions.enabled=true",
            "webhooks.clusterWide.enabled=true",
            "webhooks.namespaceMatchExpressions[0].key=a",
            "webhooks.namespaceMatchExpressions[0].operator=Exists",
        ],
        "webhooks.namespaceMatchExpressions: forbidden with requiredCompanions.enabled",
    ),
    (&["webhooks.namespaceMatchExpressions[0].key=a"], "missing property 'operator'"),
    (&["imagePullSecrets=7"], "/imagePullSecrets': got number, want string"),
    (&["imagePullSecrets[0].secret=a"], "/imagePullSecrets/0': missing property 'name'"),
    (&["global.imagePullSecrets[0].secret=a"], "/global/imagePullSecrets/0': missing property 'name'"),
    (&["ports.webhook=0"], "/ports/webhook': minimum: got 0, want 1"),
    (&["ports.webhook=8080"], "ports.admin: duplicate value 8080"),
    (&["hostNetwork=true"], "ports.webhook: invalid value 10250 with hostNetwork: the kubelet has this port"),
    (
        &["hostNetwork=true", "ports.webhook=1", "ports.admin=10250"],
        "ports.admin: invalid value 10250 with hostNetwork",
    ),
    (&["extraArgs={--listen=:1}"], "extraArgs: forbidden: --listen; set ports.webhook"),
    (&["extraArgs={--workers=2,--admin-listen}"], "extraArgs: forbidden: --admin-listen; set ports.admin"),
    (&["dnsPolicy=Host"], "'ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'"),
    (&["service.type=ExternalName"], "'ClusterIP', 'NodePort', 'LoadBalancer'"),
    (&["service.ipFamilies={IPv5}"], "'IPv4', 'IPv6'"),
    (&["service.ipFamilyPolicy=Dual"], "'SingleStack', 'PreferDualStack', 'RequireDualStack'"),
    (&["namespaceOverride=a.b"], "/namespaceOverride': 'a.b' does not match pattern"),
    (&["openshift=true"], "'auto', 'enabled', 'disabled'"),
    (&["hostUsers=no"], "/hostUsers': got string, want null or boolean"),
    (&["revisionHistoryLimit=-1"], "/revisionHistoryLimit': minimum: got -1, want 0"),
    (&["podMonitor.companions[0].name=a"], "missing property 'port'"),
    (&["podMonitor.enabled=true", "serviceMonitor.enabled=true"], "podMonitor.enabled: forbidden with serviceMonitor"),
];

#[test]
fn invalid_values_are_rejected_with_a_reason() {
    for (values, message) in WRONG {
        let set: Vec<String> = values.iter().map(|value| format!("--set={value}")).collect();
        let why = match template(&set.iter().map(String::as_str).collect::<Vec<_>>()) {
            Ok(_) => panic!("{values:?} is not rejected"),
            Err(why) => why,
        };
        assert!(why.contains(message), "{values:?} should be rejected with {message:?}, not with\n{why}");
    }
}

#[test]
fn values_of_the_umbrella_chart_are_accepted() {
    template(&["--set=global.of=others,global.imageRegistry=registry.example"]).unwrap();
}
