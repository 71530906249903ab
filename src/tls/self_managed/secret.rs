//! What stands in the Secret.
//!
//! | key | what |
//! |---|---|
//! | `tls.crt`, `tls.key` | the serving pair; without one of them it is issued anew |
//! | `ca.crt` | all authorities to trust, the oldest first: what stands in each `caBundle` |
//! | `ca.key` | the key of the signing authority, which is the one of `ca.crt` that it fits; without it the next one begins |
//! | `next-ca.crt`, `next-ca.key` | the authority that signs next, once it is trusted everywhere; it stands in `ca.crt`, too |
//!
//! Everything is PEM. No other key is touched.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;

use super::rotation::{CaState, IssuedPair};
use crate::tls::ca::{Ca, TrustAnchor, bundle};

type Data = BTreeMap<String, ByteString>;

const PAIR: [&str; 2] = ["tls.crt", "tls.key"];
const BUNDLE: &str = "ca.crt";
const SIGNING_KEY: &str = "ca.key";
const NEXT: [&str; 2] = ["next-ca.crt", "next-ca.key"];

impl CaState {
    /// Reads as much as can be read; the rest counts as absent, and is made anew.
    pub(super) fn read(data: &Data) -> Self {
        let bytes = |key: &str| data.get(key).map_or(&[][..], |value| &value.0);
        let anchors = TrustAnchor::parse_all(bytes(BUNDLE));
        let signing = Ca::find(&anchors, bytes(SIGNING_KEY));
        let next = Ca::find(&TrustAnchor::parse_all(bytes(NEXT[0])), bytes(NEXT[1]));
        let next = next.filter(|next| signing.as_ref().is_none_or(|signing| signing.anchor != next.anchor));
        let known = |anchor: &TrustAnchor| signing.iter().chain(&next).any(|authority| authority.anchor == *anchor);
        let others = anchors.into_iter().filter(|anchor| !known(anchor)).collect();
        CaState { others, pair: IssuedPair::parse(bytes(PAIR[0]), bytes(PAIR[1])), signing, next }
    }

    /// Writes all of it, and takes out what is no more.
    pub(super) fn write(&self, data: &mut Data) {
        let mut put = |key: &str, text: Option<&str>| match text {
            Some(text) => drop(data.insert(key.to_owned(), ByteString(text.as_bytes().to_vec()))),
            None => drop(data.remove(key)),
        };
        let trusted = Some(bundle(self.anchors())).filter(|pem| !pem.is_empty());
        let next = self.next.as_ref().map(|next| next.anchor.pem());
        put(PAIR[0], self.pair.as_ref().map(|leaf| &*leaf.certificate));
        put(PAIR[1], self.pair.as_ref().map(|leaf| leaf.key.pem()));
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

    fn authority() -> Ca {
        Ca::new("a CA", SystemTime::now(), Duration::from_secs(3600)).unwrap()
    }

    fn whole() -> CaState {
        let (signing, old) = (authority(), authority().anchor);
        let now = SystemTime::now();
        let fresh = signing.issue(vec!["a".into()], now, now + Duration::from_secs(60)).unwrap();
        let pair = IssuedPair::parse(fresh.certificate.as_bytes(), fresh.key.pem().as_bytes());
        CaState { signing: Some(signing), next: Some(authority()), others: vec![old], pair }
    }

    fn written(state: &CaState) -> Data {
        let mut data = Data::default();
        state.write(&mut data);
        data
    }

    #[test]
    fn what_was_written_is_read() {
        let mut state = whole();
        assert_eq!(CaState::read(&written(&state)), state);
        state.next = None;
        assert_eq!(CaState::read(&written(&state)), state);
    }

    #[test]
    fn what_is_no_more_is_taken_out_and_what_others_put_in_stays() {
        let mut data = written(&whole());
        data.insert("note".into(), ByteString(b"mine".to_vec()));
        CaState::default().write(&mut data);
        assert_eq!(data.keys().collect::<Vec<_>>(), ["note"]);
    }

    #[test]
    fn what_cannot_be_read_counts_as_absent_and_the_rest_does_not() {
        let state = whole();
        let without = |key: &str, value: &str| {
            let mut data = written(&state);
            data.insert(key.into(), ByteString(value.into()));
            CaState::read(&data)
        };
        let other = authority();
        for junk in ["", "junk", other.key().pem()] {
            assert!(without("tls.key", junk).pair.is_none(), "{junk:?}");
            assert!(without("next-ca.key", junk).next.is_none(), "{junk:?}");
            let keyless = without("ca.key", junk);
            assert!(keyless.signing.is_none(), "{junk:?}");
            assert!(keyless.others.contains(&state.signing.as_ref().unwrap().anchor), "{junk:?}");
        }
        let spoilt =
            format!("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n{}", bundle(state.anchors()));
        assert_eq!(without("ca.crt", &spoilt), state);
        let nothing =
            ["ca.crt", "ca.key", "tls.crt", "next-ca.crt"].map(|key| (key.to_owned(), ByteString(vec![255; 9])));
        assert_eq!(CaState::read(&Data::from(nothing)), CaState::default());
    }
}
