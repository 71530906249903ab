//! The API server as `kubectl --raw` sees it: paths and JSON, so that nothing is lost between the server and a test.

use axum::http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use kube::Client;
use kube::client::Body;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What came of a request.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    /// The object, or the `Status` that says why not.
    pub body: Value,
    /// The texts of its `Warning` headers, as `kubectl` prints them.
    pub warnings: Vec<String>,
}

impl Answer {
    /// The object, of a request that must succeed.
    #[track_caller]
    pub fn expect(self, what: &str) -> Value {
        assert!(self.status.is_success(), "{what}: {} {}", self.status, self.body["message"]);
        self.body
    }

    /// Why it was refused, of a request that must be.
    #[track_caller]
    pub fn expect_refusal(self, what: &str) -> String {
        assert!(self.status.is_client_error() || self.status.is_server_error(), "{what} was accepted: {}", self.body);
        self.body["message"].as_str().unwrap_or_default().to_owned()
    }
}

/// Sends a request and reads its answer, whatever it says.
///
/// # Errors
/// Where there is no answer at all.
pub async fn send(client: &Client, method: Method, path: &str, body: Option<(&str, &Value)>) -> anyhow::Result<Answer> {
    let mut request = Request::builder().method(method).uri(path);
    let body = match body {
        Some((content_type, body)) => {
            request = request.header("content-type", content_type);
            Body::from(serde_json::to_vec(body)?)
        }
        None => Body::empty(),
    };
    let (head, body) = client.send(request.body(body)?).await?.into_parts();
    let bytes = body.collect().await?.to_bytes();
    let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into_owned().into());
    // A warning is `299 - "text"`, with backslashes before quotes and backslashes.
    let headers = head.headers.get_all("warning").iter().filter_map(|value| value.to_str().ok()?.split_once('"'));
    let warnings = headers.map(|(_, text)| text.trim_end_matches('"').replace("\\\"", "\""));
    Ok(Answer { status: head.status, body, warnings: warnings.collect() })
}

/// What a server of plain HTTP says at a path; `None` where it says anything but 200, or nothing.
pub async fn plain(address: &str, port: u16, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect((address, port)).await.ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    // A server may speak HTTP/1.0, as Python's does.
    (head.split(' ').nth(1) == Some("200")).then(|| body.to_owned())
}
