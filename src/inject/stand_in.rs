//! A stand-in until the real room is merged.

use serde_json::{Value, json};

use super::reason::Reason;
use super::verdict::{Decision, Effect, Finding, Verdict, Via};
use super::{Request, World, keys};

pub(super) fn review<'a>(request: &'a Request<'a>, world: &'a World) -> Verdict<'a> {
    let pod: Value = serde_json::from_slice(request.pod.json()).unwrap_or_default();
    let mut findings = Vec::new();
    let mut ops = Vec::new();
    let annotations = &pod["metadata"]["annotations"];
    let names = annotations[keys::COMPANIONS].as_str().unwrap_or_default();
    let mut there: Vec<String> = Vec::new();
    let mut denied = false;
    for name in names.split(',').map(str::trim).filter(|n| !n.is_empty()) {
        let (reason, effect) = match world.companions.resolve(request.namespace, name) {
            Some(super::catalogue::Listed::Good(c)) => {
                let has = pod["spec"]["initContainers"]
                    .as_array()
                    .is_some_and(|a| a.iter().any(|x| x["name"] == *c.containers[0].name));
                if has {
                    (Reason::AlreadyThere, Effect::Tell)
                } else {
                    if pod["spec"]["initContainers"].is_null() && there.is_empty() {
                        ops.push(json!({"op": "add", "path": "/spec/initContainers", "value": []}));
                    }
                    let c = &c.containers[0];
                    ops.push(json!({"op": "add", "path": "/spec/initContainers/-", "value": {"name": c.name, "image": c.image, "restartPolicy": "Always"}}));
                    there.push(c.name.to_string());
                    (Reason::Injected, Effect::Tell)
                }
            }
            Some(_) => (Reason::CompanionInvalid, Effect::Deny),
            None => (Reason::NotAvailable { nearest: None }, Effect::Deny),
        };
        denied |= effect == Effect::Deny;
        findings.push(Finding {
            companion: Some(name.to_owned().into()),
            via: Some(Via::Pod),
            reason,
            effect,
            outcome: true,
        });
    }
    let decision = if denied {
        Decision::Deny
    } else if ops.is_empty() {
        Decision::Admit
    } else {
        ops.push(json!({"op": "add", "path": "/metadata/annotations/podgraft.dev~1status", "value": there.join(",")}));
        Decision::Patch(Value::Array(ops).to_string().into_bytes())
    };
    Verdict { decision, findings }
}

pub(super) fn uninject(pod: &mut Value) -> Result<bool, String> {
    let Some(annotations) = pod["metadata"]["annotations"].as_object_mut() else { return Ok(false) };
    let Some(status) = annotations.shift_remove(keys::STATUS) else { return Ok(false) };
    let Some(status) = status.as_str() else { return Err("annotation podgraft.dev/status is no text".into()) };
    let Some(spec) = pod["spec"].as_object_mut() else { return Ok(true) };
    if let Some(list) = spec["initContainers"].as_array_mut() {
        list.retain(|c| !status.split(',').any(|n| c["name"] == n));
        if list.is_empty() {
            spec.shift_remove("initContainers");
        }
    }
    Ok(true)
}
