//! One name, one meaning; and no name that says nothing.

use std::collections::BTreeMap;

use crate::none;
use crate::tokens::Kind;
use crate::tree::{File, Tree};

/// Models of the same nouns: the wire, the borrowed view and what was compiled of it.
const MODELS: [&str; 3] = ["api/v1alpha1", "inject/pod", "inject/companion"];

/// Names that several rooms give to the same role.
const ROLES: [(&str, &str); 1] = [("Metrics", "each room registers the metrics of what it does")];

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
    let mut homes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in tree.files.values() {
        let path = file.module.join("/");
        if !MODELS.iter().any(|model| path.starts_with(model)) {
            for name in types(file) {
                homes.entry(name).or_default().push(path.clone());
            }
        }
    }
    homes.retain(|name, homes| homes.len() > 1 && !ROLES.iter().any(|(role, _)| role == name));
    homes.iter().map(|(name, homes)| format!("{name} is a type of {}", homes.join(" and of "))).collect()
}

fn vague(tree: &Tree) -> Vec<String> {
    let modules = tree.files.keys().filter(|module| module.iter().any(|part| VAGUE.contains(&&**part)));
    modules.map(|module| format!("src/{}.rs", module.join("/"))).collect()
}

#[test]
fn no_two_public_types_have_one_name() {
    none(&shared_names(&Tree::of_this_package()));
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
}
