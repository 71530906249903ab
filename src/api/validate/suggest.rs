//! The known name that was probably meant.

/// The longest name that is compared, in bytes: no field of Kubernetes and no name of ours is longer. Comparing costs the
/// product of both lengths, so that a name without a bound would cost as much as its writer likes.
const LONGEST: usize = 63;

/// The known name nearest to a word, if it is near enough to be meant.
pub(in crate::api) fn suggest<'w>(word: &str, known: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    if word.len() > LONGEST {
        return None;
    }
    let close = 1 + word.chars().count() / 4;
    let word = word.to_lowercase();
    known
        .filter(|known| known.len() <= LONGEST)
        .map(|known| (strsim::osa_distance(&word, &known.to_lowercase()), known))
        .filter(|(distance, _)| *distance <= close)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::suggest;

    #[test]
    fn a_slip_is_understood_and_a_name_longer_than_any_field_is_not_compared() {
        assert_eq!(suggest("imagePullPolice", ["image", "imagePullPolicy"].into_iter()), Some("imagePullPolicy"));
        let long = "y".repeat(64);
        assert_eq!(suggest(&long, [&*long].into_iter()), None);
    }
}
