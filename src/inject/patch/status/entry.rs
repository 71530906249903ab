//! One companion's entry of the status annotation, as it is written or measured.

use super::{AddedEnv, Additions};
use crate::json::{Length, ObjectWriter, Sink, write_array, write_object};

impl Additions<'_> {
    /// The length of the entry in bytes. An entry can have a quarter of a megabyte, so it is measured without being written.
    pub(in crate::inject) fn length(&self) -> usize {
        let mut length = Length::default();
        self.write(&mut length);
        length.0
    }

    /// Writes the entry. Empty lists are left out.
    pub(super) fn write(&self, out: &mut impl Sink) {
        write_object(out, |entry| {
            entry.string("kind", self.kind);
            entry.string("hash", self.hash);
            names(entry, "initContainers", &self.init_containers);
            names(entry, "containers", &self.containers);
            names(entry, "volumes", &self.volumes);
            entry.object_unless_empty("mounts", |mounts| {
                for group in self.mounts.chunk_by(|a, b| a.0 == b.0) {
                    write_array(mounts.named(group[0].0), |paths| {
                        for (_, path) in group {
                            paths.string(path);
                        }
                    });
                }
            });
            let AddedEnv { containers, variables } = &self.env;
            entry.object_unless_empty("env", |env| {
                // Containers of one name share a member.
                for group in containers.chunk_by(|a, b| a == b).filter(|_| !variables.is_empty()) {
                    let all = group.iter().flat_map(|_| variables);
                    write_array(env.named(group[0]), |names| all.for_each(|name| names.string(name)));
                }
            });
            entry.array_unless_empty("ports", |ports| {
                for (number, protocol) in &self.ports {
                    ports.item().display(format_args!("\"{number}/{}\"", protocol.as_str()));
                }
            });
            names(entry, "annotations", &self.annotations);
            names(entry, "imagePullSecrets", &self.image_pull_secrets);
            entry.object_unless_empty("preStop", |sleeps| {
                self.pre_stop.iter().for_each(|(container, seconds)| sleeps.named(container).display(seconds));
            });
        });
    }
}

fn names<S: Sink>(entry: &mut ObjectWriter<'_, S>, key: &'static str, names: &[&str]) {
    if names.is_empty() {
        return;
    }
    entry.array_unless_empty(key, |array| names.iter().for_each(|name| array.string(name)));
}
