//! podgraft grafts companion containers onto Pods.
//!
//! Values flow one way:
//!
//! ```text
//! bytes -> admission::Request -> what is asked -> which companions -> add-only draft -> verdict -> bytes
//! ```
//!
//! | room | what it is for |
//! |---|---|
//! | [`inject`] | the pure room: decides, and writes the add-only patch; no I/O, no async, no clock |
//! | [`admission`] | AdmissionReview bytes to our words and back; the only place that says admit or deny |
//! | [`api`] | the custom resources, and the one gate through which a companion enters |
//! | [`manifest`] | YAML and JSON text to values with positions, and back |
//! | [`workload`] | what has a Pod template, and where |
//! | [`source`] | where companions and Namespaces come from |
//! | [`policies`] | what keeps required companions in their Pods, also with podgraft down |
//! | [`tls`] | the serving certificate |
//! | [`waits`] | how long is waited before a watch of the cluster that failed is tried again |
//! | [`http`] | router, handlers, accept loop and drain |
//! | [`cli`] | one file per subcommand; the composition root |
//! | [`metrics`], [`telemetry`] | what is counted, what is logged |

pub mod admission;
pub mod api;
pub mod cli;
pub mod http;
pub mod inject;
pub mod json;
pub mod manifest;
pub mod metrics;
pub mod policies;
mod server;
pub mod source;
pub mod telemetry;
pub mod text;
pub mod tls;
pub mod watch;
pub mod webhook;
pub mod work;
pub mod workload;
