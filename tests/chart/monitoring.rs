//! Alerts and the dashboard use existing metrics.

use std::collections::BTreeSet;

use super::{of_kind, rendered, yaml};

const ALERTS: &str = include_str!("../../charts/podgraft/files/alerts.yaml");
const DASHBOARD: &str = include_str!("../../charts/podgraft/files/dashboard.json");
const SOURCES: [&str; 9] = [
    include_str!("../../src/http/metrics.rs"),
    include_str!("../../src/metrics.rs"),
    include_str!("../../src/metrics/process.rs"),
    include_str!("../../src/metrics/reviews.rs"),
    include_str!("../../src/policies/metrics.rs"),
    include_str!("../../src/server/metrics.rs"),
    include_str!("../../src/source/metrics.rs"),
    include_str!("../../src/telemetry.rs"),
    include_str!("../../src/tls/metrics.rs"),
];

#[test]
fn alerts_and_dashboard_use_only_existing_metrics() {
    let words = |text: &'static str| text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let named: BTreeSet<&str> = words(ALERTS)
        .chain(words(DASHBOARD))
        .filter(|word| word.starts_with("podgraft_") || word.starts_with("process_"))
        .collect();
    assert!(named.len() > 10, "{named:?}");
    for name in named {
        let mut registered = name.trim_start_matches("podgraft_");
        for suffix in ["_total", "_bucket", "_info"] {
            registered = registered.strip_suffix(suffix).unwrap_or(registered);
        }
        let there = SOURCES.iter().any(|source| source.contains(&format!("\"{registered}\"")));
        assert!(there, "there is no metric {name}: nothing registers {registered:?}");
    }
}

#[test]
fn every_alert_says_what_it_means_and_what_to_do() {
    let operating = include_str!("../../docs/operating.md");
    for alert in yaml(ALERTS).as_array().unwrap() {
        let name = alert["alert"].as_str().unwrap();
        for key in ["expr", "for", "summary", "description", "todo"] {
            assert!(alert[key].as_str().is_some_and(|text| !text.is_empty()), "{name} has no {key}");
        }
        assert!(["critical", "warning"].contains(&alert["severity"].as_str().unwrap()), "{name}");
        assert!(operating.contains(&format!("`{name}`")), "docs/operating.md does not list {name}");
    }
}

#[test]
fn nothing_is_left_to_be_filled_in() {
    let objects = rendered(&["--set=prometheusRule.enabled=true"]);
    let rule = of_kind(&objects, "PrometheusRule")[0].to_string();
    let word = |part: &str| part.starts_with(|c: char| c.is_ascii_uppercase());
    assert!(!rule.split('$').skip(1).any(word), "{rule}");
}

#[test]
fn the_dashboard_is_json_and_its_panels_do_not_cover_each_other() {
    let dashboard: serde_json::Value = serde_json::from_str(DASHBOARD).unwrap();
    let mut cells = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        let at = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        for x in at("x")..at("x") + at("w") {
            for y in at("y")..at("y") + at("h") {
                assert!(x < 24 && cells.insert((x, y)), "{} covers another panel", panel["title"]);
            }
        }
    }
}
