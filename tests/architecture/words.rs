//! Words that are avoided in comments, messages, help, documents and the chart, because a reader of plain technical
//! English stumbles over them. Help texts are comments of `src/cli`, and `docs/cli.md` is generated from them.

use std::path::Path;

use regex_lite::Regex;

use crate::none;
use crate::tokens::{Kind, tokens};
use crate::tree::{below, root};

/// A pattern to avoid, a better word, and the uses that are allowed, as they are plain English or a term. A blank in a
/// pattern is any white space, and upper and lower case are the same.
struct Avoided(&'static str, &'static str, &'static str);

/// Matches nothing.
const NEVER: &str = "$a";

const AVOIDED: &[Avoided] = &[
    Avoided(r"\banew\b", "again, re-", NEVER),
    Avoided(r"\b(told|tells?|telling)\b", "report, log, return, distinguish", r"\{told|`Tell`"),
    Avoided(r"\bstands?\b", "is, exists", r"\bstands? (in )?for\b|stand-alone"),
    Avoided(r"\bmend(s|ed|ing)?\b", "fix", NEVER),
    Avoided(r"\b(whoever|nobody|somebody)\b", "the caller, the user, a client", r#"uid.{0,20}nobody|^"?nobody"?$"#), // the user of that name
    Avoided(r"\bodd(ly)?\b", "invalid, unusual", r"\bodd number"),
    Avoided(r"\bin front of\b", "before", NEVER),
    Avoided(r"\bbehind\b", "after", r"behind (a|an|one|the) (proxy|reverse proxy|load balancer|Service|NAT)"),
    Avoided(r"\b(comes?|goes|came|went) in\b", "is injected, arrives", r"(comes?|goes) in (pairs|a list)"),
    Avoided(r"\btaken (out|away)\b", "removed", NEVER),
    Avoided(r"\bclash(es|ed|ing)?\b", "conflict", NEVER),
    Avoided(r"\bput in by\b", "injected by", NEVER),
    Avoided(r", too\b|\btoo[.;:]", "also", NEVER),
    Avoided(r"\band nothing else\b", "only", NEVER),
    Avoided(r"\bthe gate\b", "validation", NEVER),
    Avoided(r"\b([Pp]ods?|admission|creation) (is|are|was|were|would be|will be) refused\b", "denied", NEVER),
    Avoided(r"\b[Rr]efuses? (the|a|such|whole|their) Pods?\b", "deny", NEVER),
    Avoided(r"\bauthorit(y|ies)\b", "CA", r#"[Cc]ertificate(-| )[Aa]uthorit(y|ies)|what="authority""#),
    Avoided(r"\b(is|are|be) there twice\b", "is a duplicate", NEVER),
    Avoided(r"\bis none of\b", "not found in", NEVER),
    Avoided(r"\balready there\b", "already injected, already exists", NEVER),
    Avoided(r"\bby itself\b", "automatically, alone", NEVER),
    Avoided(r"\btrying on\b", "retrying", NEVER),
    Avoided(r"\bon its way\b", "in progress", NEVER),
    Avoided(r"\bWhole or not at all\b", "All or nothing", NEVER),
    Avoided(r"\bcatalogues?\b", "catalog", NEVER),
    Avoided(r"(colour|behaviour|favour|honour|neighbour|centre\b|artefact)", "American spelling", NEVER),
    Avoided(r"\blicences?\b", "license", NEVER),
    Avoided(r"\b(cancelled|labelled|travelled|modelled|judgement|fulfils?)\b", "American spelling", NEVER),
    Avoided(ENDING_IN_ISE, "-ize", NEVER),
];

const ENDING_IN_ISE: &str = "(normal|serial|organ|recogn|initial|optim|minim|maxim|summar|\
    synchron|special|general|priorit|util|categor|standard|custom|sanit|token|real|\
    local|final|memor|emphas|author|capital)is(e|es|ed|er|ers|ing|ations?)\\b";

/// A text to read, with the line in which it begins.
struct Prose {
    file: String,
    line: usize,
    text: String,
}

fn compiled(pattern: &str) -> Regex {
    Regex::new(&format!("(?i){}", pattern.replace(' ', r"[\s\\]+"))).unwrap()
}

fn violations<'p>(all: impl IntoIterator<Item = &'p Prose>) -> Vec<String> {
    let patterns: Vec<_> =
        AVOIDED.iter().map(|Avoided(word, better, allowed)| (compiled(word), better, compiled(allowed))).collect();
    let mut found = Vec::new();
    for prose in all {
        for (word, better, allowed) in &patterns {
            let allowed: Vec<_> = allowed.find_iter(&prose.text).map(|a| a.range()).collect();
            let used = word.find_iter(&prose.text);
            for used in used.filter(|used| !allowed.iter().any(|a| a.contains(&used.start()))) {
                let line = prose.line + prose.text[..used.start()].matches('\n').count();
                let words = used.as_str().split_whitespace().collect::<Vec<_>>().join(" ");
                found.push(format!("{}:{line}: {words:?}; better: {better}", prose.file));
            }
        }
    }
    found
}

/// What is read of a file: the comments and strings of a source, or all of another file.
fn prose_of(file: &str, text: &str) -> Vec<Prose> {
    if is_rust(file) {
        return prose_of_kinds(file, text, &[Kind::Comment, Kind::Text]);
    }
    vec![Prose { file: file.to_owned(), line: 1, text: text.to_owned() }]
}

fn is_rust(file: &str) -> bool {
    Path::new(file).extension().is_some_and(|extension| extension == "rs")
}

/// Comments, strings or both of a source; comments of lines that follow each other are one.
fn prose_of_kinds(file: &str, source: &str, kinds: &[Kind]) -> Vec<Prose> {
    let mut found: Vec<Prose> = Vec::new();
    let mut comment_until = 0;
    for token in tokens(source) {
        match (token.kind, found.last_mut()) {
            (Kind::Comment, Some(last)) if comment_until + 1 == token.line => {
                last.text = format!("{}\n{}", last.text, token.text);
                comment_until = token.line;
            }
            (kind, _) if kinds.contains(&kind) => {
                comment_until = if token.kind == Kind::Comment { token.line } else { 0 };
                found.push(Prose { file: file.to_owned(), line: token.line, text: token.text });
            }
            _ => comment_until = 0,
        }
    }
    found
}

/// The files that are read whole: strings and comments of sources, and all of a page or a chart's file.
const READ_WHOLE: [&str; 22] = [
    "src",
    "docs",
    "charts",
    "examples",
    "plugins",
    "release",
    ".ci",
    ".github",
    "SECURITY.md",
    "CODE_OF_CONDUCT.md",
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "Cargo.toml",
    "Dockerfile",
    "Makefile",
    "clippy.toml",
    "deny.toml",
    "fuzz/Cargo.toml",
    "fuzz/run.sh",
    "tests/run",
];

/// The folders of which comments alone are read: their strings and other files are inputs.
const COMMENTS_ONLY: [&str; 3] = ["tests", "benches", "fuzz/src"];

fn everything() -> Vec<Prose> {
    let mut found: Vec<Prose> = files(&READ_WHOLE).flat_map(|(name, text)| prose_of(&name, &text)).collect();
    assert!(found.len() > 5_000, "the texts were found");
    let tests = files(&COMMENTS_ONLY).filter(|(name, _)| is_rust(name));
    let comments = |(name, text): (String, String)| prose_of_kinds(&name, &text, &[Kind::Comment]);
    found.extend(tests.flat_map(comments));
    found
}

/// The texts of files and of all files in folders, with their names.
fn files(names: &[&str]) -> impl Iterator<Item = (String, String)> {
    let paths = names.iter().map(|name| root().join(name));
    let paths: Vec<_> = paths.flat_map(|path| if path.is_dir() { below(&path) } else { vec![path] }).collect();
    paths.into_iter().filter(|path| is_text(path)).map(|path| {
        let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
        (name, std::fs::read_to_string(&path).unwrap())
    })
}

fn is_text(path: &Path) -> bool {
    let extensions = ["rs", "md", "yaml", "yml", "tpl", "txt", "json", "sh", "toml"];
    let names = ["Dockerfile", "Makefile", "run"];
    path.extension().is_some_and(|extension| extensions.iter().any(|known| extension == *known))
        || path.file_name().is_some_and(|name| names.iter().any(|known| name == *known))
}

#[test]
fn the_words_to_avoid_are_avoided() {
    none(&violations(&everything()));
}

#[test]
fn a_word_to_avoid_is_found_in_comments_strings_and_pages_and_not_in_code() {
    let count = |source: &str| violations(&prose_of("a.rs", source)).len();
    assert_eq!(count("// It is made anew."), 1);
    assert_eq!(count("/// It is in front\n/// of the list."), 1, "across lines");
    assert_eq!(count("fn f() { g(\"is there \\\n   twice\") }"), 1);
    for text in ["// Tells the client.", "// Stands open.", "// Odd.", "// By itself it runs.", "// ANEW"] {
        assert_eq!(count(text), 1, "at the start of a sentence: {text}");
    }
    for name in [".ci/run", "fuzz/run.sh", "Dockerfile", "clippy.toml", "ci.yml", "docs/index.md"] {
        assert!(is_text(Path::new(name)), "{name}");
        assert_eq!(violations(&prose_of(name, "# It is made anew.")).len(), 1, "{name}");
    }
    assert_eq!(count("fn anew() { stands.mend(clash) }"), 0, "names have their own reviewers");
    assert_eq!(count("// It stands for a Pod. The certificate authority is an odd number of promises."), 0);
    assert_eq!(count("// normalised\n\n// standardising, Serialisation"), 3);
    assert_eq!(count("// otherwise precise exercises, raised and revised"), 0);
    let page = Prose { file: "page.md".into(), line: 1, text: "a\nb, too.\n".into() };
    assert_eq!(violations([&page]), ["page.md:2: \", too\"; better: also"]);
}
