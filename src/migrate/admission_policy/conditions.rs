//! Match conditions of admission policies that a label selector can express.
//!
//! Conditions are compared with the few forms in which such conditions are written, by expressions of `regex-lite`; the crates
//! `cel` and `cel-parser` would parse the others as well, which cannot be translated.

use regex_lite::{Captures, Regex};

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

const PATTERNS: [(&str, Found); 9] = [
    (r"^has\(object\.(?:metadata|spec|spec\.containers)\)$|^request\.operation == 'CREATE'$", |_| {
        vec![MatchCondition::AlwaysTrue]
    }),
    (r"^has\(object\.metadata\.labels\)$", |_| vec![MatchCondition::HasLabels]),
    (r"^(?:'([^']+)' in object\.metadata\.labels|has\(object\.metadata\.labels\.(\w+)\))$", |found| {
        vec![label(found, "Exists", false)]
    }),
    (r"^!\(?(?:'([^']+)' in object\.metadata\.labels|has\(object\.metadata\.labels\.(\w+)\))\)?$", |found| {
        vec![label(found, "DoesNotExist", false)]
    }),
    (r"^object\.metadata\.labels(?:\['([^']+)'\]|\.(\w+)) == '([^']*)'$", |found| vec![label(found, "In", true)]),
    // An absent label is an error of the condition.
    (r"^object\.metadata\.labels(?:\['([^']+)'\]|\.(\w+)) != '([^']*)'$", |found| {
        vec![label(found, "Exists", false), label(found, "NotIn", true)]
    }),
    (r"^(?:request\.namespace|object\.metadata\.namespace|namespaceObject\.metadata\.name) == '([^']+)'$", |found| {
        vec![MatchCondition::Namespace { operator: "In", names: vec![found[1].to_owned()] }]
    }),
    (r"^(?:request\.namespace|object\.metadata\.namespace|namespaceObject\.metadata\.name) != '([^']+)'$", |found| {
        vec![MatchCondition::Namespace { operator: "NotIn", names: vec![found[1].to_owned()] }]
    }),
    (
        r"^(!?)\(?(?:request\.namespace|object\.metadata\.namespace|namespaceObject\.metadata\.name) in \[([^\]]*)\]\)?$",
        |found| {
            let operator = if found[1].is_empty() { "In" } else { "NotIn" };
            let names = found[2].split(',').map(|name| name.trim().trim_matches('\'').to_owned()).collect();
            vec![MatchCondition::Namespace { operator, names }]
        },
    ),
];

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
    let mut conditions = Vec::new();
    for clause in text.split("&&") {
        conditions.extend(one(clause.trim(), injected)?);
    }
    let requires_label = |one: &MatchCondition| matches!(one, MatchCondition::Label { operator: "In" | "Exists", .. });
    let is_redundant = !conditions.contains(&MatchCondition::HasLabels) || conditions.iter().any(requires_label);
    is_redundant.then_some(conditions)
}

fn one(clause: &str, injected: &[String]) -> Option<Vec<MatchCondition>> {
    if is_about_injected(clause, injected) {
        return Some(vec![MatchCondition::AlwaysTrue]);
    }
    PATTERNS.iter().find_map(|(pattern, conditions)| {
        let found = Regex::new(pattern).ok()?.captures(clause)?;
        Some(conditions(&found))
    })
}

/// Whether a clause asks if the Pod lacks one of the containers that are added.
fn is_about_injected(clause: &str, injected: &[String]) -> bool {
    let lacks_list = r"^(?:!has\(object\.spec\.\w+\) \|\| )?";
    let patterns = [
        r"!object\.spec\.\w+\.exists\((\w+), ?(\w+)\.name == '([^']+)'\)$",
        r"object\.spec\.\w+\.all\((\w+), ?(\w+)\.name != '([^']+)'\)$",
    ];
    patterns.iter().any(|pattern| {
        let pattern = Regex::new(&format!("{lacks_list}{pattern}"));
        let found =
            pattern.ok().and_then(|pattern| pattern.captures(clause).map(|f| [1, 2, 3].map(|i| f[i].to_owned())));
        found.is_some_and(|[variable, used, name]| variable == used && injected.contains(&name))
    })
}
