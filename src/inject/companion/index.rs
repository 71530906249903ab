//! Places in the lists of a companion. The API schema bounds these lists far below 256, and a companion holds thousands
//! of these, so each is one byte.

use std::num::TryFromIntError;

/// A parameter: its place in `Companion::parameters`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParameterIndex(u8);

/// A shared volume: its place in `Companion::shared_volumes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SharedVolumeIndex(u8);

/// An endpoint: its place in `Companion::endpoints`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndpointIndex(u8);

impl ParameterIndex {
    /// The place in the list.
    #[must_use]
    pub fn place(self) -> usize {
        self.0.into()
    }
}

impl EndpointIndex {
    /// The place in the list.
    #[must_use]
    pub fn place(self) -> usize {
        self.0.into()
    }
}

impl TryFrom<usize> for ParameterIndex {
    type Error = TryFromIntError;

    fn try_from(place: usize) -> Result<Self, TryFromIntError> {
        place.try_into().map(ParameterIndex)
    }
}

impl SharedVolumeIndex {
    /// The place in the list.
    #[must_use]
    pub fn place(self) -> usize {
        self.0.into()
    }
}

impl TryFrom<usize> for SharedVolumeIndex {
    type Error = TryFromIntError;

    fn try_from(place: usize) -> Result<Self, TryFromIntError> {
        place.try_into().map(SharedVolumeIndex)
    }
}

impl TryFrom<usize> for EndpointIndex {
    type Error = TryFromIntError;

    fn try_from(place: usize) -> Result<Self, TryFromIntError> {
        place.try_into().map(EndpointIndex)
    }
}
