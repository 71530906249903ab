//! The chart's README: the table of values is generated from the comments in values.yaml.

use serde_json::Value;

use super::{golden, yaml};

const VALUES: &str = include_str!("../../charts/podgraft/values.yaml");
const README: &str = include_str!("../../charts/podgraft/README.md");
const BEGIN: &str = "<!-- values: written by `make golden` from the comments in values.yaml -->\n";
const END: &str = "<!-- end of values -->\n";

#[test]
fn the_table_of_values_is_up_to_date() {
    let (before, rest) = README.split_once(BEGIN).expect("README.md has the mark where the table begins");
    let (_, after) = rest.split_once(END).expect("README.md has the mark where the table ends");
    let mut table = String::from("\n| value | default | description |\n|---|---|---|\n");
    for Row { path, comment, default } in rows() {
        let default = if default.len() > 60 { "see values.yaml".to_owned() } else { format!("`{default}`") };
        table += &format!("| `{path}` | {default} | {} |\n", comment.replace('|', "\\|"));
    }
    golden::check("charts/podgraft/README.md", &format!("{before}{BEGIN}{table}\n{END}{after}"));
}

#[test]
fn the_schema_knows_every_value_and_no_others() {
    let schema = yaml(include_str!("../../charts/podgraft/values.schema.json"));
    compare(&yaml(VALUES), &schema, "");
}

/// Objects whose properties the schema lists have exactly these, and refuse others.
fn compare(values: &Value, schema: &Value, path: &str) {
    let Some(properties) = schema["properties"].as_object() else { return };
    assert!(path == ".global" || schema["additionalProperties"] == false, "{path} takes anything");
    let there: Vec<&String> = values.as_object().unwrap().keys().collect();
    // The members of a value whose default is {} have nothing to be compared with.
    if there.is_empty() {
        return;
    }
    for name in &there {
        assert!(properties.contains_key(*name), "values.schema.json lacks {path}.{name}");
    }
    for (name, property) in properties {
        assert!(there.contains(&name), "values.yaml lacks {path}.{name}");
        compare(&values[name], property, &format!("{path}.{name}"));
    }
}

struct Row {
    path: String,
    comment: String,
    default: String,
}

/// Each value with a comment; one without must have values below it, each with a comment.
fn rows() -> Vec<Row> {
    let values = yaml(VALUES);
    let (mut rows, mut open, mut comment): (Vec<Row>, Vec<&str>, Option<&str>) = (Vec::new(), Vec::new(), None);
    let mut below: Option<usize> = None;
    for line in VALUES.lines() {
        let text = line.trim_start();
        let level = (line.len() - text.len()) / 2;
        if text.is_empty() || text.starts_with("- ") || below.is_some_and(|above| level > above) {
            continue;
        }
        below = None;
        if let Some(words) = text.strip_prefix("# -- ") {
            comment = Some(words);
            continue;
        }
        let (name, rest) = text.split_once(':').expect("a comment, or a key");
        open.truncate(level);
        open.push(name);
        let path = open.join(".");
        let Some(comment) = comment.take() else {
            assert!(rest.is_empty(), "values.yaml: {path} has no comment that begins with # --");
            continue;
        };
        let default = values.pointer(&format!("/{}", open.join("/"))).expect("a value").to_string();
        below = Some(level);
        rows.push(Row { path, comment: comment.to_owned(), default });
    }
    assert!(rows.len() > 50, "the values were found");
    rows
}
