//! The samples of a replica's metrics, in the text format of Prometheus.

/// The metrics of one replica.
#[derive(Debug, Clone, Copy)]
pub(super) struct MetricsText<'m>(pub(super) &'m str);

impl<'m> MetricsText<'m> {
    /// The first sample of a metric of podgraft.
    pub(super) fn value(self, name: &str) -> Option<f64> {
        self.samples(name).next().map(|(_, value)| value)
    }

    /// All samples of a metric of podgraft: the text of its labels, and the value.
    pub(super) fn samples<'n>(self, name: &'n str) -> impl Iterator<Item = (&'m str, f64)> + use<'m, 'n> {
        let lines = self.0.lines().filter_map(move |line| line.strip_prefix("podgraft_")?.strip_prefix(name));
        lines.filter_map(|rest| {
            let (labels, value) = rest.rsplit_once(' ')?;
            let labels = match labels.strip_prefix('{') {
                Some(labels) => labels.strip_suffix('}')?,
                None if labels.is_empty() => "",
                // Another metric whose name begins with this one.
                None => return None,
            };
            Some((labels, value.parse().ok()?))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::MetricsText;

    #[test]
    fn samples_are_found_by_the_whole_name() {
        let metrics = MetricsText(
            "# TYPE podgraft_ready gauge\npodgraft_ready 1\npodgraft_ready_more 7\n\
             podgraft_watch_failing{resource=\"companions\"} 0\npodgraft_watch_failing{resource=\"namespaces\"} 1\n",
        );
        assert_eq!(metrics.value("ready"), Some(1.0));
        assert_eq!(metrics.value("rea"), None);
        let failing: Vec<_> = metrics.samples("watch_failing").filter(|(_, value)| *value > 0.0).collect();
        assert_eq!(failing, [("resource=\"namespaces\"", 1.0)]);
    }
}
