//! Which app containers companions may get.

use std::collections::HashSet;

use super::Review;
use crate::inject::companion::Companion;
use crate::inject::plan::candidates::Candidate;
use crate::inject::plan::chosen::Choices;
use crate::inject::plan::present;
use crate::inject::plan::present::Presence;
use crate::inject::pod::Container;
use crate::inject::request::namespace::OptIn;
use crate::inject::request::requested::Requested;
use crate::inject::verdict::Via;

impl<'a> Review<'_, 'a> {
    pub(super) fn choices(&self, ask: &Requested<'a>, candidates: &[Candidate<'a>], presences: &[Presence]) -> Choices {
        // A Pod that is opted out is not judged by its words, so they do not choose either.
        let named = ask.containers.as_ref().filter(|_| ask.pod != OptIn::Disabled);
        let others = if let Some(names) = named {
            let meant: HashSet<&str> = names.iter().copied().collect();
            let chosen: Vec<usize> =
                self.authored().filter(|(_, c)| meant.contains(&*c.name)).map(|(i, _)| i).collect();
            [chosen.clone(), chosen]
        } else {
            self.all_of(self.authored())
        };
        // Neither the Pod's choice nor a status that anybody can write takes a container from a required companion.
        let mut all = candidates.iter().zip(presences);
        let required = all.any(|(candidate, there)| candidate.via == Via::Required && *there == Presence::Absent);
        let required = (required && (named.is_some() || !self.injected.is_empty())).then(|| {
            let mut known = present::known_containers(self.pod, self.status, self.home, self.snapshot);
            known.extend(required_ones_there(candidates, presences));
            let written = |c: &Container<'_>| !known.contains(&(c.init, &*c.name));
            self.all_of(self.pod.containers.iter().enumerate().filter(|(_, c)| written(c)))
        });
        Choices::new(others, required)
    }

    /// Of containers, those that companions after and before the init containers get.
    fn all_of<'c>(&self, containers: impl Iterator<Item = (usize, &'c Container<'a>)>) -> [Vec<usize>; 2]
    where
        'a: 'c,
    {
        let first: Vec<usize> = containers.filter(|(_, c)| !(c.init && c.restarts)).map(|(i, _)| i).collect();
        let last = first.iter().copied().filter(|i| !self.pod.containers[*i].init).collect();
        [last, first]
    }
}

/// The containers of required companions that are there, whatever the status says: nobody else may change them.
pub(super) fn required_ones_there<'a>(
    candidates: &[Candidate<'a>],
    presences: &[Presence],
) -> impl Iterator<Item = (bool, &'a str)> {
    let there =
        candidates.iter().zip(presences).filter(|(c, there)| c.via == Via::Required && **there != Presence::Absent);
    let good = there.filter_map(|(candidate, _)| present::good(candidate));
    good.flat_map(Companion::identities).map(|(container, init)| (init, &*container.name))
}
