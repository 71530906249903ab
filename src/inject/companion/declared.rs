//! What a required companion declares, as JSON: admission policies compare Pods with it while podgraft does not answer.
//!
//! It is read off the object together with the templates, and not off the templates, so that nothing that a template
//! holds can be taken for "nothing declared". Reviews do not use it.

use serde_json::{Map, Value};

/// A required companion's containers and volumes.
#[derive(Debug)]
pub struct Declared {
    /// The containers, in the order of `Companion::identities`.
    pub containers: Box<[DeclaredContainer]>,
    /// The companion's own volumes with their names in the Pod, that of its files included, that of the token mask not.
    pub volumes: Box<[Map<String, Value>]>,
    /// The volume that masks the token, with its name in the Pod. Pods that have no token can do without it.
    pub token_mask: Option<Map<String, Value>>,
    /// The volumes of `Companion::shared_volumes`, in their order.
    pub shared_volumes: Box<[Map<String, Value>]>,
}

/// One container.
#[derive(Debug)]
pub struct DeclaredContainer {
    /// All members but `name`, `image`, `restartPolicy`, `env` and `volumeMounts`. None of them is null.
    pub members: Map<String, Value>,
    /// Its own variables, which follow those of endpoints and parameters.
    pub env: Vec<Map<String, Value>>,
    /// Its own mounts, those of files included, that of the token mask not.
    pub mounts: Vec<Map<String, Value>>,
    /// The mount of the token mask.
    pub token_mask: Option<Map<String, Value>>,
}
