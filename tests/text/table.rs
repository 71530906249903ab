//! The table of lines that are lost, over inputs in the styles of many authors.

use std::path::Path;

use super::{COMPANIONS, edit, lost, support};

/// The inputs, and the most lines of each that may be opened.
const INPUTS: &[(&str, usize)] = &[
    // Its labels are an alias.
    ("hand-written.yaml", 1),
    ("helm.yaml", 0),
    ("kubectl-get.yaml", 0),
    ("kyaml.yaml", 0),
    ("placeholders.yaml", 0),
    ("block-scalars.yaml", 1),
    ("tags.yaml", 1),
    ("unusual.yaml", 2),
    ("no-final-line-end.yaml", 1),
    ("stream.json", 1),
    ("anchors.yaml", 1),
    ("list.yaml", 2),
    ("crlf.yaml", 2),
    ("byte-order-mark.yaml", 2),
    ("empty-fields.yaml", 3),
    ("escapes.json", 3),
    ("separators.yaml", 4),
];
/// The examples, and the lines of each that are opened: labels of a Pod template in a flow mapping, which get the label of a
/// companion.
const EXAMPLES: [(&str, usize); 4] = [("git-sync", 1), ("redis", 1), ("web-was", 1), ("metrics-adapter", 3)];

#[test]
fn only_lines_that_have_to_be_opened_are_rewritten() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // Variables are added before the app's own, and would open a list in brackets.
    let companions =
        COMPANIONS.replace("  activation: ClusterWide\n", "").replace("    env: [{name: TAIL, value: \"yes\"}]\n", "");
    let snapshot = support::snapshot_of(&companions);
    println!("{:<28} {:>5} {:>6} {:>9}", "INPUT", "LINES", "OPENED", "UNINJECT");
    for (name, most) in INPUTS {
        let text = std::fs::read_to_string(root.join("tests/text/inputs").join(name)).unwrap();
        let opened = row(name, &text, &edit::inject(&text, &snapshot));
        assert!(opened <= *most, "{name}: {opened} lines were opened");
    }
    for (example, labels) in EXAMPLES {
        let folder = root.join("examples").join(example);
        let companions = std::fs::read_to_string(folder.join("companions.yaml")).unwrap();
        let text = std::fs::read_to_string(folder.join("app.yaml")).unwrap();
        let opened = row(example, &text, &edit::inject(&text, &support::snapshot_of(&companions)));
        assert_eq!(opened, labels, "{example}");
    }
}

/// Prints a row, and returns how many lines were opened.
fn row(name: &str, text: &str, injected: &edit::Edited) -> usize {
    assert!(injected.changed > 0, "{name}: nothing was injected");
    let opened = lost(text, &injected.text).len();
    let back = edit::uninject(&injected.text);
    let same = if back.text == text { "same" } else { "equal" };
    assert!(opened > 0 || same == "same", "{name}: uninject does not give it back");
    assert_eq!(edit::bare(&back.values), edit::bare(&edit::values(text)), "{name}");
    println!("{name:<28} {:>5} {opened:>6} {same:>9}", text.lines().count());
    opened
}
