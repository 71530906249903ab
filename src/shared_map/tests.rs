use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// A change of a map: a key, and its new value or none.
type Change = (u16, Option<u8>);

fn changes(keys: u16, most: usize) -> impl Strategy<Value = Vec<Change>> {
    prop::collection::vec((0..keys, prop::option::weighted(0.7, any::<u8>())), 0..most)
}

fn apply(map: &mut SharedMap<u16, u8>, oracle: &mut BTreeMap<u16, u8>, changes: &[Change]) {
    for (key, value) in changes {
        if let Some(value) = value {
            map.insert(*key, *value);
            oracle.insert(*key, *value);
        } else {
            assert_eq!(map.remove(key), oracle.remove(key).is_some());
        }
    }
}

fn sorted(map: &SharedMap<u16, u8>) -> BTreeMap<u16, u8> {
    let all: BTreeMap<u16, u8> = map.iter().map(|(key, value)| (*key, *value)).collect();
    assert_eq!(map.iter().count(), map.len());
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_map_has_the_entries_of_a_btree_map_and_an_older_clone_keeps_its_own(
        first in changes(600, 900), second in changes(600, 900),
    ) {
        let (mut map, mut oracle) = (SharedMap::default(), BTreeMap::new());
        apply(&mut map, &mut oracle, &first);
        let (older, old_oracle) = (map.clone(), oracle.clone());
        apply(&mut map, &mut oracle, &second);
        prop_assert_eq!(sorted(&older), old_oracle);
        prop_assert!((0..600).all(|key| map.get(&key) == oracle.get(&key)));
        prop_assert_eq!(sorted(&map), oracle);
    }

    #[test]
    fn the_changes_since_an_older_map_lead_from_it_to_the_newer_one(
        first in changes(600, 900), second in changes(600, 60), is_related: bool,
    ) {
        let (mut map, mut oracle) = (SharedMap::default(), BTreeMap::new());
        apply(&mut map, &mut oracle, &first);
        let older = if is_related { map.clone() } else { oracle.iter().map(|(k, v)| (*k, *v)).collect() };
        let mut replayed = oracle.clone();
        apply(&mut map, &mut oracle, &second);
        let mut visited = 0;
        map.for_each_change_since(&older, |key, before, now| {
            visited += 1;
            assert_eq!(replayed.get(key), before);
            match now {
                Some(now) => replayed.insert(*key, *now),
                None => replayed.remove(key),
            };
        });
        prop_assert_eq!(replayed, oracle);
        prop_assert!(!is_related || visited <= second.len());
    }
}

/// A key whose hash is that of all others.
#[derive(Debug, PartialEq, Eq)]
struct Colliding(u16);

impl Hash for Colliding {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        state.write_u8(7);
    }
}

#[test]
fn keys_with_the_same_hash_are_distinguished() {
    let mut map: SharedMap<_, _> = (0..100).map(|key| (Colliding(key), key)).collect();
    let older = map.clone();
    assert!((0..100).all(|key| map.get(&Colliding(key)) == Some(&key)));
    assert!((0..99).all(|key| map.remove(&Colliding(key))) && !map.remove(&Colliding(0)));
    assert_eq!(map.iter().collect::<Vec<_>>(), [(&Colliding(99), &99)]);
    assert_eq!(older.len(), 100);
}

#[test]
fn a_change_of_one_entry_costs_hardly_more_among_100_000_than_among_1_000() {
    let bytes = |count: u32| {
        let map: SharedMap<u32, u32> = (0..count).map(|key| (key, 0)).collect();
        let mut changed = map.clone();
        let info = allocation_counter::measure(|| changed.insert(7, 1));
        let mut visits = 0;
        changed.for_each_change_since(&map, |_, _, _| visits += 1);
        assert_eq!(visits, 1);
        info.bytes_total
    };
    let (few, many) = (bytes(1_000), bytes(100_000));
    assert!(many <= 2 * few, "{many} bytes, {few} bytes");
}
