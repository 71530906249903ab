//! The process as a whole: it starts, logs where it listens, runs out of file descriptors, and ends after a signal.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::client::Tls;

/// A review that is answered with one: whatever is none costs its connection.
const REVIEW: &str = r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1","kind":{"group":"","version":"v1","kind":"Pod"},"resource":{"group":"","version":"v1","resource":"pods"},"namespace":"shop","operation":"CREATE","userInfo":{"username":"dev"},"object":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"name":"app"}]}}}}"#;

/// A process that serves. It is killed when it is dropped.
pub(crate) struct Served {
    process: Child,
    log: BufReader<ChildStderr>,
    pub(crate) admission: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) authority: String,
    folder: TempDir,
}

impl Served {
    /// Starts it with so many files at most.
    pub(crate) fn start(files: u32) -> Self {
        Served::with_manifests(files, "")
    }

    /// Starts it with companions and Namespaces from a file.
    fn with_manifests(files: u32, manifests: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let companions = folder.path().join("companions");
        fs::create_dir(&companions).unwrap();
        if !manifests.is_empty() {
            fs::write(companions.join("all.yaml"), manifests).unwrap();
        }
        let path = companions.display().to_string();
        Served::spawn(files, folder, &["--companions", &path])
    }

    /// Starts it in the cluster of a kubeconfig in this folder.
    pub(crate) fn in_cluster(folder: TempDir, flags: &[&str]) -> Self {
        let own = ["--cluster", "--namespace", "podgraft-system"];
        Served::spawn(1024, folder, &[&own[..], flags].concat())
    }

    fn spawn(files: u32, folder: TempDir, flags: &[&str]) -> Self {
        let podgraft = env!("CARGO_BIN_EXE_podgraft");
        let certs = folder.path().join("certs");
        let made = Command::new(podgraft).arg("certs").arg("--dir").arg(&certs).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        let mut process = Command::new("sh")
            .arg("-c")
            .arg(format!("ulimit -n {files}; exec \"$@\""))
            .args(["sh", podgraft, "serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
            .args(["--drain-delay", "300ms", "--log-format", "json"])
            .arg("--cert-dir")
            .arg(&certs)
            .args(flags)
            .env("KUBECONFIG", folder.path().join("kubeconfig"))
            .env_remove("RUST_LOG")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let line = line_with(&mut log, "\"listening\"");
        let address = |scheme: &str| {
            let (_, rest) = line.split_once(scheme).unwrap();
            rest.split('"').next().unwrap().parse().unwrap()
        };
        let authority = fs::read_to_string(certs.join("ca.crt")).unwrap();
        let (admission, admin) = (address("https://"), address("http://"));
        Served { process, log, admission, admin, authority, folder }
    }

    fn ask(&self, path: &str) -> String {
        ask(self.admin, path)
    }

    fn terminate(&self) {
        terminate(&self.process);
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn ask(admin: SocketAddr, path: &str) -> String {
    let mut tcp = TcpStream::connect(admin).unwrap();
    tcp.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    write!(tcp, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).unwrap();
    answer
}

fn terminate(process: &Child) {
    let pid = process.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
}

/// The next line of the log that has these words.
fn line_with(log: &mut BufReader<ChildStderr>, words: &str) -> String {
    let mut all = String::new();
    loop {
        let before = all.len();
        assert!(log.read_line(&mut all).unwrap() > 0, "no {words} in {all}");
        if all[before..].contains(words) {
            return all.split_off(before);
        }
    }
}

#[tokio::test]
async fn it_serves_until_it_is_told_to_end_and_leaves_nobody_behind() {
    let mut served = Served::start(1024);
    let mut client = Tls::trusting(&served.authority).connect(served.admission).await.unwrap();
    let status = client.post(REVIEW).await.unwrap().status;
    assert!([200, 400, 503].contains(&status), "{status}");
    line_with(&mut served.log, "\"review\"");
    assert!(served.ask("/readyz?verbose").contains("[+]certificate ok"));
    assert!(served.ask("/livez").starts_with("HTTP/1.1 200"));
    let metrics = served.ask("/metrics");
    for series in ["podgraft_reviews_total{", "podgraft_build_info{", "podgraft_log_lines_dropped_total 0", "# EOF"] {
        assert!(metrics.contains(series), "no {series} in {metrics}");
    }
    served.terminate();
    line_with(&mut served.log, "\"draining\"");
    assert!(served.ask("/readyz").contains("[-]shutdown failed"));
    assert!(served.ask("/livez").starts_with("HTTP/1.1 200"));
    assert!(client.post(REVIEW).await.expect("a request was lost").closes());
    assert_eq!(served.process.wait().unwrap().code(), Some(0));
}

#[tokio::test]
async fn without_free_files_it_waits_and_goes_on() {
    let mut served = Served::start(40);
    let tls = Tls::trusting(&served.authority);
    let mut early = tls.connect(served.admission).await.unwrap();
    let many: Vec<_> = (0..60).map(|_| TcpStream::connect(served.admission).unwrap()).collect();
    line_with(&mut served.log, "accept failed");
    assert!(early.post("{}").await.is_ok(), "a connection that stood was lost");
    drop(many);
    assert!(tls.connect(served.admission).await.unwrap().post("{}").await.is_ok());
    served.terminate();
    assert_eq!(served.process.wait().unwrap().code(), Some(0));
}

#[test]
fn it_does_not_start_without_a_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let refused = Command::new(env!("CARGO_BIN_EXE_podgraft"))
        .args(["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--companions"])
        .arg(folder.path())
        .arg("--cert-dir")
        .arg(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(3), "{said}");
    assert!(said.contains("tls.crt") && said.contains("--cert-dir") && said.contains("podgraft certs"), "{said}");
}

/// An address without a listener.
fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[test]
fn f07_without_an_api_server_it_lives_is_not_ready_and_says_once_what_it_waits_for() {
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    let (api_server, admin) = (nobody(), nobody());
    let cluster = format!(
        "{{apiVersion: v1, kind: Config, current-context: a, contexts: [{{name: a, context: {{cluster: a, user: a}}}}], \
         users: [{{name: a, user: {{}}}}], clusters: [{{name: a, cluster: {{server: \"http://{api_server}\"}}}}]}}"
    );
    fs::write(&kubeconfig, cluster).unwrap();
    let mut process = Command::new(env!("CARGO_BIN_EXE_podgraft"))
        .args(["serve", "--cluster", "--cert-secret", "a", "--namespace", "a", "--log-format", "json"])
        .args(["--listen", "127.0.0.1:0", "--admin-listen", &admin.to_string()])
        .env("KUBECONFIG", &kubeconfig)
        .env_remove("RUST_LOG")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(process.stderr.take().unwrap());
    let mut lines = Vec::new();
    let attempts =
        |lines: &[String]| lines.iter().filter(|line| line.contains("cannot maintain the certificate")).count();
    while attempts(&lines) < 3 {
        let mut line = String::new();
        assert!(log.read_line(&mut line).unwrap() > 0, "it ended: {lines:?}");
        lines.push(line);
    }
    assert!(ask(admin, "/livez").starts_with("HTTP/1.1 200"));
    let ready = ask(admin, "/readyz?verbose");
    assert!(ready.starts_with("HTTP/1.1 503"), "{ready}");
    assert!(ready.contains("[-]certificate failed") && ready.contains("[-]companions failed"), "{ready}");
    terminate(&process);
    line_with(&mut log, "received SIGTERM before startup finished");
    assert_eq!(process.wait().unwrap().code(), Some(0));
    // The client's own words for the same are left out, and each watch complains in few.
    let count = |words: &str| lines.iter().filter(|line| line.contains(words)).count();
    assert_eq!(count("\"ERROR\""), 0, "{lines:?}");
    for resource in ["\"clustercompanions\"", "\"companions\"", "\"namespaces\""] {
        assert!(count(resource) <= 1, "{resource}: {lines:?}");
    }
    assert!(count("\"watch failed, retrying\"") <= 1, "{lines:?}");
}

#[test]
fn a_probe_goes_on_after_an_object_that_the_server_cannot_review() {
    let namespace =
        "{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {podgraft.dev/inject: enabled}}}\n";
    let served = Served::with_manifests(1024, namespace);
    let manifest = served.folder.path().join("in.yaml");
    let pod = |name: &str, namespace: &str| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, namespace: {namespace}}}, spec: {{containers: [{{name: app}}]}}}}\n"
        )
    };
    fs::write(&manifest, format!("{}---\n{}", pod("a", "shop"), pod("b", "other"))).unwrap();
    let probe = |more: &[&str]| {
        let server = format!("https://{}", served.admission);
        let mut command = Command::new(env!("CARGO_BIN_EXE_podgraft"));
        command.args(["probe", "--server", &server, "--server-name", "localhost", "-f"]).arg(&manifest).arg("--ca");
        let out = command.arg(served.folder.path().join("certs/ca.crt")).args(more).output().unwrap();
        (out.status.code(), String::from_utf8(out.stderr).unwrap())
    };
    let (code, err) = probe(&[]);
    assert_eq!(code, Some(3), "{err}");
    assert!(err.contains("; or use --webhook opted-in, if the namespace is opted in"), "{err}");
    assert!(err.contains("pod/b in namespace other"), "{err}");
    let (code, err) = probe(&["--webhook", "opted-in"]);
    assert_eq!(code, Some(0), "{err}");
}
