//! One volume of a Pod.

use std::borrow::Cow;

use super::limits::name;
use crate::json::{Expected, JsonError, Reader, field};

/// A volume of a Pod.
#[derive(Debug)]
pub struct Volume<'a> {
    /// `name`.
    pub name: Cow<'a, str>,
    /// Whether a companion may join it: emptyDir, persistentVolumeClaim or ephemeral.
    pub shareable: bool,
    /// Whether it is an emptyDir.
    pub empty_dir: bool,
    /// Whether the source is read-only: a claim with `readOnly: true`.
    pub read_only: bool,
    /// The whole volume as JSON.
    pub json: &'a str,
}

impl<'a> Volume<'a> {
    pub(super) fn read(r: &mut Reader<'a>) -> Result<Self, JsonError> {
        let mut volume =
            Volume { name: Cow::default(), shareable: false, empty_dir: false, read_only: false, json: "" };
        let (is_object, json) = r.with_text(|r| {
            r.fields(
                &mut volume,
                &const {
                    [
                        field("name", |volume, r| name(r).map(|name| volume.name = name)),
                        field("emptyDir", Volume::read_empty_dir),
                        field("ephemeral", Volume::read_shareable),
                        field("persistentVolumeClaim", Volume::read_claim),
                    ]
                },
            )
        })?;
        volume.json = json;
        if is_object { Ok(volume) } else { Err(JsonError::expected(Expected::Object)) }
    }

    fn read_empty_dir(&mut self, r: &mut Reader<'a>) -> Result<(), JsonError> {
        self.empty_dir = r.raw_unless_null()?.is_some();
        self.shareable |= self.empty_dir;
        Ok(())
    }

    /// Reads a source that a companion may share.
    fn read_shareable(&mut self, r: &mut Reader<'a>) -> Result<(), JsonError> {
        self.shareable |= r.raw_unless_null()?.is_some();
        Ok(())
    }

    fn read_claim(&mut self, r: &mut Reader<'a>) -> Result<(), JsonError> {
        self.shareable |=
            r.fields(self, &const { [field("readOnly", |volume, r| r.boolean().map(|yes| volume.read_only = yes))] })?;
        Ok(())
    }
}
