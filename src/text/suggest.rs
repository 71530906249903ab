//! The known name that somebody may have meant.

/// The longest name that somebody can have mistyped, in bytes: what a label or the last part of a key may have.
const LONGEST: usize = 63;

/// The candidate nearest to a name, if any is near enough to be meant and may be told; of equals the first in the alphabet.
pub(crate) fn suggest<'c>(
    name: &str,
    candidates: impl Iterator<Item = &'c str>,
    may_be_told: impl Fn(&str) -> bool,
) -> Option<&'c str> {
    if name.len() > LONGEST {
        return None;
    }
    let length = name.chars().count();
    let near = (length / 3).max(2);
    candidates
        // What is too short or too long is too far, and need not be compared.
        .filter(|candidate| candidate.len() <= LONGEST && candidate.chars().count().abs_diff(length) <= near)
        .map(|candidate| (strsim::osa_distance(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= near && *distance < candidate.chars().count())
        .filter(|(_, candidate)| may_be_told(candidate))
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::suggest;

    #[test]
    fn a_slip_of_the_finger_is_understood_and_a_strange_word_is_not() {
        let known = ["git-sync", "redis", "redis-local"];
        let near = |name| suggest(name, known.into_iter(), |_| true);
        assert_eq!(near("gitsync"), Some("git-sync"));
        assert_eq!(near("rdeis"), Some("redis"));
        assert_eq!(near("redis-loca"), Some("redis-local"));
        assert_eq!(near("prometheus"), None);
        assert_eq!(near(""), None);
        assert_eq!(suggest("rdeis", known.into_iter(), |name| name != "redis"), None);
        let long = "a".repeat(64);
        assert_eq!(suggest(&long, [&*long].into_iter(), |_| true), None);
    }
}
