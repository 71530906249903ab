//! The source files, as modules.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::tokens::{Token, code};
use crate::uses::{self, Use};

/// The path of a module below the crate, such as `["inject", "plan"]`; empty for the crate itself.
pub type Module = Vec<String>;

/// A source file. Each file is one module.
#[derive(Debug)]
pub struct File {
    pub module: Module,
    pub tokens: Vec<Token>,
    /// Its tokens without those that are compiled for tests only.
    pub shipped: Vec<Token>,
    pub uses: Vec<Use>,
}

impl File {
    /// The name of its room, which is the first part of its path.
    pub fn room(&self) -> &str {
        self.module.first().map_or("lib", |first| first)
    }
}

/// All files of a crate.
pub struct Tree {
    pub files: BTreeMap<Module, File>,
}

impl Tree {
    /// The library and the binary of this package.
    pub fn of_this_package() -> Self {
        let root = root().join("src");
        let sources = below(&root).into_iter().filter(|path| path.extension().is_some_and(|e| e == "rs"));
        let sources = sources.map(|path| {
            let name = path.strip_prefix(&root).unwrap().with_extension("").to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).unwrap())
        });
        let tree = Self::of(sources);
        assert!(tree.files.len() > 200, "the sources were found");
        tree
    }

    /// A crate out of texts, each with its path below `src` without its extension.
    pub fn of(sources: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<str>)>) -> Self {
        let texts: BTreeMap<Module, Vec<Token>> =
            sources.into_iter().map(|(path, text)| (module(path.as_ref()), code(text.as_ref()))).collect();
        let modules: Vec<Module> = texts.keys().cloned().collect();
        let found = texts.iter().map(|(module, tokens)| (module.clone(), uses::found(module, tokens, &modules)));
        let found: BTreeMap<Module, uses::Found> = found.collect();
        let only_tests = |module: &Module| {
            let above = (1..=module.len()).map(|length| module[..length].to_vec());
            above.into_iter().any(|m| found.values().any(|found| found.test_modules.contains(&m)))
        };
        let test: Vec<bool> = texts.keys().map(only_tests).collect();
        let files = texts.into_iter().zip(test).map(|((module, tokens), test)| {
            let found = &found[&module];
            let mut uses = found.uses.clone();
            for used in &mut uses {
                used.test |= test;
            }
            let in_tests = |at: &usize| test || found.tests.iter().any(|range| range.contains(at));
            let shipped = (0..tokens.len()).filter(|at| !in_tests(at)).map(|at| tokens[at].clone()).collect();
            (module.clone(), File { module, tokens, shipped, uses })
        });
        Tree { files: files.collect() }
    }

    /// The file that a path of the crate leads to: that of the longest module that it begins with.
    pub fn file_of(&self, path: &[String]) -> &File {
        let lengths = (0..=path.len()).rev();
        lengths.into_iter().find_map(|length| self.files.get(&path[..length])).expect("the crate has a file")
    }
}

fn module(path: &str) -> Module {
    let path = path.strip_suffix("/mod").unwrap_or(path);
    if path == "lib" { Module::new() } else { path.split('/').map(Into::into).collect() }
}

/// The root of the package.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below a folder, in order.
pub fn below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() { found.extend(below(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}
