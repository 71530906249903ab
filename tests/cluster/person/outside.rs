//! The process outside of a person's cluster: it ends the cluster at a signal, and removes what is left of it however it has
//! ended.

use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt as _, parent_id};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::Context as _;
use tokio::process::Child;
use tokio::signal::unix::{SignalKind, signal};

use super::{PORT, folder};
use crate::cluster::tree;
use crate::control_plane::apart;
use crate::node::{cgroups, machine};
use crate::{FAILED, systems};

/// What of the cluster's files is not a log, and is large.
const LARGE: [&str; 3] = ["containerd", "etcd", "kubelet"];

/// Starts the cluster, and returns when all of it has ended.
///
/// # Errors
/// The cluster cannot be started, or something of it cannot be removed.
pub fn run() -> anyhow::Result<ExitCode> {
    let _lock = lock()?;
    systems::run::clean()?;
    let mut inside = command(apart::inside()?);
    inside.stdin(OwnedFd::from(apart::listener(PORT)?));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let is_as_requested = runtime.block_on(end_at_signal(inside.into()))?;
    remove_rest()?;
    report(&format!("The cluster has ended; its logs are in {}.", folder()));
    Ok(if is_as_requested { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

/// Two clusters would write to the same files. The lock ends with this process.
fn lock() -> anyhow::Result<File> {
    let path = tree().join(folder()).with_extension("lock");
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    if let Err(TryLockError::WouldBlock) = file.try_lock() {
        println!("waiting for the end of another cluster in {} ...", folder());
        file.lock()?;
    }
    Ok(file)
}

/// The command for the program inside, which ends if this process is killed, and does not get Ctrl-C: programs that end one
/// before the other would complain.
fn command(inside: Command) -> Command {
    let mut command = Command::new("setpriv");
    command.arg("--pdeathsig=KILL").arg(inside.get_program()).args(inside.get_args());
    command.envs(inside.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.process_group(0);
    command
}

/// Runs the cluster until it is requested to end. Returns whether that was the reason of its end.
async fn end_at_signal(mut command: tokio::process::Command) -> anyhow::Result<bool> {
    let mut inside = command.spawn().context("cannot run setpriv (of util-linux)")?;
    tokio::select! {
        status = inside.wait() => {
            report(&format!("A part of the cluster has failed: {}.", status?));
            return Ok(false);
        }
        requested = end_requested() => requested?,
    }
    report("\nending the cluster ...");
    kill(&mut inside).await?;
    Ok(true)
}

/// The terminal may be the one that has ended: then there is no reader, and the rest must be removed all the same.
fn report(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Waits for a signal that ends programs, or for the end of the process that started this one.
async fn end_requested() -> std::io::Result<()> {
    let (mut terminate, mut hangup) = (signal(SignalKind::terminate())?, signal(SignalKind::hangup())?);
    let parent = parent_id();
    let orphaned = async {
        while parent_id() == parent {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    tokio::select! {
        interrupt = tokio::signal::ctrl_c() => interrupt?,
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
        () = orphaned => {}
    }
    Ok(())
}

/// Kills the first process inside, and waits until the kernel has killed all others there. The command does not see its end,
/// about which it would complain.
async fn kill(inside: &mut Child) -> anyhow::Result<()> {
    let first = inside.id().and_then(apart::child);
    let processes: Vec<u32> = inside.id().into_iter().chain(first).collect();
    // One that has ended meanwhile is no error: what it has left must be removed all the same.
    let _ = machine::signal(&processes, "KILL");
    inside.wait().await?;
    while first.is_some_and(apart::is_running) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// Removes what outlives the processes of the cluster, except for its logs.
fn remove_rest() -> anyhow::Result<()> {
    cgroups::remove(&apart::identity(std::process::id())?)?;
    for large in LARGE.map(|name| tree().join(folder()).join(name)) {
        if large.exists() {
            fs::remove_dir_all(&large).with_context(|| format!("cannot remove {}", large.display()))?;
        }
    }
    Ok(())
}
