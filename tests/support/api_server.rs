//! A server on loopback that answers requests for objects as an API server does, page by page. It has no TLS, its watches have no
//! events, and it knows who may list something.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// The server. Its threads end with the process.
pub struct ApiServer {
    address: SocketAddr,
    state: Arc<State>,
}

/// What it answers with.
#[derive(Default)]
struct State {
    objects: Vec<Value>,
    /// Each a verb and a resource, such as `list pods`; for other users than the client after their name, such as `eve list pods`.
    forbidden: Vec<String>,
    /// How long the page of a list takes.
    delay: Duration,
    /// The paths of all requests, with their queries.
    requests: Mutex<Vec<String>>,
}

/// The path of a request, taken apart.
struct Wanted<'p> {
    version: String,
    namespace: Option<&'p str>,
    resource: &'p str,
    name: Option<&'p str>,
    query: Vec<(&'p str, &'p str)>,
}

impl ApiServer {
    pub fn start(objects: Vec<Value>, forbidden: &[&str]) -> ApiServer {
        ApiServer::slow(objects, forbidden, Duration::ZERO)
    }

    pub fn slow(objects: Vec<Value>, forbidden: &[&str], delay: Duration) -> ApiServer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port of loopback");
        let address = listener.local_addr().expect("an address");
        let forbidden = forbidden.iter().map(ToString::to_string).collect();
        let state = Arc::new(State { objects, forbidden, delay, requests: Mutex::default() });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                // A client that closes its connection is no failure of the server.
                thread::spawn(move || drop(state.serve(stream)));
            }
        });
        ApiServer { address, state }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Writes a kubeconfig with a context for this server, whose namespace is `shop`.
    pub fn kubeconfig(&self, folder: &Path) -> PathBuf {
        let path = folder.join("kubeconfig");
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: test\nclusters: [{{name: test, cluster: {{server: \"{}\"}}}}]\n\
             users: [{{name: test, user: {{token: x}}}}]\n\
             contexts: [{{name: test, context: {{cluster: test, user: test, namespace: shop}}}}]\n",
            self.url()
        );
        fs::write(&path, text).expect("a file");
        path
    }

    pub fn requests(&self) -> Vec<String> {
        self.state.requests.lock().expect("no panic").clone()
    }
}

impl State {
    fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut stream = stream;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let mut length = 0;
            loop {
                let mut header = String::new();
                reader.read_line(&mut header)?;
                if header.trim().is_empty() {
                    break;
                }
                let (name, value) = header.split_once(':').unwrap_or_default();
                if name.eq_ignore_ascii_case("content-length") {
                    length = value.trim().parse().unwrap_or(0);
                }
            }
            let mut sent = vec![0; length];
            reader.read_exact(&mut sent)?;
            let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
            if target.contains("watch=true") {
                stream.write_all(
                    b"HTTP/1.1 200 x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
                )?;
                // Until the client closes the connection.
                return reader.read_line(&mut line).map(|_| ());
            }
            let (code, body) = if line.starts_with("POST ") { self.review(&sent) } else { self.answer(&target) };
            self.requests.lock().expect("no panic").push(target);
            let body = body.to_string();
            let head = format!(
                "HTTP/1.1 {code} x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes())?;
            stream.write_all(body.as_bytes())?;
        }
    }

    /// The answer to a SubjectAccessReview.
    fn review(&self, sent: &[u8]) -> (u16, Value) {
        let review: Value = serde_json::from_slice(sent).unwrap_or_default();
        let (user, attributes) = (&review["spec"]["user"], &review["spec"]["resourceAttributes"]);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let asked = [user, &attributes["verb"], &attributes["resource"]].map(text).join(" ");
        (201, json!({"status": {"allowed": !self.forbidden.contains(&asked)}}))
    }

    fn answer(&self, target: &str) -> (u16, Value) {
        let Some(wanted) = Wanted::read(target) else { return failure(404, "the server could not find it") };
        let verb = if wanted.name.is_some() { "get" } else { "list" };
        if self.forbidden.contains(&format!("{verb} {}", wanted.resource)) {
            return failure(403, &format!("{} is forbidden: User \"x\" cannot {verb} it", wanted.resource));
        }
        let mut found = self.objects.iter().filter(|object| wanted.is(object));
        match wanted.name {
            Some(name) => match found.find(|object| object["metadata"]["name"] == name) {
                Some(object) => (200, object.clone()),
                None => failure(404, &format!("{} {name:?} not found", wanted.resource)),
            },
            None => {
                thread::sleep(self.delay);
                (200, wanted.page(&found.collect::<Vec<_>>()))
            }
        }
    }
}

impl<'p> Wanted<'p> {
    fn read(target: &'p str) -> Option<Self> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut parts: Vec<&str> = path.split('/').skip(1).collect();
        let version = match parts.first()? {
            &"api" => parts.get(1)?.to_string(),
            _ => format!("{}/{}", parts.get(1)?, parts.get(2)?),
        };
        parts.drain(..version.split('/').count() + 1);
        let is_namespaced = parts.first() == Some(&"namespaces") && parts.len() > 2;
        let namespace = is_namespaced.then(|| parts.drain(..2).nth(1)).flatten();
        let query = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        Some(Wanted { version, namespace, resource: parts.first()?, name: parts.get(1).copied(), query })
    }

    /// Whether an object is of the resource and the namespace, and has the labels.
    fn is(&self, object: &Value) -> bool {
        let plural = format!("{}s", object["kind"].as_str().unwrap_or_default().to_ascii_lowercase());
        let selector = self.value("labelSelector").unwrap_or_default().replace("%3D", "=");
        let is_selected =
            selector.split_once('=').is_none_or(|(key, value)| object["metadata"]["labels"][key] == value);
        let name = self.value("fieldSelector").and_then(|selector| selector.strip_prefix("metadata.name%3D"));
        object["apiVersion"] == *self.version
            && plural == self.resource
            && name.is_none_or(|name| object["metadata"]["name"] == name)
            && self.namespace.is_none_or(|namespace| object["metadata"]["namespace"] == namespace)
            && is_selected
    }

    /// The page that the query wants. Its token is the number of objects before it.
    fn page(&self, objects: &[&Value]) -> Value {
        let number = |key: &str| self.value(key).and_then(|text| text.parse::<usize>().ok());
        let (from, limit) = (number("continue").unwrap_or(0), number("limit").unwrap_or(usize::MAX));
        let to = from.saturating_add(limit).min(objects.len());
        let token = if to < objects.len() { to.to_string() } else { String::new() };
        // Items of a list have neither kind nor version, as those of an API server.
        let items = objects[from..to].iter().map(|object| {
            let mut item = (*object).clone();
            if let Some(members) = item.as_object_mut().filter(|_| !self.version.starts_with("podgraft.dev")) {
                members.shift_remove("apiVersion");
                members.shift_remove("kind");
            }
            item
        });
        json!({"metadata": {"resourceVersion": "1", "continue": token}, "items": items.collect::<Vec<_>>()})
    }

    fn value(&self, key: &str) -> Option<&'p str> {
        self.query.iter().find(|(other, _)| *other == key).map(|(_, value)| *value)
    }
}

fn failure(code: u16, message: &str) -> (u16, Value) {
    (
        code,
        json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "message": message, "reason": ""}),
    )
}
