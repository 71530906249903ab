//! Writes or measures the status entry of one companion.

use super::{AddedEnv, Additions};
use crate::json::{escaped_length, write_string};

/// Where an entry is written to. Measuring needs no memory this way; an entry can have a quarter of a megabyte.
pub(super) trait Sink {
    fn bytes(&mut self, bytes: &[u8]);

    /// A text as a JSON string.
    fn string(&mut self, text: &str);
}

impl Sink for Vec<u8> {
    fn bytes(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }

    fn string(&mut self, text: &str) {
        write_string(self, text);
    }
}

/// Counts the bytes that are written.
struct Length(usize);

impl Sink for Length {
    fn bytes(&mut self, bytes: &[u8]) {
        self.0 += bytes.len();
    }

    fn string(&mut self, text: &str) {
        self.0 += escaped_length(text) + "\"\"".len();
    }
}

impl Additions<'_> {
    /// The size of the entry, in bytes.
    pub(in crate::inject) fn length(&self) -> usize {
        let mut length = Length(0);
        self.write(&mut length);
        length.0
    }

    /// Writes the entry; lists that are empty are left out.
    pub(super) fn write(&self, out: &mut impl Sink) {
        out.bytes(b"{\"kind\":");
        out.string(self.kind);
        out.bytes(b",\"hash\":");
        out.string(self.hash);
        write_list(out, "initContainers", &self.init_containers);
        write_list(out, "containers", &self.containers);
        write_list(out, "volumes", &self.volumes);
        write_groups(out, "mounts", self.mounts.iter().map(|(container, path)| (*container, &**path)));
        let AddedEnv { containers, variables } = &self.env;
        write_groups(out, "env", containers.iter().flat_map(|c| variables.iter().map(|name| (*c, *name))));
        for (i, (number, protocol)) in self.ports.iter().enumerate() {
            let before = if i == 0 { ",\"ports\":[" } else { "," };
            out.bytes(format!("{before}\"{number}/{}\"", protocol.as_str()).as_bytes());
        }
        if !self.ports.is_empty() {
            out.bytes(b"]");
        }
        write_list(out, "annotations", &self.annotations);
        write_list(out, "imagePullSecrets", &self.image_pull_secrets);
        for (i, (container, seconds)) in self.pre_stop.iter().enumerate() {
            out.bytes(if i == 0 { &b",\"preStop\":{"[..] } else { b"," });
            out.string(container);
            out.bytes(format!(":{seconds}").as_bytes());
        }
        if !self.pre_stop.is_empty() {
            out.bytes(b"}");
        }
        out.bytes(b"}");
    }
}

fn write_list(out: &mut impl Sink, key: &str, names: &[&str]) {
    for (i, name) in names.iter().enumerate() {
        if i == 0 {
            out.bytes(b",");
            out.string(key);
            out.bytes(b":[");
        } else {
            out.bytes(b",");
        }
        out.string(name);
    }
    if !names.is_empty() {
        out.bytes(b"]");
    }
}

/// Writes pairs as an object of arrays. Pairs with equal first halves are adjacent.
fn write_groups<'s>(out: &mut impl Sink, key: &str, pairs: impl Iterator<Item = (&'s str, &'s str)>) {
    let mut group: Option<&str> = None;
    for (container, item) in pairs {
        match group {
            Some(current) if current == container => out.bytes(b","),
            open => {
                out.bytes(if open.is_some() { b"]" } else { b"," });
                if open.is_some() {
                    out.bytes(b",");
                } else {
                    out.string(key);
                    out.bytes(b":{");
                }
                out.string(container);
                out.bytes(b":[");
                group = Some(container);
            }
        }
        out.string(item);
    }
    if group.is_some() {
        out.bytes(b"]}");
    }
}
