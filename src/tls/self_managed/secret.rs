//! The keys of the Secret.
//!
//! | key | content |
//! |---|---|
//! | `tls.crt`, `tls.key` | the serving pair; without one of them a pair is issued |
//! | `ca.crt` | all trusted CAs, the oldest first, as in each `caBundle` |
//! | `ca.key` | the key of the signing CA, whose certificate is the one in `ca.crt` that it fits; without it the next CA is created |
//! | `next-ca.crt`, `next-ca.key` | the CA that signs next, once it is trusted everywhere; its certificate is in `ca.crt` as well |
//!
//! All values are PEM. Other keys are not touched.

mod template;

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;

use super::state::{CaState, IssuedPair};
use crate::tls::ca::{Ca, TrustAnchor, bundle};

pub use template::HelmRelease;
pub(super) use template::SecretTemplate;

type Data = BTreeMap<String, ByteString>;

const PAIR: [&str; 2] = ["tls.crt", "tls.key"];
const BUNDLE: &str = "ca.crt";
const SIGNING_KEY: &str = "ca.key";
const NEXT: [&str; 2] = ["next-ca.crt", "next-ca.key"];

impl CaState {
    /// Reads a Secret; one that does not exist is empty.
    pub(super) fn of(secret: Option<&Secret>) -> Self {
        secret.and_then(|secret| secret.data.as_ref()).map(CaState::read).unwrap_or_default()
    }

    /// Reads what is readable. The rest counts as absent, so that rotation replaces it.
    pub(super) fn read(data: &Data) -> Self {
        let bytes = |key: &str| data.get(key).map_or(&[][..], |value| &value.0);
        let anchors = TrustAnchor::parse_all(bytes(BUNDLE));
        let signing = Ca::find(&anchors, bytes(SIGNING_KEY));
        let next = Ca::find(&TrustAnchor::parse_all(bytes(NEXT[0])), bytes(NEXT[1]));
        let next = next.filter(|next| signing.as_ref().is_none_or(|signing| signing.anchor != next.anchor));
        let known = |anchor: &TrustAnchor| signing.iter().chain(&next).any(|ca| ca.anchor == *anchor);
        let others = anchors.into_iter().filter(|anchor| !known(anchor)).collect();
        CaState { others, pair: IssuedPair::parse(bytes(PAIR[0]), bytes(PAIR[1])), signing, next }
    }

    /// Writes all keys, and removes those that have no value.
    pub(super) fn write(&self, data: &mut Data) {
        let mut put = |key: &str, text: Option<&str>| match text {
            Some(text) => drop(data.insert(key.to_owned(), ByteString(text.as_bytes().to_vec()))),
            None => drop(data.remove(key)),
        };
        let trusted = Some(bundle(self.anchors())).filter(|pem| !pem.is_empty());
        let next = self.next.as_ref().map(|next| next.anchor.pem());
        put(PAIR[0], self.pair.as_ref().map(|issued| &*issued.certificate));
        put(PAIR[1], self.pair.as_ref().map(|issued| issued.key.pem()));
        put(BUNDLE, trusted.as_deref());
        put(SIGNING_KEY, self.signing.as_ref().map(|signing| signing.key().pem()));
        put(NEXT[0], next.as_deref());
        put(NEXT[1], self.next.as_ref().map(|next| next.key().pem()));
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    fn ca() -> Ca {
        Ca::new("a CA", SystemTime::now(), Duration::from_secs(3600)).unwrap()
    }

    fn whole() -> CaState {
        let (signing, old) = (ca(), ca().anchor);
        let now = SystemTime::now();
        let text = signing.issue(vec!["a".into()], now, now + Duration::from_secs(60)).unwrap();
        let pair = IssuedPair::parse(text.certificate.as_bytes(), text.key.pem().as_bytes());
        CaState { signing: Some(signing), next: Some(ca()), others: vec![old], pair }
    }

    fn written(state: &CaState) -> Data {
        let mut data = Data::default();
        state.write(&mut data);
        data
    }

    #[test]
    fn a_written_state_is_read_back() {
        let mut state = whole();
        assert_eq!(CaState::read(&written(&state)), state);
        state.next = None;
        assert_eq!(CaState::read(&written(&state)), state);
    }

    #[test]
    fn absent_values_are_removed_and_foreign_keys_stay() {
        let mut data = written(&whole());
        data.insert("note".into(), ByteString(b"mine".to_vec()));
        CaState::default().write(&mut data);
        assert_eq!(data.keys().collect::<Vec<_>>(), ["note"]);
    }

    #[test]
    fn an_unreadable_value_counts_as_absent_and_the_others_are_read() {
        let state = whole();
        let without = |key: &str, value: &str| {
            let mut data = written(&state);
            data.insert(key.into(), ByteString(value.into()));
            CaState::read(&data)
        };
        let other = ca();
        for junk in ["", "junk", other.key().pem()] {
            assert!(without("tls.key", junk).pair.is_none(), "{junk:?}");
            assert!(without("next-ca.key", junk).next.is_none(), "{junk:?}");
            let keyless = without("ca.key", junk);
            assert!(keyless.signing.is_none(), "{junk:?}");
            assert!(keyless.others.contains(&state.signing.as_ref().unwrap().anchor), "{junk:?}");
        }
        let partly_readable =
            format!("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n{}", bundle(state.anchors()));
        assert_eq!(without("ca.crt", &partly_readable), state);
        let nothing =
            ["ca.crt", "ca.key", "tls.crt", "next-ca.crt"].map(|key| (key.to_owned(), ByteString(vec![255; 9])));
        assert_eq!(CaState::read(&Data::from(nothing)), CaState::default());
    }
}
