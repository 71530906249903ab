//! Which room may know which. The table is the one of ARCHITECTURE.md.

use std::collections::BTreeMap;

use crate::none;
use crate::tokens::Kind;
use crate::tree::Tree;
use crate::uses::Path;

/// Each room, and the other rooms that it may use, in its tests as well.
const DOORS: &[(&str, &[&str])] = &[
    ("work", &[]),
    ("json", &["work"]),
    ("text", &["work"]),
    ("watch", &[]),
    ("manifest", &["json", "text", "work"]),
    ("inject", &["json", "text", "work"]),
    ("workload", &["json", "text", "work"]),
    ("admission", &["inject", "json", "text", "work", "workload"]),
    ("api", &["inject", "json", "text", "work", "workload"]),
    ("source", &["api", "inject", "json", "manifest", "text", "watch", "work"]),
    ("policies", &["api", "inject", "json", "text", "watch", "work"]),
    ("tls", &["json", "text", "watch", "work"]),
    ("http", &["admission", "inject", "json", "text", "work"]),
    ("metrics", &["admission", "inject", "text", "work"]),
    ("telemetry", &["admission", "inject", "text", "work"]),
    ("events", &["admission", "inject", "json", "text", "watch", "work"]),
    // These introduce the others to each other.
    ("server", EVERY_ROOM_BUT_CLI),
    (
        "cli",
        &[
            "server",
            "admission",
            "api",
            "events",
            "http",
            "inject",
            "json",
            "manifest",
            "metrics",
            "policies",
            "source",
            "telemetry",
            "text",
            "tls",
            "watch",
            "work",
            "workload",
        ],
    ),
    ("main", &["cli"]),
    ("lib", &[]),
];

const EVERY_ROOM_BUT_CLI: &[&str] = &[
    "admission",
    "api",
    "events",
    "http",
    "inject",
    "json",
    "manifest",
    "metrics",
    "policies",
    "source",
    "telemetry",
    "text",
    "tls",
    "watch",
    "work",
    "workload",
];

/// Each path that leads through a wall.
fn violations(tree: &Tree) -> Vec<String> {
    let doors: BTreeMap<&str, &[&str]> = DOORS.iter().copied().collect();
    let mut found = Vec::new();
    for file in tree.files.values() {
        let room = file.room();
        let Some(may) = doors.get(room) else {
            found.push(format!("{room} is a new room: give it its doors here and in ARCHITECTURE.md"));
            continue;
        };
        for used in &file.uses {
            let Path::Own(path) = &used.path else { continue };
            let other = tree.file_of(path).room();
            if other != room && other != "lib" && !may.contains(&other) {
                let at = file.module.join("/");
                found.push(format!("src/{at}.rs:{} uses {}; {room} may use {may:?}", used.line, path.join("::")));
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

/// Each file outside `admission` that names the field of the answer.
fn deciders(tree: &Tree) -> Vec<String> {
    let elsewhere = tree.files.values().filter(|file| !["admission", "cli", "server"].contains(&file.room()));
    let named = elsewhere.filter(|file| {
        file.tokens.iter().any(|t| t.kind == Kind::Text && (t.text == "allowed" || t.text.contains("\"allowed")))
    });
    named.map(|file| format!("src/{}.rs", file.module.join("/"))).collect()
}

#[test]
fn only_admission_writes_allowed() {
    none(&deciders(&Tree::of_this_package()));
    assert_eq!(deciders(&Tree::of([("http", r##"fn f() { w(r#"{"allowed":true}"#) }"##)])).len(), 1);
}
