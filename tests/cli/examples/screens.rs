//! The screens of README.md and docs/: each command is run, and prints what the document shows.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::Folder;
use crate::support::screens::{expect_screen, matches, of_page, screens};

/// The files of `tests/` that show screens.
const FILES: [&str; 8] = [
    "cli/examples/screens.rs",
    "cli/live/screens.rs",
    "cluster/admission/events.rs",
    "cluster/installation/operator/check.rs",
    "cluster/installation/operator/status.rs",
    "cluster/installation/platforms.rs",
    "cluster/required.rs",
    "cluster/systems/restart.rs",
];

#[test]
fn every_screen_of_the_documents_is_shown_by_a_test() {
    let read = |file| fs::read_to_string(root().join("tests").join(file)).unwrap();
    let tests: String = FILES.into_iter().map(read).collect();
    let all = screens();
    assert!(all.len() > 20, "the screens were found");
    for screen in all {
        // What prepares the next screen prints nothing worth showing.
        let is_step = screen.output.is_empty() && !screen.command.starts_with("podgraft ");
        let typed = format!("\"{}\"", screen.command);
        assert!(is_step || tests.contains(&typed), "{}: no test shows {typed}", screen.page);
    }
}

#[test]
fn a_screen_is_compared_without_ages_hashes_and_what_is_left_out() {
    let documented = "NAME   AGE\nweb-7d4b9c6f5-x2k8p   5m\n...\nlast ... line\n";
    assert!(matches(documented, "NAME AGE\nweb-6f5d4b9c7-abcde 12s\na\nb\nlast longer line\n"));
    assert!(matches(documented, "NAME AGE\nweb-6f5d4b9c7-abcde 12s\nlast x line\n"));
    for other in ["NAME AGE\ndb-6f5d4b9c7-abcde 12s\nlast x line\n", "NAME AGE\nweb-6f5d4b9c7-abcde 12s\nlast\n", ""] {
        assert!(!matches(documented, other), "{other}");
    }
    let page = "text\n```console\n$ a -b     # why\nout\n$ c\n```\n```sh\n$ d\n```\n";
    let found: Vec<_> = of_page("x.md", page).into_iter().map(|s| format!("{}|{}", s.command, s.output)).collect();
    assert_eq!(found, ["a -b|out\n", "c|"]);
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The first manifest of a document.
fn first_manifest(page: &str) -> String {
    let text = fs::read_to_string(root().join(page)).unwrap();
    text.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap().to_owned()
}

/// Runs a command of a document in a folder, and compares what it prints. A screen without output is only run.
fn show(folder: &Folder, page: &str, command: &str) {
    let (code, out, err) = folder.shell(command);
    let is_shown = screens().iter().any(|s| s.page == page && s.command == command && !s.output.is_empty());
    if is_shown {
        expect_screen(page, command, &(out + &err));
    } else {
        assert!([0, 1].contains(&code) && !err.contains("error:"), "{page}: {command}: {code} {err}");
    }
}

/// A Deployment with a web server in the namespace `shop`, with annotations of its Pods.
fn web(annotations: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: shop}}\nspec:\n  selector: {{matchLabels: {{app: web}}}}\n  \
         template:\n    metadata:\n      labels: {{app: web}}\n      annotations: {{{annotations}}}\n    spec:\n      containers:\n      \
         - name: web\n        image: nginx:1.29\n"
    )
}

const REQUESTS_GIT_SYNC: &str =
    "podgraft.dev/companions: git-sync, podgraft.dev/git-sync.repo: https://git.example/site.git";

#[test]
fn the_screens_of_manifests_are_what_the_commands_print() {
    let readme = Folder::new().with("web.yaml", &first_manifest("README.md"));
    symlink(root().join("examples"), readme.0.path().join("examples")).unwrap();
    show(&readme, "README.md", "podgraft explain -f web.yaml --companions examples/git-sync");

    let requesting = Folder::new().with("web.yaml", &web(REQUESTS_GIT_SYNC));
    symlink(root().join("examples/git-sync"), requesting.0.path().join("companions")).unwrap();
    show(&requesting, "docs/requesting.md", "podgraft explain -f web.yaml --companions companions/");
    show(&requesting, "docs/requesting.md", "podgraft inject -f web.yaml --companions companions/ -o diff");
    let without_unit = format!("{REQUESTS_GIT_SYNC}, podgraft.dev/git-sync.period: \"10\"");
    let requesting = requesting.with("web.yaml", &web(&without_unit));
    show(&requesting, "docs/requesting.md", "podgraft explain -f web.yaml --companions companions/");
    let misplaced = web("").replace(
        "metadata: {name: web, namespace: shop}",
        "metadata:\n  name: web\n  annotations:\n    podgraft.dev/companions: git-sync",
    );
    let requesting = requesting.with("web.yaml", &misplaced);
    show(&requesting, "docs/requesting.md", "podgraft validate -f web.yaml --companions companions/");

    let clock = Folder::new()
        .with("clock.yaml", &first_manifest("docs/companions.md"))
        .with("web.yaml", &web("podgraft.dev/companions: clock"));
    show(&clock, "docs/companions.md", "podgraft validate -f clock.yaml --strict");
    show(&clock, "docs/companions.md", "podgraft inject -f web.yaml --companions clock.yaml -o diff");

    let injection = "apiVersion: podgraft.dev/v1alpha1\nkind: ClusterCompanion\nmetadata:\n  name: clock\nspec:\n  \
        pattern: Sidecar\n  containers:\n  - name: clock\n    image: busybox:latest\n    \
        command: [sh, -c, 'while :; do date; sleep $(PERIOD); done']\n  parameters:\n  \
        - {name: period, type: Duration, default: 10s, as: seconds, env: PERIOD}\n";
    show(&Folder::new().with("clock.yaml", injection), "docs/companions.md", "podgraft validate -f clock.yaml");
}

#[test]
fn the_screen_of_migrate_is_what_it_prints() {
    let logger = "name: logger\nenv: [{name: LOG_SOCKET, value: /log/socket}]\ncontainers: [{name: logger, image: logger:3}]\n\
        volumes: [{name: log, emptyDir: {}}]\nvolumeMounts: [{name: log, mountPath: /log}]\n";
    let proxy = "name: proxy\ncontainers:\n- name: proxy\n  image: registry.example/proxy:2\nhostAliases:\n\
        - {ip: 127.0.0.1, hostnames: [upstream]}\n";
    let folder = Folder::new().with("conf/logger.yaml", logger).with("conf/proxy.yaml", proxy);
    show(&folder, "docs/migration.md", "podgraft migrate -f conf/ --output-file companions.yaml");
    let folder = Folder::new().with("conf/log-agent.yaml", &first_manifest("docs/migration.md"));
    show(&folder, "docs/migration.md", "podgraft migrate -f conf/log-agent.yaml");
}

/// A server that ends with the test.
struct Served {
    process: Child,
    /// What it has logged until it listened.
    log: String,
    admission: String,
    admin: String,
}

impl Served {
    /// Runs a command of a document on ports that are free.
    fn start(folder: &Folder, command: &str, last: &str) -> Self {
        let arguments = command.strip_prefix("podgraft ").unwrap().replace(":8443", ":0").replace(":8080", ":0");
        let mut podgraft = Command::new(env!("CARGO_BIN_EXE_podgraft"));
        podgraft.args(arguments.split_whitespace()).args(["--log-format", "text"]).current_dir(folder.0.path());
        let mut process = podgraft.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let mut log = String::new();
        while !log.contains(last) {
            log += &lines.next().expect("the server listens").unwrap();
            log.push('\n');
        }
        // The server would stop at a pipe that is full or closed.
        std::thread::spawn(move || lines.for_each(drop));
        let port = |start: &str| {
            let rest = log.split(start).nth(1)?;
            Some(rest.split(|c: char| !c.is_ascii_digit()).next()?.to_owned())
        };
        let (admission, admin) = (port("https://127.0.0.1:"), port("http://127.0.0.1:"));
        Served { process, admission: admission.unwrap_or_default(), admin: admin.unwrap_or_default(), log }
    }
}

/// The body of a response of the admin port.
fn get(port: &str, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}"))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    Ok(response.split_once("\r\n\r\n").map_or(String::new(), |(_, body)| body.to_owned()))
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn the_screens_of_a_server_are_what_the_commands_print() {
    let page = "docs/operating.md";
    let folder = Folder::new().with("web.yaml", &web(REQUESTS_GIT_SYNC));
    let serve =
        "podgraft serve --companions companions --cert-dir certs --listen 127.0.0.1:8443 --admin-listen 127.0.0.1:8080";
    symlink(root().join("examples/git-sync"), folder.0.path().join("companions")).unwrap();
    show(&folder, page, "podgraft certs --dir certs");
    let server = Served::start(&folder, serve, "listening");
    let log = server.log.replace(&server.admission, "8443").replace(&server.admin, "8080");
    let log: String = log.lines().filter_map(|line| Some(format!("{}\n", line.get(line.find("INFO")?..)?))).collect();
    expect_screen(page, serve, &log);
    expect_screen(page, "curl '127.0.0.1:8080/readyz?verbose'", &get(&server.admin, "/readyz?verbose").unwrap());
    let probe = format!("probe -f web.yaml --server https://localhost:{}", server.admission);
    let probed = folder.run(&probe);
    expect_screen(page, "podgraft probe -f web.yaml", &(probed.err + &probed.out));
}

#[test]
fn the_screen_of_a_server_that_waits_for_the_api_server_is_what_it_answers() {
    let folder = Folder::new();
    // Nothing listens on a port that was free.
    let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let (admin, closed) = (free(), free());
    let kubeconfig = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: x\nclusters: [{{name: x, cluster: {{server: \"http://127.0.0.1:{closed}\"}}}}]\n\
         users: [{{name: x, user: {{token: x}}}}]\ncontexts: [{{name: x, context: {{cluster: x, user: x}}}}]\n"
    );
    let folder = folder.with("kubeconfig", &kubeconfig);
    let serve = "serve --cluster --namespace own --cert-secret own --listen 127.0.0.1:0 --admin-listen 127.0.0.1:";
    let mut podgraft = Command::new(env!("CARGO_BIN_EXE_podgraft"));
    podgraft.args(format!("{serve}{admin}").split_whitespace()).current_dir(folder.0.path());
    podgraft.env("KUBECONFIG", "kubeconfig").stdout(Stdio::null()).stderr(Stdio::null());
    let server = Served { process: podgraft.spawn().unwrap(), log: String::new(), admission: String::new(), admin };
    let is_waiting = |answer: &String| answer.contains("clustercompanions (failed");
    let answer = (0..600).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        get(&server.admin, "/readyz").ok().filter(is_waiting)
    });
    expect_screen("docs/operating.md", "curl 127.0.0.1:8080/readyz", &answer.expect("an answer"));
}

#[test]
fn denials_and_warnings_in_the_documents_have_the_messages_of_the_commands() {
    let page = |name: &str| fs::read_to_string(root().join("docs").join(name)).unwrap();
    let value = |folder: &Folder, command: &str| -> Value { serde_json::from_str(&folder.run(command).out).unwrap() };
    let folder = Folder::new().with("web.yaml", &web("podgraft.dev/companions: git-sync"));
    symlink(root().join("examples/git-sync"), folder.0.path().join("companions")).unwrap();
    let explained = value(&folder, "explain -f web.yaml -c companions -o json");
    let companion = &explained["workloads"][0]["companions"][0];
    let denial = format!("{} ({})", companion["message"].as_str().unwrap(), companion["reason"].as_str().unwrap());
    for shown in [format!("podgraft: {denial}"), format!("Pods of this Deployment will be denied: {denial}")] {
        assert!(page("requesting.md").contains(&format!("{shown}\n")), "{shown}");
    }
    let mounted = "    volumeMounts: [{name: out, mountPath: /x}]\n    resources:";
    let clock = first_manifest("docs/companions.md")
        .replace("  - name: out ", "  - name: in ")
        .replace("    resources:", mounted);
    let validated = value(&Folder::new().with("clock.yaml", &clock), "validate clock.yaml -o json");
    let remarks = validated["remarks"].as_array().unwrap();
    let text = |remark: &Value, field: &str| remark[field].as_str().unwrap_or_default().to_owned();
    let shown = remarks.iter().map(|r| format!("{}: {}", text(r, "field"), text(r, "message")));
    assert!(shown.clone().any(|shown| page("operating.md").contains(&shown)), "{:#?}", shown.collect::<Vec<_>>());
}
