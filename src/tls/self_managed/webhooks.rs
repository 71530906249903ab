//! The webhook configurations of an installation, and the `caBundle` of each webhook.

mod bundles;
mod configuration;
#[cfg(test)]
mod tests;

pub(super) use bundles::Bundles;
#[cfg(test)]
pub(super) use configuration::WebhookBundle;
pub(super) use configuration::{Configuration, ObservedConfiguration};
