//! Who can ask for lookups.

/// Who calls the admission port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Callers {
    /// API servers, with a client certificate.
    Authenticated,
    /// Anyone who reaches the port. They could claim to be a user who may list workloads, so workloads are counted and not named.
    /// They could send reviews without end, so lookups have limits.
    Unauthenticated,
}
