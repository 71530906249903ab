//! Why one companion is not injected: the first cause, and the remedy.

use super::called::Called;
use super::rule::{namespace_opt_in, pod_opt_in, rule};
use crate::cli::offline;
use crate::cli::offline::{OfflineServer, Reviewed};
use crate::inject::companion::Activation;
use crate::inject::companion::catalog::CatalogEntry;
use crate::inject::keys::{COMPANIONS, INJECT, NAMESPACE_NAME};
use crate::inject::request::namespace::OptIn;
use crate::inject::verdict::reason::{Outcome, Reason, Remark};
use crate::inject::verdict::{Effect, Verdict};

/// The question about one companion and the Pods of one workload.
pub(super) struct Question<'a> {
    pub(super) companion: &'a str,
    pub(super) server: &'a OfflineServer,
    pub(super) found: &'a Reviewed<'a>,
    pub(super) verdict: &'a Verdict<'a>,
    /// `None` for manifests.
    pub(super) called: Option<&'a Called>,
}

impl Question<'_> {
    /// The answer, as a sentence.
    pub(super) fn answer(&self) -> String {
        let not_called = self.called.and_then(Called::why_not);
        match (self.outcome(), not_called) {
            (Some(outcome), Some(why)) => {
                format!("no webhook of podgraft is called: {why}. If one were called: {outcome}")
            }
            (Some(outcome), None) => outcome,
            // It would not be injected either if podgraft were called.
            (None, _) => self.no_review().unwrap_or_else(|| self.not_considered()),
        }
    }

    /// The answer where the companion was considered.
    fn outcome(&self) -> Option<String> {
        let name = self.companion;
        let (_, finding) = self.verdict.outcomes().find(|(companion, _)| *companion == name)?;
        let rule = rule(self.server, self.found, finding);
        Some(match &finding.reason {
            Reason::Outcome(Outcome::Injected) => format!("companion {name} is injected ({rule})"),
            Reason::Outcome(Outcome::AlreadyInjected) => format!("companion {name} is already in the Pod ({rule})"),
            Reason::Outcome(Outcome::PodDenied) => {
                let causes = self.verdict.with_effect(Effect::Deny).map(ToString::to_string).collect::<Vec<_>>();
                format!("companion {name} fits, but the Pod is denied: {}", causes.join("; "))
            }
            _ => offline::sentence(self.server, self.found, finding),
        })
    }

    /// The answer where no companion was considered.
    fn no_review(&self) -> Option<String> {
        let finding = self.verdict.findings.iter().find(|finding| {
            matches!(
                finding.reason,
                Reason::Remark(
                    Remark::OptedOut { .. }
                        | Remark::ExcludedNamespace { .. }
                        | Remark::NoContainers
                        | Remark::MirrorPod
                        | Remark::NamespaceUnknown
                )
            )
        })?;
        Some(finding.to_string())
    }

    fn not_considered(&self) -> String {
        let (name, namespace) = (self.companion, self.server.namespace(self.found.workload));
        let entry = self.server.snapshot.companions.resolve(namespace, name);
        let activation = entry.filter(|entry| self.is_selected(entry)).map(CatalogEntry::activation);
        let Some(activation) = activation else { return offline::unavailable(self.server, self.found, name) };
        let is_pod_opted_out = pod_opt_in(self.found) == OptIn::Disabled;
        match activation {
            Activation::OnRequest => self.not_requested(),
            Activation::OptedInNamespaces => format!(
                "companion {name} is injected into opted-in Pods, and neither the Pod nor Namespace {namespace} is opted in; \
                 set the label {INJECT}=enabled on one of them, or request the companion in the annotation {COMPANIONS} of \
                 the Pod"
            ),
            Activation::ClusterWide => format!(
                "companion {name} is cluster-wide, and {} is opted out by the label {INJECT}=disabled; remove the label, or \
                 request the companion in the annotation {COMPANIONS} of the Pod",
                if is_pod_opted_out { "the Pod".to_owned() } else { format!("Namespace {namespace}") }
            ),
        }
    }

    fn not_requested(&self) -> String {
        let (name, namespace) = (self.companion, self.server.namespace(self.found.workload));
        let own = self.found.workload.pod()["metadata"]["annotations"][COMPANIONS].as_str();
        let listed = self.server.snapshot.namespaces.listed(namespace);
        let listed = listed.and_then(|listed| listed.annotations().find(|(key, _)| *key == COMPANIONS));
        let is_listed = listed.is_some_and(|(_, names)| names.split(',').any(|listed| listed.trim() == name));
        match own {
            Some(own) if is_listed => format!(
                "companion {name} is in the list of Namespace {namespace}, which the Pod's own annotation {COMPANIONS} \
                 replaces; set it to {own},{name}"
            ),
            Some(own) => format!(
                "companion {name} is injected on request, and the annotation {COMPANIONS} of the Pod does not name it; set \
                 it to {own},{name}"
            ),
            None if is_listed && namespace_opt_in(self.server, self.found) != OptIn::Enabled => format!(
                "companion {name} is in the list of Namespace {namespace}, which is not opted in; set its label \
                 {INJECT}=enabled"
            ),
            None => format!(
                "companion {name} is injected on request, and nothing requests it; set the annotation {COMPANIONS}={name} \
                 of the Pod"
            ),
        }
    }

    /// Whether the selectors of a companion match the Pod and its namespace, as far as their labels are known.
    fn is_selected(&self, entry: &CatalogEntry) -> bool {
        let created = self.found.workload.created();
        let (Ok(pod), Some((pods, namespaces))) = (created.pod(), entry.selectors()) else { return true };
        let namespace = self.server.namespace(self.found.workload);
        let known = self.server.snapshot.namespaces.listed(namespace);
        let label = |key: &str| match known {
            Some(known) => known.label(key),
            None => (key == NAMESPACE_NAME).then_some(namespace),
        };
        offline::unmet(pods, |key| pod.label_value(key)).is_none()
            && offline::unmet(namespaces, |key| label(key).into()).is_none()
    }
}
