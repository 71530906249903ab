//! The serving certificate: its source, and how it is replaced without losing a connection. And the CA of clients.
//!
//! ```text
//! CertificateFiles (read at an interval) --> Pair (checked) -> Serving (replaced as a whole) -> ServerConfig
//! SharedCertificate (a Secret, watched) ---'                    ClientCaFile -> ClientCa -------'
//! ```

mod ca;
mod chain;
mod client_ca;
pub mod development;
mod files;
mod metrics;
mod pair;
mod self_managed;
mod serving;
mod trust;

pub use chain::{ChainFault, ServedChain};
pub use client_ca::{ClientCa, ClientCaFile};
pub use files::{CERTIFICATE_FILE, CertificateFiles, KEY_FILE, Reload};
pub use metrics::Metrics;
pub use pair::Pair;
pub use self_managed::{HelmRelease, SharedCertificate, SharedMemory};
pub use serving::{Serving, server_config, server_config_for};
