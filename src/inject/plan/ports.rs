//! The ports that the companion listens on.

use super::arguments::blamed;
use super::planned::Plan;
use super::reservations::{PortScope, Reservations, ReservedPort};
use crate::inject::companion::ContainerPort;
use crate::inject::companion::index::EndpointIndex;
use crate::inject::companion::value::ValueFault;
use crate::inject::protocol::Protocol;
use crate::inject::verdict::reason::{Conflict, Holder, Outcome};

/// A port that the companion listens on.
#[derive(Debug, Clone, Copy)]
struct OwnPort {
    number: u16,
    protocol: Protocol,
    /// The endpoint whose port it is.
    endpoint: Option<EndpointIndex>,
    /// Whether a probe names it.
    probed: bool,
}

impl<'a> Plan<'a> {
    /// Reserves the ports of the companion's endpoints, of its long-running containers and their probes, and of what it
    /// exposes, each once.
    pub(super) fn fit_ports(&mut self, reservations: &mut Reservations<'a>) -> Result<(), Outcome> {
        let companion = self.companion;
        let own = self.own_ports();
        for (i, port) in own.iter().enumerate() {
            let same = |other: &&OwnPort| (other.number, other.protocol) == (port.number, port.protocol);
            match own[..i].iter().find(same) {
                None => {
                    reservations.port(port.reserved(&companion.name))?;
                    self.added.ports.extend((!port.probed).then_some((port.number, port.protocol)));
                }
                Some(other) if other.endpoint == port.endpoint => {}
                Some(other) => return Err(self.conflict_of_own(*port, *other)),
            }
        }
        // Ports of the Pod come first: with hostNetwork the API server gives each of them an equal host port, and the conflict
        // is the same before and after that.
        for port in companion.containers.iter().flat_map(|c| &c.ports) {
            if let Some(number) = port.host_port {
                reservations.port(ReservedPort {
                    number,
                    protocol: port.protocol,
                    scope: PortScope::Host,
                    companion: &companion.name,
                    probed: false,
                })?;
            }
        }
        Ok(())
    }

    /// The ports that the companion listens on, declared ones first.
    fn own_ports(&self) -> Vec<OwnPort> {
        let companion = self.companion;
        let endpoints = companion.endpoints.iter().enumerate().map(|(i, endpoint)| OwnPort {
            number: self.endpoint_port(endpoint),
            protocol: endpoint.protocol,
            endpoint: EndpointIndex::try_from(i).ok(),
            probed: false,
        });
        let port = |number, protocol, endpoint| {
            let number = self.moved(number, endpoint);
            OwnPort { number, protocol, endpoint, probed: false }
        };
        let of_container = |p: &ContainerPort| port(p.number, p.protocol, p.endpoint);
        let declared = companion.containers.iter().flat_map(|c| &c.ports).map(of_container);
        let exposed = companion.exposes.as_ref().map(|e| port(e.port, Protocol::Tcp, e.endpoint));
        let probed = companion.containers.iter().flat_map(|c| &c.probed);
        let probed = probed.map(|p| OwnPort { probed: true, ..of_container(p) });
        endpoints.chain(declared).chain(exposed).chain(probed).collect()
    }

    /// Two ports of the companion itself are equal only where a parameter moved one of them.
    fn conflict_of_own(&self, port: OwnPort, other: OwnPort) -> Outcome {
        let endpoints = [port.endpoint, other.endpoint].into_iter().flatten();
        let movers = endpoints.filter_map(|e| self.endpoint(e)?.parameter);
        let fault = blamed(movers.filter_map(|p| self.invalid(p, ValueFault::MeetsPort(port.number))));
        fault.unwrap_or_else(|| {
            let by = Holder::Companion(self.companion.name.clone());
            Conflict::PortConflict { port: port.number, protocol: port.protocol, by, probed: None }.into()
        })
    }
}

impl OwnPort {
    fn reserved(self, companion: &str) -> ReservedPort<'_> {
        let OwnPort { number, protocol, probed, .. } = self;
        ReservedPort { number, protocol, scope: PortScope::Pod, companion, probed }
    }
}
