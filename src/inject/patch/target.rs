//! The places of a Pod that a patch adds to, and how JSON pointers to them are written.

use crate::inject::container_list::ContainerList;
use crate::json::{Sink, write_token};

/// A place in a Pod.
#[derive(Debug, Clone, Copy)]
pub(in crate::inject) enum Target {
    Metadata,
    Annotations,
    Labels,
    Volumes,
    ImagePullSecrets,
    InitContainers,
    Containers,
    Env(AppContainer),
    Mounts(AppContainer),
    Lifecycle(AppContainer),
    PreStop(AppContainer),
    RestartPolicy(AppContainer),
}

/// A container of the Pod.
#[derive(Debug, Clone, Copy)]
pub(in crate::inject) struct AppContainer {
    pub(in crate::inject) list: ContainerList,
    pub(in crate::inject) index: usize,
}

/// What follows the place in the pointer of an operation.
#[derive(Debug, Clone, Copy)]
pub(super) enum PathEnd<'k> {
    /// Nothing: the place itself.
    Place,
    /// An item of the array.
    Item(usize),
    /// The end of the array.
    Last,
    /// A member of the object.
    Member(&'k str),
}

impl Target {
    pub(super) fn write(self, out: &mut Vec<u8>) {
        match self {
            Target::Metadata => out.text("/metadata"),
            Target::Annotations => out.text("/metadata/annotations"),
            Target::Labels => out.text("/metadata/labels"),
            Target::Volumes => out.text("/spec/volumes"),
            Target::ImagePullSecrets => out.text("/spec/imagePullSecrets"),
            Target::InitContainers => out.text("/spec/initContainers"),
            Target::Containers => out.text("/spec/containers"),
            Target::Env(container) => container.write(out, "/env"),
            Target::Mounts(container) => container.write(out, "/volumeMounts"),
            Target::Lifecycle(container) => container.write(out, "/lifecycle"),
            Target::PreStop(container) => container.write(out, "/lifecycle/preStop"),
            Target::RestartPolicy(container) => container.write(out, "/restartPolicy"),
        }
    }
}

impl AppContainer {
    fn write(self, out: &mut Vec<u8>, field: &'static str) {
        out.text("/spec/");
        out.text(self.list.as_str());
        out.text("/");
        out.number(self.index);
        out.text(field);
    }
}

impl PathEnd<'_> {
    /// Writes the rest of the pointer, and what is between it and the value of the operation.
    pub(super) fn write(self, out: &mut Vec<u8>) {
        match self {
            PathEnd::Place => {}
            PathEnd::Last => return out.text(r#"/-","value":"#),
            PathEnd::Item(index) => {
                out.text("/");
                out.number(index);
            }
            PathEnd::Member(key) => {
                out.text("/");
                write_token(out, key);
            }
        }
        out.text(r#"","value":"#);
    }
}
