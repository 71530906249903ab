//! The controller of a Pod, as `metadata.ownerReferences` names it.

use std::borrow::Cow;

use crate::json::{JsonError, Reader, field};

/// An item of `metadata.ownerReferences` (`meta/v1` `OwnerReference`).
#[derive(Debug, Default)]
pub struct OwnerReference<'a> {
    /// `apiVersion`, such as `apps/v1`.
    pub api_version: Cow<'a, str>,
    /// `kind`.
    pub kind: Cow<'a, str>,
    /// `name`.
    pub name: Cow<'a, str>,
    /// `uid`.
    pub uid: Cow<'a, str>,
    /// Whether the owner is the controller.
    controller: bool,
}

/// The owner with `controller: true` in the JSON of `metadata.ownerReferences`. API servers accept at most one.
///
/// # Errors
/// The JSON is not a list of owner references.
pub fn controller(owner_references: &str) -> Result<Option<OwnerReference<'_>>, JsonError> {
    let mut found = None;
    Reader::of(owner_references).array(|r, _| {
        let owner = OwnerReference::read(r)?;
        found = if owner.controller { Some(owner) } else { found.take() };
        Ok(())
    })?;
    Ok(found)
}

impl<'a> OwnerReference<'a> {
    fn read(r: &mut Reader<'a>) -> Result<Self, JsonError> {
        let mut owner = OwnerReference::default();
        r.fields(
            &mut owner,
            &const {
                [
                    field("apiVersion", |owner, r| r.string_or_empty().map(|text| owner.api_version = text)),
                    field("kind", |owner, r| r.string_or_empty().map(|text| owner.kind = text)),
                    field("name", |owner, r| r.string_or_empty().map(|text| owner.name = text)),
                    field("uid", |owner, r| r.string_or_empty().map(|text| owner.uid = text)),
                    field("controller", |owner, r| r.boolean().map(|yes| owner.controller = yes)),
                ]
            },
        )?;
        Ok(owner)
    }
}
