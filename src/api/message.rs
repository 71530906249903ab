//! The sentences of validation: what is wrong, in the vocabulary of apimachinery's `field.Error`
//! (`k8s.io/apimachinery/pkg/util/validation/field`), and how to fix it.

use std::fmt::{self, Write as _};

/// The longest value that a message repeats, in characters. Values of fields that a schema bounds are shorter.
const LONGEST_QUOTED: usize = 64;

/// The kind of a finding. Each kind opens its messages with words of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    /// A field is absent, or has no value where its neighbors require one.
    Required,
    /// A value that must be unique is used more than once.
    Duplicate,
    /// A value refers to something that is not declared.
    NotFound,
    /// A value is not one of a fixed set.
    Unsupported,
    /// A value breaks a rule about its type, its bounds or its syntax.
    Invalid,
    /// A field or a value is not allowed here, whatever its syntax.
    Forbidden,
    /// A field that podgraft's API does not have.
    UnknownField,
    /// Validation itself failed.
    Internal,
    /// Warning: a field that no known version of Kubernetes has; a later one may.
    UnknownFieldKept,
    /// Warning: an image reference that can change without notice.
    MutableTag,
    /// Warning: a field is absent that most companions need.
    Recommended,
    /// Warning: Pod Security admission denies Pods with this companion.
    PodSecurity,
    /// Warning: users or the app could use this to attack the companion.
    Insecure,
    /// Warning: some Pods cannot have this companion.
    PossibleConflict,
    /// Warning: a reference to an object that each namespace must have.
    ExternalReference,
    /// Warning: works, but probably not as intended.
    Discouraged,
}

/// One sentence, with the code that opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) code: Code,
    /// The text after the opening words, with its separator.
    rest: String,
    /// What the user should do, where `rest` does not end with it.
    remedy: &'static str,
}

impl Code {
    /// All codes; one whose opening begins with that of another comes after that one.
    #[cfg(test)]
    pub(super) const ALL: [Code; 16] = [
        Code::Required,
        Code::Duplicate,
        Code::NotFound,
        Code::Unsupported,
        Code::Invalid,
        Code::Forbidden,
        Code::UnknownField,
        Code::Internal,
        Code::UnknownFieldKept,
        Code::MutableTag,
        Code::Recommended,
        Code::PodSecurity,
        Code::Insecure,
        Code::PossibleConflict,
        Code::ExternalReference,
        Code::Discouraged,
    ];

    /// The words that open every message of this kind.
    pub(super) fn opening(self) -> &'static str {
        match self {
            Code::Required => "required value",
            Code::Duplicate => "duplicate value",
            Code::NotFound => "not found in",
            Code::Unsupported => "unsupported value",
            Code::Invalid => "invalid value",
            Code::Forbidden => "forbidden",
            Code::UnknownField => "unknown field",
            Code::Internal => "internal error",
            Code::UnknownFieldKept => "unknown field, kept",
            Code::MutableTag => "mutable tag",
            Code::Recommended => "recommended value",
            Code::PodSecurity => "violates Pod Security",
            Code::Insecure => "insecure",
            Code::PossibleConflict => "possible conflict",
            Code::ExternalReference => "external reference",
            Code::Discouraged => "discouraged",
        }
    }

    /// A message of this kind: `<opening>: <detail>`.
    pub(super) fn because(self, detail: impl fmt::Display) -> Message {
        Message { code: self, rest: format!(": {detail}"), remedy: "" }
    }

    /// A message of this kind that needs no detail: `<opening>; <remedy>`.
    pub(super) fn fix(self, remedy: &'static str) -> Message {
        Message { code: self, rest: String::new(), remedy }
    }
}

impl Message {
    /// The same finding under another code, with the remedy of that one. A suggestion is kept in its place.
    pub(super) fn recoded(self, code: Code, remedy: &'static str) -> Self {
        Message { code, remedy: if self.remedy.is_empty() { "" } else { remedy }, ..self }
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.opening())?;
        f.write_str(&self.rest)?;
        if self.remedy.is_empty() { Ok(()) } else { write!(f, "; {}", self.remedy) }
    }
}

/// A field that must be set.
pub(super) fn missing() -> Message {
    Code::Required.fix("set this field")
}

/// A field that must be set to one of some words.
pub(super) fn missing_word(supported: &[&str]) -> Message {
    Message { rest: format!("; supported: {}", supported.join(", ")), ..missing() }
}

/// A field that must be set because of others.
pub(super) fn required(detail: impl fmt::Display) -> Message {
    Code::Required.because(detail)
}

pub(super) fn invalid(detail: impl fmt::Display) -> Message {
    Code::Invalid.because(detail)
}

pub(super) fn forbidden(detail: impl fmt::Display) -> Message {
    Code::Forbidden.because(detail)
}

/// A name, a number or a path that one list has twice.
pub(super) fn duplicate(value: impl fmt::Debug) -> Message {
    let remedy = "change or remove one of the two";
    Message { code: Code::Duplicate, rest: format!(" {value:?}"), remedy }
}

/// A value that something else already uses; `other` says what: `also set by endpoint redis`.
pub(super) fn duplicate_of(value: impl fmt::Debug, other: impl fmt::Display) -> Message {
    Message { code: Code::Duplicate, rest: format!(" {value:?}: {other}"), remedy: "change one of the two" }
}

/// A reference to an item that `list` does not have.
pub(super) fn not_found(list: &str, name: &str, nearest: Option<&str>) -> Message {
    let remedy = nearest.map_or_else(|| "add it there or correct the name".to_owned(), did_you_mean);
    not_found_with_remedy(list, name, remedy)
}

/// The same with another remedy than the most similar name.
pub(super) fn not_found_with_remedy(list: &str, name: &str, remedy: impl fmt::Display) -> Message {
    Message { code: Code::NotFound, rest: format!(" {list}: {}; {remedy}", quoted(name)), remedy: "" }
}

/// Warning: a field that API servers before this version of Kubernetes treat as `effect` says.
pub(super) fn newer_field(version: &str, effect: &str) -> Message {
    let before = format_args!("API servers before Kubernetes {version} {effect}");
    Code::Discouraged.because(format_args!("{before}; remove this field if one of your clusters is older"))
}

/// A value outside a fixed set.
pub(super) fn unsupported(value: &str, supported: &[&str], nearest: Option<&str>) -> Message {
    let mut rest = format!(": {}; supported: {}", quoted(value), supported.join(", "));
    if let Some(nearest) = nearest {
        // Writing to a String cannot fail.
        let _ = write!(rest, "; {}", did_you_mean(nearest));
    }
    Message { code: Code::Unsupported, rest, remedy: "" }
}

/// A field that the schema does not have: an error in podgraft's API, a warning in Kubernetes' types.
pub(super) fn unknown_field(code: Code, nearest: Option<&str>) -> Message {
    match (nearest, code) {
        (Some(nearest), _) => Message { code, rest: format!("; {}", did_you_mean(nearest)), remedy: "" },
        (None, Code::UnknownFieldKept) => code.fix("remove this field unless a later version of Kubernetes has it"),
        (None, _) => code.fix("remove this field"),
    }
}

/// A field of the Pod. It is not misspelled, so no field is suggested.
pub(super) fn pod_field(code: Code) -> Message {
    code.because("belongs to the Pod, which a companion does not change; remove this field")
}

/// A field of workloads. It is not misspelled, so no field is suggested.
pub(super) fn workload_field(code: Code) -> Message {
    code.because("is a field of workloads such as Deployments, and a companion cannot set it; remove this field")
}

/// A field of the specification that is somewhere else.
pub(super) fn misplaced_field(code: Code) -> Message {
    code.because("belongs to the spec of the companion; move this field there")
}

fn did_you_mean(nearest: &str) -> String {
    format!("did you mean {nearest:?}?")
}

/// A value in quotes, cut after `LONGEST_QUOTED` characters.
fn quoted(value: &str) -> String {
    match value.char_indices().nth(LONGEST_QUOTED) {
        Some((end, _)) => format!("{:?}…", &value[..end]),
        None => format!("{value:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Code, duplicate, duplicate_of, not_found, required, unknown_field, unsupported};
    use crate::api::report::Problem;
    use crate::api::testing::defect;

    fn at(pointer: &str, message: &impl ToString) -> Problem {
        Problem { pointer: pointer.to_owned(), message: message.to_string() }
    }

    #[test]
    fn messages_read_like_field_errors_with_a_remedy() {
        for (message, expected) in [
            (duplicate("a"), r#"duplicate value "a"; change or remove one of the two"#),
            (
                duplicate_of(80, "also the port of endpoint a"),
                "duplicate value 80: also the port of endpoint a; change one of the two",
            ),
            (
                not_found("spec.sharedVolumes", "contents", Some("content")),
                r#"not found in spec.sharedVolumes: "contents"; did you mean "content"?"#,
            ),
            (
                unsupported("Sidcar", &["Sidecar", "Adapter"], None),
                r#"unsupported value: "Sidcar"; supported: Sidecar, Adapter"#,
            ),
            (unknown_field(Code::UnknownField, Some("image")), r#"unknown field; did you mean "image"?"#),
        ] {
            assert_eq!(message.to_string(), expected);
            assert_eq!(defect(&at("/spec", &message)), None);
        }
    }

    #[test]
    fn a_long_value_is_cut() {
        let message = unsupported(&"x".repeat(1_000_000), &["a"], None).to_string();
        assert!(message.len() < 120, "{message}");
    }

    #[test]
    fn a_message_without_an_opening_a_field_or_a_remedy_is_noticed() {
        for (pointer, message, expected) in [
            ("/spec", "is missing; set this field".to_owned(), "no opening out of the list"),
            ("", required("a name is needed; set this field").to_string(), "no field"),
            ("/spec", required("a name is needed").to_string(), "no remedy"),
            ("/spec", Code::Forbidden.because("unwise; remove it").to_string(), "a pronoun without an antecedent"),
        ] {
            assert_eq!(defect(&at(pointer, &message)), Some(expected));
        }
    }
}
