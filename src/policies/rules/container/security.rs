//! What is required of a container's security context.

use serde_json::Value;

use crate::inject::companion::declared::DeclaredContainer;
use crate::policies::cel::conform;
use crate::policies::cel::conform::Condition;

/// It is as declared. OpenShift gives each namespace a user and an SELinux level, and sets them in containers that declare
/// none; the user is never root.
pub(super) fn conditions(at: &str, container: &DeclaredContainer) -> Vec<Condition> {
    let (declared, options) = (&container.security_context, &container.se_linux_options);
    let here = format!("dyn({}.orValue({{}}))", conform::optional(at, "securityContext"));
    let is_declared = |key: &str| declared.get(key).is_some_and(|value| !value.is_null());
    let mut conditions = Vec::new();
    let mut apart = Vec::new();
    if !is_declared("runAsUser") {
        conditions.push(format!("{here}.?runAsUser.orValue(1) > 0"));
        apart.push("runAsUser");
    }
    if options.get("level").is_none_or(Value::is_null) {
        let filled = format!("dyn({}.orValue({{}}))", conform::optional(&here, "seLinuxOptions"));
        conditions.extend(conform::item(&filled, "seLinuxOptions", options, &["level"]));
        apart.push("seLinuxOptions");
    }
    conditions.extend(conform::item(&here, "securityContext", declared, &apart));
    conditions
}
