//! Figures about all companions that are used, kept up to date with each change.

use ring::digest::{SHA256, digest};

use crate::inject::companion::catalog::CatalogEntry;
use crate::source::key::CompanionKey;
use crate::source::revision::Revision;

/// The bits of a fingerprint: a sample of Prometheus is a float, which has 53.
const BITS: u32 = 48;

/// Figures about the companions that are used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// How many are valid.
    pub(super) valid: usize,
    /// How many are required.
    pub(super) required: usize,
    /// The sum of the digests of all companions, modulo 2^48. A sum does not depend on the order, and it can be changed by
    /// one companion without a visit of the others.
    pub(super) fingerprint: u64,
}

impl Tally {
    /// Counts one version of a companion instead of another one.
    pub(super) fn replace(&mut self, key: &CompanionKey, before: Option<&Revision>, now: Option<&Revision>) {
        let [before, now] =
            [before, now].map(|version| version.map(|version| Tally::of(key, version)).unwrap_or_default());
        self.valid = self.valid + now.valid - before.valid;
        self.required = self.required + now.required - before.required;
        let fingerprint = self.fingerprint.wrapping_add(now.fingerprint).wrapping_sub(before.fingerprint);
        self.fingerprint = fingerprint % (1 << BITS);
    }

    fn of(key: &CompanionKey, version: &Revision) -> Self {
        let text = format!("{key}={}\n", version.hash().unwrap_or("invalid"));
        let digest = digest(&SHA256, text.as_bytes());
        let bytes = &digest.as_ref()[..BITS as usize / 8];
        Tally {
            valid: usize::from(matches!(version.listed, CatalogEntry::Valid(_))),
            required: usize::from(version.listed.required()),
            fingerprint: bytes.iter().fold(0, |bits, byte| bits << 8 | u64::from(*byte)),
        }
    }
}
