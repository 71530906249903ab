//! What stands in the Secret.
//!
//! | key | what |
//! |---|---|
//! | `tls.crt`, `tls.key` | the serving pair; without one of them it is issued anew |
//! | `ca.crt` | all authorities to trust, the signing one first: what stands in each `caBundle` |
//! | `ca.key` | the key of the signing authority, which is the one of `ca.crt` that it fits; without it the next one begins |
//! | `next-ca.crt`, `next-ca.key` | the authority that signs next, once it is trusted everywhere; it stands in `ca.crt`, too |
//!
//! Everything is PEM. No other key is touched.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;

use super::rotation::{Leaf, State};
use crate::tls::authority::{Anchor, Authority};

type Data = BTreeMap<String, ByteString>;

const PAIR: [&str; 2] = ["tls.crt", "tls.key"];
const BUNDLE: &str = "ca.crt";
const SIGNING_KEY: &str = "ca.key";
const NEXT: [&str; 2] = ["next-ca.crt", "next-ca.key"];

impl State {
    /// Reads as much as can be read; the rest counts as absent, and is made anew.
    pub(super) fn read(data: &Data) -> Self {
        let bytes = |key: &str| data.get(key).map_or(&[][..], |value| &value.0);
        let anchors = Anchor::parse_all(bytes(BUNDLE));
        let signing = Authority::find(&anchors, bytes(SIGNING_KEY));
        let next = Authority::find(&Anchor::parse_all(bytes(NEXT[0])), bytes(NEXT[1]));
        let next = next.filter(|next| signing.as_ref().is_none_or(|signing| signing.anchor != next.anchor));
        let known = |anchor: &Anchor| signing.iter().chain(&next).any(|authority| authority.anchor == *anchor);
        let others = anchors.into_iter().filter(|anchor| !known(anchor)).collect();
        State { others, pair: Leaf::parse(bytes(PAIR[0]), bytes(PAIR[1])), signing, next }
    }

    /// Writes all of it, and takes out what is no more.
    pub(super) fn write(&self, data: &mut Data) {
        let mut put = |key: &str, text: Option<&str>| match text {
            Some(text) => drop(data.insert(key.to_owned(), ByteString(text.as_bytes().to_vec()))),
            None => drop(data.remove(key)),
        };
        let next = self.next.as_ref().map(|next| next.anchor.pem());
        put(PAIR[0], self.pair.as_ref().map(|leaf| &*leaf.certificate));
        put(PAIR[1], self.pair.as_ref().map(|leaf| leaf.key.pem()));
        put(BUNDLE, Some(&self.bundle()));
        put(SIGNING_KEY, self.signing.as_ref().map(|signing| signing.key().pem()));
        put(NEXT[0], next.as_deref());
        put(NEXT[1], self.next.as_ref().map(|next| next.key().pem()));
    }
}
