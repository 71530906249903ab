//! Match conditions of admission policies that a label selector can express.
//!
//! Conditions are compared with the few forms in which such conditions are written, by expressions of `regex-lite`; the crates
//! `cel` and `cel-parser` would parse the others as well, which cannot be translated.

use regex_lite::{Captures, Regex};

use crate::inject::container_list::ContainerList;

/// What a condition requires.
#[derive(Debug, PartialEq)]
pub(super) enum MatchCondition {
    /// Nothing that a companion does not do anyway, such as not being injected twice.
    AlwaysTrue,
    /// The Pod has labels, which the other conditions name.
    HasLabels,
    /// A requirement on a label of the Pod.
    Label { key: String, operator: &'static str, values: Vec<String> },
    /// The names of namespaces.
    Namespace { operator: &'static str, names: Vec<String> },
}

/// The conditions of an expression that a pattern matches.
type Found = for<'c> fn(&Captures<'c>) -> Vec<MatchCondition>;

/// The forms, in which `NS` is a name of the Pod's namespace, `LABEL` the presence of a label, and `NAMES` texts with commas
/// between them: a variable or a field among the names has a value that only the API server knows.
const PATTERNS: [(&str, Found); 10] = [
    (r"^has\(object\.(?:metadata|spec|spec\.containers)\)$|^request\.operation == 'CREATE'$", |_| {
        vec![MatchCondition::AlwaysTrue]
    }),
    (r"^has\(object\.metadata\.labels\)$", |_| vec![MatchCondition::HasLabels]),
    (r"^LABEL$", |found| vec![label(found, "Exists", false)]),
    (r"^!\(?LABEL\)?$", |found| vec![label(found, "DoesNotExist", false)]),
    (r"^object\.metadata\.labels(?:\['([^']+)'\]|\.(\w+)) == '([^']*)'$", |found| vec![label(found, "In", true)]),
    // An absent label is an error of the condition.
    (r"^object\.metadata\.labels(?:\['([^']+)'\]|\.(\w+)) != '([^']*)'$", |found| {
        vec![label(found, "Exists", false), label(found, "NotIn", true)]
    }),
    (r"^NS == ('[^'\\]+')$", |found| vec![namespaces("In", found)]),
    (r"^NS != ('[^'\\]+')$", |found| vec![namespaces("NotIn", found)]),
    (r"^\(?NS in \[(NAMES)\]\)?$", |found| vec![namespaces("In", found)]),
    (r"^!\(NS in \[(NAMES)\]\)$", |found| vec![namespaces("NotIn", found)]),
];

/// The parts that several patterns have.
const PARTS: [(&str, &str); 3] = [
    ("NAMES", r"'[^'\\]+'(?: ?, ?'[^'\\]+')*"),
    ("NS", r"(?:request\.namespace|object\.metadata\.namespace|namespaceObject\.metadata\.name)"),
    ("LABEL", r"(?:'([^']+)' in object\.metadata\.labels|has\(object\.metadata\.labels\.(\w+)\))"),
];

/// An expression with its parts.
fn compiled(pattern: &str) -> Option<Regex> {
    let whole = PARTS.iter().fold(pattern.to_owned(), |text, (name, part)| text.replace(name, part));
    Regex::new(&whole).ok()
}

fn namespaces(operator: &'static str, found: &Captures<'_>) -> MatchCondition {
    let names = found[1].split(',').map(|name| name.trim().trim_matches('\'').to_owned()).collect();
    MatchCondition::Namespace { operator, names }
}

fn label(found: &Captures<'_>, operator: &'static str, has_value: bool) -> MatchCondition {
    let key = found.get(1).or(found.get(2)).map_or("", |key| key.as_str()).to_owned();
    let values = if has_value { vec![found[3].to_owned()] } else { Vec::new() };
    MatchCondition::Label { key, operator, values }
}

/// What an expression requires, all of it; `None` if labels cannot express it. `injected` are the names of the containers that
/// are added: a companion is never injected twice.
pub(super) fn all(expression: &str, injected: &[String]) -> Option<Vec<MatchCondition>> {
    // Texts with the other quotes inside are not matched by the patterns.
    let text = expression.replace('"', "'");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let clauses: Vec<&str> = text.split("&&").map(str::trim).collect();
    let mut conditions = Vec::new();
    for clause in &clauses {
        conditions.extend(one(whole(clause, clauses.len() > 1)?, injected)?);
    }
    let requires_label = |one: &MatchCondition| matches!(one, MatchCondition::Label { operator: "In" | "Exists", .. });
    let is_redundant = !conditions.contains(&MatchCondition::HasLabels) || conditions.iter().any(requires_label);
    is_redundant.then_some(conditions)
}

/// A clause without the parentheses around it, if its own are balanced: others belong to an operator that is not read here.
/// Between `&&`, only parentheses keep the alternatives of `||` together.
fn whole(clause: &str, is_one_of_several: bool) -> Option<&str> {
    let mut open = 0_usize;
    for c in clause.chars() {
        open = match c {
            '(' => open + 1,
            ')' => open.checked_sub(1)?,
            _ => open,
        };
    }
    let inside = clause.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    let is_whole = open == 0 && (!is_one_of_several || inside.is_some() || !clause.contains("||"));
    is_whole.then_some(inside.unwrap_or(clause))
}

fn one(clause: &str, injected: &[String]) -> Option<Vec<MatchCondition>> {
    if is_about_injected(clause, injected) {
        return Some(vec![MatchCondition::AlwaysTrue]);
    }
    PATTERNS.iter().find_map(|(pattern, conditions)| {
        let pattern = compiled(pattern)?;
        Some(conditions(&pattern.captures(clause)?))
    })
}

/// Whether a clause asks if a list of containers of the Pod lacks one of the containers that are added.
fn is_about_injected(clause: &str, injected: &[String]) -> bool {
    ContainerList::ALL.iter().any(|list| {
        let patterns = [
            format!(r"^(?:!has\(object\.spec\.{list}\) \|\| )?!object\.spec\.{list}\.exists\((\w+), ?(\w+)\.name == '([^']+)'\)$"),
            format!(r"^(?:!has\(object\.spec\.{list}\) \|\| )?object\.spec\.{list}\.all\((\w+), ?(\w+)\.name != '([^']+)'\)$"),
        ];
        patterns.iter().any(|pattern| {
            let Some(pattern) = compiled(pattern) else { return false };
            pattern.captures(clause).is_some_and(|f| f[1] == f[2] && injected.iter().any(|name| *name == f[3]))
        })
    })
}
