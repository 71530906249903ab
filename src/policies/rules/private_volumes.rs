//! The volumes that belong to a companion alone.

use super::required::Required;
use crate::inject::companion::declared::DeclaredVolume;
use crate::policies::cel::conform::Condition;
use crate::policies::cel::literal;

/// A list of the names of all volumes of the Pod `variables.pod` that belong to some versions alone: those with the
/// declared names, and those with the same claim under whatever name. Other sources, such as a Secret or a host path,
/// belong to the namespace or to the node, and any Pod can mount them.
pub(in crate::policies) fn names(versions: &[Required<'_>]) -> String {
    let declared = || versions.iter().map(|version| version.declared);
    let name = |volume: &DeclaredVolume| literal::text(&volume.name);
    let claim = |volume: &DeclaredVolume| volume.claim.as_deref().map(literal::text);
    let mut names: Vec<_> = declared().flat_map(|d| d.volumes.iter().chain(&d.token_masks)).map(name).collect();
    let shared: Vec<_> = declared().flat_map(|d| &d.shared_volumes).filter_map(claim).collect();
    let mut claims: Vec<_> = declared().flat_map(|d| &d.volumes).filter_map(claim).collect();
    claims.retain(|claim| !shared.contains(claim));
    for list in [&mut names, &mut claims] {
        list.sort_unstable();
        list.dedup();
    }
    let names = format!("[{}]", names.join(", "));
    if claims.is_empty() {
        return names;
    }
    format!(
        "{names} + variables.volumes.filter(v, v.?persistentVolumeClaim.?claimName.orValue('') in [{}]).map(v, v.name)",
        claims.join(", ")
    )
}

/// The container `c` mounts a volume whose name is in the list `names`, has it as a block device, or reads variables from
/// its files.
pub(in crate::policies) fn used_by(c: &str, names: &str) -> Condition {
    let in_list = |list: &str, name: &str| format!("{c}.?{list}.orValue([]).exists(m, {name} in {names})");
    let variables = in_list("env", "m.?valueFrom.?fileKeyRef.?volumeName.orValue('')");
    format!("({} || {} || {variables})", in_list("volumeMounts", "m.name"), in_list("volumeDevices", "m.name"))
}
