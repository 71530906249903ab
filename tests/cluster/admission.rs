//! What the webhook does with Pods, and which companions it knows.

pub mod alpha_fields;
pub mod clients;
pub mod definitions;
pub mod events;
pub mod explain;
pub mod hints;
pub mod injection;
pub mod many_keys;
pub mod other_webhooks;
pub mod people;
pub mod pod_security;
pub mod record;
pub mod sources;
pub mod webhook;
pub mod webhooks;
pub mod workloads;
