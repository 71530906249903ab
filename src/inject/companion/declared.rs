//! What a required companion declares, as JSON: admission policies compare Pods with it while podgraft does not answer.
//!
//! It is read off the object together with the templates, and not off the templates, so that nothing that a template
//! holds can be taken for "nothing declared". Reviews do not use it.

use serde_json::{Map, Value};

/// The fields of a container that policies compare as a whole, in no particular order. All other fields of
/// [`DeclaredContainer`] have a rule of their own.
pub const COMPARED_FIELDS: [&str; 12] = [
    "command",
    "args",
    "workingDir",
    "stdin",
    "stdinOnce",
    "tty",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
    "volumeDevices",
    "restartPolicyRules",
];

/// The containers and volumes of a required companion.
#[derive(Debug)]
pub struct Declared {
    /// The containers, in the order of `Companion::identities`.
    pub containers: Box<[DeclaredContainer]>,
    /// The volumes that only the companion mounts, that of its files included, that of the token mask not.
    pub volumes: Box<[DeclaredVolume]>,
    /// The volume that masks the token: as it is injected, then as earlier versions injected it. Pods that have no token can
    /// do without it. Empty where no container mounts it.
    pub token_masks: Box<[DeclaredVolume]>,
    /// The volumes of `Companion::shared_volumes`, in their order.
    pub shared_volumes: Box<[DeclaredVolume]>,
}

/// One core/v1 Container, without its name, image and restart policy. Fields that are null are absent.
#[derive(Debug, Default)]
pub struct DeclaredContainer {
    /// The fields out of [`COMPARED_FIELDS`] that are declared.
    pub compared: Map<String, Value>,
    /// Its own variables, which follow those of endpoints and parameters.
    pub env: Vec<DeclaredVariable>,
    /// `envFrom`.
    pub env_from: Vec<Map<String, Value>>,
    /// `imagePullPolicy`, unless it is empty.
    pub image_pull_policy: Option<Box<str>>,
    /// Its own mounts, those of files included, that of the token mask not.
    pub mounts: Vec<DeclaredMount>,
    /// The mount of the token mask; empty where the container does not have it.
    pub token_mask: Map<String, Value>,
    /// `ports`, with that of `exposes`.
    pub ports: Vec<Map<String, Value>>,
    /// `resources.limits`: quantities by resource.
    pub limits: Map<String, Value>,
    /// `resources.requests`: quantities by resource.
    pub requests: Map<String, Value>,
    /// `resizePolicy`.
    pub resize_policy: Vec<Map<String, Value>>,
    /// `securityContext`.
    pub security_context: Map<String, Value>,
    /// `securityContext.seLinuxOptions`.
    pub se_linux_options: Map<String, Value>,
    /// `terminationMessagePath`, unless it is empty.
    pub termination_message_path: Option<Box<str>>,
    /// `terminationMessagePolicy`, unless it is empty.
    pub termination_message_policy: Option<Box<str>>,
}

/// One core/v1 EnvVar.
#[derive(Debug)]
pub struct DeclaredVariable {
    /// The whole variable, with the volume's name in the Pod.
    pub fields: Map<String, Value>,
    /// The shared volume that it is read from (`fileKeyRef`), where the companion may join another volume: its place in
    /// `Companion::shared_volumes`.
    pub joins: Option<usize>,
}

/// One core/v1 VolumeMount.
#[derive(Debug)]
pub struct DeclaredMount {
    /// `mountPath`.
    pub path: Box<str>,
    /// The whole mount, with the volume's name in the Pod.
    pub fields: Map<String, Value>,
}

/// One core/v1 Volume.
#[derive(Debug)]
pub struct DeclaredVolume {
    /// Its name in the Pod.
    pub name: Box<str>,
    /// The volume without its name and without fields that are null.
    pub source: Map<String, Value>,
    /// `persistentVolumeClaim.claimName`, of a claim.
    pub claim: Option<Box<str>>,
    /// `image.pullPolicy`, of an image, unless it is empty.
    pub image_pull_policy: Option<Box<str>>,
}
