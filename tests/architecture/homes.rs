//! Each rule has one home. Where a second spelling of it appears, the two will differ one day.

use crate::none;
use crate::tokens::{Kind, Token, code};
use crate::tree::{File, Tree, below, root};

/// What gives a rule away, its home, and where else it may be spelled, each with the reason.
struct Rule {
    name: &'static str,
    spelling: Spelling,
    home: &'static str,
    also: &'static [(&'static str, &'static str)],
}

enum Spelling {
    /// A string literal that is exactly one of these.
    Literal(&'static [&'static str]),
    /// A string literal that contains this.
    Within(&'static str),
    /// These tokens, one after the other.
    Code(&'static [&'static str]),
}

const RULES: &[Rule] = &[
    Rule {
        name: "escaping of JSON pointers (RFC 6901)",
        spelling: Spelling::Literal(&["~0", "~1"]),
        home: "json/pointer",
        also: &[],
    },
    Rule {
        name: "the names of the two lists of containers",
        spelling: Spelling::Literal(&["initContainers"]),
        home: "inject/container_list",
        also: &[
            ("inject/pod/read", "the names of the fields that are read of a Pod"),
            ("inject/patch/status", "the format of our annotation, which lists containers under the same keys"),
            ("policies/rules/", "expressions of the policies, whose variables have these names"),
        ],
    },
    Rule {
        name: "protocols of ports",
        spelling: Spelling::Literal(&["UDP", "SCTP"]),
        home: "inject/protocol",
        also: &[],
    },
    Rule { name: "paths of the webhooks", spelling: Spelling::Within("/inject/"), home: "webhook", also: &[] },
    Rule {
        name: "exponential back-off",
        spelling: Spelling::Code(&["*", "2", ")", ".", "min", "("]),
        home: "watch/backoff",
        also: &[],
    },
    Rule {
        name: "exponential back-off",
        spelling: Spelling::Code(&["*", "2", ")", ".", "clamp", "("]),
        home: "watch/backoff",
        also: &[],
    },
    Rule {
        name: "exponential back-off",
        spelling: Spelling::Code(&["saturating_mul", "(", "2", ")"]),
        home: "watch/backoff",
        also: &[],
    },
    Rule { name: "did you mean", spelling: Spelling::Code(&["strsim", ":", ":"]), home: "text", also: &[] },
    Rule { name: "truncation", spelling: Spelling::Code(&["push", "(", "'…'", ")"]), home: "text", also: &[] },
    Rule {
        name: "the message of a watch that fails",
        spelling: Spelling::Literal(&["InitialListFailed"]),
        home: "watch/",
        also: &[],
    },
    Rule {
        name: "the message of a watch that fails",
        spelling: Spelling::Code(&["InitialListFailed"]),
        home: "watch/",
        also: &[],
    },
    Rule {
        name: "where a Pod template is",
        spelling: Spelling::Literal(&["jobTemplate"]),
        home: "workload",
        also: &[],
    },
    Rule {
        name: "the prefixes of our keys",
        spelling: Spelling::Literal(&["podgraft.dev/", "text.podgraft.dev/", "companions.podgraft.dev/"]),
        home: "inject/keys",
        also: &[("source/files/manifests", "the group of our resources, which is the prefix of their apiVersion")],
    },
    Rule {
        name: "the keys that users set",
        spelling: Spelling::Literal(&["podgraft.dev/companions", "podgraft.dev/containers", "podgraft.dev/inject"]),
        home: "inject/keys",
        also: &[("inject/verdict/", "examples of the sentences of the page of reasons")],
    },
    Rule {
        name: "the path of the Pod's token",
        spelling: Spelling::Literal(&["/var/run/secrets/kubernetes.io/serviceaccount"]),
        home: "inject/keys",
        also: &[],
    },
];

impl Spelling {
    /// The lines in which it is.
    fn lines(&self, tokens: &[Token]) -> Vec<usize> {
        let at = |at: usize| match self {
            Spelling::Literal(texts) => tokens[at].kind == Kind::Text && texts.contains(&&*tokens[at].text),
            Spelling::Within(part) => tokens[at].kind == Kind::Text && tokens[at].text.contains(part),
            Spelling::Code(words) => {
                words.iter().enumerate().all(|(i, word)| tokens.get(at + i).is_some_and(|token| token.is(word)))
            }
        };
        let mut lines: Vec<_> = (0..tokens.len()).filter(|index| at(*index)).map(|index| tokens[index].line).collect();
        lines.dedup();
        lines
    }
}

fn violations(tree: &Tree) -> Vec<String> {
    let found = |rule: &Rule, file: &File| {
        let path = file.module.join("/");
        let at_home = path.starts_with(rule.home.trim_end_matches('/'))
            || rule.also.iter().any(|(also, _)| path.starts_with(also));
        let lines = if at_home { Vec::new() } else { rule.spelling.lines(&file.shipped) };
        let message = |line| format!("src/{path}.rs:{line}: {}; its home is src/{}", rule.name, rule.home);
        lines.into_iter().map(message).collect::<Vec<_>>()
    };
    RULES.iter().flat_map(|rule| tree.files.values().flat_map(move |file| found(rule, file))).collect()
}

#[test]
fn no_rule_is_spelled_out_outside_its_home() {
    none(&violations(&Tree::of_this_package()));
}

#[test]
fn every_home_exists_and_every_exception_is_needed() {
    let tree = Tree::of_this_package();
    let spelled = |rule: &Rule, folder: &str| {
        let files = tree.files.values().filter(|file| file.module.join("/").starts_with(folder.trim_end_matches('/')));
        files.map(|file| rule.spelling.lines(&file.shipped).len()).sum::<usize>() > 0
    };
    for rule in RULES {
        assert!(
            tree.files.keys().any(|module| module.join("/").starts_with(rule.home.trim_end_matches('/'))),
            "src/{}, the home of {}, does not exist",
            rule.home,
            rule.name
        );
        for (also, why) in rule.also {
            assert!(spelled(rule, also), "src/{also} no longer spells out {}; remove the exception ({why})", rule.name);
        }
    }
}

#[test]
fn a_second_spelling_is_found_and_tests_are_left_alone() {
    let of = |path: &str, text: &str| violations(&Tree::of([("lib", ""), (path, text)])).len();
    assert_eq!(of("http/router", r#"fn f() -> String { key.replace('/', "~1") }"#), 1);
    assert_eq!(of("json/pointer", r#"fn f() -> String { key.replace('/', "~1") }"#), 0);
    assert_eq!(of("http/router", r#"#[cfg(test)] mod tests { fn f() { key.replace('/', "~1") } }"#), 0);
    assert_eq!(of("http/router", r#"fn f() { g("/inject/requested") }"#), 1);
    assert_eq!(of("source/retry", "fn f() { (pause * 2).min(LONGEST) }"), 1);
    assert_eq!(of("cli/near", "fn f() { strsim::osa_distance(a, b) }"), 1);
}

/// Files of tests that write goldens, besides the one that should.
fn golden_writers<'f>(files: impl IntoIterator<Item = (&'f str, &'f str)>) -> Vec<&'f str> {
    let asks = Spelling::Code(&["var_os", "("]);
    let names = Spelling::Literal(&["UPDATE"]);
    let writes = |text: &str| {
        let code = code(text);
        names.lines(&code).iter().any(|line| asks.lines(&code).contains(line))
    };
    files.into_iter().filter(|(name, text)| *name != "tests/support/golden.rs" && writes(text)).map(|f| f.0).collect()
}

#[test]
fn goldens_are_written_in_one_place() {
    let files = below(&root().join("tests")).into_iter().filter(|path| path.extension().is_some_and(|e| e == "rs"));
    let files: Vec<(String, String)> = files
        .map(|path| {
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    let writers = golden_writers(files.iter().map(|(name, text)| (&**name, &**text)));
    none(&writers.iter().map(|name| format!("{name} writes goldens; use support/golden.rs")).collect::<Vec<_>>());
    let (asking, naming) = (r#"fn f() { std::env::var_os("UPDATE") }"#, r#"json!({"operation": "UPDATE"})"#);
    assert_eq!(golden_writers([("tests/a.rs", asking), ("tests/b.rs", naming)]), ["tests/a.rs"]);
}
