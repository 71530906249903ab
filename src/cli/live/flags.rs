//! Flags of commands that read a cluster, with the names that kubectl has for them.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// Which cluster is read, and as which user.
#[derive(Debug, Args)]
pub(in crate::cli) struct ConnectionFlags {
    /// Context of the kubeconfig to use [default: its current context]
    #[arg(long, value_name = "NAME")]
    pub(super) context: Option<String>,
    /// Kubeconfig to use [default: the files of KUBECONFIG, or ~/.kube/config; in a Pod, its ServiceAccount]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) kubeconfig: Option<PathBuf>,
}

/// Which workloads of the cluster are read.
#[derive(Debug, Args)]
pub(in crate::cli) struct SelectionFlags {
    /// Workloads of all namespaces
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    pub(in crate::cli) all_namespaces: bool,
    /// Workloads whose own labels match this selector, as in `kubectl get -l`: for example app=web,tier!=cache
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    pub(in crate::cli) selector: Option<String>,
}

/// Which objects of a kind are listed.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::cli) struct ObjectSelection<'s> {
    /// The namespace; `None` for all.
    pub(in crate::cli) namespace: Option<&'s str>,
    /// A label selector in kubectl's notation.
    pub(in crate::cli) labels: Option<&'s str>,
}

impl ConnectionFlags {
    /// Whether any of them is given.
    pub(in crate::cli) fn is_given(&self) -> bool {
        self.context.is_some() || self.kubeconfig.is_some()
    }
}

impl SelectionFlags {
    /// Whether any of them is given.
    pub(in crate::cli) fn is_given(&self) -> bool {
        self.all_namespaces || self.selector.is_some()
    }

    /// The workloads that they select: by default those of one namespace.
    pub(in crate::cli) fn selection<'s>(&'s self, namespace: &'s str) -> ObjectSelection<'s> {
        let namespace = (!self.all_namespaces).then_some(namespace);
        ObjectSelection { namespace, labels: self.selector.as_deref() }
    }
}
