//! Rules about containers and what is in them: ports, variables, commands, security.

pub(in crate::api) mod containers;
pub(in crate::api) mod env;
pub(in crate::api) mod handlers;
pub(in crate::api) mod loaders;
pub(in crate::api) mod pod_security;
pub(in crate::api) mod ports;
pub(in crate::api) mod resources;
pub(in crate::api) mod restart_rules;
pub(in crate::api) mod security_context;
pub(in crate::api) mod shell;
