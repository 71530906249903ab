//! A run of the tests that need a node.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use libtest_mimic::Arguments;

use crate::cluster::Cluster;
use crate::control_plane::{Nodes, apart};
use crate::images;
use crate::node::{interruptions, machine, runs};
use crate::parts::{self, NodeParts, Parts};
use crate::suite::{self, Chapter};
use crate::{FAILED, NOT_HERE, evidence, runtime};

/// Runs the chapters that the arguments after the first one ask for, on a machine that can have a node.
///
/// # Errors
/// Something of the cluster does not start.
pub fn test() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::from_iter(std::env::args().enumerate().filter(|(at, _)| *at != 1).map(|(_, arg)| arg));
    let chapters = suite::selected(super::chapters(), &arguments);
    if let Some(lacking) = parts::lacking().or_else(machine::lacking) {
        println!("a node needs {lacking}");
        return Ok(ExitCode::from(NOT_HERE));
    }
    // Inside there is no network from which anything could be built.
    let (parts, nodes) = (Parts::get()?, nodes(images::small()?.to_vec())?);
    if !apart::is_inside() {
        clean()?;
        if libtest_mimic::run(&arguments, interruptions::tests()).has_failed() {
            return Ok(ExitCode::from(FAILED));
        }
    }
    let Some(chapters) = chapters else { return Ok(ExitCode::SUCCESS) };
    if !apart::is_inside() {
        images::software()?;
        images::prometheus_archive()?;
    }
    apart::go()?;
    let run = apart::run_id();
    let passed = test_inside(parts, nodes, chapters, &arguments, &runs::folder(&run))?;
    apart::end_others()?;
    runs::remove(&run)?;
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

fn test_inside(
    parts: Parts,
    nodes: Nodes,
    chapters: Vec<Chapter>,
    arguments: &Arguments,
    folder: &Path,
) -> anyhow::Result<bool> {
    let started = Instant::now();
    std::fs::create_dir_all(folder)?;
    let runtime = runtime()?;
    let cluster = Arc::new(runtime.block_on(Cluster::start(parts, nodes, folder))?);
    println!("cluster up in {:.1} s", started.elapsed().as_secs_f32());
    let passed = suite::run(chapters, &cluster, arguments, runtime.handle());
    println!("all of it took {:.1} s", started.elapsed().as_secs_f32());
    if !passed {
        evidence::keep(folder)?;
    }
    runtime.shutdown_background();
    cluster.end_node()?;
    Ok(passed)
}

/// A node with images, given as archives. Builds the programs of the node that are missing.
///
/// # Errors
/// As [`NodeParts::get`].
pub fn nodes(images: Vec<PathBuf>) -> anyhow::Result<Nodes> {
    Ok(Nodes::Real { parts: NodeParts::get()?, images })
}

/// Removes the leftovers of killed runs.
///
/// # Errors
/// As [`runs::remove_ended`].
pub fn clean() -> anyhow::Result<ExitCode> {
    let runs = runs::remove_ended()?;
    if runs > 0 {
        println!("removed what is left of runs that were killed: {runs}");
    }
    Ok(ExitCode::SUCCESS)
}
