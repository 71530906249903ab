//! No two files use each other, directly or through others. A file that declares a module does not use it by that alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::none;
use crate::tree::{Module, Tree};
use crate::uses::Path;

/// For each file the files that it uses, each with the first line that does. Tests are left aside: they are compiled after
/// the code that they test.
type Edges<'t> = BTreeMap<&'t Module, BTreeMap<&'t Module, usize>>;

fn edges(tree: &Tree) -> Edges<'_> {
    let used = |module| {
        let mut edges = BTreeMap::new();
        for used in tree.files[module].uses.iter().filter(|used| !used.test) {
            let Path::Own(path) = &used.path else { continue };
            let other = &tree.file_of(path).module;
            if other != module {
                edges.entry(other).or_insert(used.line);
            }
        }
        edges
    };
    tree.files.keys().map(|module| (module, used(module))).collect()
}

/// The files that each file reaches.
fn reached<'t>(edges: &Edges<'t>, from: &'t Module) -> BTreeSet<&'t Module> {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(module) = open.pop() {
        open.extend(edges[module].keys().filter(|next| seen.insert(**next)));
    }
    seen
}

/// Each group of files that use each other, with the uses that make it one.
fn violations(tree: &Tree) -> Vec<String> {
    let edges = edges(tree);
    let reach: BTreeMap<&Module, BTreeSet<&Module>> = edges.keys().map(|from| (*from, reached(&edges, from))).collect();
    let mut groups = BTreeSet::new();
    for (module, reaches) in &reach {
        let group: BTreeSet<&Module> = reaches.iter().copied().filter(|other| reach[other].contains(module)).collect();
        groups.insert(group);
    }
    groups.iter().filter(|group| group.len() > 1).map(|group| described(&edges, group)).collect()
}

fn described(edges: &Edges<'_>, group: &BTreeSet<&Module>) -> String {
    let name = |module: &Module| if module.is_empty() { "lib".to_owned() } else { module.join("/") };
    let lines = group.iter().map(|module| {
        let inside = edges[module].iter().filter(|(other, _)| group.contains(*other));
        let inside = inside.map(|(other, line)| format!("{} (line {line})", name(other))).collect::<Vec<_>>();
        format!("  {} uses {}", name(module), inside.join(", "))
    });
    format!("{} files use each other:\n{}", group.len(), lines.collect::<Vec<_>>().join("\n"))
}

#[test]
fn no_files_use_each_other() {
    none(&violations(&Tree::of_this_package()));
}

#[test]
fn a_cycle_is_found_through_super_self_braces_and_other_files() {
    let cycle = |sources: &[(&str, &str)]| violations(&Tree::of(sources.iter().copied())).len();
    let lib = ("lib", "pub mod a;");
    assert_eq!(
        cycle(&[lib, ("a", "mod x; mod y;"), ("a/x", "use super::y::Y;"), ("a/y", "fn f() { super::x::g() }")]),
        1
    );
    assert_eq!(cycle(&[lib, ("a", "mod x; pub use x::X;"), ("a/x", "use super::A;")]), 1, "a parent and its child");
    assert_eq!(cycle(&[lib, ("a", "mod x; fn f() { self::x::g() }"), ("a/x", "use crate::{a::{A}};")]), 1);
    assert_eq!(
        cycle(&[("lib", ""), ("a", "use crate::b::B;"), ("b", "use crate::c;"), ("c", "fn f() { crate::a::g() }")]),
        1
    );
    for text in ["use crate::a as i; fn f() { i::x::g() }", "use super::a; fn f() -> a::x::G { g() }"] {
        let sources = [("lib", ""), ("a", ""), ("a/x", "use crate::b::B;"), ("b", text)];
        assert_eq!(cycle(&sources), 1, "through an imported module: {text}");
    }
    let feature = "enum E { #[cfg(test)] A } fn f() { super::b::g() }";
    assert_eq!(cycle(&[("lib", ""), ("a", feature), ("b", "use super::a::E;")]), 1, "after a variant for tests");
    assert_eq!(cycle(&[lib, ("a", "mod x;"), ("a/x", "use super::A;")]), 0, "a declaration is no use");
    assert_eq!(cycle(&[lib, ("a", "mod x; use x::X;"), ("a/x", "#[cfg(test)] mod tests { use crate::a::A; }")]), 0);
}
