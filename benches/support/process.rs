//! `podgraft serve` as a user starts it: a process of its own, with one companion and its certificate from files.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::client::Client;

/// How often a port is tried that does not listen yet.
const RETRY: Duration = Duration::from_micros(100);

/// The files of a server: `companion.yaml`, and `certs/`.
pub struct Files {
    folder: TempDir,
    ca: String,
}

/// A running server. It ends when it is dropped.
pub struct Process {
    child: Child,
    pub client: Client,
}

impl Files {
    pub fn new(companion: &Value) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("companion.yaml"), companion.to_string()).expect("a companion");
        let certs = folder.path().join("certs");
        let made = podgraft().arg("certs").arg("--dir").arg(&certs).output();
        assert!(made.is_ok_and(|made| made.status.success()), "certificates");
        let ca = fs::read_to_string(certs.join("ca.crt")).expect("a CA");
        Files { folder, ca }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Starts a server, and returns as soon as its port accepts connections.
    pub fn serve(&self) -> Process {
        let [admission, admin] = free_ports();
        let child = podgraft()
            .args(["serve", "--log-format", "json", "--companions"])
            .arg(self.path().join("companion.yaml"))
            .arg("--cert-dir")
            .arg(self.path().join("certs"))
            .args(["--listen", &admission.to_string(), "--admin-listen", &admin.to_string()])
            .env_remove("RUST_LOG")
            .stderr(Stdio::null())
            .spawn()
            .expect("a server");
        while TcpStream::connect(admission).is_err() {
            thread::sleep(RETRY);
        }
        Process { child, client: Client::new(admission, &self.ca) }
    }
}

/// A command of the binary that is measured.
pub fn podgraft() -> Command {
    Command::new(env!("CARGO_BIN_EXE_podgraft"))
}

/// Two ports of the loopback address that are free now. A server that chooses its ports itself reports them in its log, which
/// is written with a delay.
fn free_ports() -> [SocketAddr; 2] {
    let bound = [(); 2].map(|()| TcpListener::bind(("127.0.0.1", 0)).expect("a port"));
    bound.map(|listener| listener.local_addr().expect("an address"))
}

impl Process {
    /// A figure of `/proc/PID/status` in MiB, such as `VmRSS`, or `VmHWM` for the largest `VmRSS` so far.
    pub fn mebibytes(&self, figure: &str) -> f64 {
        let status =
            fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("the kernel reports memory");
        let line = status.lines().find_map(|line| line.strip_prefix(figure)?.strip_prefix(':')).expect("a figure");
        line.trim().trim_end_matches(" kB").parse::<f64>().expect("kibibytes") / 1024.0
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
