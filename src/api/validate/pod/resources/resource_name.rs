//! Names of resources, as API servers accept them in containers (`ValidateContainerResourceName` in Kubernetes'
//! `pkg/apis/core/validation`).

use crate::api::message::{Message, unsupported};
use crate::api::report::Report;
use crate::inject::companion::quantity::Amount;
use crate::inject::companion::resources::is_extended;
use crate::inject::names::is_qualified;

/// The resources that have neither a domain nor a size.
const STANDARD: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];
/// The forms of all names, for messages.
const SUPPORTED: [&str; 5] = ["cpu", "memory", "ephemeral-storage", "hugepages-<size>", "<domain>/<name>"];

/// The message for a name that API servers do not accept.
pub(in crate::api) fn fault(name: &str, report: &mut Report) -> Option<Message> {
    if is_valid(name) {
        return None;
    }
    let nearest = report.suggest(name, STANDARD.into_iter());
    Some(unsupported(name, &SUPPORTED, nearest))
}

/// Whether API servers accept a resource of this name in a container.
pub(super) fn is_valid(name: &str) -> bool {
    if !is_qualified(name) {
        return false;
    }
    if let Some(size) = name.strip_prefix("hugepages-") {
        return Amount::parse(size).is_some_and(|size| size != Amount::default());
    }
    // The prefix is that of the resource in a ResourceQuota, where the whole must be a valid name.
    let in_quotas = || !name.starts_with("requests.") && is_qualified(&format!("requests.{name}"));
    if name.contains('/') { !is_extended(name) || in_quotas() } else { STANDARD.contains(&name) }
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    #[test]
    fn a_resource_is_a_standard_one_or_a_size_of_huge_pages_or_has_a_domain() {
        for valid in [
            "cpu",
            "memory",
            "ephemeral-storage",
            "hugepages-2Mi",
            "hugepages-1Gi",
            "example.com/gpu",
            "example.com/GPU_a.b",
            "kubernetes.io/batch-cpu",
        ] {
            assert!(is_valid(valid), "{valid}");
        }
        let long = format!("{}.example/gpu", ["a"; 123].join("."));
        for invalid in [
            "",
            "memoy",
            "foo",
            "storage",
            "pods",
            "CPU",
            "a b",
            "requests.cpu",
            "requests.example.com/gpu",
            "hugepages-",
            "hugepages-0",
            "hugepages-3Xi",
            "hugepages-2Mi/x",
            "example.com/",
            "/gpu",
            "Example.com/gpu",
            "a/b/c",
            &long,
        ] {
            assert!(!is_valid(invalid), "{invalid}");
        }
    }
}
