//! System 1: a web server and a Git synchronizer that share a volume.

pub mod repository;
mod site;
pub mod visitors;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::cluster::{Cluster, printed};
use crate::node::pods::name;
use crate::tests;
use repository::{Push, Repository};
use site::{PASS, Site};

tests![
    a_fetch_of_more_than_two_minutes_leaves_the_last_page_up,
    a_page_follows_its_repository_and_no_client_sees_a_failure_of_git_or_a_rollout,
    a_rotated_secret_reaches_the_file_of_a_parameter_and_is_used_without_a_restart,
];

/// More than two minutes, after which a fetch was once given up.
const SLOW: Duration = Duration::from_secs(125);

async fn a_fetch_of_more_than_two_minutes_leaves_the_last_page_up(cluster: &Cluster) {
    let mut repository = Repository::start(cluster).await;
    let site = Site::small(&repository, &repository.url("git")).await;
    let visitors = site.visitors(1).await;
    site.until_shown(1, PASS).await;
    repository.delay(SLOW.as_secs());
    let page = repository.push(Push::Normal).await;
    let took = site.until_shown(page, SLOW + PASS).await;
    let visits = visitors.end().await;
    println!("    git-sync, a fetch of two minutes: shown after {:.0} s; {visits}", took.as_secs_f32());
    assert!(took >= SLOW, "the server was not slow");
    visits.expect_all(page);
    assert_eq!(site.passes("failure").await, [0]);
    site.expect_no_restart().await;
}

async fn a_page_follows_its_repository_and_no_client_sees_a_failure_of_git_or_a_rollout(cluster: &Cluster) {
    let mut repository = Repository::start(cluster).await;
    let site = Site::example(&repository).await;
    let visitors = site.visitors(2).await;
    let before = names(&site.ready_pods().await);
    push_normally_and_by_force(&mut repository, &site).await;
    break_the_repository(&mut repository, &site).await;
    remove_the_server(&mut repository, &site).await;
    kill_git(&mut repository, &site).await;
    site.expect_no_restart().await;
    assert_eq!(names(&site.ready_pods().await), before, "the same Pods");
    move_the_image(&site).await;
    let page = repository.push(Push::Normal).await;
    show("a push after the rollout", &site, page).await;
    site.expect_no_restart().await;
    let visits = visitors.end().await;
    println!("    git-sync, all of it: {visits}");
    visits.expect_all(page);
}

fn names(pods: &[Value]) -> Vec<String> {
    pods.iter().map(|pod| name(pod).to_owned()).collect()
}

async fn show(what: &str, site: &Site<'_>, page: usize) {
    let took = site.until_shown(page, PASS).await;
    println!("    git-sync, {what}: page {page} in all Pods after {:.1} s", took.as_secs_f32());
}

async fn push_normally_and_by_force(repository: &mut Repository<'_>, site: &Site<'_>) {
    let page = repository.push(Push::Normal).await;
    show("a push", site, page).await;
    let page = repository.push(Push::Forced).await;
    show("a force-push", site, page).await;
    assert_eq!(site.passes("failure").await, [0, 0]);
}

/// First its objects are damaged, then it has no branch. The author's clone is complete, and is pushed again.
async fn break_the_repository(repository: &mut Repository<'_>, site: &Site<'_>) {
    for break_it in [Repository::damage, Repository::empty] {
        let before = site.passes("failure").await;
        break_it(repository);
        site.until_failed(&before, 2, repository.pages).await;
    }
    let page = repository.push(Push::Normal).await;
    show("a broken repository that was restored", site, page).await;
}

async fn remove_the_server(repository: &mut Repository<'_>, site: &Site<'_>) {
    let before = site.passes("failure").await;
    repository.stop().await;
    site.until_failed(&before, 2, repository.pages).await;
    repository.restart().await;
    let page = repository.push(Push::Normal).await;
    show("an absent server that was replaced", site, page).await;
}

async fn kill_git(repository: &mut Repository<'_>, site: &Site<'_>) {
    let (before, page) = (site.passes("failure").await, repository.pages);
    repository.delay(600);
    let next = repository.push(Push::Normal).await;
    site.kill_git().await;
    site.until_failed(&before, 1, page).await;
    repository.end_delay();
    show("git processes that were killed", site, next).await;
}

/// Another name of the same software, as of a new release.
const IMAGE: [&str; 2] = ["alpine/git:v2.49.1", "alpine/git:v2.49.1-next"];

async fn move_the_image(site: &Site<'_>) {
    let cluster = site.cluster;
    let [now, next] = IMAGE.map(|name| format!("docker.io/{name}"));
    cluster.node(|node| node.tag(&now, &next)).expect("a second name of the image");
    site.apply_companion(&[(IMAGE[0], IMAGE[1])]).await;
    printed(cluster.kubectl(["--namespace", &site.name, "rollout", "restart", "deployment", &site.name]));
    let took = site.until_replaced(IMAGE[1]).await;
    println!("    git-sync, a new image: rolled out in {:.1} s", took.as_secs_f32());
}

/// With what a shell, a configuration file or YAML could change, and with the line break that a Secret from a file has.
const TOKENS: [&str; 2] = ["a b\"$c\n", "d 'e\\n$$(HOME)\n"];

async fn a_rotated_secret_reaches_the_file_of_a_parameter_and_is_used_without_a_restart(cluster: &Cluster) {
    let mut repository = Repository::start(cluster).await;
    let [first, second] = TOKENS;
    repository.require("robot", first.trim_end());
    let secrets = format!("/api/v1/namespaces/{}/secrets", repository.namespace);
    let secret = |token: &str| {
        let data = json!({"user": STANDARD.encode("robot"), "token": STANDARD.encode(token)});
        json!({"metadata": {"name": "docs"}, "data": data})
    };
    cluster.create(&secrets, &secret(first)).await.expect("a Secret");
    let site = Site::small(&repository, &private(&repository)).await;
    site.until_shown(1, PASS).await;

    repository.require("robot", second.trim_end());
    let page = repository.push(Push::Normal).await;
    site.until_failed(&[0], 2, 1).await;
    let pods = site.ready_pods().await;
    let log = cluster.logs(&site.name, name(&pods[0]), "git-sync");
    assert!(log.contains("Authentication failed") && !log.contains("a b\"$c"), "{log}");

    cluster.merge(&format!("{secrets}/docs"), &secret(second)).await.expect("a new token");
    let took = site.until_shown(page, PASS).await;
    println!("    git-sync, a rotated token: used after {:.1} s", took.as_secs_f32());
    let token = cluster.exec(&site.name, name(&pods[0]), "git-sync", &["cat", "/etc/git-sync/token"]);
    assert_eq!(token, second, "byte for byte");
    site.expect_no_restart().await;
}

/// The URL of the repository that requires a password, and annotations. Files over http are never shallow.
fn private(repository: &Repository<'_>) -> String {
    let more = [("depth", "\"0\""), ("period", "2s"), ("username", "docs/user"), ("token", "docs/token")];
    let more = more.map(|(name, value)| format!("\n        podgraft.dev/git-sync.{name}: {value}"));
    format!("{}{}", repository.url("http"), more.concat())
}
