//! How much of one kind a Pod may hold: far more than an API server stores in one object, and little enough that
//! neither memory nor time grow out of proportion to a body of millions of `{}`.

use std::borrow::Cow;

use crate::json::{JsonError, Reader};

/// The most containers of one list, volumes and pull secrets.
pub(super) const MAX_OBJECTS: usize = 4_096;
/// The most variables, ports and mounts of all containers together.
pub(super) const MAX_PARTS: usize = 65_536;

/// Puts an item behind the others.
///
/// # Errors
/// There are too many.
pub(super) fn push<T>(r: &mut Reader<'_>, list: &mut Vec<T>, item: T, most: usize) -> Result<(), JsonError> {
    if list.len() == most {
        return Err(JsonError::new("more of them than the Pod of any API server can hold"));
    }
    r.keep(list, item)
}

/// The longest name of a container or a volume, in bytes: API servers take 63.
const LONGEST_NAME: usize = 253;

/// Reads the name of a container or a volume; empty where absent.
///
/// # Errors
/// It is no string, or longer than any name: names are repeated where they are told of.
pub(super) fn name<'a>(r: &mut Reader<'a>) -> Result<Cow<'a, str>, JsonError> {
    let name = r.string()?.unwrap_or_default();
    if name.len() > LONGEST_NAME { Err(JsonError::new("longer than a name can be")) } else { Ok(name) }
}
