//! Runs that are killed: nothing of them may disturb the machine, and the next run removes the rest.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use libtest_mimic::Trial;

use super::{cgroups, machine, runs};
use crate::cluster::tree;
use crate::control_plane::apart::{child, identity};

/// A test of the node, so that a run has work to do when it is killed.
const TEST: &str = "a_cron_job_with_a_native_companion_completes";

/// How long a run may take to come to the point at which it is killed, and the kernel to end what belongs to it.
const TIMEOUT: Duration = Duration::from_secs(300);

/// Runs in the process namespace of the machine, unlike all other tests.
pub fn tests() -> Vec<Trial> {
    let trial = |name: &str, point: fn(&str) -> bool, whom: Whom| {
        Trial::test(format!("node::interruptions::{name}"), move || {
            // Twice, because the second run finds the leftovers of the first one.
            (0..2).try_for_each(|_| interrupt(point, &whom)).map_err(|error| format!("{error:#}").into())
        })
    };
    vec![
        trial("a_run_that_is_killed_while_it_starts_is_cleaned_up", is_starting, Whom::Outer),
        trial("a_run_that_is_killed_with_its_containers_is_cleaned_up", has_containers, Whom::Inner),
        Trial::test("node::interruptions::a_cluster_for_a_person_ends_at_a_signal_and_leaves_only_its_logs", || {
            end_at_signal().map_err(|error| format!("{error:#}").into())
        }),
    ]
}

/// Which of the two processes of a run is killed.
enum Whom {
    /// The one that a user or a CI system sees.
    Outer,
    /// The first one in the namespaces.
    Inner,
}

fn is_starting(run: &str) -> bool {
    runs::folder(run).join("containerd.log").exists()
}

fn has_containers(run: &str) -> bool {
    cgroups::has_processes(run)
}

/// Starts a run, kills it at a point, and looks at what is left before and after a clean-up.
fn interrupt(is_there: fn(&str) -> bool, whom: &Whom) -> anyhow::Result<()> {
    let program = std::env::current_exe()?;
    let output = Stdio::null;
    let mut started = Command::new(program).args(["node", TEST]).stdout(output()).stderr(output()).spawn()?;
    // Becoming `unshare` changes neither the id nor the time when it started.
    let run = identity(started.id())?;
    until(|| is_there(&run) || !matches!(started.try_wait(), Ok(None)));
    let is_at_the_point = is_there(&run);
    kill(&mut started, whom)?;
    started.wait()?;
    ensure!(is_at_the_point, "the run ended before the point at which it is killed");
    ensure!(until(|| !cgroups::has_processes(&run)), "containers outlive the run");
    runs::remove_ended()?;
    ensure!(!cgroups::runs().contains(&run), "cgroups are left");
    ensure!(!runs::folder(&run).exists(), "files are left");
    let mounts = fs::read_to_string("/proc/self/mountinfo")?;
    ensure!(!mounts.contains(&run), "mounts are left");
    Ok(())
}

/// Ends a cluster for a person, in a folder of its own, while it starts.
fn end_at_signal() -> anyhow::Result<()> {
    let files = tree().join("target/cluster-signaled");
    let log = files.join("containerd.log");
    let _ = fs::remove_dir_all(&files);
    let mut command = Command::new(std::env::current_exe()?);
    let mut started = command.arg("up").arg(&files).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let run = identity(started.id())?;
    until(|| log.exists() || !matches!(started.try_wait(), Ok(None)));
    ensure!(cgroups::runs().contains(&run), "the cluster ended before the signal");
    machine::signal(&[started.id()], "TERM")?;
    let status = started.wait()?;
    ensure!(status.success(), "{status}");
    ensure!(!cgroups::runs().contains(&run), "cgroups are left");
    ensure!(log.exists() && !files.join("containerd").exists(), "only logs are left");
    Ok(fs::remove_dir_all(&files)?)
}

fn kill(started: &mut Child, whom: &Whom) -> anyhow::Result<()> {
    let outer = started.id();
    match whom {
        Whom::Outer => started.kill()?,
        Whom::Inner => {
            let inner = child(outer).context("no process inside")?;
            machine::signal(&[inner], "KILL")?;
        }
    }
    Ok(())
}

fn until(mut is_so: impl FnMut() -> bool) -> bool {
    let started = Instant::now();
    while started.elapsed() < TIMEOUT {
        if is_so() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    false
}
