//! What every watch of the cluster needs, whatever it watches.

pub mod backoff;
