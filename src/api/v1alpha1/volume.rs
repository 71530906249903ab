use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::syntax::{LABEL, PATH};

/// A private volume of the companion: a core/v1 Volume, fields of future Kubernetes versions included.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Default, PartialEq)]
#[schemars(extend("x-kubernetes-validations" = super::rules::rules(&[
    ("!(self.name in ['files', 'no-token'])", "files and no-token are reserved for volumes that podgraft adds"),
])))]
pub struct Volume {
    /// The volume's name. In the Pod the volume is named <companion>-<name>, which has at most 63 characters.
    #[schemars(length(max = 61), regex(pattern = LABEL))]
    pub name: String,
    /// The volume's source.
    #[serde(flatten)]
    pub source: Map<String, Value>,
}

/// A volume that both the companion and the app mount.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, PartialEq)]
#[schemars(extend("x-kubernetes-validations" = super::rules::rules(&[
    ("!(self.name in ['files', 'no-token'])", "files and no-token are reserved for volumes that podgraft adds"),
])))]
pub struct SharedVolume {
    /// The volume's name. In the Pod the volume is named <companion>-<name>, which has at most 63 characters.
    #[schemars(length(max = 61), regex(pattern = LABEL))]
    pub name: String,
    /// Any core/v1 volume source, such as persistentVolumeClaim. Defaults to an emptyDir, in which case the companion
    /// joins the volume that the app already mounts at its path, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("type" = "object", "x-kubernetes-preserve-unknown-fields" = true))]
    pub source: Option<Map<String, Value>>,
    /// The mount in all of the companion's containers.
    pub companion: CompanionSide,
    /// The mount in the chosen app containers.
    pub app: AppSide,
}

/// The companion's mount of a shared volume.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct CompanionSide {
    /// The mount path: absolute and normalized.
    #[schemars(length(max = 512), regex(pattern = PATH))]
    pub mount_path: String,
    /// Whether the companion's mount is read-only. Defaults to true for an Adapter, otherwise to false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_only: Option<bool>,
}

/// The app's mount of a shared volume.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct AppSide {
    /// The mount path: absolute and normalized.
    #[schemars(length(max = 512), regex(pattern = PATH))]
    pub mount_path: String,
    /// Whether the mount that podgraft adds to the app is read-only. A mount that the app already has at that path is
    /// joined as it is, so that the app may be able to write; this is a warning (AppCanWrite), and a conflict for a
    /// required companion.
    #[serde(default, skip_serializing_if = "super::rules::is_false")]
    pub read_only: bool,
}

/// A configuration file of the companion. An annotation of the Pod carries the file, so that it needs no object in
/// the Pod's namespace.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Default, PartialEq)]
pub struct File {
    /// The path in all of the companion's containers: absolute and normalized. Other files of its directory remain
    /// visible.
    #[schemars(length(max = 512), regex(pattern = PATH))]
    pub path: String,
    /// The content, at most 32 KiB for all files of a companion together. It is the same in all Pods; parameters
    /// provide what varies, as environment variables.
    #[schemars(length(max = 32768))]
    pub content: String,
    /// The file mode. Defaults to 0644.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 511))]
    pub mode: Option<u16>,
}
