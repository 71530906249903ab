//! System 2: an app that reaches Redis at localhost.

mod load;

use std::time::Duration;

use serde_json::{Value, json};

use self::load::{Load, Outcome, visit};
use super::example::{self, address, restarts, status};
use crate::admission::injection::made_by;
use crate::cluster::{Cluster, printed};
use crate::control_plane::credentials::Credentials;
use crate::node::pods::name;
use crate::tests;

tests![
    an_app_that_knows_only_localhost_continues_when_the_master_moves_and_when_it_is_killed,
    the_ambassador_authenticates_itself_over_tls_and_is_ready_before_the_apps_init_container,
    the_same_app_counts_in_a_redis_of_its_own_pod,
];

/// The first 25 failures of Redis, for 0.2 s each, are hidden by the app itself (`count` of `visits.py`).
const PATIENCE: Duration = Duration::from_secs(5);

/// A replica of the example at first.
const SECOND: &str = "store-1.store.visits.svc.cluster.local";

async fn an_app_that_knows_only_localhost_continues_when_the_master_moves_and_when_it_is_killed(cluster: &Cluster) {
    example::companions(cluster, "redis", &["redis-ambassador", "redis-local"]).await;
    cluster.apply_example("redis/app.yaml");
    let pods = example::ready_pods(cluster, "visits", "app=visits", 2).await;
    pods.iter().for_each(expect_prepared);
    example::ready_pods(cluster, "visits", "app=store", 2).await;
    move_the_master(cluster, &pods).await;
    kill_the_master(cluster, &pods).await;
    for pod in &pods {
        let pod = example::pod(cluster, "visits", name(pod)).await;
        let containers = ["redis-ambassador", "visits"];
        assert_eq!(containers.map(|container| restarts(&pod, container)), [0, 0], "{}", pod["status"]);
    }
}

/// As Sentinel does it: the old master becomes a replica, and then the new one is promoted.
async fn move_the_master(cluster: &Cluster, pods: &[Value]) {
    until_in_sync(cluster, "store-1").await;
    let load = Load::start(pods);
    load.continues(cluster).await;
    in_store(
        cluster,
        "store-0",
        &format!("redis-cli replicaof {SECOND} 6379 && redis-cli -h {SECOND} replicaof no one"),
    );
    load.continues(cluster).await;
    expect_continuous(&load.end("redis: the master moved").await);
    for pod in pods {
        example::logged(cluster, "visits", name(pod), "redis-ambassador", "master: two; one: replica").await;
    }
}

/// Its container is restarted as a replica, and has no data.
async fn kill_the_master(cluster: &Cluster, pods: &[Value]) {
    until_in_sync(cluster, "store-0").await;
    let load = Load::start(pods);
    load.continues(cluster).await;
    example::kill(cluster, "visits", "store-1", "store").await;
    in_store(cluster, "store-0", "redis-cli replicaof no one");
    load.continues(cluster).await;
    let outcome = load.end("redis: the master was killed and a replica promoted").await;
    expect_continuous(&outcome);
    example::restarted(cluster, "visits", "store-1", "store", 1).await;
    let visits: usize = in_store(cluster, "store-0", "redis-cli get visits").trim().parse().expect("a number");
    assert!(visits >= outcome.requests - outcome.failed - outcome.lost, "{visits} visits, {outcome}");
}

async fn until_in_sync(cluster: &Cluster, replica: &str) {
    cluster
        .eventually(&format!("{replica} with the master's data"), async || {
            in_store(cluster, replica, "redis-cli info replication").contains("master_link_status:up").then_some(())
        })
        .await;
}

/// What a command prints in a member of the example's store.
#[track_caller]
fn in_store(cluster: &Cluster, member: &str, command: &str) -> String {
    cluster.exec("visits", member, "store", &["sh", "-c", command])
}

/// The init container fails without an answer from Redis.
#[track_caller]
fn expect_prepared(pod: &Value) {
    let prepare = status(pod, "prepare");
    assert_eq!(prepare["state"]["terminated"]["exitCode"], 0, "{}", pod["status"]);
    println!("    redis: the init container was started {} times", restarts(pod, "prepare") + 1);
}

/// A client sees nothing of a failover, unless it takes longer than the app waits.
#[track_caller]
fn expect_continuous(outcome: &Outcome) {
    assert!(outcome.failed == 0 || outcome.gap > PATIENCE, "{outcome}");
}

/// The annotations of a Pod whose store demands a user, a password and a certificate.
const CREDENTIALS: &str = r#"
        podgraft.dev/redis-ambassador.timeout: 10s
        podgraft.dev/redis-ambassador.username: ambassador
        podgraft.dev/redis-ambassador.password: store-login/password
        podgraft.dev/redis-ambassador.tls: "true"
        podgraft.dev/redis-ambassador.ca: store-tls/ca.crt
        podgraft.dev/redis-ambassador.certificate: store-tls/client.crt
        podgraft.dev/redis-ambassador.key: store-tls/client.key"#;

/// The options of a Redis that is reached over TLS only, with the users of README.md.
const SECURE: &str = "--port 0 --tls-port 6379 --tls-cert-file /tls/server.crt --tls-key-file /tls/server.key \
                      --tls-ca-cert-file /tls/ca.crt --user ambassador on '>first' +info \
                      --user app on '>visits' '~*' +@all --user default off";

const CLI: &str = "redis-cli --tls --cacert /tls/ca.crt --cert /tls/client.crt --key /tls/client.key --user app \
                   --pass visits --no-auth-warning";

async fn the_ambassador_authenticates_itself_over_tls_and_is_ready_before_the_apps_init_container(cluster: &Cluster) {
    example::companions(cluster, "redis", &["redis-ambassador", "redis-local"]).await;
    let town = cluster.namespace(restricted()).await;
    secrets(cluster, &town);
    let text = secure(&example::app("redis", "visits", &town));
    let (app, store) = text.split_once("# The store outside").expect("the app, then the store");
    cluster.apply_manifests(&town, app, &[]);
    let pod = made_by(cluster, &town, "visits").await;
    let unresolved = "no master; connections are refused; one: its name is not resolved";
    example::logged(cluster, &town, name(&pod), "redis-ambassador", unresolved).await;
    let pod = example::pod(cluster, &town, name(&pod)).await;
    let prepare = status(&pod, "prepare");
    assert!(
        prepare["state"]["waiting"].is_object() && prepare["restartCount"] == 0,
        "without a master it waits: {prepare}"
    );
    cluster.apply_manifests(&town, &format!("# {store}"), &[]);
    let pods = example::ready_pods(cluster, &town, "app=visits", 1).await;
    expect_prepared(&pods[0]);
    assert_eq!(restarts(&pods[0], "prepare"), 0, "it asks once: {}", pods[0]["status"]);
    assert_eq!(visit(address(&pods[0])).await, Some(1));
    rotate(cluster, &town, &pods).await;
}

/// A user has both passwords until the Secret has arrived, as README.md describes it.
async fn rotate(cluster: &Cluster, town: &str, pods: &[Value]) {
    let name = name(&pods[0]);
    let store = |command: &str| cluster.exec(town, "store-0", "store", &["sh", "-c", &format!("{CLI} {command}")]);
    let load = Load::start(pods);
    assert_eq!(store("acl setuser ambassador '>second'"), "OK\n");
    let secret = format!("/api/v1/namespaces/{town}/secrets/store-login");
    cluster.merge(&secret, &json!({"stringData": {"password": "second\n"}})).await.expect("a new password");
    example::logged(cluster, town, name, "redis-ambassador", "the password has changed").await;
    assert_eq!(store("acl setuser ambassador '<first'"), "OK\n");
    load.continues(cluster).await;
    let outcome = load.end("redis: a password was rotated, with TLS and an ACL user").await;
    assert_eq!((outcome.failed, outcome.lost), (0, 0), "{outcome}");
    let log = cluster.logs(town, name, "redis-ambassador");
    // A machine that is busy may miss the time limit of a check, but none may be rejected.
    assert!(!["NOAUTH", "WRONGPASS"].iter().any(|answer| log.contains(answer)), "{log}");
}

fn secrets(cluster: &Cluster, town: &str) {
    let folder = cluster.folder.join(format!("{town}.tls"));
    std::fs::create_dir(&folder).expect("a folder");
    let credentials = Credentials::new(&folder).expect("a CA");
    let member = format!("store-0.store.{town}.svc.cluster.local");
    credentials.server("server", &[&member, "127.0.0.1"]).expect("the member's certificate");
    credentials.user("client", "ambassador", None).expect("the ambassador's certificate");
    let create = |arguments: &[&str]| {
        let secret = ["--namespace", town, "create", "secret", "generic"];
        printed(cluster.kubectl([&secret[..], arguments].concat()));
    };
    let files = ["ca.crt", "server.crt", "server.key", "client.crt", "client.key"];
    let files = files.map(|file| format!("--from-file={}", folder.join(file).display()));
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    create(&[&["store-tls"], &files[..]].concat());
    create(&["store-login", "--from-literal=password=first"]);
}

/// The example with one Pod of each kind, whose store is reached over TLS only.
fn secure(example: &str) -> String {
    let second = example.lines().find(|line| line.contains("redis-ambassador.server2")).expect("a second member");
    let changes = [
        (second, CREDENTIALS.trim_start_matches('\n')),
        ("replicas: 2", "replicas: 1"),
        (
            "        command: [python3,",
            "        env: [{name: REDIS_LOGIN, value: app visits}]\n        command: [python3,",
        ),
        ("--protected-mode no \"$@\"", SECURE),
        (
            "        - {name: data, mountPath: /data}",
            "        - {name: data, mountPath: /data}\n        - {name: tls, mountPath: /tls}",
        ),
        ("      - name: data\n", "      - name: tls\n        secret: {secretName: store-tls}\n      - name: data\n"),
    ];
    replaced(example, &changes)
}

/// Each change must be possible: an example that has changed is not tested by accident without it.
#[track_caller]
fn replaced(text: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from:?} is not in {text}");
        text.replace(from, to)
    })
}

fn restricted() -> Value {
    json!({"labels": {"pod-security.kubernetes.io/enforce": "restricted"}})
}

async fn the_same_app_counts_in_a_redis_of_its_own_pod(cluster: &Cluster) {
    example::companions(cluster, "redis", &["redis-ambassador", "redis-local"]).await;
    let town = cluster.namespace(restricted()).await;
    let text = example::app("redis", "visits", &town);
    let (app, _) = text.split_once("# The store outside").expect("the app, then the store");
    let chosen = "companions: redis-local\n        podgraft.dev/redis-local.appendonly: \"yes\"";
    let of_ambassador = |line: &&str| !line.contains("redis-ambassador.server");
    let app = app.lines().filter(of_ambassador).collect::<Vec<_>>().join("\n");
    let app = replaced(&app, &[("companions: redis-ambassador", chosen), ("replicas: 2", "replicas: 1")]);
    cluster.apply_manifests(&town, &app, &[]);
    let pods = example::ready_pods(cluster, &town, "app=visits", 1).await;
    expect_prepared(&pods[0]);
    assert_eq!((visit(address(&pods[0])).await, visit(address(&pods[0])).await), (Some(1), Some(2)));
    let name = name(&pods[0]);
    example::kill(cluster, &town, name, "redis-local").await;
    let third = cluster.eventually("a third visit", async || visit(address(&pods[0])).await).await;
    assert_eq!(third, 3, "with appendonly, a restart keeps the count");
    let pod = example::restarted(cluster, &town, name, "redis-local", 1).await;
    assert_eq!(restarts(&pod, "visits"), 0, "{}", pod["status"]);
}
