//! The definitions of the custom resources, as a real API server applies them, beside podgraft's own validation.

use podgraft::internals::api::check_companion;
use serde_json::{Value, json};

use crate::case::{Case, Rule, cases, rules, smallest};
use crate::cluster::Cluster;
use crate::control_plane::rest::Answer;
use crate::tests;

tests![each_rule_alone_rejects_its_case, validation_rejects_whatever_the_api_server_rejects];

/// Asks the API server whether it would create a companion.
async fn dry_run(cluster: &Cluster, companion: &Value) -> Answer {
    let collection = match companion["kind"].as_str() {
        Some("Companion") => "namespaces/default/companions",
        _ => "clustercompanions",
    };
    cluster.create(&format!("/apis/podgraft.dev/v1alpha1/{collection}?dryRun=All"), companion).await
}

async fn each_rule_alone_rejects_its_case(cluster: &Cluster) {
    let rules = rules();
    let mut wrong = Vec::new();
    for case in cases() {
        let answer = dry_run(cluster, &case.companion()).await;
        if let Err(why) = rejected_alone(&case, &rules, &answer) {
            wrong.push(format!("{}\n  {why}", case.name()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A case is rejected, by its rule, and for no other cause.
fn rejected_alone(case: &Case, rules: &[Rule], answer: &Answer) -> Result<(), String> {
    let causes = answer.body["details"]["causes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let broken = |cause: &Value, may: &dyn Fn(&Rule) -> bool| {
        let message = cause["message"].as_str().unwrap_or_default();
        rules.iter().any(|rule| may(rule) && (message.contains(&rule.message) || message.contains(&rule.cel)))
    };
    if !causes.iter().any(|cause| broken(cause, &|rule| case.is_of(rule))) {
        return Err(format!("is not rejected by its rule: {}", answer.body["message"]));
    }
    let other = causes.iter().find(|cause| !broken(cause, &|rule| case.may_break(rule)));
    other.map_or(Ok(()), |cause| Err(format!("is also rejected for another cause: {cause}")))
}

/// Companions with every field, in which each value is replaced in turn by others.
async fn validation_rejects_whatever_the_api_server_rejects(cluster: &Cluster) {
    let mut companions: Vec<Value> = cases().iter().map(Case::companion).collect();
    for whole in [full(), smallest("Companion")] {
        assert!(dry_run(cluster, &whole).await.status.is_success(), "{whole}");
        assert_eq!(check_companion(&whole).problems, [], "{whole}");
        companions.extend(changed(&whole));
    }
    let (mut wrong, mut rejected) = (Vec::new(), 0);
    for companion in &companions {
        let answer = dry_run(cluster, companion).await;
        rejected += usize::from(!answer.status.is_success());
        if !answer.status.is_success() && check_companion(companion).problems.is_empty() {
            wrong.push(format!("{}\n  {}", answer.body["message"], companion["spec"]));
        }
    }
    println!("    {} companions, of which the API server rejects {rejected}", companions.len());
    assert!(rejected > companions.len() / 4, "the changes break rules");
    assert!(wrong.is_empty(), "validation accepts what the API server rejects:\n{}", wrong.join("\n"));
}

/// A companion with most of its fields.
fn full() -> Value {
    let mut companion = smallest("ClusterCompanion");
    companion["spec"] = json!({
        "pattern": "Adapter", "activation": "OnRequest", "description": "d", "lifecycle": "Native", "position": "First",
        "onConflict": "Skip", "hostNetwork": "Allow", "serviceAccountToken": true,
        "namespaceSelector": {"matchLabels": {"team": "web"}, "matchExpressions": [{"key": "tier", "operator": "In", "values": ["a"]}]},
        "podSelector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]},
        "podAnnotations": {"example.com/note": "x"}, "imagePullSecrets": [{"name": "pull"}],
        "containers": [{
            "name": "case", "image": "registry.example/case:v1", "args": ["-v"],
            "env": [{"name": "MODE", "value": "on"}], "ports": [{"name": "metrics", "containerPort": 9113}],
            "resources": {"limits": {"memory": "64Mi"}, "requests": {"cpu": "10m"}},
            "securityContext": {"runAsUser": 1000}, "volumeMounts": [{"name": "cache", "mountPath": "/cache"}],
            "readinessProbe": {"httpGet": {"port": 9113, "path": "/"}},
        }],
        "initContainers": [{"name": "prepare", "image": "registry.example/prepare:v1"}],
        "volumes": [{"name": "cache", "emptyDir": {}}],
        "sharedVolumes": [{"name": "logs", "companion": {"mountPath": "/in", "readOnly": true}, "app": {"mountPath": "/var/log/app"}}],
        "files": [{"path": "/etc/case/config", "content": "a: 1", "mode": 0o640}],
        "reads": [{"sharedVolume": "logs"}, {"port": 8080}],
        "listens": [{"name": "out", "port": 6379, "protocol": "TCP", "env": {"host": "OUT_HOST", "port": "OUT_PORT"}}],
        "exposes": {"port": 9113, "path": "/metrics"},
        "app": {"env": [{"name": "A", "value": "b"}]},
        "parameters": [
            {"name": "text", "type": "String", "env": "TEXT", "pattern": "[a-z]+", "maxLength": 9, "default": "x"},
            {"name": "choice", "type": "String", "env": "CHOICE", "enum": ["a", "b"], "default": "a"},
            {"name": "count", "type": "Integer", "env": "COUNT", "minimum": 1, "maximum": 9, "default": "2"},
            {"name": "period", "type": "Duration", "env": "PERIOD", "as": "seconds", "default": "5s"},
            {"name": "memory", "type": "Quantity", "resource": "case/limits.memory", "minimum": "32Mi", "maximum": "1Gi"},
            {"name": "path", "type": "Path", "mountPath": "logs/companion", "below": "/in", "default": "/in/a"},
            {"name": "port", "type": "Port", "listens": "out", "default": "6380"},
            {"name": "token", "type": "SecretKey", "env": "TOKEN", "description": "d"},
            {"name": "key", "type": "SecretKey", "file": "/etc/keys/key", "env": "KEY_FILE"},
        ],
    });
    companion
}

/// Companions with one change each, at every place: removed, of another type, empty, longer than allowed, doubled.
fn changed(whole: &Value) -> Vec<Value> {
    let mut places = Vec::new();
    collect(&whole["spec"], "/spec".to_owned(), &mut places);
    let mut found = Vec::new();
    for place in &places {
        let (parent, last) = place.rsplit_once('/').expect("a pointer");
        let mut without = whole.clone();
        match without.pointer_mut(parent) {
            Some(Value::Object(members)) => drop(members.shift_remove(last)),
            Some(Value::Array(items)) => drop(items.remove(last.parse().expect("an index"))),
            _ => unreachable!("{place} has a parent"),
        }
        found.push(without);
        for value in instead(whole.pointer(place).expect("a place")) {
            let mut with = whole.clone();
            *with.pointer_mut(place).expect("a place") = value;
            found.push(with);
        }
    }
    found
}

fn collect(value: &Value, at: String, places: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(key, inner)| {
            let key = key.replace('~', "~0").replace('/', "~1");
            collect(inner, format!("{at}/{key}"), places);
        }),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, item)| collect(item, format!("{at}/{i}"), places))
        }
        _ => {}
    }
    if at != "/spec" {
        places.push(at);
    }
}

/// What a value is replaced by.
fn instead(value: &Value) -> Vec<Value> {
    let mut values = vec![json!(null), json!({}), json!([]), json!("")];
    match value {
        Value::String(text) => {
            let others =
                [format!("{text}{text}"), text.to_uppercase(), "x".repeat(1100), "a b".to_owned(), "0".to_owned()];
            values.extend(others.map(Value::from));
            values.extend(
                ["Container", "OptedInNamespaces", "Ambassador", "Sidecar", "Integer", "Path", "../x", "/", "files"]
                    .map(Value::from),
            );
            values.extend([json!(1), json!(true)]);
        }
        Value::Number(_) => values.extend([json!(-1), json!(0), json!(70_000), json!(1.5), json!("1"), json!(1e300)]),
        Value::Bool(_) => values.extend([json!("true"), json!(1), json!(false)]),
        Value::Array(items) => {
            let doubled: Vec<Value> = items.iter().chain(items).cloned().collect();
            let many: Vec<Value> = items.iter().cycle().take(40).cloned().collect();
            values.extend([doubled.into(), many.into(), json!([1]), json!([{}]), json!(["x"]), json!("x")]);
        }
        _ => values.extend([json!({"x": 1}), json!("x"), json!(1)]),
    }
    values
}
