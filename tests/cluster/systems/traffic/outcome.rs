//! What became of the Pods of the traffic.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use super::requests::SYSTEMS;
use crate::cluster::Cluster;

/// How many Pods have to be created for their outcome to mean something.
pub const ENOUGH: usize = 20;

/// The start of the names of Pods that request nothing.
pub const SILENT: &str = "silent";

/// What became of Pods whose creation was requested.
#[derive(Debug, Clone, Copy)]
pub struct Counts {
    /// Created with the companion that they request.
    pub injected: usize,
    /// Created without it.
    pub bare: usize,
    /// Not created, with an error. The client tries again with another Pod.
    pub failed: usize,
}

/// What became of the Pods, and how long reviews took.
#[derive(Debug)]
pub struct Outcome {
    /// Pods that request one small companion.
    pub asks: Counts,
    /// Pods that request a companion of the examples, in the order of [`SYSTEMS`].
    pub systems: Vec<Counts>,
    /// Ran with the companion, which had started before.
    pub ran: usize,
    /// An app container ran without the companion beside it.
    pub ran_bare: usize,
    /// Pods that request nothing.
    pub silent: Counts,
    /// The longest time for which the API server waited for mutating webhooks, for a Pod that requests nothing.
    pub longest_wait: Duration,
}

impl Outcome {
    /// No Pod that requests a companion exists without it, and enough Pods were created for this to mean something.
    #[track_caller]
    pub fn expect_no_bare_pod(&self) {
        assert!(self.asks.bare == 0 && self.ran_bare == 0, "{self}");
        assert!(self.asks.injected >= ENOUGH && self.ran > 0 && self.silent.bare >= ENOUGH, "{self}");
        assert!(self.systems.iter().all(|system| system.bare == 0 && system.injected > 0), "{self}");
    }

    /// How many Pods were not created, of all kinds.
    pub fn failed(&self) -> usize {
        self.systems.iter().chain([&self.asks, &self.silent]).map(|counts| counts.failed).sum()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { injected, bare, failed } = self.asks;
        write!(f, "{injected} Pods injected, {bare} bare, {failed} failed; ")?;
        write!(f, "{} ran with the companion, {} without; ", self.ran, self.ran_bare)?;
        write!(f, "{} Pods that do not ask, {} failed, ", self.silent.bare, self.silent.failed)?;
        write!(f, "the longest wait was {} ms; of the systems (injected/bare/failed):", self.longest_wait.as_millis())?;
        for (request, Counts { injected, bare, failed }) in SYSTEMS.iter().zip(&self.systems) {
            write!(f, " {} {injected}/{bare}/{failed}", request.companion)?;
        }
        Ok(())
    }
}

/// What the API server itself measured and wrote into its audit log, where it was more than half a second.
pub fn longest_wait(cluster: &Cluster, namespace: &str) -> Duration {
    let log = std::fs::read_to_string(cluster.folder.join("audit.log")).expect("the audit log");
    let events = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let of_silent = |event: &Value| {
        let object = &event["objectRef"];
        object["namespace"] == namespace && object["name"].as_str().is_some_and(|name| name.starts_with(SILENT))
    };
    let waits = events.filter(of_silent).filter_map(|event| {
        let wait = event["annotations"]["apiserver.latency.k8s.io/mutating-webhook"].as_str()?;
        milliseconds(wait)
    });
    waits.max().unwrap_or_default()
}

/// A duration as Go prints it, of less than a minute: `2.001s` or `512.3ms`.
fn milliseconds(text: &str) -> Option<Duration> {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 1e-3),
        None => (text.strip_suffix('s')?, 1.0),
    };
    number.parse::<f64>().ok().map(|number| Duration::from_secs_f64(number * unit))
}
