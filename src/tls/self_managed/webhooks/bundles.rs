//! Which CAs the webhook configurations hold, and since when.

use std::time::SystemTime;

use super::configuration::{Configuration, ObservedConfiguration, update_ca_bundle};
use crate::tls::ca::TrustAnchor;

/// What is known of all configurations.
#[derive(Debug, Clone, Default)]
pub(in crate::tls::self_managed) struct Bundles {
    known: [Knowledge; Configuration::ALL.len()],
    /// The CAs that every `caBundle` is known to hold, and since when.
    held: Vec<(TrustAnchor, SystemTime)>,
}

#[derive(Debug, Clone, Default)]
enum Knowledge {
    /// No watch has reported the configuration yet.
    #[default]
    Unknown,
    Absent,
    Observed(ObservedConfiguration),
}

impl Bundles {
    /// Records what a configuration looks like; `None` where it does not exist.
    pub(in crate::tls::self_managed) fn observe(
        &mut self,
        configuration: Configuration,
        observed: Option<ObservedConfiguration>,
    ) {
        self.known[configuration as usize] = observed.map_or(Knowledge::Absent, Knowledge::Observed);
    }

    pub(in crate::tls::self_managed) fn observed(
        &self,
        configuration: Configuration,
    ) -> Option<&ObservedConfiguration> {
        match &self.known[configuration as usize] {
            Knowledge::Observed(observed) => Some(observed),
            Knowledge::Unknown | Knowledge::Absent => None,
        }
    }

    /// Whether every `caBundle` holds a CA. It is false while a configuration is unknown.
    pub(super) fn all_hold(&self, anchor: &TrustAnchor) -> bool {
        self.all(|bundle| TrustAnchor::parse_all(bundle).contains(anchor))
    }

    /// Whether every `caBundle` holds exactly what it should.
    pub(in crate::tls::self_managed) fn are_in_sync(&self, ours: &[TrustAnchor], now: SystemTime) -> bool {
        self.all(|found| found == update_ca_bundle(found, ours, now).as_bytes())
    }

    /// Records which of these CAs every `caBundle` holds at present, and forgets all other CAs.
    pub(in crate::tls::self_managed) fn record_held(&mut self, anchors: &[TrustAnchor], now: SystemTime) {
        let before = std::mem::take(&mut self.held);
        // After the clock was set back, a time in the future would make the pause longer than it has to be.
        let since = |anchor: &TrustAnchor| before.iter().find(|(known, since)| known == anchor && *since <= now);
        let held = anchors.iter().filter(|anchor| self.all_hold(anchor));
        self.held = held.map(|anchor| (anchor.clone(), since(anchor).map_or(now, |(_, since)| *since))).collect();
    }

    /// Since when every `caBundle` is known to hold a CA that was recorded.
    ///
    /// This is when the configurations were stored. API servers load them later, each at a time of its own; the pause
    /// before a CA is relied on allows for that.
    pub(in crate::tls::self_managed) fn held_since(&self, anchor: &TrustAnchor) -> Option<SystemTime> {
        self.held.iter().find(|(held, _)| held == anchor).map(|(_, since)| *since)
    }

    fn all(&self, holds: impl Fn(&[u8]) -> bool) -> bool {
        let known = |known: &Knowledge| match known {
            Knowledge::Observed(observed) => observed.webhooks.iter().filter_map(|w| w.bundle.as_deref()).all(&holds),
            Knowledge::Absent => true,
            Knowledge::Unknown => false,
        };
        self.known.iter().all(known)
    }
}
