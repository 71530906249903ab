//! The mounts that companions of this review add to app containers, found by their paths.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Bound;

use crate::inject::names::{ancestors, lies_below};
use crate::inject::plan::chosen::ContainerPlaces;
use crate::work::step;

/// Up to how many mounts are searched one by one.
const FEW: usize = 16;

/// A mount that a companion adds to app containers.
#[derive(Debug, Clone)]
pub(in crate::inject) struct ReservedMount<'a> {
    pub(in crate::inject) containers: Cow<'a, ContainerPlaces>,
    pub(in crate::inject) path: Cow<'a, str>,
    pub(in crate::inject) volume: &'a str,
    pub(in crate::inject) sub_path: &'a str,
    pub(in crate::inject) read_only: bool,
    pub(in crate::inject) source: MountSource,
    pub(in crate::inject) companion: &'a str,
}

/// What a volume's source allows.
#[derive(Debug, Clone, Copy)]
pub(in crate::inject) struct MountSource {
    /// Whether companions can join the volume.
    pub(in crate::inject) shareable: bool,
    pub(in crate::inject) empty_dir: bool,
    pub(in crate::inject) read_only: bool,
}

/// Paths with the places of their mounts.
type Index<'a> = BTreeSet<(Cow<'a, str>, usize)>;

/// All mounts, in the order in which they were reserved.
#[derive(Debug, Default)]
pub(super) struct ReservedMounts<'a> {
    items: Vec<ReservedMount<'a>>,
    /// The places of mounts by path; `None` where there are few. Two companions can mount at one path in different containers.
    index: Option<Index<'a>>,
}

impl<'a> ReservedMounts<'a> {
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn add(&mut self, mount: ReservedMount<'a>) {
        self.items.push(mount);
        if self.items.len() <= FEW {
            return;
        }
        let first = if self.index.is_none() { 0 } else { self.items.len() - 1 };
        let index = self.index.get_or_insert_default();
        index.extend(self.items.iter().enumerate().skip(first).map(|(at, mount)| (mount.path.clone(), at)));
    }

    pub(super) fn truncate(&mut self, len: usize) {
        let Some(index) = &mut self.index else { return self.items.truncate(len) };
        for (at, mount) in self.items.drain(len..).enumerate() {
            index.remove(&(mount.path, len + at));
        }
    }

    /// The mounts at a path.
    pub(super) fn at<'c>(&'c self, path: &'c str) -> impl Iterator<Item = &'c ReservedMount<'a>> {
        self.matching(path, |other, path| other == path, range)
    }

    /// The mounts above or below a path.
    pub(super) fn around<'c>(&'c self, path: &'c str) -> impl Iterator<Item = &'c ReservedMount<'a>> {
        let around = |other: &str, path: &str| lies_below(other, path) || lies_below(path, other);
        self.matching(path, around, |index, path| {
            let above = ancestors(path).flat_map(|parent| range(index, parent)).collect::<Vec<_>>();
            let first = (Cow::Owned(format!("{}/", path.trim_end_matches('/'))), 0);
            let after = index.range((Bound::Included(first), Bound::Unbounded)).map(|(other, at)| (other, *at));
            let below = after.take_while(|(other, _)| lies_below(other, path)).map(|(_, at)| at);
            above.into_iter().chain(below).collect()
        })
    }

    fn matching<'c>(
        &'c self,
        path: &'c str,
        matches: impl Fn(&str, &str) -> bool + 'c,
        find: impl FnOnce(&'c Index<'a>, &'c str) -> Vec<usize>,
    ) -> impl Iterator<Item = &'c ReservedMount<'a>> {
        let few = if self.index.is_none() { &self.items[..] } else { &[] };
        let found = self.index.as_ref().map_or_else(Vec::new, |index| find(index, path));
        step(few.len() + 16 + found.len());
        few.iter().filter(move |m| matches(&m.path, path)).chain(found.into_iter().map(|at| &self.items[at]))
    }
}

fn range(index: &Index<'_>, path: &str) -> Vec<usize> {
    step(16);
    let first = (Cow::Borrowed(path), 0);
    index.range(first..).take_while(|(other, _)| other == path).map(|(_, at)| *at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_indexed_search_finds_the_same_mounts_as_a_linear_one() {
        let paths = ["/a", "/a/b", "/a/b/c", "/a-b", "/ab", "/", "/z"];
        let mount = |path: String| ReservedMount {
            containers: Cow::Owned([0].into_iter().collect()),
            path: path.into(),
            volume: "v",
            sub_path: "",
            read_only: false,
            source: MountSource { shareable: true, empty_dir: true, read_only: false },
            companion: "c",
        };
        let (mut few, mut many) = (ReservedMounts::default(), ReservedMounts::default());
        for path in paths {
            few.add(mount(path.to_owned()));
            many.add(mount(path.to_owned()));
        }
        (0..3 * FEW).for_each(|i| many.add(mount(format!("/other/{i}"))));
        let sorted = |found: Vec<&ReservedMount<'_>>| {
            let mut paths: Vec<String> = found.iter().map(|m| m.path.to_string()).collect();
            paths.sort();
            paths
        };
        for path in ["/a", "/a/b", "/a/x", "/b", "/z/y/x"] {
            assert_eq!(sorted(few.at(path).collect()), sorted(many.at(path).collect()), "{path}");
            assert_eq!(sorted(few.around(path).collect()), sorted(many.around(path).collect()), "{path}");
        }
        many.truncate(paths.len());
        assert!(many.at("/other/1").next().is_none() && many.at("/a").next().is_some());
    }
}
