//! Documents that are made from the code are up to date. `make golden` writes them.

#[path = "support/golden.rs"]
mod golden;

use std::fmt::Write as _;

use podgraft::inject::effect;
use podgraft::inject::verdict::reason::Reason;
use podgraft::inject::verdict::{Effect, Via};

fn word(effect: Effect) -> &'static str {
    match effect {
        Effect::Info => "skipped",
        Effect::Warn => "skipped, with a warning",
        Effect::Deny => "refused",
    }
}

#[test]
fn the_page_of_reasons_has_every_reason_and_says_what_it_leads_to() {
    let mut page = String::from(
        "# Reasons\n\n\
         Every companion that is considered for a Pod has exactly one outcome out of this list. The same label stands in\n\
         warnings' and refusals' words, audit annotations, metrics, log lines and `podgraft explain`.\n\
         This page is made from the code by `make golden`.\n\n\
         ## Outcomes\n\n\
         What becomes of the companion or the Pod depends on who asked for it: the Pod's annotation, the namespace's list, the\n\
         companion itself (automatic), or the platform (required). Clashes obey the companion's `onConflict` where it has one;\n\
         the table shows the default.\n\n\
         | reason | in words | Pod | namespace's list | automatic | required |\n|---|---|---|---|---|---|\n",
    );
    let examples = Reason::examples();
    for reason in examples.iter().filter(|r| r.is_outcome()) {
        let _ = write!(page, "| `{}` | {reason} |", reason.label());
        for via in [Via::Pod, Via::NamespaceList, Via::Automatic, Via::Required] {
            let effect = match reason {
                Reason::Injected => "injected",
                Reason::PodDenied => "refused",
                Reason::AlreadyInjected => "nothing to do",
                reason => word(effect(reason, via, None)),
            };
            let _ = write!(page, " {effect} |");
        }
        page.push('\n');
    }
    page.push_str("\n## Remarks\n\nOn the Pod, its namespace, or a companion besides its outcome.\n\n| reason | in words |\n|---|---|\n");
    for reason in examples.iter().filter(|r| !r.is_outcome()) {
        let _ = writeln!(page, "| `{}` | {reason} |", reason.label());
    }
    golden::check("docs/reasons.md", &page);
}

#[test]
fn every_reason_has_a_label_of_its_own_and_words_that_fit_a_warning() {
    let examples = Reason::examples();
    let labels: std::collections::BTreeSet<&str> = examples.iter().map(Reason::label).collect();
    assert_eq!(labels.len(), examples.len());
    for reason in &examples {
        let words = format!("podgraft: companion git-sync is skipped: {reason}");
        assert!(words.chars().count() <= 256, "{} is cut as a warning: {words}", reason.label());
    }
}
