//! What the Pod and its app containers get besides mounts: variables, annotations, a sleep before they stop, and the entry in the
//! status.

use super::reservations::Reservations;
use super::{Plan, Scrape, status_bound};
use crate::inject::keys;
use crate::inject::pod::Lifecycle;
use crate::inject::request::requested::MAX_FAULTS;
use crate::inject::verdict::reason::Reason;
use crate::work::step;

impl<'a> Plan<'a> {
    pub(super) fn fit_env(&mut self, claims: &mut Reservations<'a>) -> Result<(), Reason> {
        if self.chosen.places.is_empty() {
            return Ok(());
        }
        self.app_variables().try_for_each(|name| claims.env(self.chosen.set, name, &self.companion.name))
    }

    /// The names of the variables that each chosen app container gets, in order.
    pub(in crate::inject) fn app_variables(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let companion = self.companion;
        let endpoints = companion.endpoints.iter().flat_map(|e| e.host_env.iter().chain(&e.port_env));
        endpoints.chain(companion.app_env.iter().map(|e| &e.name)).map(|name| &**name)
    }

    /// Lists the variables, and the containers that get them in the order of their names, as the status has them.
    pub(super) fn list_env(&mut self, claims: &Reservations<'a>) {
        let variables: Vec<&str> = self.app_variables().collect();
        if variables.is_empty() {
            return;
        }
        let mut names: Vec<&str> = self.chosen.places.iter().map(|c| &*claims.pod.containers[*c].name).collect();
        names.sort_unstable();
        step(names.len() + variables.len());
        self.added.env = (names, variables);
    }

    pub(super) fn fit_annotations(&mut self, claims: &mut Reservations<'a>) {
        for (key, value) in &self.companion.pod_annotations {
            if claims.annotation(key, value) {
                self.added.annotations.push(key);
            } else {
                self.keep_annotation(key, claims);
            }
        }
        let Some(exposes) = &self.companion.exposes else { return };
        let scrape = Scrape { port: self.moved(exposes.port, exposes.endpoint), path: &exposes.path };
        let port = scrape.port.to_string();
        let ours = [(keys::SCRAPE, "true"), (keys::SCRAPE_PORT, &*port), (keys::SCRAPE_PATH, scrape.path)];
        if ours.iter().all(|(key, value)| claims.pod.annotation(key) == Some(value)) {
            for (key, _) in ours {
                self.keep_annotation(key, claims);
            }
            return;
        }
        // All or none: half of ours and half of another's would point to nothing.
        self.scrape_kept = ours.iter().map(|(key, _)| *key).find(|key| !claims.annotation_is_free(key));
        if self.scrape_kept.is_none() {
            for (key, value) in ours {
                claims.annotation(key, value);
                self.added.annotations.push(key);
            }
            self.scrape = Some(scrape);
        }
    }

    /// Lists an annotation that podgraft added before, and that is still there: the entry in the status replaces the one before.
    pub(super) fn keep_annotation(&mut self, key: &'a str, claims: &Reservations<'a>) {
        if claims.pod.annotation(key).is_some() && claims.status_lists_annotation(&self.companion.name, key) {
            self.added.annotations.push(key);
        }
    }

    /// Takes note of every sleep that it may give; of several companions' the longest is given in the end.
    pub(super) fn fit_pre_stop(&mut self, claims: &Reservations<'a>) {
        let Some(seconds) = self.companion.pre_stop_sleep else { return };
        let grace = claims.pod.grace_seconds;
        for container in self.chosen.places.iter().map(|c| &claims.pod.containers[*c]).filter(|c| !c.init) {
            step(1);
            let name = &*container.name;
            if container.lifecycle == Lifecycle::PreStop {
                self.remark(|| Reason::PreStopKept { container: name.into() });
            } else if i64::from(seconds) >= grace {
                self.remark(|| Reason::PreStopTooLong { container: name.into(), seconds, grace });
            } else {
                self.added.pre_stop.push((name, seconds));
            }
        }
    }

    pub(super) fn fit_status(&mut self, claims: &mut Reservations<'a>) -> Result<(), Reason> {
        // The status is an object of arrays by container.
        self.added.mounts.sort_by_key(|(container, _)| *container);
        let entry = self.added.length();
        step(entry);
        claims.status_entry(&self.companion.name, entry)?;
        claims.patch(status_bound(entry + self.companion.name.len()))
    }

    /// Reports something besides the outcome, unless enough was reported: a Pod can have thousands of containers.
    pub(super) fn remark(&mut self, reason: impl FnOnce() -> Reason) {
        if self.remarks.len() < MAX_FAULTS {
            self.remarks.push(reason());
        }
    }
}
