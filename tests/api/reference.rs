//! The reference page of the API, generated from the custom resource definitions.

use std::collections::HashMap;
use std::fmt::Write as _;

use podgraft::internals::api::crds;
use serde_json::Value;

use crate::crds::{schema, text};
use crate::support::golden;

/// Longer patterns say less than the description next to them.
const LONGEST_PATTERN: usize = 45;

#[test]
fn the_reference_of_the_api_has_every_field_of_the_definitions() {
    golden::check("docs/api.md", &page(&crds()));
}

#[test]
fn every_link_of_the_reference_leads_to_a_section_of_the_page() {
    let page = page(&crds());
    let anchors: Vec<String> = page.lines().filter_map(|line| line.strip_prefix("### ")).map(anchor).collect();
    let links: Vec<&str> = page.split("](#").skip(1).map(|rest| rest.split(')').next().unwrap()).collect();
    assert!(links.len() > 20, "{links:?}");
    for link in links {
        assert_eq!(anchors.iter().filter(|anchor| *anchor == link).count(), 1, "#{link}");
    }
}

#[test]
fn a_field_is_described_with_its_type_default_values_and_bounds() {
    let field = |schema: Value| describe(&schema);
    let port = serde_json::json!({"description": "The port.", "type": "integer", "minimum": 1, "maximum": 65535});
    assert_eq!(field(port), "The port. 1 to 65535.");
    let kind = serde_json::json!({"description": "The kind.", "type": "string", "enum": ["A", "B", null]});
    assert_eq!(field(kind), "The kind. One of `A`, `B`.");
    let name = serde_json::json!({"description": "A | b.", "type": "string", "maxLength": 9, "pattern": "^a|b$"});
    assert_eq!(field(name), "A \\| b. At most 9 characters. Pattern `^a\\|b$`.");
    let list = serde_json::json!({"description": "All.", "type": "array", "minItems": 1, "maxItems": 8});
    assert_eq!(field(list), "All. 1 to 8 items.");
    let path = serde_json::json!({"description": "<volume>/app."});
    assert_eq!(field(path), "\\<volume>/app.");
}

/// The page for both kinds, whose `spec` and `status` are the same.
fn page(crds: &[Value]) -> String {
    let mut page = Page::default();
    page.text.push_str(
        "# API reference\n\n\
         The group `podgraft.dev`, version `v1alpha1`, has two kinds with the same fields. [companions.md](companions.md) explains how to\n\
         write a companion; this page lists its fields. `make golden` generates it from the custom resource definitions.\n",
    );
    for crd in crds {
        page.kind(crd);
    }
    let shared = ["spec", "status"].map(|part| &schema(&crds[0])["properties"][part]);
    assert_eq!(shared, ["spec", "status"].map(|part| &schema(&crds[1])["properties"][part]), "one table is for both");
    page.text.push_str("\n## Fields\n\nFields in bold are required.\n");
    page.section("spec", shared[0]);
    page.section("status", shared[1]);
    page.text
}

/// The page as far as it is written.
#[derive(Default)]
struct Page {
    text: String,
    /// The path at which each schema of an object is described, because several fields have the same one.
    described: HashMap<String, String>,
}

impl Page {
    fn kind(&mut self, crd: &Value) {
        let kind = text(crd, "/spec/names/kind");
        let scope = if text(crd, "/spec/scope") == "Cluster" { "cluster-scoped" } else { "namespaced" };
        let (plural, short) = (text(crd, "/spec/names/plural"), text(crd, "/spec/names/shortNames/0"));
        let description = text(schema(crd), "/description");
        let _ = write!(self.text, "\n## {kind}\n\n{description} It is {scope}: `{plural}`, in short `{short}`.\n\n");
        self.rules(schema(crd));
        self.text.push_str("\n| column of `kubectl get` | content |\n|---|---|\n");
        for column in crd.pointer("/spec/versions/0/additionalPrinterColumns").and_then(Value::as_array).unwrap() {
            let wide = if column["priority"] == 1 { " (with `-o wide`)" } else { "" };
            let path = text(column, "/jsonPath").trim_start_matches('.');
            let content = column["description"].as_str().map_or(format!("`{path}`"), escaped);
            let _ = writeln!(self.text, "| `{}`{wide} | {content} |", text(column, "/name"));
        }
    }

    /// The table of an object's fields, and then those of the objects within.
    fn section(&mut self, path: &str, schema: &Value) {
        let _ = write!(self.text, "\n### {path}\n\n{}\n", escaped(text(schema, "/description")));
        if schema["x-kubernetes-preserve-unknown-fields"] == true {
            self.text.push_str("The other fields of that type are permitted as well.\n");
        }
        self.text.push_str("\n| field | type | default | description |\n|---|---|---|---|\n");
        let mut within = Vec::new();
        for (name, property) in schema["properties"].as_object().unwrap() {
            let object = object_within(property).map(|(mark, object)| (format!("{path}.{name}{mark}"), object));
            let described = object.map(|(path, object)| {
                let described = self.described.entry(identity(object)).or_insert_with(|| path.clone()).clone();
                let is_own = described == path;
                if is_own {
                    within.push((path, object));
                }
                (described, is_own)
            });
            let described = described.as_ref().map(|(path, is_own)| (&**path, *is_own));
            self.row(name, property, is_required(schema, name), described);
        }
        if schema["x-kubernetes-validations"].is_array() {
            self.text.push('\n');
            self.rules(schema);
        }
        for (path, object) in within {
            self.section(&path, object);
        }
    }

    /// A field. An object is described in a section of its own, or in that of another field with the same schema.
    fn row(&mut self, name: &str, property: &Value, is_required: bool, described: Option<(&str, bool)>) {
        let name = if is_required { format!("**`{name}`**") } else { format!("`{name}`") };
        let default = match &property["default"] {
            Value::Null => String::new(),
            Value::String(default) => format!("`{default}`"),
            default => format!("`{default}`"),
        };
        let kind = match described {
            Some((path, true)) => format!("[{}](#{})", type_name(property), anchor(path)),
            Some((path, false)) => format!("{}, as in [{path}](#{})", type_name(property), anchor(path)),
            None => type_name(property),
        };
        let _ = writeln!(self.text, "| {name} | {kind} | {default} | {} |", describe(property));
    }

    /// What API servers check in addition, in the words of their messages.
    fn rules(&mut self, schema: &Value) {
        self.text.push_str("API servers enforce these rules, in the words of their messages:\n\n");
        for rule in schema["x-kubernetes-validations"].as_array().unwrap() {
            let _ = writeln!(self.text, "- {}", escaped(text(rule, "/message")));
        }
    }
}

/// The object that a field has, or the items of its list, with a mark for the path.
fn object_within(schema: &Value) -> Option<(&'static str, &Value)> {
    let has_fields = |schema: &Value| schema["properties"].is_object();
    if has_fields(schema) {
        return Some(("", schema));
    }
    has_fields(&schema["items"]).then(|| ("[]", &schema["items"]))
}

/// What makes two schemas the same for readers.
fn identity(schema: &Value) -> String {
    let mut schema = schema.clone();
    schema.as_object_mut().unwrap().remove("description");
    schema.to_string()
}

fn is_required(schema: &Value, name: &str) -> bool {
    schema["required"].as_array().is_some_and(|required| required.iter().any(|field| field == name))
}

fn type_name(schema: &Value) -> String {
    let map = &schema["additionalProperties"];
    match schema["type"].as_str() {
        Some("array") => format!("list of {}s", type_name(&schema["items"])),
        Some("object") if map.is_object() => format!("map of {}s", type_name(map)),
        Some(name) => schema["format"].as_str().filter(|format| *format == "date-time").unwrap_or(name).to_owned(),
        None => "integer or string".to_owned(),
    }
}

/// The description, with the values and the bounds that the definition enforces.
fn describe(schema: &Value) -> String {
    let mut all = vec![escaped(text(schema, "/description"))];
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<String> = values.iter().filter_map(Value::as_str).map(|value| format!("`{value}`")).collect();
        all.push(format!("One of {}.", values.join(", ")));
    }
    all.extend(bounds(&schema["minimum"], &schema["maximum"], ""));
    all.extend(bounds(&schema["minItems"], &schema["maxItems"], " items"));
    all.extend(bounds(&schema["minProperties"], &schema["maxProperties"], " entries"));
    if schema["enum"].is_null() {
        all.extend(bounds(&schema["minLength"], &schema["maxLength"], " characters"));
    }
    let pattern = schema["pattern"].as_str().filter(|pattern| pattern.len() <= LONGEST_PATTERN);
    all.extend(pattern.map(|pattern| format!("Pattern `{}`.", pattern.replace('|', "\\|"))));
    all.join(" ")
}

fn bounds(least: &Value, most: &Value, of: &str) -> Option<String> {
    match (least, most) {
        (Value::Null, Value::Null) => None,
        (Value::Null, most) => Some(format!("At most {most}{of}.")),
        (least, Value::Null) => Some(format!("At least {least}{of}.")),
        (least, most) => Some(format!("{least} to {most}{of}.")),
    }
}

/// A text for a cell of a table, in one line. Web pages take words in angle brackets for elements of HTML.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "\\<").replace("\n\n", " ")
}

/// The anchor that web pages give to a heading.
fn anchor(heading: &str) -> String {
    heading.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).flat_map(char::to_lowercase).collect()
}
