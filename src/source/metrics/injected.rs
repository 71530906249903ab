//! How often each companion was injected, with a bounded number of series.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use crate::source::key::CompanionKey;

/// How many companions have a series of their own: the first ClusterCompanions in the order of names.
pub(super) const MAX_NAMED: usize = 100;
/// The label of all other companions together.
const OTHER: &str = "other";

/// Injections by companion. Users of a namespace cannot create series, because only ClusterCompanions have one.
#[derive(Debug, Default)]
pub(super) struct InjectedMetric {
    series: Family<CompanionLabel, Counter>,
    /// The companions that have a series.
    named: Mutex<BTreeSet<Box<str>>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CompanionLabel {
    companion: String,
}

impl InjectedMetric {
    pub(super) fn register(&self, r: &mut Registry) {
        let help = "Injections by ClusterCompanion; `other` are those of Companions and of all but the first 100 names";
        r.register("injected", help, self.series.clone());
    }

    /// Counts injections. `first` are the names that have a series of their own; the series of all others end.
    pub(super) fn record(&self, injected: &[(CompanionKey, u64)], first: &BTreeSet<&str>) {
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        named.retain(|name| first.contains(&**name) || !self.series.remove(&label(name)));
        for name in first {
            if !named.contains(*name) {
                drop(self.series.get_or_create(&label(name)));
                named.insert((*name).into());
            }
        }
        for (key, count) in injected {
            let is_named = key.namespace.is_none() && first.contains(&*key.name);
            let name = if is_named { &*key.name } else { OTHER };
            self.series.get_or_create(&label(name)).inc_by(*count);
        }
    }
}

fn label(companion: &str) -> CompanionLabel {
    CompanionLabel { companion: companion.to_owned() }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;

    use super::*;

    fn scrape(metric: &InjectedMetric) -> Vec<String> {
        let (mut registry, mut text) = (Registry::default(), String::new());
        metric.register(&mut registry);
        encode(&mut text, &registry).unwrap();
        let mut lines: Vec<_> =
            text.lines().filter(|line| line.starts_with("injected_total{")).map(str::to_owned).collect();
        lines.sort();
        lines
    }

    #[test]
    fn the_first_cluster_companions_have_a_series_and_all_others_share_one() {
        let metric = InjectedMetric::default();
        let key = |namespace: Option<&str>, name: &str| CompanionKey {
            namespace: namespace.map(Box::from),
            name: name.into(),
        };
        let injected = [(key(None, "a"), 2), (key(None, "z"), 3), (key(Some("shop"), "a"), 4)];
        metric.record(&injected, &BTreeSet::from(["a", "b"]));
        let line = |companion: &str, count: u64| format!("injected_total{{companion=\"{companion}\"}} {count}");
        assert_eq!(scrape(&metric), [line("a", 2), line("b", 0), line("other", 7)]);
        metric.record(&[(key(None, "b"), 1)], &BTreeSet::from(["b", "c"]));
        assert_eq!(scrape(&metric), [line("b", 1), line("c", 0), line("other", 7)], "the series of a has ended");
    }
}
