//! The custom resource definitions that `podgraft crds` prints.
//!
//! To generate them takes longer than everything else that a process does at its start, so their text is part of the
//! program: it is that of the chart.

pub(super) mod generate;

/// The custom resource definitions as a YAML stream: ClusterCompanion, then Companion.
pub const CRDS_YAML: &str = concat!(
    "---\n",
    include_str!("../../charts/podgraft/files/crds/clustercompanions.yaml"),
    "---\n",
    include_str!("../../charts/podgraft/files/crds/companions.yaml"),
);
