//! The names of Services (Kubernetes DNS-Based Service Discovery 1.1.0), for as much of it as Pods of examples ask.
//!
//! The crate `hickory-server` would be a server for all of DNS; one kind of record over UDP needs no dependency.

use std::sync::Arc;

use anyhow::Context as _;
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::Client;
use kube::api::{Api, ListParams};
use tokio::net::UdpSocket;

use crate::control_plane::apart::ADDRESS;

/// The domain of the cluster.
pub const DOMAIN: &str = "cluster.local";

/// Codes of responses (RFC 1035, section 4.1.1).
const NO_ERROR: u8 = 0;
const NO_SUCH_NAME: u8 = 3;

/// Types and classes of records (RFC 1035, section 3.2).
const A: u16 = 1;
const INTERNET: u16 = 1;

/// How many seconds clients may remember a response.
const LIFETIME: u32 = 1;

/// Answers questions about Services for as long as this program lives.
///
/// # Errors
/// The port cannot be opened.
pub async fn serve(client: Client) -> anyhow::Result<()> {
    let socket = Arc::new(UdpSocket::bind((ADDRESS, 53)).await.context("cannot serve DNS")?);
    tokio::spawn(async move {
        let mut buffer = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            let (socket, client, query) = (Arc::clone(&socket), client.clone(), buffer[..length].to_vec());
            tokio::spawn(async move {
                if let Some(response) = response(&client, &query).await {
                    // A client that does not get it asks again.
                    let _ = socket.send_to(&response, from).await;
                }
            });
        }
    });
    Ok(())
}

/// The first question of a query.
struct Question {
    name: Vec<String>,
    kind: u16,
    /// The length of the query up to the end of the question.
    end: usize,
}

async fn response(client: &Client, query: &[u8]) -> Option<Vec<u8>> {
    let question = question(query)?;
    let addresses = addresses(client, &question.name).await;
    let code = if addresses.is_some() { NO_ERROR } else { NO_SUCH_NAME };
    let addresses: Vec<[u8; 4]> = addresses.into_iter().flatten().filter(|_| question.kind == A).collect();
    let mut response = query[..2].to_vec();
    // A response, authoritative, with recursion desired and available.
    response.extend([0b1000_0101, 0b1000_0000 | code, 0, 1, 0, u8::try_from(addresses.len()).ok()?, 0, 0, 0, 0]);
    response.extend(&query[12..question.end]);
    for address in addresses {
        // A pointer to the name in the question.
        response.extend([0xc0, 12]);
        response.extend([A, INTERNET].iter().flat_map(|field| field.to_be_bytes()));
        response.extend(LIFETIME.to_be_bytes());
        response.extend([0, 4]);
        response.extend(address);
    }
    Some(response)
}

fn question(query: &[u8]) -> Option<Question> {
    let (mut name, mut at) = (Vec::new(), 12);
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        name.push(String::from_utf8_lossy(query.get(at..at + length)?).to_lowercase());
        at += length;
    }
    let kind = u16::from_be_bytes([*query.get(at)?, *query.get(at + 1)?]);
    (query.len() >= at + 4).then_some(Question { name, kind, end: at + 4 })
}

/// The addresses of `SERVICE.NAMESPACE.svc.DOMAIN`, and of one endpoint of it by its host name; nothing where there is no
/// such name.
async fn addresses(client: &Client, name: &[String]) -> Option<Vec<[u8; 4]>> {
    let (below, domain) = name.split_at_checked(name.len().checked_sub(3)?)?;
    if domain.join(".") != format!("svc.{DOMAIN}") {
        return None;
    }
    let (service, namespace, host) = match below {
        [service, namespace] => (service, namespace, None),
        [host, service, namespace] => (service, namespace, Some(host)),
        _ => return None,
    };
    let services: Api<Service> = Api::namespaced(client.clone(), namespace);
    let address = services.get_opt(service).await.ok()??.spec?.cluster_ip?;
    if let (Ok(address), None) = (address.parse::<std::net::Ipv4Addr>(), host) {
        return Some(vec![address.octets()]);
    }
    endpoints(client, namespace, service, host).await
}

async fn endpoints(client: &Client, namespace: &str, service: &str, host: Option<&String>) -> Option<Vec<[u8; 4]>> {
    let slices: Api<EndpointSlice> = Api::namespaced(client.clone(), namespace);
    let of_service = ListParams::default().labels(&format!("kubernetes.io/service-name={service}"));
    let endpoints =
        slices.list(&of_service).await.ok()?.items.into_iter().filter_map(|slice| slice.endpoints).flatten();
    let is_ready = |ready: Option<bool>| ready != Some(false);
    let named = endpoints.filter(|endpoint| host.is_none() || endpoint.hostname.as_ref() == host);
    let ready = named.filter(|endpoint| is_ready(endpoint.conditions.as_ref().and_then(|c| c.ready)));
    let addresses = ready.flat_map(|endpoint| endpoint.addresses);
    let addresses: Vec<_> = addresses.filter_map(|a| Some(a.parse::<std::net::Ipv4Addr>().ok()?.octets())).collect();
    (!addresses.is_empty()).then_some(addresses)
}
