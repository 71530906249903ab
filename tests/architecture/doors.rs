//! Which room may know which. The table is the one of ARCHITECTURE.md.

use std::collections::BTreeSet;

use crate::none;
use crate::tokens::Kind;
use crate::tree::{File, Tree};
use crate::uses::Path;

/// Each room, and the other rooms that it may use, in its tests as well.
const DOORS: &[(&str, &[&str])] = &[
    ("work", &[]),
    ("shared_map", &[]),
    ("json", &["work"]),
    ("text", &[]),
    ("watch", &[]),
    ("webhook", &[]),
    ("manifest", &["json"]),
    ("inject", &["json", "shared_map", "text", "webhook", "work"]),
    ("workload", &["inject", "json", "text", "webhook"]),
    ("admission", &["inject", "json", "text", "webhook", "workload"]),
    ("api", &["inject", "json", "text", "webhook"]),
    ("migrate", &["api", "inject", "json", "manifest", "text"]),
    ("source", &["api", "inject", "json", "manifest", "shared_map", "text", "watch", "webhook"]),
    ("policies", &["api", "inject", "watch", "webhook"]),
    ("tls", &["watch", "webhook"]),
    ("http", &["admission", "inject", "webhook"]),
    ("metrics", &["admission", "inject", "webhook"]),
    ("telemetry", &["admission", "inject", "json", "text"]),
    ("events", &["admission", "inject", "text", "watch"]),
    ("lookup", &["admission", "inject", "json", "watch", "workload"]),
    (
        "server",
        &[
            "admission",
            "api",
            "events",
            "http",
            "inject",
            "lookup",
            "metrics",
            "policies",
            "source",
            "telemetry",
            "tls",
            "watch",
            "webhook",
        ],
    ),
    (
        "cli",
        &[
            "api",
            "http",
            "inject",
            "json",
            "manifest",
            "migrate",
            "policies",
            "server",
            "source",
            "telemetry",
            "text",
            "tls",
            "watch",
            "webhook",
            "workload",
        ],
    ),
    (
        "internals",
        &[
            "admission",
            "api",
            "cli",
            "http",
            "inject",
            "json",
            "lookup",
            "manifest",
            "metrics",
            "migrate",
            "policies",
            "source",
            "telemetry",
            "tls",
            "webhook",
            "work",
            "workload",
        ],
    ),
    ("main", &["lib"]),
    ("lib", &["cli"]),
];

fn may_use(room: &str, other: &str) -> bool {
    DOORS.iter().any(|(name, may)| *name == room && may.contains(&other))
}

/// Each path that leads through a wall.
fn violations(tree: &Tree) -> Vec<String> {
    let known: Vec<&str> = DOORS.iter().map(|(room, _)| *room).collect();
    let mut found = Vec::new();
    for file in tree.files.values() {
        let room = file.room();
        if !known.contains(&room) {
            found.push(format!("{room} is a new room: give it its doors here and in ARCHITECTURE.md"));
            continue;
        }
        for used in &file.uses {
            let Path::Own(path) = &used.path else { continue };
            let other = tree.file_of(path).room();
            if other != room && !may_use(room, other) {
                let at = file.module.join("/");
                found.push(format!("src/{at}.rs:{} uses {}, which {room} may not", used.line, path.join("::")));
            }
        }
    }
    found
}

#[test]
fn every_room_uses_only_rooms_that_it_may_use() {
    none(&violations(&Tree::of_this_package()));
}

#[test]
fn a_path_through_a_wall_is_found_on_every_line() {
    let lib = ("lib", "pub mod tls; pub mod http; pub mod watch;");
    for text in [
        "use crate::Exported;",
        "use crate::r#http::Pair;",
        "use crate::http::Pair;",
        "use crate::{watch::Backoff, http::{Pair}};",
        "use super::http;",
        "fn f() -> crate::http::Pair { todo() }",
        "fn f() { println!(\"{}\", crate::http::NAME) }",
        "#[cfg(test)] mod tests { use crate::http; }",
        "#[cfg(test)] mod tests { fn f() { super::super::http::g() } }",
        "#[cfg(test)] mod tests {}\nfn f() { crate::http::g() }",
    ] {
        let tree = Tree::of([lib, ("tls", text), ("http", ""), ("watch", "")]);
        assert_eq!(violations(&tree).len(), 1, "{text}");
    }
    let allowed = Tree::of([lib, ("tls", "use crate::watch::Backoff; // crate::http"), ("http", ""), ("watch", "")]);
    assert_eq!(violations(&allowed), [""; 0]);
    assert_eq!(violations(&Tree::of([lib, ("attic", "")])).len(), 1, "a room without doors");
}

/// Rooms that do not exist, and doors that no file uses: the tables are as narrow as the code.
fn unused(tree: &Tree) -> Vec<String> {
    let used: BTreeSet<(&str, &str)> = tree.files.values().flat_map(|file| rooms_used(tree, file)).collect();
    let rooms: BTreeSet<&str> = tree.files.values().map(File::room).collect();
    let mut found = Vec::new();
    for (room, may) in DOORS {
        if !rooms.contains(room) {
            found.push(format!("{room} does not exist"));
        }
        let unused = may.iter().filter(|other| !used.contains(&(*room, **other)));
        found.extend(unused.map(|other| format!("{room} does not use {other}: close the door")));
    }
    found
}

fn rooms_used<'t>(tree: &'t Tree, file: &'t File) -> impl Iterator<Item = (&'t str, &'t str)> {
    let own = file.uses.iter().filter_map(|used| if let Path::Own(path) = &used.path { Some(path) } else { None });
    own.map(|path| (file.room(), tree.file_of(path).room()))
}

#[test]
fn every_door_is_used() {
    none(&unused(&Tree::of_this_package()));
}

#[test]
fn a_door_that_nothing_uses_is_found() {
    let tree = |text: &'static str| Tree::of([("lib", ""), ("json", text), ("work", "")]);
    let closed =
        |text: &'static str| unused(&tree(text)).contains(&"json does not use work: close the door".to_owned());
    assert!(closed("fn f() {}"));
    assert!(!closed("use crate::work::step;"));
    assert!(unused(&tree("")).contains(&"http does not exist".to_owned()));
}

/// The rows of the table of rooms in ARCHITECTURE.md: rooms, and those that they may use.
fn documented() -> Vec<(String, Vec<String>)> {
    let page = include_str!("../../ARCHITECTURE.md");
    let table = page.split("| room |").nth(1).unwrap_or_default().lines().skip(2);
    let names = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let rows = table.take_while(|line| line.starts_with('|')).map(|line| line.trim_matches('|').split('|'));
    let mut found = Vec::new();
    for mut cells in rows {
        let (rooms, may) = (names(cells.next().unwrap_or_default()), names(cells.next_back().unwrap_or_default()));
        found.extend(rooms.into_iter().map(|room| (room, may.clone())));
    }
    found
}

#[test]
fn architecture_md_has_the_same_table() {
    let rooms = DOORS.iter().filter(|(room, _)| !["main", "lib", "internals"].contains(room));
    let mut expected: Vec<(String, Vec<String>)> =
        rooms.map(|(room, may)| ((*room).to_owned(), may.iter().map(|room| (*room).to_owned()).collect())).collect();
    let mut documented = documented();
    expected.sort();
    documented.sort();
    assert_eq!(documented, expected);
}

/// Files that read a field of that name: the probe is a client of the webhook, and a SubjectAccessReview has one as well.
const READERS: [&str; 2] = ["cli/server/probe", "lookup/rights"];

/// Each file outside `admission` that names the field of the answer: in a string, or as a field of a struct.
fn deciders(tree: &Tree) -> Vec<String> {
    let elsewhere =
        tree.files.values().filter(|file| file.room() != "admission" && !READERS.contains(&&*file.module.join("/")));
    let quoted = |text: &str| text == "allowed" || text.contains("\"allowed") || text.ends_with("/allowed");
    let names = |file: &&File| {
        let is = |at: usize, text: &str| file.shipped.get(at).is_some_and(|token| token.is(text));
        let field = |at: usize| is(at, "allowed") && is(at + 1, ":") && !is(at + 2, ":");
        let string = |at: usize| file.tokens[at].kind == Kind::Text && quoted(&file.tokens[at].text);
        (0..file.shipped.len()).any(field) || (0..file.tokens.len()).any(string)
    };
    elsewhere.filter(names).map(|file| format!("src/{}.rs", file.module.join("/"))).collect()
}

#[test]
fn only_admission_writes_allowed() {
    none(&deciders(&Tree::of_this_package()));
}

#[test]
fn a_decision_elsewhere_is_found() {
    let of = |path: &str, text: &str| deciders(&Tree::of([(path, text)])).len();
    for text in [
        r##"fn f() { w(r#"{"allowed":true}"#) }"##,
        "#[derive(Serialize)] struct R { allowed: bool }",
        "#[derive(Serialize)] struct R { r#allowed: bool }",
        r#"struct R { #[serde(rename = "allowed")] ok: bool }"#,
        r#"fn f() { *v.pointer_mut("/response/allowed") = true }"#,
    ] {
        for room in ["http", "server", "cli/output", "cli/server/probes"] {
            assert_eq!(of(room, text), 1, "{room}: {text}");
        }
        assert_eq!(of("admission/response", text), 0, "{text}");
    }
    assert_eq!(of("http", "fn f() { let allowed = |b: u8| b > 1; g(allowed::h()) }"), 0);
}
