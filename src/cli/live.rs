//! Objects of a cluster, read with the rights of the user of a kubeconfig.
//!
//! | file | what it does |
//! |---|---|
//! | `flags` | flags with the names that kubectl has for them |
//! | `connection` | finds the API server, and makes a client |
//! | `failure` | why a request failed, and the remedy |
//! | `targets` | the arguments that name workloads |
//! | `objects` | gets one workload, or lists workloads page by page |
//! | `state` | the companions and Namespaces, for reviews |
//! | `webhooks`, `installation` | the webhooks that are installed, and whether they match a Pod |

mod connection;
mod failure;
mod flags;
mod installation;
mod objects;
mod state;
mod targets;
mod webhooks;

use std::future::Future;

use anyhow::Context as _;

pub(super) use connection::Connection;
pub(super) use flags::{ConnectionFlags, ObjectSelection, SelectionFlags};
pub(super) use objects::is_of_workload;
pub(super) use targets::{NamedWorkload, Targets};
pub(super) use webhooks::{MatchedPod, WebhookMatch, Webhooks};

/// Runs the work of a command that reads a cluster.
pub(super) fn run<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("cannot start the runtime of asynchronous requests")?.block_on(work)
}
