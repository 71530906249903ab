//! The annotations that make Prometheus scrape a companion: whether they are added, how large they are, and how they
//! are written.

use super::planned::{Plan, Scrape};
use super::reservations::Reservations;
use crate::inject::keys::{SCRAPE, SCRAPE_PATH, SCRAPE_PORT};

impl<'a> Plan<'a> {
    /// Adds the scrape annotations, all of them or none: a Pod has one set, and a mixture of ours and another author's
    /// would point nowhere.
    pub(super) fn fit_scrape(&mut self, reservations: &mut Reservations<'a>) {
        let Some(exposes) = &self.companion.exposes else { return };
        let scrape = Scrape { port: self.moved(exposes.port, exposes.endpoint), path: &exposes.path };
        let port = scrape.port.to_string();
        let annotations = scrape.annotations(&port);
        if annotations.iter().all(|(key, value)| reservations.pod.annotation(key) == Some(value)) {
            for (key, _) in annotations {
                self.keep_annotation(key, reservations);
            }
            return;
        }
        self.scrape_kept = annotations.iter().map(|(key, _)| *key).find(|key| !reservations.annotation_is_free(key));
        if self.scrape_kept.is_none() {
            for (key, value) in annotations {
                reservations.annotation(key, value, self.companion);
                self.added.annotations.push(key);
            }
            self.scrape = Some(scrape);
        }
    }
}

impl<'a> Scrape<'a> {
    /// Passes each annotation to a function that writes or measures it.
    pub(in crate::inject) fn each(self, mut annotation: impl FnMut(&'static str, &str)) {
        let port = self.port.to_string();
        for (key, value) in self.annotations(&port) {
            annotation(key, value);
        }
    }

    fn annotations<'p>(self, port: &'p str) -> [(&'static str, &'p str); 3]
    where
        'a: 'p,
    {
        [(SCRAPE, "true"), (SCRAPE_PORT, port), (SCRAPE_PATH, self.path)]
    }
}
