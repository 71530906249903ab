//! podgraft injects sidecar, ambassador and adapter containers into Pods.
//!
//! Values flow in one direction:
//!
//! ```text
//! bytes -> admission::Request -> what is requested -> candidates -> plan -> add-only patch -> verdict -> bytes
//! ```
//!
//! A module of this file is a *room*. ARCHITECTURE.md lists the rooms, their purpose, and which of them a room may use;
//! `tests/architecture` checks it. The crate is a binary with a library, so that tests can call it; it has no API.

mod admission;
mod api;
mod cli;
mod events;
mod http;
mod inject;
#[doc(hidden)]
pub mod internals;
mod json;
mod lookup;
mod manifest;
mod metrics;
mod migrate;
mod policies;
mod server;
mod shared_map;
mod source;
mod telemetry;
mod text;
mod tls;
mod watch;
mod webhook;
mod work;
mod workload;

pub use cli::Cli;
