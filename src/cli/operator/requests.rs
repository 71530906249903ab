//! ApiRequests to the API server, as JSON.

use kube::Client;
use kube::api::{GetParams, ListParams, PostParams};
use kube::core::Request;
use serde_json::Value;

/// How many objects one page of a list has, as in kubectl.
const PAGE: u32 = 500;

/// Sends requests as the user of a kubeconfig.
#[derive(Clone)]
pub(super) struct ApiRequests {
    client: Client,
}

impl ApiRequests {
    pub(super) fn new(client: &Client) -> Self {
        ApiRequests { client: client.clone() }
    }

    /// An object; `None` where it does not exist. `path` is that of its collection.
    pub(super) async fn get(&self, path: &str, name: &str) -> Result<Option<Value>, kube::Error> {
        let request = Request::new(path).get(name, &GetParams::default()).map_err(kube::Error::BuildRequest)?;
        match self.client.request(request).await {
            Ok(object) => Ok(Some(object)),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All objects of a collection, page by page.
    pub(super) async fn list(&self, path: &str, labels: Option<&str>) -> Result<Vec<Value>, kube::Error> {
        let mut params = ListParams { limit: Some(PAGE), ..ListParams::default() };
        params.label_selector = labels.map(str::to_owned);
        let mut objects = Vec::new();
        loop {
            let request = Request::new(path).list(&params).map_err(kube::Error::BuildRequest)?;
            let mut page: Value = self.client.request(request).await?;
            if let Value::Array(items) = page["items"].take() {
                objects.extend(items);
            }
            match page["metadata"]["continue"].as_str().filter(|token| !token.is_empty()) {
                Some(token) => params.continue_token = Some(token.to_owned()),
                None => return Ok(objects),
            }
        }
    }

    /// Creates an object in a collection.
    pub(super) async fn create(&self, path: &str, object: &Value, params: &PostParams) -> Result<Value, kube::Error> {
        let body = object.to_string().into_bytes();
        let request = Request::new(path).create(params, body).map_err(kube::Error::BuildRequest)?;
        self.client.request(request).await
    }

    /// The text that a subresource returns.
    pub(super) async fn text(&self, path: &str, name: &str) -> Result<String, kube::Error> {
        let request = Request::new(path).get(name, &GetParams::default()).map_err(kube::Error::BuildRequest)?;
        self.client.request_text(request).await
    }
}
