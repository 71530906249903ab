//! System 4: three different applications, whose logs and metrics have one form, and a Prometheus that reads them.

pub mod prometheus;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;

use prometheus::{query, values};

use super::{example, shell};
use crate::admission::injection::create;
use crate::cluster::Cluster;
use crate::control_plane::rest;
use crate::images::BUSYBOX;
use crate::node::machine;
use crate::node::pods::name;
use crate::tests;
use crate::workload::containers;

tests![
    a_prometheus_discovers_three_different_applications_and_reads_the_same_metrics_of_them,
    two_adapters_in_one_pod_are_both_read,
    each_fault_of_an_application_fires_the_alert_of_its_own_kind,
];

/// The job of the example scrapes every 15 s, and its rules wait for a minute. A machine that is busy does so later.
const TIMEOUT: Duration = Duration::from_secs(300);

/// The applications of the example, with the ports of their adapters.
const APPS: [(&str, u16); 3] = [("orders", 9131), ("baskets", 9132), ("catalog", 9133)];

/// Selects their series.
const OF_APPS: &str = r#"namespace="measured",app=~"orders|baskets|catalog""#;

/// How many requests each application gets, and how many more that fail.
const SUCCEED: usize = 90;
const FAIL: usize = 10;

/// Brings about what all of these tests need.
async fn set_up(cluster: &Cluster) {
    static DONE: OnceCell<()> = OnceCell::const_new();
    DONE.get_or_init(async || {
        cluster.apply_companions_of_examples();
        cluster.caught_up().await;
        cluster.apply_example("metrics-adapter/app.yaml");
        prometheus::start(cluster).await;
    })
    .await;
}

async fn a_prometheus_discovers_three_different_applications_and_reads_the_same_metrics_of_them(cluster: &Cluster) {
    set_up(cluster).await;
    let mut targets = BTreeMap::new();
    for (app, port) in APPS {
        let pod = cluster.ready_pods("measured", &format!("app={app}"), 1).await.remove(0);
        targets.insert(format!("{}:{port}", address(&pod)), 1.0);
    }
    until(cluster, "app", &format!("app_up{{{OF_APPS}}}"), &of_each(1)).await;
    until(cluster, "instance", &format!(r#"up{{job="podgraft",{OF_APPS}}}"#), &targets).await;
    let orders = cluster.pods("measured", "app=orders").await.remove(0);
    example::logged(cluster, "measured", name(&orders), "metrics-log", "Tailing /logs/orders.log").await;
    let [orders, baskets, catalog] = targets_by_app(cluster).await;
    ask(&orders, "/", "/fail").await;
    ask_redis(&baskets, SUCCEED, FAIL).await;
    ask(&catalog, "/", "/nothing-there").await;
    until(cluster, "app", &format!("app_requests_total{{{OF_APPS}}}"), &of_each(SUCCEED + FAIL)).await;
    until(cluster, "app", &format!("app_errors_total{{{OF_APPS}}}"), &of_each(FAIL)).await;
    expect_one_form(cluster).await;
    until(cluster, "alertname", &format!("ALERTS{{{OF_APPS}}}"), &BTreeMap::new()).await;
    expect_page(cluster).await;
    let seconds = values(cluster, "app", &format!("app_request_seconds_total{{{OF_APPS}}}")).await;
    assert!(seconds.values().all(|seconds| *seconds > 0.0), "{seconds:?}");
    println!(
        "    of each of 3 applications Prometheus read {} requests, {FAIL} errors; s: {seconds:?}",
        SUCCEED + FAIL
    );
}

fn address(pod: &Value) -> &str {
    pod["status"]["podIP"].as_str().expect("an address")
}

/// The same value for each application.
fn of_each(value: usize) -> BTreeMap<String, f64> {
    APPS.map(|(app, _)| (app.to_owned(), value as f64)).into()
}

/// Waits until Prometheus has these values.
async fn until(cluster: &Cluster, labels: &str, expression: &str, expected: &BTreeMap<String, f64>) {
    let started = Instant::now();
    loop {
        let found = values(cluster, labels, expression).await;
        if found == *expected {
            return;
        }
        assert!(started.elapsed() < TIMEOUT, "{expression}: {found:?} instead of {expected:?}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Every application has the metrics that the README promises, with the same labels, and no others.
async fn expect_one_form(cluster: &Cluster) {
    let mut forms: BTreeMap<String, BTreeSet<(String, Vec<String>)>> = BTreeMap::new();
    for series in query(cluster, &format!(r#"{{{OF_APPS},__name__!~"ALERTS.*|up|scrape_.*"}}"#)).await {
        let metric = series["metric"].as_object().expect("labels");
        let labels = metric.keys().filter(|label| *label != "__name__").cloned().collect();
        let of = |label: &str| metric[label].as_str().unwrap_or_default().to_owned();
        forms.entry(of("app")).or_default().insert((of("__name__"), labels));
    }
    let labels = ["app", "instance", "job", "namespace", "pod"].map(str::to_owned).to_vec();
    let form: BTreeSet<_> = prometheus::promised().into_iter().map(|name| (name, labels.clone())).collect();
    assert_eq!(form.len(), 8, "the README has a table of them: {form:?}");
    assert_eq!(forms, APPS.map(|(app, _)| (app.to_owned(), form.clone())).into());
}

/// The page for people has a line for each application.
async fn expect_page(cluster: &Cluster) {
    let page = prometheus::page(cluster).await;
    for (app, _) in APPS {
        assert!(page.contains(&format!("<tr><td>{app} <td>1\n<td>{}", SUCCEED + FAIL)), "{page}");
    }
}

/// The addresses of the applications.
async fn targets_by_app(cluster: &Cluster) -> [String; 3] {
    let mut addresses = Vec::new();
    for (app, _) in APPS {
        addresses.push(address(&cluster.pods("measured", &format!("app={app}")).await[0]).to_owned());
    }
    addresses.try_into().expect("one of each")
}

/// Sends requests to two paths, the second of which is answered with an error.
async fn ask(address: &str, path: &str, fails: &str) {
    for _ in 0..SUCCEED {
        assert!(rest::plain(address, 8080, path).await.is_some(), "{address}{path} is answered");
    }
    for _ in 0..FAIL {
        assert!(rest::plain(address, 8080, fails).await.is_none(), "{address}{fails} fails");
    }
}

/// Sends commands to a Redis, the last of which fail because the type of the key is another one.
async fn ask_redis(address: &str, succeed: usize, fail: usize) {
    let mut stream = TcpStream::connect((address, 6379)).await.expect("a connection");
    let commands = ["INCR basket\r\n".repeat(succeed), "LPUSH basket x\r\n".repeat(fail), "QUIT\r\n".to_owned()];
    stream.write_all(commands.concat().as_bytes()).await.expect("to send them");
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.expect("answers");
    assert_eq!(answers.matches("-WRONGTYPE").count(), fail, "{answers}");
}

async fn two_adapters_in_one_pod_are_both_read(cluster: &Cluster) {
    set_up(cluster).await;
    let town = cluster.namespace(json!({})).await;
    let mut both = logging("metrics-log,metrics-redis", "touch $LOG; exec httpd -f -p 8080 -h /var/log/app");
    let redis =
        json!({"name": "redis", "image": "redis:7.4-alpine", "args": ["redis-server", "--protected-mode", "no"]});
    both["spec"]["containers"].as_array_mut().expect("containers").push(redis);
    let pod = create(cluster, &town, "both", &both).await;
    println!("    two adapters in one Pod: {}", containers(&pod).join(", "));
    let pod = cluster.ready_pods(&town, "app=logging", 1).await.remove(0);
    let by_port = |values: [(u16, usize); 2]| values.map(|(p, v)| (format!("{}:{p}", address(&pod)), v as f64)).into();
    until(
        cluster,
        "instance",
        &format!(r#"app_success_timestamp_seconds{{namespace="{town}"}} > bool 0"#),
        &by_port([(9131, 1), (9132, 1)]),
    )
    .await;
    // Only what is written after that is counted.
    example::logged(cluster, &town, name(&pod), "metrics-log", "Tailing /logs/app.log").await;
    let line = "time=2026-01-02T03:04:05.678Z method=GET path=/ status=200 seconds=0.004";
    let script = format!("for line in 1 2 3 4 5 6 7; do echo '{line}' >>/var/log/app/app.log; done");
    cluster.exec(&town, name(&pod), "web", &["sh", "-c", &script]);
    ask_redis(address(&pod), 3, 2).await;
    let requests = format!(r#"app_requests_total{{namespace="{town}"}}"#);
    until(cluster, "instance", &requests, &by_port([(9131, 7), (9132, 5)])).await;
}

/// A Pod of a shell that has the log of the app as `$LOG`.
fn logging(companions: &str, script: &str) -> Value {
    let mut template = shell(companions);
    template["metadata"]["labels"] = json!({"app": "logging"});
    let container = &mut template["spec"]["containers"][0];
    container["image"] = BUSYBOX.into();
    container["command"] = json!(["sh", "-c", script]);
    container["env"] = json!([{"name": "LOG", "value": "/var/log/app/app.log"}]);
    template
}

/// A fault: the name of a Pod, the script of its app, and the alert that must fire for it, and no other.
const FAULTS: [(&str, &str, &str); 4] = [
    (
        "writes-another-form",
        "httpd -p 8080 -h /var/log/app; while :; do echo GET / 200 >>$LOG; sleep 1; done",
        "AppLinesNotUnderstood",
    ),
    ("hides-its-log", "umask 077; touch $LOG; exec httpd -f -p 8080 -h /var/log/app", "AppNotRead"),
    ("does-not-listen", "touch $LOG; exec sleep 3600", "AppDown"),
    (HANGS, "touch $LOG; exec httpd -f -p 8080 -h /var/log/app", "AppAdapterHangs"),
];

/// The Pod whose adapter is stopped.
const HANGS: &str = "has-an-adapter-that-hangs";

async fn each_fault_of_an_application_fires_the_alert_of_its_own_kind(cluster: &Cluster) {
    set_up(cluster).await;
    let town = cluster.namespace(json!({})).await;
    for (pod, script, _) in FAULTS {
        create(cluster, &town, pod, &logging("metrics-log", script)).await;
    }
    let pods = cluster.ready_pods(&town, "app=logging", FAULTS.len()).await;
    let seen = format!(r#"app_success_timestamp_seconds{{namespace="{town}",pod="{HANGS}"}} > bool 0"#);
    until(cluster, "pod", &seen, &[(HANGS.to_owned(), 1.0)].into()).await;
    stop_adapter(cluster, pods.iter().find(|pod| name(pod) == HANGS).expect("this Pod"));
    let firing = format!(r#"ALERTS{{namespace="{town}",alertstate="firing"}}"#);
    let expected = FAULTS.map(|(pod, _, alert)| (format!("{pod}/{alert}"), 1.0)).into();
    until(cluster, "pod/alertname", &firing, &expected).await;
    let unmatched = values(cluster, "pod", &format!(r#"app_unmatched_lines_total{{namespace="{town}"}}"#)).await;
    assert!(unmatched["writes-another-form"] > 0.0, "{unmatched:?}");
    let requests = values(cluster, "pod", &format!(r#"app_requests_total{{namespace="{town}"}}"#)).await;
    assert_eq!(requests["writes-another-form"], 0.0);
    println!("    one alert for each fault: {:?}; lines not understood: {unmatched:?}", expected.keys());
}

/// Stops the container that looks at the app.
fn stop_adapter(cluster: &Cluster, pod: &Value) {
    let containers = pod["status"]["initContainerStatuses"].as_array().into_iter().flatten();
    let poller = containers.into_iter().find(|status| status["name"] == "metrics-log-poll").expect("the poller");
    let id = poller["containerID"].as_str().expect("an id");
    let processes = cluster.node(|node| Ok(node.processes(id))).expect("a node");
    // The first one is the poller itself; those that it starts end before long.
    let first = processes.into_iter().min().expect("a process");
    machine::signal(&[first], "STOP").expect("to stop it");
}
