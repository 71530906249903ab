//! Finding an item in a long list.

use std::cmp::Ordering;

use crate::work::step;

/// Up to how many items are searched one by one.
pub(super) const FEW: usize = 32;

/// The places of a long list's items, sorted by their keys. Most Pods have a dozen of everything; a hostile client sends a
/// quarter of a million.
#[derive(Debug, Default)]
pub(super) struct Index(Vec<u32>);

impl Index {
    /// Sorts a list by a key; a short list needs no index.
    pub(super) fn of<T>(items: &[T], key: fn(&T) -> &str) -> Self {
        Index::by(items, |a, b| key(a).cmp(key(b)))
    }

    /// Sorts a list by a comparison; a short list needs no index.
    pub(super) fn by<T>(items: &[T], compare: impl Fn(&T, &T) -> Ordering) -> Self {
        if items.len() <= FEW {
            return Index::default();
        }
        let mut places: Vec<u32> = (0..items.len()).map_while(|place| u32::try_from(place).ok()).collect();
        places.sort_by(|a, b| {
            step(1);
            compare(&items[*a as usize], &items[*b as usize])
        });
        Index(places)
    }

    /// The items of the same list that have a key, in the order of the list.
    pub(super) fn find<'t, 'w, T>(
        &'t self,
        items: &'t [T],
        key: fn(&T) -> &str,
        wanted: &'w str,
    ) -> impl Iterator<Item = &'t T> + use<'t, 'w, T> {
        self.find_by(items, move |item| key(item).cmp(wanted))
    }

    /// The items of the same list for which `compare` returns `Equal`, in the order of the list.
    pub(super) fn find_by<'t, T, C: Fn(&T) -> Ordering + Copy>(
        &'t self,
        items: &'t [T],
        compare: C,
    ) -> impl Iterator<Item = &'t T> + use<'t, T, C> {
        let compare = move |item: &T| {
            step(1);
            compare(item)
        };
        let first = self.0.partition_point(|place| compare(&items[*place as usize]).is_lt());
        let sorted = self.0[first..].iter().map(|place| &items[*place as usize]);
        let short = if self.0.is_empty() { items } else { &[] };
        let equal = move |item: &&T| compare(item).is_eq();
        sorted.take_while(equal).chain(short.iter().filter(equal))
    }

    /// Whether two items of the same list have the same key.
    pub(super) fn has_duplicates<T>(&self, items: &[T], key: fn(&T) -> &str) -> bool {
        if self.0.is_empty() {
            return (1..items.len()).any(|i| items[..i].iter().any(|item| key(item) == key(&items[i])));
        }
        self.0.windows(2).any(|pair| key(&items[pair[0] as usize]) == key(&items[pair[1] as usize]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_finds_the_same_items_as_a_linear_search() {
        for count in [0, 1, 2, FEW, FEW + 1, 500] {
            let list: Vec<(String, usize)> = (0..count).map(|i| (format!("k{}", (i * 7) % 100), i)).collect();
            let key: fn(&(String, usize)) -> &str = |item| &item.0;
            let order = Index::of(&list, key);
            for wanted in (0..101).map(|i| format!("k{i}")).chain([String::new(), "z".to_owned()]) {
                let found: Vec<_> = order.find(&list, key, &wanted).collect();
                assert_eq!(found, list.iter().filter(|item| item.0 == wanted).collect::<Vec<_>>(), "{count} {wanted}");
            }
            assert_eq!(order.has_duplicates(&list, key), count > 100);
        }
    }
}
