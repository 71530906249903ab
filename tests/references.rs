//! Documents that are generated from the code are up to date. `make golden` updates them.

#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::path::Path;

use podgraft::inject::effect;
use podgraft::inject::verdict::reason::Reason;
use podgraft::inject::verdict::{Effect, Via};

#[track_caller]
fn up_to_date(path: &str, now: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, now).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(written == now, "{path} is out of date; `make golden` updates it");
}

fn word(effect: Effect) -> &'static str {
    match effect {
        Effect::Info => "skipped",
        Effect::Warn => "skipped, with a warning",
        Effect::Deny => "denied",
    }
}

#[test]
fn the_page_of_reasons_has_every_reason_and_its_effect() {
    let mut page = String::from(
        "# Reasons\n\n\
         Every companion that is considered for a Pod has exactly one outcome of this list. `podgraft explain`, audit\n\
         annotations, metrics and log lines contain the reason; warnings and denials contain the message.\n\
         This page is generated from the code by `make golden`.\n\n\
         ## Outcomes\n\n\
         The effect depends on what requested the companion: the Pod's annotation, the namespace's list, the companion itself\n\
         (automatic), or the platform (required). The effect of a conflict depends on the companion's `onConflict`; the table\n\
         shows the default.\n\n\
         | reason | message | Pod | namespace's list | automatic | required |\n|---|---|---|---|---|---|\n",
    );
    let examples = Reason::examples();
    for reason in examples.iter().filter(|r| r.is_outcome()) {
        let _ = write!(page, "| `{}` | {reason} |", reason.label());
        for via in [Via::Pod, Via::NamespaceList, Via::Automatic, Via::Required] {
            let effect = match reason {
                Reason::Injected => "injected",
                Reason::PodDenied => "denied",
                Reason::AlreadyInjected => "unchanged",
                reason => word(effect(reason, via, None)),
            };
            let _ = write!(page, " {effect} |");
        }
        page.push('\n');
    }
    page.push_str("\n## Remarks\n\nRemarks are about the Pod, its namespace, or a companion in addition to its outcome.\n\n| reason | message |\n|---|---|\n");
    for reason in examples.iter().filter(|r| !r.is_outcome()) {
        let _ = writeln!(page, "| `{}` | {reason} |", reason.label());
    }
    up_to_date("docs/reasons.md", &page);
}

#[test]
fn every_reason_has_a_label_of_its_own_and_a_message_that_fits_a_warning() {
    let examples = Reason::examples();
    let labels: std::collections::BTreeSet<&str> = examples.iter().map(Reason::label).collect();
    assert_eq!(labels.len(), examples.len());
    for reason in &examples {
        let message = format!("podgraft: companion git-sync is skipped: {reason}");
        assert!(message.chars().count() <= 256, "{} is truncated as a warning: {message}", reason.label());
    }
}
