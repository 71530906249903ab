//! The keys of our annotations and labels, those of other tools that we read or set, and their limits.

use std::fmt;

/// The prefix of our keys, slash included.
pub const PREFIX: &str = "podgraft.dev/";
/// The prefix of annotations that carry files, slash included.
pub const FILES_PREFIX: &str = "text.podgraft.dev/";
/// Annotation of a Pod or a Namespace: names of companions.
pub const COMPANIONS: &str = "podgraft.dev/companions";
/// Annotation of a Pod: the app containers that get mounts and environment.
pub const CONTAINERS: &str = "podgraft.dev/containers";
/// Annotation of a Pod, written by podgraft: everything that was injected.
pub const STATUS: &str = "podgraft.dev/status";
/// Annotation of a Pod, written by podgraft in reviews by the API server: the companions that were skipped, and why. In a Pod that
/// is reviewed it is ignored and replaced.
pub const SKIPPED: &str = "podgraft.dev/skipped";
/// The prefix of the labels of a Pod that are named after its companions, written by podgraft, slash included. The value of each
/// consists of the first [`HASH_DIGITS`] digits of the companion's content hash.
pub const HASH_LABELS: &str = "companions.podgraft.dev/";
/// How many hexadecimal digits of a content hash the label of a companion has.
pub const HASH_DIGITS: usize = 8;
/// Label of a Pod or a Namespace: `enabled` or `disabled`.
pub const INJECT: &str = "podgraft.dev/inject";
/// The annotation by which a kubelet marks the API server's copy of a static Pod.
pub const MIRROR: &str = "kubernetes.io/config.mirror";
/// The label of every namespace with its name.
pub const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";
/// Namespaces whose Pods are excluded from injection, besides podgraft's own.
pub const EXCLUDED_NAMESPACES: [&str; 3] = ["kube-system", "kube-public", "kube-node-lease"];
/// Whether Prometheus scrapes the Pod.
pub const SCRAPE: &str = "prometheus.io/scrape";
/// The port that it scrapes.
pub const SCRAPE_PORT: &str = "prometheus.io/port";
/// The path that it scrapes.
pub const SCRAPE_PATH: &str = "prometheus.io/path";
/// Where the Pod's token is mounted.
pub const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// The label of a namespace with the level of Pod Security that it enforces.
pub const POD_SECURITY: &str = "pod-security.kubernetes.io/enforce";
/// The names of a Pod's volumes, joined by commas, that the cluster autoscaler does not keep a node for.
pub const SAFE_TO_EVICT_VOLUMES: &str = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes";
/// The start of annotations that set the AppArmor profile of a container. API servers turn them into fields.
pub const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";
/// The API server's limit for all annotations of an object, keys included, in bytes.
pub const ANNOTATIONS_LIMIT: usize = 262_144;
/// The largest patch, in bytes. It is checked before the patch is written, so that a few bytes of a request cannot become
/// very many in memory.
pub const PATCH_LIMIT: usize = 4 << 20;
/// How many companions a Pod or a namespace may name.
pub const MAX_NAMES: usize = 16;
/// How many containers a Pod may name.
pub const MAX_CONTAINERS: usize = 64;
/// The form of a parameter's key.
pub const PARAMETERS: &str = "podgraft.dev/<companion>.<parameter>";
/// How many parameters a Pod may set: twice as many as the most companions with the most parameters have.
pub const MAX_PARAMETERS: usize = 1024;
/// Names that companions cannot have, because they are values of labels.
pub const RESERVED_NAMES: [&str; 6] = ["true", "false", "none", "all", "enabled", "disabled"];
/// The longest name of a companion.
pub const LONGEST_NAME: usize = 40;

/// The most names that an annotation may list, or the most parameters that a Pod may set.
#[must_use]
pub fn most_names(key: &str) -> usize {
    match key {
        CONTAINERS => MAX_CONTAINERS,
        PARAMETERS => MAX_PARAMETERS,
        _ => MAX_NAMES,
    }
}

/// A map of an object's metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetadataMap {
    /// `metadata.annotations`.
    Annotations,
    /// `metadata.labels`.
    Labels,
}

impl MetadataMap {
    /// Both of them.
    pub const ALL: [MetadataMap; 2] = [MetadataMap::Annotations, MetadataMap::Labels];

    /// The name of the field.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            MetadataMap::Annotations => "annotations",
            MetadataMap::Labels => "labels",
        }
    }

    /// One of its keys, as a noun.
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            MetadataMap::Annotations => "annotation",
            MetadataMap::Labels => "label",
        }
    }

    /// Whether a key is read on Pods and their templates only, so that it has no effect on the workload around a template. Keys
    /// that podgraft writes are no mistake of the user, and of labels, only those count that are spelled as we read them: others
    /// may be there to select workloads.
    #[must_use]
    pub fn is_for_pods(self, key: &str) -> bool {
        match self {
            MetadataMap::Annotations => {
                !matches!(key, STATUS | SKIPPED) && (key.starts_with(PREFIX) || key.starts_with(FILES_PREFIX))
            }
            MetadataMap::Labels => matches!(key, COMPANIONS | INJECT),
        }
    }
}

/// A key on a workload that should be on its Pod template; displays as the warning about it.
#[derive(Debug, Clone, Copy)]
pub struct MisplacedKey<'k> {
    /// The map that has the key.
    pub map: MetadataMap,
    /// The key.
    pub key: &'k str,
    /// The kind of the workload.
    pub kind: &'k str,
    /// The field path of the level that has the map, such as `spec.jobTemplate`; empty for the workload itself.
    pub level: &'k str,
    /// The field path of the Pod template, such as `spec.template`.
    pub template: &'k str,
}

impl fmt::Display for MisplacedKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let MisplacedKey { map, key, kind, level, template } = self;
        write!(f, "{} {key} is set on ", map.noun())?;
        if !level.is_empty() {
            write!(f, "{level} of ")?;
        }
        write!(f, "the {kind}, not on its Pod template, and has no effect; ")?;
        write!(f, "move it to {template}.metadata.{}", map.as_str())
    }
}
