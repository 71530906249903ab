//! The name that the author of a wrong name may have meant.

use std::fmt::{Formatter, Result};

pub(super) fn did_you_mean(f: &mut Formatter<'_>, nearest: Option<&str>) -> Result {
    nearest.map_or(Ok(()), |nearest| write!(f, "; did you mean {nearest:?}?"))
}
