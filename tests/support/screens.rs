//! The screens of the documents: in a block of `console`, a line after `$ ` is typed, and the lines below it are printed.

use std::fs;
use std::path::Path;

/// What a command prints, by a document.
#[derive(Debug)]
pub struct Screen {
    /// The path of the document, from the root of the tree.
    pub page: String,
    /// What is typed, without a comment.
    pub command: String,
    /// What is printed. `...` is any text, and on a line of its own any number of lines.
    pub output: String,
}

/// All screens of README.md and of docs/.
pub fn screens() -> Vec<Screen> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = fs::read_dir(root.join("docs")).expect("documents").flatten();
    let mut pages: Vec<String> = docs.map(|entry| format!("docs/{}", entry.file_name().to_string_lossy())).collect();
    pages.retain(|page| Path::new(page).extension().is_some_and(|extension| extension == "md"));
    pages.push("README.md".to_owned());
    pages.sort();
    pages.iter().flat_map(|page| of_page(page, &fs::read_to_string(root.join(page)).expect("a document"))).collect()
}

/// The screens of the text of a page. A block in a list is indented.
pub fn of_page(page: &str, text: &str) -> Vec<Screen> {
    let mut screens: Vec<Screen> = Vec::new();
    let mut margin = None;
    for line in text.lines() {
        match (margin, line.trim_start()) {
            (None, "```console") => margin = Some(line.len() - line.trim_start().len()),
            (None, _) => {}
            (Some(_), "```") => margin = None,
            (Some(margin), _) => read_line(page, line.get(margin..).unwrap_or_default(), &mut screens),
        }
    }
    screens
}

fn read_line(page: &str, line: &str, screens: &mut Vec<Screen>) {
    if let Some(typed) = line.strip_prefix("$ ") {
        let command = typed.split("  #").next().unwrap_or_default().trim_end().to_owned();
        screens.push(Screen { page: page.to_owned(), command, output: String::new() });
    } else if let Some(screen) = screens.last_mut() {
        screen.output += &format!("{line}\n");
    }
}

/// Asserts that a command prints what a document shows. Ages, hashes and generated names can differ.
#[track_caller]
pub fn expect_screen(page: &str, command: &str, printed: &str) {
    let screens = screens();
    let of_command = screens.iter().filter(|screen| screen.page == page && screen.command == command);
    let documented: Vec<&str> = of_command.map(|screen| &*screen.output).collect();
    assert!(!documented.is_empty(), "{page} has no screen of {command}");
    let is_shown = documented.iter().any(|documented| matches(documented, printed));
    assert!(is_shown, "{page}: $ {command}\nshows:\n{}\nbut the command prints:\n{printed}", documented.join("\n"));
}

/// Whether what is printed is what a document shows.
pub fn matches(documented: &str, printed: &str) -> bool {
    let (documented, printed): (Vec<String>, Vec<String>) =
        (documented.lines().map(stable).collect(), printed.lines().map(stable).collect());
    lines_match(&documented, &printed)
}

fn lines_match(documented: &[String], printed: &[String]) -> bool {
    match documented {
        [] => printed.is_empty(),
        [any, rest @ ..] if any == "..." => (0..=printed.len()).any(|skipped| lines_match(rest, &printed[skipped..])),
        [line, rest @ ..] => {
            printed.first().is_some_and(|first| line_matches(line, first)) && lines_match(rest, &printed[1..])
        }
    }
}

/// Whether the parts of a line between its `...` follow each other in another line.
fn line_matches(documented: &str, printed: &str) -> bool {
    let Some((start, rest)) = documented.split_once("...") else { return documented == printed };
    let Some(mut printed) = printed.strip_prefix(start) else { return false };
    let mut parts: Vec<&str> = rest.split("...").collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = printed.find(part) else { return false };
        printed = &printed[at + part.len()..];
    }
    printed.ends_with(end)
}

/// A line without what differs from run to run, and with one space between words.
fn stable(line: &str) -> String {
    line.split_whitespace().map(stable_word).collect::<Vec<_>>().join(" ")
}

fn stable_word(word: &str) -> String {
    let is_hash = |part: &str| {
        (8..=16).contains(&part.len())
            && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            && part.bytes().any(|b| b.is_ascii_digit())
    };
    let is_age = |word: &str| {
        let number = word.trim_end_matches(['s', 'm', 'h', 'd']);
        number.len() < word.len() && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
    };
    if is_age(word) {
        return "AGE".to_owned();
    }
    // A generated name ends with a hash, or with a hash and five letters.
    match word.rsplit_once('-') {
        _ if is_hash(word) => "HASH".to_owned(),
        Some((name, end)) if is_hash(end) => format!("{name}-HASH"),
        Some((name, end)) if end.len() == 5 => match name.rsplit_once('-') {
            Some((name, hash)) if is_hash(hash) => format!("{name}-HASH"),
            _ => word.to_owned(),
        },
        _ => word.to_owned(),
    }
}
