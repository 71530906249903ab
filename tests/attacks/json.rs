//! JSON that was tried and held: it means one thing, or the review is no review.

use podgraft::internals::admission;
use podgraft::internals::inject::snapshot::{Snapshot, Webhook};
use serde_json::json;

use crate::support::{Reply, review_of, snapshot_of};

fn snapshot() -> Snapshot {
    snapshot_of(include_str!("../../fuzz/src/snapshot.yaml"))
}

fn post(body: &[u8]) -> Reply {
    Reply::read(&admission::review(body, Webhook::Requested, &snapshot(), |_| {}))
}

/// The review of a Pod, with a part of its text replaced.
fn with(from: &str, to: &str) -> String {
    let pod = json!({
        "metadata": {"name": "web", "annotations": {"podgraft.dev/companions": "redis", "other": "x"}},
        "spec": {"containers": [{"name": "app", "image": "app:1"}]},
    });
    let text = review_of(&pod, "elsewhere").to_string();
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

#[track_caller]
fn no_review(body: impl AsRef<[u8]>) {
    let reply = post(body.as_ref());
    assert_eq!(reply.status, 400, "{}", String::from_utf8_lossy(body.as_ref()));
}

#[test]
fn the_unchanged_review_is_answered_with_a_patch() {
    assert!(post(with("web", "web").as_bytes()).patch.is_some());
}

#[test]
fn a_duplicate_key_is_rejected_also_where_it_is_escaped() {
    no_review(with(r#""uid":"#, r#""uid":"x","uid":"#));
    no_review(with(r#""uid":"#, r#""\u0075id":"x","uid":"#));
    no_review(with(r#""spec":"#, r#""spec":{},"spec":"#));
    no_review(with(r#""spec":"#, r#""sp\u0065c":{},"spec":"#));
    no_review(with(r#""annotations":"#, r#""annotations":{},"annotations":"#));
    no_review(with(r#""containers":"#, r#""containers":[],"containers":"#));
    no_review(with(r#""name":"app""#, r#""name":"app","n\u0061me":"app""#));
}

#[test]
fn an_escaped_key_is_the_key_that_it_spells_and_another_case_is_another_key() {
    let escaped = post(with(r#""podgraft.dev/companions""#, r#""\u0070odgraft.dev\/companions""#).as_bytes());
    assert!(escaped.patch.is_some(), "{}", escaped.body);
    for other in
        ["Podgraft.dev/companions", "podgraft.dev/Companions", "PODGRAFT.DEV/companions", "xpodgraft.dev/companions"]
    {
        let reply = post(with("podgraft.dev/companions", other).as_bytes());
        assert!(reply.patch.is_none(), "{other}: {}", reply.body);
    }
}

#[test]
fn null_is_absent_and_another_type_is_rejected() {
    for (from, to) in [
        (r#""image":"app:1""#, r#""env":null,"volumeMounts":null,"ports":null"#),
        (r#""name":"web","#, r#""name":null,"labels":null,"#),
        (r#""other":"x""#, r#""other":null"#),
        (r#""dryRun":false"#, r#""dryRun":null"#),
    ] {
        assert!(post(with(from, to).as_bytes()).patch.is_some(), "{to}");
    }
    for (from, to) in [
        (r#""other":"x""#, r#""other":5"#),
        (r#""other":"x""#, r#""other":{}"#),
        (r#""name":"web","#, r#""labels":[],"#),
        (r#""name":"web","#, r#""name":{},"#),
        (r#""image":"app:1""#, r#""env":{}"#),
        (r#""image":"app:1""#, r#""env":[5]"#),
        (r#""image":"app:1""#, r#""volumeMounts":"x""#),
        (r#""image":"app:1""#, r#""image":["x"]"#),
        (r#""namespace":"elsewhere""#, r#""namespace":5"#),
        (r#""dryRun":false"#, r#""dryRun":"no""#),
    ] {
        no_review(with(from, to));
    }
}

#[test]
fn a_port_does_not_wrap() {
    let port = |port: u32| format!(r#""ports":[{{"containerPort":{port}}}]"#);
    let same = post(with(r#""image":"app:1""#, &port(6_379)).as_bytes());
    assert_eq!(same.audit["redis"], "PortConflict", "{}", same.body);
    let wrapped = post(with(r#""image":"app:1""#, &port(6_379 + 65_536)).as_bytes());
    assert!(wrapped.status == 400 || wrapped.audit["redis"] == "Injected", "{}", wrapped.body);
}

#[test]
fn a_body_that_is_not_json_in_utf_8_is_rejected() {
    let whole = with("web", "web");
    no_review(b"");
    no_review(with("app:1", r"\ud800"));
    no_review(with("app:1", r"\udc00\ud800"));
    no_review(with("app:1", "a\nb"));
    no_review(with("app:1", "a\0b"));
    no_review(with(r#""app:1""#, "NaN"));
    no_review(with(r#""app:1""#, "Infinity"));
    no_review(with(r#""uid":"#, r#"/* x */"uid":"#));
    no_review(format!("// x\n{whole}"));
    no_review(format!("\u{feff}{whole}"));
    no_review(format!("{whole}{whole}"));
    no_review(format!("{whole},"));
    let bytes = |from: &str, to: &[u8]| {
        let (before, after) = whole.split_once(from).unwrap();
        [before.as_bytes(), to, after.as_bytes()].concat()
    };
    no_review(bytes("app:1", &[0xff]));
    // CESU-8: half of a surrogate pair in three bytes; an overlong slash.
    no_review(bytes("app:1", &[0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]));
    no_review(bytes("app:1", &[0xc0, 0xaf]));
    no_review(whole.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>());
    no_review(whole.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>());
}

#[test]
fn there_are_at_most_65_536_variables() {
    let variables = |count: usize| {
        let one = r#"{"name":"V"}"#;
        with(r#""image":"app:1""#, &format!(r#""env":[{}]"#, vec![one; count].join(",")))
    };
    assert_eq!(post(variables(65_536).as_bytes()).status, 200);
    no_review(variables(65_537));
}
