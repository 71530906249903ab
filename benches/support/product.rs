//! The product itself: `podgraft serve` as a process, as a user starts it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::client::Client;
use super::server::Server;

/// The files of a server: `companions.yaml`, `certs/`, and what a benchmark adds.
pub struct Files {
    folder: TempDir,
    ca: String,
}

impl Files {
    /// The files of a server with these companions and Namespaces.
    pub fn new(manifests: &[Value]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let manifests: Vec<String> = manifests.iter().map(ToString::to_string).collect();
        fs::write(folder.path().join("companions.yaml"), manifests.join("\n---\n")).expect("companions");
        let certs = folder.path().join("certs");
        let made = podgraft().arg("certs").arg("--dir").arg(&certs).output();
        assert!(made.is_ok_and(|made| made.status.success()), "certificates");
        let ca = fs::read_to_string(certs.join("ca.crt")).expect("a CA");
        Files { folder, ca }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Starts a server with the companions of the files, and returns as soon as it listens.
    pub fn serve(&self) -> Server {
        let (process, client) = self.spawn(&[]);
        Server::new(process, client, None)
    }

    fn spawn(&self, options: &[&str]) -> (Child, Client) {
        let mut command = self.command();
        command.args(options).arg("--companions").arg(self.path().join("companions.yaml"));
        let (process, address) = listening(command);
        (process, Client::new(address, &self.ca))
    }

    /// `podgraft serve` with the certificate of the files, and ports that the kernel chooses.
    fn command(&self) -> Command {
        let mut command = podgraft();
        command.args(["serve", "--log-format", "json", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]);
        command.arg("--cert-dir").arg(self.path().join("certs")).env_remove("RUST_LOG");
        command
    }
}

/// Starts a server with these companions and Namespaces. Its connections do not get too old within a benchmark, because
/// handshakes are not part of what is measured.
pub fn start(manifests: &[Value]) -> Server {
    let files = Files::new(manifests);
    let (process, client) = files.spawn(&["--connection-age", "24h"]);
    Server::new(process, client, Some(files.folder))
}

/// Starts a server that watches the companions of an API server. It listens as soon as it has read all of them.
pub fn start_with_cluster(api_server: SocketAddr) -> Server {
    let files = Files::new(&[]);
    let kubeconfig = format!(
        "{{apiVersion: v1, kind: Config, current-context: a, contexts: [{{name: a, context: {{cluster: a, user: a}}}}], \
         users: [{{name: a, user: {{}}}}], clusters: [{{name: a, cluster: {{server: \"http://{api_server}\"}}}}]}}"
    );
    let path = files.path().join("kubeconfig");
    fs::write(&path, kubeconfig).expect("a file");
    let mut command = files.command();
    command.arg("--cluster").env("KUBECONFIG", path);
    let (process, address) = listening(command);
    Server::new(process, Client::new(address, &files.ca), Some(files.folder))
}

/// A command of the binary that is measured.
pub fn podgraft() -> Command {
    Command::new(env!("CARGO_BIN_EXE_podgraft"))
}

/// Starts a server, and waits until it has logged the address of its admission port. The rest of its log is read and
/// dropped, so that a full pipe never blocks it.
fn listening(mut command: Command) -> (Child, SocketAddr) {
    let mut process = command.stderr(Stdio::piped()).spawn().expect("a server");
    let mut log = BufReader::new(process.stderr.take().expect("its log"));
    let mut line = String::new();
    while !line.contains("\"listening\"") {
        line.clear();
        assert!(log.read_line(&mut line).is_ok_and(|read| read > 0), "the server did not start");
    }
    let address = line.split_once("https://").and_then(|(_, rest)| rest.split('"').next()?.parse().ok());
    std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
    (process, address.expect("an address"))
}
