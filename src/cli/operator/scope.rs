//! The flags of commands that look at Pods of the cluster, with the names that kubectl has for them.

use clap::Args;

use crate::cli::flags;
use crate::cli::live::{Connection, ConnectionFlags, ObjectSelection};

/// Which cluster, and which of its Pods.
#[derive(Debug, Args)]
pub(super) struct PodScope {
    #[command(flatten)]
    pub(super) connection: ConnectionFlags,
    /// Namespace of the Pods [default: that of the context]
    #[arg(short, long, value_name = "NAME", value_parser = flags::namespace)]
    namespace: Option<Box<str>>,
    /// Pods of all namespaces
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    all_namespaces: bool,
    /// Pods whose labels match this selector, as in `kubectl get -l`: for example app=web,tier!=cache
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    selector: Option<String>,
}

impl PodScope {
    /// The namespace, where not all are meant.
    pub(super) fn namespace(&self, connection: &Connection) -> Box<str> {
        self.namespace.clone().unwrap_or_else(|| connection.namespace.clone())
    }

    /// Which Pods are listed; `namespace` is that of [`Self::namespace`].
    pub(super) fn selection<'s>(&'s self, namespace: &'s str) -> ObjectSelection<'s> {
        ObjectSelection { namespace: (!self.all_namespaces).then_some(namespace), labels: self.selector.as_deref() }
    }
}
