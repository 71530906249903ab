//! Where companions and Namespaces come from.
//!
//! ```text
//! files -> Collection -> Parts    \
//!                                  Known -> World
//! API server -> watches -> Snapshot /
//! ```

pub mod cluster;
pub mod effective;
pub mod files;
pub mod key;
pub mod limits;
pub mod revision;
