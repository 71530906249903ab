//! Room in the Pod's annotations and in the patch, which are both bounded.

use super::reserved::Reservations;
use crate::inject::keys;
use crate::inject::patch::bounds::skipped_bound;
use crate::inject::verdict::reason::Conflict;

impl Reservations<'_> {
    /// Reserves room for a companion's status entry.
    ///
    /// # Errors
    /// The annotations would be too large.
    pub(in crate::inject) fn status_entry(&mut self, companion: &str, entry: usize) -> Result<(), Conflict> {
        self.has_room_for(companion, entry)?;
        let comma = usize::from(!std::mem::take(&mut self.status_is_empty));
        self.annotation_bytes += comma + companion.len() + r#""":"#.len() + entry;
        Ok(())
    }

    /// Checks that the annotations have room for a status entry of at least `entry` bytes.
    ///
    /// # Errors
    /// The annotations would be too large.
    pub(in crate::inject) fn has_room_for(&self, companion: &str, entry: usize) -> Result<(), Conflict> {
        let comma = usize::from(!self.status_is_empty);
        let bytes = self.annotation_bytes + comma + companion.len() + r#""":"#.len() + entry;
        if bytes > keys::ANNOTATIONS_LIMIT {
            return Err(Conflict::AnnotationsTooLarge { bytes });
        }
        Ok(())
    }

    /// Reserves room in the patch for at most `most` bytes.
    ///
    /// # Errors
    /// The patch could be too large.
    pub(in crate::inject) fn patch(&mut self, most: usize) -> Result<(), Conflict> {
        self.patch_bytes += most;
        if self.patch_bytes > keys::PATCH_LIMIT {
            return Err(Conflict::PatchTooLarge { bytes: self.patch_bytes });
        }
        Ok(())
    }

    /// Reserves room for the annotation of skipped companions, which replaces the one that the Pod has; whether there is room.
    pub(in crate::inject) fn skipped(&mut self, text: &str) -> bool {
        let (annotations, patch) = (self.annotation_bytes + keys::SKIPPED.len() + text.len(), skipped_bound(text));
        let has_room = annotations <= keys::ANNOTATIONS_LIMIT && self.patch_bytes + patch <= keys::PATCH_LIMIT;
        if has_room {
            self.patch_bytes += patch;
        }
        has_room
    }

    /// An upper bound of the size of the patch of all companions that fit, in bytes.
    pub(in crate::inject) fn patch_bytes(&self) -> usize {
        self.patch_bytes
    }
}
