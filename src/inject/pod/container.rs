//! Reads one container of a Pod.

use std::borrow::Cow;

use super::limits::{MAX_PARTS, name, push};
use super::parts::{Container, Device, Lifecycle, Mount, Parts, Port};
use crate::inject::container_list::ContainerList;
use crate::inject::names::normalized;
use crate::inject::protocol::Protocol;
use crate::json::{FieldSet, JsonError, Reader};

type Result<T> = std::result::Result<T, JsonError>;

impl<'a> Container<'a> {
    pub(super) fn read(r: &mut Reader<'a>, list: ContainerList, index: usize, parts: &mut Parts<'a>) -> Result<Self> {
        let Parts { env, ports, mounts, devices, env_files } = parts;
        let mut c = Container { list, index, ports: ports.len()..ports.len(), ..Container::default() };
        let mut seen = FieldSet::default();
        let there = r.object(|r, key| match key {
            "name" => seen.insert(0).and_then(|()| name(r)).map(|name| c.name = name),
            "image" => seen.insert(1).and_then(|()| r.string()).map(|image| c.image = image.unwrap_or_default()),
            "restartPolicy" => {
                seen.insert(2)?;
                c.restarts = r.string()?.as_deref() == Some("Always");
                Ok(())
            }
            "env" => {
                seen.insert(3)?;
                let start = env.len();
                let first = narrow(env_files.len());
                let there = r.array(|r, _| {
                    let name = read_env_name(r, env_files)?;
                    push(r, env, name, MAX_PARTS)
                })?;
                c.env = there.then_some(start..env.len());
                c.env_files = first..narrow(env_files.len());
                Ok(())
            }
            "ports" => seen.insert(4).and_then(|()| r.array(|r, _| read_port(r, ports)).map(|_| ())),
            "volumeMounts" => {
                seen.insert(5)?;
                let start = mounts.len();
                let there = r.array(|r, _| {
                    let mount = Mount::read(r)?;
                    push(r, mounts, mount, MAX_PARTS)
                })?;
                c.mounts = there.then_some(start..mounts.len());
                Ok(())
            }
            "volumeDevices" => {
                seen.insert(10)?;
                let start = devices.len();
                r.array(|r, _| {
                    let device = Device::read(r)?;
                    push(r, devices, device, MAX_PARTS)
                })?;
                c.devices = start..devices.len();
                Ok(())
            }
            "livenessProbe" => seen.insert(6).and_then(|()| read_probe(r, ports)),
            "readinessProbe" => seen.insert(7).and_then(|()| read_probe(r, ports)),
            "startupProbe" => seen.insert(8).and_then(|()| read_probe(r, ports)),
            "lifecycle" => seen.insert(9).and_then(|()| Lifecycle::read(r)).map(|lifecycle| c.lifecycle = lifecycle),
            _ => r.skip(),
        })?;
        c.ports.end = ports.len();
        if there { Ok(c) } else { Err(JsonError::new("not an object")) }
    }
}

impl Lifecycle {
    fn read(r: &mut Reader<'_>) -> Result<Self> {
        let mut seen = FieldSet::default();
        let mut pre_stop = false;
        let there = r.object(|r, key| match key {
            "preStop" => seen.insert(0).and_then(|()| r.raw()).map(|hook| pre_stop = hook != "null"),
            _ => r.skip(),
        })?;
        Ok(match (there, pre_stop) {
            (false, _) => Lifecycle::Absent,
            (true, false) => Lifecycle::NoPreStop,
            (true, true) => Lifecycle::PreStop,
        })
    }
}

impl<'a> Mount<'a> {
    fn read(r: &mut Reader<'a>) -> Result<Self> {
        let mut m = Mount {
            volume: Cow::default(),
            path: Cow::default(),
            sub_path: Cow::default(),
            sub_path_expr: false,
            read_only: false,
        };
        let mut seen = FieldSet::default();
        r.object(|r, key| match key {
            "name" => seen.insert(0).and_then(|()| name(r)).map(|name| m.volume = name),
            "mountPath" => {
                seen.insert(1)?;
                m.path = normalized(r.string()?.unwrap_or_default());
                Ok(())
            }
            "subPath" => seen.insert(2).and_then(|()| r.string()).map(|path| m.sub_path = path.unwrap_or_default()),
            "subPathExpr" => {
                seen.insert(3)?;
                m.sub_path_expr = r.string()?.is_some_and(|text| !text.is_empty());
                Ok(())
            }
            "readOnly" => seen.insert(4).and_then(|()| r.boolean()).map(|yes| m.read_only = yes),
            _ => r.skip(),
        })?;
        Ok(m)
    }
}

impl<'a> Device<'a> {
    fn read(r: &mut Reader<'a>) -> Result<Self> {
        let mut device = Device { volume: Cow::default(), path: Cow::default() };
        let mut seen = FieldSet::default();
        r.object(|r, key| match key {
            "name" => seen.insert(0).and_then(|()| name(r)).map(|name| device.volume = name),
            "devicePath" => {
                seen.insert(1)?;
                device.path = normalized(r.string()?.unwrap_or_default());
                Ok(())
            }
            _ => r.skip(),
        })?;
        Ok(device)
    }
}

/// Reads the name of a variable, and the volume that its value is read from, if any (`fileKeyRef`).
fn read_env_name<'a>(r: &mut Reader<'a>, files: &mut Vec<Cow<'a, str>>) -> Result<Cow<'a, str>> {
    let mut seen = FieldSet::default();
    let mut name = None;
    r.object(|r, key| match key {
        "name" => seen.insert(0).and_then(|()| r.string()).map(|text| name = text),
        "valueFrom" => {
            seen.insert(1)?;
            let mut seen = FieldSet::default();
            r.object(|r, key| match key {
                "fileKeyRef" => seen.insert(0).and_then(|()| read_file_key_ref(r, files)),
                _ => r.skip(),
            })
            .map(|_| ())
        }
        _ => r.skip(),
    })?;
    Ok(name.unwrap_or_default())
}

fn read_file_key_ref<'a>(r: &mut Reader<'a>, files: &mut Vec<Cow<'a, str>>) -> Result<()> {
    let mut seen = FieldSet::default();
    r.object(|r, key| match key {
        "volumeName" => {
            seen.insert(0)?;
            let volume = name(r)?;
            push(r, files, volume, MAX_PARTS)
        }
        _ => r.skip(),
    })
    .map(|_| ())
}

/// A place in a list, which the limits bound far below `u32::MAX`.
fn narrow(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

fn read_port(r: &mut Reader<'_>, ports: &mut Vec<Port>) -> Result<()> {
    let mut seen = FieldSet::default();
    let (mut number, mut transport, mut host_port) = (None, Protocol::Tcp, None);
    r.object(|r, key| match key {
        "containerPort" => seen.insert(0).and_then(|()| r.integer()).map(|port| number = port),
        "hostPort" => seen.insert(1).and_then(|()| r.integer()).map(|port| host_port = port),
        "protocol" => {
            seen.insert(2)?;
            transport = Protocol::lenient(r.string()?.as_deref());
            Ok(())
        }
        _ => r.skip(),
    })?;
    // The API server denies a Pod with an invalid port after the webhooks.
    let port = |number: Option<i64>| number.and_then(|n| u16::try_from(n).ok()).filter(|n| *n > 0);
    let Some(number) = port(number) else { return Ok(()) };
    push(r, ports, Port { number, protocol: transport, host_port: port(host_port) }, MAX_PARTS)
}

/// Reads the port that a probe reaches, if it is a number. A name refers to one of the container's declared ports.
fn read_probe(r: &mut Reader<'_>, ports: &mut Vec<Port>) -> Result<()> {
    let mut seen = FieldSet::default();
    r.object(|r, key| match key {
        "httpGet" => seen.insert(0).and_then(|()| read_probe_port(r, ports)),
        "tcpSocket" => seen.insert(1).and_then(|()| read_probe_port(r, ports)),
        "grpc" => seen.insert(2).and_then(|()| read_probe_port(r, ports)),
        _ => r.skip(),
    })
    .map(|_| ())
}

fn read_probe_port(r: &mut Reader<'_>, ports: &mut Vec<Port>) -> Result<()> {
    let mut seen = FieldSet::default();
    r.object(|r, key| match key {
        "port" => {
            seen.insert(0)?;
            if !r.number_is_next() {
                return r.skip();
            }
            let number = r.integer()?.and_then(|n| u16::try_from(n).ok()).filter(|n| *n > 0);
            let Some(number) = number else { return Ok(()) };
            push(r, ports, Port { number, protocol: Protocol::Tcp, host_port: None }, MAX_PARTS)
        }
        _ => r.skip(),
    })
    .map(|_| ())
}
