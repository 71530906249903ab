//! A version is replaced or reverted before all installations have accepted it.

use super::*;

/// The versions of a companion, as one of them is applied after the other.
static APPLIED: LazyLock<[Version; 4]> = LazyLock::new(|| {
    let version_of = |(image, generation)| version(image, Some(generation));
    [("proxy:v1", 1), ("proxy:v2", 2), ("proxy:v1", 3), ("proxy:v4", 4)].map(version_of)
});

/// The same contents, from files.
static FILES: LazyLock<[Version; 4]> =
    LazyLock::new(|| ["proxy:v1", "proxy:v2", "proxy:v1", "proxy:v4"].map(|image| version(image, None)));

/// One installation is down from second 20 until `begin`; meanwhile a version is applied, reverted, and a third one applied.
fn revert(versions: &[Version; 4], late: [u64; 4], down: usize, begin: u64, last: u64) -> Cluster {
    let mut cluster = Cluster::new(late);
    let known = |second| match second {
        0..25 => 0,
        25..45 => 1,
        _ if second < last => 2,
        _ => 3,
    };
    for now in 0..180 {
        let runs = |installation| installation != down || !(20..begin).contains(&now);
        cluster.second(now, |second| KnownCompanion::Required(versions[known(second)].clone()), runs);
        cluster.expect_no_denial(now, &format!("{late:?}, {down} down until {begin}, the last at {last}"));
    }
    cluster
}

#[test]
fn a_version_that_is_reverted_while_another_installation_is_down_blocks_no_later_one() {
    for versions in [&*APPLIED, &*FILES] {
        for (begin, last) in (24..90).step_by(3).flat_map(|begin| [46, 60, 100].map(|last| (begin, last))) {
            for (late, down) in [([0; 4], 0), ([0; 4], 1), ([0, 3, 1, 3], 0), ([3, 0, 2, 0], 1)] {
                let cluster = revert(versions, late, down, begin, last);
                expect_settled(&cluster, "proxy:v4", &format!("{late:?}, {down} down until {begin}, {last}"));
            }
        }
    }
}

#[test]
fn a_reverted_version_that_no_pod_has_is_not_injected_after_all() {
    let cluster = revert(&APPLIED, [0; 4], 1, 70, 180);
    expect_settled(&cluster, "proxy:v1", "before the last version");
    let second = APPLIED[1].hash();
    assert!(cluster.history.iter().all(|policies| !policies[1].as_ref().is_some_and(|policy| policy.accepts(second))));
}

#[test]
fn a_file_that_changes_twice_while_another_installation_is_down_reaches_both() {
    for begin in 20..80 {
        let mut cluster = Cluster::new([0; 4]);
        let known = |second| {
            KnownCompanion::Required(FILES[[0, 1, 3][usize::from(second >= 25) + usize::from(second >= 45)]].clone())
        };
        for now in 0..160 {
            cluster.second(now, known, |installation| installation == 0 || !(20..begin).contains(&now));
            cluster.expect_no_denial(now, &format!("down until {begin}"));
        }
        expect_settled(&cluster, "proxy:v4", &format!("down until {begin}"));
    }
}

#[test]
fn installations_with_different_files_do_not_take_turns() {
    for (own, other) in [(0, 1), (1, 0), (1, 3), (3, 1)] {
        let mut cluster = Cluster::new([0, 1, 2, 3]);
        let known = |installation: usize, second| {
            let file = if second < 20 { 0 } else { [own, other][installation] };
            KnownCompanion::Required(FILES[file].clone())
        };
        for now in 0..200 {
            cluster.second_of_each(now, known, |_| true);
            cluster.expect_no_denial(now, &format!("{own} and {other}"));
        }
        let accepted = |policies: &[Option<ExistingPolicy>; 2]| {
            format!("{:?}", policies.each_ref().map(|p| p.as_ref().map(newest).map(|v| v.as_ref().map(image))))
        };
        let last: Vec<String> = cluster.history[100..].iter().map(accepted).collect();
        assert!(last.windows(2).all(|pair| pair[0] == pair[1]), "{own} and {other}: {last:?}");
    }
}

/// Numbers that look random, and are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

#[test]
fn after_any_changes_and_outages_both_installations_inject_the_newest_version() {
    let contents = ["proxy:v1", "proxy:v2", "proxy:v3", "proxy:v4"];
    for seed in 0..400 {
        let mut numbers = Numbers(seed);
        let mut cluster = Cluster::new([(); 4].map(|()| numbers.below(4)));
        let from_file = numbers.below(2) == 0;
        let mut applied = vec![(0, version("proxy:v1", (!from_file).then_some(1)))];
        for generation in 2..8 {
            let (second, image) = (20 + numbers.below(140), contents[usize::try_from(numbers.below(4)).unwrap()]);
            applied.push((second, version(image, (!from_file).then_some(generation))));
        }
        applied[1..].sort_by_key(|(second, _)| *second);
        for (generation, (_, version)) in (1..).zip(&mut applied) {
            *version = super::version(&image(version), (!from_file).then_some(generation));
        }
        let outages: Vec<_> =
            (0..3).map(|n| (n * 50 + 20 + numbers.below(25), numbers.below(25), numbers.below(2))).collect();
        let known = |second| {
            let (_, version) = applied.iter().rev().find(|(since, _)| *since <= second).unwrap();
            KnownCompanion::Required(version.clone())
        };
        for now in 0..280 {
            let is_down = |installation: usize| {
                outages.iter().any(|(since, length, down)| {
                    *down == installation as u64 && (*since..since + length).contains(&now)
                })
            };
            cluster.second(now, known, |installation| !is_down(installation));
            cluster.expect_no_denial(now, &format!("seed {seed}"));
        }
        expect_settled(&cluster, &image(&applied[6].1), &format!("seed {seed}"));
    }
}
