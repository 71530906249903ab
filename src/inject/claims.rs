//! Who owns what in a Pod: the app, what stands there already, and the companions of this review.

use std::borrow::Cow;
use std::collections::HashMap;

use super::companion::Protocol;
use super::keys;
use super::parameter::lies_below;
use super::pod::{Container, Pod};
use super::reason::{Owner, Reason};
use super::status::Status;

/// A Pod, and what the companions that fit so far have claimed in it.
#[derive(Debug)]
pub(super) struct Claims<'a> {
    pub(super) pod: &'a Pod<'a>,
    containers: Vec<(&'a str, &'a str)>,
    volumes: Vec<(&'a str, &'a str)>,
    ports: Vec<Port<'a>>,
    /// Ports that companions' probes ask.
    probed: Vec<Port<'a>>,
    mounts: Vec<Mount<'a>>,
    /// The place in `mounts` of the last one of each container; each knows the one before it. Empty while there is none.
    last_mounts: Vec<Option<usize>>,
    env: Vec<(usize, &'a str)>,
    /// Who claimed a variable of an app container.
    env_of: HashMap<(usize, &'a str), &'a str>,
    annotations: Vec<&'a str>,
    pull_secrets: Vec<&'a str>,
    /// What the annotations will have together, in bytes.
    annotation_bytes: usize,
    /// Whether no companion has an entry in the status yet.
    status_is_empty: bool,
}

/// A port that a companion claims.
#[derive(Debug, Clone, Copy)]
pub(super) struct Port<'a> {
    pub(super) number: u16,
    pub(super) protocol: Protocol,
    pub(super) host: bool,
    pub(super) companion: &'a str,
}

/// A mount that a companion gives to an app container.
#[derive(Debug, Clone)]
pub(super) struct Mount<'a> {
    /// The app container, by its place in the Pod's view.
    pub(super) container: usize,
    pub(super) path: Cow<'a, str>,
    pub(super) volume: &'a str,
    pub(super) sub_path: &'a str,
    pub(super) read_only: bool,
    pub(super) shareable: bool,
    pub(super) companion: &'a str,
    /// The place of the one before it in the same container.
    pub(super) before: Option<usize>,
}

/// How many claims there were: what came after can be given back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    containers: usize,
    volumes: usize,
    ports: usize,
    probed: usize,
    mounts: usize,
    env: usize,
    annotations: usize,
    pull_secrets: usize,
    annotation_bytes: usize,
    status_is_empty: bool,
}

/// A mount that stands where a companion wants one.
#[derive(Debug)]
pub(super) struct Standing<'a, 'c> {
    pub(super) path: &'c str,
    pub(super) volume: &'a str,
    pub(super) sub_path: &'a str,
    pub(super) sub_path_expr: bool,
    pub(super) read_only: bool,
    /// Whether its volume can be joined; `None` where that stands in the Pod.
    shareable: Option<bool>,
    pub(super) owner: Owner,
}

impl<'a> Claims<'a> {
    pub(super) fn new(pod: &'a Pod<'a>, status: &Status<'_>) -> Self {
        // The status is written anew, with what of it stands.
        let (key, before) = pod.annotation(keys::STATUS).map_or((keys::STATUS.len(), 0), |text| (0, text.len()));
        let status = status.length(pod);
        Claims {
            pod,
            containers: Vec::new(),
            volumes: Vec::new(),
            ports: Vec::new(),
            probed: Vec::new(),
            mounts: Vec::new(),
            last_mounts: Vec::new(),
            env: Vec::new(),
            env_of: HashMap::new(),
            annotations: Vec::new(),
            pull_secrets: Vec::new(),
            annotation_bytes: pod.annotation_bytes() - before + key + status,
            status_is_empty: status == "{}".len(),
        }
    }

    pub(super) fn mark(&self) -> Mark {
        Mark {
            containers: self.containers.len(),
            volumes: self.volumes.len(),
            ports: self.ports.len(),
            probed: self.probed.len(),
            mounts: self.mounts.len(),
            env: self.env.len(),
            annotations: self.annotations.len(),
            pull_secrets: self.pull_secrets.len(),
            annotation_bytes: self.annotation_bytes,
            status_is_empty: self.status_is_empty,
        }
    }

    /// Gives back what was claimed since: a skipped companion claims nothing.
    pub(super) fn give_back(&mut self, mark: Mark) {
        self.containers.truncate(mark.containers);
        self.volumes.truncate(mark.volumes);
        self.ports.truncate(mark.ports);
        self.probed.truncate(mark.probed);
        for mount in self.mounts.drain(mark.mounts..).rev() {
            self.last_mounts[mount.container] = mount.before;
        }
        for claimed in self.env.drain(mark.env..) {
            self.env_of.remove(&claimed);
        }
        self.annotations.truncate(mark.annotations);
        self.pull_secrets.truncate(mark.pull_secrets);
        self.annotation_bytes = mark.annotation_bytes;
        self.status_is_empty = mark.status_is_empty;
    }

    /// Claims room for a companion's entry in the status.
    ///
    /// # Errors
    /// The annotations would be too long.
    pub(super) fn status_entry(&mut self, companion: &str, entry: usize) -> Result<(), Reason> {
        let comma = usize::from(!std::mem::take(&mut self.status_is_empty));
        self.annotation_bytes += comma + companion.len() + r#""":"#.len() + entry;
        if self.annotation_bytes > keys::ANNOTATIONS_LIMIT {
            return Err(Reason::AnnotationsTooLong { bytes: self.annotation_bytes });
        }
        Ok(())
    }

    pub(super) fn container(&mut self, name: &'a str, companion: &'a str) -> Result<(), Reason> {
        let standing = self.pod.containers.iter().find(|c| c.name == name).map(|c| owner(c));
        let claimed = || self.containers.iter().find(|(n, _)| *n == name).map(|(_, by)| Owner::Companion((*by).into()));
        if let Some(by) = standing.or_else(claimed) {
            return Err(Reason::ContainerNameTaken { container: name.into(), by });
        }
        self.containers.push((name, companion));
        Ok(())
    }

    /// Claims the name of a volume that the Pod does not have. Full names of two companions' volumes can be the same:
    /// a volume `b-c` of `a`, and a volume `c` of `a-b`.
    pub(super) fn volume(&mut self, name: &'a str, companion: &'a str) -> Result<(), Reason> {
        if let Some((_, by)) = self.volumes.iter().find(|(n, _)| *n == name) {
            return Err(Reason::VolumeNameTaken { volume: name.into(), by: Some((*by).into()) });
        }
        self.volumes.push((name, companion));
        Ok(())
    }

    /// Claims a port of the Pod's network, or of the node's where `host` says so.
    pub(super) fn port(&mut self, port: Port<'a>) -> Result<(), Reason> {
        let (number, protocol) = (port.number, port.protocol);
        let standing = self.pod.containers.iter().filter(|c| c.keeps_running()).find(|c| {
            self.pod.ports(c).iter().any(|p| {
                let taken = if port.host { p.host_port == Some(number) } else { p.number == number };
                taken && p.protocol == protocol
            })
        });
        let probed = self.probed.iter().filter(|p| p.companion != port.companion);
        let mut claimed = self.ports.iter().chain(probed);
        let claimed = claimed.find(|p| p.number == number && p.protocol == protocol && p.host == port.host);
        let by = standing.map(owner).or_else(|| claimed.map(|p| Owner::Companion(p.companion.into())));
        if let Some(by) = by {
            let protocol = protocol.as_str();
            return Err(if port.host {
                Reason::HostPortTaken { port: number, protocol, by }
            } else {
                Reason::PortTaken { port: number, protocol, by }
            });
        }
        self.ports.push(port);
        Ok(())
    }

    /// Takes note of a port that a companion which is there already listens on, declared by a container or not.
    pub(super) fn standing_port(&mut self, number: u16, protocol: Protocol, companion: &'a str) {
        self.ports.push(Port { number, protocol, host: false, companion });
    }

    /// Takes note of a port that a companion's probe asks: as with containers that stand there, it is taken for those that
    /// come after.
    pub(super) fn probed_port(&mut self, number: u16, companion: &'a str) {
        self.probed.push(Port { number, protocol: Protocol::Tcp, host: false, companion });
    }

    pub(super) fn env(&mut self, container: usize, variable: &'a str, companion: &'a str) -> Result<(), Reason> {
        let view = &self.pod.containers[container];
        let standing = self.pod.env(view).iter().any(|name| name == variable).then(|| owner(view));
        let claimed = || self.env_of.get(&(container, variable)).map(|by| Owner::Companion((*by).into()));
        if let Some(by) = standing.or_else(claimed) {
            return Err(Reason::EnvNameTaken { variable: variable.into(), container: (&*view.name).into(), by });
        }
        self.env.push((container, variable));
        self.env_of.insert((container, variable), companion);
        Ok(())
    }

    /// The mount that stands in an app container at a path, if any: reuse comes before clash.
    ///
    /// # Errors
    /// None stands there, and another lies above or below that path.
    pub(super) fn mount_at(&self, container: usize, path: &str) -> Result<Option<Standing<'a, '_>>, Reason> {
        let view = &self.pod.containers[container];
        if let Some(standing) = self.mounts_of(container, view).find(|s| s.path == path) {
            return Ok(Some(standing));
        }
        let meets = |s: &Standing<'a, '_>| lies_below(s.path, path) || lies_below(path, s.path);
        match self.mounts_of(container, view).find(meets) {
            None => Ok(None),
            Some(Standing { path: other, owner: by, .. }) => Err(Reason::MountPathTaken {
                path: path.into(),
                container: (&*view.name).into(),
                other: other.into(),
                by,
            }),
        }
    }

    /// Whether the volume of a mount that stands there can be joined.
    pub(super) fn is_shareable(&self, standing: &Standing<'_, '_>) -> bool {
        standing.shareable.unwrap_or_else(|| self.pod.volume(standing.volume).is_some_and(|v| v.shareable))
    }

    pub(super) fn mount(&mut self, mut mount: Mount<'a>) {
        self.last_mounts.resize(self.pod.containers.len(), None);
        mount.before = self.last_mounts[mount.container].replace(self.mounts.len());
        self.mounts.push(mount);
    }

    /// Claims an annotation, unless somebody has it; whether it is ours now.
    pub(super) fn annotation(&mut self, key: &'a str, value: &str) -> bool {
        let taken = self.pod.annotation(key).is_some() || self.annotations.contains(&key);
        if !taken {
            self.annotations.push(key);
            self.annotation_bytes += key.len() + value.len();
        }
        !taken
    }

    /// Whether nobody has an annotation.
    pub(super) fn annotation_is_free(&self, key: &str) -> bool {
        self.pod.annotation(key).is_none() && !self.annotations.contains(&key)
    }

    /// Claims a pull secret, unless it is there; whether it is ours now.
    pub(super) fn pull_secret(&mut self, name: &'a str) -> bool {
        let there = self.pod.image_pull_secrets.iter().flatten().any(|n| n == name);
        let taken = there || self.pull_secrets.contains(&name);
        if !taken {
            self.pull_secrets.push(name);
        }
        !taken
    }

    fn mounts_of<'c>(&'c self, container: usize, view: &'c Container<'a>) -> impl Iterator<Item = Standing<'a, 'c>> {
        let own = self.pod.mounts(view).iter().map(move |m| Standing {
            path: &m.path,
            volume: &m.volume,
            sub_path: &m.sub_path,
            sub_path_expr: m.sub_path_expr,
            read_only: m.read_only,
            shareable: None,
            owner: owner(view),
        });
        let last = self.last_mounts.get(container).copied().flatten().map(|at| &self.mounts[at]);
        let claimed = std::iter::successors(last, |mount| mount.before.map(|at| &self.mounts[at]));
        let claimed = claimed.map(|m| Standing {
            path: &m.path,
            volume: m.volume,
            sub_path: m.sub_path,
            sub_path_expr: false,
            read_only: m.read_only,
            shareable: Some(m.shareable),
            owner: Owner::Companion(m.companion.into()),
        });
        own.chain(claimed)
    }
}

fn owner(container: &Container<'_>) -> Owner {
    Owner::Container((&*container.name).into())
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
