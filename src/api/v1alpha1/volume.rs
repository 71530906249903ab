use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::syntax::{LABEL, PATH};

/// A volume of the companion's own: a whole core/v1 Volume, fields of future Kubernetes versions included.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Default, PartialEq)]
#[schemars(extend("x-kubernetes-validations" = super::rules::rules(&[
    ("!(self.name in ['files', 'no-token'])", "files and no-token are names of volumes that podgraft makes itself"),
])))]
pub struct Volume {
    /// The volume's name. In the Pod it is called <companion>-<name>, which must fit into 63 characters.
    #[schemars(length(max = 61), regex(pattern = LABEL))]
    pub name: String,
    /// The volume's source.
    #[serde(flatten)]
    pub source: Map<String, Value>,
}

/// A volume that the companion and the app both mount.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, PartialEq)]
#[schemars(extend("x-kubernetes-validations" = super::rules::rules(&[
    ("!(self.name in ['files', 'no-token'])", "files and no-token are names of volumes that podgraft makes itself"),
])))]
pub struct SharedVolume {
    /// The volume's name. In the Pod it is called <companion>-<name>, which must fit into 63 characters.
    #[schemars(length(max = 61), regex(pattern = LABEL))]
    pub name: String,
    /// Any core/v1 volume source, such as persistentVolumeClaim. When left out it is an emptyDir, and where the app
    /// already mounts a volume at its path the companion joins that one.
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
    /// Where it is mounted: absolute and normalised.
    #[schemars(length(max = 512), regex(pattern = PATH))]
    pub mount_path: String,
    /// Whether the companion can only read. When left out an Adapter can only read, every other companion can write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_only: Option<bool>,
}

/// The app's mount of a shared volume.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct AppSide {
    /// Where it is mounted: absolute and normalised.
    #[schemars(length(max = 512), regex(pattern = PATH))]
    pub mount_path: String,
    /// Whether the mount that podgraft adds to the app is read-only. A mount that the Pod's author put at that path is
    /// joined as it is, so that the app may write; a warning (AppCanWrite) names it, and a required companion denies it.
    #[serde(default, skip_serializing_if = "super::rules::is_false")]
    pub read_only: bool,
}

/// A file of configuration that travels with the companion, into namespaces that know nothing of it.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Default, PartialEq)]
pub struct File {
    /// Where the file stands in all of the companion's containers: absolute and normalised. Other files of its directory
    /// stay.
    #[schemars(length(max = 512), regex(pattern = PATH))]
    pub path: String,
    /// What the file says. All files of a companion together have at most 32 KiB. The content is fixed: what varies goes
    /// through parameters, which software reads from its environment.
    #[schemars(length(max = 32768))]
    pub content: String,
    /// The file's permissions, 0644 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 511))]
    pub mode: Option<u16>,
}
