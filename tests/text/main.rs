//! Edits keep the author's text: over generated manifests in every style, over the manifests of Kubernetes, and over the
//! inputs in `tests/text/`.

#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod author;
mod edit;
mod kubernetes;
mod patch;
mod table;

use proptest::prelude::*;
use similar::{Algorithm, ChangeTag, TextDiff};

/// Companions that add containers, volumes, mounts, variables, annotations and a preStop hook, requested or by themselves.
const COMPANIONS: &str = "\
apiVersion: podgraft.dev/v1alpha1
kind: ClusterCompanion
metadata: {name: tail}
spec:
  pattern: Sidecar
  containers:
  - name: tail
    image: registry.example/tail:1
    args: [\"-c\", \"echo a\\n  echo b\\n\", \"x\\n\\n\", \"it's: #1\"]
  sharedVolumes:
  - {name: app-files, companion: {mountPath: /logs}, app: {mountPath: /var/log/app}}
  files:
  - {path: /etc/tail.conf, content: \"a: 1\\nb: 2\\n\"}
  app:
    env: [{name: TAIL, value: \"yes\"}]
    preStopSleep: 2s
---
apiVersion: podgraft.dev/v1alpha1
kind: ClusterCompanion
metadata: {name: early}
spec:
  pattern: Sidecar
  position: First
  activation: ClusterWide
  containers:
  - name: early
    image: registry.example/early:1
";

/// The lines of a text that are missing in another one.
fn lost(old: &str, new: &str) -> Vec<String> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.split_inclusive('\n').collect(), new.split_inclusive('\n').collect());
    // Other algorithms are not minimal: where much is inserted, they pair lines with others of the same text.
    let mut rest = new.iter();
    if old.iter().all(|line| rest.any(|other| other == line)) {
        return Vec::new();
    }
    let diff = TextDiff::configure().algorithm(Algorithm::Lcs).diff_slices(&old, &new);
    let changes = diff.iter_all_changes().filter(|change| change.tag() == ChangeTag::Delete);
    changes.map(|change| change.value().to_string()).collect()
}

/// Whether something on a line may have to be opened.
fn may_be_opened(line: &str) -> bool {
    line.contains(['{', '}', '[', ']', '*', '~', ',']) || line.contains("null") || !line.ends_with('\n')
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1500) })]

    #[test]
    fn every_line_of_the_author_is_kept_in_order(choices in prop::collection::vec(any::<u8>(), 600)) {
        let snapshot = support::snapshot_of(COMPANIONS);
        let manifest = author::manifest(&choices);
        let text = &manifest.text;
        let injected = edit::inject(text, &snapshot);
        prop_assert!(injected.changed > 0, "nothing was injected:\n{text}");
        let lost = lost(text, &injected.text);
        for line in &lost {
            prop_assert!(may_be_opened(line) || manifest.is_json, "lost {line:?} of\n{text}\nnow\n{}", injected.text);
        }
        if manifest.is_plain {
            prop_assert!(lost.is_empty(), "lost {lost:?} of\n{text}\nnow\n{}", injected.text);
        }
        prop_assert_eq!(edit::other_reader(&injected.text, manifest.is_json), injected.values, "{}", injected.text);
        let again = edit::inject(&injected.text, &snapshot);
        prop_assert_eq!(again.changed, 0, "a second time changes\n{}", injected.text);
        let back = edit::uninject(&injected.text);
        if manifest.is_plain || manifest.is_full_json {
            prop_assert_eq!(&back.text, text, "uninject of\n{}", injected.text);
        }
        prop_assert_eq!(edit::bare(&back.values), edit::bare(&edit::values(text)), "{}", injected.text);
    }
}
