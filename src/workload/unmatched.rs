//! Kinds that do not exist in their groups.

use serde_json::Value;

use super::kinds;
use super::kinds::{BUILT_IN, BUILT_IN_GROUPS};
use super::object::{ObjectKind, objects};
use crate::text::suggest::suggest;

/// A kind that does not exist in its group, with a suggestion.
#[derive(Debug, PartialEq, Eq)]
pub struct Unmatched {
    /// Where its object is in the document: a JSON pointer.
    pub at: String,
    /// `no matches for kind …; did you mean …?`
    pub message: String,
}

/// The objects of a document with a Pod template whose kind is misspelled or in the wrong group.
#[must_use]
pub fn unmatched(document: &Value) -> Vec<Unmatched> {
    objects(document).iter().filter_map(unmatched_kind).collect()
}

fn unmatched_kind(object: &ObjectKind<'_>) -> Option<Unmatched> {
    let (kind, version) = (object.kind, object.version);
    // An object without apiVersion has an error of its own.
    let is_other = version.is_empty() || !BUILT_IN_GROUPS.contains(&object.group());
    if is_other || kinds::template(object.group(), kind).is_some() {
        return None;
    }
    let has_template = BUILT_IN[1..].iter().any(|(.., at)| object.value.pointer(at).is_some_and(Value::is_object));
    let known = suggest(kind, BUILT_IN.iter().filter(|_| has_template).map(|(_, known, _)| *known), |_| true)?;
    let (group, known, _) = BUILT_IN.iter().find(|(_, other, _)| *other == known)?;
    let meant = match (*known == kind, *group) {
        (false, _) => (*known).to_owned(),
        (true, "") => "v1".to_owned(),
        (true, group) => format!("{group}/v1"),
    };
    let message = format!("no matches for kind {kind:?} in version {version:?}; did you mean {meant}?");
    Some(Unmatched { at: object.at.clone(), message })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_kind_that_does_not_exist_suggests_the_one_that_does() {
        let object = |version: &str, kind: &str| json!({"apiVersion": version, "kind": kind, "spec": {"template": {}}});
        let message = |version, kind| unmatched(&object(version, kind)).pop().map(|u| u.message).unwrap_or_default();
        assert!(message("apps/v1", "Deploymnet").ends_with("in version \"apps/v1\"; did you mean Deployment?"));
        assert!(message("extensions/v1beta1", "Deployment").ends_with("did you mean apps/v1?"));
        assert!(message("v1", "Deployment").ends_with("did you mean apps/v1?"));
        for (version, kind) in
            [("apps/v1", "Deployment"), ("", "Deployment"), ("v1", "Service"), ("serving.knative.dev/v1", "Servic")]
        {
            assert_eq!(message(version, kind), "", "{kind}");
        }
    }
}
