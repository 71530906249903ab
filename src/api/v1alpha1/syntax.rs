//! The patterns of strings in the schema, each with a description for messages.

/// A DNS label (RFC 1123).
pub(super) const LABEL: &str = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
/// The name of a container, or the start of one followed by `*`.
pub(super) const EXCLUDED_CONTAINER: &str = "^[a-z0-9]([-a-z0-9]*[a-z0-9*])?$";
/// A DNS subdomain (RFC 1123).
pub(super) const SUBDOMAIN: &str = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
/// The name of an environment variable that all supported versions of Kubernetes accept.
pub(super) const ENV: &str = "^[A-Za-z_][-._A-Za-z0-9]*$";
/// The name of an environment variable that shells and `$(NAME)` accept.
pub(super) const PLAIN_ENV: &str = "^[A-Za-z_][A-Za-z0-9_]*$";
/// An absolute, normalized path that is valid as a `mountPath`.
pub(super) const PATH: &str = r"^(/([^/:.][^/:]*|\.[^/:.][^/:]*|\.\.[^/:]+))+$";
/// The name of a parameter.
pub(super) const PARAMETER: &str = "^[a-z][a-z0-9-]*$";
/// A slot of a Path parameter.
pub(super) const MOUNT_SLOT: &str = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?/(app|companion)$";
/// A slot of a Quantity parameter.
pub(super) const RESOURCE_SLOT: &str =
    r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?/(limits|requests)\.[a-z0-9]([-a-z0-9./]*[a-z0-9])?$";
/// The name of the container port of metrics.
pub(super) const METRICS_PORT: &str = "^metrics(-?[a-z0-9])*$";
/// The path of a URL.
pub(super) const URL_PATH: &str = "^/[!-~]*$";
/// Whole seconds or minutes.
pub(super) const SLEEP: &str = "^[1-9][0-9]{0,3}(s|m)$";
/// One line of text without characters that terminals or logs would show differently: control, bidirectional and
/// separator characters.
pub(super) const SENTENCE: &str =
    r"^[^\x00-\x1F\x7F-\x9F\x{61C}\x{200E}\x{200F}\x{2028}-\x{202E}\x{2066}-\x{2069}\x{FEFF}]*$";

/// The description of a pattern, which follows `must be`.
pub(in crate::api) fn describe_pattern(pattern: &str) -> String {
    let words = match pattern {
        LABEL => "a DNS label: lowercase letters, digits and hyphens, starting and ending with a letter or digit",
        EXCLUDED_CONTAINER => {
            "the name of a container, or the start of one followed by `*`, such as istio-proxy or vault-agent*"
        }
        SUBDOMAIN => "a DNS subdomain: DNS labels joined by dots",
        ENV => "the name of an environment variable: letters, digits, `_`, `-` and `.`, starting with a letter or `_`",
        PLAIN_ENV => "the name of an environment variable: letters, digits and `_`, not starting with a digit",
        PATH => "an absolute path without `..`, `:`, double or trailing slashes",
        PARAMETER => "lowercase letters, digits and hyphens, starting with a letter",
        MOUNT_SLOT => "`<shared volume>/app` or `<shared volume>/companion`",
        RESOURCE_SLOT => {
            "`<container>/limits.<resource>` or `<container>/requests.<resource>`, such as `proxy/limits.memory`"
        }
        METRICS_PORT => "a name that starts with `metrics`, of lowercase letters, digits and single hyphens",
        URL_PATH => "a URL path, such as /metrics",
        SLEEP => "whole seconds or minutes, such as 2s",
        SENTENCE => "one line without control, bidirectional and separator characters",
        other => return format!("text that matches {other}"),
    };
    words.to_owned()
}
