//! Authors of manifests: each writes the same things in another way, by choices that are given.

mod layout;
mod scalars;

use serde_json::{Map, Value, json};

/// A file as its author wrote it.
pub(crate) struct Manifest {
    pub(crate) text: String,
    /// Nothing in it has to be opened: no null, no empty or flow collection, no alias, and a final line end.
    pub(crate) is_plain: bool,
    pub(crate) is_json: bool,
    /// JSON on lines of its own, in which only commas change.
    pub(crate) is_full_json: bool,
}

struct Author<'c> {
    choices: std::iter::Cycle<std::slice::Iter<'c, u8>>,
    out: String,
    step: usize,
    list: usize,
    /// How often something is written that may have to be opened.
    plain: bool,
    opened: bool,
    anchors: Vec<(String, Value)>,
}

pub(crate) fn manifest(choices: &[u8]) -> Manifest {
    let mut author = Author {
        choices: choices.iter().cycle(),
        out: String::new(),
        step: 2,
        list: 0,
        plain: choices[0].is_multiple_of(3),
        opened: false,
        anchors: Vec::new(),
    };
    author.step = if author.one_of(3) == 0 { 4 } else { 2 };
    author.list = if author.flip() { author.step } else { 0 };
    if author.one_of(4) == 0 && !author.plain {
        return author.json();
    }
    author.yaml()
}

impl Author<'_> {
    fn one_of(&mut self, count: u8) -> u8 {
        self.choices.next().copied().unwrap_or_default() % count
    }

    fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn flip(&mut self) -> bool {
        self.one_of(2) == 0
    }

    fn json(&mut self) -> Manifest {
        let mut objects = Vec::new();
        for _ in 0..=self.one_of(2) {
            objects.push(self.object());
        }
        let layout = self.one_of(4);
        let mut text = String::new();
        for object in &objects {
            match layout {
                0 => text += &object.to_string(),
                1 => text += &manifest_json(object, "\t"),
                2 => text += &manifest_json(object, "    "),
                _ => text += &object.to_string().replace("\":", "\": ").replace(",\"", ", \""),
            }
            text.push('\n');
        }
        let has_empty = objects.iter().any(has_empty);
        Manifest { text, is_plain: false, is_json: true, is_full_json: (layout == 1 || layout == 2) && !has_empty }
    }

    fn yaml(&mut self) -> Manifest {
        let count = 1 + self.one_of(3);
        for index in 0..count {
            if index > 0 || self.flip() {
                let markers = ["---\n", "--- # next\n", "# before\n---\n", "---\n# after\n\n"];
                let which = usize::from(self.one_of(4));
                self.put(markers[which]);
            }
            self.anchors.clear();
            let object = self.object();
            self.mapping(&object, 0);
            if self.one_of(6) == 0 {
                let which = usize::from(self.one_of(3));
                self.put(["...\n", "# the end\n", "\n"][which]);
            }
        }
        let mut text = std::mem::take(&mut self.out);
        if self.one_of(5) == 0 {
            text = text.replace('\n', "\r\n");
        }
        if self.one_of(8) == 0 {
            text.insert(0, '\u{feff}');
        }
        if self.one_of(5) == 0 && !self.plain && !text.trim_end().ends_with("...") {
            text.truncate(text.trim_end().len());
            self.opened = true;
        }
        Manifest { text, is_plain: !self.opened, is_json: false, is_full_json: false }
    }

    /// A workload that requests a companion, or a list with one.
    fn object(&mut self) -> Value {
        let template = self.template();
        let metadata = json!({"name": "web", "labels": {"app": "web", "v": "1.10"}});
        match self.one_of(4) {
            0 => {
                let mut pod = template;
                pod["metadata"]["name"] = "web".into();
                let mut object = json!({"apiVersion": "v1", "kind": "Pod"});
                object["metadata"] = pod["metadata"].take();
                object["spec"] = pod["spec"].take();
                object
            }
            1 => json!({"apiVersion": "v1", "kind": "List", "items": [
                {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": [{"port": 80}]}},
                {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"template": template}},
            ]}),
            _ => json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata,
                "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template}}),
        }
    }

    fn template(&mut self) -> Value {
        let mut annotations = Map::new();
        annotations.insert("podgraft.dev/companions".into(), "tail".into());
        annotations.insert("example.com/note".into(), self.text());
        let mut spec = Map::new();
        let mut containers = vec![self.container("app")];
        if self.flip() {
            containers.push(self.container("worker"));
        }
        let volumes = json!([{"name": "data", "emptyDir": {"sizeLimit": "1Gi"}}]);
        self.optional(&mut spec, "volumes", &volumes);
        spec.insert("containers".into(), containers.into());
        let init = json!([{"name": "init", "image": "a:1"}]);
        self.optional(&mut spec, "initContainers", &init);
        if self.flip() {
            spec.insert("restartPolicy".into(), "Always".into());
        }
        json!({"metadata": {"labels": {"app": "web", "v": "1.10"}, "annotations": annotations}, "spec": spec})
    }

    fn container(&mut self, name: &str) -> Value {
        let mut container = Map::new();
        container.insert("name".into(), name.into());
        container.insert("image".into(), "registry.example/app:1".into());
        let args = json!(["-c", self.text(), "++REPLICAS++"]);
        self.optional(&mut container, "args", &args);
        let env = json!([{"name": "PORT", "value": "$PORT"}, {"name": "NO", "value": "no"}]);
        self.optional(&mut container, "env", &env);
        let mounts = json!([{"name": "data", "mountPath": "/data"}]);
        self.optional(&mut container, "volumeMounts", &mounts);
        container.into()
    }

    fn text(&mut self) -> Value {
        let texts = [
            "plain",
            "true",
            "a: b # c",
            "two\nlines\n",
            "kept\n\n",
            "it's \"q\"",
            " x",
            "#",
            "a\n  b\n\nc",
            "0777",
            "é🦀: ü",
        ];
        texts[usize::from(self.one_of(11))].into()
    }

    /// A list that is there, empty, null or absent.
    fn optional(&mut self, map: &mut Map<String, Value>, key: &str, value: &Value) {
        match self.one_of(if self.plain { 4 } else { 6 }) {
            0..2 => {}
            2..4 => drop(map.insert(key.into(), value.clone())),
            4 => drop(map.insert(key.into(), Value::Array(Vec::new()))),
            _ => drop(map.insert(key.into(), Value::Null)),
        }
    }
}

fn has_empty(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.is_empty() || members.values().any(has_empty),
        Value::Array(items) => items.is_empty() || items.iter().any(has_empty),
        other => other.is_null(),
    }
}

fn manifest_json(value: &Value, indent: &str) -> String {
    let mut out = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(indent.as_bytes());
    serde::Serialize::serialize(value, &mut serde_json::Serializer::with_formatter(&mut out, formatter)).unwrap();
    String::from_utf8(out).unwrap()
}
