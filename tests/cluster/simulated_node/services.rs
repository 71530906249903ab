//! Services as the node's Pods reach them: by variables, and at their addresses, which kube-proxy serves otherwise.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use k8s_openapi::api::core::v1::{Service, ServicePort};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::{Api, ListParams};
use kube::{Client, ResourceExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::control_plane::apart::run;

/// The Services whose addresses are answered at, so far.
pub struct Services {
    client: Client,
    /// Service, address and port.
    open: Mutex<HashSet<(String, String, u16)>>,
}

impl Services {
    /// None yet.
    pub fn new(client: Client) -> Self {
        Services { client, open: Mutex::default() }
    }

    /// The variables that name the Services of a namespace, which can be reached from now on.
    pub async fn links(&self, namespace: &str) -> anyhow::Result<Vec<(String, String)>> {
        let services: Api<Service> = Api::namespaced(self.client.clone(), namespace);
        let mut variables = Vec::new();
        for service in services.list(&ListParams::default()).await? {
            let spec = service.spec.as_ref().expect("a Service has a specification");
            let Some(address) = spec.cluster_ip.as_deref().filter(|address| *address != "None") else { continue };
            let word = service.name_any().to_uppercase().replace('-', "_");
            variables.push((format!("{word}_SERVICE_HOST"), address.to_owned()));
            for (number, port) in spec.ports.iter().flatten().enumerate() {
                if number == 0 {
                    variables.push((format!("{word}_SERVICE_PORT"), port.port.to_string()));
                }
                self.open(namespace, &service.name_any(), address, port).await?;
            }
        }
        Ok(variables)
    }

    async fn open(&self, namespace: &str, service: &str, address: &str, port: &ServicePort) -> anyhow::Result<()> {
        let number = u16::try_from(port.port)?;
        let key = (service.to_owned(), address.to_owned(), number);
        if !self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(key) {
            return Ok(());
        }
        // It is there already where another port of the same Service has been opened.
        let _ = run(&["ip", "address", "add", &format!("{address}/32"), "dev", "lo"]);
        let listener = TcpListener::bind((address, number)).await?;
        let slices = Api::namespaced(self.client.clone(), namespace);
        let backend = Arc::new(Backend { slices, service: service.to_owned(), port: port.name.clone() });
        tokio::spawn(async move {
            while let Ok((mut inside, _)) = listener.accept().await {
                let backend = Arc::clone(&backend);
                tokio::spawn(async move {
                    // Where no endpoint is ready the connection ends, as a refused one does.
                    let Some(mut outside) = backend.connect().await else { return };
                    let _ = tokio::io::copy_bidirectional(&mut inside, &mut outside).await;
                });
            }
        });
        Ok(())
    }
}

/// Where connections to one port of a Service go.
struct Backend {
    slices: Api<EndpointSlice>,
    service: String,
    port: Option<String>,
}

impl Backend {
    async fn connect(&self) -> Option<TcpStream> {
        let of_service = ListParams::default().labels(&format!("kubernetes.io/service-name={}", self.service));
        for slice in self.slices.list(&of_service).await.ok()? {
            let port = slice.ports.iter().flatten().find(|p| p.name == self.port).and_then(|p| p.port);
            let Some(port) = port.and_then(|port| u16::try_from(port).ok()) else { continue };
            let ready = |endpoint: &&k8s_openapi::api::discovery::v1::Endpoint| {
                endpoint.conditions.as_ref().is_some_and(|conditions| conditions.ready == Some(true))
            };
            for endpoint in slice.endpoints.iter().flatten().filter(ready) {
                if let Ok(stream) = TcpStream::connect((endpoint.addresses.first()?.as_str(), port)).await {
                    return Some(stream);
                }
            }
        }
        None
    }
}
