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

    /// The value of the chart that installs the object.
    #[must_use]
    pub const fn chart_value(self) -> &'static str {
        match self {
            Self::Requested => "webhooks.requested.enabled",
            Self::OptedIn => "webhooks.optedIn.enabled",
            Self::ClusterWide => "webhooks.clusterWide.enabled",
            Self::OptedOut => "requiredCompanions.enabled",
            Self::Preview => "webhooks.preview.enabled",
        }
    }

    /// The name of the object in an installation.
    #[must_use]
    pub fn name(self, installation: &str) -> String {
        format!("{installation}-{}", self.as_str())
    }
}

/// Some of the configurations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ConfigurationSet(u8);

/// Which configurations exist, as far as the cluster has been asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Registrations {
    /// The configurations about which an API server has answered.
    pub known: ConfigurationSet,
    /// Those of them that do not exist.
    pub missing: ConfigurationSet,
}

impl ConfigurationSet {
    /// The set of these configurations.
    #[must_use]
    pub const fn of(configurations: &[Configuration]) -> Self {
        let (mut bits, mut i) = (0, 0);
        while i < configurations.len() {
            bits |= 1 << configurations[i] as u8;
            i += 1;
        }
        ConfigurationSet(bits)
    }

    /// Whether no configuration is in the set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether a configuration is in the set.
    #[must_use]
    pub const fn contains(self, configuration: Configuration) -> bool {
        self.0 & (1 << configuration as u8) != 0
    }

    /// The configurations that are in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        ConfigurationSet(self.0 & other.0)
    }

    /// The configurations that are in at least one of the sets.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        ConfigurationSet(self.0 | other.0)
    }

    /// Adds a configuration, or removes it.
    pub fn set(&mut self, configuration: Configuration, is_member: bool) {
        let bit = 1 << configuration as u8;
        self.0 = if is_member { self.0 | bit } else { self.0 & !bit };
    }

    /// The configurations of the set.
    pub fn iter(self) -> impl Iterator<Item = Configuration> {
        Configuration::ALL.into_iter().filter(move |configuration| self.contains(*configuration))
    }

    /// What it means that these configurations of an installation do not exist, and how to restore them. `lost` completes
    /// the sentence "the Pods that they select are created without".
    #[must_use]
    pub fn missing_message(self, installation: &str, lost: &str) -> String {
        let names: Vec<_> = self.iter().map(|configuration| configuration.name(installation)).collect();
        let values: Vec<_> = self.iter().map(Configuration::chart_value).collect();
        let (subject, verb) =
            if names.len() == 1 { ("webhook configuration", "does") } else { ("webhook configurations", "do") };
        format!(
            "{subject} {} {verb} not exist: the Pods that would be sent to podgraft are created without {lost}; set {} in \
             podgraft's chart, or run helm upgrade to restore what was deleted",
            names.join(", "),
            values.join(" and ")
        )
    }
}

impl Registrations {
    /// Records whether a configuration exists. Returns whether that was not known.
    pub fn record(&mut self, configuration: Configuration, exists: bool) -> bool {
        let before = *self;
        self.known.set(configuration, true);
        self.missing.set(configuration, !exists);
        *self != before
    }

    /// Whether every configuration is known to exist or not to exist.
    #[must_use]
    pub fn is_complete(self) -> bool {
        self.known == ConfigurationSet::of(&Configuration::ALL)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{Configuration, ConfigurationSet, Registrations};

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
    #[test]
    fn a_registration_is_recorded_once_and_the_message_names_what_restores_it() {
        let mut registrations = Registrations::default();
        assert!(registrations.record(Configuration::Requested, true));
        assert!(!registrations.record(Configuration::Requested, true));
        assert!(registrations.record(Configuration::Requested, false) && !registrations.is_complete());
        for configuration in Configuration::ALL {
            registrations.record(configuration, configuration != Configuration::OptedIn);
        }
        assert!(registrations.is_complete());
        assert_eq!(registrations.missing, ConfigurationSet::of(&[Configuration::OptedIn]));
        let both =
            registrations.missing.union(ConfigurationSet::of(&[Configuration::Requested, Configuration::OptedIn]));
        assert_eq!(
            both.missing_message("grafter", "companions"),
            "webhook configurations grafter-requested, grafter-opted-in do not exist: the Pods that would be sent to \
             podgraft are created without companions; set webhooks.requested.enabled and webhooks.optedIn.enabled in \
             podgraft's chart, or run helm upgrade to restore what was deleted"
        );
    }
}
