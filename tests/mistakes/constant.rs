//! What a terminal shows, without what differs from run to run.

use std::sync::LazyLock;

use regex_lite::Regex;

/// The random characters of generated names (k8s.io/apimachinery, `pkg/util/rand`).
const RANDOM: &str = "[bcdfghjklmnpqrstvwxz2456789]";

static RULES: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    let random = format!("-{RANDOM}{{8,10}}(-{RANDOM}{{5}})?\\b|-{RANDOM}{{5}}\\b");
    let rules = [
        (&*random, "-RANDOM"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME"),
        (r" \(x\d+ over [^)]*\)", ""),
        (r"10\.(78\.1|0\.0)\.\d+(:\d+)?", "ADDRESS"),
        (r"for \d+ s\b", "for N s"),
        // A simulated node has the files of Pods in a folder of its own.
        (r"/\S+/pods/[^/ ]+/", "/"),
        // Columns are as wide as their longest cell.
        (r"   +", "  "),
        (r"(?m)^\d+[smh]\w* ", "AGE "),
        (r"(?m)  \d+[smh][0-9smh]*( ago)?(  |$)", "  AGE$2"),
        // When a companion was last injected depends on the other cases.
        (r"(?m)  AGE  (True|False)  ", "  $1  "),
        (r"(?m) +$", ""),
    ];
    rules.map(|(pattern, constant)| (Regex::new(pattern).expect("a pattern"), constant)).into()
});

pub fn constant(text: &str) -> String {
    let mut text = text.to_owned();
    for (pattern, constant) in &*RULES {
        text = pattern.replace_all(&text, *constant).into_owned();
    }
    in_order(&text)
}

/// The causes of an invalid object, which API servers list in any order, are sorted.
fn in_order(text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    let is_cause = |line: &&str| line.starts_with("* ");
    for causes in lines.chunk_by_mut(|line, next| is_cause(line) && is_cause(next)) {
        causes.sort_unstable();
    }
    lines.join("\n")
}
