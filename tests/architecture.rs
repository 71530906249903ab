//! The walls of the house: who may know whom, and what the pure room must not learn.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Each room, and the rooms of ours that it may know.
const DOORS: &[(&str, &[&str])] = &[
    ("work", &[]),
    ("webhook", &[]),
    ("json", &["work"]),
    ("text", &[]),
    ("inject", &["json", "text", "webhook", "work"]),
    ("workload", &["inject", "json"]),
    ("admission", &["inject", "json", "text", "webhook", "workload"]),
    ("api", &["inject", "json", "text", "workload"]),
    ("manifest", &["json"]),
    ("watch", &[]),
    ("source", &["api", "inject", "json", "manifest", "text", "watch"]),
    ("policies", &["api", "inject", "text", "watch", "webhook"]),
    ("tls", &["watch", "webhook"]),
    ("http", &["admission", "inject", "webhook"]),
    ("metrics", &["admission", "inject", "webhook"]),
    ("telemetry", &["admission", "inject", "text"]),
    ("server", &["admission", "api", "http", "inject", "metrics", "policies", "source", "telemetry", "tls"]),
];

/// The rooms that introduce the others to each other.
const COMPOSITION: [&str; 3] = ["cli", "main", "lib"];

/// What the pure room may use of others' crates.
const PURE_CRATES: [&str; 8] = ["std", "core", "memchr", "serde", "serde_json", "regex_lite", "strsim", "strum"];

/// Parts of the standard library that reach out of the room, or that differ from run to run.
const IMPURE: [&str; 12] = [
    "std::fs",
    "std::net",
    "std::io",
    "std::env",
    "std::process",
    "std::thread",
    "std::time",
    "std::os",
    "SystemTime",
    "Instant",
    "RandomState",
    "println!",
];

/// All source files: room, path and text without comments and tests.
fn sources() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("src can be listed") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let inner = path.strip_prefix(&root).expect("below src").with_extension("");
                let first = inner.iter().next().expect("a name").to_string_lossy().into_owned();
                let text = std::fs::read_to_string(&path).expect("a source file");
                let text = text.split("#[cfg(test)]").next().unwrap_or_default();
                let code: Vec<&str> = text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
                found.push((first, inner, code.join("\n")));
            }
        }
    }
    assert!(found.len() > 20, "the sources were found");
    found
}

/// The names behind `crate::` in a text, also in braces.
fn rooms_named(code: &str) -> Vec<String> {
    let mut named = Vec::new();
    for part in code.split("crate::").skip(1) {
        if let Some(braced) = part.strip_prefix('{') {
            let inner = braced.split("};").next().unwrap_or_default();
            let mut depth = 0;
            let mut word = String::new();
            for c in inner.chars() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 0 => named.push(std::mem::take(&mut word)),
                    c if depth == 0 => word.push(c),
                    _ => {}
                }
            }
            named.push(word);
        } else {
            named.push(part.to_owned());
        }
    }
    let first = |path: &String| {
        path.trim().split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default().to_owned()
    };
    named.iter().map(first).filter(|name| !name.is_empty() && *name != "self").collect()
}

#[test]
fn every_room_knows_only_whom_it_may_know() {
    let doors: BTreeMap<&str, &[&str]> = DOORS.iter().copied().collect();
    for (room, path, code) in sources() {
        if COMPOSITION.contains(&&*room) {
            continue;
        }
        let may = doors
            .get(&*room)
            .unwrap_or_else(|| panic!("{room} is a new room: give it its doors here and in ARCHITECTURE.md"));
        for named in rooms_named(&code).iter().filter(|named| **named != room) {
            assert!(may.contains(&&**named), "{} knows {named}; {room} may know {may:?}", path.display());
        }
    }
}

#[test]
fn the_pure_room_has_no_io_no_async_no_clock_and_no_chance() {
    for (_, path, code) in sources().into_iter().filter(|(room, ..)| room == "inject") {
        for impure in IMPURE {
            assert!(!code.contains(impure), "{} uses {impure}", path.display());
        }
        for word in ["async ", ".await", "static mut", "thread_local!"] {
            assert!(!code.contains(word), "{} has {word:?}", path.display());
        }
        let uses =
            code.lines().map(str::trim).filter_map(|l| l.strip_prefix("use ").or_else(|| l.strip_prefix("pub use ")));
        for used in uses {
            let first = used.split("::").next().unwrap_or_default().trim_end_matches(';');
            let own = ["super", "self", "crate"].contains(&first) || is_module_of_the_room(first);
            assert!(own || PURE_CRATES.contains(&first), "{} uses {first}", path.display());
        }
    }
}

fn is_module_of_the_room(name: &str) -> bool {
    sources().iter().any(|(room, path, _)| room == "inject" && path.file_stem().is_some_and(|stem| stem == name))
}

#[test]
fn no_room_is_without_a_purpose() {
    for (_, path, _) in sources() {
        for part in path.iter().map(|p| p.to_string_lossy()) {
            let vague = ["util", "utils", "common", "helper", "helpers", "manager", "types", "misc", "service"];
            assert!(!vague.contains(&&*part), "{} is called for nothing", path.display());
        }
    }
}

#[test]
fn only_admission_says_allowed() {
    for (room, path, code) in sources() {
        assert!(
            room == "admission"
                || COMPOSITION.contains(&&*room)
                || !code.contains("\"allowed\"") && !code.contains(r#"\"allowed\""#),
            "{}",
            path.display()
        );
    }
}

#[test]
fn the_image_is_built_from_everything_that_the_manifest_names() {
    let dockerfile = include_str!("../Dockerfile");
    let manifest = include_str!("../Cargo.toml");
    let paths = manifest.lines().filter_map(|line| line.strip_prefix("path = \"")?.strip_suffix("\""));
    let benches = manifest.contains("[[bench]]").then_some("benches/");
    let mut seen = 0;
    for path in paths.chain(benches) {
        seen += 1;
        let copied = dockerfile.lines().filter_map(|line| line.strip_prefix("COPY "));
        let covers = |line: &str| line.split(' ').any(|from| path.starts_with(&format!("{from}/")));
        assert!(copied.into_iter().any(covers), "the Dockerfile does not copy {path}, so that cargo cannot build");
    }
    assert!(seen > 2, "targets were found");
}
