//! Ports: what the companion listens on, each claimed once.

use super::reservations::{Reservations, ReservedPort};
use super::{Plan, blamed};
use crate::inject::companion::Protocol;
use crate::inject::companion::parameter::ValueFault;
use crate::inject::verdict::reason::{Holder, Reason};

impl<'a> Plan<'a> {
    /// Claims the ports of the companion's long-running containers, its endpoints and what it exposes, each once.
    pub(super) fn fit_ports(&mut self, claims: &mut Reservations<'a>) -> Result<(), Reason> {
        let companion = self.companion;
        // Port and protocol, and the endpoint that it belongs to.
        let mut own: Vec<(u16, Protocol, Option<usize>)> = Vec::new();
        for (i, endpoint) in companion.endpoints.iter().enumerate() {
            own.push((self.endpoint_port(endpoint), endpoint.protocol, Some(i)));
        }
        for port in companion.containers.iter().flat_map(|c| &c.ports) {
            own.push((self.moved(port.number, port.endpoint), port.protocol, port.endpoint.map(usize::from)));
            if let Some(number) = port.host_port {
                claims.port(ReservedPort {
                    number,
                    protocol: port.protocol,
                    host: true,
                    companion: &companion.name,
                })?;
            }
        }
        let exposed = companion.exposes.as_ref();
        own.extend(exposed.map(|e| (self.moved(e.port, e.endpoint), Protocol::Tcp, e.endpoint.map(usize::from))));
        for (i, (number, protocol, belongs_to)) in own.iter().copied().enumerate() {
            let before = own[..i].iter().find(|(n, p, _)| *n == number && *p == protocol);
            match before {
                None => {
                    claims.port(ReservedPort { number, protocol, host: false, companion: &companion.name })?;
                    self.added.ports.push((number, protocol));
                }
                Some((_, _, same)) if *same == belongs_to => {}
                // Two ports of the companion itself meet only where a parameter moved one of them.
                Some((_, _, other)) => {
                    let movers =
                        [belongs_to, *other].into_iter().flatten().filter_map(|e| companion.endpoints[e].parameter);
                    let moved = blamed(movers.filter_map(|p| self.invalid(p, ValueFault::MeetsPort(number))));
                    return Err(moved.unwrap_or_else(|| {
                        let by = Holder::Companion(companion.name.clone());
                        Reason::PortConflict { port: number, protocol: protocol.as_str(), by }
                    }));
                }
            }
        }
        for port in companion.containers.iter().flat_map(|c| &c.probed) {
            claims.probed_port(self.moved(port.number, port.endpoint), &companion.name);
        }
        Ok(())
    }
}
