//! Ports of the Pod's network and of its node's.

use super::names::holder;
use super::port::{PodPort, PortKey, PortScope, ReservedPort};
use super::reserved::Reservations;
use crate::inject::pod::{Container, Port};
use crate::inject::protocol::Protocol;
use crate::inject::verdict::reason::{Conflict, Holder};
use crate::work::step;

impl<'a> Reservations<'a> {
    /// Reserves a port that the companion listens on. A port that a probe asks counts as one, declared or not: then the
    /// order of two companions decides only which of them has the conflict.
    ///
    /// # Errors
    /// A container of the Pod or another companion already listens on it.
    pub(in crate::inject) fn port(&mut self, port: ReservedPort<'a>) -> Result<(), Conflict> {
        let key = port.key();
        let existing = self.container_at(key).map(|(container, probed)| (holder(container), probed));
        let reserved = || self.ports.get(&key).map(|by| (Holder::Companion(by.companion.into()), by.probed));
        if let Some((by, probed)) = existing.or_else(reserved) {
            return Err(port.conflict(by, probed));
        }
        self.ports.add(key, port);
        Ok(())
    }

    /// The long-running container of the Pod that listens on a port, and whether only probes name the port.
    fn container_at(&self, key: PortKey) -> Option<(&'a Container<'a>, bool)> {
        let ports = self.pod_ports.get_or_init(|| self.ports_of_pod());
        step(16);
        let first = ports.partition_point(|port| port.key < key);
        let port = ports.get(first).filter(|port| port.key == key)?;
        Some((self.pod.containers.get(port.place)?, port.probed))
    }

    fn ports_of_pod(&self) -> Vec<PodPort> {
        let containers = self.pod.containers.iter().enumerate();
        let running = containers.filter(|(place, c)| c.keeps_running() || self.is_native(*place));
        let mut ports: Vec<PodPort> = Vec::new();
        for (place, container) in running {
            step(1 + self.pod.ports(container).len());
            for port in self.pod.ports(container).iter().filter(|port| !self.is_input(container, **port)) {
                let Port { number, protocol, host_port, probed } = *port;
                ports.push(PodPort { key: (number, protocol, PortScope::Pod), probed, place });
                let host = host_port.map(|host| (host, protocol, PortScope::Host));
                ports.extend(host.map(|key| PodPort { key, probed, place }));
            }
        }
        step(16 * ports.len());
        ports.sort_unstable();
        ports
    }

    /// Whether a container of a present companion probes a port that the companion reads: the app listens there.
    fn is_input(&self, container: &'a Container<'a>, port: Port) -> bool {
        port.probed && self.inputs.get(&(&container.name, port.number)).is_some()
    }

    /// Records a port that a present companion listens on, whether a container declares it or not.
    pub(in crate::inject) fn present_port(&mut self, (number, protocol): (u16, Protocol), companion: &'a str) {
        let port = ReservedPort { number, protocol, scope: PortScope::Pod, companion, probed: false };
        self.ports.add_once(port.key(), port);
    }
}
