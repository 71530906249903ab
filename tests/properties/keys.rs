//! The annotation of skipped companions and the labels of injected ones, which podgraft writes.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;

use crate::laws::{laws, patched};
use crate::support::generate::{NAMESPACE, scene};

/// The reasons that a line calls a conflict: which one is found first depends on what is in the Pod by then.
const CONFLICTS: [&str; 14] = [
    "ContainerNameConflict",
    "PortConflict",
    "HostPortConflict",
    "VolumeNameConflict",
    "MountPathConflict",
    "VolumeNotShareable",
    "EnvNameConflict",
    "PrivateVolumeConflict",
    "TokenPathConflict",
    "PodFieldConflict",
    "PodResourcesExceeded",
    "TooManyExclusions",
    "AnnotationsTooLarge",
    "PatchTooLarge",
];

proptest! {
    #![proptest_config(laws())]

    #[test]
    fn p12_every_injected_companion_has_its_label_and_every_skipped_one_a_line(scene in scene()) {
        let (snapshot, reply, pod) = patched(&scene);
        if !reply.allowed {
            return Ok(());
        }
        let none = json!({});
        let (annotations, labels) = (pod["metadata"].get("annotations").unwrap_or(&none), pod["metadata"].get("labels").unwrap_or(&none));
        let skipped = annotations["podgraft.dev/skipped"].as_str().unwrap_or_default();
        let lines: BTreeSet<String> = skipped.lines().map(|line| line.split(": ").take(2).collect::<Vec<_>>().join(": ")).collect();
        let mut expected = BTreeSet::new();
        for (companion, reason) in reply.audit.as_object().into_iter().flatten().filter(|(key, _)| !key.ends_with("remarks")) {
            let reason = reason.as_str().unwrap();
            if reason == "Injected" {
                let hash = &snapshot.companions.resolve(NAMESPACE, companion).unwrap().valid().unwrap().hash[..8];
                prop_assert_eq!(&labels[format!("companions.podgraft.dev/{companion}")], hash);
            } else if reason != "AlreadyInjected" {
                let reason = if CONFLICTS.contains(&reason) { "Conflict" } else { reason };
                expected.insert(format!("{companion}: {reason}"));
            }
        }
        prop_assert_eq!(lines, expected);
    }
}
