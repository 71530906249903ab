//! Fits one companion into a Pod, as a whole or not at all.

use std::borrow::Cow;

use super::claims::{Claims, Mount as Given, Port};
use super::companion::{Companion, Endpoint, Mount as Side, Pattern, Placement, Protocol, SharedVolume, Volume};
use super::filled::Filled;
use super::keys;
use super::parameter::{Value, ValueFault, lies_below};
use super::pod::Lifecycle;
use super::reason::{Owner, Reason, Unshareable};
use super::status::Added;
use super::verdict::Via;

/// A companion that fits, with all that varies decided.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub(super) companion: &'a Companion,
    pub(super) via: Via,
    /// Its place in the list that names it, as written.
    pub(super) listed_at: usize,
    /// The value of each parameter, in order.
    pub(super) values: Vec<Option<Filled<'a>>>,
    pub(super) shared: Vec<Shared<'a>>,
    /// The chosen app containers, by their places in the Pod's view.
    pub(super) chosen: &'a [usize],
    /// Volumes to add; those that stand there with the same source are left out.
    pub(super) volumes: Vec<&'a Volume>,
    /// The scrape annotation that keeps ours out, if any.
    pub(super) scrape_kept: Option<&'static str>,
    /// The scrape annotations to add.
    pub(super) scrape: Option<Scrape<'a>>,
    /// Why app containers that were chosen get no sleep before they stop.
    pub(super) pre_stop_refused: Vec<Reason>,
    pub(super) added: Added<'a>,
}

/// The annotations that point Prometheus to a companion.
#[derive(Debug)]
pub(super) struct Scrape<'a> {
    pub(super) port: u16,
    pub(super) path: &'a str,
}

/// A shared volume, with what varies decided.
#[derive(Debug)]
pub(super) struct Shared<'a> {
    /// The volume's name: its own, or that of the one that it joins.
    pub(super) volume: &'a str,
    pub(super) sub_path: &'a str,
    pub(super) companion_path: Cow<'a, str>,
    pub(super) companion_read_only: bool,
    pub(super) app_path: Cow<'a, str>,
    pub(super) app_read_only: bool,
    /// The app containers that get the mount.
    pub(super) app: Vec<usize>,
}

impl<'a> Plan<'a> {
    /// Fits a companion, and claims what it needs.
    ///
    /// # Errors
    /// Why it does not fit; the claims made until then are the caller's to give back.
    pub(super) fn fit(
        companion: &'a Companion,
        via: Via,
        listed_at: usize,
        values: Vec<Option<Filled<'a>>>,
        chosen: &'a [usize],
        claims: &mut Claims<'a>,
    ) -> Result<Self, Reason> {
        let mut plan = Plan {
            companion,
            via,
            listed_at,
            values,
            shared: Vec::with_capacity(companion.shared_volumes.len()),
            chosen,
            volumes: Vec::with_capacity(companion.volumes.len() + companion.shared_volumes.len()),
            scrape_kept: None,
            scrape: None,
            pre_stop_refused: Vec::new(),
            added: Added { kind: companion.kind.as_str(), hash: &companion.hash, ..Added::default() },
        };
        plan.fit_surroundings(claims)?;
        plan.fit_files(claims)?;
        plan.fit_containers(claims)?;
        plan.fit_ports(claims)?;
        plan.fit_volumes(claims)?;
        for shared in &companion.shared_volumes {
            plan.fit_shared(shared, claims)?;
        }
        plan.fit_env(claims)?;
        plan.fit_annotations(claims);
        plan.added.image_pull_secrets =
            companion.image_pull_secrets.iter().map(|n| &**n).filter(|n| claims.pull_secret(n)).collect();
        plan.fit_pre_stop(claims);
        plan.fit_status(claims)?;
        Ok(plan)
    }

    /// The port of an endpoint: its own, or the one that a parameter moves it to.
    pub(super) fn endpoint_port(&self, endpoint: &Endpoint) -> u16 {
        match endpoint.parameter.and_then(|p| self.value(p)) {
            Some(Value::Port(port)) => *port,
            _ => endpoint.port,
        }
    }

    /// A port that moves with an endpoint, where it is one's.
    fn moved(&self, port: u16, endpoint: Option<u8>) -> u16 {
        let endpoint = endpoint.and_then(|e| self.companion.endpoints.get(usize::from(e)));
        endpoint.map_or(port, |e| self.endpoint_port(e))
    }

    /// The value of a parameter.
    pub(super) fn value(&self, parameter: u8) -> Option<&Value<'a>> {
        Some(&self.values.get(usize::from(parameter))?.as_ref()?.value)
    }

    /// What is wrong with the value of a parameter, where only the whole companion shows it.
    fn invalid(&self, parameter: u8, fault: ValueFault) -> Option<Reason> {
        let parameter = usize::from(parameter);
        let given = self.values.get(parameter)?.as_ref()?.given;
        let (companion, parameter) =
            (self.companion.name.clone(), self.companion.parameters.get(parameter)?.name.clone());
        Some(Reason::ParameterInvalid { companion, parameter, fault, given, message: None })
    }

    fn fit_surroundings(&self, claims: &Claims<'a>) -> Result<(), Reason> {
        if claims.pod.host_network && !self.companion.allows_host_network {
            return Err(Reason::HostNetwork);
        }
        if claims.pod.windows {
            return Err(Reason::Windows);
        }
        if self.companion.placement == Placement::Container && !claims.pod.restarts {
            return Err(Reason::WouldNeverEnd);
        }
        Ok(())
    }

    fn fit_files(&mut self, claims: &mut Claims<'a>) -> Result<(), Reason> {
        for file in &self.companion.files {
            match claims.pod.annotation(&file.key) {
                Some(content) if *content == *file.content => {}
                Some(_) => return Err(Reason::FileOverridden { key: file.key.clone() }),
                None => {
                    if claims.annotation(&file.key, &file.content) {
                        self.added.annotations.push(&file.key);
                    }
                }
            }
        }
        Ok(())
    }

    fn fit_containers(&mut self, claims: &mut Claims<'a>) -> Result<(), Reason> {
        for (container, init) in self.companion.identities() {
            claims.container(&container.name, &self.companion.name)?;
            let list = if init { &mut self.added.init_containers } else { &mut self.added.containers };
            list.push(&container.name);
        }
        Ok(())
    }

    /// Claims the ports of the companion's long-running containers, its endpoints and what it exposes, each once.
    fn fit_ports(&mut self, claims: &mut Claims<'a>) -> Result<(), Reason> {
        let companion = self.companion;
        // Port and protocol, and the endpoint that it belongs to.
        let mut own: Vec<(u16, Protocol, Option<usize>)> = Vec::new();
        for (i, endpoint) in companion.endpoints.iter().enumerate() {
            own.push((self.endpoint_port(endpoint), endpoint.protocol, Some(i)));
        }
        for port in companion.containers.iter().flat_map(|c| &c.ports) {
            own.push((self.moved(port.number, port.endpoint), port.protocol, port.endpoint.map(usize::from)));
            if let Some(number) = port.host_port {
                claims.port(Port { number, protocol: port.protocol, host: true, companion: &companion.name })?;
            }
        }
        let exposed = companion.exposes.as_ref();
        own.extend(exposed.map(|e| (self.moved(e.port, e.endpoint), Protocol::Tcp, e.endpoint.map(usize::from))));
        for (i, (number, protocol, belongs_to)) in own.iter().copied().enumerate() {
            let before = own[..i].iter().find(|(n, p, _)| *n == number && *p == protocol);
            match before {
                None => {
                    claims.port(Port { number, protocol, host: false, companion: &companion.name })?;
                    self.added.ports.push((number, protocol));
                }
                Some((_, _, same)) if *same == belongs_to => {}
                // Two ports of the companion itself meet only where a parameter moved one of them.
                Some((_, _, other)) => {
                    let movers =
                        [belongs_to, *other].into_iter().flatten().filter_map(|e| companion.endpoints[e].parameter);
                    let moved = blamed(movers.filter_map(|p| self.invalid(p, ValueFault::MeetsPort(number))));
                    return Err(moved.unwrap_or_else(|| {
                        let by = Owner::Companion(companion.name.clone());
                        Reason::PortTaken { port: number, protocol: protocol.as_str(), by }
                    }));
                }
            }
        }
        for port in companion.containers.iter().flat_map(|c| &c.probed) {
            claims.probed_port(self.moved(port.number, port.endpoint), &companion.name);
        }
        Ok(())
    }

    fn fit_volumes(&mut self, claims: &mut Claims<'a>) -> Result<(), Reason> {
        for volume in &self.companion.volumes {
            self.fit_volume(volume, claims)?;
        }
        Ok(())
    }

    fn fit_volume(&mut self, volume: &'a Volume, claims: &mut Claims<'a>) -> Result<(), Reason> {
        match claims.pod.volume(&volume.name) {
            None => {
                claims.volume(&volume.name, &self.companion.name)?;
                self.volumes.push(volume);
                self.added.volumes.push(&volume.name);
                Ok(())
            }
            Some(standing) if same_json(standing.json, &volume.json) => Ok(()),
            Some(_) => Err(Reason::VolumeNameTaken { volume: volume.name.clone(), by: None }),
        }
    }

    fn fit_shared(&mut self, shared: &'a SharedVolume, claims: &mut Claims<'a>) -> Result<(), Reason> {
        let (app_path, companion_path) = (self.path(&shared.app), self.path(&shared.companion));
        self.fit_companion_mount(shared, &companion_path)?;
        let (joined, app) = self.join(shared, &app_path, claims)?;
        let (volume, sub_path, shareable) = if let Some((volume, sub_path)) = joined {
            (volume, sub_path, true)
        } else {
            self.fit_volume(&shared.volume, claims)?;
            (&*shared.volume.name, "", shared.shareable)
        };
        for container in &app {
            claims.mount(Given {
                container: *container,
                path: app_path.clone(),
                volume,
                sub_path,
                read_only: shared.app.read_only,
                shareable,
                companion: &self.companion.name,
                before: None,
            });
            self.added.mounts.push((&claims.pod.containers[*container].name, app_path.clone()));
        }
        self.shared.push(Shared {
            volume,
            sub_path,
            companion_path,
            companion_read_only: shared.companion.read_only,
            app_path,
            app_read_only: shared.app.read_only,
            app,
        });
        Ok(())
    }

    /// A path that a parameter moved must not meet what the companion mounts itself; the gate saw to all others.
    fn fit_companion_mount(&self, shared: &'a SharedVolume, path: &str) -> Result<(), Reason> {
        if shared.companion.parameter.is_none() {
            return Ok(());
        }
        let meets = |other: &str| other == path || lies_below(other, path) || lies_below(path, other);
        let own = self.companion.identities().flat_map(|(c, _)| c.mount_paths.iter());
        let own = own.map(|path| (Cow::Borrowed(&**path), None));
        let shared_ones = self.companion.shared_volumes.iter().filter(|other| !std::ptr::eq(*other, shared));
        let mut others = own.chain(shared_ones.map(|o| (self.path(&o.companion), o.companion.parameter)));
        let Some((other, its)) = others.find(|(other, _)| meets(other)) else { return Ok(()) };
        let fault = |parameter: Option<u8>, met: &str| self.invalid(parameter?, ValueFault::MeetsMount(met.into()));
        let faults = [fault(shared.companion.parameter, &other), fault(its, path)];
        blamed(faults.into_iter().flatten()).map_or(Ok(()), Err)
    }

    /// Where a side of a shared volume is mounted: its own path, or the one that a parameter moves it to.
    fn path(&self, side: &'a Side) -> Cow<'a, str> {
        match side.parameter.and_then(|p| self.value(p)) {
            Some(Value::Path(path)) => path.clone(),
            _ => Cow::Borrowed(&*side.path),
        }
    }

    /// The volume and sub-path that the app mounts there already, if any, and the containers that lack the mount.
    #[allow(clippy::type_complexity)]
    fn join(
        &self,
        shared: &SharedVolume,
        path: &str,
        claims: &Claims<'a>,
    ) -> Result<(Option<(&'a str, &'a str)>, Vec<usize>), Reason> {
        let mut joined: Option<(&str, &str)> = None;
        let mut lacking = Vec::with_capacity(self.chosen.len());
        for container in self.chosen {
            let Some(standing) = claims.mount_at(*container, path)? else {
                lacking.push(*container);
                continue;
            };
            if matches!(&standing.owner, Owner::Companion(by) if *by == self.companion.name) {
                let container = (&*claims.pod.containers[*container].name).into();
                return Err(Reason::MountPathTaken {
                    path: path.into(),
                    container,
                    other: path.into(),
                    by: standing.owner,
                });
            }
            let must_write = self.companion.pattern == Pattern::Adapter && !shared.app.read_only;
            let why = if standing.sub_path_expr {
                Some(Unshareable::SubPathExpr)
            } else if !shared.joins {
                Some(Unshareable::OwnSource)
            } else if !claims.is_shareable(&standing) {
                Some(Unshareable::Source)
            } else if joined.is_some_and(|other| other != (standing.volume, standing.sub_path)) {
                Some(Unshareable::TwoVolumes)
            } else if must_write && standing.read_only {
                Some(Unshareable::ReadOnly)
            } else {
                None
            };
            if let Some(why) = why {
                return Err(Reason::VolumeNotShareable { path: path.into(), by: standing.owner, why });
            }
            joined = Some((standing.volume, standing.sub_path));
        }
        Ok((joined, lacking))
    }

    fn fit_env(&mut self, claims: &mut Claims<'a>) -> Result<(), Reason> {
        let companion = self.companion;
        let endpoints = companion.endpoints.iter().flat_map(|e| e.host_env.iter().chain(&e.port_env));
        let names = endpoints.chain(companion.app_env.iter().map(|e| &e.name));
        for name in names {
            for container in self.chosen {
                claims.env(*container, name, &companion.name)?;
                self.added.env.push((&claims.pod.containers[*container].name, name));
            }
        }
        Ok(())
    }

    fn fit_annotations(&mut self, claims: &mut Claims<'a>) {
        for (key, value) in &self.companion.pod_annotations {
            if claims.annotation(key, value) {
                self.added.annotations.push(key);
            }
        }
        let Some(exposes) = &self.companion.exposes else { return };
        let scrape = Scrape { port: self.moved(exposes.port, exposes.endpoint), path: &exposes.path };
        let port = scrape.port.to_string();
        let ours = [(keys::SCRAPE, "true"), (keys::SCRAPE_PORT, &*port), (keys::SCRAPE_PATH, scrape.path)];
        if ours.iter().all(|(key, value)| claims.pod.annotation(key) == Some(value)) {
            return;
        }
        // All or none: half of ours and half of another's would point to nothing.
        self.scrape_kept = ours.iter().map(|(key, _)| *key).find(|key| !claims.annotation_is_free(key));
        if self.scrape_kept.is_none() {
            for (key, value) in ours {
                claims.annotation(key, value);
                self.added.annotations.push(key);
            }
            self.scrape = Some(scrape);
        }
    }

    /// Takes note of every sleep that it may give; of several companions' the longest is given in the end.
    fn fit_pre_stop(&mut self, claims: &Claims<'a>) {
        let Some(seconds) = self.companion.pre_stop_sleep else { return };
        let grace = claims.pod.grace_seconds;
        for container in self.chosen.iter().map(|c| &claims.pod.containers[*c]).filter(|c| !c.init) {
            let name = &*container.name;
            if container.lifecycle == Lifecycle::PreStop {
                self.pre_stop_refused.push(Reason::PreStopKept { container: name.into() });
            } else if i64::from(seconds) >= grace {
                self.pre_stop_refused.push(Reason::PreStopTooLong { container: name.into(), seconds, grace });
            } else {
                self.added.pre_stop.push((name, seconds));
            }
        }
    }

    fn fit_status(&mut self, claims: &mut Claims<'a>) -> Result<(), Reason> {
        // The status is an object of arrays by container.
        self.added.mounts.sort_by_key(|(container, _)| *container);
        self.added.env.sort_by_key(|(container, _)| *container);
        let mut entry = Vec::with_capacity(256);
        self.added.write(&mut entry);
        claims.status_entry(&self.companion.name, entry.len())
    }
}

/// Of parameters that cannot go together, the one that the Pod gave: what it wrote wrongly is never a silent default.
fn blamed(faults: impl Iterator<Item = Reason>) -> Option<Reason> {
    let given = |fault: &Reason| matches!(fault, Reason::ParameterInvalid { given: true, .. });
    let mut faults: Vec<Reason> = faults.collect();
    let at = faults.iter().position(given).unwrap_or_default();
    (!faults.is_empty()).then(|| faults.swap_remove(at))
}

/// Whether a volume of a Pod says the same as one of ours. Read whole it takes sixty times as much memory; what is so much
/// longer than ours, blanks and defaults included, says something else.
fn same_json(theirs: &str, ours: &str) -> bool {
    let read = |text| serde_json::from_str::<serde_json::Value>(text);
    theirs.len() <= 4 * ours.len() + 1024
        && match (read(theirs), read(ours)) {
            (Ok(theirs), Ok(ours)) => theirs == ours,
            _ => false,
        }
}
