//! `podgraft probe`: sends a review of a workload's Pod to a running server, as an API server does.

mod additions;
mod created;
mod exchange;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, ValueEnum};
use hyper::Uri;
use serde_json::{Value, json};

use crate::cli::input::Filenames;
use crate::cli::offline;
use crate::cli::offline::Reviewed;
use crate::cli::output::stdout;
use crate::cli::output::{ResultFormat, formats};
use crate::cli::{exit, stderr};
use crate::inject::keys;
use crate::inject::pod::Pod;
use crate::inject::verdict::reason::Remark;
use crate::webhook::Configuration;
use crate::workload;
use crate::workload::Workload;
use created::{created_pod, with_controller};
use exchange::{ReviewClient, ServerAnswer};

/// Send a review of a Pod to a running server over TLS, as an API server does
///
/// Nothing is created. The output shows what the server would add, its warnings, or why it denies the Pod. The Pod has what
/// controllers and the API server add to it: labels, the volumes of claims, and the mounts of its token. A label whose value is
/// not known before the Pod exists has the value `unknown`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Probe {
    #[command(flatten)]
    filenames: Filenames,
    /// URL of the admission port
    #[arg(long, value_name = "URL", default_value = "https://localhost:8443", value_parser = exchange::server_url)]
    server: Uri,
    /// CA of the server's certificate (PEM)
    #[arg(long, value_name = "FILE", default_value = "certs/ca.crt")]
    ca: PathBuf,
    /// Name in the server's certificate, if it is not the host of the URL: <service>.<namespace>.svc
    #[arg(long, value_name = "NAME")]
    server_name: Option<String>,
    /// Client certificate to present (PEM), if the server runs with --client-ca
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// Key of that certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// Namespace of objects that do not name one
    #[arg(short, long, default_value = "default", value_parser = crate::cli::flags::namespace)]
    namespace: Box<str>,
    /// Webhook to call [default: `requested` for Pods with a key of podgraft, otherwise `cluster-wide`]
    #[arg(long, value_enum)]
    webhook: Option<WebhookName>,
    /// Print the changed Pods in this format
    #[arg(short, long, value_parser = formats(&[ResultFormat::Yaml, ResultFormat::Json]))]
    output: Option<ResultFormat>,
}

const EXAMPLES: &str = "\
Examples:
  # Send the Pod of this Deployment to the server that `make run` started
  podgraft probe -f web.yaml

  # Use the server of a cluster, through a port-forward, with its CA
  kubectl -n podgraft-system get secret podgraft-certificate \\
    -o jsonpath='{.data.ca\\.crt}' | base64 -d > ca.crt
  kubectl -n podgraft-system port-forward service/podgraft 8443:443 &
  podgraft probe -f web.yaml --ca ca.crt \\
    --server-name podgraft.podgraft-system.svc";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum WebhookName {
    Requested,
    OptedIn,
    ClusterWide,
}

/// What became of a review, in the order of severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum ProbeResult {
    Admitted,
    Denied,
    Unavailable,
}

impl ProbeResult {
    fn exit_code(self) -> ExitCode {
        match self {
            ProbeResult::Admitted => ExitCode::SUCCESS,
            ProbeResult::Denied => ExitCode::from(exit::DENIED),
            ProbeResult::Unavailable => ExitCode::from(exit::FAILED),
        }
    }
}

impl Probe {
    pub(in crate::cli) fn run(self) -> anyhow::Result<ExitCode> {
        let inputs = self.filenames.read_whole("probe")?;
        let documents: Vec<_> = inputs.iter().flat_map(|i| i.documents.iter().map(move |d| (i, d))).collect();
        let mut workloads = Vec::new();
        let mut worst = ProbeResult::Admitted;
        for (input, document) in documents {
            offline::misplaced(&input.path, document).iter().for_each(stderr::remark);
            for workload in document.value.iter().flat_map(workload::workloads) {
                // The server does not know positions in the manifest, so unreadable Pods are reported here.
                match Pod::read(workload.pod().to_string().as_bytes()) {
                    Ok(_) => workloads.push(workload),
                    Err(error) => {
                        worst = ProbeResult::Denied;
                        stderr::remark(&offline::unreadable(
                            &Reviewed { path: &input.path, document, workload: &workload },
                            &error,
                        ));
                    }
                }
            }
        }
        if workloads.is_empty() && worst == ProbeResult::Admitted {
            stderr::warning("no workloads among these manifests");
            return Ok(ExitCode::SUCCESS);
        }
        let identity = self.cert.as_deref().zip(self.key.as_deref());
        let server = ReviewClient::new(&self.server, &self.ca, self.server_name.as_deref(), identity)?;
        for workload in &workloads {
            worst = worst.max(self.review(&server, workload)?);
        }
        Ok(worst.exit_code())
    }

    /// Sends the review of one workload and prints the answer.
    fn review(&self, server: &ReviewClient, workload: &Workload<'_>) -> anyhow::Result<ProbeResult> {
        let namespace = workload.namespace().unwrap_or(&self.namespace);
        let pod = created_pod(workload);
        let webhook = self.webhook_for(&pod);
        let path = webhook.configuration().path();
        let answer = server.post(path, review_of(&pod, workload, namespace).to_string())?;
        stderr::note(&format!("{workload} in namespace {namespace}, reviewed by {path}"));
        match answer {
            ServerAnswer::Review(review) => self.report(&pod, &review["response"]),
            ServerAnswer::Unavailable(message) => {
                stderr::error(&format!("{message}{}", webhook.other_webhook(&message)));
                Ok(ProbeResult::Unavailable)
            }
        }
    }

    /// Prints the response to the review of a Pod.
    fn report(&self, pod: &Value, response: &Value) -> anyhow::Result<ProbeResult> {
        for warning in response["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            stderr::warning(warning);
        }
        if response["allowed"] != true {
            stderr::error(response["status"]["message"].as_str().unwrap_or("denied without a reason"));
            return Ok(ProbeResult::Denied);
        }
        self.print(pod, response).map(|()| ProbeResult::Admitted)
    }

    fn print(&self, pod: &Value, response: &Value) -> anyhow::Result<()> {
        let patch = patch_of(response)?;
        let mut patched = pod.clone();
        json_patch::patch(&mut patched, &patch).context("the server's patch cannot be applied to this Pod")?;
        stdout::write(match self.output {
            // A line between the Pods of several workloads.
            Some(ResultFormat::Yaml) => "---\n".to_owned() + &ResultFormat::Yaml.data(&patched),
            Some(format) => format.data(&patched),
            None => summary(response, &patch),
        })
    }

    fn webhook_for(&self, pod: &Value) -> WebhookName {
        let opted_out = pod["metadata"]["labels"][keys::INJECT] == "disabled";
        self.webhook.unwrap_or(if offline::sets_keys(pod) && !opted_out {
            WebhookName::Requested
        } else {
            WebhookName::ClusterWide
        })
    }
}

impl WebhookName {
    fn configuration(self) -> Configuration {
        match self {
            WebhookName::Requested => Configuration::Requested,
            WebhookName::OptedIn => Configuration::OptedIn,
            WebhookName::ClusterWide => Configuration::ClusterWide,
        }
    }

    /// The webhook to call instead, where a server answers that the labels of the namespace are those of another webhook.
    fn other_webhook(self, message: &str) -> &'static str {
        match self {
            _ if !message.contains(&Remark::NamespaceMismatch.to_string()) => "",
            WebhookName::OptedIn => "; or use --webhook cluster-wide, if the namespace is not opted in",
            WebhookName::ClusterWide | WebhookName::Requested => {
                "; or use --webhook opted-in, if the namespace is opted in"
            }
        }
    }
}

fn review_of(pod: &Value, workload: &Workload<'_>, namespace: &str) -> Value {
    json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "00000000-0000-0000-0000-000000000000",
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "resource": {"group": "", "version": "v1", "resource": "pods"},
            "namespace": namespace,
            "operation": "CREATE",
            "userInfo": {"username": "podgraft probe"},
            "object": with_controller(pod, workload),
            "dryRun": true,
        },
    })
}

/// The reason of each companion, and what the patch adds.
fn summary(response: &Value, patch: &json_patch::Patch) -> String {
    let reasons = response["auditAnnotations"].as_object().into_iter().flatten();
    let mut lines: Vec<String> =
        reasons.map(|(companion, reason)| format!("{companion}: {}\n", reason.as_str().unwrap_or_default())).collect();
    let additions = additions::lines(patch);
    if additions.is_empty() {
        lines.push("nothing is added\n".to_owned());
    }
    lines.extend(additions.into_iter().map(|line| format!("  + {line}\n")));
    lines.concat()
}

fn patch_of(response: &Value) -> anyhow::Result<json_patch::Patch> {
    let Some(patch) = response["patch"].as_str() else { return Ok(json_patch::Patch::default()) };
    let bytes = STANDARD.decode(patch).context("the server's patch is not base64")?;
    serde_json::from_slice(&bytes).context("the server's patch is not a JSON patch (RFC 6902)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pod_that_is_sent_has_an_owner_and_the_one_that_is_printed_has_none() {
        let template = json!({"spec": {"containers": []}});
        let object = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"template": template}});
        let workloads = workload::workloads(&object);
        let pod = created_pod(&workloads[0]);
        let sent = &review_of(&pod, &workloads[0], "shop")["request"]["object"]["metadata"];
        assert_eq!(
            (&sent["ownerReferences"][0]["kind"], &sent["generateName"]),
            (&json!("ReplicaSet"), &json!("web-"))
        );
        assert!(pod["metadata"]["ownerReferences"].is_null());
    }
}
