//! What a user may list. The preview reports to users only what they could look up themselves.

use kube::Client;
use kube::api::PostParams;
use kube::core::Request;
use serde::Deserialize;
use serde_json::{Value, json};

use super::place::ListedNamespace;
use super::response::{Bounds, LookupError, parsed, send};
use crate::workload::WorkloadKind;

const PATH: &str = "/apis/authorization.k8s.io/v1/subjectaccessreviews";

/// The fields of a SubjectAccessReview (`authorization.k8s.io/v1`) that are read.
#[derive(Deserialize)]
struct Reviewed {
    status: ReviewedStatus,
}

#[derive(Deserialize)]
struct ReviewedStatus {
    allowed: bool,
}

/// Whether a user (`authentication.k8s.io/v1` UserInfo) may list a kind in a namespace, or in all namespaces.
pub(super) async fn may_list(
    client: &Client,
    user: &Value,
    (kind, place): (&WorkloadKind, Option<ListedNamespace<'_>>),
    bounds: Bounds,
) -> Result<bool, LookupError> {
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {
            "user": user["username"], "uid": user["uid"], "groups": user["groups"], "extra": user["extra"],
            "resourceAttributes": {
                "verb": "list", "group": kind.group, "version": kind.version, "resource": kind.plural,
                "namespace": place.map(ListedNamespace::as_str),
            },
        },
    });
    let request = Request::new(PATH).create(&PostParams::default(), review.to_string().into_bytes());
    let request = request.map_err(|_| LookupError::Unreachable)?;
    let text = send(client, request, bounds).await?;
    parsed::<Reviewed>(&text).map(|reviewed| reviewed.status.allowed)
}
