//! Whether the companion's exclusion of containers is one that this Pod can still have.

use crate::inject::plan::planned::Plan;
use crate::inject::plan::reservations::Reservations;
use crate::inject::verdict::reason::Conflict;

impl<'a> Plan<'a> {
    /// A companion beyond the bound is not injected at all: it would get containers that it excludes, or not get others.
    pub(super) fn fit_exclusions(&self, reservations: &Reservations<'a>) -> Result<(), Conflict> {
        match reservations.choices.exclusions_exceeded(self.via, self.companion) {
            Some(most) => Err(Conflict::TooManyExclusions { most }),
            None => Ok(()),
        }
    }
}
