//! Ports of the Pod's network and of its node's.

use super::names::holder;
use super::port::{PortKey, PortScope, ReservedPort};
use super::reserved::Reservations;
use crate::inject::pod::Container;
use crate::inject::protocol::Protocol;
use crate::inject::verdict::reason::{Conflict, Holder};
use crate::work::step;

impl<'a> Reservations<'a> {
    /// Reserves a port.
    ///
    /// # Errors
    /// A container of the Pod or another companion already listens on it.
    pub(in crate::inject) fn port(&mut self, port: ReservedPort<'a>) -> Result<(), Conflict> {
        let ReservedPort { number, protocol, scope, companion } = port;
        let key = (number, protocol, scope);
        let existing = self.container_at(key).map(holder);
        let reserved =
            || self.ports.get(&key).or_else(|| self.probed.get(&key)).map(|by| Holder::Companion((*by).into()));
        if let Some(by) = existing.or_else(reserved) {
            return Err(match scope {
                PortScope::Pod => Conflict::PortConflict { port: number, protocol, by },
                PortScope::Host => Conflict::HostPortConflict { port: number, protocol, by },
            });
        }
        self.ports.add(key, companion);
        Ok(())
    }

    /// The long-running container of the Pod that listens on a port.
    fn container_at(&self, key: PortKey) -> Option<&'a Container<'a>> {
        let ports = self.pod_ports.get_or_init(|| {
            let running = self.pod.containers.iter().enumerate().filter(|(_, c)| c.keeps_running());
            let mut ports: Vec<(PortKey, usize)> = Vec::new();
            for (place, container) in running {
                step(1 + self.pod.ports(container).len());
                for port in self.pod.ports(container) {
                    ports.push(((port.number, port.protocol, PortScope::Pod), place));
                    ports.extend(port.host_port.map(|host| ((host, port.protocol, PortScope::Host), place)));
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

    /// Records a port that a present companion listens on, whether a container declares it or not.
    pub(in crate::inject) fn present_port(&mut self, (number, protocol): (u16, Protocol), companion: &'a str) {
        self.ports.add_once((number, protocol, PortScope::Pod), companion);
    }

    /// Records a port that a probe of a companion reaches. As with containers of the Pod, it counts as in use for the
    /// companions that come after.
    pub(in crate::inject) fn probed_port(&mut self, number: u16, companion: &'a str) {
        self.probed.add_once((number, Protocol::Tcp, PortScope::Pod), companion);
    }
}
