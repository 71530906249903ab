//! The pure rooms have no I/O, no async, no clock and no randomness, and use few crates.

use crate::none;
use crate::tokens::{Kind, Token};
use crate::tree::{File, Tree};
use crate::uses::Path;

/// `work` is the counter of the pure rooms in builds with debug assertions, and `webhook` a list of names.
pub const PURE: [&str; 7] = ["inject", "json", "migrate", "text", "webhook", "work", "workload"];

/// The crates that pure rooms may use, and those that only their tests may.
const CRATES: [&str; 10] =
    ["std", "core", "memchr", "serde", "serde_json", "simdutf8", "regex_lite", "strsim", "strum", "wide"];
const CRATES_OF_TESTS: [&str; 3] = ["json_patch", "proptest", "serde_saphyr"];

/// Modules of `std` that reach out of the process, or whose results differ from run to run.
const IMPURE_MODULES: [&str; 8] = ["fs", "net", "io", "env", "process", "thread", "time", "os"];

/// The same, where they are named without their module; and what shares state.
const IMPURE_WORDS: [&str; 7] = ["SystemTime", "Instant", "RandomState", "async", "await", "thread_local", "extern"];
/// What can be changed through a shared reference of all threads, so that one review could depend on another.
const SHARED_STATE: [&str; 9] =
    ["Atomic", "Barrier", "Condvar", "LazyLock", "Mutex", "Once", "OnceLock", "RwLock", "mpsc"];

/// Files with shared state, each with the reason.
const STATEFUL: [(&str, &str); 3] = [
    ("work", "the counter of steps; only tests read it"),
    ("inject/companion/pattern/compiled", "the cache of automata changes how long a review takes, never its verdict"),
    ("inject/companion/injections", "the count of injections; no review reads it"),
];

const MACROS: [&str; 5] = ["println", "eprintln", "print", "eprint", "dbg"];

fn violations(tree: &Tree) -> Vec<String> {
    let crates = crates();
    let pure = tree.files.values().filter(|file| PURE.contains(&file.room()));
    pure.flat_map(|file| paths(file, &crates).chain(words(file)).chain(state(file)).collect::<Vec<_>>()).collect()
}

/// The crates that this package can name.
fn crates() -> Vec<String> {
    let manifest = include_str!("../../Cargo.toml");
    let sections = manifest.split("\n[").filter(|section| section.split(']').next().unwrap().ends_with("dependencies"));
    let names = sections.flat_map(str::lines).filter_map(|line| line.split_once(" = ")).map(|(name, _)| name);
    let crates: Vec<String> = names.chain(["std", "core", "alloc"]).map(|name| name.replace('-', "_")).collect();
    assert!(crates.len() > 30, "the dependencies were found");
    crates
}

fn paths<'f>(file: &'f File, crates: &'f [String]) -> impl Iterator<Item = String> + 'f {
    let others = file.uses.iter().filter_map(|used| match &used.path {
        Path::Other(path) if crates.contains(&path[0]) => Some((used, path)),
        _ => None,
    });
    let impure = others.filter(|(used, path)| {
        let first = &&*path[0];
        let known = CRATES.contains(first) || (used.test && CRATES_OF_TESTS.contains(first));
        let module = path.get(1).is_some_and(|module| IMPURE_MODULES.contains(&&**module));
        !known || (["std", "core"].contains(first) && module && !is_duration(path))
    });
    impure.map(|(used, path)| format!("{} uses {}", place(file, used.line), path.join("::")))
}

/// A length of time is a number.
fn is_duration(path: &[String]) -> bool {
    path.get(2).is_some_and(|name| name == "Duration")
}

fn words(file: &File) -> impl Iterator<Item = String> + '_ {
    let at = |at: usize| file.tokens.get(at).map_or("", |token| &token.text);
    let impure = move |(index, token): &(usize, &Token)| {
        token.kind == Kind::Word
            && (IMPURE_WORDS.contains(&&*token.text)
                || (MACROS.contains(&&*token.text) && at(index + 1) == "!")
                || (token.text == "static" && at(index + 1) == "mut"))
    };
    file.tokens
        .iter()
        .enumerate()
        .filter(impure)
        .map(|(_, token)| format!("{} has {}", place(file, token.line), token.text))
}

/// Shared state outside the files that may have it.
fn state(file: &File) -> impl Iterator<Item = String> + '_ {
    let excepted = STATEFUL.iter().any(|(path, _)| *path == file.module.join("/"));
    let found = shared_state(file).filter(move |_| !excepted);
    found.map(|token| format!("{} shares {} between threads", place(file, token.line), token.text))
}

fn shared_state(file: &File) -> impl Iterator<Item = &Token> {
    let is_shared = |name: &str| name.starts_with("Atomic") || SHARED_STATE.contains(&name);
    file.tokens.iter().filter(move |token| token.kind == Kind::Word && is_shared(&token.text))
}

pub fn place(file: &File, line: usize) -> String {
    format!("src/{}.rs:{line}", file.module.join("/"))
}

#[test]
fn the_pure_rooms_have_no_io_no_async_no_clock_and_no_randomness() {
    let tree = Tree::of_this_package();
    none(&violations(&tree));
    for (path, why) in STATEFUL {
        let file = tree.files.values().find(|file| file.module.join("/") == path);
        assert!(
            file.is_some_and(|file| shared_state(file).next().is_some()),
            "src/{path}.rs has no state; remove the exception ({why})"
        );
    }
}

#[test]
fn impurity_is_found_without_a_use_item_and_in_tests() {
    for text in [
        "use std::fs;",
        "use std::{fmt, io::Read};",
        "fn f() { std::fs::read(p); }",
        "fn f() { tracing::info!(a); }",
        "fn f() { println!(); }",
        "fn f() { Instant::now() }",
        "async fn f() {}",
        "static mut COUNT: u8 = 0;",
        "fn f() { std::r#fs::read(p); }",
        "use std::sync as s; static N: s::Mutex<u8> = s::Mutex::new(0);",
        "static N: std::sync::OnceLock<u8> = std::sync::OnceLock::new();",
        "use std::sync::{LazyLock as L}; static N: L<u8> = L::new(f);",
        "fn f() { tokio::spawn(g) }",
        "#[cfg(test)] mod tests { use std::time::SystemTime as T; }",
    ] {
        for room in PURE.into_iter().filter(|room| *room != "work") {
            assert!(!violations(&Tree::of([("lib", ""), (room, text)])).is_empty(), "{room}: {text}");
        }
    }
    let counter = "static N: AtomicUsize = AtomicUsize::new(0);";
    assert!(!violations(&Tree::of([("lib", ""), ("work/more", counter)])).is_empty());
    assert_eq!(violations(&Tree::of([("lib", ""), ("work", counter)])), [""; 0]);
    let pure = "use std::{fmt, time::Duration}; // println!\nfn f() -> &'static str { \"async\" }";
    assert_eq!(violations(&Tree::of([("lib", ""), ("text", pure), ("http", "use std::fs;")])), [""; 0]);
}
