//! The value of a label of a Pod, which may not be known yet.

/// The value of a label, as far as it is known when a Pod is reviewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelValue<'v> {
    /// There is no such label.
    Absent,
    /// The label has this value.
    Known(&'v str),
    /// A controller sets the label when it creates the Pod, to a value that is not known before.
    Unknown,
}

impl<'v> From<Option<&'v str>> for LabelValue<'v> {
    fn from(value: Option<&'v str>) -> Self {
        value.map_or(LabelValue::Absent, LabelValue::Known)
    }
}
