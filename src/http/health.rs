//! A named check, as the probes of the admin port list it.

use std::fmt;
use std::sync::Arc;

/// One condition for receiving reviews, or for staying alive.
#[derive(Clone)]
pub struct HealthCheck {
    name: &'static str,
    probe: Arc<dyn Fn() -> Result<(), String> + Send + Sync>,
}

impl HealthCheck {
    /// A check whose probe returns the reason where it fails.
    pub fn new(name: &'static str, probe: impl Fn() -> Result<(), String> + Send + Sync + 'static) -> Self {
        HealthCheck { name, probe: Arc::new(probe) }
    }

    /// Whether it passes now.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.outcome().is_ok()
    }

    /// Runs the probe.
    ///
    /// # Errors
    /// The reason why the check fails.
    pub fn outcome(&self) -> Result<(), String> {
        (self.probe)()
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }
}

impl fmt::Debug for HealthCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HealthCheck").field(&self.name).finish()
    }
}
