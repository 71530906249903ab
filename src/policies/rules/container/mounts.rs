//! What is required of a container's mounts: those of shared volumes, its own, and at the token's path the token or its mask.

use crate::inject::companion::SharedVolume;
use crate::inject::keys::TOKEN_PATH;
use crate::policies::cel::conform;
use crate::policies::cel::conform::Condition;
use crate::policies::cel::literal;
use crate::policies::rules::required::{Required, RequiredContainer};

/// The mounts are exactly the declared ones.
pub(super) fn conditions(required: Required<'_>, container: RequiredContainer<'_>, at: &str) -> Vec<Condition> {
    let mounts = format!("dyn({}.orValue([]))", conform::optional(at, "volumeMounts"));
    let (shared, own) = (&required.companion.shared_volumes, &container.declared.mounts);
    let mut conditions: Vec<_> =
        shared.iter().map(|shared| format!("{mounts}.exists_one(m, {})", self::shared(shared))).collect();
    for mount in own {
        conditions.push(format!(
            "{mounts}.exists_one(m, {})",
            conform::all(&conform::item("m", "volumeMounts", &mount.fields, &[]))
        ));
    }
    let count = shared.len() + own.len();
    let mut paths = own.iter().map(|mount| &*mount.path).chain(shared.iter().map(|shared| &*shared.companion.path));
    if paths.any(|path| path == TOKEN_PATH) {
        conditions.push(format!("{mounts}.size() == {count}"));
        return conditions;
    }
    let token = literal::text(TOKEN_PATH);
    // In a Pod without a token there is no mask, and nothing is mounted at the token's path.
    let mask = &container.declared.token_mask;
    let accepted =
        if mask.is_empty() { token_mount() } else { conform::all(&conform::item("m", "volumeMounts", mask, &[])) };
    conditions.push(format!("{mounts}.filter(m, m.mountPath != {token}).size() == {count}"));
    conditions.push(format!("{mounts}.all(m, m.mountPath != {token} || ({accepted}))"));
    conditions
}

/// A mount `m` is that of a shared volume. A shared volume without a declared source may join a volume of the app.
fn shared(shared: &SharedVolume) -> Condition {
    let (path, name) = (literal::text(&shared.companion.path), literal::text(&shared.volume.name));
    let is_own = format!("(m.name == {name} && m.all(k, k in ['name', 'mountPath', 'readOnly']))");
    let joins = "(m.all(k, k in ['name', 'mountPath', 'readOnly', 'subPath']) && variables.volumes.exists(v, v.name == m.name && (has(v.emptyDir) || has(v.persistentVolumeClaim) || has(v.ephemeral))))";
    let volume = if shared.joins { format!("({is_own} || {joins})") } else { is_own };
    format!("m.mountPath == {path} && m.?readOnly.orValue(false) == {} && {volume}", shared.companion.read_only)
}

/// A mount `m` is the one that the ServiceAccount admission plugin adds, of the volume that the plugin adds.
fn token_mount() -> Condition {
    let volume = conform::all(&token_volume());
    format!(
        "m.all(k, k in ['name', 'mountPath', 'readOnly']) && m.?readOnly.orValue(false) && variables.volumes.exists(v, v.name == m.name && {volume})"
    )
}

/// A volume `v` has exactly the sources that the plugin adds, in its order: the token with the default audience, the CA of
/// the API server, and the namespace; on OpenShift also the CA of Services. The lifetime of the token is not compared,
/// because kubelets renew it.
fn token_volume() -> Vec<Condition> {
    let only = |at: &str, keys: &str| format!("{at}.all(k, k in [{keys}])");
    let source = |index: usize, kind: &str| format!("v.projected.sources[{index}].{kind}");
    let (token, ca, namespace, services) =
        (source(0, "serviceAccountToken"), source(1, "configMap"), source(2, "downwardAPI"), source(3, "configMap"));
    let config_map = |at: &str, name: &str, key: &str| {
        format!(
            "{at}.all(k, k in ['name', 'items']) && {at}.name == '{name}' && {at}.items == [{{'key': '{key}', 'path': '{key}'}}]"
        )
    };
    vec![
        only("v", "'name', 'projected'"),
        "has(v.projected)".to_owned(),
        only("v.projected", "'defaultMode', 'sources'"),
        "v.projected.?defaultMode.orValue(420) == 420".to_owned(),
        "v.projected.sources.size() in [3, 4] && v.projected.sources.all(s, s.size() == 1)".to_owned(),
        format!("has({token}) && {} && {token}.path == 'token'", only(&token, "'path', 'expirationSeconds'")),
        format!("has({ca}) && {}", config_map(&ca, "kube-root-ca.crt", "ca.crt")),
        format!("has({namespace}) && {} && {namespace}.items.size() == 1", only(&namespace, "'items'")),
        format!(
            "{namespace}.items[0] == {{'path': dyn('namespace'), 'fieldRef': dyn({{'apiVersion': 'v1', 'fieldPath': 'metadata.namespace'}})}}"
        ),
        format!(
            "(v.projected.sources.size() == 3 || has({services}) && {})",
            config_map(&services, "openshift-service-ca.crt", "service-ca.crt")
        ),
    ]
}
