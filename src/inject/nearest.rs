//! The known name that somebody may have meant.

/// The candidate nearest to a name, if any is near enough to be meant; of equals the first in the alphabet.
pub(super) fn nearest<'c>(name: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    // Whoever writes a name of hundreds of bytes did not mistype a short one.
    if name.len() > 128 {
        return None;
    }
    let length = name.chars().count();
    let near = (length / 3).max(2);
    candidates
        // What is too short or too long is too far, and need not be compared.
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= near)
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= near && *distance < candidate.chars().count())
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_of_the_finger_is_understood_and_a_strange_word_is_not() {
        let known = ["git-sync", "redis", "redis-local"];
        let near = |name| nearest(name, known.into_iter());
        assert_eq!(near("gitsync"), Some("git-sync"));
        assert_eq!(near("rdeis"), Some("redis"));
        assert_eq!(near("redis-loca"), Some("redis-local"));
        assert_eq!(near("prometheus"), None);
        assert_eq!(near(""), None);
    }
}
