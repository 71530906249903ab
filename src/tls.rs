//! The serving certificate: where it comes from, and how it is replaced without losing a connection.
//!
//! ```text
//! CertificateFiles (polled by content) --> Pair (checked) -> Serving (swapped) -> ServerConfig
//! SharedCertificate (a Secret, watched) -'
//! ```

mod authority;
mod client_ca;
pub mod development;
mod files;
mod pair;
mod serving;
mod shared;

pub use client_ca::{ClientCa, ClientCaError, ClientCaFile};
pub use files::{CERTIFICATE_FILE, CertificateFiles, FilesError, KEY_FILE, Reload};
pub use pair::{Pair, PairFault};
pub use serving::{Serving, server_config, server_config_for};
pub use shared::{News, SharedCertificate, SharedMemory};
