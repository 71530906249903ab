//! A review of a workload decides as the webhook will decide about the Pods that the workload's controller creates.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use podgraft::internals::inject::snapshot::Snapshot;
use podgraft::internals::inject::verdict::Effect;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestCaseError, TestRunner};
use serde_json::Value;

use crate::support::created_pod::{Created, FIRST, OTHER, created_pod};
use crate::support::verdict::{Finding, Verdict, of_pod, of_workload, warnings_of_preview};
use crate::support::workloads::{Case, Undeclared, case, cluster, named};

/// The names of the cluster's namespaces.
const NAMESPACES: [&str; 4] = ["quiet", "opted-in", "with-a-list", "opted-out"];

/// Remarks that exist for a template only: what they warn about does not happen to a Pod that an API server sends.
const OF_TEMPLATES: [&str; 2] = ["PullSecretsReplaced", "NodeAffinityReplaced"];

/// Bounds of the warnings of one answer: how many, how many bytes, and how many about denials.
const MAX_WARNINGS: usize = 5;
const WARNINGS_TOGETHER: usize = 2048;
const MAX_DENIALS: usize = 4;
/// The start of the last warning where there are more.
const OTHERS: &str = "podgraft: and ";

/// How many cases a run has.
const CASES: u32 = 3_000;

/// So many cases, always the same ones, unless `PROPTEST_CASES` and `PROPTEST_RNG_SEED` say otherwise.
fn cases() -> ProptestConfig {
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse().ok());
    let cases = number("PROPTEST_CASES").map_or(CASES, |cases: u64| u32::try_from(cases).unwrap());
    let rng_seed = RngSeed::Fixed(number("PROPTEST_RNG_SEED").unwrap_or(7));
    ProptestConfig { cases, rng_seed, failure_persistence: None, max_shrink_iters: 4_000, ..ProptestConfig::default() }
}

#[test]
fn a_template_is_judged_as_the_pods_that_its_controller_creates() {
    let namespaces = named(NAMESPACES);
    let cluster = TestCluster { cluster: cluster(&namespaces), namespaces };
    let coverage = RefCell::new(Coverage::default());
    let judged = TestRunner::new(cases()).run(&case(Undeclared::Kept), |case| {
        let offline = cluster.offline(&case);
        coverage.borrow_mut().count(&case, &offline);
        let [first, other] = [FIRST, OTHER].map(|which| cluster.server(&case, which));
        match offline.with("SelectorUndecided").next() {
            Some(undecided) => is_undecided(undecided, &first, &other),
            None => [first, other].iter().try_for_each(|server| is_equal(&offline, server)),
        }
    });
    judged.unwrap_or_else(|failure| panic!("{failure}"));
    let coverage = coverage.into_inner();
    println!("{coverage:#?}");
    // A few cases cannot cover everything.
    if cases().cases >= CASES {
        coverage.expect_all();
    }
}

#[test]
fn the_preview_warns_of_what_the_webhook_denies_or_warns_of_in_the_same_words() {
    let namespaces = named(NAMESPACES);
    let cluster = cluster(&namespaces);
    // The preview is not called for Pods: the webhook is.
    let workloads = case(Undeclared::Kept).prop_filter("a Pod", |case| case.workload["kind"] != "Pod");
    let previewed = TestRunner::new(cases()).run(&workloads, |case| {
        let namespace = NAMESPACES[case.namespace];
        let warnings = warnings_of_preview(&case.workload, namespace, &cluster);
        let expected = expected_warnings(&case.workload, &of_workload(&case.workload, namespace, &cluster));
        let (shown, others) = match warnings.split_last() {
            Some((last, shown)) if last.starts_with(OTHERS) => (shown, Some(last)),
            _ => (&*warnings, None),
        };
        prop_assert!(expected.starts_with(shown), "{:#?} are expected, and these are shown: {:#?}", expected, warnings);
        let left_out = expected.len() - shown.len();
        prop_assert_eq!(others.is_some(), left_out > 0, "{:#?} are expected: {:#?}", expected, warnings);
        if let (Some(others), Some(next)) = (others, expected.get(shown.len())) {
            prop_assert!(others.starts_with(&format!("{OTHERS}{left_out} more warning")), "{}", others);
            let length = warnings.iter().chain([next]).map(String::len).sum::<usize>();
            prop_assert!(warnings.len() == MAX_WARNINGS || length > WARNINGS_TOGETHER, "{} is not shown", next);
        }
        Ok(())
    });
    previewed.unwrap_or_else(|failure| panic!("{failure}"));
}

/// The warnings about a verdict: the first four causes of a denial, the number of the others, and what else is wrong. The
/// labels that decide about a companion are known when the Pod is created, so that an undecided one is no denial yet.
fn expected_warnings(workload: &Value, verdict: &Verdict) -> Vec<String> {
    let kind = workload["kind"].as_str().unwrap();
    let is_denial = |f: &&Finding| f.effect == Effect::Deny && f.label != "SelectorUndecided";
    let causes: Vec<&Finding> = verdict.findings.iter().filter(is_denial).collect();
    let denials =
        causes.iter().map(|f| format!("podgraft: Pods of this {kind} will be denied: {} ({})", f.sentence, f.label));
    let more = causes.len().saturating_sub(MAX_DENIALS);
    let others = (more > 0).then(|| format!("podgraft: Pods of this {kind} will be denied for {more} more reasons"));
    let is_warning = |f: &&Finding| f.effect != Effect::Info && !is_denial(f) && f.label != "PullSecretsReplaced";
    let warnings =
        verdict.findings.iter().filter(is_warning).map(|f| format!("podgraft: {} ({})", f.sentence, f.label));
    let mut all: Vec<String> = Vec::new();
    for warning in denials.take(MAX_DENIALS).chain(others).chain(warnings) {
        if !all.contains(&warning) {
            all.push(warning);
        }
    }
    all
}

/// The cluster in which workloads are reviewed, and its namespaces.
struct TestCluster {
    cluster: Snapshot,
    namespaces: [Value; 4],
}

impl TestCluster {
    /// The verdict on the workload, without remarks that exist for templates only.
    fn offline(&self, case: &Case) -> Verdict {
        let mut verdict = of_workload(&case.workload, NAMESPACES[case.namespace], &self.cluster);
        verdict.findings.retain(|finding| !OF_TEMPLATES.contains(&&*finding.label));
        verdict
    }

    fn server(&self, case: &Case, which: Created) -> Verdict {
        of_pod(&created_pod(&case.workload, which), &self.namespaces[case.namespace], &self.cluster)
    }
}

fn is_equal(offline: &Verdict, server: &Verdict) -> Result<(), TestCaseError> {
    prop_assert_eq!(offline, server, "left: the template, right: the Pod");
    Ok(())
}

/// A selector is undecided only where one Pod of the workload can have another outcome than another Pod.
fn is_undecided(undecided: &Finding, first: &Verdict, other: &Verdict) -> Result<(), TestCaseError> {
    let outcome = |verdict: &Verdict| -> Vec<String> {
        let of_it = verdict.findings.iter().filter(|finding| finding.companion == undecided.companion);
        of_it.map(|finding| finding.label.clone()).collect()
    };
    prop_assert_ne!(outcome(first), outcome(other), "{}", undecided.sentence);
    Ok(())
}

/// What the cases covered.
#[derive(Debug, Default)]
struct Coverage {
    decisions: BTreeMap<(String, &'static str), usize>,
    labels: BTreeMap<String, usize>,
}

impl Coverage {
    fn count(&mut self, case: &Case, verdict: &Verdict) {
        let kind = case.workload["kind"].as_str().unwrap().to_owned();
        let is_undecided = verdict.with("SelectorUndecided").next().is_some();
        let decision = if is_undecided { "undecided" } else { verdict.decision };
        *self.decisions.entry((kind, decision)).or_default() += 1;
        let labels: BTreeSet<&str> = verdict.findings.iter().map(|finding| &*finding.label).collect();
        for label in labels {
            *self.labels.entry(label.to_owned()).or_default() += 1;
        }
    }

    /// Every kind was injected and denied, and every reason was seen that depends on what controllers or API servers do.
    fn expect_all(&self) {
        let decided = self.decisions.keys().filter(|(_, decision)| *decision != "undecided").count();
        assert_eq!(decided, 33, "11 kinds, each admitted, injected and denied");
        for label in LABELS {
            assert!(self.labels.contains_key(label), "{label} was not seen");
        }
    }
}

const LABELS: [&str; 21] = [
    "AppCanWrite",
    "BlocksCompletion",
    "EnvNameConflict",
    "HostNetwork",
    "Injected",
    "MountPathConflict",
    "NotAvailable",
    "OptedOut",
    "ParameterInvalid",
    "ParameterMissing",
    "ParameterUnknown",
    "PodDenied",
    "PodFieldConflict",
    "PodResourcesExceeded",
    "PortConflict",
    "PreStopKept",
    "ScrapeAnnotationsKept",
    "SelectorUndecided",
    "TokenPathConflict",
    "VolumeNotShareable",
    "WindowsPod",
];
