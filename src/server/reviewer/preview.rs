//! The preview: companions are validated, and objects of the cluster are looked up, on threads that answer no reviews.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tokio::runtime::Handle;

use super::observer::Observer;
use crate::admission;
use crate::admission::{Answer, Applied};
use crate::api;
use crate::api::Advice;
use crate::http::{Offload, Route};
use crate::inject::snapshot::Snapshot;
use crate::lookup::{LookupTime, NAMESPACE_TIME, NOT_LOOKED_UP, NamespaceLookup, SURVEY_TIME, Survey, SurveyQuestion};

/// How long the validation of a companion may take.
const VALIDATION_TIMEOUT: Duration = Duration::from_millis(500);
/// How long a preview with lookups may take. The lookups themselves stop before.
const LOOKUP_TIMEOUT: Duration = Duration::from_millis(950);
/// How many workloads are previewed with lookups at a time. Each is in memory with the patch of its Pods.
const LOOKUPS_OF_WORKLOADS: usize = 4;
/// The warning where the validation takes longer, or cannot start.
const NOT_CHECKED: &str =
    "podgraft: the companion was not validated: validation is busy or took too long; run `podgraft validate`";

/// The threads for previews that take long, and what is looked up in the cluster.
pub(crate) struct PreviewThreads {
    pub(crate) runtime: Handle,
    pub(crate) lookups: PreviewLookups,
}

/// What previews look up in the cluster.
#[derive(Clone, Default)]
pub(crate) struct PreviewLookups {
    /// Existing workloads, for companions; `None` where it is disabled.
    pub(crate) survey: Option<Survey>,
    /// Quotas, LimitRanges and autoscalers, for workloads; `None` where it is disabled.
    pub(crate) namespace: Option<NamespaceLookup>,
}

/// One preview that is answered.
struct Preview<'a> {
    body: &'a [u8],
    snapshot: &'a Snapshot,
    began: Instant,
}

/// Answers previews at once, without the validation of companions and without lookups.
pub(super) fn at_once(
    snapshot: &Arc<ArcSwap<Snapshot>>,
    observer: &Observer,
) -> impl Fn(Route, &[u8]) -> Answer + use<> {
    previews(snapshot, observer, |_, applied| not_checked(applied))
}

impl PreviewThreads {
    /// The previews that run on these threads. The first one that applies is used.
    pub(super) fn offloads(self, snapshot: &Arc<ArcSwap<Snapshot>>, observer: &Observer) -> Vec<Offload> {
        let PreviewThreads { runtime, lookups } = self;
        let companions = companions(runtime.clone(), lookups.survey, snapshot, observer);
        let workloads = lookups.namespace.map(|lookup| workloads(runtime, lookup, snapshot, observer));
        std::iter::once(companions).chain(workloads).collect()
    }
}

fn companions(
    runtime: Handle,
    survey: Option<Survey>,
    snapshot: &Arc<ArcSwap<Snapshot>>,
    observer: &Observer,
) -> Offload {
    let is_companion = |route, body: &[u8]| route == Route::Preview && admission::is_of_a_companion(body);
    // While the workloads for one companion are reviewed, another one can be validated.
    let (timeout, threads) = if survey.is_some() { (LOOKUP_TIMEOUT, 2) } else { (VALIDATION_TIMEOUT, 1) };
    let blocking = runtime.clone();
    let advise = move |preview: &Preview<'_>, applied: &Applied<'_>| match applied {
        Applied::Companion { object, namespace } => {
            let survey = survey.as_ref().map(|survey| (survey, &blocking));
            advice(api::advise(object, namespace, preview.snapshot), preview, survey)
        }
        Applied::Workload(_) => Vec::new(),
    };
    let fallback = previews(snapshot, observer, |_, applied| not_checked(applied));
    Offload::new(is_companion, previews(snapshot, observer, advise), fallback, timeout, runtime).on_threads(threads)
}

/// The warnings about a companion: first those about existing workloads.
fn advice(advice: Advice, preview: &Preview<'_>, survey: Option<(&Survey, &Handle)>) -> Vec<String> {
    let (Some((survey, runtime)), Some(change)) = (survey, advice.change) else { return advice.warnings };
    let after = change.applied_to(preview.snapshot);
    let question = SurveyQuestion {
        namespace: change.namespace.as_deref(),
        user: admission::user_of(preview.body),
        before: preview.snapshot,
        after: &after,
        began: preview.began.into(),
        deadline: (preview.began + SURVEY_TIME).into(),
    };
    let mut warnings = runtime.block_on(survey.warnings(&question));
    warnings.extend(advice.warnings);
    warnings
}

fn workloads(
    runtime: Handle,
    lookup: NamespaceLookup,
    snapshot: &Arc<ArcSwap<Snapshot>>,
    observer: &Observer,
) -> Offload {
    let blocking = runtime.clone();
    let advise = move |preview: &Preview<'_>, applied: &Applied<'_>| match applied {
        Applied::Companion { .. } => Vec::new(),
        Applied::Workload(workload) => {
            let (began, deadline) = (preview.began.into(), (preview.began + NAMESPACE_TIME).into());
            blocking.block_on(lookup.warnings(workload, LookupTime { began, deadline }))
        }
    };
    let fallback = |_: &Preview<'_>, applied: &Applied<'_>| match applied {
        Applied::Companion { .. } => Vec::new(),
        Applied::Workload(_) => vec![NOT_LOOKED_UP.to_owned()],
    };
    let is_preview = |route, _: &[u8]| route == Route::Preview;
    let (preview, fallback) = (previews(snapshot, observer, advise), previews(snapshot, observer, fallback));
    Offload::new(is_preview, preview, fallback, LOOKUP_TIMEOUT, runtime).on_threads(LOOKUPS_OF_WORKLOADS)
}

fn not_checked(applied: &Applied<'_>) -> Vec<String> {
    match applied {
        Applied::Companion { .. } => vec![NOT_CHECKED.to_owned()],
        Applied::Workload(_) => Vec::new(),
    }
}

/// Answers previews with the warnings of a function.
fn previews<F>(
    snapshot: &Arc<ArcSwap<Snapshot>>,
    observer: &Observer,
    advise: F,
) -> impl Fn(Route, &[u8]) -> Answer + Send + Sync + 'static + use<F>
where
    F: Fn(&Preview<'_>, &Applied<'_>) -> Vec<String> + Send + Sync + 'static,
{
    let (snapshot, observer) = (Arc::clone(snapshot), observer.clone());
    move |_, body: &[u8]| {
        let (began, snapshot) = (Instant::now(), snapshot.load_full());
        let preview = Preview { body, snapshot: &snapshot, began };
        let advise = |applied: &Applied<'_>| advise(&preview, applied);
        admission::preview(body, &snapshot, advise, |record| observer.observe(record, began, &snapshot))
    }
}
