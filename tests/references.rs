//! Documents that are generated from the code are up to date. `make golden` updates them.

#[path = "support/golden.rs"]
mod golden;

use std::fmt::Write as _;

use podgraft::internals::inject::effect;
use podgraft::internals::inject::verdict::examples::examples;
use podgraft::internals::inject::verdict::reason::{Outcome, Reason};
use podgraft::internals::inject::verdict::{Effect, Via};

fn word(effect: Effect) -> &'static str {
    match effect {
        Effect::Info => "skipped",
        Effect::Warn => "skipped, with a warning",
        Effect::Deny => "denied",
    }
}

#[test]
fn the_page_of_reasons_lists_every_reason_with_its_effect() {
    let mut page = String::from(
        "# Reasons\n\n\
         Every companion that is considered for a Pod has exactly one outcome from this list. Audit annotations, metrics and log\n\
         lines contain the reason; warnings and denials contain the message, with the reason in parentheses; events and\n\
         `podgraft explain` have both. `make golden` generates this page from the code.\n\n\
         ## Outcomes\n\n\
         What an outcome leads to depends on who requested the companion: the Pod's annotation, the namespace's list, the\n\
         companion itself (automatic), or the platform (required). For conflicts the companion's `onConflict` decides where it\n\
         is set; the table shows the default. `ParameterInvalid` is shown for a value of the Pod's annotation; if the\n\
         companion's own default is invalid, a companion of a namespace's list or an automatic one is skipped, with a warning.\n\n\
         | reason | message | Pod | namespace's list | automatic | required |\n|---|---|---|---|---|---|\n",
    );
    let examples = examples();
    let outcomes = examples.iter().filter_map(|reason| match reason {
        Reason::Outcome(outcome) => Some((reason, outcome)),
        Reason::Remark(_) => None,
    });
    for (reason, outcome) in outcomes {
        let _ = write!(page, "| `{}` | {reason} |", reason.label());
        for via in [Via::Pod, Via::NamespaceList, Via::Automatic, Via::Required] {
            let effect = match outcome {
                Outcome::Injected => "injected",
                Outcome::PodDenied => "denied",
                Outcome::AlreadyInjected => "nothing to do",
                outcome => word(effect(outcome, via, None)),
            };
            let _ = write!(page, " {effect} |");
        }
        page.push('\n');
    }
    page.push_str("\n## Remarks\n\nRemarks are about the Pod, its namespace, or a companion in addition to its outcome.\n\n| reason | message |\n|---|---|\n");
    for reason in examples.iter().filter(|r| matches!(r, Reason::Remark(_))) {
        let _ = writeln!(page, "| `{}` | {reason} |", reason.label());
    }
    golden::check("docs/reasons.md", &page);
}

#[test]
fn every_reason_has_its_own_label_and_a_message_that_fits_a_warning() {
    let examples = examples();
    let labels: std::collections::BTreeSet<&str> = examples.iter().map(Reason::label).collect();
    assert_eq!(labels.len(), examples.len());
    for reason in &examples {
        let message = format!("podgraft: companion git-sync is skipped: {reason}");
        assert!(message.chars().count() <= 256, "{} is truncated as a warning: {message}", reason.label());
    }
}
