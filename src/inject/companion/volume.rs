//! The volumes of a companion, private and shared, and the files that it brings.

use super::index::ParameterIndex;

/// A volume of a companion.
#[derive(Debug)]
pub struct Volume {
    /// The name in the Pod, `<companion>-<volume>`.
    pub name: Box<str>,
    /// The whole core/v1 volume as JSON.
    pub json: Box<str>,
}

/// A volume of files that `SecretKey` parameters fill. A Pod has it if it has a value for one of them.
#[derive(Debug)]
pub struct SecretVolume {
    /// The name in the Pod, `<companion>-secret-<n>`.
    pub name: Box<str>,
    /// The mount in each container of the companion, as JSON.
    pub mount: Box<str>,
    /// Its files.
    pub files: Box<[SecretFile]>,
}

/// A file that a parameter fills.
#[derive(Debug)]
pub struct SecretFile {
    /// The `SecretKey` parameter.
    pub parameter: ParameterIndex,
    /// The name of the file in the volume.
    pub path: Box<str>,
}

/// The volume that hides the token of the Pod's service account from the companion.
#[derive(Debug)]
pub struct TokenMask {
    /// The volume.
    pub volume: Volume,
    /// The same volume as JSON, as earlier versions injected it.
    pub earlier: Box<[Box<str>]>,
    /// The mount in each container of the companion that would get the token, as JSON.
    pub mount: Box<str>,
}

/// A volume that both the companion and the app mount.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools)] // each is a fact about the source or the mounts, independent of the others
pub struct SharedVolume {
    /// The volume to add where the companion joins none.
    pub volume: Volume,
    /// Whether the companion may join a volume that the app mounts already: only where it declares no source.
    pub joins: bool,
    /// Whether another companion may join this volume: emptyDir, persistentVolumeClaim or ephemeral.
    pub shareable: bool,
    /// Whether the declared source is an emptyDir, or none is declared.
    pub empty_dir: bool,
    /// Whether variables are read from files of the volume (`fileKeyRef`), which must be an emptyDir then.
    pub sets_variables: bool,
    /// Whether the declared source is read-only: a claim with `readOnly: true`.
    pub read_only: bool,
    /// The mount in all of the companion's containers.
    pub companion: CompanionMount,
    /// The mount in the chosen app containers.
    pub app: CompanionMount,
}

/// One side of a shared volume.
#[derive(Debug)]
pub struct CompanionMount {
    /// `mountPath`, absolute and normalized.
    pub path: Box<str>,
    /// `readOnly`.
    pub read_only: bool,
    /// The Path parameter that moves the mount.
    pub parameter: Option<ParameterIndex>,
}

/// A file of a companion. An annotation of the Pod holds its content.
#[derive(Debug)]
pub struct File {
    /// The annotation, `text.podgraft.dev/<companion>.<index>`.
    pub key: Box<str>,
    /// The value of the annotation.
    pub content: Box<str>,
}
