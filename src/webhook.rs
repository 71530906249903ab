//! The five webhook configurations of an installation: their names, and the paths that API servers call.
//!
//! The chart creates the objects, `http` serves the paths, `tls` fills in the `caBundle`, `policies` makes one of the objects
//! the owner of its policies, and `metrics` has their names as labels. Those rooms do not know one another, so the names are
//! in a room of their own that knows nothing of ours.

/// A webhook configuration of the chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Configuration {
    /// Pods with a key of podgraft. Mutating.
    Requested,
    /// Other Pods of namespaces that are opted in. Mutating.
    OptedIn,
    /// All other Pods that are not opted out; only with automatic or required companions. Mutating.
    ClusterWide,
    /// Pods that are opted out; only with required companions, which they still get. Mutating.
    OptedOut,
    /// Workloads and companions, which get warnings. Validating.
    Preview,
}

impl Configuration {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Requested, Self::OptedIn, Self::ClusterWide, Self::OptedOut, Self::Preview];

    /// Those with a path of their own: [`Self::OptedOut`] calls the path of [`Self::ClusterWide`].
    pub const SERVED: [Self; 4] = [Self::Requested, Self::OptedIn, Self::ClusterWide, Self::Preview];

    /// The stable name: the end of the object's name, and a label of metrics and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::OptedIn => "opted-in",
            Self::ClusterWide => "cluster-wide",
            Self::OptedOut => "opted-out",
            Self::Preview => "preview",
        }
    }

    /// The path of the admission port that API servers call.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Requested => "/inject/requested",
            Self::OptedIn => "/inject/opted-in",
            Self::ClusterWide | Self::OptedOut => "/inject/cluster-wide",
            Self::Preview => "/preview",
        }
    }

    /// The name of the object in an installation.
    #[must_use]
    pub fn name(self, installation: &str) -> String {
        format!("{installation}-{}", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::Configuration;

    /// What the chart renders where all five exist; `tests/chart` keeps it up to date.
    const RENDERED: &str = include_str!("../tests/chart/required.yaml");

    #[test]
    fn the_chart_creates_each_configuration_under_its_name_with_its_path() {
        let objects: Vec<Value> =
            RENDERED.split("\n---\n").filter_map(|text| serde_saphyr::from_str(text).ok()).collect();
        let is_configuration =
            |o: &&Value| o["kind"].as_str().is_some_and(|kind| kind.ends_with("WebhookConfiguration"));
        assert_eq!(objects.iter().filter(is_configuration).count(), Configuration::ALL.len());
        for configuration in Configuration::ALL {
            let name = configuration.name("podgraft");
            let object = objects.iter().filter(is_configuration).find(|o| o["metadata"]["name"] == *name).unwrap();
            let webhook = &object["webhooks"][0];
            assert_eq!(webhook["name"], format!("{}.podgraft.dev", configuration.as_str()));
            assert_eq!(webhook["clientConfig"]["service"]["path"], configuration.path());
            let is_validating = object["kind"] == "ValidatingWebhookConfiguration";
            assert_eq!(is_validating, configuration == Configuration::Preview);
        }
    }

    #[test]
    fn the_served_paths_are_all_paths() {
        let mut paths = Configuration::ALL.map(Configuration::path).to_vec();
        paths.sort_unstable();
        paths.dedup();
        let mut served = Configuration::SERVED.map(Configuration::path).to_vec();
        served.sort_unstable();
        assert_eq!(paths, served);
    }
}
