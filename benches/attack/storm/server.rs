//! The server under attack: a process of its own, with little memory and one core.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::bodies;
use super::wire::Target;

/// The memory that the server may have: less than the limit of the chart, which has room for more companions.
pub(crate) const MEMORY: u64 = 256 << 20;

/// A server that is started again whenever it ends.
pub(crate) struct Server {
    process: Child,
    target: Target,
    group: Option<Group>,
    pinned: bool,
    folder: TempDir,
    /// How often it had to be started again.
    pub(crate) restarts: u32,
    /// The most memory that one of its processes had resident, in bytes.
    pub(crate) largest_resident: u64,
}

impl Server {
    /// Starts it. On one core, if it is to be compared with a container's limit.
    pub(crate) fn start(pinned: bool) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let certs = folder.path().join("certs");
        fs::create_dir(folder.path().join("companions")).expect("a folder for companions");
        fs::write(folder.path().join("companions/all.yaml"), bodies::companions()).expect("companions");
        let made = Command::new(env!("CARGO_BIN_EXE_podgraft")).arg("certs").arg("--dir").arg(&certs).output();
        assert!(made.is_ok_and(|made| made.status.success()), "certificates");
        let authority = fs::read_to_string(certs.join("ca.crt")).expect("a CA");
        let group = Group::create();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let (process, admission, admin) = spawn(folder.path(), group.as_ref(), pinned, any, any);
        let target = Target::new(admission, admin, &authority);
        Server { process, target, group, pinned, folder, restarts: 0, largest_resident: 0 }
    }

    pub(crate) fn target(&self) -> Target {
        self.target.clone()
    }

    /// Where its companions are.
    pub(crate) fn companions(&self) -> PathBuf {
        self.folder.path().join("companions")
    }

    /// What limits its memory.
    pub(crate) fn limit(&self) -> &'static str {
        self.group.as_ref().map_or("RLIMIT_AS, because there is no cgroup to write to", |group| group.version)
    }

    /// Looks at its memory, and starts it again where it has ended, as a kubelet would.
    pub(crate) fn look_after(&mut self) {
        if self.process.try_wait().is_ok_and(|ended| ended.is_some()) {
            self.restarts += 1;
            let (group, pinned) = (self.group.as_ref(), self.pinned);
            (self.process, ..) = spawn(self.folder.path(), group, pinned, self.target.admission, self.target.admin);
        }
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap_or_default();
        let peak =
            status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse::<u64>().ok());
        self.largest_resident = self.largest_resident.max(peak.unwrap_or(0) << 10);
    }

    /// The most memory of its cgroup, that of the kernel's socket buffers included; `None` without a cgroup.
    pub(crate) fn largest_charged(&self) -> Option<u64> {
        self.group.as_ref().map(Group::largest_charged)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Starts the process, and waits until it says where it listens.
fn spawn(
    folder: &Path,
    group: Option<&Group>,
    pinned: bool,
    admission: SocketAddr,
    admin: SocketAddr,
) -> (Child, SocketAddr, SocketAddr) {
    // The shell puts itself under the limit and becomes the server.
    let limit = group.map_or_else(|| format!("ulimit -v {}", MEMORY >> 10), Group::join);
    let pin = if pinned { "taskset -c 0 " } else { "" };
    let mut process = Command::new("sh")
        .arg("-c")
        .arg(format!("{limit}; exec {pin}\"$@\""))
        .args(["sh", env!("CARGO_BIN_EXE_podgraft"), "serve", "--log-format", "json", "--max-connections", "192"])
        .args(["--listen", &admission.to_string(), "--admin-listen", &admin.to_string()])
        .arg("--cert-dir")
        .arg(folder.join("certs"))
        .arg("--companions")
        .arg(folder.join("companions"))
        .env_remove("RUST_LOG")
        .stderr(Stdio::piped())
        .spawn()
        .expect("a server");
    let mut log = BufReader::new(process.stderr.take().expect("its log"));
    let mut line = String::new();
    while !line.contains("\"listening\"") {
        line.clear();
        assert!(log.read_line(&mut line).is_ok_and(|read| read > 0), "the server did not start");
    }
    // Its output must not block it.
    std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
    let address = |scheme: &str| {
        let (_, rest) = line.split_once(scheme).expect("an address");
        rest.split('"').next().and_then(|text| text.parse().ok()).expect("an address")
    };
    (process, address("https://"), address("http://"))
}

/// A control group of the kernel that limits memory. It is removed when it is dropped.
struct Group {
    path: PathBuf,
    version: &'static str,
}

impl Group {
    /// One of version 1 or 2; `None` where neither can be written to.
    fn create() -> Option<Self> {
        let name = format!("podgraft-attack-{}", std::process::id());
        let unified = fs::read_to_string("/sys/fs/cgroup/cgroup.controllers").is_ok_and(|all| all.contains("memory"));
        let (root, version, limit) = if unified {
            ("/sys/fs/cgroup", "a cgroup (version 2)", "memory.max")
        } else {
            ("/sys/fs/cgroup/memory", "a cgroup (version 1)", "memory.limit_in_bytes")
        };
        let group = Group { path: Path::new(root).join(name), version };
        fs::create_dir(&group.path).ok()?;
        fs::write(group.path.join(limit), MEMORY.to_string()).ok()?;
        Some(group)
    }

    /// What a shell does to join it.
    fn join(&self) -> String {
        format!("echo $$ > {}/cgroup.procs", self.path.display())
    }

    fn largest_charged(&self) -> u64 {
        let read = |file: &str| fs::read_to_string(self.path.join(file)).ok()?.trim().parse::<u64>().ok();
        // Version 1 charges socket buffers to an account of their own.
        let sockets = read("memory.kmem.tcp.max_usage_in_bytes").unwrap_or(0);
        read("memory.peak").or_else(|| read("memory.max_usage_in_bytes")).unwrap_or(0) + sockets
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // The kernel needs a moment after the last process has ended.
        for _ in 0..20 {
            if fs::remove_dir(&self.path).is_ok() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }
}
