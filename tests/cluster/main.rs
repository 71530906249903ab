//! podgraft in a real cluster: a real API server, real controllers, and podgraft installed by its chart.
//!
//! ```text
//! cargo test --test cluster                     all tests
//! cargo test --test cluster -- required         those whose names hold a word
//! cargo test --test cluster -- up               a cluster for a person, until Ctrl-C
//! ```
#![allow(missing_docs, unreachable_pub, clippy::pedantic, clippy::panic, clippy::unwrap_used)]

mod apart;
mod cluster;
mod control_plane;
mod credentials;
mod node;
mod parts;
mod rest;

use cluster::Cluster;

fn main() -> anyhow::Result<()> {
    let parts = parts::Parts::get()?;
    apart::go()?;
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let cluster = runtime.block_on(Cluster::start(parts, folder.path()))?;
    println!("{}", cluster::printed(cluster.kubectl(["get", "nodes,ns"])));
    Ok(())
}
