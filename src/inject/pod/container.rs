//! Reads one container of a Pod.

use std::borrow::Cow;

use super::limits::{MAX_PARTS, name, narrow, push};
use super::parts::{Container, Device, Lifecycle, Mount, Parts, Port};
use super::windows;
use crate::inject::container_list::ContainerList;
use crate::inject::names::normalized;
use crate::inject::protocol::Protocol;
use crate::json::{Expected, JsonError, Reader, field};

type Result<T> = std::result::Result<T, JsonError>;

/// A container while it is read. Its lists are appended to those of the Pod.
struct ContainerReader<'p, 'a> {
    container: Container<'a>,
    parts: &'p mut Parts<'a>,
}

impl<'a> Container<'a> {
    pub(super) fn read(r: &mut Reader<'a>, list: ContainerList, index: usize, parts: &mut Parts<'a>) -> Result<Self> {
        let ports = narrow(parts.ports.len())..narrow(parts.ports.len());
        let container = Container { list, index, ports, ..Container::default() };
        let mut state = ContainerReader { container, parts };
        let (is_object, json) = r.with_text(|r| {
            r.fields(
                &mut state,
                &const {
                    [
                        field("name", |c, r| name(r).map(|name| c.container.name = name)),
                        field("image", |c, r| r.string_or_empty().map(|image| c.container.image = image)),
                        field("restartPolicy", ContainerReader::restart_policy),
                        field("env", ContainerReader::env),
                        field("envFrom", ContainerReader::env_from),
                        field("ports", |c, r| r.array(|r, _| read_port(r, &mut c.parts.ports)).map(|_| ())),
                        field("volumeMounts", ContainerReader::mounts),
                        field("volumeDevices", ContainerReader::devices),
                        field("livenessProbe", |c, r| read_probe(r, &mut c.parts.ports)),
                        field("readinessProbe", |c, r| read_probe(r, &mut c.parts.ports)),
                        field("startupProbe", |c, r| read_probe(r, &mut c.parts.ports)),
                        field("securityContext", |c, r| {
                            windows::read_security_context(r).map(|yes| c.parts.windows_options |= yes)
                        }),
                        field("lifecycle", |c, r| {
                            Lifecycle::read(r).map(|lifecycle| c.container.lifecycle = lifecycle)
                        }),
                    ]
                },
            )
        })?;
        let ContainerReader { mut container, parts } = state;
        container.json = json;
        container.ports.end = narrow(parts.ports.len());
        if is_object { Ok(container) } else { Err(JsonError::expected(Expected::Object)) }
    }
}

impl<'a> ContainerReader<'_, 'a> {
    fn restart_policy(&mut self, r: &mut Reader<'a>) -> Result<()> {
        let policy = r.string()?;
        self.container.has_restart_policy = policy.is_some();
        self.container.restarts = policy.as_deref() == Some("Always");
        Ok(())
    }

    fn env(&mut self, r: &mut Reader<'a>) -> Result<()> {
        let Parts { env, env_files, .. } = &mut *self.parts;
        let first = narrow(env_files.len());
        self.container.env = env.read(r, env_files)?;
        self.container.env_files = first..narrow(env_files.len());
        Ok(())
    }

    fn env_from(&mut self, r: &mut Reader<'a>) -> Result<()> {
        let prefixes = &mut self.parts.env_prefixes;
        let start = narrow(prefixes.len());
        r.array(|r, _| {
            let mut prefix = Cow::default();
            r.fields(
                &mut prefix,
                &const { [field("prefix", |prefix, r| r.string_or_empty().map(|text| *prefix = text))] },
            )?;
            push(r, prefixes, prefix, MAX_PARTS)
        })?;
        self.container.env_prefixes = start..narrow(prefixes.len());
        Ok(())
    }

    fn mounts(&mut self, r: &mut Reader<'a>) -> Result<()> {
        let mounts = &mut self.parts.mounts;
        let start = narrow(mounts.len());
        let is_array = r.array(|r, _| {
            let mount = Mount::read(r)?;
            push(r, mounts, mount, MAX_PARTS)
        })?;
        self.container.mounts = is_array.then_some(start..narrow(mounts.len()));
        Ok(())
    }

    fn devices(&mut self, r: &mut Reader<'a>) -> Result<()> {
        let devices = &mut self.parts.devices;
        let start = narrow(devices.len());
        r.array(|r, _| {
            let device = Device::read(r)?;
            push(r, devices, device, MAX_PARTS)
        })?;
        self.container.devices = start..narrow(devices.len());
        Ok(())
    }
}

impl Lifecycle {
    fn read(r: &mut Reader<'_>) -> Result<Self> {
        let mut pre_stop = false;
        let is_object = r.fields(
            &mut pre_stop,
            &const { [field("preStop", |pre_stop, r| r.raw_unless_null().map(|hook| *pre_stop = hook.is_some()))] },
        )?;
        Ok(match (is_object, pre_stop) {
            (false, _) => Lifecycle::Absent,
            (true, false) => Lifecycle::NoPreStop,
            (true, true) => Lifecycle::PreStop,
        })
    }
}

impl<'a> Mount<'a> {
    fn read(r: &mut Reader<'a>) -> Result<Self> {
        let mut mount = Mount::default();
        r.fields(
            &mut mount,
            &const {
                [
                    field("name", |mount, r| name(r).map(|name| mount.volume = name)),
                    field("mountPath", |mount, r| r.string_or_empty().map(|path| mount.path = normalized(path))),
                    field("subPath", |mount, r| r.string_or_empty().map(|path| mount.sub_path = path)),
                    field("subPathExpr", |mount, r| {
                        r.string_or_empty().map(|text| mount.sub_path_expr = !text.is_empty())
                    }),
                    field("readOnly", |mount, r| r.boolean().map(|yes| mount.read_only = yes)),
                ]
            },
        )?;
        Ok(mount)
    }
}

impl<'a> Device<'a> {
    fn read(r: &mut Reader<'a>) -> Result<Self> {
        let mut device = Device::default();
        r.fields(
            &mut device,
            &const {
                [
                    field("name", |device, r| name(r).map(|name| device.volume = name)),
                    field("devicePath", |device, r| r.string_or_empty().map(|path| device.path = normalized(path))),
                ]
            },
        )?;
        Ok(device)
    }
}

/// The fields of a port as they are declared.
#[derive(Default)]
struct DeclaredPort {
    number: Option<i64>,
    protocol: Option<Protocol>,
    host_port: Option<i64>,
}

fn read_port(r: &mut Reader<'_>, ports: &mut Vec<Port>) -> Result<()> {
    let mut declared = DeclaredPort::default();
    r.fields(
        &mut declared,
        &const {
            [
                field("containerPort", |port, r| r.integer().map(|number| port.number = number)),
                field("hostPort", |port, r| r.integer().map(|number| port.host_port = number)),
                field("protocol", |port, r| {
                    r.string().map(|text| port.protocol = Some(Protocol::lenient(text.as_deref())))
                }),
            ]
        },
    )?;
    let Some(number) = port_number(declared.number) else { return Ok(()) };
    let protocol = declared.protocol.unwrap_or(Protocol::Tcp);
    push(r, ports, Port { number, protocol, host_port: port_number(declared.host_port), probed: false }, MAX_PARTS)
}

fn port_number(number: Option<i64>) -> Option<u16> {
    number.and_then(|n| u16::try_from(n).ok()).filter(|n| *n > 0)
}

/// Where a probe connects to.
#[derive(Default)]
struct ProbeTarget {
    port: Option<u16>,
    /// Whether `host` is set: the kubelet then connects to that host instead of the Pod. `localhost` is the node.
    other_host: bool,
}

/// Reads the port that a probe reaches in the Pod, where it is a number. A name refers to one of the container's own
/// ports. Lifecycle hooks are not read: a preStop hook often asks another container to stop.
fn read_probe(r: &mut Reader<'_>, ports: &mut Vec<Port>) -> Result<()> {
    r.fields(
        ports,
        &const {
            [field("httpGet", read_probe_action), field("tcpSocket", read_probe_action), field("grpc", read_grpc_probe)]
        },
    )
    .map(|_| ())
}

fn read_probe_action(ports: &mut Vec<Port>, r: &mut Reader<'_>) -> Result<()> {
    let mut target = ProbeTarget::default();
    r.fields(
        &mut target,
        &const {
            [
                field("port", |target, r| read_probe_port(r).map(|port| target.port = port)),
                field("host", |target, r| r.string_or_empty().map(|host| target.other_host = !host.is_empty())),
            ]
        },
    )?;
    let port = target.port.filter(|_| !target.other_host);
    push_probed(r, ports, port)
}

/// The action `grpc` has no `host`.
fn read_grpc_probe(ports: &mut Vec<Port>, r: &mut Reader<'_>) -> Result<()> {
    let mut port = None;
    r.fields(&mut port, &const { [field("port", |port, r| read_probe_port(r).map(|number| *port = number))] })?;
    push_probed(r, ports, port)
}

fn read_probe_port(r: &mut Reader<'_>) -> Result<Option<u16>> {
    if r.number_is_next() { r.integer().map(port_number) } else { r.skip().map(|()| None) }
}

fn push_probed(r: &mut Reader<'_>, ports: &mut Vec<Port>, port: Option<u16>) -> Result<()> {
    let Some(number) = port else { return Ok(()) };
    push(r, ports, Port { number, protocol: Protocol::Tcp, host_port: None, probed: true }, MAX_PARTS)
}
