//! A port that can be reserved once.

use crate::inject::protocol::Protocol;

/// The network that a port belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::inject) enum PortScope {
    /// The Pod's, which all its containers share.
    Pod,
    /// The node's (`hostPort`).
    Host,
}

/// A port that can be reserved once.
pub(super) type PortKey = (u16, Protocol, PortScope);

/// A port that a companion reserves.
#[derive(Debug, Clone, Copy)]
pub(in crate::inject) struct ReservedPort<'a> {
    pub(in crate::inject) number: u16,
    pub(in crate::inject) protocol: Protocol,
    pub(in crate::inject) scope: PortScope,
    pub(in crate::inject) companion: &'a str,
}
