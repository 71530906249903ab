//! The preview of a workload, and of a companion.

use podgraft::internals::admission;
use podgraft::internals::admission::Applied;

use super::answer::{self, Reply};
use super::snapshot::{UID, review_of, snapshot};

/// Any bytes as the body of a preview, and as a workload or a companion in one.
pub fn preview(bytes: &[u8]) {
    ask(bytes, None);
    for kind in [("apps", "v1", "Deployment"), ("batch", "v1", "CronJob"), ("podgraft.dev", "v1alpha1", "Companion")] {
        ask(&review_of(bytes, kind), Some(UID));
    }
}

fn ask(body: &[u8], uid: Option<&str>) -> Reply {
    // Objects that end the request early carry a uid of their own.
    let uid = uid.filter(|_| serde_json::from_slice::<serde_json::Value>(body).is_ok());
    let advise = |applied: &Applied<'_>| match applied {
        Applied::Companion { object, .. } => vec![object.chars().take(300).collect()],
        Applied::Workload(workload) => vec![workload.injected_patch().patch.len().to_string()],
    };
    let preview = || admission::preview(body, snapshot(), advise, |_| {});
    let (answer, again) = (preview(), preview());
    assert!(answer.status == again.status && answer.body == again.body, "two answers to one preview");
    let reply = answer::read(&answer, uid.filter(|_| answer.status == 200));
    assert!(reply.status != 200 || reply.allowed && reply.patch.is_none(), "a preview changes nothing");
    assert!(reply.status == 200 || reply.warnings == 0);
    reply
}
