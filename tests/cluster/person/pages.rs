//! The systems for clients of this machine, which are in another network than the cluster.
//!
//! All of them have one port. `http://NAME.localhost` is a Service: browsers and curl resolve every name below `localhost`
//! to the machine itself (RFC 6761, section 6.3). A client that speaks Git's own protocol gets the Git server.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use crate::cluster::Cluster;

/// A name, with the namespace, the Service and the port for it.
const SERVICES: [(&str, &str, &str, u16); 7] = [
    ("pages", "pages", "pages", 80),
    (GIT, "pages", "git-server", 9418),
    ("visits", "visits", "visits", 80),
    ("shop", "shop", "shop", 80),
    ("orders", "measured", "orders", 80),
    ("catalog", "measured", "catalog", 80),
    ("prometheus", "monitoring", "prometheus", 80),
];

const GIT: &str = "git";

/// How much of a request is looked at, in bytes. Servers of HTTP limit headers to this and less.
const HEAD: usize = 16 * 1024;

/// How often a request that is not complete is looked at, and the pause between.
const LOOKS: usize = 100;
const PAUSE: Duration = Duration::from_millis(20);

const NOT_FOUND: &str = "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n\
                         Not found. Open NAME.localhost, where NAME is one of: ";

/// Forwards connections to Services for as long as this program lives.
///
/// # Errors
/// A Service has no address.
pub async fn serve(cluster: &Cluster, listener: std::net::TcpListener) -> anyhow::Result<()> {
    let mut addresses = BTreeMap::new();
    for (name, namespace, service, port) in SERVICES {
        let service = cluster.get(&format!("/api/v1/namespaces/{namespace}/services/{service}")).await.body;
        let address: Ipv4Addr = service["spec"]["clusterIP"].as_str().context("no address")?.parse()?;
        addresses.insert(name, SocketAddr::from((address, port)));
    }
    listener.set_nonblocking(true)?;
    let (listener, addresses) = (TcpListener::from_std(listener)?, Arc::new(addresses));
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let addresses = Arc::clone(&addresses);
            tokio::spawn(async move { forward(client, &addresses).await });
        }
    });
    Ok(())
}

/// Forwards one connection until either side closes it.
async fn forward(mut client: TcpStream, addresses: &BTreeMap<&str, SocketAddr>) -> anyhow::Result<()> {
    let name = requested(&client).await?;
    match addresses.get(name.as_str()) {
        Some(address) => {
            let mut service = TcpStream::connect(address).await?;
            tokio::io::copy_bidirectional(&mut client, &mut service).await?;
        }
        None => {
            let names: Vec<&str> = addresses.keys().copied().filter(|name| *name != GIT).collect();
            client.write_all(format!("{NOT_FOUND}{}\n", names.join(", ")).as_bytes()).await?;
            client.shutdown().await?;
            // A connection that is closed before all of the request is read would be reset, and the response lost.
            tokio::io::copy(&mut client, &mut tokio::io::sink()).await?;
        }
    }
    Ok(())
}

/// The name that the first request of a connection is for. The request remains to be read.
async fn requested(client: &TcpStream) -> anyhow::Result<String> {
    let mut start = vec![0; HEAD];
    for _ in 0..LOOKS {
        let length = client.peek(&mut start).await?;
        if let Some(name) = name(&String::from_utf8_lossy(&start[..length])) {
            return Ok(name.to_owned());
        }
        tokio::time::sleep(PAUSE).await;
    }
    anyhow::bail!("no request")
}

/// Nothing where more of the request is needed.
fn name(start: &str) -> Option<&str> {
    // A length of four digits, then the name of a service (gitprotocol-pack(5)).
    if start.get(4..).is_some_and(|rest| rest.starts_with("git-")) {
        return Some(GIT);
    }
    let (head, _) = start.split_once("\r\n\r\n")?;
    let headers = head.lines().filter_map(|line| line.split_once(':'));
    let host = headers.filter(|(name, _)| name.eq_ignore_ascii_case("host")).map(|(_, host)| host.trim()).next();
    host.unwrap_or_default().split(['.', ':']).next()
}
