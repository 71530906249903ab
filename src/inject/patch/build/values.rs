//! Variables and mounts as JSON.

use crate::inject::companion::value::Value;
use crate::inject::plan::{SharedMount, Side};
use crate::json::{Sink, write_object};

pub(super) fn write_endpoint_variable(out: &mut Vec<u8>, (name, port): (&str, Option<u16>)) {
    write_object(out, |variable| {
        variable.string("name", name);
        match port {
            Some(port) => write_number_string(variable.member("value"), port),
            None => variable.string("value", "127.0.0.1"),
        }
    });
}

pub(super) fn write_variable(out: &mut Vec<u8>, name: &str, value: &Value<'_>) {
    write_object(out, |variable| {
        variable.string("name", name);
        match value {
            Value::Text(text) | Value::Path(text) => write_literal(variable.member("value"), text),
            Value::Port(port) => write_number_string(variable.member("value"), *port),
            Value::SecretKey { secret, key } => variable.object("valueFrom", |source| {
                source.object("secretKeyRef", |reference| {
                    reference.string("name", secret);
                    reference.string("key", key);
                });
            }),
        }
    });
}

/// Writes the value of a variable so that the kubelet does not expand it: it replaces `$(NAME)` and reads `$$` as `$`.
fn write_literal(out: &mut Vec<u8>, text: &str) {
    out.text("\"");
    for (i, part) in text.split('$').enumerate() {
        out.text(if i > 0 { "$$" } else { "" });
        out.escaped(part);
    }
    out.text("\"");
}

pub(super) fn write_mount(out: &mut Vec<u8>, shared: &SharedMount<'_>, side: &Side<'_>) {
    // A Pod can get thousands of mounts, so that each has as few parts as possible.
    out.text(r#"{"name":""#);
    out.escaped(shared.volume);
    out.text(r#"","mountPath":""#);
    out.escaped(&side.path);
    if !shared.sub_path.is_empty() {
        out.text(r#"","subPath":""#);
        out.escaped(shared.sub_path);
    }
    out.text(if side.read_only { r#"","readOnly":true}"# } else { r#""}"# });
}

fn write_number_string(out: &mut Vec<u8>, number: u16) {
    out.display(format_args!("\"{number}\""));
}
