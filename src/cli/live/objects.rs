//! Gets one workload, or lists workloads page by page.

use kube::api::{GetParams, ListParams};
use kube::core::Request;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::connection::Connection;
use super::failure::{Asked, explained};
use super::flags::ObjectSelection;
use crate::workload::{WORKLOADS, WorkloadKind};

/// How many objects one page of a list has, as in kubectl. One page at a time is in memory.
const PAGE: u32 = 500;

/// A page of a list. Its items stay text until each is visited, because a JSON value takes many times the memory of its text.
#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    metadata: PageMetadata,
    #[serde(default)]
    items: Vec<Box<RawValue>>,
}

#[derive(Deserialize, Default)]
struct PageMetadata {
    #[serde(default, rename = "continue")]
    token: String,
}

impl Connection {
    /// One workload.
    ///
    /// # Errors
    /// It does not exist, or cannot be read.
    pub(in crate::cli) async fn get(
        &self,
        kind: &'static WorkloadKind,
        namespace: &str,
        name: &str,
    ) -> anyhow::Result<Value> {
        let request = Request::new(kind.path(Some(namespace))).get(name, &GetParams::default())?;
        let asked = Asked { verb: "get", resource: &kind.resource(), namespace: Some(namespace) };
        match self.client.request_text(request).await {
            Ok(text) => object(kind, &text),
            Err(kube::Error::Api(status)) if status.code == 404 => {
                anyhow::bail!("{} {name:?} not found in namespace {namespace}", kind.resource())
            }
            Err(error) => Err(explained(&self.server, asked, &error)),
        }
    }

    /// Visits the objects of a kind, one page after the other. An error of the visitor ends the list.
    ///
    /// # Errors
    /// A page cannot be read, or that of the visitor.
    pub(in crate::cli) async fn each(
        &self,
        kind: &'static WorkloadKind,
        selection: ObjectSelection<'_>,
        mut visit: impl FnMut(Value) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut params = ListParams { limit: Some(PAGE), ..ListParams::default() };
        params.label_selector = selection.labels.map(str::to_owned);
        loop {
            let page = self.page(kind, selection, &params).await?;
            for item in &page.items {
                visit(object(kind, item.get())?)?;
            }
            if page.metadata.token.is_empty() {
                return Ok(());
            }
            params.continue_token = Some(page.metadata.token);
        }
    }

    async fn page(
        &self,
        kind: &'static WorkloadKind,
        selection: ObjectSelection<'_>,
        params: &ListParams,
    ) -> anyhow::Result<Page> {
        let request = Request::new(kind.path(selection.namespace)).list(params)?;
        let asked = Asked { verb: "list", resource: &kind.resource(), namespace: selection.namespace };
        let answer = self.client.request_text(request).await;
        let text = answer.map_err(|error| explained(&self.server, asked, &error))?;
        Ok(serde_json::from_str(&text)?)
    }
}

/// An object with its kind, which the items of a list lack, and without the record of field managers, which is long.
fn object(kind: &WorkloadKind, text: &str) -> anyhow::Result<Value> {
    let mut value: Value = serde_json::from_str(text)?;
    value["apiVersion"] = kind.api_version().into();
    value["kind"] = kind.kind.into();
    if let Some(metadata) = value["metadata"].as_object_mut() {
        metadata.shift_remove("managedFields");
    }
    Ok(value)
}

/// Whether a controller of a built-in kind owns an object: its Pods are those of its owner, which is listed.
pub(in crate::cli) fn is_of_workload(object: &Value) -> bool {
    let owners = object["metadata"]["ownerReferences"].as_array();
    let controller = owners.into_iter().flatten().find(|owner| owner["controller"] == true);
    controller.is_some_and(|owner| {
        let is = |kind: &WorkloadKind| owner["kind"] == kind.kind && owner["apiVersion"] == *kind.api_version();
        WORKLOADS.iter().any(is)
    })
}
