//! Files that `SecretKey` parameters fill: their directories are mounts of volumes that podgraft adds.

use crate::api::derived::secret_directories;
use crate::api::message::{forbidden, invalid};
use crate::api::object::CompanionObject;
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::inject::keys::TOKEN_PATH;
use crate::inject::names::lies_below;

/// Checks the path of one file. Each directory is checked with each of its files, so that each message has a field.
pub(in crate::api) fn check(object: &CompanionObject, path: &str, at: &FieldPath, report: &mut Report) {
    if report.has_schema_error(at) {
        return;
    }
    let Some((directory, name)) = path.rsplit_once('/').filter(|(directory, _)| !directory.is_empty()) else {
        let message = "must be in a directory other than /, because the directory becomes a mount";
        return report.error(at, invalid(message));
    };
    if name.starts_with("..") {
        let message =
            "the name of the file must not start with `..`; Kubernetes denies Pods with such a file in a volume";
        report.error(at, invalid(message));
    }
    if path.chars().any(char::is_control) {
        report.error(at, invalid("must not contain control characters"));
    }
    let meets = |other: &str| other == directory || lies_below(other, directory) || lies_below(directory, other);
    if let Some((other, what)) = others(object, directory).find(|(other, _)| !other.is_empty() && meets(other)) {
        let message = format_args!(
            "overlaps {other}, {what}: the directory of the file ({directory}) becomes a mount; use a directory for files of SecretKey parameters only"
        );
        report.error(at, forbidden(message));
    }
}

/// The paths that the companion's containers have for something else.
fn others<'o>(object: &'o CompanionObject, directory: &'o str) -> impl Iterator<Item = (&'o str, &'static str)> {
    let spec = &object.spec;
    let containers = spec.containers.iter().chain(&spec.init_containers);
    let mounts = containers.flat_map(|c| &c.volume_mounts).map(|m| (m.mount_path.as_str(), "a mount"));
    let files = spec.files.iter().map(|f| (f.path.as_str(), "one of spec.files"));
    let shared = spec.shared_volumes.iter().map(|v| (v.companion.mount_path.as_str(), "a shared volume"));
    let directories = secret_directories(spec).into_iter().map(|d| d.path).filter(move |path| *path != directory);
    let secrets = directories.map(|path| (path, "the directory of another file"));
    mounts.chain(files).chain(shared).chain(secrets).chain([(TOKEN_PATH, "the token's path")])
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::api::testing::{check, silent, with};

    fn token(path: &str, more: &[(&str, Value)]) -> Value {
        let parameter = json!({"name": "key", "type": "SecretKey", "file": path});
        with(&[&[("/spec/parameters/4", parameter)], more].concat())
    }

    #[test]
    fn a_file_has_a_directory_of_its_own() {
        silent(token("/etc/git-sync/key", &[]));
        let at = "spec.parameters[4].file";
        for (path, message) in [
            ("/key", "invalid value: must be in a directory other than /"),
            ("key", "invalid value: must be an absolute path"),
            ("/etc/../key", "invalid value: must be an absolute path"),
            ("/etc/git-sync/..data", "invalid value: the name of the file must not start with `..`"),
            ("/etc/git-sync/a\nb", "invalid value: must not contain control characters"),
            ("/git/key", "forbidden: overlaps /git, a shared volume: the directory of the file (/git) becomes a mount"),
            ("/git/keys/key", "forbidden: overlaps /git, a shared volume: the directory of the file (/git/keys)"),
            (
                "/var/run/secrets/key",
                "forbidden: overlaps /var/run/secrets/kubernetes.io/serviceaccount, the token's path",
            ),
        ] {
            check(token(path, &[]), &[&format!("{at}: {message}")]);
        }
        let files = json!([{"path": "/etc/git-sync/config", "content": ""}]);
        check(
            token("/etc/git-sync/key", &[("/spec/files", files)]),
            &[&format!("{at}: forbidden: overlaps /etc/git-sync/config, one of spec.files")],
        );
        let mount = json!([{"name": "cache", "mountPath": "/etc/git-sync/cache"}]);
        let changes = [("/spec/volumes", json!([{"name": "cache"}])), ("/spec/containers/0/volumeMounts", mount)];
        check(
            token("/etc/git-sync/key", &changes),
            &[&format!("{at}: forbidden: overlaps /etc/git-sync/cache, a mount")],
        );
    }

    #[test]
    fn two_parameters_have_different_files_and_no_nested_directories() {
        let other =
            |path: &str| [("/spec/parameters/5", json!({"name": "b", "type": "SecretKey", "file": path, "env": "B"}))];
        silent(token("/etc/keys/a", &other("/etc/keys/b")));
        silent(token("/etc/keys/a", &other("/etc/others/a")));
        let nested = "forbidden: overlaps /etc/keys";
        check(
            token("/etc/keys/a", &other("/etc/keys/more/b")),
            &[&format!("spec.parameters[4].file: {nested}/more, "), &format!("spec.parameters[5].file: {nested}, ")],
        );
        check(
            token("/etc/keys/a", &other("/etc/keys/a")),
            &["spec.parameters[5].file: duplicate value \"/etc/keys/a\": also set by parameter key"],
        );
    }

    #[test]
    fn the_name_of_the_volume_is_reserved() {
        check(
            token("/etc/git-sync/key", &[("/spec/volumes", json!([{"name": "secret-0"}, {"name": "secret-1"}]))]),
            &["spec.volumes[0].name: forbidden: secret-0 is reserved"],
        );
    }
}
