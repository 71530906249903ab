//! Rules about volumes, mounts and files.

pub(in crate::api) mod files;
pub(in crate::api) mod mount_fields;
pub(in crate::api) mod mounts;
pub(in crate::api) mod reach;
pub(in crate::api) mod read_only;
pub(in crate::api) mod references;
pub(in crate::api) mod secret_files;
pub(in crate::api) mod volume_fields;
pub(in crate::api) mod volumes;
