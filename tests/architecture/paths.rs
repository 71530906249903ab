//! Every dependency of a source file can be read from the paths in it. What hides one is forbidden: another name for a
//! crate, all names of a crate, a file that is not where its module is.

use crate::none;
use crate::tokens::Kind;
use crate::tree::{File, Tree};
use crate::uses::{Path, Use};

fn violations(tree: &Tree) -> Vec<String> {
    let found = tree.files.values().flat_map(|file| renamed_crates(file).chain(hidden_files(file)).collect::<Vec<_>>());
    found.collect()
}

/// `use crate as c`, `use super::*` at the top, `use std as s`, `use std::*`.
fn renamed_crates(file: &File) -> impl Iterator<Item = String> + '_ {
    let is_crate = |used: &&Use| match &used.path {
        Path::Own(path) => path.is_empty(),
        Path::Other(path) => path.len() == 1 && path[0].starts_with(char::is_lowercase),
    };
    let renamed = file.uses.iter().filter(|used| used.renames).filter(is_crate);
    renamed.map(|used| format!("{} renames a crate or imports all of it", place(file, used.line)))
}

/// `#[path]`, `include!` and `extern crate`; text and bytes can be included.
fn hidden_files(file: &File) -> impl Iterator<Item = String> + '_ {
    let is = |at: usize, text: &str| file.tokens.get(at).is_some_and(|token| token.is(text));
    let hides = move |at: &usize| {
        file.tokens[*at].kind == Kind::Word
            && ((is(*at, "path") && is(at + 1, "=") && *at > 0 && (is(at - 1, "[") || is(at - 1, ",")))
                || (is(*at, "include") && (is(at + 1, "!") || *at > 0 && is(at - 1, ":")))
                || (is(*at, "extern") && is(at + 1, "crate")))
    };
    let hiding = (0..file.tokens.len()).filter(hides).map(|at| &file.tokens[at]);
    hiding.map(|token| format!("{} hides a file or a crate: {}", place(file, token.line), token.text))
}

fn place(file: &File, line: usize) -> String {
    format!("src/{}.rs:{line}", file.module.join("/"))
}

#[test]
fn every_dependency_can_be_read_from_the_paths() {
    none(&violations(&Tree::of_this_package()));
}

#[test]
fn a_hidden_dependency_is_found() {
    let count = |text: &str| violations(&Tree::of([("lib", ""), ("tls", ""), ("tls/pair", text)])).len();
    for text in [
        "use crate as c;",
        "use podgraft as p;",
        "use super::super as top;",
        "use super::super::*;",
        "use crate::{self as c};",
        "use crate::*;",
        "use std as s;",
        "use std::*;",
        "use std::{self as s, fmt};",
        "use ::tokio as t;",
        "#[path = \"../http/pair.rs\"] mod p;",
        "#[cfg_attr(unix, path = \"../http/pair.rs\")] mod p;",
        "include!(\"x.inc\");",
        "use std::include as i;",
        "extern crate self as me;",
        "fn f() { use crate as c; }",
    ] {
        assert!(count(text) > 0, "{text}");
    }
    for text in [
        "use super::*;",
        "use Reason::*;",
        "use crate::tls::{self as t};",
        "use std::fmt as f;",
        "fn f() { include_str!(\"a\"); include_bytes!(\"b\"); let path = \"a\".len(); }",
    ] {
        assert_eq!(count(text), 0, "{text}");
    }
}
