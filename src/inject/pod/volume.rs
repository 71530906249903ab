//! One volume of a Pod.

use std::borrow::Cow;

use super::limits::name;
use crate::json::{FieldSet, JsonError, Reader};

/// A volume of a Pod.
#[derive(Debug)]
pub struct Volume<'a> {
    /// `name`.
    pub name: Cow<'a, str>,
    /// Whether a companion may join it: emptyDir, persistentVolumeClaim or ephemeral.
    pub shareable: bool,
    /// Whether the source is read-only: a claim with `readOnly: true`.
    pub read_only: bool,
    /// The whole volume as JSON.
    pub json: &'a str,
}

impl<'a> Volume<'a> {
    pub(super) fn read(r: &mut Reader<'a>) -> Result<Self, JsonError> {
        let mut volume = Volume { name: Cow::default(), shareable: false, read_only: false, json: "" };
        let mut seen = FieldSet::default();
        let (there, json) = r.with_text(|r| {
            r.object(|r, key| match key {
                "name" => seen.insert(0).and_then(|()| name(r)).map(|name| volume.name = name),
                "emptyDir" | "ephemeral" => {
                    volume.shareable |= r.raw()? != "null";
                    Ok(())
                }
                "persistentVolumeClaim" => {
                    seen.insert(1)?;
                    let mut seen = FieldSet::default();
                    volume.shareable |= r.object(|r, key| match key {
                        "readOnly" => seen.insert(0).and_then(|()| r.boolean()).map(|yes| volume.read_only = yes),
                        _ => r.skip(),
                    })?;
                    Ok(())
                }
                _ => r.skip(),
            })
        })?;
        volume.json = json;
        if there { Ok(volume) } else { Err(JsonError::new("not an object")) }
    }
}
