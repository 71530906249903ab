//! A place of its own for the cluster: its network, and its processes.
//!
//! The program starts itself again inside a network, a process and a mount namespace. All that it starts lives in
//! there; when it ends, in whichever way, the kernel ends the rest and takes the network away.

use std::net::TcpListener;
use std::os::fd::AsFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Context as _, bail, ensure};

/// Marks the program as running inside: the process that represents it outside, and how to enter its namespaces.
const INSIDE: &str = "PODGRAFT_TEST_CLUSTER_INSIDE";

/// Identifies the run, also to later runs: the process outside, and when it started.
const RUN: &str = "PODGRAFT_TEST_CLUSTER_RUN";

/// The address at which the cluster's own servers are.
pub const ADDRESS: &str = "10.78.0.1";

/// The machine's own address, for its users only.
const LOCALHOST: &str = "127.0.0.1";

/// Returns inside; outside it becomes the program inside, and returns only where that fails.
pub fn go() -> anyhow::Result<()> {
    if is_inside() {
        return furnish();
    }
    let failed = inside()?.exec();
    bail!("cannot run unshare (of util-linux): {failed}")
}

/// This program inside, to be started by the process that represents it outside. Standard input is inherited.
///
/// # Errors
/// This program or this process cannot be identified.
pub fn inside() -> anyhow::Result<Command> {
    let program = std::env::current_exe().context("this program does not know where it is")?;
    let mut unshare = Command::new("unshare");
    let mut inside = std::process::id().to_string();
    if !is_root() {
        // Inside it is root, and outside it stays who it is: most kernels let everybody do that.
        unshare.args(["--user", "--map-root-user"]);
        inside += " --user --preserve-credentials";
    }
    unshare
        .args(["--net", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc"])
        .arg(program)
        .args(std::env::args_os().skip(1))
        .env(INSIDE, inside)
        .env(RUN, identity(std::process::id())?);
    Ok(unshare)
}

/// A port of the machine itself, for clients that cannot enter the cluster's network: `port`, or another one if that is in
/// use. A socket belongs to the network in which it was made, so it is made outside, and is the standard input inside.
///
/// # Errors
/// No port is free.
pub fn listener(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind((LOCALHOST, port)).or_else(|_| TcpListener::bind((LOCALHOST, 0)))
}

/// Prepares the network inside, and returns the listener that was made outside.
///
/// # Errors
/// A command fails.
pub fn furnish_with_listener() -> anyhow::Result<TcpListener> {
    furnish()?;
    Ok(std::io::stdin().as_fd().try_clone_to_owned()?.into())
}

/// Whether this process is inside already.
pub fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Identifies this run, among all that this machine has seen since it started.
pub fn run_id() -> String {
    std::env::var(RUN).unwrap_or_default()
}

/// A process by its id and the time when it started, in ticks since the machine started: ids are reused, pairs are not.
///
/// # Errors
/// There is no such process.
pub fn identity(process: u32) -> anyhow::Result<String> {
    Ok(format!("{process}-{}", field(process, 22)?))
}

/// Whether a process has not ended. One that has can still be listed, until its parent has asked how.
pub fn is_running(process: u32) -> bool {
    field(process, 3).is_ok_and(|state| !["Z", "X"].contains(&state.as_str()))
}

/// A field of `/proc/PROCESS/stat`, by its number in proc(5), of 3 and more: the second one is a name in parentheses, which
/// can contain anything.
fn field(process: u32, number: usize) -> anyhow::Result<String> {
    let path = format!("/proc/{process}/stat");
    let stat = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let mut fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace();
    let field = fields.nth(number - 3).with_context(|| format!("{path} is too short"))?;
    Ok(field.to_owned())
}

/// The only child of a process, by its id in the namespace of the caller.
pub fn child(process: u32) -> Option<u32> {
    let children = std::fs::read_to_string(format!("/proc/{process}/task/{process}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}

/// The process that represents this run outside, and what `nsenter` takes besides.
pub fn outside() -> (String, String) {
    let inside = std::env::var(INSIDE).unwrap_or_default();
    let (process, more) = inside.split_once(' ').unwrap_or((&inside, ""));
    (process.to_owned(), more.to_owned())
}

/// Whether the user of this process is root.
pub fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// Gives the network what a machine has, and Pods' networks a place to be listed in.
fn furnish() -> anyhow::Result<()> {
    let address = format!("{ADDRESS}/32");
    run(&["ip", "link", "set", "lo", "up"])?;
    run(&["ip", "address", "add", &address, "dev", "lo"])?;
    run(&["ip", "route", "add", "default", "dev", "lo"])?;
    run(&["mount", "-t", "tmpfs", "none", "/run"])?;
    std::fs::create_dir_all("/run/netns").context("cannot make /run/netns")
}

/// Kills every other process inside, so that files can be removed that they write to.
///
/// # Errors
/// This process is not the first one of its process namespace: it would kill processes of the machine.
pub fn end_others() -> anyhow::Result<()> {
    ensure!(is_inside() && std::process::id() == 1, "not in a process namespace of its own");
    // kill(2): -1 is every process that may be signaled, except for the first one.
    run(&["kill", "-9", "--", "-1"])
}

/// Runs a command to its end.
pub fn run(command: &[&str]) -> anyhow::Result<()> {
    let done = Command::new(command[0])
        .args(&command[1..])
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .output()
        .with_context(|| format!("cannot run {}", command[0]))?;
    let said = String::from_utf8_lossy(&done.stderr);
    ensure!(
        done.status.success(),
        "{} failed, which takes root or user namespaces: {}",
        command.join(" "),
        said.trim()
    );
    Ok(())
}
