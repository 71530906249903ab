//! podgraft in a real cluster: a real API server, real controllers, and podgraft installed by its chart.
//!
//! ```text
//! cargo test --test cluster                     all tests
//! cargo test --test cluster -- required         those whose names hold a word
//! cargo test --test cluster -- node             the tests that need a node with containers, or those whose names hold a word
//! cargo test --test cluster -- clean            remove the leftovers of killed runs on a node
//! cargo test --test cluster -- build            only the programs of a cluster
//! cargo test --test cluster -- images           only the images of a node's containers
//! cargo test --test cluster -- image            podgraft's own image, with the Dockerfile, and its size
//! cargo test --test cluster -- release-image    image and binary of a release, into target/release-dry-run or another folder
//! cargo test --test cluster -- up               a cluster for a person, until Ctrl-C, in target/cluster or another folder
//! cargo test --test cluster -- record           what this API server asks, into tests/admission/reviews
//! ```
//!
//! With `PODGRAFT_KUBERNETES=1.30` API server, controllers and kubectl are those of the oldest supported version.
#![allow(missing_docs, unreachable_pub, clippy::pedantic, clippy::panic, clippy::unwrap_used)]

mod admission;
#[path = "../api/case.rs"]
mod case;
mod cluster;
mod control_plane;
mod evidence;
#[path = "parts/images/mod.rs"]
mod images;
mod installation;
mod load;
#[path = "../mistakes/mod.rs"]
mod mistakes;
mod node;
mod outages;
mod parts;
mod person;
mod required;
mod simulated_node;
mod suite;
#[path = "../support/mod.rs"]
mod support;
mod systems;
mod workload;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use libtest_mimic::Arguments;

use admission::record;
use cluster::Cluster;
use control_plane::{Nodes, apart};
use node::machine;
use parts::NodeParts;
use suite::Chapter;

fn main() -> anyhow::Result<ExitCode> {
    match std::env::args().nth(1).as_deref() {
        Some("build") => build(),
        Some("images") => build_images(),
        Some("image") => build_image(images::build_podgraft),
        Some("release-image") => build_image(|| images::release(&release_folder())),
        Some("up") => up(),
        Some("record") => record(),
        Some("node") => systems::run::test(),
        Some("clean") => systems::run::clean(),
        _ => test(),
    }
}

/// Exit code of `build` on a machine that cannot have a cluster.
const NOT_HERE: u8 = 77;

/// Exit code if a test failed, as of Rust's own tests.
const FAILED: u8 = 101;

/// Builds what is missing; says in one line what the machine lacks for it.
fn build() -> anyhow::Result<ExitCode> {
    if let Some(lacking) = parts::lacking() {
        println!("the cluster's tests need {lacking}");
        return Ok(ExitCode::from(NOT_HERE));
    }
    // Packages are fetched and unpacked while Go compiles.
    std::thread::scope(|scope| {
        let software = images::lacking().is_none().then(|| scope.spawn(images::software));
        parts::Parts::get()?;
        parts::krew()?;
        NodeParts::get()?;
        parts::CertManager::get()?;
        parts::sources()?;
        parts::kustomize()?;
        software.map_or(Ok(PathBuf::new()), |thread| thread.join().expect("the thread does not panic"))
    })?;
    build_images()
}

/// Builds images, and prints their sizes. A machine that cannot can still run all tests that need no node.
fn build_images() -> anyhow::Result<ExitCode> {
    if let Some(lacking) = images::lacking() {
        println!("the images of a node's containers need {lacking}");
        let is_demanded = std::env::var_os("CI").is_some_and(|ci| ci == "true");
        return Ok(if is_demanded { ExitCode::from(NOT_HERE) } else { ExitCode::SUCCESS });
    }
    images::print()?;
    Ok(ExitCode::SUCCESS)
}

/// Where `release-image` writes.
fn release_folder() -> PathBuf {
    std::env::args().nth(2).map_or_else(|| cluster::tree().join("target/release-dry-run"), PathBuf::from)
}

/// Builds podgraft's own image, with the Dockerfile, where that is possible.
fn build_image(build: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<ExitCode> {
    if let Some(lacking) = images::lacking_for_dockerfile() {
        println!("building the Dockerfile needs {lacking}");
        return Ok(ExitCode::from(NOT_HERE));
    }
    build()?;
    Ok(ExitCode::SUCCESS)
}

/// A cluster for a person, with a real node where this machine can have one.
fn up() -> anyhow::Result<ExitCode> {
    let nodes = match machine::lacking() {
        Some(lacking) => {
            println!("no Pods but podgraft's will run: a node needs {lacking}");
            Nodes::Simulated
        }
        None => systems::run::nodes(images::Images::get()?.archives())?,
    };
    let parts = parts::Parts::get()?;
    if !apart::is_inside() {
        return person::outside::run();
    }
    let listener = apart::furnish_with_listener()?;
    alone(parts, &person::folder(), nodes, async |cluster| person::stay(cluster, listener).await)
}

/// A cluster that sends reviews, which are recorded.
fn record() -> anyhow::Result<ExitCode> {
    let parts = parts::Parts::get()?;
    apart::go()?;
    alone(parts, "target/cluster-records", Nodes::Simulated, async |cluster| record::record(cluster).await)
}

/// A cluster with its files in a known folder.
fn alone(
    parts: parts::Parts,
    folder: &str,
    nodes: Nodes,
    act: impl AsyncFnOnce(&Cluster) -> anyhow::Result<()>,
) -> anyhow::Result<ExitCode> {
    let folder = cluster::tree().join(folder);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder)?;
    runtime()?.block_on(async {
        let cluster = Cluster::start(parts, nodes, &folder).await?;
        act(&cluster).await?;
        cluster.end_node()
    })?;
    Ok(ExitCode::SUCCESS)
}

fn test() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::from_args();
    let Some(chapters) = suite::selected(chapters(), &arguments) else { return Ok(ExitCode::SUCCESS) };
    let started = Instant::now();
    let parts = parts::Parts::get()?;
    if chapters.iter().any(|chapter| chapter.name == BESIDE_CERT_MANAGER) {
        // Inside there is no network from which anything could be built.
        parts::CertManager::get()?;
    }
    apart::go()?;
    let folder = tempfile::tempdir()?;
    let runtime = runtime()?;
    let cluster = Arc::new(runtime.block_on(Cluster::start(parts, Nodes::Simulated, folder.path()))?);
    let version = runtime.block_on(cluster.version());
    println!("cluster of Kubernetes {version} up in {:.1} s", started.elapsed().as_secs_f32());
    let passed = suite::run(chapters, &cluster, &arguments, runtime.handle());
    println!("all of it took {:.1} s", started.elapsed().as_secs_f32());
    if !passed {
        evidence::keep(folder.path())?;
    }
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
}

/// Values with which required companions are on, and tests need not wait for long.
const WITH_REQUIRED: [&str; 3] =
    ["webhooks.clusterWide.enabled=true", "requiredCompanions.enabled=true", "extraArgs={--policy-pause=2s}"];

/// The chapter that needs more than a cluster.
const BESIDE_CERT_MANAGER: &str = "beside cert-manager";

/// In the order in which they are read.
fn chapters() -> Vec<Chapter> {
    let all = |topics: Vec<Vec<suite::Test>>| topics.into_iter().flatten().collect();
    vec![
        // The first: a check finds the companions and namespaces of other tests.
        Chapter {
            name: "looked at by an operator",
            set_up: |cluster| Box::pin(async move { cluster.install(&WITH_REQUIRED).await }),
            tests: all(vec![installation::operator::check::tests(), installation::operator::status::tests()]),
            alone: true,
        },
        Chapter {
            name: "installed by its chart",
            set_up: |cluster| Box::pin(async move { cluster.install(&["webhooks.clusterWide.enabled=true"]).await }),
            tests: all(vec![
                admission::alpha_fields::tests(),
                admission::definitions::tests(),
                admission::events::tests(),
                admission::explain::tests(),
                admission::hints::tests(),
                admission::injection::tests(),
                admission::other_webhooks::tests(),
                admission::people::tests(),
                admission::pod_security::tests(),
                admission::sources::tests(),
                admission::webhooks::tests(),
                admission::workloads::tests(),
                installation::post_renderer::tests(),
            ]),
            alone: false,
        },
        Chapter {
            name: "with required companions",
            set_up: |cluster| Box::pin(async move { cluster.install(&WITH_REQUIRED).await }),
            tests: all(vec![required::tests(), required::attempts::tests(), admission::webhooks::tests()]),
            alone: false,
        },
        Chapter {
            name: "while required companions change",
            set_up: |cluster| Box::pin(async move { cluster.install(&WITH_REQUIRED).await }),
            tests: required::changes::tests(),
            alone: true,
        },
        Chapter {
            name: "while things change",
            set_up: |cluster| Box::pin(async move { cluster.install(&["webhooks.clusterWide.enabled=true"]).await }),
            tests: all(vec![
                outages::api_server::tests(),
                outages::bombs::tests(),
                installation::lookups::tests(),
                installation::missing::tests(),
                installation::outage_hint::tests(),
                installation::role::tests(),
                installation::certificates::tests(),
                installation::release::tests(),
                installation::platforms::tests(),
                installation::helm_3::tests(),
                installation::two::tests(),
                installation::end::tests(),
                admission::clients::tests(),
                admission::many_keys::tests(),
            ]),
            alone: true,
        },
        Chapter {
            name: "mistakes of users",
            set_up: |cluster| Box::pin(async move { mistakes::set_up(&cluster).await }),
            tests: all(vec![mistakes::tests(), mistakes::reasons::tests(), mistakes::correct::tests()]),
            alone: true,
        },
        Chapter {
            name: BESIDE_CERT_MANAGER,
            set_up: |cluster| Box::pin(async move { installation::cert_manager::set_up(&cluster).await }),
            tests: installation::cert_manager::tests(),
            alone: true,
        },
    ]
}
