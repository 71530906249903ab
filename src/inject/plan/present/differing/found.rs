//! Whether a container of a Pod has the values of parameters in their slots.

use std::borrow::Cow;

use serde_json::Value as Json;

use crate::inject::companion::quantity::Quantity;
use crate::inject::companion::value::Value;
use crate::inject::names::normalized;
use crate::json::{JsonError, Reader, field};
use crate::work::step;

type Result<T> = std::result::Result<T, JsonError>;

/// A value that a container is expected to have.
#[derive(Debug)]
pub(super) struct ExpectedValue<'e> {
    /// The place of the parameter among those that the Pod gives.
    pub(super) given: usize,
    pub(super) slot: ValueSlot<'e>,
    pub(super) value: &'e Value<'e>,
    /// Whether the container has it.
    pub(super) met: bool,
}

/// Where a container has a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum ValueSlot<'e> {
    /// A variable of this name.
    Variable(&'e str),
    /// `resources.<list>.<resource>`.
    Resource { list: &'static str, resource: &'e str },
    /// The path of a mount.
    Mount,
}

/// Reads a container, and marks the values that it has.
pub(super) fn compare(json: &str, expected: &mut [ExpectedValue<'_>]) {
    // The container was read before, so it is JSON. A part that has another type than in Kubernetes has no value.
    let _ = Reader::of(json).object(|r, key| match key {
        "env" => r.array(|r, _| read_variable(r, expected)).map(|_| ()),
        "volumeMounts" => r.array(|r, _| read_mount(r, expected)).map(|_| ()),
        "resources" => r.object(|r, list| read_amounts(r, list, expected)).map(|_| ()),
        _ => r.skip(),
    });
}

/// The longest volume that is read: one that podgraft wrote has a few hundred bytes for each file.
const MAX_VOLUME: usize = 1 << 16;

/// Whether a projected volume has a key of a Secret as the file at a path.
pub(super) fn has_file(json: &str, path: &str, secret: &str, key: &str) -> bool {
    if json.len() > MAX_VOLUME {
        return false;
    }
    step(json.len());
    let volume: Json = serde_json::from_str(json).unwrap_or_default();
    let list = |value: &Json| value.as_array().cloned().unwrap_or_default();
    let sources = list(&volume["projected"]["sources"]);
    let of_secret = sources.iter().map(|source| &source["secret"]).filter(|source| source["name"] == secret);
    of_secret.flat_map(|source| list(&source["items"])).any(|item| item["key"] == key && item["path"] == path)
}

/// A core/v1 EnvVar, as far as parameters fill one.
#[derive(Default)]
struct Variable<'a> {
    name: Cow<'a, str>,
    value: Cow<'a, str>,
    /// `valueFrom.secretKeyRef`.
    secret: Cow<'a, str>,
    key: Cow<'a, str>,
}

fn read_variable(r: &mut Reader<'_>, expected: &mut [ExpectedValue<'_>]) -> Result<()> {
    let mut variable = Variable::default();
    r.fields(
        &mut variable,
        &const {
            [
                field("name", |variable, r| r.string_or_empty().map(|text| variable.name = text)),
                field("value", |variable, r| r.string_or_empty().map(|text| variable.value = text)),
                field("valueFrom", |variable, r| {
                    r.fields(variable, &const { [field("secretKeyRef", Variable::read_secret)] }).map(|_| ())
                }),
            ]
        },
    )?;
    for expected in expected {
        step(1);
        if let ValueSlot::Variable(name) = expected.slot
            && name == variable.name
        {
            expected.met = variable.has(expected.value);
        }
    }
    Ok(())
}

impl<'a> Variable<'a> {
    fn read_secret(&mut self, r: &mut Reader<'a>) -> Result<()> {
        r.fields(
            self,
            &const {
                [
                    field("name", |variable, r| r.string_or_empty().map(|text| variable.secret = text)),
                    field("key", |variable, r| r.string_or_empty().map(|text| variable.key = text)),
                ]
            },
        )
        .map(|_| ())
    }

    fn has(&self, value: &Value<'_>) -> bool {
        match value {
            // Each `$` was doubled when it was injected.
            Value::Text(text) | Value::Path(text) if text.contains('$') => self.value == text.replace('$', "$$"),
            Value::Text(text) | Value::Path(text) => self.value == *text,
            Value::Port(port) => self.value == port.to_string(),
            Value::SecretKey { secret, key } => (&self.secret, &self.key) == (secret, key),
        }
    }
}

fn read_mount(r: &mut Reader<'_>, expected: &mut [ExpectedValue<'_>]) -> Result<()> {
    let mut path = Cow::default();
    r.fields(
        &mut path,
        &const { [field("mountPath", |path, r| r.string_or_empty().map(|text| *path = normalized(text)))] },
    )?;
    for expected in expected {
        step(1);
        expected.met |=
            matches!((expected.slot, expected.value), (ValueSlot::Mount, Value::Path(there)) if *there == path);
    }
    Ok(())
}

/// Reads `limits` or `requests`. Larger amounts than expected are no difference: autoscalers and LimitRanges set them.
fn read_amounts(r: &mut Reader<'_>, list: &str, expected: &mut [ExpectedValue<'_>]) -> Result<()> {
    if !r.object_is_next() {
        return r.skip();
    }
    r.object(|r, resource| {
        let amount = Quantity::parse(r.raw()?.trim_matches('"'));
        for expected in expected.iter_mut() {
            step(1);
            let is_it =
                matches!(expected.slot, ValueSlot::Resource { list: l, resource: n } if (l, n) == (list, resource));
            if let Value::Text(text) = expected.value
                && is_it
            {
                expected.met = amount.as_ref() >= Quantity::parse(text).as_ref();
            }
        }
        Ok(())
    })
    .map(|_| ())
}
