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
    /// A pause that is doubled, in any of the ways of [`doubles`].
    Doubled,
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
        spelling: Spelling::Within("initContainers"),
        home: "inject/container_list",
        also: &[
            ("inject/pod/read", "the names of the fields that are read of a Pod"),
            ("inject/patch/target", "the paths of the operations of a patch"),
            ("inject/patch/status", "the format of our annotation, which lists containers under the same keys"),
            ("policies/rules", "expressions of the policies, whose variables have these names"),
            ("api/v1alpha1/spec", "expressions of the custom resources"),
            ("api/validate/parameters/bindings", "a message that names both fields"),
        ],
    },
    Rule {
        name: "protocols of ports",
        spelling: Spelling::Literal(&["UDP", "SCTP"]),
        home: "inject/protocol",
        also: &[],
    },
    Rule { name: "paths of the webhooks", spelling: Spelling::Within("/inject/"), home: "webhook", also: &[] },
    Rule { name: "exponential back-off", spelling: Spelling::Doubled, home: "watch/backoff", also: &[] },
    Rule { name: "did you mean", spelling: Spelling::Code(&["strsim", ":", ":"]), home: "text/suggest", also: &[] },
    Rule {
        name: "truncation", spelling: Spelling::Code(&["push", "(", "'…'", ")"]), home: "text/truncate", also: &[]
    },
    Rule {
        name: "truncation",
        spelling: Spelling::Within("…"),
        home: "text/truncate",
        also: &[
            ("api/message", "a value is quoted after it is cut, so the ellipsis follows the quotes"),
            ("cli/offline/sentence", "a list of names, of which the first are written"),
        ],
    },
    Rule {
        name: "truncation",
        spelling: Spelling::Code(&[".", "chars", "(", ")", ".", "take", "("]),
        home: "", // nowhere: `text/truncate` keeps slices
        also: &[
            ("inject/companion/pattern/groups", "the length of an escape, which is two characters"),
            ("inject/plan/present/missing_parts", "the names are within a list that has its own bound"),
            ("manifest/syntax", "the characters before a column"),
            ("cli/offline/unreadable", "a value of a file of the user"),
        ],
    },
    Rule {
        name: "the message of a watch that fails",
        spelling: Spelling::Code(&["InitialListFailed"]),
        home: "watch",
        also: &[],
    },
    Rule { name: "where a Pod template is", spelling: Spelling::Within("jobTemplate"), home: "workload", also: &[] },
    Rule {
        name: "our keys and their prefixes",
        spelling: Spelling::Within("podgraft.dev/"),
        home: "inject/keys",
        also: &[
            ("inject/verdict", "sentences that name a key, and examples of them for the page of reasons"),
            ("policies/desired", "annotations of policies, which are written and read there alone"),
            ("policies/objects", "annotations of policies, which are written and read there alone"),
            ("policies/versions", "annotations of policies, which are written and read there alone"),
            ("api/v1alpha1", "the group of our resources, which is the prefix of their apiVersion"),
            ("cli/author/function", "an example of the help, which is the YAML of a companion"),
            ("cli/author/explain", "an example of the help, with a label of a Namespace"),
            ("cli/version", "the apiVersion in the output of `podgraft version`"),
        ],
    },
    Rule {
        name: "the path of the Pod's token",
        spelling: Spelling::Within("kubernetes.io/serviceaccount"),
        home: "inject/keys",
        also: &[],
    },
];

/// Whether a pause is doubled at a place: `pause * 2`, `2 * self.pause`, `pause << 1`, `pause + pause`, `pause * (1 << n)`,
/// `saturating_mul(2)`, `mul_f64(2.0)`, and `(anything * 2).min(longest)`.
fn doubles(tokens: &[Token], at: usize) -> bool {
    let is = |at: usize, text: &str| tokens.get(at).is_some_and(|token| token.is(text));
    let all = |at: usize, texts: &[&str]| texts.iter().enumerate().all(|(i, text)| is(at + i, text));
    let pause = |at: usize| {
        let names = ["pause", "delay", "wait", "backoff", "back_off", "interval", "sleep"];
        tokens.get(at).is_some_and(|t| t.kind == Kind::Word && names.iter().any(|n| t.text.to_lowercase().contains(n)))
    };
    // Past `self.` and the like.
    let operand = |at: usize| (at..).step_by(2).find(|at| !is(at + 1, ".")).unwrap_or(at);
    let call = |name: &str| is(at, name) && is(at + 1, "(");
    let bounded = ["min", "clamp"].iter().any(|bound| all(at, &["*", "2", ")", ".", bound, "("]));
    let multiplied = ["saturating_mul", "checked_mul", "mul"].iter().any(|name| call(name) && is(at + 2, "2"));
    let float = ["mul_f64", "mul_f32"].iter().any(|name| call(name));
    let after = all(at + 1, &["*", "2"]) || all(at + 1, &["<", "<", "1"]) || all(at + 1, &["*", "=", "2"]);
    let power = all(at + 1, &["*", "(", "1", "<", "<"]) || all(at + 1, &["*", "2", "."]);
    let sum = is(at + 1, "+") && pause(at) && tokens.get(operand(at + 2)).is_some_and(|t| t.text == tokens[at].text);
    let before = all(at, &["2", "*"]) && pause(operand(at + 2));
    bounded || multiplied || float || before || sum || (pause(at) && (after || power))
}

impl Spelling {
    /// The lines in which it is.
    fn lines(&self, tokens: &[Token]) -> Vec<usize> {
        let at = |at: usize| match self {
            Spelling::Literal(texts) => tokens[at].kind == Kind::Text && texts.contains(&&*tokens[at].text),
            Spelling::Within(part) => tokens[at].kind == Kind::Text && tokens[at].text.contains(part),
            Spelling::Code(words) => {
                words.iter().enumerate().all(|(i, word)| tokens.get(at + i).is_some_and(|token| token.is(word)))
            }
            Spelling::Doubled => doubles(tokens, at),
        };
        let mut lines: Vec<_> = (0..tokens.len()).filter(|index| at(*index)).map(|index| tokens[index].line).collect();
        lines.dedup();
        lines
    }
}

/// Whether a file is a module or below it.
pub fn is_within(path: &str, module: &str) -> bool {
    path.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn violations(tree: &Tree) -> Vec<String> {
    let found = |rule: &Rule, file: &File| {
        let path = file.module.join("/");
        let at_home = is_within(&path, rule.home) || rule.also.iter().any(|(also, _)| is_within(&path, also));
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

/// Homes and exceptions that do not spell their rule.
fn idle(tree: &Tree) -> Vec<String> {
    let spelled = |rule: &Rule, module: &str| {
        let mut files = tree.files.values().filter(|file| is_within(&file.module.join("/"), module));
        files.any(|file| !rule.spelling.lines(&file.shipped).is_empty())
    };
    let mut found = Vec::new();
    for rule in RULES {
        if !rule.home.is_empty() && !spelled(rule, rule.home) {
            found.push(format!("src/{}, the home of {}, does not spell it out", rule.home, rule.name));
        }
        let unneeded = rule.also.iter().filter(|(also, _)| !spelled(rule, also));
        found.extend(
            unneeded.map(|(also, why)| {
                format!("src/{also} no longer spells out {}; remove the exception ({why})", rule.name)
            }),
        );
    }
    found
}

#[test]
fn every_home_and_every_exception_spells_its_rule() {
    none(&idle(&Tree::of_this_package()));
    let expected = RULES.iter().map(|rule| rule.also.len() + usize::from(!rule.home.is_empty())).sum::<usize>();
    assert_eq!(idle(&Tree::of([("lib", ""), ("json/pointer", "fn f() {}")])).len(), expected);
}

#[test]
fn a_second_spelling_is_found_and_tests_are_left_alone() {
    let of = |path: &str, text: &str| violations(&Tree::of([("lib", ""), (path, text)])).len();
    assert_eq!(of("http/router", r#"fn f() -> String { key.replace('/', "~1") }"#), 1);
    assert_eq!(of("json/pointer", r#"fn f() -> String { key.replace('/', "~1") }"#), 0);
    assert_eq!(of("json/pointer/parts", r#"fn f() -> String { key.replace('/', "~1") }"#), 0);
    assert_eq!(of("json/pointer_two", r#"fn f() -> String { key.replace('/', "~1") }"#), 1);
    assert_eq!(of("http/router", r#"#[cfg(test)] mod tests { fn f() { key.replace('/', "~1") } }"#), 0);
    for literal in [
        "/inject/requested",
        "/spec/jobTemplate",
        "spec.initContainers",
        "podgraft.dev/status",
        "/var/run/secrets/kubernetes.io/serviceaccount/token",
        "{}…",
    ] {
        assert_eq!(of("http/router", &format!("fn f() {{ g({literal:?}) }}")), 1, "{literal}");
    }
    for doubled in [
        "(pause * 2).min(LONGEST)",
        "(a * 2).clamp(b, c)",
        "self.pause << 1",
        "pause + pause",
        "self.pause + self.pause",
        "2 * pause",
        "2 * self.delay",
        "pause.saturating_mul(2)",
        "pause.mul_f64(2.0)",
        "SHORTEST_PAUSE * (1 << failures)",
        "PAUSE * 2.pow(n)",
        "{ pause *= 2; }",
    ] {
        assert_eq!(of("source/retry", &format!("fn f() {{ {doubled} }}")), 1, "{doubled}");
    }
    assert_eq!(of("source/retry", "fn f() { 2 * length + pause + other_pause; capacity << 1 }"), 0);
    assert_eq!(of("cli/near", "fn f() { strsim::osa_distance(a, b) }"), 1);
    assert_eq!(of("cli/near", "fn f() { a.chars().take(9).collect() }"), 1);
}

/// Files of tests that write goldens, besides the one that should.
fn golden_writers<'f>(files: impl IntoIterator<Item = (&'f str, &'f str)>) -> Vec<&'f str> {
    let asks = |tokens: &[Token]| {
        let variable = tokens[0].is("var") || tokens[0].is("var_os");
        variable && tokens[1].is("(") && tokens[2].kind == Kind::Text && tokens[2].text == "UPDATE"
    };
    let writes = |text: &str| code(text).windows(3).any(asks);
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
    for asking in ["var_os(\n\"UPDATE\"\n)", "var(\"UPDATE\")"] {
        assert_eq!(golden_writers([("tests/a.rs", asking)]), ["tests/a.rs"]);
    }
    let (asking, naming) = (r#"fn f() { std::env::var_os("UPDATE") }"#, r#"json!({"operation": "UPDATE"})"#);
    assert_eq!(golden_writers([("tests/a.rs", asking), ("tests/b.rs", naming)]), ["tests/a.rs"]);
}
