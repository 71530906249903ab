//! Writes the annotations and labels of a Pod.

use std::borrow::Cow;

use crate::inject::keys;
use crate::inject::patch::builder::{MembersBuilder, Parent, PatchBuilder};
use crate::inject::patch::changes::{Changes, SkippedAnnotation};
use crate::inject::patch::status;
use crate::inject::patch::status::Status;
use crate::inject::plan::Plan;
use crate::inject::plan::volumes::evictable::joined;
use crate::inject::pod::Pod;
use crate::json::{Nested, Sink};

pub(super) fn annotations(draft: &mut PatchBuilder, pod: &Pod<'_>, status: &Status<'_>, changes: &Changes<'_, '_>) {
    if *changes.skipped == SkippedAnnotation::Removed {
        draft.remove_skipped();
    }
    let parent = match &pod.annotations {
        Some(_) => Parent::Present,
        None if pod.has_metadata => Parent::Absent,
        None => Parent::NoMetadata,
    };
    let mut members = draft.annotations(parent);
    if let SkippedAnnotation::Written(text) = changes.skipped {
        members.add(keys::SKIPPED, |out| out.string(text));
    }
    if !changes.plans.is_empty() {
        of_companions(&mut members, pod, changes.plans);
        write_status(&mut members, pod, status, changes.plans);
    }
    members.finish();
}

/// The annotations that companions declare.
fn of_companions(members: &mut MembersBuilder<'_>, pod: &Pod<'_>, plans: &[Plan<'_>]) {
    for plan in plans {
        let ours = |key: &str| plan.added.annotations.contains(&key) && pod.annotation(key).is_none();
        for file in plan.companion.files.iter().filter(|f| ours(&f.key)) {
            members.add(&file.key, |out| out.string(&file.content));
        }
        for (key, value) in plan.companion.pod_annotations.iter().filter(|(key, _)| ours(key)) {
            let value =
                if **key == *keys::SAFE_TO_EVICT_VOLUMES { joined(plans).into() } else { Cow::Borrowed(&**value) };
            members.add(key, |out| out.string(&value));
        }
        if let Some(scrape) = &plan.scrape {
            scrape.each(|key, value| members.add(key, |out| out.string(value)));
        }
    }
}

fn write_status(members: &mut MembersBuilder<'_>, pod: &Pod<'_>, status: &Status<'_>, plans: &[Plan<'_>]) {
    members.add(keys::STATUS, |out| {
        let added = plans.iter().map(|p| (&*p.companion.name, &p.added));
        let is_planned = |name: &str| plans.iter().any(|p| *p.companion.name == *name);
        out.quote();
        status::write(&mut Nested(out), status.present(pod).filter(|e| !is_planned(&e.companion)), added);
        out.quote();
    });
}

/// The label of each companion. The status was written before, so the Pod has `metadata`.
pub(super) fn labels(draft: &mut PatchBuilder, pod: &Pod<'_>, plans: &[Plan<'_>]) {
    if pod.labels_select() {
        return;
    }
    let mut members = draft.labels(pod.has_labels);
    for companion in plans.iter().map(|plan| plan.companion) {
        let value = companion.label_value();
        if pod.label(&companion.label) != Some(value) {
            members.add(&companion.label, |out| out.string(value));
        }
    }
    members.finish();
}
