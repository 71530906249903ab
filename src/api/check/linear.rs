//! Validation is linear: twice the input takes at most two and a half times the work, counted in allocations and
//! bytes.

use serde_json::{Map, Value, json};

use crate::api::check::check_companion;
use crate::api::size;
use crate::api::testing::{companion, with};

/// The number of allocations, and of allocated bytes, that validating an object takes.
fn work(object: &Value) -> [f64; 2] {
    let mut checked = None;
    let heap = allocation_counter::measure(|| checked = Some(check_companion(object)));
    drop(checked);
    [heap.count_total, heap.bytes_total].map(|count| f64::from(u32::try_from(count).unwrap()))
}

fn list(count: usize, item: impl Fn(usize) -> Value) -> Value {
    (0..count).map(item).collect()
}

fn map(count: usize, value: &Value) -> Value {
    (0..count).map(|i| (format!("key-{i}"), value.clone())).collect::<Map<_, _>>().into()
}

/// A description, and an object of which one part has a given number of items.
type Growing = (&'static str, fn(usize) -> Value);

const GROWING: [Growing; 19] = [
    ("shells in a command", |n| companion("/spec/containers/0/command", list(n, |i| json!(["dash", "+O"][i % 2])))),
    ("references in arguments", |n| companion("/spec/containers/0/args", list(n, |_| json!("a$(GITSYNC_REPO)b")))),
    ("references in a script", |n| {
        companion("/spec/containers/0/args", json!(["sh", "-c", "$(GITSYNC_ROOT)".repeat(20 * n)]))
    }),
    ("references without an end", |n| companion("/spec/containers/0/args", json!(["$(".repeat(100 * n)]))),
    ("unknown fields of a container", |n| {
        let mut object = companion("/spec/containers/0/image", json!("i:1"));
        object["spec"]["containers"][0].as_object_mut().unwrap().extend(map(n, &json!(1)).as_object().unwrap().clone());
        object
    }),
    ("unknown fields of the specification", |n| {
        let mut object = companion("/spec/pattern", json!("Sidecar"));
        object["spec"].as_object_mut().unwrap().extend(map(n, &json!(1)).as_object().unwrap().clone());
        object
    }),
    ("the name of an unknown field", |n| {
        let mut object = companion("/spec/pattern", json!("Sidecar"));
        object["spec"]["x".repeat(400 * n)] = json!(1);
        object
    }),
    ("variables", |n| companion("/spec/containers/0/env", list(n, |i| json!({"name": format!("V{i}")})))),
    ("ConfigMaps", |n| {
        companion("/spec/containers/0/envFrom", list(n, |i| json!({"configMapRef": {"name": format!("m{i}")}})))
    }),
    ("limits", |n| companion("/spec/containers/0/resources/limits", map(n, &json!("1Gi")))),
    ("capabilities", |n| companion("/spec/containers/0/securityContext/capabilities/add", list(n, |_| json!("X")))),
    ("devices", |n| {
        let devices = list(n, |i| json!({"name": "disk", "devicePath": format!("/dev/x{i}")}));
        companion("/spec/containers/0/volumeDevices", devices)
    }),
    ("mounts", |n| {
        companion("/spec/containers/0/volumeMounts", list(n, |i| json!({"name": "x", "mountPath": format!("/{i}")})))
    }),
    ("headers", |n| {
        let headers = list(n, |i| json!({"name": format!("H{i}"), "value": "x"}));
        companion("/spec/containers/0/livenessProbe", json!({"httpGet": {"port": 80, "httpHeaders": headers}}))
    }),
    ("items of a volume", |n| {
        let items = list(n, |i| json!({"key": format!("k{i}"), "path": format!("p{i}")}));
        companion("/spec/volumes", json!([{"name": "x", "configMap": {"name": "m", "items": items}}]))
    }),
    ("sources of a volume", |n| {
        let sources = list(n, |i| json!({"secret": {"name": format!("s{i}")}}));
        companion("/spec/sharedVolumes/0/source", json!({"projected": {"sources": sources}}))
    }),
    ("labels", |n| companion("/spec/podSelector", json!({"matchLabels": map(n, &json!("x"))}))),
    ("parameters", |n| companion("/spec/parameters", list(n, |i| json!({"name": format!("p{i}"), "type": "x"})))),
    ("a text", |n| with(&[("/spec/files", json!([{"path": "/etc/x", "content": "x".repeat(40 * n)}]))])),
];

#[test]
fn twice_of_anything_is_at_most_two_and_a_half_times_the_work() {
    // Warm up what is created once, such as the schemas.
    let _ = work(&companion("/spec/pattern", json!("Sidecar")));
    for (what, grow) in GROWING {
        let (once, twice) = (grow(300), grow(600));
        assert!(size::check(&twice).is_ok(), "{what}: the object is too large to be validated");
        let (once, twice) = (work(&once), work(&twice));
        for (once, twice) in once.into_iter().zip(twice) {
            assert!(twice <= 2.5 * once, "{what}: {once} and then {twice}");
        }
    }
}

/// Peak memory of validating an object, in bytes for each byte of its JSON, without the object itself.
fn peak(object: &Value) -> f64 {
    let mut checked = None;
    let heap = allocation_counter::measure(|| checked = Some(check_companion(object)));
    drop(checked);
    let [peak, bytes] = [heap.bytes_max, object["spec"].to_string().len() as u64];
    f64::from(u32::try_from(peak).unwrap()) / f64::from(u32::try_from(bytes).unwrap())
}

#[test]
fn peak_memory_of_validation_is_a_small_multiple_of_the_companion() {
    let _ = work(&companion("/spec/pattern", json!("Sidecar")));
    let text = companion("/spec/containers/0/args", list(500, |_| json!("x".repeat(1_000))));
    assert!(peak(&text) <= 8.0, "a text: {}", peak(&text));
    // Values of a few bytes take a hundred times the memory of their text, which is why their number is bounded.
    let words = companion("/spec/containers/0/args", list(1_900, |i| json!(["dash", "+O"][i % 2])));
    assert!(size::check(&words).is_ok());
    assert!(peak(&words) <= 64.0, "words: {}", peak(&words));
}
