//! Faults that reviews of this code found, each with the input that showed it.

#![allow(clippy::needless_pass_by_value, clippy::panic)]

mod support;

use podgraft::admission;
use podgraft::api;
use podgraft::inject::snapshot::{Snapshot, Webhook};
use serde_json::{Value, json};
use support::{Reply, ask, review_of, world_of};

/// A ClusterCompanion with more of a specification.
fn companion(name: &str, more: &str) -> String {
    format!(
        "apiVersion: podgraft.dev/v1alpha1\nkind: ClusterCompanion\nmetadata: {{name: {name}}}\nspec:\n  pattern: Sidecar\n  containers:\n  - {{name: {name}, image: \"registry.example/{name}:v1\"}}\n{more}\n"
    )
}

fn snapshot(companions: &[(&str, &str)]) -> Snapshot {
    world_of(&companions.iter().map(|(name, more)| companion(name, more)).collect::<Vec<_>>().join("---\n"))
}

fn asking(annotations: Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"generateName": "web-", "annotations": annotations},
        "spec": {"containers": [{"name": "app", "image": "app:1"}]},
    })
}

#[track_caller]
fn denied(reply: &Reply, says: &[&str]) {
    assert_eq!((reply.status, reply.allowed), (200, false), "{}", reply.body);
    for word in says {
        assert!(reply.message.contains(word), "{word:?} in {:?}", reply.message);
    }
}

/// What the gate refuses a companion for, and what it warns of.
fn told(name: &str, more: &str) -> (Vec<String>, Vec<String>) {
    let object = support::documents(&companion(name, more)).remove(0);
    let gated = api::check_companion(&object);
    let words = |problems: &[api::Problem]| problems.iter().map(ToString::to_string).collect();
    (words(&gated.problems), words(&gated.warnings))
}

fn problems(name: &str, more: &str) -> Vec<String> {
    told(name, more).0
}

#[test]
fn two_companions_whose_volumes_have_one_name_are_a_clash() {
    let shared = |name: &str, path: &str| {
        format!("  sharedVolumes:\n  - {{name: {name}, companion: {{mountPath: /x}}, app: {{mountPath: {path}}}}}")
    };
    let snapshot = snapshot(&[("git", &shared("sync-content", "/a")), ("git-sync", &shared("content", "/b"))]);
    let reply = ask(&asking(json!({"podgraft.dev/companions": "git,git-sync"})), "team", &snapshot);
    denied(&reply, &["companion git-sync", "git-sync-content", "companion git"]);
}

const TWO_SHARED: &str = "  sharedVolumes:
  - {name: content, companion: {mountPath: /git}, app: {mountPath: /srv/www}}
  - {name: keys, companion: {mountPath: /git-keys/own}, app: {mountPath: /srv/keys, readOnly: true}}
  parameters:
  - {name: path, type: Path, mountPath: content/app}
  - {name: keys-in, type: Path, mountPath: keys/companion, below: /git-keys}
  - {name: in, type: Path, mountPath: content/companion, below: /git-keys}";

#[test]
fn a_path_parameter_cannot_merge_two_shared_volumes_of_a_companion() {
    let snapshot = snapshot(&[("sync", TWO_SHARED)]);
    let reply = ask(
        &asking(json!({"podgraft.dev/companions": "sync", "podgraft.dev/sync.path": "/srv/keys"})),
        "team",
        &snapshot,
    );
    denied(&reply, &["/srv/keys"]);
}

#[test]
fn a_path_parameter_cannot_move_a_mount_onto_a_later_one_of_the_companion() {
    let snapshot = snapshot(&[("sync", TWO_SHARED)]);
    for onto in ["/git-keys/own", "/git-keys/own/below"] {
        let asked = asking(json!({"podgraft.dev/companions": "sync", "podgraft.dev/sync.in": onto}));
        denied(&ask(&asked, "team", &snapshot), &["podgraft.dev/sync.in", "/git-keys/own"]);
    }
}

/// The volume is in the patch, so the app can mount it by its name wherever it likes.
#[test]
fn an_app_that_can_write_what_it_should_only_read_is_warned_of_at_every_path() {
    let snapshot = snapshot(&[("sync", TWO_SHARED)]);
    for (mount, warned) in [
        (json!({"name": "sync-keys", "mountPath": "/anywhere"}), true),
        (json!({"name": "sync-keys", "mountPath": "/anywhere", "readOnly": true}), false),
        (json!({"name": "sync-content", "mountPath": "/anywhere"}), false),
    ] {
        let mut pod = asking(json!({"podgraft.dev/companions": "sync"}));
        pod["spec"]["containers"][0]["volumeMounts"] = json!([mount]);
        let reply = ask(&pod, "team", &snapshot);
        assert!(reply.allowed, "{}", reply.body);
        assert_eq!(reply.body.to_string().contains("can write at /anywhere"), warned, "{}", reply.body);
    }
}

#[test]
fn what_is_not_for_a_pod_is_not_suggested_to_it() {
    let snapshot =
        snapshot(&[("secret-project", "  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: elsewhere}}")]);
    for asked in [json!({"podgraft.dev/companions": "secret-projec"}), json!({"podgraft.dev/secret-projec.x": "y"})] {
        let reply = ask(&asking(asked.clone()), "team", &snapshot);
        denied(&reply, &[]);
        assert!(!reply.message.contains("secret-project"), "{}", reply.message);
        denied(&ask(&asking(asked), "elsewhere", &snapshot), &["secret-project"]);
    }
}

#[test]
fn an_unknown_label_of_a_namespace_is_told() {
    let snapshot = world_of(&format!(
        "{}---\n{}",
        companion("sync", ""),
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: team, labels: {podgraft.dev/injec: enabled}}\n"
    ));
    let reply = ask(&asking(json!({"podgraft.dev/companions": "sync"})), "team", &snapshot);
    assert!(reply.patch.is_some());
    assert!(reply.warnings.iter().any(|w| w.contains("namespace label podgraft.dev/injec")), "{:?}", reply.warnings);
}

#[test]
fn a_companion_called_remarks_keeps_its_audit_annotation() {
    let snapshot = snapshot(&[("remarks", "")]);
    let mut pod = asking(json!({"podgraft.dev/companions": "remarks"}));
    pod["metadata"]["labels"] = json!({"podgraft.dev/odd": "x"});
    let body = review_of(&pod, "team").to_string();
    let answer =
        String::from_utf8(admission::review(body.as_bytes(), Webhook::Requested, &snapshot, |_| {}).body).unwrap();
    assert_eq!(answer.matches(r#""remarks":"#).count(), 1, "{answer}");
    assert!(answer.contains(r#""remarks":"PodDenied""#), "{answer}");
}

#[test]
fn a_companion_that_could_never_be_woven_in_does_not_pass_the_gate() {
    let nested = "  sharedVolumes:
  - {name: logs, source: {emptyDir: {}}, companion: {mountPath: /logs}, app: {mountPath: /var/log}}
  - {name: more, companion: {mountPath: /more}, app: {mountPath: /var/log/nginx}}";
    assert!(problems("sync", nested)[0].contains("/var/log"), "{:?}", problems("sync", nested));
    let ports = "  - {name: other, image: \"o:1\", ports: [{containerPort: 80, hostPort: 9000}, {containerPort: 81, hostPort: 9000}]}";
    assert!(problems("sync", ports)[0].contains("hostPort"), "{:?}", problems("sync", ports));
}

#[test]
fn a_companion_that_needs_another_value_or_a_pod_of_a_kind_is_warned_about() {
    let joined = "  sharedVolumes:
  - {name: logs, companion: {mountPath: /logs}, app: {mountPath: /var/log}}
  - {name: more, companion: {mountPath: /more}, app: {mountPath: /var/log/nginx}}";
    let by_default = "  sharedVolumes:
  - {name: logs, companion: {mountPath: /logs}, app: {mountPath: /var/log}}
  - {name: more, companion: {mountPath: /more/x}, app: {mountPath: /more}}
  parameters:
  - {name: path, type: Path, mountPath: more/app, default: /var/log}
  - {name: in, type: Path, mountPath: logs/companion, below: /more, default: /more/x}";
    let port = "  - {name: other, image: \"o:1\", ports: [{containerPort: 6380}]}
  listens: [{name: redis, port: 6379, env: {port: REDIS_PORT}}]
  parameters: [{name: port, type: Port, listens: redis, default: \"6380\"}]";
    for (more, places) in [
        (joined, &["spec.sharedVolumes[1].app.mountPath: meets /var/log"][..]),
        (
            by_default,
            &[
                "spec.parameters[0].default: meets /var/log",
                "spec.parameters[1].default: meets the companion's own mount /more/x",
            ],
        ),
        (port, &["spec.parameters[0].default: is another port of the companion itself"]),
    ] {
        let (problems, warnings) = told("sync", more);
        assert_eq!(problems, Vec::<String>::new());
        for place in places {
            assert!(warnings.iter().any(|w| w.starts_with(place)), "{place} in {warnings:?}");
        }
    }
}

#[test]
fn a_reference_in_the_script_of_a_probe_is_an_injection() {
    let probing = |command: &str| {
        format!(
            "  - {{name: probed, image: \"registry.example/p:v1\", readinessProbe: {{exec: {{command: {command}}}}}}}\n  parameters:\n  - {{name: repo, type: String, env: REPO}}"
        )
    };
    let told = problems("sync", &probing(r#"[sh, -c, "curl $(REPO)"]"#));
    assert!(told.iter().any(|p| p.contains("readinessProbe.exec.command[2]") && p.contains("injection")), "{told:?}");
    assert_eq!(problems("sync", &probing(r#"[curl, "$(REPO)"]"#)), Vec::<String>::new());
}

#[test]
fn a_shell_behind_something_that_looks_like_one_is_found() {
    let running = |command: &str| {
        format!(
            "  - {{name: probed, image: \"registry.example/p:v1\", command: {command}}}\n  parameters:\n  - {{name: repo, type: String, env: REPO}}"
        )
    };
    for command in
        [r#"[env, "SHELL=/bin/sh", bash, -c, "curl $(REPO)"]"#, r#"[sh, /wrap.sh, bash, -c, "curl $(REPO)"]"#]
    {
        assert!(problems("sync", &running(command)).iter().any(|p| p.contains("injection")), "{command}");
    }
}

/// What the preview answers of a workload.
fn preview(kind: &str, object: &str, snapshot: &Snapshot) -> admission::Answer {
    let mut review = review_of(&json!("the object"), "team");
    review["request"]["kind"] = json!({"group": "batch", "version": "v1", "kind": kind});
    admission::preview(
        review.to_string().replace("\"the object\"", object).as_bytes(),
        snapshot,
        |_| Vec::new(),
        |_| {},
    )
}

#[test]
fn job_templates_in_job_templates_do_not_exhaust_the_stack() {
    let deep = 200_000;
    let object = format!("{{\"spec\":{}1{}}}", r#"{"jobTemplate":{"spec":"#.repeat(deep), "}}".repeat(deep));
    assert_eq!(preview("CronJob", &object, &snapshot(&[])).status, 200);
    let template =
        json!({"spec": {"jobTemplate": {"spec": {"template": asking(json!({"podgraft.dev/companions": "x"}))}}}});
    let answer = Reply::read(&preview("CronJob", &template.to_string(), &snapshot(&[])));
    assert!(answer.warnings[0].contains("Pods of this CronJob will be denied"), "{:?}", answer.warnings);
}

/// A Pod that asks for `sync`, as text, for what is too odd to be built.
fn odd_review(annotations: &str, containers: &str) -> String {
    let pod = format!(r#"{{"metadata":{{"annotations":{{{annotations}}}}},"spec":{{"containers":[{containers}]}}}}"#);
    review_of(&json!("the Pod"), "team").to_string().replace("\"the Pod\"", &pod)
}

#[test]
fn whatever_fills_a_pod_the_answer_is_short_and_the_memory_in_proportion() {
    let snapshot = snapshot(&[("sync", "  app: {env: [{name: A, value: x}]}")]);
    let app = r#"{"name":"app"}"#;
    let many = |each: &dyn Fn(usize) -> String| (0..20_000).map(each).collect::<Vec<_>>().join(",");
    let asks = r#""podgraft.dev/companions":"sync""#;
    for (what, body) in [
        ("commas", odd_review(&format!(r#""podgraft.dev/companions":"{}""#, ",".repeat(1 << 20)), app)),
        ("names", odd_review(&format!(r#"{asks},"podgraft.dev/containers":"{}""#, many(&|i| format!("c{i}"))), app)),
        ("parameters", odd_review(&format!("{asks},{}", many(&|i| format!(r#""podgraft.dev/sync.p{i}":"""#))), app)),
        ("unused", odd_review(&many(&|i| format!(r#""podgraft.dev/sync.p{i}":"""#)), app)),
        ("unknown", odd_review(&many(&|i| format!(r#""podgraft.dev/sinc{i}.p":"""#)), app)),
        ("keys", odd_review(&many(&|i| format!(r#""podgraft.dev/k{i}":"""#)), app)),
        (
            "status",
            odd_review(&format!(r#""podgraft.dev/status":"{{{}}}""#, many(&|i| format!(r#"\"c{i}\":{{}}"#))), app),
        ),
        ("containers", odd_review(asks, &many(&|_| "{}".to_owned()))),
        ("volume", {
            let volume = format!(r#"{{"name":"sync-no-token","x":[{}{{}}]}}"#, r#"{"a":0},"#.repeat(1 << 18));
            odd_review(asks, &format!(r#"{app}],"volumes":[{volume}"#))
        }),
        ("mounts", odd_review(asks, &format!(r#"{{"name":"app","volumeMounts":[{}{{}}]}}"#, "{},".repeat(1 << 20)))),
        ("env", odd_review(asks, &format!(r#"{{"name":"app","env":[{}{{}}]}}"#, "{},".repeat(1 << 20)))),
    ] {
        let mut answer = None;
        let heap = allocation_counter::measure(|| {
            answer = Some(admission::review(body.as_bytes(), Webhook::Requested, &snapshot, |_| {}));
        });
        let answer = answer.unwrap();
        assert!(answer.body.len() < 4_096, "{what}: an answer of {} bytes", answer.body.len());
        let most = 8 * body.len() as u64 + (1 << 20);
        assert!(heap.bytes_max <= most, "{what}: {} bytes for a body of {}", heap.bytes_max, body.len());
    }
}

#[test]
fn a_pod_of_four_thousand_containers_is_still_a_pod() {
    let snapshot = snapshot(&[("sync", "  app: {preStopSleep: 1s}")]);
    let containers: Vec<_> = (0..4_096).map(|i| format!(r#"{{"name":"c{i}"}}"#)).collect();
    let body = odd_review(r#""podgraft.dev/companions":"sync""#, &containers.join(","));
    assert!(Reply::read(&admission::review(body.as_bytes(), Webhook::Requested, &snapshot, |_| {})).patch.is_some());
    let body = odd_review(r#""podgraft.dev/companions":"sync""#, &format!("{},{{}}", containers.join(",")));
    assert_eq!(admission::review(body.as_bytes(), Webhook::Requested, &snapshot, |_| {}).status, 400);
}

#[test]
fn what_cannot_be_read_is_not_repeated_at_length() {
    let body = odd_review(&format!(r#""{}":5"#, "k".repeat(1 << 20)), r#"{"name":"app"}"#);
    let answer = admission::review(body.as_bytes(), Webhook::Requested, &snapshot(&[]), |_| {});
    assert!(answer.status == 400 && answer.body.len() < 1_024, "{} bytes", answer.body.len());
}

#[test]
fn a_status_that_is_no_json_does_not_live_on_beside_what_is_put_in() {
    let snapshot = snapshot(&[("sync", "")]);
    for forged in [r#"{"x":{"containers":["app"],"y":[1,]}}"#, r#"{"x":{"containers":["app"],"y":{a:nul}}}"#] {
        let pod = asking(json!({"podgraft.dev/companions": "sync", "podgraft.dev/status": forged}));
        let after = ask(&pod, "team", &snapshot).apply(&pod);
        let status = after["metadata"]["annotations"]["podgraft.dev/status"].as_str().unwrap();
        let status: Value = serde_json::from_str(status).unwrap();
        assert!(status["sync"].is_object() && status.get("x").is_none(), "{status}");
    }
}

/// Each of these took seconds, in which nobody else was answered.
#[test]
fn what_is_full_of_everything_is_answered() {
    let companions: Vec<(String, String)> = (0..2_000)
        .map(|i| {
            (
                format!("other-{i}"),
                "  podSelector: {matchLabels: {a: b}, matchExpressions: [{key: c, operator: Exists}]}".to_owned(),
            )
        })
        .chain([("sync".to_owned(), TWO_SHARED.to_owned())])
        .collect();
    let companions: Vec<(&str, &str)> = companions.iter().map(|(name, more)| (&**name, &**more)).collect();
    let snapshot = snapshot(&companions);
    let list = |count: usize, each: &dyn Fn(usize) -> String| (0..count).map(each).collect::<Vec<_>>().join(",");
    let asks = r#""podgraft.dev/companions":"sync""#;
    let long = |i: usize| format!("{i:a>63}");
    let containers = list(4_096, &|i| format!(r#"{{"name":"{}"}}"#, long(i)));
    let names = list(16, &|i| long(100_000 + i));
    let status = list(256, &|e| {
        format!(r#"\"c{e}\":{{\"containers\":[{}]}}"#, list(16, &|i| format!(r#"\"{}\""#, long(50_000 + i))))
    });
    let volumes = list(4_096, &|i| format!(r#"{{"name":"v{i}","emptyDir":{{}}}}"#));
    let mounts =
        list(4_096, &|i| format!(r#"{{"name":"{i}","volumeMounts":[{{"name":"v4095","mountPath":"/srv/www"}}]}}"#));
    let parameters = list(100_000, &|i| format!(r#""podgraft.dev/sync.p{i}":"""#));
    let unknown = list(100_000, &|i| format!(r#""podgraft.dev/othe-{i}.p":"""#));
    let strangers = list(16, &|i| format!("othe-{i}"));
    let labels = list(200_000, &|i| format!(r#""l{i}":"x""#));
    for (what, body) in [
        ("names", odd_review(&format!(r#"{asks},"podgraft.dev/containers":"{names}""#), &containers)),
        ("a status", odd_review(&format!(r#"{asks},"podgraft.dev/status":"{{{status}}}""#), &containers)),
        ("mounts", odd_review(asks, &format!(r#"{mounts}],"volumes":[{volumes}"#))),
        ("parameters", odd_review(&format!("{asks},{parameters}"), r#"{"name":"app"}"#)),
        ("unknown companions", odd_review(&format!("{asks},{unknown}"), r#"{"name":"app"}"#)),
        ("labels", {
            let body = odd_review(&format!(r#""podgraft.dev/companions":"{strangers}""#), r#"{"name":"app"}"#);
            body.replace(r#"{"annotations""#, &format!(r#"{{"labels":{{"a":"b","c":"",{labels}}},"annotations""#))
        }),
    ] {
        let answer = admission::review(body.as_bytes(), Webhook::Requested, &snapshot, |_| {});
        assert_eq!(answer.status, 200, "{what}: {}", String::from_utf8_lossy(&answer.body));
    }
}

#[test]
fn a_port_that_a_companions_probe_asks_is_taken_for_those_that_come_with_it() {
    let probing = "  - {name: probing, image: \"p:1\", startupProbe: {tcpSocket: {port: 8081}}}";
    let listening = "  - {name: listening, image: \"l:1\", ports: [{containerPort: 8081}]}";
    let snapshot = snapshot(&[("a", probing), ("b", listening)]);
    denied(&ask(&asking(json!({"podgraft.dev/companions": "a,b"})), "team", &snapshot), &["8081", "companion a"]);
    assert!(ask(&asking(json!({"podgraft.dev/companions": "a"})), "team", &snapshot).patch.is_some());
}

#[test]
fn a_path_that_the_pod_gives_is_its_fault_and_not_that_of_a_default_that_it_meets() {
    let given = "  activation: ClusterWide
  sharedVolumes:
  - {name: a, companion: {mountPath: /git/a}, app: {mountPath: /srv/a}}
  - {name: b, companion: {mountPath: /git/b}, app: {mountPath: /srv/b}}
  parameters:
  - {name: pa, type: Path, mountPath: a/companion, below: /git, default: /git/a}
  - {name: pb, type: Path, mountPath: b/companion, below: /git, default: /git/b}";
    let snapshot = snapshot(&[("sync", given)]);
    denied(&ask(&asking(json!({"podgraft.dev/sync.pb": "/git/a/x"})), "team", &snapshot), &["podgraft.dev/sync.pb"]);
}

#[test]
fn annotations_may_be_as_long_as_an_api_server_takes_them_and_no_longer() {
    let snapshot = snapshot(&[("sync", "  podAnnotations: {note: x}"), ("redis", "")]);
    let with = |filler: usize| {
        let asked = json!({"podgraft.dev/companions": "sync,redis", "filler": "x".repeat(filler)});
        let pod = asking(asked);
        let reply = ask(&pod, "team", &snapshot);
        let patched = reply.patch.is_some().then(|| reply.apply(&pod));
        (reply, patched)
    };
    let bytes = |pod: &Value| -> usize {
        let annotations = pod["metadata"]["annotations"].as_object().unwrap();
        annotations.iter().map(|(key, value)| key.len() + value.as_str().unwrap().len()).sum()
    };
    let empty = bytes(&with(0).1.unwrap());
    let most = 262_144 - empty;
    assert_eq!(bytes(&with(most).1.unwrap()), 262_144);
    denied(&with(most + 1).0, &["262144"]);
}

#[test]
fn a_status_that_somebody_forged_makes_no_companion_known() {
    let forged = json!({"podgraft.dev/status": "{\"foo\":{}}", "podgraft.dev/foo.bar": "x"});
    denied(&ask(&asking(forged), "team", &snapshot(&[])), &["foo"]);
}

#[test]
fn a_required_companion_that_is_there_is_no_app_whatever_the_status_says() {
    let snapshot = snapshot(&[
        ("guard", "  activation: ClusterWide\n  required: true\n  lifecycle: Container"),
        ("sync", "  app: {env: [{name: A, value: x}]}"),
    ]);
    let mut pod = asking(json!({"podgraft.dev/companions": "sync"}));
    let guard = json!({"name": "guard", "image": "registry.example/guard:v1"});
    pod["spec"]["containers"].as_array_mut().unwrap().push(guard.clone());
    let patched = ask(&pod, "team", &snapshot).apply(&pod);
    assert_eq!(patched["spec"]["containers"][0]["env"], json!([{"name": "A", "value": "x"}]));
    assert_eq!(patched["spec"]["containers"][1], guard, "its policy would refuse anything else");
}

#[test]
fn a_required_companion_has_no_fields_that_api_servers_drop() {
    let misspelt = "  - {name: more, image: \"m:1\", imagePullPolice: Always}";
    let (problems, warnings) = told("guard", misspelt);
    let names_it = |told: &[String]| told.iter().any(|t| t.contains(r#"; did you mean "imagePullPolicy"?"#));
    assert!(problems.is_empty() && names_it(&warnings), "{problems:?} {warnings:?}");
    let required = format!("{misspelt}\n  activation: ClusterWide\n  required: true");
    let (problems, _) = told("guard", &required);
    assert!(problems.len() == 1 && names_it(&problems) && problems[0].contains(": unknown field;"), "{problems:?}");
}
