//! System 3: a web server and an application server in one Pod, over localhost.

mod client;

use serde_json::{Value, json};
use tokio::net::TcpStream;

use self::client::{Client, request};
use super::example::{self, address, restarts};
use crate::cluster::{Cluster, printed};
use crate::node::pods::name;
use crate::tests;

tests![
    nginx_serves_static_pages_itself_and_passes_the_rest_to_tomcat,
    large_headers_and_slow_requests_have_the_limits_of_their_parameters,
    web_sockets_and_event_streams_pass_without_being_buffered,
    a_port_conflict_is_denied_and_the_event_has_the_fix,
];

/// The port of nginx.
const WEB: u16 = 8080;

async fn nginx_serves_static_pages_itself_and_passes_the_rest_to_tomcat(cluster: &Cluster) {
    example::companions(cluster, "web-was", &["web-front"]).await;
    cluster.apply_example("web-was/app.yaml");
    let pods = example::ready_pods(cluster, "shop", "app=shop", 2).await;
    let (pod, at) = (&pods[0], address(&pods[0]));
    expect_page(at, WEB).await;
    let service = cluster.get("/api/v1/namespaces/shop/services/shop").await.expect("a Service");
    let service = service["spec"]["clusterIP"].as_str().expect("an address");
    // It works a moment after its Pods are Ready.
    cluster.eventually("a Service that works", async || TcpStream::connect((service, 80)).await.ok()).await;
    expect_page(service, 80).await;
    expect_style(at).await;
    restart_tomcat(cluster, pod).await;
    restart_nginx(cluster, pod).await;
}

/// Tomcat has the address, the protocol and the host that the client has used.
async fn expect_page(at: &str, port: u16) {
    let header = "X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n";
    let (status, page) = request(at, port, "GET /", header).await;
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("Seen by the application server: 203.0.113.7 asks https://shop.example"), "{page}");
}

/// Tomcat would not let browsers keep the file.
async fn expect_style(at: &str) {
    let (status, style) = request(at, WEB, "GET /static/shop.css", "").await;
    assert_eq!(status, 200, "{style}");
    assert!(style.contains("Cache-Control: max-age=3600") && style.ends_with("p { font-family: serif; }\n"), "{style}");
}

/// While Tomcat is away, a client is asked to come back, and static files are served.
async fn restart_tomcat(cluster: &Cluster, pod: &Value) {
    let at = address(pod);
    example::kill(cluster, "shop", name(pod), "tomcat").await;
    let (mut rejected, mut lost, mut slow) = (0, 0, 0);
    cluster
        .within(example::START, "Tomcat again", async || {
            expect_style(at).await;
            let (status, response) = request(at, WEB, "GET /", "").await;
            match status {
                503 if response.contains("Retry-After: 1\r\n") => rejected += 1,
                // Tomcat had the request when it was killed.
                502 if rejected == 0 => lost += 1,
                // Tomcat accepts connections as soon as it starts, and answers when it has started.
                504 if rejected > 0 => slow += 1,
                200 => return (rejected > 0).then_some(()),
                _ => panic!("{response}"),
            }
            None
        })
        .await;
    println!(
        "    web-was: Tomcat was killed: {lost} requests had 502, {rejected} had 503 with Retry-After, {slow} had 504; files \
         had none"
    );
    let pod = example::restarted(cluster, "shop", name(pod), "tomcat", 1).await;
    assert_eq!(restarts(&pod, "web-front"), 0, "{}", pod["status"]);
}

async fn restart_nginx(cluster: &Cluster, pod: &Value) {
    example::kill(cluster, "shop", name(pod), "web-front").await;
    let pod = example::restarted(cluster, "shop", name(pod), "web-front", 1).await;
    assert_eq!(restarts(&pod, "tomcat"), 1, "only the restart before this one: {}", pod["status"]);
    expect_page(address(&pod), WEB).await;
    expect_style(address(&pod)).await;
}

/// An app that does what apps do to a web server: that of the checks of the example.
const APP: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  selector: {matchLabels: {app: app}}
  template:
    metadata:
      labels: {app: app}
      annotations:
        podgraft.dev/companions: web-front
        podgraft.dev/web-front.upstream: "PORT"
        podgraft.dev/web-front.timeout: 5s
    spec:
      containers:
      - name: app
        image: python:3.13-alpine
        command: [python3, -u, /app/app.py, "PORT"]
        ports: [{name: app, containerPort: PORT}]
        volumeMounts: [{name: app, mountPath: /app}]
        securityContext:
          runAsNonRoot: true
          runAsUser: 65532
          allowPrivilegeEscalation: false
          readOnlyRootFilesystem: true
          capabilities: {drop: [ALL]}
          seccompProfile: {type: RuntimeDefault}
      volumes:
      - {name: app, configMap: {name: app}}
"#;

/// The app in a namespace of its own, which is returned.
async fn apply_app(cluster: &Cluster, port: u16) -> String {
    example::companions(cluster, "web-was", &["web-front"]).await;
    let town = cluster.namespace(json!({"labels": {"pod-security.kubernetes.io/enforce": "restricted"}})).await;
    let map = ["create", "configmap", "app", "--from-file=examples/web-was/checks/app.py"];
    printed(cluster.kubectl([&["--namespace", &town][..], &map].concat()));
    cluster.apply_manifests(&town, &APP.replace("PORT", &port.to_string()), &[]);
    town
}

async fn large_headers_and_slow_requests_have_the_limits_of_their_parameters(cluster: &Cluster) {
    let town = apply_app(cluster, 8081).await;
    let pods = example::ready_pods(cluster, &town, "app=app", 1).await;
    let at = address(&pods[0]);
    let (status, response) = request(at, WEB, "GET /header?size=15000", "").await;
    assert!(status == 200 && response.contains(&"x".repeat(15_000)), "{status}");
    let cookie = format!("Cookie: {}\r\n", "y".repeat(12_000));
    let (status, response) = request(at, WEB, "GET /echo", &cookie).await;
    assert!(status == 200 && response.contains(&"y".repeat(12_000)), "{status}");
    assert_eq!(request(at, WEB, "GET /header?size=20000", "").await.0, 502);
    let reason =
        "the header of the app's response exceeds header-size (16 KiB); set podgraft.dev/web-front.header-size";
    example::logged(cluster, &town, name(&pods[0]), "web-front", reason).await;
    expect_limits_of_time(at).await;
}

/// The app may be silent for five seconds, and a client may take longer.
async fn expect_limits_of_time(at: &str) {
    assert_eq!(request(at, WEB, "GET /slow?seconds=1", "").await.0, 200);
    let (status, response) = request(at, WEB, "POST /slow?seconds=10", "Content-Length: 0\r\n").await;
    assert!(status == 504 && !response.contains("Retry-After"), "{response}");
    let done = request(at, WEB, "GET /done?what=POST%20/slow", "").await.1;
    assert!(done.ends_with("\r\n\r\n1"), "a POST is sent once: {done}");
    let mut client = Client::connect(at, WEB).await;
    client.send("POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 6\r\n\r\n").await;
    for part in ["sl", "ow", "ly"] {
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        client.send(part).await;
    }
    let response = client.into_rest().await;
    assert!(response.starts_with("HTTP/1.1 200") && response.ends_with("\nslowly"), "{response}");
}

async fn web_sockets_and_event_streams_pass_without_being_buffered(cluster: &Cluster) {
    let town = apply_app(cluster, 8081).await;
    let pods = example::ready_pods(cluster, &town, "app=app", 1).await;
    let at = address(&pods[0]);
    let mut socket = Client::connect(at, WEB).await;
    socket.send(UPGRADE).await;
    let head = socket.until("\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 101") && head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
    // Longer than `timeout`, which is not the limit of a stream.
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    for line in ["first\n", "second\n"] {
        socket.send(line).await;
        socket.until(line).await;
    }
    assert!(!first_event(at, 30, "Accept: text/event-stream\r\n").await.contains("data: 1"), "it is sent later");
    assert!(first_event(at, 1, "").await.contains("data: 2"), "a response that is buffered has all events at once");
}

/// The handshake of RFC 6455, section 1.3.
const UPGRADE: &str = "GET /socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                       Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// What a client has received when it has the first of three events, between which the app pauses for some seconds.
async fn first_event(at: &str, pause: u32, header: &str) -> String {
    let mut client = Client::connect(at, WEB).await;
    client.send(&format!("GET /events?pause={pause} HTTP/1.1\r\nHost: x\r\n{header}\r\n")).await;
    client.until("data: 0").await.to_owned()
}

async fn a_port_conflict_is_denied_and_the_event_has_the_fix(cluster: &Cluster) {
    let town = apply_app(cluster, WEB).await;
    let events = format!("/api/v1/namespaces/{town}/events?fieldSelector=reason%3DFailedCreate");
    let event = cluster
        .eventually("an event of the ReplicaSet", async || cluster.get(&events).await.body["items"].get(0).cloned())
        .await;
    let message = event["message"].as_str().expect("a message");
    println!("    web-was: {message}");
    assert!(message.contains("port 8080/TCP is already in use by container app"), "{message}");
    assert!(message.contains("change one of the ports"), "{message}");
    assert!(cluster.pods(&town, "app=app").await.is_empty(), "no Pod without the companion");
    let port = json!({"podgraft.dev/web-front.port": "8090"});
    let patch = json!({"spec": {"template": {"metadata": {"annotations": port}}}});
    cluster.merge(&format!("/apis/apps/v1/namespaces/{town}/deployments/app"), &patch).await.expect("another port");
    let pods = example::ready_pods(cluster, &town, "app=app", 1).await;
    assert_eq!(request(address(&pods[0]), 8090, "GET /", "").await.0, 200);
}
