//! The network that the systems rely on: Services by name, from a Pod and from the tests.

use serde_json::json;

use super::shell;
use crate::admission::injection::create;
use crate::cluster::Cluster;
use crate::control_plane::rest;
use crate::images::BUSYBOX;
use crate::tests;

tests![a_service_is_reached_by_its_name_and_its_address_and_a_headless_one_by_its_pods];

const MANIFESTS: &str = r#"
apiVersion: v1
kind: Pod
metadata: {name: page, labels: {app: page}}
spec:
  hostname: first
  subdomain: pages
  containers:
  - name: page
    image: busybox:1
    command: [sh, -c, "mkdir /www && echo hello >/www/index.html && exec httpd -f -p 8000 -h /www"]
    readinessProbe: {tcpSocket: {port: 8000}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: page}
spec: {selector: {app: page}, ports: [{port: 80, targetPort: 8000}]}
---
apiVersion: v1
kind: Service
metadata: {name: pages}
spec: {clusterIP: None, selector: {app: page}, ports: [{port: 8000}]}
"#;

async fn a_service_is_reached_by_its_name_and_its_address_and_a_headless_one_by_its_pods(cluster: &Cluster) {
    let namespace = cluster.namespace(json!({})).await;
    cluster.apply_manifests(&namespace, MANIFESTS, &[("busybox:1", BUSYBOX)]);
    let mut client = shell("");
    client["metadata"]["labels"] = json!({"app": "client"});
    client["metadata"]["annotations"] = json!({});
    create(cluster, &namespace, "client", &client).await;
    cluster.ready_pods(&namespace, "app=page", 1).await;
    cluster.ready_pods(&namespace, "app=client", 1).await;
    let in_domain = format!("page.{namespace}.svc.cluster.local");
    let fetch = |name: &str, port: u16| {
        let command = format!("printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 5 {name} {port}");
        cluster.kubectl(["--namespace", &namespace, "exec", "client", "--", "sh", "-c", &command])
    };
    for (name, port) in [("page", 80), (in_domain.as_str(), 80), ("pages", 8000), ("first.pages", 8000)] {
        cluster
            .eventually(&format!("a page from {name}"), async || {
                fetch(name, port).stdout.ends_with(b"\r\n\r\nhello\n").then_some(())
            })
            .await;
    }
    let error = String::from_utf8_lossy(&fetch("absent", 80).stderr).into_owned();
    assert!(error.contains("bad address 'absent'"), "{error}");
    let path = format!("/api/v1/namespaces/{namespace}/services/page");
    let service = cluster.get(&path).await.body["spec"]["clusterIP"].take();
    let page = rest::plain(service.as_str().expect("an address"), 80, "/").await;
    assert_eq!(page.as_deref(), Some("hello\n"), "from outside of Pods");
}
