//! Rules about text that know nothing of Kubernetes: characters that change how a line is read, and names that may have been meant.

pub mod characters;
pub(crate) mod suggest;
