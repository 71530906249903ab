//! What happens, and what must be true all the while.

use proptest::prelude::*;

use super::*;

fn happening() -> impl Strategy<Value = Happening> {
    let who = || 0..REPLICAS;
    prop_oneof![
        40 => who().prop_map(Happening::Acts),
        20 => who().prop_map(Happening::Hears),
        10 => (1..12_u64).prop_map(Happening::Passes),
        2 => who().prop_map(Happening::Restarts),
        2 => who().prop_map(Happening::Panics),
        1 => Just(Happening::SecretGoes),
        1 => Just(Happening::SecretEmptied),
        1 => (0..6_usize).prop_map(Happening::SecretRestored),
        1 => (0..KEYS.len()).prop_map(Happening::KeySpoilt),
        1 => (0..THERE.len()).prop_map(Happening::BundleEmptied),
    ]
}

fn cases() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(60);
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 500, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn nothing_that_a_replica_does_takes_trust_away(story in prop::collection::vec(happening(), 1..150)) {
        let mut world = World::new();
        world.settle();
        for (place, what) in story.iter().enumerate() {
            let before = world.trust();
            world.happens(what);
            let after = world.trust();
            if matches!(what, Happening::BundleEmptied(_)) {
                continue;
            }
            for (who, which) in (0..REPLICAS).flat_map(|who| [(who, 0), (who, 1)]) {
                let lost = before[who][which] == Some(true) && after[who][which] == Some(false);
                prop_assert!(!lost, "{what:?} at {place}: replica {who} is trusted by {which} no more");
            }
        }
        world.settle();
        world.now += Duration::from_secs(6);
        world.settle();
        prop_assert_eq!(world.trust(), [[Some(true); 2]; REPLICAS], "in the end all is well");
    }
}

#[test]
fn for_many_lives_everything_is_trusted_and_every_authority_is_succeeded_in_time() {
    let mut world = World::new();
    world.settle();
    let mut signed = Vec::new();
    for second in 0..900 {
        world.now += Duration::from_secs(1);
        for who in 0..REPLICAS {
            world.hears(who);
            for _ in 0..4 {
                world.acts(who);
            }
            assert_eq!(world.trust(), [[Some(true); 2]; REPLICAS], "after {second} s, when replica {who} had acted");
        }
        let (_, data) = world.secret.as_ref().unwrap();
        let signing = CaState::read(data).signing.unwrap().anchor;
        if signed.last() != Some(&signing) {
            signed.push(signing);
        }
        assert!(TrustAnchor::parse_all(&world.bundles[0].1).len() <= 2, "an old one goes");
    }
    assert!(signed.len() >= 12, "there were {} authorities", signed.len());
}

/// A pair lives for thirty seconds here, so four of them are far more than five minutes of a month.
#[test]
fn f17_replicas_whose_clocks_differ_are_trusted_and_do_not_write_in_turns() {
    let mut world = World::new();
    for (behind, process) in [4, 0, 2].into_iter().zip(&mut world.processes) {
        process.behind = behind;
    }
    world.settle();
    for second in 0..450 {
        world.now += Duration::from_secs(1);
        world.settle();
        assert_eq!(world.trust(), [[Some(true); 2]; REPLICAS], "after {second} s");
    }
    // Five authorities in succession, each of them announced, promoted and forgotten, and a pair every twenty seconds.
    let written = world.written.len();
    assert!((30..60).contains(&written), "the Secret was written {written} times");
}

#[test]
fn replicas_that_begin_at_once_agree_on_one_authority() {
    let mut world = World::new();
    for who in 0..REPLICAS {
        world.hears(who);
    }
    for _ in 0..8 {
        for who in 0..REPLICAS {
            world.acts(who);
        }
    }
    let serving: Vec<_> = world.processes.iter().map(|p| p.serving.as_ref().unwrap().chain()[0].clone()).collect();
    assert!(serving.iter().all(|leaf| *leaf == serving[0]));
    let (_, data) = world.secret.as_ref().unwrap();
    assert_eq!(CaState::read(data).anchors().count(), 1);
}
