//! What companions that are already injected mean for the others, and what of them is missing.

use super::Review;
use crate::inject::companion::catalog::CatalogEntry;
use crate::inject::plan::candidates::Candidate;
use crate::inject::plan::present;
use crate::inject::plan::present::Presence;
use crate::inject::plan::reservations::Reservations;
use crate::inject::verdict::Effect;

impl<'a> Review<'_, 'a> {
    /// What companions that are there keep from others.
    pub(super) fn claim_what_is_there<'p>(
        &self,
        candidates: &[Candidate<'a>],
        presences: &[Presence],
        claims: &mut Reservations<'p>,
    ) where
        'a: 'p,
        Self: 'p,
    {
        for recorded in self.status.present(self.pod) {
            recorded.ports.iter().for_each(|(n, protocol)| claims.present_port(*n, *protocol, &recorded.companion));
            if let Some(CatalogEntry::Valid(companion)) = self.offered(&recorded.companion) {
                claims.reserve_present(companion);
            }
        }
        let there = candidates.iter().zip(presences).filter(|(_, presence)| **presence != Presence::Absent);
        there
            .filter_map(|(candidate, _)| present::good(candidate))
            .for_each(|companion| claims.reserve_present(companion));
    }

    /// What the status lists of companions that are there, and the Pod lacks.
    pub(super) fn remark_on_missing_parts(&mut self, candidates: &[Candidate<'a>], presences: &[Presence]) {
        if self.status.entries().is_empty() {
            return;
        }
        let there = candidates.iter().zip(presences).filter(|(_, presence)| **presence != Presence::Absent);
        let listed: Vec<_> =
            there.filter_map(|(candidate, _)| Some((candidate, self.status.entry(candidate.name)?))).collect();
        let entries: Vec<_> = listed.iter().map(|(_, recorded)| *recorded).collect();
        for (at, reason) in present::missing_parts(self.pod, &entries) {
            let (candidate, _) = listed[at];
            self.remark_on(candidate.name, candidate.via, reason, Effect::Warn);
        }
    }
}
