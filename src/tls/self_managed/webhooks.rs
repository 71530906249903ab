//! The `caBundle` of each webhook: what stands there, and the patch that mends it.

use std::time::SystemTime;

use k8s_openapi::ByteString;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration, WebhookClientConfig,
};
use serde_json::{Value, json};

use crate::tls::ca::{TrustAnchor, bundle};
pub(super) use crate::webhook::Configuration;

/// A configuration as it was seen last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ObservedConfiguration {
    /// Its resourceVersion.
    pub(super) version: String,
    pub(super) entries: Vec<WebhookBundle>,
}

/// One webhook of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WebhookBundle {
    pub(super) name: String,
    /// What its `caBundle` holds; nothing where it does not reach a Service, for then it is not ours to fill.
    pub(super) bundle: Option<Vec<u8>>,
}

/// All configurations; what nobody has told of yet is not known.
#[derive(Debug, Clone, Default)]
pub(super) struct Bundles {
    known: [KnownSince; Configuration::ALL.len()],
    /// Since when each authority is known to be held.
    held: Vec<(TrustAnchor, SystemTime)>,
}

#[derive(Debug, Clone, Default)]
enum KnownSince {
    #[default]
    Nothing,
    Absent,
    There(ObservedConfiguration),
}

impl Bundles {
    /// Takes in what a configuration is like; nothing where there is none.
    pub(super) fn note(&mut self, configuration: Configuration, seen: Option<ObservedConfiguration>) {
        self.known[configuration as usize] = seen.map_or(KnownSince::Absent, KnownSince::There);
    }

    pub(super) fn seen(&self, configuration: Configuration) -> Option<&ObservedConfiguration> {
        match &self.known[configuration as usize] {
            KnownSince::There(seen) => Some(seen),
            KnownSince::Nothing | KnownSince::Absent => None,
        }
    }

    /// Whether each `caBundle` that there is holds an authority. Not so while one is not known.
    pub(super) fn hold(&self, anchor: &TrustAnchor) -> bool {
        self.all(|bundle| TrustAnchor::parse_all(bundle).contains(anchor))
    }

    /// Whether each holds all of these authorities, and no more than may stand there.
    pub(super) fn in_step(&self, ours: &[TrustAnchor], now: SystemTime) -> bool {
        self.all(|found| found == mended(found, ours, now).as_bytes())
    }

    /// Looks which of these authorities each `caBundle` holds now; of all others it is forgotten.
    pub(super) fn look(&mut self, anchors: &[TrustAnchor], now: SystemTime) {
        let before = std::mem::take(&mut self.held);
        // A clock that was set back must not make a wait longer than it is.
        let since = |anchor: &TrustAnchor| before.iter().find(|(known, since)| known == anchor && *since <= now);
        let held = anchors.iter().filter(|anchor| self.hold(anchor));
        self.held = held.map(|anchor| (anchor.clone(), since(anchor).map_or(now, |(_, since)| *since))).collect();
    }

    /// Since when each is known to hold an authority that was looked for. That is what is stored; API servers take it up
    /// later, each in its own time, which is what the pause before anybody relies on it is for.
    pub(super) fn held_since(&self, anchor: &TrustAnchor) -> Option<SystemTime> {
        self.held.iter().find(|(held, _)| held == anchor).map(|(_, since)| *since)
    }

    fn all(&self, holds: impl Fn(&[u8]) -> bool) -> bool {
        let known = |known: &KnownSince| match known {
            KnownSince::There(seen) => seen.entries.iter().filter_map(|e| e.bundle.as_deref()).all(&holds),
            KnownSince::Absent => true,
            KnownSince::Nothing => false,
        };
        self.known.iter().all(known)
    }
}

impl ObservedConfiguration {
    /// The operations that put authorities into each webhook that lacks one; nothing where none does.
    ///
    /// They apply to what was seen and to nothing else: not after somebody wrote to the object, nor to another entry.
    pub(super) fn patch(&self, ours: &[TrustAnchor], now: SystemTime) -> Option<Value> {
        let mut operations = vec![json!({"op": "test", "path": "/metadata/resourceVersion", "value": self.version})];
        for (index, entry) in self.entries.iter().enumerate() {
            let Some(found) = &entry.bundle else { continue };
            let bundle = mended(found, ours, now).into_bytes();
            if bundle != *found {
                let webhook = format!("/webhooks/{index}");
                operations.push(json!({"op": "test", "path": format!("{webhook}/name"), "value": entry.name}));
                let path = format!("{webhook}/clientConfig/caBundle");
                operations.push(json!({"op": "add", "path": path, "value": ByteString(bundle)}));
            }
        }
        (operations.len() > 1).then_some(Value::Array(operations))
    }
}

/// What a `caBundle` should hold: our authorities, and whatever else stands there and is valid. Somebody may serve by
/// it: a replica that this one has not heard of, or what served before there was a Secret. It goes when it expires.
///
/// Each of several API servers takes up a changed configuration at a moment of its own, and nobody tells when the last
/// one has. That does no harm as long as nothing valid is ever taken out: old and new are trusted by whoever has the new
/// bundle, and whoever has the old one trusts what is being served still.
fn mended(found: &[u8], ours: &[TrustAnchor], now: SystemTime) -> String {
    let there = TrustAnchor::parse_all(found);
    bundle(there.iter().filter(|anchor| anchor.expires() > now).chain(ours))
}

impl WebhookBundle {
    fn new(name: &str, client: &WebhookClientConfig) -> Self {
        let bundle = client.ca_bundle.as_ref().map(|bundle| bundle.0.clone()).unwrap_or_default();
        WebhookBundle { name: name.to_owned(), bundle: client.service.is_some().then_some(bundle) }
    }
}

impl From<MutatingWebhookConfiguration> for ObservedConfiguration {
    fn from(object: MutatingWebhookConfiguration) -> Self {
        let webhooks = object.webhooks.unwrap_or_default();
        let entries =
            webhooks.iter().map(|webhook| WebhookBundle::new(&webhook.name, &webhook.client_config)).collect();
        ObservedConfiguration { version: object.metadata.resource_version.unwrap_or_default(), entries }
    }
}

impl From<ValidatingWebhookConfiguration> for ObservedConfiguration {
    fn from(object: ValidatingWebhookConfiguration) -> Self {
        let webhooks = object.webhooks.unwrap_or_default();
        let entries =
            webhooks.iter().map(|webhook| WebhookBundle::new(&webhook.name, &webhook.client_config)).collect();
        ObservedConfiguration { version: object.metadata.resource_version.unwrap_or_default(), entries }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::tls::ca::Ca;

    fn entry(name: &str, bundle: Option<&str>) -> WebhookBundle {
        WebhookBundle { name: name.into(), bundle: bundle.map(|bundle| bundle.as_bytes().to_vec()) }
    }

    fn seen(entries: Vec<WebhookBundle>) -> ObservedConfiguration {
        ObservedConfiguration { version: "7".into(), entries }
    }

    fn all(entries: &[WebhookBundle]) -> Bundles {
        let mut bundles = Bundles::default();
        for configuration in Configuration::ALL {
            bundles.note(configuration, Some(seen(entries.to_vec())));
        }
        bundles
    }

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_900_000_000 + seconds)
    }

    /// Issued at that second, and valid for a hundred.
    fn issued(seconds: u64) -> TrustAnchor {
        Ca::new("a CA", at(seconds), Duration::from_secs(100)).unwrap().anchor
    }

    #[test]
    fn a_patch_tests_what_it_is_for_and_fills_what_lacks_an_authority() {
        let (old, new) = (issued(0), issued(1));
        let (old_pem, new_pem, both) = (old.pem(), new.pem(), old.pem() + &new.pem());
        let object = seen(vec![
            entry("a", Some(&new_pem)),
            entry("b", Some(&old_pem)),
            entry("c", None),
            entry("d", Some("")),
            entry("e", Some(&both)),
        ]);
        let encoded = |pem: &str| json!(ByteString(pem.as_bytes().to_vec()));
        let expected = json!([
            {"op": "test", "path": "/metadata/resourceVersion", "value": "7"},
            {"op": "test", "path": "/webhooks/1/name", "value": "b"},
            {"op": "add", "path": "/webhooks/1/clientConfig/caBundle", "value": encoded(&both)},
            {"op": "test", "path": "/webhooks/3/name", "value": "d"},
            {"op": "add", "path": "/webhooks/3/clientConfig/caBundle", "value": encoded(&new_pem)},
        ]);
        assert_eq!(object.patch(&[new], at(2)), Some(expected));
    }

    #[test]
    fn what_is_valid_stays_and_what_has_expired_or_is_none_goes() {
        let (old, new) = (issued(0), issued(50));
        let check = |found: String, now, expected: String| {
            assert_eq!(mended(found.as_bytes(), std::slice::from_ref(&new), at(now)), expected);
        };
        check(old.pem(), 60, old.pem() + &new.pem());
        check(new.pem() + &old.pem(), 60, old.pem() + &new.pem());
        check(old.pem() + &new.pem(), 100, new.pem());
        check(format!("# by hand\n{}", new.pem()), 60, new.pem());
        check("junk".into(), 60, new.pem());
    }

    #[test]
    fn there_is_no_patch_where_nothing_is_lacking() {
        let new = issued(0);
        for entries in [vec![], vec![entry("a", Some(&new.pem()))], vec![entry("a", None)]] {
            assert_eq!(seen(entries).patch(std::slice::from_ref(&new), at(1)), None);
        }
    }

    #[test]
    fn webhooks_that_are_called_by_url_are_left_alone() {
        let object = json!({"metadata": {"resourceVersion": "9"}, "webhooks": [
            {"name": "a", "clientConfig": {"service": {"name": "podgraft", "namespace": "ns"}},
             "admissionReviewVersions": ["v1"], "sideEffects": "None"},
            {"name": "b", "clientConfig": {"url": "https://example.org", "caBundle": "b2xk"},
             "admissionReviewVersions": ["v1"], "sideEffects": "None"},
        ]});
        let expected =
            ObservedConfiguration { version: "9".into(), entries: vec![entry("a", Some("")), entry("b", None)] };
        let text = object.to_string();
        assert_eq!(
            ObservedConfiguration::from(serde_json::from_str::<MutatingWebhookConfiguration>(&text).unwrap()),
            expected
        );
        assert_eq!(
            ObservedConfiguration::from(serde_json::from_str::<ValidatingWebhookConfiguration>(&text).unwrap()),
            expected
        );
    }

    #[test]
    fn an_authority_is_held_once_every_configuration_is_known_to_hold_it() {
        let (held, other) = (issued(0), issued(1));
        let both = held.pem() + &other.pem();
        let mut bundles = all(&[entry("a", Some(&both)), entry("b", None)]);
        let ours = [held.clone(), other.clone()];
        assert!(bundles.hold(&held) && bundles.hold(&other) && bundles.in_step(&ours, at(2)));
        bundles.note(Configuration::Preview, Some(seen(vec![entry("a", Some(&held.pem()))])));
        assert!(bundles.hold(&held) && !bundles.hold(&other) && !bundles.in_step(&ours, at(2)));
        bundles.note(Configuration::Preview, None);
        assert!(bundles.hold(&other), "a configuration that does not exist holds nobody up");
        assert!(!Bundles::default().hold(&held), "nobody has told of any");
    }

    #[test]
    fn the_wait_begins_anew_where_an_authority_is_taken_out_or_the_clock_set_back() {
        let next = issued(0);
        let mut bundles = all(&[entry("a", Some(&next.pem()))]);
        let since = |bundles: &mut Bundles, anchor: &TrustAnchor, now| {
            bundles.look(std::slice::from_ref(anchor), at(now));
            bundles.held_since(anchor)
        };
        assert_eq!(bundles.held_since(&next), None, "nobody has looked");
        assert_eq!(since(&mut bundles, &next, 1), Some(at(1)));
        assert_eq!(since(&mut bundles, &next, 5), Some(at(1)));
        assert_eq!(since(&mut bundles, &issued(1), 5), None);
        assert_eq!(since(&mut bundles, &next, 6), Some(at(6)));
        bundles.note(Configuration::Preview, Some(seen(vec![entry("a", Some(""))])));
        assert_eq!(since(&mut bundles, &next, 7), None);
        let mut bundles = all(&[entry("a", Some(&next.pem()))]);
        assert_eq!(since(&mut bundles, &next, 9), Some(at(9)));
        assert_eq!(since(&mut bundles, &next, 2), Some(at(2)));
    }
}
