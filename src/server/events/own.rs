//! What is wrong with this replica or with its installation, as events on podgraft's own Deployment.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::jiff::Timestamp;
use kube::Api;
use tokio::sync::watch;
use tokio::time::interval;

use crate::events::{EventType, EventWriter, Occurrence, Reporter};
use crate::server::companions::CompanionSources;
use crate::server::config::{CertificateSource, Config};
use crate::server::metrics::ServerMetrics;
use crate::source::cluster::{WatchHealth, WatchReading, WatchedResource};
use crate::tls::Serving;
use crate::webhook::ConfigurationSet;

/// How often it is looked for problems. One that is found twice in succession is reported, so that a watch that was
/// interrupted for a moment is not.
const INTERVAL: Duration = Duration::from_secs(10);
/// How long a watch may be silent: twice the time after which it is begun again, and what the alert allows.
const SILENCE: Duration = Duration::from_secs(300);

/// The parts of a server that events are about.
pub(in crate::server) struct ReportedParts<'a> {
    pub(in crate::server) serving: Arc<Serving>,
    pub(in crate::server) companions: &'a CompanionSources,
    pub(in crate::server) metrics: &'a Arc<ServerMetrics>,
}

/// Where problems are found.
#[derive(Clone)]
pub(super) struct OwnProblems {
    namespace: Arc<str>,
    reporter: Reporter,
    serving: Arc<Serving>,
    /// Where the certificate is, in words.
    certificate: Arc<str>,
    /// What to do about one that has expired.
    renewal: &'static str,
    health: Option<Arc<WatchHealth>>,
    missing: watch::Receiver<ConfigurationSet>,
}

/// A problem.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Problem {
    reason: &'static str,
    /// What distinguishes it from others with the same reason.
    subject: Box<str>,
    note: String,
}

impl OwnProblems {
    /// `None` where podgraft's own namespace is not known.
    pub(super) fn new(config: &Config, parts: &ReportedParts<'_>, reporter: &Reporter) -> Option<Self> {
        let (certificate, renewal) = match &config.certificate {
            CertificateSource::Files(folder) => (format!("in {}", folder.display()), "renew it where it is issued"),
            CertificateSource::SelfManaged(shared) => {
                let place = format!("in Secret {}/{}", shared.namespace, shared.secret);
                (place, "the log has why podgraft could not renew it")
            }
        };
        Some(OwnProblems {
            namespace: config.cluster.namespace.as_deref()?.into(),
            reporter: reporter.clone(),
            serving: Arc::clone(&parts.serving),
            certificate: certificate.into(),
            renewal,
            health: parts.companions.health(),
            missing: parts.companions.needed(),
        })
    }

    /// Reports problems for as long as it is polled, each at most once in ten minutes.
    pub(super) async fn report(self, mut writer: EventWriter) {
        let mut clock = interval(INTERVAL);
        let mut before: Vec<Problem> = Vec::new();
        let mut regarding = None;
        loop {
            clock.tick().await;
            let problems = self.problems(SystemTime::now());
            for problem in problems.iter().filter(|problem| before.iter().any(|other| other.is_same_as(problem))) {
                if regarding.is_none() {
                    regarding = self.deployment(&writer).await;
                }
                let regarding = regarding.clone().unwrap_or_else(|| self.reference(None));
                writer.create(problem.clone().occurrence(regarding)).await;
            }
            before = problems;
        }
    }

    /// The Deployment with its uid, without which `kubectl describe` does not find the event; `None` where it cannot be read.
    async fn deployment(&self, writer: &EventWriter) -> Option<ObjectReference> {
        let deployments: Api<Deployment> = Api::namespaced(writer.client().clone(), &self.namespace);
        let found = deployments.get_metadata(&self.reporter.installation).await.ok()?;
        Some(self.reference(found.metadata.uid))
    }

    fn reference(&self, uid: Option<String>) -> ObjectReference {
        ObjectReference {
            api_version: Some("apps/v1".to_owned()),
            kind: Some("Deployment".to_owned()),
            name: Some(self.reporter.installation.to_string()),
            namespace: Some(self.namespace.to_string()),
            uid,
            ..ObjectReference::default()
        }
    }

    fn problems(&self, now: SystemTime) -> Vec<Problem> {
        let watches = WatchedResource::ALL.into_iter().filter_map(|resource| self.watch_problem(resource, now));
        self.certificate_problem(now).into_iter().chain(watches).chain(self.webhook_problems()).collect()
    }

    fn certificate_problem(&self, now: SystemTime) -> Option<Problem> {
        let expired = self.serving.expires().filter(|expires| *expires <= now)?;
        let at = Timestamp::try_from(expired).map(|at| at.to_string()).unwrap_or_default();
        let note = format!(
            "the serving certificate {} expired at {at}; API servers reject it, so that no Pod is reviewed; {}",
            self.certificate, self.renewal
        );
        Some(Problem { reason: "CertificateExpired", subject: "".into(), note })
    }

    fn watch_problem(&self, resource: WatchedResource, now: SystemTime) -> Option<Problem> {
        let why = silence(&self.health.as_ref()?.reading(resource), now)?;
        let (instance, resource) = (&self.reporter.instance, resource.as_str());
        let note = format!(
            "replica {instance} receives no changes of {resource}, and uses the last ones that it knows: {why}; check \
             podgraft's ClusterRole and the connection to the API server, or delete the Pod"
        );
        Some(Problem { reason: "WatchFailing", subject: format!("{instance} {resource}").into(), note })
    }

    fn webhook_problems(&self) -> impl Iterator<Item = Problem> + use<> {
        let installation = Arc::clone(&self.reporter.installation);
        let missing = *self.missing.borrow();
        missing.iter().map(move |configuration| Problem {
            reason: "WebhookMissing",
            subject: configuration.as_str().into(),
            note: ConfigurationSet::of(&[configuration])
                .missing_message(&installation, "the companions that are meant for them"),
        })
    }
}

/// Why a watch brings no changes; `None` where it works.
fn silence(reading: &WatchReading, now: SystemTime) -> Option<String> {
    if let Some(failure) = &reading.failure {
        return Some(failure.clone());
    }
    let last = reading.last_event?;
    let silent = now.duration_since(last).unwrap_or_default();
    (silent > SILENCE).then(|| format!("nothing was received for {} s", silent.as_secs()))
}

impl Problem {
    fn is_same_as(&self, other: &Problem) -> bool {
        (self.reason, &self.subject) == (other.reason, &other.subject)
    }

    fn occurrence(self, regarding: ObjectReference) -> Occurrence {
        let Problem { reason, subject, note } = self;
        Occurrence { regarding, subject, reason, action: "Serve", note, event_type: EventType::Warning }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::Pair;
    use crate::tls::development;
    use crate::webhook::Configuration;

    fn own(missing: &[Configuration]) -> OwnProblems {
        let issued = development::issue(["localhost"]).unwrap();
        let pair = Pair::parse(issued.certificate.as_bytes(), issued.key.as_bytes()).unwrap();
        OwnProblems {
            namespace: "podgraft-system".into(),
            reporter: Reporter { installation: "grafter".into(), instance: "grafter-1".into() },
            serving: Serving::new(pair),
            certificate: "in Secret podgraft-system/grafter-certificate".into(),
            renewal: "renew it",
            health: None,
            missing: watch::channel(ConfigurationSet::of(missing)).1,
        }
    }

    fn found(own: &OwnProblems, now: SystemTime) -> Vec<String> {
        own.problems(now).iter().map(|problem| format!("{} {}", problem.reason, problem.note)).collect()
    }

    #[test]
    fn an_expired_certificate_is_a_problem_from_its_end_on() {
        let own = own(&[]);
        let expires = own.serving.expires().unwrap();
        assert_eq!(found(&own, expires - Duration::from_secs(1)), [""; 0]);
        let expired = found(&own, expires);
        let start =
            "CertificateExpired the serving certificate in Secret podgraft-system/grafter-certificate expired at 2";
        assert!(expired.len() == 1 && expired[0].starts_with(start), "{expired:?}");
    }

    #[test]
    fn each_missing_webhook_configuration_is_a_problem() {
        let found = found(&own(&[Configuration::Requested, Configuration::OptedIn]), SystemTime::UNIX_EPOCH);
        assert_eq!(found.len(), 2);
        let start = "WebhookMissing webhook configuration grafter-requested does not exist: ";
        assert!(found[0].starts_with(start), "{found:?}");
        assert!(found[1].contains("grafter-opted-in"), "{found:?}");
    }

    #[test]
    fn a_watch_is_a_problem_while_it_fails_and_when_it_is_silent() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        let reading = |failure: Option<&str>, silent: u64| WatchReading {
            failure: failure.map(str::to_owned),
            last_event: Some(now - Duration::from_secs(silent)),
            ..WatchReading::default()
        };
        assert_eq!(silence(&reading(None, 300), now), None);
        assert_eq!(silence(&WatchReading::default(), now), None, "a replica that has just started");
        assert_eq!(silence(&reading(Some("forbidden"), 0), now).as_deref(), Some("forbidden"));
        assert_eq!(silence(&reading(None, 301), now).as_deref(), Some("nothing was received for 301 s"));
    }
}
