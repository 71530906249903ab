//! The pure rooms do not depend on the order of a hash map or a hash set, which differs from run to run. They look up in
//! them, and iterate over lists and BTrees.

use std::collections::{BTreeMap, BTreeSet};

use crate::none;
use crate::purity::{PURE, place};
use crate::tokens::Kind;
use crate::tree::{File, Tree};

/// Files that iterate, each with the reason why the order does not matter.
const EXCEPTIONS: [(&str, &str); 4] = [
    (
        "inject/companion/catalog",
        "the callers of `names` take the first of the nearest names in the order of the alphabet, or sort; `entries` is \
         for counts and tests; `len` is a sum",
    ),
    ("inject/companion/catalog/scope", "the iterators of a place are only for the catalog, which passes them on"),
    ("inject/companion/catalog/automatic", "the caller of `of` sorts by name; the values of a selector are a list"),
    ("inject/request/namespace", "`relabeled` makes a map of a map"),
];

/// What iterates over a collection.
const METHODS: [&str; 15] = [
    "iter",
    "iter_mut",
    "into_iter",
    "keys",
    "into_keys",
    "values",
    "values_mut",
    "into_values",
    "drain",
    "retain",
    "extract_if",
    "difference",
    "symmetric_difference",
    "intersection",
    "union",
];

/// What iterates over its argument.
const CONSUMERS: [&str; 5] = ["extend", "chain", "zip", "from_iter", "for_each"];

/// The shipped tokens of a file, and the names in it that are hash collections.
struct Reader<'f> {
    file: &'f File,
    types: BTreeSet<&'f str>,
    /// Each with the place from which it is one: after its `let`, which can shadow a list of the same name.
    names: BTreeMap<&'f str, usize>,
}

impl<'f> Reader<'f> {
    fn new(file: &'f File) -> Self {
        let mut reader =
            Reader { file, types: BTreeSet::from(["HashMap", "HashSet", "SharedMap"]), names: BTreeMap::new() };
        for at in 0..file.shipped.len() {
            if reader.is(at, "type") && reader.types.contains(reader.text(at + 3)) {
                reader.types.insert(reader.text(at + 1));
            }
        }
        for at in 0..file.shipped.len() {
            if reader.types.contains(reader.text(at)) {
                for (name, from) in reader.named(at) {
                    reader.names.entry(name).or_insert(from);
                }
            }
        }
        reader
    }

    fn text(&self, at: usize) -> &'f str {
        self.file.shipped.get(at).filter(|token| token.kind != Kind::Text).map_or("", |token| &token.text)
    }

    fn is(&self, at: usize, text: &str) -> bool {
        self.text(at) == text
    }

    /// The names of the fields, parameters and variables whose type or value a hash collection is.
    fn named(&self, at: usize) -> Vec<(&'f str, usize)> {
        let begin = (0..at).rev().find(|at| [";", "{", "}"].contains(&self.text(*at))).map_or(0, |at| at + 1);
        let end = (at..self.file.shipped.len()).find(|at| self.is(*at, ";")).unwrap_or(at);
        let binding = (begin..at).rev().find(|at| self.is(*at, "let"));
        let is_value = self.is(at + 1, ":") || self.is(at.wrapping_sub(1), "<") && self.before_colon(at).is_none();
        match binding {
            Some(binding) if is_value => self.bound(binding, at).into_iter().map(|name| (name, end)).collect(),
            Some(_) => self.before_colon(at).map(|name| (name, end)).into_iter().collect(),
            None if (begin..at).any(|at| self.is(at, "struct")) && self.is(at.wrapping_sub(1), "(") => vec![("0", 0)],
            None => self.before_colon(at).map(|name| (name, 0)).into_iter().collect(),
        }
    }

    /// The name before the colon of a type, such as `a` in `a: &'s HashMap<…>` and `a: Option<HashMap<…>>`.
    fn before_colon(&self, at: usize) -> Option<&'f str> {
        let mut at = at;
        while at > 1 && !["(", "{", "}", ";", ",", "=", ")"].contains(&self.text(at)) {
            at -= 1;
            if self.is(at, ":") && !self.is(at - 1, ":") && !self.is(at + 1, ":") {
                return Some(self.text(at - 1));
            }
        }
        None
    }

    /// The names of a `let` before its value; of a tuple the one at the place of the value.
    fn bound(&self, binding: usize, value: usize) -> Vec<&'f str> {
        let equals = (binding..value).find(|at| self.is(*at, "=")).unwrap_or(value);
        let is_name = |at: &usize| self.file.shipped[*at].kind == Kind::Word && !self.is(*at, "mut");
        let names: Vec<&str> = (binding + 1..equals).filter(is_name).map(|at| self.text(at)).collect();
        let place = (equals..value).filter(|at| self.is(*at, ",")).count();
        if self.is(equals + 1, "(") && names.len() > place { vec![names[place]] } else { names }
    }

    /// Whether the collection at a place is iterated over.
    fn iterates(&self, at: usize) -> bool {
        if self.types.contains(self.text(at)) {
            return self.is(at + 1, ":") && METHODS.contains(&self.text(at + 3)) || self.iterates_collected(at);
        }
        if self.names.get(self.text(at)).is_none_or(|from| at < *from) || self.is(at + 1, ":") {
            return false;
        }
        let mut before = at.wrapping_sub(1);
        while ["self", ".", "&", "mut"].contains(&self.text(before)) {
            before = before.wrapping_sub(1);
        }
        let method = self.is(at + 1, ".") && METHODS.contains(&self.text(at + 2));
        let argument = self.is(before, "(") && CONSUMERS.contains(&self.text(before.wrapping_sub(1)));
        method
            || (self.is(before, "in") && self.is(at + 1, "{"))
            || (argument && (self.is(at + 1, ")") || self.is(at + 1, ",")))
    }

    /// `collect::<HashSet<_>>().iter()`.
    fn iterates_collected(&self, at: usize) -> bool {
        let end = (at..self.file.shipped.len()).find(|at| self.is(*at, "(") || self.is(*at, ";"));
        let collected = self.is(at.wrapping_sub(1), "<") && self.is(at.wrapping_sub(4), "collect");
        collected && end.is_some_and(|end| self.is(end + 2, ".") && METHODS.contains(&self.text(end + 3)))
    }
}

fn iterations(file: &File) -> Vec<usize> {
    let reader = Reader::new(file);
    (0..file.shipped.len()).filter(|at| reader.iterates(*at)).map(|at| file.shipped[at].line).collect()
}

fn violations(tree: &Tree) -> Vec<String> {
    let excepted = |file: &File| EXCEPTIONS.iter().any(|(path, _)| *path == file.module.join("/"));
    let pure = tree.files.values().filter(|file| PURE.contains(&file.room()) && !excepted(file));
    let lines = pure.flat_map(|file| iterations(file).into_iter().map(move |line| (file, line)));
    lines.map(|(file, line)| format!("{} iterates over a hash collection", place(file, line))).collect()
}

#[test]
fn the_pure_rooms_do_not_depend_on_the_order_of_hashes() {
    let tree = Tree::of_this_package();
    none(&violations(&tree));
    for (path, why) in EXCEPTIONS {
        let module: Vec<String> = path.split('/').map(str::to_owned).collect();
        let lines = tree.files.get(&module).map(iterations).unwrap_or_default();
        assert!(!lines.is_empty(), "src/{path}.rs no longer iterates; remove the exception ({why})");
    }
}

#[test]
fn an_iteration_over_hashes_is_found() {
    let count = |text: &str| violations(&Tree::of([("lib", ""), ("text", text)])).len();
    for text in [
        "struct S { a: HashMap<u8, u8> } impl S { fn f(&self) { for x in &self.a {} } }",
        "struct S<'s>(HashSet<&'s str>); impl S<'_> { fn f(&self) { self.0.iter() } }",
        "fn f(a: &HashSet<u8>) { a.iter().map(g) }",
        "fn f(a: &'static mut std::collections::HashSet<u8>) { a.drain() }",
        "fn f() { let mut a = HashMap::new(); a.keys().next() }",
        "fn f() { let a: HashSet<u8> = g(); for x in a {} }",
        "fn f() { let (b, mut a) = (Vec::new(), HashSet::new()); b.extend(a) }",
        "fn f() { let a = g().collect::<HashSet<_>>(); a.into_iter() }",
        "fn f() { g().collect::<HashSet<_>>().into_iter() }",
        "type T = HashMap<u8, u8>; fn f(a: &T) { a.values() }",
        "fn f(a: Option<&HashMap<u8, u8>>) { a.into_iter().flat_map(HashMap::keys) }",
    ] {
        assert!(count(text) > 0, "{text}");
    }
    for text in [
        "fn f(a: &HashSet<u8>, b: &[u8]) -> bool { b.iter().any(|b| a.contains(b)) }",
        "fn f() { let (b, mut a) = (Vec::new(), HashSet::new()); a.insert(1); b.iter() }",
        "fn f() { let b: Vec<u8> = g(); let a: HashSet<u8> = b.iter().collect(); a.len() }",
        "fn f(a: &BTreeMap<u8, u8>) { a.iter() }",
        "fn f(a: &[u8]) { let a: HashSet<u8> = a.iter().collect(); a.len() }",
    ] {
        assert_eq!(count(text), 0, "{text}");
    }
}
