//! The admission port as its peers see it: real TLS on the loopback interface.

#![allow(clippy::unwrap_used, clippy::panic)] // that is how a test fails

mod client;
mod drain;
mod hostile;
mod process;
mod protocol;
mod refused;
mod rotation;
mod server;
