//! Counts that are recorded in a file, so that a review that needs more fails a test. Counts are not times: they do not depend
//! on how busy a machine is.

use std::path::Path;

use super::golden;

/// By how many percent a count may exceed the recorded one: versions of the C library and kinds of CPUs differ.
const ROOM: u64 = 5;

/// What is counted, and how much there is of it.
pub type Count = (String, u64);

/// Compares counts with those of a file below the package, which is written first where `UPDATE` is set. Fails if one exceeds its
/// bound, is missing in the file, or is in the file alone.
#[track_caller]
pub fn check(path: impl AsRef<Path>, counts: &[Count]) {
    let path = path.as_ref();
    let now: String = counts.iter().map(|(name, count)| format!("{count:>9}  {name}\n")).collect();
    println!("{}:\n{now}", path.display());
    if golden::compare(path, &now).is_ok() {
        return;
    }
    let bounds = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap_or_default();
    let exceeded = exceeded(&bounds, counts);
    assert!(
        exceeded.is_empty(),
        "{}\n{} was written with the optimization of `make test`; others give other counts. If the code has a reason to need more, \
         write the new counts with `UPDATE=1 make count`, and give the reason in the commit",
        exceeded.join("\n"),
        path.display()
    );
}

/// One message for each count that does not agree with the bounds, which have one count and its name in each line.
pub fn exceeded(bounds: &str, counts: &[Count]) -> Vec<String> {
    let bounds: Vec<(&str, u64)> = bounds
        .lines()
        .filter_map(|line| line.trim_start().split_once("  "))
        .map(|(count, name)| (name, count.parse().expect("a bound is a number")))
        .collect();
    let too_many = counts.iter().filter_map(|(name, count)| {
        let Some((_, bound)) = bounds.iter().find(|(bounded, _)| bounded == name) else {
            return Some(format!("{name}: {count}, and no bound is recorded"));
        };
        let more = (count * 100).checked_div(*bound).map_or(u64::MAX, |percent| percent.saturating_sub(100));
        (count * 100 > bound * (100 + ROOM))
            .then(|| format!("{name}: {count}, which is {more} % more than {bound}; {ROOM} % are allowed"))
    });
    let is_counted = |bounded: &str| counts.iter().any(|(name, _)| name == bounded);
    let unused = bounds.iter().filter(|(name, _)| !is_counted(name));
    too_many.chain(unused.map(|(name, _)| format!("{name}: is recorded, and was not counted"))).collect()
}
