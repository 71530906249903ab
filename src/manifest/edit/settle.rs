//! Consequences of the changes of a patch for other nodes.

use super::anchors;
use super::overlay::{Overlay, Slot};

/// Replaces aliases that must not follow a change, and collections of which no entry is kept, by their values. `None` if
/// the text does not allow it.
pub(super) fn settle(overlay: &mut Overlay<'_>) -> Option<()> {
    for (alias, value) in anchors::cut_off(overlay)? {
        overlay.replace(alias, value)?;
    }
    // From the innermost collection outwards: replacing one may leave its own collection without a kept entry.
    for id in overlay.changed().collect::<Vec<_>>().into_iter().rev() {
        if !overlay.is_kept(id) {
            overlay.forget(id);
            continue;
        }
        let Some(entries) = overlay.entries(id) else { continue };
        if entries.iter().any(|e| matches!(e.slot, Slot::Old(_) | Slot::New { instead_of: Some(_), .. })) {
            continue;
        }
        let value = overlay.new_value(id)?;
        overlay.forget(id);
        overlay.replace(id, value)?;
    }
    Some(())
}
