//! The admission port as its peers see it: real TLS on the loopback interface.

#![allow(clippy::unwrap_used, clippy::panic)] // that is how a test fails

mod client;
mod client_ca;
mod drain;
mod hostile;
mod limits;
mod memory;
mod offload;
mod pressure;
mod probes;
mod process;
mod protocol;
mod refused;
mod rotation;
mod server;
#[path = "../support/mod.rs"]
mod support;
mod surveys;
