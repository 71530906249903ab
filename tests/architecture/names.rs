//! One name, one meaning; and no name that says nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::homes::is_within;
use crate::none;
use crate::tokens::Kind;
use crate::tree::{File, Tree};

/// Models of the same nouns: the wire, the borrowed view and what was compiled of it. They may share names with each other,
/// but with no other room.
const MODELS: [&str; 3] = ["api/v1alpha1", "inject/pod", "inject/companion"];

/// Names that two types have all the same, each with the reason.
const SHARED: [(&str, &str); 4] = [
    ("Metrics", "each room registers the metrics of what it does"),
    ("Position", "of a companion in the list of containers, as the API calls it; and of a value in a text"),
    ("Protocol", "the wire, and what is compiled of it for ports of Pods and companions"),
    (
        "Status",
        "of a companion, as the API calls it; and the annotation of a Pod, which is called the status annotation",
    ),
];

const VAGUE: [&str; 11] =
    ["util", "utils", "common", "helper", "helpers", "manager", "managers", "types", "misc", "service", "services"];

/// The types of a file that others can see, tests left aside.
fn types(file: &File) -> Vec<String> {
    let mut found = Vec::new();
    let is = |at: usize, words: &[&str]| file.shipped.get(at).is_some_and(|t| words.iter().any(|word| t.is(word)));
    for at in (0..file.shipped.len()).filter(|at| is(*at, &["pub"])) {
        let end = (at..file.shipped.len()).find(|at| is(*at, &[")"])).unwrap_or(at);
        let item = if is(at + 1, &["("]) { end + 1 } else { at + 1 };
        if is(item, &["struct", "enum", "trait", "type", "union"]) {
            found.extend(file.shipped.get(item + 1).filter(|t| t.kind == Kind::Word).map(|t| t.text.clone()));
        }
    }
    found
}

fn shared_names(tree: &Tree) -> Vec<String> {
    let mut shared = shared(tree);
    shared.retain(|name, _| !SHARED.iter().any(|(known, _)| known == name));
    shared.iter().map(|(name, homes)| format!("{name} is a type of {}", homes.join(" and of "))).collect()
}

/// The names of several types, each with the files of the types.
fn shared(tree: &Tree) -> BTreeMap<String, Vec<String>> {
    let mut homes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in tree.files.values() {
        let path = file.module.join("/");
        for name in types(file) {
            homes.entry(name).or_default().push(path.clone());
        }
    }
    let model = |path: &String| MODELS.into_iter().find(|model| is_within(path, model));
    let is_shared = |homes: &[String]| {
        let models: BTreeSet<_> = homes.iter().map(model).collect();
        homes.len() > 1 && (models.contains(&None) || models.len() < homes.len())
    };
    homes.retain(|_, homes| is_shared(homes));
    homes
}

fn vague(tree: &Tree) -> Vec<String> {
    let modules = tree.files.keys().filter(|module| module.iter().any(|part| VAGUE.contains(&&**part)));
    modules.map(|module| format!("src/{}.rs", module.join("/"))).collect()
}

#[test]
fn no_two_public_types_have_one_name() {
    let tree = Tree::of_this_package();
    none(&shared_names(&tree));
    for (name, why) in SHARED {
        assert!(shared(&tree).contains_key(name), "{name} is one type now; remove the exception ({why})");
    }
}

#[test]
fn no_module_has_a_vague_name() {
    none(&vague(&Tree::of_this_package()));
    assert_eq!(vague(&Tree::of([("http/utils", "")])).len(), 1);
}

#[test]
fn a_name_of_two_types_is_found_whatever_their_visibility() {
    let count = |a: &str, b: &str| shared_names(&Tree::of([("a", a), ("b", b)])).len();
    assert_eq!(count("pub struct Place;", "pub(crate) enum Place {}"), 1);
    assert_eq!(count("pub(super) type Place = u8;", "pub(in crate::b) trait Place {}"), 1);
    assert_eq!(count("struct Place;", "pub struct Place;"), 0, "a private type is of its file alone");
    assert_eq!(count("pub struct Place;", "// pub struct Place\nfn f(place: pub_struct::Place) {}"), 0);
    let models = Tree::of([("inject/pod/volume", "pub struct Volume;"), ("api/v1alpha1/volume", "pub struct Volume;")]);
    assert_eq!(shared_names(&models), [""; 0]);
    let outside = |path| Tree::of([("inject/pod/volume", "pub struct Volume;"), (path, "pub struct Volume;")]);
    for path in ["tls/volume", "inject/pods", "inject/pod/other"] {
        assert_eq!(shared_names(&outside(path)).len(), 1, "{path}");
    }
}
