//! Where companions and Namespaces come from.
//!
//! ```text
//! files -> Collection -> Parts    \
//!                                  Known -> World
//! API server -> watches -> Snapshot /
//! ```

pub mod cluster;
pub mod collection;
pub mod files;
pub mod folder;
pub mod history;
pub mod key;
pub mod known;
pub mod limits;
pub mod report;
