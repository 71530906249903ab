//! Webhooks of others, served by the tests themselves.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use podgraft::internals::http::{Drain, HttpLimits, Listener, Transport};
use podgraft::internals::tls::{Pair, Serving, development, server_config};
use serde_json::{Value, json};

use crate::control_plane::apart::ADDRESS;

/// Answers reviews for as long as this program lives: `patch` says which JSON patch a request gets, if any. Returns the
/// `clientConfig` by which API servers reach it.
pub async fn serve(patch: impl Fn(&Value) -> Option<Value> + Clone + Send + Sync + 'static) -> Value {
    let issued = development::issue([ADDRESS]).expect("a certificate");
    let pair = Pair::parse(issued.certificate.as_bytes(), issued.key.as_bytes()).expect("a pair");
    let tls = Transport::Tls(Arc::new(server_config(Serving::new(pair)).expect("TLS")));
    let answer = move |body: Bytes| {
        let patch = patch.clone();
        async move {
            let review: Value = serde_json::from_slice(&body).expect("a review");
            answer(&review["request"]["uid"], patch(&review)).to_string()
        }
    };
    let router = Router::new().route("/", post(answer));
    let address = format!("{ADDRESS}:0").parse().expect("an address");
    let port = Listener::bind(address, tls, router, HttpLimits::default(), Drain::default(), Arc::default());
    let port = port.await.expect("a port");
    let url = format!("https://{}/", port.address());
    tokio::spawn(port.serve(Duration::ZERO));
    json!({"url": url, "caBundle": STANDARD.encode(issued.authority)})
}

fn answer(uid: &Value, patch: Option<Value>) -> Value {
    let mut response = json!({"uid": uid, "allowed": true});
    if let Some(patch) = patch {
        response["patchType"] = "JSONPatch".into();
        response["patch"] = STANDARD.encode(patch.to_string()).into();
    }
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response})
}
