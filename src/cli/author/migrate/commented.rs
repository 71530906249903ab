//! YAML with comments before the lines of fields.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::cli::stderr;
use crate::manifest;

/// The length of a line of comments, unless a word is longer.
const WIDTH: usize = 100;

/// A value as YAML, with comments before the lines of the fields at RFC 6901 pointers.
pub(super) fn yaml(value: &Value, comments: &[(String, String)]) -> String {
    let text = manifest::yaml(value);
    let Some(Ok(document)) = manifest::read(text.as_bytes()).into_iter().next() else { return text };
    let mut by_line: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for (pointer, comment) in comments {
        by_line.entry(document.position(pointer).line).or_default().push(comment);
    }
    let mut out = String::new();
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let indent = line.len() - line.trim_start_matches(' ').len();
        for text in by_line.get(&(number + 1)).into_iter().flatten() {
            out += &comment(text, indent);
        }
        out += line;
    }
    out
}

/// A comment of one or more lines. A text from a manifest cannot end the comment: all white space is a blank.
pub(super) fn comment(text: &str, indent: usize) -> String {
    let start = format!("{}#", " ".repeat(indent));
    let (mut out, mut line) = (String::new(), start.clone());
    for word in text.split_whitespace() {
        // A dash and the word after it stay on one line.
        if line.len() + word.len() >= WIDTH && line != start && !line.ends_with(" -") {
            out += &line;
            out.push('\n');
            line = format!("{start}  ");
        }
        line.push(' ');
        line += &stderr::printable(word);
    }
    out + &line + "\n"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{comment, yaml};

    #[test]
    fn a_comment_is_before_the_line_of_its_field() {
        let value = json!({"spec": {"containers": [{"name": "a", "args": ["x\ny"]}, {"name": "b"}]}});
        let comments = [("/spec/containers/1/image", "on b"), ("/spec", "first"), ("/none", "top")];
        let comments = comments.map(|(pointer, text)| (pointer.to_owned(), text.to_owned()));
        let expected = "# first\n# top\nspec:\n  containers:\n  - name: a\n    args:\n    - |-\n      x\n      y\n  # on b\n  - name: b\n";
        assert_eq!(yaml(&value, &comments), expected);
    }

    #[test]
    fn a_long_comment_is_wrapped_and_no_text_ends_it() {
        let text = format!("{} a\nb: c\u{2028}d\u{85}e\u{1b}f\u{202e}g", "word ".repeat(30));
        let lines: Vec<String> = comment(&text, 2).lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| line.starts_with("  # ") && line.len() <= 100), "{lines:?}");
        assert!(lines[1].ends_with("a b: c d e\u{fffd}f\u{fffd}g"), "{lines:?}");
    }
}
