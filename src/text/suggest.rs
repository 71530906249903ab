//! The known name that a misspelled one may stand for ("did you mean …?").

use std::borrow::Cow;

/// The longest name that is compared, in bytes: no field of Kubernetes, no label and no last part of a key is longer. Comparing
/// costs the product of both lengths, so that an unbounded name would cost as much as its author likes.
const LONGEST: usize = 63;

/// The longest text that [`with_commas`] looks at, in bytes: messages repeat it.
const LONGEST_LIST: usize = 256;

/// The candidate nearest to a name, of equally near ones the first in the alphabet. Upper and lower case count as equal. `None`
/// if no candidate is within one edit and one more for every four characters of the name.
///
/// Only candidates that `may_be_named` accepts are suggested: users must not learn names that they cannot use.
pub(crate) fn suggest<'c>(
    name: &str,
    candidates: impl Iterator<Item = &'c str>,
    may_be_named: impl Fn(&str) -> bool,
) -> Option<&'c str> {
    if name.len() > LONGEST {
        return None;
    }
    // Each name of a list in JSON has some of these, and no candidate has.
    let name = name.trim_matches(['[', ']', '"', '\'']);
    let length = name.chars().count();
    let most = 1 + length / 4;
    let name = name.to_lowercase();
    candidates
        // The difference of the lengths is a lower bound of the distance, and cheap.
        .filter(|candidate| candidate.len() <= LONGEST && candidate.chars().count().abs_diff(length) <= most)
        .map(|candidate| (strsim::osa_distance(&name, &lowercase(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= most && *distance < candidate.chars().count())
        .filter(|(_, candidate)| may_be_named(candidate))
        .min()
        .map(|(_, candidate)| candidate)
}

/// A list of names whose author separated them by blanks, semicolons or bars, with commas instead; `None` for one name.
pub(crate) fn with_commas(name: &str) -> Option<String> {
    let is_separator = |c: char| c.is_whitespace() || c == ';' || c == '|';
    let names = || name.split(is_separator).filter(|name| !name.is_empty());
    (name.len() <= LONGEST_LIST && names().nth(1).is_some()).then(|| names().collect::<Vec<_>>().join(","))
}

/// Most names are in lower case already, and one lookup compares thousands.
fn lowercase(name: &str) -> Cow<'_, str> {
    if name.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) { name.into() } else { name.to_lowercase().into() }
}

#[cfg(test)]
mod tests {
    use super::{suggest, with_commas};

    #[test]
    fn a_typing_error_gets_a_suggestion_and_another_word_does_not() {
        let companions = ["git-sync", "redis", "redis-local"];
        let fields = ["image", "imagePullPolicy", "env", "TCP"];
        for (name, expected) in [
            ("gitsync", Some("git-sync")),
            ("rdeis", Some("redis")),
            ("redis-loca", Some("redis-local")),
            ("imagePullPolice", Some("imagePullPolicy")),
            ("ImagePullPolicy", Some("imagePullPolicy")),
            ("tcp", Some("TCP")),
            ("[\"redis\"", Some("redis")),
            ("evn", Some("env")),
            ("udp", None),
            ("prometheus", None),
            ("a", None),
            ("", None),
        ] {
            assert_eq!(suggest(name, companions.into_iter().chain(fields), |_| true), expected, "{name:?}");
        }
    }

    #[test]
    fn the_first_in_the_alphabet_of_equally_near_names_is_suggested() {
        assert_eq!(suggest("redit", ["redix", "redis"].into_iter(), |_| true), Some("redis"));
    }

    #[test]
    fn names_that_may_not_be_named_and_overlong_names_are_not_suggested() {
        assert_eq!(suggest("rdeis", ["redis"].into_iter(), |name| name != "redis"), None);
        let long = "a".repeat(64);
        assert_eq!(suggest(&long, [&*long].into_iter(), |_| true), None);
    }

    #[test]
    fn names_that_are_separated_by_other_characters_are_listed_with_commas() {
        for (list, expected) in [
            ("sync redis", Some("sync,redis")),
            (" sync;  redis|logs ", Some("sync,redis,logs")),
            ("sync\nredis", Some("sync,redis")),
            ("sync", None),
            ("git_sync", None),
            (";", None),
        ] {
            assert_eq!(with_commas(list).as_deref(), expected, "{list:?}");
        }
        assert_eq!(with_commas(&"a ".repeat(129)), None);
    }
}
