//! A port that can be reserved once.

use crate::inject::protocol::Protocol;
use crate::inject::verdict::reason::{Conflict, Holder, ProbingSide};

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

/// A port of a long-running container of the Pod, by its key; declared ones before probed ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PodPort {
    pub(super) key: PortKey,
    /// Whether only a probe names the port.
    pub(super) probed: bool,
    /// The container's place in the Pod's view.
    pub(super) place: usize,
}

/// A port that a companion reserves.
#[derive(Debug, Clone, Copy)]
pub(in crate::inject) struct ReservedPort<'a> {
    pub(in crate::inject) number: u16,
    pub(in crate::inject) protocol: Protocol,
    pub(in crate::inject) scope: PortScope,
    pub(in crate::inject) companion: &'a str,
    /// Whether only a probe of the companion names the port.
    pub(in crate::inject) probed: bool,
}

impl ReservedPort<'_> {
    pub(super) fn key(self) -> PortKey {
        (self.number, self.protocol, self.scope)
    }

    /// The conflict with the one that has the port already. `holder_probes`: only a probe of the holder names the port.
    pub(super) fn conflict(self, by: Holder, holder_probes: bool) -> Conflict {
        let ReservedPort { number: port, protocol, scope, probed, .. } = self;
        match scope {
            PortScope::Host => Conflict::HostPortConflict { port, protocol, by },
            PortScope::Pod if probed => {
                Conflict::PortConflict { port, protocol, by, probed: Some(ProbingSide::Companion) }
            }
            PortScope::Pod => {
                let probed = holder_probes.then_some(ProbingSide::Holder);
                Conflict::PortConflict { port, protocol, by, probed }
            }
        }
    }
}
