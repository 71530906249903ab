//! The product itself: `podgraft serve` with companions and certificates from files, as a user starts it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::client::Client;
use super::server::Server;

/// Starts the product with these companions and Namespaces, and waits until it listens. Its log is JSON in a pipe that is read; connections
/// do not get too old within a benchmark, because handshakes are not part of what is measured.
pub fn start(manifests: &[Value]) -> Server {
    let folder = tempfile::tempdir().expect("a folder");
    let manifests: Vec<String> = manifests.iter().map(ToString::to_string).collect();
    fs::write(folder.path().join("companions.yaml"), manifests.join("\n---\n")).expect("companions");
    let certs = folder.path().join("certs");
    let made = Command::new(env!("CARGO_BIN_EXE_podgraft")).arg("certs").arg("--dir").arg(&certs).output();
    assert!(made.is_ok_and(|made| made.status.success()), "certificates");
    let ca = fs::read_to_string(certs.join("ca.crt")).expect("a CA");
    let (process, address) = spawn(folder.path());
    Server::new(process, Client::new(address, &ca), Some(folder))
}

fn spawn(folder: &Path) -> (Child, SocketAddr) {
    let mut process = Command::new(env!("CARGO_BIN_EXE_podgraft"))
        .args(["serve", "--log-format", "json", "--connection-age", "24h", "--companions"])
        .arg(folder.join("companions.yaml"))
        .arg("--cert-dir")
        .arg(folder.join("certs"))
        .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
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
    let address = line.split_once("https://").and_then(|(_, rest)| rest.split('"').next()?.parse().ok());
    std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
    (process, address.expect("an address"))
}
