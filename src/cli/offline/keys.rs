//! Whether a Pod has keys of podgraft, as the match conditions of the webhooks decide it.

use serde_json::Value;

use crate::inject::keys;
use crate::inject::keys::MetadataMap;

/// The most annotations, or labels, of a Pod that the API server searches: a Pod with more counts as one with such a key.
const MOST_SEARCHED: usize = 256;

/// Whether a Pod, or a Pod template, has an annotation or a label of podgraft that its author can write: such Pods are for
/// the webhook `requested`, all others for the other ones.
pub(in crate::cli) fn sets_keys(pod: &Value) -> bool {
    let is_of_author = |key: &String| key.starts_with(keys::PREFIX) && ![keys::STATUS, keys::SKIPPED].contains(&&**key);
    let mut maps = MetadataMap::ALL.into_iter().filter_map(|map| pod["metadata"][map.as_str()].as_object());
    maps.any(|map| map.len() > MOST_SEARCHED || map.keys().any(is_of_author))
}
