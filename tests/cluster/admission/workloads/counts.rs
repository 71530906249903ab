//! How many workloads of each kind had each fate.

use std::collections::BTreeMap;
use std::fmt;

use super::fate::Fate;
use super::kind;
use crate::support::verdict::Verdict;
use crate::support::workloads::Case;

/// The fewest workloads that must have a Pod with a companion, and that must be denied.
const FEWEST: usize = 60;

#[derive(Debug, Default)]
pub struct Counts {
    /// By kind: injected, admitted without a companion, denied, undecided.
    kinds: BTreeMap<String, [usize; 4]>,
}

impl Counts {
    pub fn count(&mut self, case: &Case, offline: &Verdict, fate: &Fate) {
        let of_kind = self.kinds.entry(kind(&case.workload).to_owned()).or_default();
        let column = match (offline.decision, fate) {
            _ if offline.with("SelectorUndecided").next().is_some() => 3,
            ("injected", Fate::Created(_)) => 0,
            ("admitted", Fate::Created(_)) => 1,
            ("denied", Fate::Rejected(_)) => 2,
            _ => return,
        };
        of_kind[column] += 1;
    }

    /// There were enough of each to mean something, and some of every kind.
    #[track_caller]
    pub fn expect_all(&self) {
        let sum = |column: usize| self.kinds.values().map(|counts| counts[column]).sum::<usize>();
        assert!(sum(0) >= FEWEST && sum(2) >= FEWEST, "{self}");
        assert!(self.kinds.len() == 11 && self.kinds.values().all(|counts| counts[0] > 0 && counts[2] > 0), "{self}");
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "    {:<22} injected  admitted  denied  undecided", "kind")?;
        self.kinds.iter().try_for_each(|(kind, [injected, admitted, denied, undecided])| {
            writeln!(f, "    {kind:<22} {injected:>8} {admitted:>8} {denied:>7} {undecided:>10}")
        })
    }
}
