//! Upper bounds of the lists of a Pod: far more than an API server stores in one object, and few enough that a body of
//! millions of `{}` takes neither much memory nor much time.

use std::borrow::Cow;

use crate::json::{JsonError, Reader};

/// The most containers of one list, volumes and pull secrets.
pub(super) const MAX_OBJECTS: usize = 4_096;
/// The most variables, ports and mounts of all containers together.
pub(super) const MAX_PARTS: usize = 65_536;

/// Appends an item.
///
/// # Errors
/// The list has `most` items already.
#[inline]
pub(super) fn push<T>(r: &mut Reader<'_>, list: &mut Vec<T>, item: T, most: usize) -> Result<(), JsonError> {
    if list.len() == most {
        return Err(too_many());
    }
    r.keep(list, item)
}

/// The error of a list with more items than its limit.
#[cold]
pub(super) fn too_many() -> JsonError {
    JsonError::new("too many items: more than the API server accepts in a Pod")
}

/// The longest name of a container or a volume, in bytes; API servers accept 63.
const LONGEST_NAME: usize = 253;

/// Reads the name of a container or a volume; empty where absent.
///
/// # Errors
/// The name is not a string, or too long: messages repeat names.
pub(super) fn name<'a>(r: &mut Reader<'a>) -> Result<Cow<'a, str>, JsonError> {
    let name = r.string()?.unwrap_or_default();
    if name.len() > LONGEST_NAME {
        Err(JsonError::new("too long: may not be more than 253 characters"))
    } else {
        Ok(name)
    }
}

/// A place in a list that is bounded far below.
pub(super) fn narrow(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
