//! Ports of the Pod's network, and of its node's.

use super::{Reservations, holder};
use crate::inject::companion::Protocol;
use crate::inject::pod::Container;
use crate::inject::verdict::reason::{Holder, Reason};
use crate::work::step;

/// A port that is claimed: number, protocol, and whether it is the node's.
pub(super) type PortKey = (u16, Protocol, bool);

/// A port that a companion claims.
#[derive(Debug, Clone, Copy)]
pub(in crate::inject) struct ReservedPort<'a> {
    pub(in crate::inject) number: u16,
    pub(in crate::inject) protocol: Protocol,
    pub(in crate::inject) host: bool,
    pub(in crate::inject) companion: &'a str,
}

impl<'a> Reservations<'a> {
    /// Claims a port of the Pod's network, or of the node's where `host` says so.
    pub(in crate::inject) fn port(&mut self, port: ReservedPort<'a>) -> Result<(), Reason> {
        let (number, protocol) = (port.number, port.protocol);
        let key = (number, protocol, port.host);
        let standing = self.container_at(key).map(holder);
        let claimed =
            || self.ports.get(&key).or_else(|| self.probed.get(&key)).map(|by| Holder::Companion((*by).into()));
        if let Some(by) = standing.or_else(claimed) {
            let protocol = protocol.as_str();
            return Err(if port.host {
                Reason::HostPortConflict { port: number, protocol, by }
            } else {
                Reason::PortConflict { port: number, protocol, by }
            });
        }
        self.ports.add(key, port.companion);
        Ok(())
    }

    /// The container of the Pod that listens on a port and keeps running.
    fn container_at(&self, key: PortKey) -> Option<&'a Container<'a>> {
        let ports = self.pod_ports.get_or_init(|| {
            let running = self.pod.containers.iter().enumerate().filter(|(_, c)| c.keeps_running());
            let mut ports: Vec<(PortKey, usize)> = Vec::new();
            for (place, container) in running {
                step(1 + self.pod.ports(container).len());
                for port in self.pod.ports(container) {
                    ports.push(((port.number, port.protocol, false), place));
                    ports.extend(port.host_port.map(|host| ((host, port.protocol, true), place)));
                }
            }
            step(16 * ports.len());
            ports.sort_unstable();
            ports
        });
        step(16);
        let first = ports.partition_point(|(other, _)| *other < key);
        let (other, place) = ports.get(first)?;
        (*other == key).then(|| self.pod.containers.get(*place)).flatten()
    }

    /// Takes note of a port that a companion which is there already listens on, declared by a container or not.
    pub(in crate::inject) fn present_port(&mut self, number: u16, protocol: Protocol, companion: &'a str) {
        self.ports.add_once((number, protocol, false), companion);
    }

    /// Takes note of a port that a companion's probe asks: as with containers that stand there, it is taken for those that
    /// come after.
    pub(in crate::inject) fn probed_port(&mut self, number: u16, companion: &'a str) {
        self.probed.add_once((number, Protocol::Tcp, false), companion);
    }
}

impl Protocol {
    /// The word in manifests.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Protocol::Tcp => "TCP",
            Protocol::Udp => "UDP",
            Protocol::Sctp => "SCTP",
        }
    }
}
