//! `podgraft serve` as a process.

use std::fs;
use std::fs::File;
use std::net::SocketAddr;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use podgraft::internals::tls::development::issue;
use tempfile::TempDir;

use crate::api_server::ApiServer;

/// A process that serves. It is killed when it is dropped.
pub(crate) struct Served {
    pub(crate) admission: SocketAddr,
    /// The CA of its certificate.
    pub(crate) ca: String,
    process: Child,
    _folder: TempDir,
}

/// CPU seconds since the start.
pub(crate) struct Cpu {
    /// Of the thread that answers reviews.
    pub(crate) answering: f64,
    /// Of all other threads.
    pub(crate) others: f64,
}

impl Served {
    /// Starts a process, and waits until it has read everything of the API server.
    pub(crate) fn start(api: &ApiServer) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let issued = issue(["localhost"]).expect("a certificate");
        fs::write(path("tls.crt"), &issued.certificate).expect("a file");
        fs::write(path("tls.key"), &issued.key).expect("a file");
        let kubeconfig = format!(
            "{{apiVersion: v1, kind: Config, current-context: a, contexts: [{{name: a, context: {{cluster: a, user: a}}}}], \
             users: [{{name: a, user: {{}}}}], clusters: [{{name: a, cluster: {{server: \"http://{}\"}}}}]}}",
            api.address
        );
        fs::write(path("kubeconfig"), kubeconfig).expect("a file");
        let log = File::create(path("log")).expect("a file");
        let process = Command::new(env!("CARGO_BIN_EXE_podgraft"))
            .args([
                "serve",
                "--cluster",
                "--listen",
                "127.0.0.1:0",
                "--admin-listen",
                "127.0.0.1:0",
                "--log-format",
                "json",
            ])
            .arg("--cert-dir")
            .arg(folder.path())
            .env("KUBECONFIG", path("kubeconfig"))
            .env_remove("RUST_LOG")
            .stderr(log)
            .spawn()
            .expect("a process");
        let admission = listening(&path("log"));
        Served { admission, ca: issued.authority, process, _folder: folder }
    }

    pub(crate) fn cpu(&self) -> Cpu {
        let mut cpu = Cpu { answering: 0.0, others: 0.0 };
        for task in fs::read_dir(format!("/proc/{}/task", self.process.id())).expect("a process with threads") {
            let task = task.expect("a thread").path();
            // A thread that has just ended has no files.
            let read = |name: &str| fs::read_to_string(task.join(name));
            let (Ok(name), Ok(used)) = (read("comm"), read("schedstat")) else { continue };
            let nanoseconds: f64 = used.split(' ').next().and_then(|used| used.parse().ok()).expect("a number");
            let part = if name.trim() == "reviews" { &mut cpu.answering } else { &mut cpu.others };
            *part += nanoseconds / 1e9;
        }
        cpu
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The address of the admission port, as soon as it is in the log.
fn listening(log: &std::path::Path) -> SocketAddr {
    let until = Instant::now() + Duration::from_secs(300);
    loop {
        let text = fs::read_to_string(log).expect("a log");
        if let Some(line) = text.lines().find(|line| line.contains("\"listening\"") && line.ends_with('}')) {
            let (_, address) = line.split_once("https://").expect("an address");
            return address.split('"').next().and_then(|address| address.parse().ok()).expect("an address");
        }
        assert!(Instant::now() < until, "the server did not start: {text}");
        thread::sleep(Duration::from_millis(20));
    }
}
