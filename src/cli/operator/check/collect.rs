//! Reads an installation with the rights of the user. What may not be read is a finding of its own, and the rest is read.

mod files;

use std::time::SystemTime;

use k8s_openapi::api::authorization::v1::SubjectAccessReviewStatus;
use kube::api::PostParams;
use serde_json::Value;

use super::call::{self, DryRun};
use super::finding::{CheckFinding, CheckReason, ObjectName};
use super::installation::{InstallationSettings, InstalledAt, PART_OF, installations, strings};
use super::observed::{Observed, ObservedCompanions, ObservedPolicies, ObservedService, Readable};
use super::replicas::ObservedReplica;
use super::rights::{NeededRight, needed};
use crate::api::v1alpha1::{API_VERSION, GROUP};
use crate::cli::live::Connection;
use crate::cli::operator::requests::ApiRequests;
use crate::inject::keys::{EXCLUDED_NAMESPACES, NAMESPACE_NAME};
use crate::inject::snapshot::Settings;
use crate::watch::error::request_message;
use crate::webhook::Configuration;
use files::files;

const ADMISSION: &str = "/apis/admissionregistration.k8s.io/v1";
/// The port of metrics and probes, where no port of the container is named `admin`.
const ADMIN: i64 = 8080;

/// Reads one installation.
pub(super) struct Collector<'c> {
    connection: &'c Connection,
    requests: ApiRequests,
    at: InstalledAt,
    dry_run: bool,
}

impl<'c> Collector<'c> {
    /// Finds the installation of a cluster, or of a namespace.
    ///
    /// # Errors
    /// There is none, or more than one, or they cannot be looked for.
    pub(super) async fn find(connection: &'c Connection, namespace: Option<&str>) -> anyhow::Result<Self> {
        let requests = ApiRequests::new(&connection.client);
        let label = format!("{}={}", PART_OF.0, PART_OF.1);
        let path = namespace.map_or("/apis/apps/v1/deployments".to_owned(), |namespace| {
            format!("/apis/apps/v1/namespaces/{namespace}/deployments")
        });
        let deployments = requests.list(&path, Some(&label)).await;
        let deployments = deployments.map_err(|error| match namespace {
            Some(_) => anyhow::anyhow!("cannot list Deployments: {}", request_message(&error)),
            None => anyhow::anyhow!(
                "cannot list Deployments: {}; use -n with podgraft's namespace",
                request_message(&error)
            ),
        })?;
        // A user who may not read them learns of a deleted Deployment only.
        let configurations = configurations(&requests).await.unwrap_or_default();
        let mut found = installations(&deployments, &configurations);
        found.retain(|at| namespace.is_none_or(|namespace| at.namespace == namespace));
        let count = found.len();
        match found.pop_first() {
            None => anyhow::bail!(
                "no installation of podgraft found: no Deployment and no webhook configuration has the label {label}; install the chart, or use another --context or -n"
            ),
            Some(at) if count == 1 => Ok(Collector { connection, requests, at, dry_run: true }),
            Some(first) => {
                let others: Vec<String> = found.iter().map(|at| format!("-n {}", at.namespace)).collect();
                anyhow::bail!("{count} installations found; use one of: -n {}, {}", first.namespace, others.join(", "))
            }
        }
    }

    pub(super) fn without_dry_run(self) -> Self {
        Collector { dry_run: false, ..self }
    }

    pub(super) async fn collect(&self) -> Observed {
        let own = &self.at.namespace;
        let deployment = self.requests.get(&format!("/apis/apps/v1/namespaces/{own}/deployments"), &self.at.name).await;
        let (deployment, unread) = match deployment {
            Ok(deployment) => (deployment, None),
            Err(error) => (None, Some(not_checked(named("deployment", &self.at), &error))),
        };
        let settings = InstallationSettings::read(self.at.clone(), deployment.as_ref());
        let configurations = configurations(&self.requests).await;
        let namespaces = self.requests.list("/api/v1/namespaces", None).await;
        let namespaces = namespaces.map_err(|error| not_checked(ObjectName::of_cluster("namespace", "--all"), &error));
        let replicas = match unread {
            Some(unread) => Err(unread),
            None => self.replicas(&settings, deployment.as_ref()).await,
        };
        Observed {
            replicas,
            service: self.service(&settings).await,
            secret: self.secret(&settings).await,
            companions: self.companions(&settings).await,
            policies: self.policies(&settings).await,
            missing_rights: self.missing_rights(&settings).await,
            call: self.call(&configurations).await,
            configurations: configurations
                .map_err(|error| not_checked(ObjectName::of_cluster("mutatingwebhookconfiguration", "--all"), &error)),
            namespaces,
            deployment,
            settings,
            now: SystemTime::now(),
        }
    }

    async fn replicas(
        &self,
        settings: &InstallationSettings,
        deployment: Option<&Value>,
    ) -> Readable<Vec<ObservedReplica>> {
        let Some(deployment) = deployment else { return Ok(Vec::new()) };
        let labels = deployment["spec"]["selector"]["matchLabels"].as_object();
        let labels = labels.into_iter().flatten().filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)));
        let selector = labels.collect::<Vec<_>>().join(",");
        let path = format!("/api/v1/namespaces/{}/pods", self.at.namespace);
        let pods = self.requests.list(&path, Some(&selector)).await;
        let pods = pods.map_err(|error| not_checked(settings.object("deployment"), &error))?;
        let mut replicas = Vec::new();
        for pod in pods.into_iter().filter(|pod| pod["metadata"]["deletionTimestamp"].is_null()) {
            replicas.push(self.replica(pod).await);
        }
        Ok(replicas)
    }

    async fn replica(&self, pod: Value) -> ObservedReplica {
        let is_ready = pod["status"]["containerStatuses"][0]["ready"] == true;
        let metrics = if is_ready {
            self.proxied(&pod, "metrics").await.map_err(|error| request_message(&error))
        } else {
            Ok(String::new())
        };
        // The answer of a replica that is not ready has an error status.
        let readiness =
            if is_ready { None } else { self.proxied(&pod, "readyz").await.err().map(|error| request_message(&error)) };
        ObservedReplica { pod, metrics, readiness }
    }

    /// What a Pod of podgraft answers, through the API server.
    async fn proxied(&self, pod: &Value, path: &str) -> Result<String, kube::Error> {
        let ports = pod["spec"]["containers"][0]["ports"].as_array();
        let admin = ports.and_then(|ports| ports.iter().find(|port| port["name"] == "admin"));
        let port = admin.and_then(|port| port["containerPort"].as_i64()).unwrap_or(ADMIN);
        let name = pod["metadata"]["name"].as_str().unwrap_or_default();
        let proxy = format!("/api/v1/namespaces/{}/pods/http:{name}:{port}/proxy", self.at.namespace);
        self.requests.text(&proxy, path).await
    }

    async fn service(&self, settings: &InstallationSettings) -> Readable<ObservedService> {
        let InstalledAt { name, namespace } = &self.at;
        let unread = |error: kube::Error| not_checked(settings.object("service"), &error);
        let service =
            self.requests.get(&format!("/api/v1/namespaces/{namespace}/services"), name).await.map_err(unread)?;
        let path = format!("/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices");
        let selector = format!("kubernetes.io/service-name={name}");
        let slices = self.requests.list(&path, Some(&selector)).await.map_err(unread)?;
        Ok(ObservedService { service, slices })
    }

    async fn secret(&self, settings: &InstallationSettings) -> Readable<Option<Value>> {
        let name = settings.secret.as_deref().unwrap_or_default();
        let path = format!("/api/v1/namespaces/{}/secrets", self.at.namespace);
        let place = ObjectName::namespaced("secret", &self.at.namespace, name);
        if name.is_empty() {
            return Err(CheckFinding::not_checked(
                place,
                "the Deployment names no Secret with the serving certificate",
            ));
        }
        self.requests.get(&path, name).await.map_err(|error| not_checked(place, &error))
    }

    async fn companions(&self, settings: &InstallationSettings) -> Readable<ObservedCompanions> {
        let of = async |plural: &'static str, kind: &'static str| {
            let path = format!("/apis/{API_VERSION}/{plural}");
            self.requests.list(&path, None).await.map_err(|error| unread_companions(settings, plural, kind, &error))
        };
        let clustered = of("clustercompanions", "clustercompanion").await?;
        let namespaced = of("companions", "companion").await?;
        let offline = Settings {
            own_namespace: Some(self.at.namespace.as_str().into()),
            excluded_namespaces: settings.excluded_namespaces.clone().into(),
            required: settings.required,
            hints: settings.hints,
            installation: self.at.name.as_str().into(),
            ..Settings::default()
        };
        // Where Namespaces cannot be read, that is a finding already.
        let known = self.connection.companions(None).await.ok();
        let files = files(&self.requests, settings).await;
        let snapshot = known.map(|known| known.server_with(files, offline).snapshot);
        Ok(ObservedCompanions { clustered, namespaced, snapshot })
    }

    async fn policies(&self, settings: &InstallationSettings) -> Readable<ObservedPolicies> {
        let unread =
            |error: kube::Error| not_checked(ObjectName::of_cluster("validatingadmissionpolicy", "--all"), &error);
        if !settings.required && !settings.hints {
            return Ok(ObservedPolicies { policies: Vec::new(), bindings: Vec::new() });
        }
        let path = |plural: &str| format!("{ADMISSION}/{plural}");
        let policies = self.requests.list(&path("validatingadmissionpolicies"), None).await.map_err(unread)?;
        let bindings = self.requests.list(&path("validatingadmissionpolicybindings"), None).await.map_err(unread)?;
        Ok(ObservedPolicies { policies, bindings })
    }

    async fn missing_rights(&self, settings: &InstallationSettings) -> Readable<Vec<NeededRight>> {
        let account = || ObjectName::namespaced("serviceaccount", &self.at.namespace, &*settings.service_account);
        let mut missing = Vec::new();
        for right in needed(settings) {
            let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
            let answer = self.requests.create(path, &right.review(settings), &PostParams::default()).await;
            let answer = answer.map_err(|error| not_checked(account(), &error))?;
            if !is_granted(answer) {
                missing.push(right);
            }
        }
        Ok(missing)
    }

    async fn call(&self, configurations: &Result<Vec<Value>, kube::Error>) -> Option<DryRun> {
        if !self.dry_run {
            return None;
        }
        let Ok(configurations) = configurations else { return None };
        let namespace = self.reviewed_namespace(configurations)?;
        let path = format!("/api/v1/namespaces/{namespace}/pods");
        let params = PostParams { dry_run: true, ..PostParams::default() };
        Some(match self.requests.create(&path, &call::pod(), &params).await {
            Ok(_) => DryRun::Created,
            Err(kube::Error::Api(status))
                if status.code == 403 && status.message.contains("cannot create resource") =>
            {
                DryRun::Forbidden(status.message.clone())
            }
            Err(error) => DryRun::Rejected(request_message(&error)),
        })
    }

    /// The namespace of the context, or `default`, unless the requested webhook excludes it; `None` where there is no webhook.
    fn reviewed_namespace(&self, configurations: &[Value]) -> Option<&str> {
        let name = Configuration::Requested.name(&self.at.name);
        let requested = configurations.iter().find(|found| found["metadata"]["name"] == *name)?;
        let requirements = requested["webhooks"][0]["namespaceSelector"]["matchExpressions"].as_array();
        let excluded: Vec<&str> = requirements
            .into_iter()
            .flatten()
            .filter(|requirement| requirement["key"] == NAMESPACE_NAME && requirement["operator"] == "NotIn")
            .flat_map(|requirement| strings(&requirement["values"]))
            .chain(EXCLUDED_NAMESPACES)
            .collect();
        [&*self.connection.namespace, "default"].into_iter().find(|namespace| !excluded.contains(namespace))
    }
}

/// The webhook configurations of the cluster.
async fn configurations(requests: &ApiRequests) -> Result<Vec<Value>, kube::Error> {
    let mut all = requests.list(&format!("{ADMISSION}/mutatingwebhookconfigurations"), None).await?;
    all.extend(requests.list(&format!("{ADMISSION}/validatingwebhookconfigurations"), None).await?);
    Ok(all)
}

fn named(kind: &'static str, at: &InstalledAt) -> ObjectName {
    ObjectName::namespaced(kind, &at.namespace, &*at.name)
}

/// Whether the answer to a SubjectAccessReview is yes.
fn is_granted(mut answer: Value) -> bool {
    let status = serde_json::from_value::<SubjectAccessReviewStatus>(answer["status"].take());
    status.is_ok_and(|status| status.allowed)
}

fn not_checked(object: ObjectName, error: &kube::Error) -> CheckFinding {
    CheckFinding::not_checked(object, request_message(error)).fix("run the check as a user who may read it")
}

fn unread_companions(
    settings: &InstallationSettings,
    plural: &str,
    kind: &'static str,
    error: &kube::Error,
) -> CheckFinding {
    match error {
        kube::Error::Api(status) if status.code == 404 => {
            let object = ObjectName::of_cluster("customresourcedefinition", format!("{plural}.{GROUP}"));
            let message = "not found: there are no companions, and every replica waits for them";
            CheckFinding::error(CheckReason::DefinitionMissing, object, message).fix(&*settings.restore)
        }
        error => not_checked(ObjectName::of_cluster(kind, "--all"), error),
    }
}
