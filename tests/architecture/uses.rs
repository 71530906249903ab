//! Which paths a file names, in `use` items and anywhere else, macros included, and what they resolve to.

mod test_code;

use std::ops::Range;

use crate::tokens::{Kind, Token};
use crate::tree::Module;

/// A path that a file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    pub path: Path,
    pub line: usize,
    /// Whether it is in code that is compiled for tests only.
    pub test: bool,
    /// Whether it is a `use` that renames (`as`) or imports all names (`*`).
    pub renames: bool,
}

/// A resolved path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Path {
    /// In this crate.
    Own(Vec<String>),
    /// Of another crate, or a name that the file defines or imports.
    Other(Vec<String>),
}

/// What is found in a file.
pub struct Found {
    pub uses: Vec<Use>,
    /// Modules that it declares for tests only.
    pub test_modules: Vec<Module>,
    /// The tokens that are compiled for tests only.
    pub tests: Vec<Range<usize>>,
}

/// All paths of a file. `modules` are those of the crate: a path can begin with the name of a child.
pub fn found(file: &Module, tokens: &[Token], modules: &[Module]) -> Found {
    let mut walk = Walk {
        tokens,
        modules,
        inline: Vec::new(),
        depth: 0,
        uses: Vec::new(),
        test_modules: Vec::new(),
        tests: Vec::new(),
        imports: Vec::new(),
    };
    walk.run(file);
    walk.follow_imports();
    Found { uses: walk.uses, test_modules: walk.test_modules, tests: walk.tests }
}

struct Walk<'t> {
    tokens: &'t [Token],
    modules: &'t [Module],
    /// The inline modules that are open, each with the depth of its brace.
    inline: Vec<(String, usize)>,
    depth: usize,
    uses: Vec<Use>,
    test_modules: Vec<Module>,
    tests: Vec<Range<usize>>,
    /// The modules that the file imports, each with its name in the file. The scope of a `use` is not looked at.
    imports: Vec<(String, Module)>,
}

impl Walk<'_> {
    fn run(&mut self, file: &Module) {
        let (mut at, mut test_until) = (0, 0);
        while at < self.tokens.len() {
            if self.begins_with(at, &["#", "[", "cfg", "(", "test", ")", "]"]) {
                test_until = test_until.max(test_code::end(self.tokens, at + 7));
                self.tests.push(at..test_until);
            }
            at = self.step(file, at, at < test_until);
        }
    }

    /// Looks at a token and returns where to go on.
    fn step(&mut self, file: &Module, at: usize, test: bool) -> usize {
        let token = &self.tokens[at];
        if token.is("{") {
            self.depth += 1;
        } else if token.is("}") {
            self.depth -= 1;
            self.inline.retain(|(_, depth)| *depth <= self.depth);
        } else if token.is("mod") && self.is(at + 2, "{") {
            self.inline.push((self.tokens[at + 1].text.clone(), self.depth + 1));
        } else if token.is("mod") && self.is(at + 2, ";") && test {
            let name = self.tokens[at + 1].text.clone();
            self.test_modules.push([self.module(file), vec![name]].concat());
        } else if token.is("pub") && self.is(at + 1, "(") {
            // A visibility is not a dependency.
            return (at..self.tokens.len()).find(|at| self.is(*at, ")")).map_or(at + 1, |end| end + 1);
        } else if token.is("use") && !self.is(at + 1, "<") {
            return self.use_tree(file, at + 1, &mut Vec::new(), test);
        } else if token.kind == Kind::Word {
            return self.path(file, at, test);
        }
        at + 1
    }

    /// A path in an expression, a type, a pattern or a macro.
    fn path(&mut self, file: &Module, mut at: usize, test: bool) -> usize {
        let line = self.tokens[at].line;
        let mut path = vec![self.tokens[at].text.clone()];
        while self.is(at + 1, ":") && self.is(at + 2, ":") && self.tokens.get(at + 3).is_some_and(is_word) {
            path.push(self.tokens[at + 3].text.clone());
            at += 3;
        }
        if path.len() > 1 {
            let path = self.resolve(self.module(file), path);
            self.uses.push(Use { path, line, test, renames: false });
        }
        at + 1
    }

    /// One tree of a `use` item, after the given prefix; returns the place after it.
    fn use_tree(&mut self, file: &Module, mut at: usize, prefix: &mut Vec<String>, test: bool) -> usize {
        let length = prefix.len();
        let line = self.tokens[at].line;
        let mut name = None;
        while let Some(token) = self.tokens.get(at) {
            if token.is("{") {
                at = self.braces(file, at + 1, prefix, test);
                prefix.truncate(length);
                return at;
            }
            if token.is("as") || token.is("*") {
                name = self.tokens.get(at + 1).map(|token| token.text.clone());
                at += if token.is("as") { 2 } else { 1 };
            } else if token.is(";") || token.is(",") || token.is("}") {
                break;
            } else {
                if token.kind == Kind::Word {
                    prefix.push(token.text.clone());
                }
                at += 1;
            }
        }
        let renames = name.is_some();
        let path = self.resolve(self.module(file), prefix.clone());
        if let Path::Own(path) = &path {
            let name = name.or_else(|| path.last().cloned()).unwrap_or_default();
            if self.modules.contains(path) {
                self.imports.push((name, path.clone()));
            }
        }
        self.uses.push(Use { path, line, test, renames });
        prefix.truncate(length);
        at
    }

    fn braces(&mut self, file: &Module, mut at: usize, prefix: &mut Vec<String>, test: bool) -> usize {
        while !self.is(at, "}") {
            at = if self.is(at, ",") { at + 1 } else { self.use_tree(file, at, prefix, test) };
        }
        at + 1
    }

    /// Resolves paths that begin with an imported module, as in `use crate::inject as i; i::plan::f()`.
    fn follow_imports(&mut self) {
        for used in &mut self.uses {
            let Path::Other(path) = &used.path else { continue };
            let import = self.imports.iter().find(|(name, _)| *name == path[0]);
            if let Some((_, module)) = import {
                used.path = Path::Own([&module[..], &path[1..]].concat());
            }
        }
    }

    fn resolve(&self, mut module: Module, path: Vec<String>) -> Path {
        let mut rest = &path[..];
        match &*path[0] {
            "crate" | "podgraft" => (module, rest) = (Module::new(), &path[1..]),
            "self" => rest = &path[1..],
            "super" => {
                while rest.first().is_some_and(|part| part == "super") {
                    module.pop();
                    rest = &rest[1..];
                }
            }
            child => {
                let is_child = self.modules.contains(&[&module[..], &[child.to_owned()]].concat());
                if !is_child || (module.is_empty() && child == "main") {
                    return Path::Other(path.into_iter().filter(|part| part != "self").collect());
                }
            }
        }
        let rest = rest.iter().filter(|part| *part != "self").cloned();
        Path::Own(module.into_iter().chain(rest).collect())
    }

    /// The module at which the walk is.
    fn module(&self, file: &Module) -> Module {
        file.iter().chain(self.inline.iter().map(|(name, _)| name)).cloned().collect()
    }

    fn begins_with(&self, at: usize, marks: &[&str]) -> bool {
        marks.iter().enumerate().all(|(offset, mark)| self.is(at + offset, mark))
    }

    fn is(&self, at: usize, text: &str) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is(text))
    }
}

fn is_word(token: &Token) -> bool {
    token.kind == Kind::Word
}

#[test]
fn paths_are_found_in_every_position_and_resolved() {
    let text = "
        use super::{ports::{self, Port}, super::json::Reader as R};
        pub(in crate::nowhere) fn f(a: &crate::pod::Pod) { tracing::info!(\"crate::text\", self::child::g()) }
        mod inner { use super::h; fn i() { child::g() } }
        #[cfg(test)]
        mod tests { fn j() { assert!(crate::api::k()) } }
        fn l() { std::fs::read(x); child::m() }";
    let modules = [vec!["inject", "plan"], vec!["inject", "plan", "child"]];
    let modules = modules.map(|m| m.into_iter().map(str::to_owned).collect::<Module>());
    let found = found(&modules[0], &crate::tokens::code(text), &modules);
    let written = |path: &Path| match path {
        Path::Own(path) => format!("crate::{}", path.join("::")),
        Path::Other(path) => path.join("::"),
    };
    let all: Vec<String> = found.uses.iter().map(|u| written(&u.path)).collect();
    assert_eq!(
        all,
        [
            "crate::inject::ports",
            "crate::inject::ports::Port",
            "crate::json::Reader",
            "crate::pod::Pod",
            "tracing::info",
            "crate::inject::plan::child::g",
            "crate::inject::plan::h",
            "child::g",
            "crate::api::k",
            "std::fs::read",
            "crate::inject::plan::child::m",
        ]
    );
    let tests: Vec<String> = found.uses.iter().filter(|u| u.test).map(|u| written(&u.path)).collect();
    assert_eq!(tests, ["crate::api::k"]);
}
