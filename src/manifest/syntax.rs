//! Explains syntax errors. The parser reports where it stopped; the lines around that position show the mistake and how to
//! fix it.

use super::position::{ManifestError, Position};

/// Explains an error of the YAML parser with the text around it.
pub(super) fn explained(text: &str, error: &ManifestError) -> ManifestError {
    let lines: Vec<&str> = text.lines().collect();
    let found = merge_conflict(&lines)
        .or_else(|| template(&lines, error))
        .or_else(|| tab(&lines, error))
        .or_else(|| indentation(&lines, error));
    found.unwrap_or_else(|| ManifestError { message: reworded(&lines, error), at: error.at })
}

/// Conflict markers of Git.
fn merge_conflict(lines: &[&str]) -> Option<ManifestError> {
    let line = lines.iter().position(|line| line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> "))?;
    Some(at(line, 0, "unresolved merge conflict"))
}

/// A template action in the line of the error.
fn template(lines: &[&str], error: &ManifestError) -> Option<ManifestError> {
    let line = error.at.line.checked_sub(1)?;
    let column = lines.get(line)?.find("{{")?;
    let column = lines[line][..column].chars().count();
    Some(at(line, column, "this is a Helm template, not a manifest; render the chart first: helm template NAME CHART"))
}

fn tab(lines: &[&str], error: &ManifestError) -> Option<ManifestError> {
    if !error.message.contains("tab") {
        return None;
    }
    let line = error.at.line.checked_sub(1)?;
    let text = lines.get(line)?;
    let blanks = &text[..text.len() - text.trim_start().len()];
    Some(at(line, blanks.find('\t')?, "YAML does not allow tabs for indentation; use spaces"))
}

fn indentation(lines: &[&str], error: &ManifestError) -> Option<ManifestError> {
    let line = error.at.line.checked_sub(1)?;
    let text = lines.get(line)?;
    let indent = text.len() - text.trim_start().len();
    let before: String = text.chars().take(error.at.column.saturating_sub(1)).collect();
    if error.message.starts_with("mapping values are not allowed") {
        if before.trim_start_matches(['-', ' ']).contains(": ") {
            let message = "second \": \" in one line; put the value in quotes";
            return Some(ManifestError { at: error.at, message: message.to_owned() });
        }
        let key = before.trim().trim_start_matches("- ");
        let message =
            format!("{key:?} is indented more than the key above it; remove the {}", space(lines, line, indent));
        return Some(at(line, indent, &message));
    }
    let block = "while parsing a block mapping, did not find expected key";
    if error.message == block && !text.trim_start().starts_with("- ") {
        let message =
            "this line is indented less than the key above it, but more than its parent; align it with one of them";
        return Some(at(line, indent, message));
    }
    None
}

/// `space`, or `spaces` if more than one must be removed.
fn space(lines: &[&str], line: usize, indent: usize) -> &'static str {
    let above = lines[..line].iter().rev().find(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    let above = above.map_or(0, |line| line.len() - line.trim_start().len());
    if indent.saturating_sub(above) > 1 { "spaces" } else { "space" }
}

fn reworded(lines: &[&str], error: &ManifestError) -> String {
    let opened = |bracket: &str| {
        let (line, column) = last_open(lines, error.at, bracket)?;
        Some(format!("{}:{}", line + 1, column + 1))
    };
    match &*error.message {
        "while parsing a flow mapping, did not find expected ',' or '}'" => {
            let place = opened("{").map_or(String::new(), |place| format!(" that starts at {place}"));
            format!("missing \",\" or \"}}\" in the mapping{place}")
        }
        "while parsing a flow sequence, expected ',' or ']'" | "illegal placement of ':' indicator" => {
            let place = opened("[").map_or(String::new(), |place| format!(" that starts at {place}"));
            format!("missing \",\" or \"]\" in the list{place}")
        }
        "simple key expected ':'" => {
            "missing \":\" after this key, or it belongs to the value above; indent it".to_owned()
        }
        "while parsing a block collection, did not find expected '-' indicator" => {
            "expected \"- \": the lines above are items of a list; indent this line, or remove their dashes".to_owned()
        }
        "while parsing a block mapping, did not find expected key" => {
            "expected a key: the lines above are keys of a mapping; remove the dash, or indent the line below a key"
                .to_owned()
        }
        "while parsing node, found unknown anchor" => "unknown anchor: define it with & above this line".to_owned(),
        "unclosed quote" => "missing closing quote".to_owned(),
        message if message.starts_with("unclosed bracket") => format!("missing closing bracket: {message}"),
        message if message.starts_with("unexpected character") => format!("{message}; put the value in quotes"),
        message => message.to_owned(),
    }
}

/// The last bracket before a position that is not closed there. Brackets in quotes are counted as well, which is good enough
/// for a hint.
fn last_open(lines: &[&str], before: Position, bracket: &str) -> Option<(usize, usize)> {
    let mut open = Vec::new();
    for (number, line) in lines.iter().enumerate().take(before.line) {
        for (column, c) in line.chars().enumerate() {
            if number + 1 == before.line && column + 1 >= before.column {
                break;
            }
            match c {
                '{' | '[' => open.push((c, number, column)),
                '}' | ']' => {
                    open.pop();
                }
                _ => {}
            }
        }
    }
    let found = open.into_iter().rev().find(|(c, ..)| bracket.starts_with(*c));
    found.map(|(_, line, column)| (line, column))
}

/// Explains an error of the JSON parser.
pub(super) fn explained_json(message: &str, is_first: bool) -> String {
    match message {
        "expected value" | "expected ident" if !is_first => {
            "unexpected text after the JSON value; remove it, or put --- before it".to_owned()
        }
        "expected ident" => "invalid value: must be true, false, null, a number, or text in double quotes".to_owned(),
        "trailing comma" => "trailing comma; remove it".to_owned(),
        "EOF while parsing an object" => "missing \"}\" at the end of the text".to_owned(),
        "EOF while parsing a list" => "missing \"]\" at the end of the text".to_owned(),
        message => message.to_owned(),
    }
}

fn at(line: usize, column: usize, message: &str) -> ManifestError {
    ManifestError { at: Position { line: line + 1, column: column + 1 }, message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use crate::manifest::read;

    fn fault(text: &str) -> String {
        let fault = read(text.as_bytes()).into_iter().find_map(Result::err).unwrap();
        format!("{}:{}: {}", fault.at.line, fault.at.column, fault.message)
    }

    #[test]
    fn each_syntax_error_has_a_remedy() {
        let helm = "this is a Helm template, not a manifest; render the chart first: helm template NAME CHART";
        for (text, expect) in [
            ("a: 1\n<<<<<<< HEAD\nb: 1\n", "2:1: unresolved merge conflict".to_owned()),
            ("a:\n  image: {{ .V }}\n", format!("2:10: {helm}")),
            ("{{- if }}\na: 1\n{{- end}}\n", format!("1:1: {helm}")),
            ("a:\n\tb: 1\n", "2:1: YAML does not allow tabs for indentation; use spaces".to_owned()),
            ("kind: Pod\n metadata: {}\n", "2:2: \"metadata\" is indented more than the key above it; remove the space".to_owned()),
            ("a: 1\n   b: 1\n", "2:4: \"b\" is indented more than the key above it; remove the spaces".to_owned()),
            ("a: b: c\n", "1:5: second \": \" in one line; put the value in quotes".to_owned()),
            (
                "a:\n    b: 1\n  c: 2\n",
                "3:3: this line is indented less than the key above it, but more than its parent; align it with one of them"
                    .to_owned(),
            ),
            ("a: {b: 1\nc: 2\n", "2:2: missing \",\" or \"}\" in the mapping that starts at 1:4".to_owned()),
            ("a: [1, 2\nb: 1\n", "2:2: missing \",\" or \"]\" in the list that starts at 1:4".to_owned()),
            ("{\"a\": 1} x\n", "1:10: unexpected text after the JSON value; remove it, or put --- before it".to_owned()),
            ("{\"a\": 1} nx\n", "1:11: unexpected text after the JSON value; remove it, or put --- before it".to_owned()),
            ("{\"a\": 1,}\n", "1:9: trailing comma; remove it".to_owned()),
        ] {
            assert_eq!(fault(text), expect, "{text}");
        }
    }
}
