//! One volume of a Pod.

use std::borrow::Cow;

use super::super::json::{Reader, Seen, Unreadable};
use super::bounds::name;

/// A volume of a Pod.
#[derive(Debug)]
pub struct Volume<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// Whether a companion may join it: emptyDir, persistentVolumeClaim or ephemeral.
    pub shareable: bool,
    /// Whether nobody can write it: a claim with `readOnly: true`.
    pub read_only: bool,
    /// The whole of it, as JSON.
    pub json: &'a str,
}

impl<'a> Volume<'a> {
    pub(super) fn read(r: &mut Reader<'a>) -> Result<Self, Unreadable> {
        let mut volume = Volume { name: Cow::default(), shareable: false, read_only: false, json: "" };
        let mut seen = Seen::default();
        let (there, json) = r.with_text(|r| {
            r.object(|r, key| match key {
                "name" => seen.first(0).and_then(|()| name(r)).map(|name| volume.name = name),
                "emptyDir" | "ephemeral" => {
                    volume.shareable |= r.raw()? != "null";
                    Ok(())
                }
                "persistentVolumeClaim" => {
                    seen.first(1)?;
                    let mut seen = Seen::default();
                    volume.shareable |= r.object(|r, key| match key {
                        "readOnly" => seen.first(0).and_then(|()| r.boolean()).map(|yes| volume.read_only = yes),
                        _ => r.skip(),
                    })?;
                    Ok(())
                }
                _ => r.skip(),
            })
        })?;
        volume.json = json;
        if there { Ok(volume) } else { Err(Unreadable::new("not an object")) }
    }
}
