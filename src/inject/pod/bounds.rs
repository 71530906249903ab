//! How much of one kind a Pod may hold: far more than an API server stores in one object, and little enough that
//! neither memory nor time grow out of proportion to a body of millions of `{}`.

use super::super::json::Unreadable;

/// The most containers of one list, volumes and pull secrets.
pub(super) const MOST_OBJECTS: usize = 4_096;
/// The most variables, ports and mounts of all containers together.
pub(super) const MOST_PARTS: usize = 65_536;

/// Puts an item behind the others.
///
/// # Errors
/// There are too many.
pub(super) fn push<T>(list: &mut Vec<T>, item: T, most: usize) -> Result<(), Unreadable> {
    if list.len() == most {
        return Err(Unreadable::new("more of them than the Pod of any API server can hold"));
    }
    list.push(item);
    Ok(())
}
