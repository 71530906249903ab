//! The annotation that names the volumes for which the cluster autoscaler does not keep a node. Its value is a list of
//! names, so those of several companions are joined; another annotation has the value of one companion.

use std::collections::HashSet;

use crate::inject::plan::planned::Plan;
use crate::inject::plan::reservations::Reservations;
use crate::inject::verdict::reason::{KeptAnnotation, Remark};
use crate::work::step;

/// How many volumes a message names.
const MAX_NAMED: usize = 3;

impl<'a> Plan<'a> {
    /// Reserves the annotation with the companion's volumes. A value of the Pod is kept: nothing that an author wrote is
    /// changed.
    pub(in crate::inject::plan) fn fit_evictable(&mut self, key: &'a str, reservations: &mut Reservations<'a>) {
        let volumes: Vec<&str> = self.evictable().collect();
        if volumes.is_empty() {
            return;
        }
        let bytes = volumes.iter().map(|name| name.len() + 1).sum::<usize>() - 1;
        if reservations.pod.annotation(key).is_none() {
            // The companion whose volumes come first lists the annotation in its status entry.
            if reservations.joined_annotation(key, bytes, self.companion) {
                self.added.annotations.push(key);
            }
            return;
        }
        let is_missing = |name: &&&str| !reservations.is_evictable(name);
        let missing: Vec<&str> = volumes.iter().filter(is_missing).take(MAX_NAMED).copied().collect();
        if missing.is_empty() {
            self.keep_annotation(key, reservations);
        } else {
            let kept = KeptAnnotation::LacksVolumes(missing.join(", ").into());
            self.remark(|| Remark::AnnotationKept { key: key.into(), kept });
        }
    }

    /// The volumes that the companion lists. Where it joins a volume of the app, its own one is not in the Pod, and whether
    /// the app's is safe to lose is for the app's author to say.
    fn evictable(&self) -> impl Iterator<Item = &'a str> {
        let joins = |name: &str| {
            step(self.shared.len());
            let mut shared = self.companion.shared_volumes.iter().zip(&self.shared);
            shared.any(|(declared, used)| *declared.volume.name == *name && used.volume != name)
        };
        self.companion.evictable.iter().map(|name| &**name).filter(move |name| !joins(name))
    }
}

/// The value of the annotation: the volumes of all companions in the order of injection.
pub(in crate::inject) fn joined(plans: &[Plan<'_>]) -> String {
    let mut seen = HashSet::new();
    let all = plans.iter().flat_map(Plan::evictable).filter(|name| {
        step(1);
        seen.insert(*name)
    });
    all.collect::<Vec<_>>().join(",")
}
