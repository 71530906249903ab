//! Which characters the values of a parameter can have, by its declaration.

use crate::api::v1alpha1::{Parameter, ParameterType};

/// Whether no value can have syntactic meaning in a program: values are numbers, come from a fixed set, or match a
/// pattern of harmless characters.
pub(in crate::api) fn are_plain(parameter: &Parameter) -> bool {
    match parameter.kind {
        ParameterType::String => {
            !parameter.words.is_empty() || parameter.pattern.as_deref().is_some_and(matches_plain_text_only)
        }
        ParameterType::Path | ParameterType::SecretKey => false,
        _ => true,
    }
}

/// Whether values are unrestricted strings.
pub(super) fn are_unlimited(parameter: &Parameter) -> bool {
    parameter.kind == ParameterType::String && parameter.pattern.is_none() && parameter.words.is_empty()
}

/// Whether a pattern matches nothing but letters, digits and some harmless characters. Syntax that is not recognized
/// counts as harmful.
fn matches_plain_text_only(pattern: &str) -> bool {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "-_./:@,+%=~*".contains(c);
    let (mut in_class, mut before, mut characters) = (false, None, pattern.chars().peekable());
    while let Some(c) = characters.next() {
        let next = characters.peek().copied();
        let plain = match c {
            '\\' => match characters.next() {
                Some('d' | 'w' | 'b' | 'A' | 'z') => true,
                escaped => escaped.is_some_and(|e| !e.is_ascii_alphanumeric() && harmless(e)),
            },
            '[' if !in_class => next != Some('^'),
            ']' if in_class => true,
            '-' if in_class => is_plain_range(before, next),
            '.' if !in_class => false,
            // `(?` can change the meaning of the rest, unless it is `(?:`.
            '(' if !in_class => next != Some('?') || characters.clone().nth(1) == Some(':'),
            ')' | '{' | '}' | '|' | '?' | '^' | '$' if !in_class => true,
            c => harmless(c),
        };
        if !plain {
            return false;
        }
        in_class = match c {
            '[' => true,
            ']' => false,
            _ => in_class,
        };
        before = Some(c);
    }
    !in_class
}

/// Whether a hyphen in a class is a literal, or a range of digits or of letters of one case. Other ranges contain
/// further characters.
fn is_plain_range(from: Option<char>, to: Option<char>) -> bool {
    match (from, to) {
        (Some('['), _) | (_, Some(']')) => true,
        (Some(from), Some(to)) => {
            let kinds = [char::is_ascii_digit, char::is_ascii_lowercase, char::is_ascii_uppercase];
            kinds.iter().any(|is| is(&from) && is(&to))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::matches_plain_text_only;

    #[test]
    fn a_pattern_of_names_numbers_and_paths_is_plain_and_one_that_may_match_a_quote_is_not() {
        for plain in [
            "[A-Za-z0-9*._-]+",
            "[A-Za-z0-9][A-Za-z0-9.-]*:[1-9][0-9]{0,4}",
            "(?:a|b)?",
            r"\d+\.\w+",
            "/[A-Za-z0-9/._-]*",
        ] {
            assert!(matches_plain_text_only(plain), "{plain}");
        }
        for open in [
            ".+",
            "[^a]",
            r"\S+",
            "[!-~]+",
            "[ -z]",
            "[a b]",
            "a'b",
            "(?i)a",
            "[+--]",
            r"\x27",
            "[[:print:]]",
            "ä",
            "[",
        ] {
            assert!(!matches_plain_text_only(open), "{open}");
        }
    }
}
