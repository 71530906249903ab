//! The life of one Pod on the simulated node.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{Binding, Container, ObjectReference, Pod, ServiceAccount};
use kube::ResourceExt as _;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use super::readiness::{self, Readiness};
use super::variables::{expand, variables};
use super::volumes::Mounts;
use super::{NAME, PodContext};
use crate::control_plane::apart::{ADDRESS, run};
use crate::control_plane::credentials::kubeconfig_with_token;

/// How late files of Secrets and ConfigMaps follow them: later than a watch of those. Kubelets take up to two minutes.
const LATE: Duration = Duration::from_secs(8);

/// Runs a Pod from its binding to its end. Errors are written into its log, beside its own output.
pub async fn live(pods: Api<Pod>, pod: Pod, context: Arc<PodContext>) {
    let name = pod.name_any();
    let folder = context.folder.join(&name);
    if let Err(error) = live_or_fail(&pods, &pod, &context, &folder).await {
        let _ = std::fs::create_dir_all(&folder);
        let _ = std::fs::write(folder.join("node.log"), format!("{error:#}\n"));
        // A test that waits for it reports that; the cause is in the log.
        eprintln!("Pod {name}: {error:#}");
    }
}

async fn live_or_fail(pods: &Api<Pod>, pod: &Pod, context: &PodContext, folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    bind(pods, pod).await?;
    let (number, address) = context.address();
    connect(number, &address)?;
    let lived = run_container(pods, pod, context, folder, number, &address).await;
    disconnect(number);
    lived
}

async fn bind(pods: &Api<Pod>, pod: &Pod) -> anyhow::Result<()> {
    if pod.spec.as_ref().is_some_and(|s| s.node_name.is_some()) {
        return Ok(());
    }
    let target = ObjectReference { kind: Some("Node".into()), name: Some(NAME.into()), ..ObjectReference::default() };
    let binding = Binding { metadata: pod.metadata.clone(), target };
    let _: Value = pods.create_subresource("binding", &pod.name_any(), &PostParams::default(), &binding).await?;
    Ok(())
}

/// A network of its own with one wire to the cluster's, as simple plugins of the Container Network Interface make it.
fn connect(number: u8, address: &str) -> anyhow::Result<()> {
    let (net, wire) = (format!("pod{number}"), format!("wire{number}"));
    let (own, gateway) = (format!("{address}/32"), "169.254.1.1");
    for command in [
        vec!["ip", "netns", "add", &net],
        vec!["ip", "link", "add", &wire, "type", "veth", "peer", "name", "eth0", "netns", &net],
        vec!["ip", "link", "set", &wire, "up"],
        vec!["ip", "-n", &net, "link", "set", "lo", "up"],
        vec!["ip", "-n", &net, "link", "set", "eth0", "up"],
        vec!["ip", "-n", &net, "address", "add", &own, "dev", "eth0"],
        vec!["ip", "-n", &net, "route", "add", gateway, "dev", "eth0"],
        vec!["ip", "-n", &net, "route", "add", "default", "via", gateway],
        vec!["ip", "address", "add", "169.254.1.1/32", "dev", &wire],
        vec!["ip", "route", "add", &own, "dev", &wire],
    ] {
        run(&command)?;
    }
    Ok(())
}

fn disconnect(number: u8) {
    // The kernel takes the wire with it.
    let _ = run(&["ip", "netns", "delete", &format!("pod{number}")]);
}

async fn run_container(
    pods: &Api<Pod>,
    pod: &Pod,
    context: &PodContext,
    folder: &Path,
    number: u8,
    address: &str,
) -> anyhow::Result<()> {
    let spec = pod.spec.as_ref().expect("a Pod has a specification");
    let container = &spec.containers[0];
    let mounts = Mounts::new(&context.client, pod, container, folder);
    while let Err(error) = mounts.refresh().await {
        std::fs::write(folder.join("node.log"), format!("cannot mount, trying again: {error:#}\n"))?;
        if pods.get_opt(&pod.name_any()).await?.is_none_or(|now| now.metadata.deletion_timestamp.is_some()) {
            vanish(pods, pod).await;
            return Ok(());
        }
        sleep(Duration::from_millis(300)).await;
    }
    let links = match spec.enable_service_links {
        Some(false) => Vec::new(),
        _ => context.services.links(&pod.namespace().unwrap_or_default()).await?,
    };
    let variables = variables(pod, container, address, links);
    let ends = |code: i32| match spec.restart_policy.as_deref() {
        Some("Never") => true,
        Some("OnFailure") => code == 0,
        _ => false,
    };
    let mut restarts = 0;
    loop {
        let kubeconfig = kubeconfig(context, pod, folder).await?;
        let arguments = container.args.iter().flatten().map(|a| mounts.resolve(&expand(a, &variables)));
        let log = std::fs::File::options().create(true).append(true).open(folder.join("log"))?;
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/run/netns/pod{number}")).arg(&context.program).args(arguments);
        command.env_clear().envs(variables.iter().map(|(k, v)| (k, mounts.resolve(v))));
        if let Some(kubeconfig) = kubeconfig {
            command.env("KUBECONFIG", kubeconfig);
        }
        let mut child = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).kill_on_drop(true).spawn()?;
        let status = status(pod, container, address, restarts);
        match follow(pods, pod, container, &mounts, &mut child, &status).await? {
            Some(code) if ends(code) => {
                let phase = if code == 0 { "Succeeded" } else { "Failed" };
                set(pods, pod, &json!({"phase": phase})).await;
                return Ok(());
            }
            Some(_) => {
                set(pods, pod, &status(false)).await;
                restarts += 1;
                sleep(Duration::from_secs(1)).await;
            }
            None => {
                vanish(pods, pod).await;
                return Ok(());
            }
        }
    }
}

/// Follows a process until it exits, which gives its exit code, or is ended because its Pod is deleted.
async fn follow(
    pods: &Api<Pod>,
    pod: &Pod,
    container: &Container,
    mounts: &Mounts,
    child: &mut Child,
    status: &impl Fn(bool) -> Value,
) -> anyhow::Result<Option<i32>> {
    let (mut told, mut refreshed, mut readiness) = (None, Instant::now(), Readiness::default());
    loop {
        if refreshed.elapsed() > LATE {
            // What is gone stays mounted as it was.
            let _ = mounts.refresh().await;
            refreshed = Instant::now();
        }
        if let Some(ended) = child.try_wait()? {
            return Ok(Some(ended.code().unwrap_or(137)));
        }
        let Ok(now) = pods.get_opt(&pod.name_any()).await else {
            // The API server is away; kubelets also go on.
            sleep(Duration::from_millis(200)).await;
            continue;
        };
        let Some(now) = now.filter(|now| now.uid() == pod.uid()) else {
            child.kill().await?;
            return Ok(None);
        };
        if now.metadata.deletion_timestamp.is_some() {
            end(pods, &now, container, child, status).await?;
            return Ok(None);
        }
        let ready = readiness.probe(container, status(true)["podIP"].as_str().unwrap_or_default()).await;
        if told != Some(ready) {
            set(pods, pod, &status(ready)).await;
            told = Some(ready);
        }
        sleep(Duration::from_millis(150)).await;
    }
}

/// preStop, SIGTERM, and SIGKILL after the grace period. Readiness is probed on meanwhile, as kubelets do.
async fn end(
    pods: &Api<Pod>,
    pod: &Pod,
    container: &Container,
    child: &mut Child,
    status: &impl Fn(bool) -> Value,
) -> anyhow::Result<()> {
    let grace = pod.metadata.deletion_grace_period_seconds.unwrap_or(30);
    let sleeps =
        container.lifecycle.as_ref().and_then(|l| l.pre_stop.as_ref()?.sleep.as_ref()).map_or(0, |s| s.seconds);
    let ending = async {
        sleep(Duration::from_secs(u64::try_from(sleeps)?)).await;
        let id = child.id().unwrap_or_default().to_string();
        Command::new("kill").args(["-TERM", &id]).status().await?;
        loop {
            tokio::select! {
                _ = child.wait() => return anyhow::Ok(()),
                () = sleep(Duration::from_millis(200)) => {
                    let ready = readiness::succeeds(container, status(true)["podIP"].as_str().unwrap_or_default()).await;
                    if !ready {
                        set(pods, pod, &status(false)).await;
                    }
                }
            }
        }
    };
    if timeout(Duration::from_secs(u64::try_from(grace)?), ending).await.is_err() {
        child.kill().await?;
    }
    Ok(())
}

/// Takes away a Pod of which nothing runs any more, also if the API server is away meanwhile.
async fn vanish(pods: &Api<Pod>, pod: &Pod) {
    let preconditions = Some(Preconditions { uid: pod.uid(), ..Preconditions::default() });
    let now = DeleteParams { grace_period_seconds: Some(0), preconditions, ..DeleteParams::default() };
    let is_over = |result: kube::Result<_>| match result {
        // It is gone, or another Pod has its name.
        Err(kube::Error::Api(status)) => [404, 409].contains(&status.code),
        result => result.is_ok(),
    };
    while !is_over(pods.delete(&pod.name_any(), &now).await) {
        sleep(Duration::from_millis(200)).await;
    }
}

async fn set(pods: &Api<Pod>, pod: &Pod, status: &Value) {
    // A Pod that is gone meanwhile is found out by the next look at it.
    let patch = Patch::Merge(json!({"status": status}));
    let _ = pods.patch_status(&pod.name_any(), &PatchParams::default(), &patch).await;
}

fn status(pod: &Pod, container: &Container, address: &str, restarts: i32) -> impl Fn(bool) -> Value + use<> {
    let container = json!({
        "name": container.name,
        "image": container.image,
        "imageID": "",
        "restartCount": restarts,
        "started": true,
        "state": {"running": {"startedAt": pod.metadata.creation_timestamp}},
    });
    let (address, started) = (address.to_owned(), json!(pod.metadata.creation_timestamp));
    move |ready| {
        let mut container = container.clone();
        container["ready"] = ready.into();
        let word = if ready { "True" } else { "False" };
        let condition =
            |kind: &str, status: &str| json!({"type": kind, "status": status, "lastTransitionTime": started});
        json!({
            "phase": "Running",
            "podIP": address,
            "podIPs": [{"ip": address}],
            "hostIP": ADDRESS,
            "startTime": started,
            "containerStatuses": [container],
            "conditions": [
                condition("PodScheduled", "True"),
                condition("Initialized", "True"),
                condition("ContainersReady", word),
                condition("Ready", word),
            ],
        })
    }
}

/// The service account's token, unless the Pod wants none; a kubeconfig replaces the files of its mount.
async fn kubeconfig(context: &PodContext, pod: &Pod, folder: &Path) -> anyhow::Result<Option<std::path::PathBuf>> {
    let spec = pod.spec.as_ref().expect("a Pod has a specification");
    let mounted = spec.containers[0].volume_mounts.iter().flatten();
    if !mounted.clone().any(|m| m.mount_path == "/var/run/secrets/kubernetes.io/serviceaccount") {
        return Ok(None);
    }
    let accounts: Api<ServiceAccount> = Api::namespaced(context.client.clone(), &pod.namespace().unwrap_or_default());
    let request = TokenRequest {
        spec: Some(TokenRequestSpec { expiration_seconds: Some(86_400), ..TokenRequestSpec::default() }),
        ..TokenRequest::default()
    };
    let account = spec.service_account_name.as_deref().unwrap_or("default");
    let token = accounts.create_token_request(account, &PostParams::default(), &request).await?;
    let token = token.status.and_then(|s| s.token).unwrap_or_default();
    Ok(Some(kubeconfig_with_token(folder, "account", &token)?))
}
