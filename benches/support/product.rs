//! The product itself: `podgraft serve` as a process, as a user starts it.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::client::Client;
use super::server::Server;

/// The time between two attempts to connect.
const RETRY: Duration = Duration::from_micros(100);

/// Any free port of the loopback address.
const ANY_PORT: &str = "127.0.0.1:0";

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

    /// Starts a server with the companions of the files, and returns as soon as its port accepts connections. It is given
    /// ports, because its log reports a chosen port up to 10 ms later, which is too late to measure a start.
    pub fn serve(&self) -> Server {
        let [admission, admin] = free_ports();
        let mut command = self.command(&admission.to_string(), &admin.to_string());
        let process = command.args(self.companions()).stderr(Stdio::null()).spawn().expect("a server");
        while TcpStream::connect(admission).is_err() {
            thread::sleep(RETRY);
        }
        Server::new(process, Client::new(admission, &self.ca), None)
    }

    fn companions(&self) -> [OsString; 2] {
        ["--companions".into(), self.path().join("companions.yaml").into()]
    }

    /// `podgraft serve` with the certificate of the files.
    fn command(&self, admission: &str, admin: &str) -> Command {
        let mut command = podgraft();
        command.args(["serve", "--log-format", "json", "--listen", admission, "--admin-listen", admin]);
        command.arg("--cert-dir").arg(self.path().join("certs")).env_remove("RUST_LOG");
        command
    }
}

/// Starts a server with these companions and Namespaces. Its connections do not get too old within a benchmark, because
/// handshakes are not part of what is measured.
pub fn start(manifests: &[Value]) -> Server {
    let files = Files::new(manifests);
    let mut command = files.command(ANY_PORT, ANY_PORT);
    command.args(["--connection-age", "24h"]).args(files.companions());
    let (process, address) = listening(command);
    Server::new(process, Client::new(address, &files.ca), Some(files.folder))
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
    let mut command = files.command(ANY_PORT, ANY_PORT);
    command.arg("--cluster").env("KUBECONFIG", path);
    let (process, address) = listening(command);
    Server::new(process, Client::new(address, &files.ca), Some(files.folder))
}

/// A command of the binary that is measured.
pub fn podgraft() -> Command {
    Command::new(env!("CARGO_BIN_EXE_podgraft"))
}

/// Two ports of the loopback address that are free now.
fn free_ports() -> [SocketAddr; 2] {
    let bound = [(); 2].map(|()| TcpListener::bind(ANY_PORT).expect("a port"));
    bound.map(|listener| listener.local_addr().expect("an address"))
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
    thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
    (process, address.expect("an address"))
}
