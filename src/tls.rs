//! The serving certificate: where it comes from, and how it is replaced without losing a connection.
//!
//! ```text
//! CertificateFiles (polled by content) -> Pair (checked) -> Serving (swapped) -> ServerConfig
//! ```

pub mod development;
mod files;
mod pair;
mod serving;

pub use files::{CERTIFICATE_FILE, CertificateFiles, FilesError, KEY_FILE, Reload};
pub use pair::{Pair, PairFault};
pub use serving::{Serving, server_config};
