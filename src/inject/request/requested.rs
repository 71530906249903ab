//! What a Pod and its namespace request in their annotations and labels, which are read once.

use std::collections::HashSet;

use super::namespace::OptIn;
use super::pod_namespace::PodNamespace;
use crate::inject::keys;
use crate::inject::pod::Pod;
use crate::inject::verdict::reason::{LabelFault, MetadataField, Remark, Stale};
use crate::text::suggest::suggest;

/// How many faults of one kind are reported. One is enough to deny a Pod, and a Pod can have hundreds of thousands.
pub(in crate::inject) const MAX_FAULTS: usize = 16;
/// How many parts a list of names may have for each allowed name; further parts are empty or duplicate.
const MAX_PARTS: usize = 4;

/// What a Pod and its namespace request.
#[derive(Debug)]
pub(in crate::inject) struct Requested<'a> {
    /// The Pod's own label.
    pub(in crate::inject) pod: OptIn,
    /// The namespace's label.
    pub(in crate::inject) namespace: OptIn,
    /// The names in the Pod's annotation; `None` where there is no such annotation.
    pub(in crate::inject) companions: Option<Vec<&'a str>>,
    /// The names in the namespace's annotation.
    pub(in crate::inject) of_namespace: Vec<&'a str>,
    /// The names in `podgraft.dev/containers`; `None` where there is no such annotation.
    pub(in crate::inject) containers: Option<Vec<&'a str>>,
    /// The labels of companions: the companion's name and the value.
    pub(in crate::inject) hash_labels: Vec<(&'a str, &'a str)>,
    /// The values of parameters, in the order of the annotations.
    pub(in crate::inject) parameters: Vec<GivenParameter<'a>>,
    /// The places in `parameters`, sorted by companion, because each companion looks for its own among very many.
    by_companion: Vec<usize>,
    /// Mistakes in the Pod's annotations and labels.
    pub(in crate::inject) pod_faults: Vec<Remark>,
    /// Mistakes in the namespace's annotations and labels.
    pub(in crate::inject) namespace_faults: Vec<Remark>,
}

/// The value of a parameter as the Pod sets it.
#[derive(Debug, Clone, Copy)]
pub(in crate::inject) struct GivenParameter<'a> {
    pub(in crate::inject) companion: &'a str,
    pub(in crate::inject) parameter: &'a str,
    pub(in crate::inject) value: &'a str,
}

impl<'a> Requested<'a> {
    pub(in crate::inject) fn read(pod: &'a Pod<'_>, namespace: PodNamespace<'a>) -> Self {
        let mut requested = Requested {
            pod: OptIn::read(pod.label(keys::INJECT)),
            namespace: namespace.opt_in(),
            companions: None,
            of_namespace: Vec::new(),
            containers: None,
            hash_labels: Vec::new(),
            parameters: Vec::new(),
            by_companion: Vec::new(),
            pod_faults: Vec::new(),
            namespace_faults: Vec::new(),
        };
        requested.read_pod(pod);
        requested.read_namespace(namespace);
        requested.by_companion = (0..requested.parameters.len()).collect();
        requested.by_companion.sort_by_key(|at| requested.parameters[*at].companion);
        requested
    }

    /// The values that the Pod sets for the parameters of a companion, in order.
    pub(in crate::inject) fn given_to(&self, companion: &str) -> impl Iterator<Item = &GivenParameter<'a>> {
        let of = |at: &usize| self.parameters[*at].companion;
        let first = self.by_companion.partition_point(|at| of(at) < companion);
        let its = self.by_companion[first..].iter().take_while(move |at| of(at) == companion);
        its.map(|at| &self.parameters[*at])
    }

    /// Whether the Pod, or else its namespace, is opted in.
    pub(in crate::inject) fn opted_in(&self) -> bool {
        self.effective() == OptIn::Enabled
    }

    /// Whether the Pod, or else its namespace, is opted out.
    pub(in crate::inject) fn opted_out(&self) -> bool {
        self.effective() == OptIn::Disabled
    }

    /// The Pod's label overrides its namespace's.
    fn effective(&self) -> OptIn {
        if self.pod == OptIn::Absent { self.namespace } else { self.pod }
    }

    fn read_pod(&mut self, pod: &'a Pod<'_>) {
        if self.pod == OptIn::Invalid {
            let (place, fault) = (MetadataField::PodLabel, LabelFault::Unsupported);
            self.pod_faults.push(Remark::InvalidLabel { place, fault });
        }
        for (key, value) in &pod.labels {
            if let Some(companion) = key.strip_prefix(keys::HASH_LABELS) {
                self.hash_labels.push((companion, value));
            } else if key.starts_with(keys::PREFIX) && key != keys::INJECT {
                note(&mut self.pod_faults, || unknown(MetadataField::PodLabel, key));
            }
        }
        for (key, value) in pod.annotations.iter().flatten() {
            if let Some(rest) = key.strip_prefix(keys::PREFIX) {
                self.read_annotation(key, rest, value);
            }
        }
        // The annotations beyond the limit are not kept.
        if self.parameters.len() > keys::MAX_PARAMETERS {
            self.parameters.truncate(keys::MAX_PARAMETERS);
            self.pod_faults.push(Remark::TooManyNames { place: MetadataField::PodAnnotation, key: keys::PARAMETERS });
        }
    }

    /// Reads one of our annotations; `rest` is the key without the prefix.
    fn read_annotation(&mut self, key: &'a str, rest: &'a str, value: &'a str) {
        let place = MetadataField::PodAnnotation;
        match (key, rest.split_once('.')) {
            (keys::COMPANIONS, _) => {
                self.companions = Some(names(value, place, keys::COMPANIONS, &mut self.pod_faults));
            }
            (keys::CONTAINERS, _) => {
                self.containers = Some(names(value, place, keys::CONTAINERS, &mut self.pod_faults));
            }
            (keys::STATUS | keys::SKIPPED, _) => {}
            // One more than the limit shows that there are too many.
            (_, Some(_)) if self.parameters.len() > keys::MAX_PARAMETERS => {}
            (_, Some((companion, parameter))) => self.parameters.push(GivenParameter { companion, parameter, value }),
            _ => note(&mut self.pod_faults, || unknown(place, key)),
        }
    }

    fn read_namespace(&mut self, namespace: PodNamespace<'a>) {
        if self.namespace == OptIn::Invalid {
            self.namespace = OptIn::Absent;
            let (place, fault) = (MetadataField::NamespaceLabel, LabelFault::Unsupported);
            self.namespace_faults.push(Remark::InvalidLabel { place, fault });
        }
        for (key, _) in namespace.labels() {
            if key.starts_with(keys::PREFIX) && key != keys::INJECT {
                note(&mut self.namespace_faults, || unknown(MetadataField::NamespaceLabel, key));
            }
        }
        for (key, value) in namespace.annotations() {
            if key == keys::COMPANIONS {
                self.of_namespace =
                    names(value, MetadataField::NamespaceAnnotation, keys::COMPANIONS, &mut self.namespace_faults);
            } else {
                note(&mut self.namespace_faults, || unknown(MetadataField::NamespaceAnnotation, key));
            }
        }
    }
}

/// Splits a list of names. Empty and duplicate names are left out and reported. A list that is too long counts as empty, and
/// the rest of it is not read.
fn names<'a>(list: &'a str, place: MetadataField, key: &'static str, faults: &mut Vec<Remark>) -> Vec<&'a str> {
    let (mut names, mut seen) = (Vec::new(), HashSet::new());
    let most = keys::most_names(key);
    for (at, name) in list.split(',').map(str::trim).enumerate() {
        if at == MAX_PARTS * most {
            faults.push(Remark::TooManyNames { place, key });
            return Vec::new();
        }
        if name.is_empty() {
            note(faults, || Remark::EmptyName { place, key });
        } else if seen.contains(name) || (seen.is_empty() && names.contains(&name)) {
            note(faults, || Remark::DuplicateName { place, key, name: name.into() });
        } else if names.len() == most {
            faults.push(Remark::TooManyNames { place, key });
            return Vec::new();
        } else {
            names.push(name);
            // Comparing with a few names is faster than hashing.
            if names.len() == keys::MAX_NAMES {
                seen.extend(&names);
            } else if names.len() > keys::MAX_NAMES {
                seen.insert(name);
            }
        }
    }
    names
}

fn note(faults: &mut Vec<Remark>, fault: impl FnOnce() -> Remark) {
    if faults.len() < MAX_FAULTS {
        faults.push(fault());
    }
}

fn unknown(place: MetadataField, key: &str) -> Remark {
    let known = match place {
        MetadataField::PodAnnotation => &[keys::COMPANIONS, keys::CONTAINERS, keys::INJECT][..],
        MetadataField::NamespaceAnnotation => &[keys::COMPANIONS, keys::INJECT],
        MetadataField::PodLabel | MetadataField::NamespaceLabel => &[keys::INJECT, keys::COMPANIONS, keys::CONTAINERS],
    };
    // All keys have the prefix; comparing it would make all of them near.
    let own_part = |key: &'static str| key.trim_start_matches(keys::PREFIX);
    let nearest = suggest(key.trim_start_matches(keys::PREFIX), known.iter().copied().map(own_part), |_| true);
    let nearest = nearest.map(|own_part| {
        let nearest = format!("{}{own_part}", keys::PREFIX);
        let is_label = nearest == keys::INJECT;
        match place {
            MetadataField::PodAnnotation | MetadataField::NamespaceAnnotation if is_label => {
                format!("the label {nearest}").into()
            }
            MetadataField::PodLabel | MetadataField::NamespaceLabel if !is_label => {
                format!("the annotation {nearest}").into()
            }
            _ => nearest.into(),
        }
    });
    Remark::UnknownKey { place, key: key.into(), nearest, stale: None }
}

/// A key that looks like a parameter of a companion that is not known. `nearest` is a companion that the Pod can have.
pub(in crate::inject) fn unknown_companion(
    given: GivenParameter<'_>,
    nearest: Option<&str>,
    stale: Option<Stale>,
) -> Remark {
    let GivenParameter { companion, parameter, .. } = given;
    Remark::UnknownKey {
        place: MetadataField::PodAnnotation,
        key: format!("{}{companion}.{parameter}", keys::PREFIX).into(),
        nearest: nearest.map(|companion| format!("{}{companion}.{parameter}", keys::PREFIX).into()),
        stale,
    }
}
