//! Which room may know which. The table is the one of ARCHITECTURE.md.

use crate::none;
use crate::tokens::Kind;
use crate::tree::Tree;
use crate::uses::Path;

/// Each room, and the other rooms that it may use, in its tests as well.
const DOORS: &[(&str, &[&str])] = &[
    ("work", &[]),
    ("json", &["work"]),
    ("text", &[]),
    ("watch", &[]),
    ("webhook", &[]),
    ("manifest", &["json"]),
    ("inject", &["json", "text", "webhook", "work"]),
    ("workload", &["inject", "json", "text"]),
    ("admission", &["inject", "json", "text", "webhook", "workload"]),
    ("api", &["inject", "json", "text", "workload"]),
    ("source", &["api", "inject", "json", "manifest", "text", "watch"]),
    ("policies", &["api", "inject", "text", "watch", "webhook"]),
    ("tls", &["watch", "webhook"]),
    ("http", &["admission", "inject", "webhook"]),
    ("metrics", &["admission", "inject", "webhook"]),
    ("telemetry", &["admission", "inject", "text"]),
    ("main", &[]),
    ("lib", &["cli"]),
];

/// The rooms that introduce the others to each other, and those that they must not use.
const COMPOSITION: &[(&str, &[&str])] =
    &[("server", &["cli", "internals", "main"]), ("cli", &["internals", "main"]), ("internals", &["main"])];

fn may_use(room: &str, other: &str) -> bool {
    let find =
        |table: &'static [(&str, &[&str])]| table.iter().find(|(name, _)| *name == room).map(|(_, rooms)| *rooms);
    find(DOORS).is_some_and(|may| may.contains(&other)) || find(COMPOSITION).is_some_and(|not| !not.contains(&other))
}

/// Each path that leads through a wall.
fn violations(tree: &Tree) -> Vec<String> {
    let known: Vec<&str> = DOORS.iter().chain(COMPOSITION).map(|(room, _)| *room).collect();
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
            if other != room && other != "lib" && !may_use(room, other) {
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
    let rooms = DOORS.iter().filter(|(room, _)| !["main", "lib"].contains(room));
    let mut expected: Vec<(String, Vec<String>)> =
        rooms.map(|(room, may)| ((*room).to_owned(), may.iter().map(|room| (*room).to_owned()).collect())).collect();
    let mut documented: Vec<_> =
        documented().into_iter().filter(|(room, _)| !["server", "cli"].contains(&&**room)).collect();
    expected.sort();
    documented.sort();
    assert_eq!(documented, expected);
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
