//! Where companions and Namespaces come from.

pub mod collection;
pub mod files;
pub mod folder;
pub mod report;
