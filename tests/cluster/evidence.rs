//! What is left of a cluster in which a test failed.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cluster::tree;

/// How many complaints of one replica are printed.
const FEW: usize = 12;

/// Keeps the logs of all parts where a person finds them, and prints what podgraft's replicas complained of last.
///
/// # Errors
/// Where they cannot be copied.
pub fn keep(folder: &Path) -> anyhow::Result<()> {
    let kept = tree().join("target/cluster-failed");
    let _ = fs::remove_dir_all(&kept);
    fs::create_dir_all(&kept)?;
    for log in logs(folder) {
        let name = log.strip_prefix(folder)?.display().to_string().replace('/', "-");
        fs::copy(&log, kept.join(&name))?;
        if name.ends_with("-log") {
            complaints(&name, &fs::read_to_string(&log)?);
        }
    }
    println!("what every part said is kept in {}", kept.strip_prefix(tree()).unwrap_or(&kept).display());
    Ok(())
}

/// `*.log` of the control plane and of a node, `log` and `node.log` of each Pod of a simulated node, and what the kubelet
/// keeps of each container.
fn logs(folder: &Path) -> Vec<PathBuf> {
    let within = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let pods = within(&folder.join("pods")).flat_map(|pod| within(&pod));
    let containers = within(&folder.join("logs")).flat_map(|pod| within(&pod)).flat_map(|container| within(&container));
    let is_log =
        |path: &PathBuf| path.is_file() && path.file_name().is_some_and(|name| name.to_string_lossy().ends_with("log"));
    let mut logs: Vec<PathBuf> = within(folder).chain(pods).chain(containers).filter(is_log).collect();
    logs.sort();
    logs
}

fn complaints(name: &str, text: &str) {
    let complains = |line: &&str| [r#""level":"WARN""#, r#""level":"ERROR""#].iter().any(|level| line.contains(level));
    let lines: Vec<&str> = text.lines().filter(complains).collect();
    for line in &lines[lines.len().saturating_sub(FEW)..] {
        println!("{name}: {line}");
    }
}
