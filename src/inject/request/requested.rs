//! What is asked: the annotations and labels of a Pod and its namespace, read once.

use std::collections::HashSet;

use super::namespace::OptIn;
use super::pod_namespace::PodNamespace;
use crate::inject::keys;
use crate::inject::pod::Pod;
use crate::inject::verdict::reason::{MetadataField, Reason};
use crate::text::suggest::suggest;

/// How many faults of one kind are told. One is enough to refuse a Pod, and a Pod can hold hundreds of thousands.
pub(in crate::inject) const MAX_FAULTS: usize = 16;
/// How many times as many parts as names a list may have, where the others are empty or doubled.
const MAX_PARTS: usize = 4;

/// What a Pod and its namespace say.
#[derive(Debug)]
pub(in crate::inject) struct Requested<'a> {
    /// The Pod's own label.
    pub(in crate::inject) pod: OptIn,
    /// The namespace's label.
    pub(in crate::inject) namespace: OptIn,
    /// Names in the Pod's annotation; `None` where it has none.
    pub(in crate::inject) requested: Option<Vec<&'a str>>,
    /// Names in the namespace's annotation.
    pub(in crate::inject) listed: Vec<&'a str>,
    /// Names in `podgraft.dev/containers`; `None` where there is no such annotation.
    pub(in crate::inject) containers: Option<Vec<&'a str>>,
    /// Values of parameters, in order.
    pub(in crate::inject) parameters: Vec<GivenParameter<'a>>,
    /// Places in `parameters`, by companion: a Pod can give as many values as it likes, and each companion looks for its own.
    by_companion: Vec<usize>,
    /// What the Pod got wrong.
    pub(in crate::inject) pod_faults: Vec<Reason>,
    /// What its namespace got wrong.
    pub(in crate::inject) namespace_faults: Vec<Reason>,
}

/// A parameter's value as the Pod gives it.
#[derive(Debug, Clone, Copy)]
pub(in crate::inject) struct GivenParameter<'a> {
    pub(in crate::inject) companion: &'a str,
    pub(in crate::inject) parameter: &'a str,
    pub(in crate::inject) value: &'a str,
}

impl<'a> Requested<'a> {
    pub(in crate::inject) fn read(pod: &'a Pod<'_>, home: PodNamespace<'a>) -> Self {
        let mut ask = Requested {
            pod: OptIn::read(pod.label(keys::INJECT)),
            namespace: home.opt_in(),
            requested: None,
            listed: Vec::new(),
            containers: None,
            parameters: Vec::new(),
            by_companion: Vec::new(),
            pod_faults: Vec::new(),
            namespace_faults: Vec::new(),
        };
        ask.read_pod(pod);
        ask.read_namespace(home);
        ask.by_companion = (0..ask.parameters.len()).collect();
        ask.by_companion.sort_by_key(|at| ask.parameters[*at].companion);
        ask
    }

    /// The values that the Pod gives to the parameters of a companion, in order.
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

    /// The Pod beats its namespace.
    fn effective(&self) -> OptIn {
        if self.pod == OptIn::Absent { self.namespace } else { self.pod }
    }

    fn read_pod(&mut self, pod: &'a Pod<'_>) {
        if self.pod == OptIn::Invalid {
            self.pod_faults.push(Reason::InvalidLabel { place: MetadataField::PodLabel });
        }
        for (key, _) in &pod.labels {
            if key.starts_with(keys::PREFIX) && key != keys::INJECT {
                note(&mut self.pod_faults, || unknown(MetadataField::PodLabel, key));
            }
        }
        let mut too_many = false;
        for (key, value) in pod.annotations.iter().flatten() {
            match &**key {
                keys::COMPANIONS => {
                    self.requested =
                        Some(names(value, MetadataField::PodAnnotation, keys::COMPANIONS, &mut self.pod_faults));
                }
                keys::CONTAINERS => {
                    self.containers =
                        Some(names(value, MetadataField::PodAnnotation, keys::CONTAINERS, &mut self.pod_faults));
                }
                keys::STATUS => {}
                key => {
                    let Some(rest) = key.strip_prefix(keys::PREFIX) else { continue };
                    match rest.split_once('.') {
                        // The rest of more than anybody needs is not read.
                        Some(_) if self.parameters.len() == keys::MAX_PARAMETERS => too_many = true,
                        Some((companion, parameter)) => {
                            self.parameters.push(GivenParameter { companion, parameter, value })
                        }
                        None => note(&mut self.pod_faults, || unknown(MetadataField::PodAnnotation, key)),
                    }
                }
            }
        }
        if too_many {
            self.pod_faults.push(Reason::TooManyNames { place: MetadataField::PodAnnotation, key: keys::PARAMETERS });
        }
    }

    fn read_namespace(&mut self, home: PodNamespace<'a>) {
        if self.namespace == OptIn::Invalid {
            self.namespace = OptIn::Absent;
            self.namespace_faults.push(Reason::InvalidLabel { place: MetadataField::NamespaceLabel });
        }
        for (key, _) in home.labels() {
            if key.starts_with(keys::PREFIX) && key != keys::INJECT {
                note(&mut self.namespace_faults, || unknown(MetadataField::NamespaceLabel, key));
            }
        }
        for (key, value) in home.annotations() {
            if key == keys::COMPANIONS {
                self.listed =
                    names(value, MetadataField::NamespaceAnnotation, keys::COMPANIONS, &mut self.namespace_faults);
            } else {
                note(&mut self.namespace_faults, || unknown(MetadataField::NamespaceAnnotation, key));
            }
        }
    }
}

/// Splits a list of names; empty and doubled ones are left out and reported. Of a list that is too long nothing is used,
/// and the rest of it is not read.
fn names<'a>(list: &'a str, place: MetadataField, key: &'static str, faults: &mut Vec<Reason>) -> Vec<&'a str> {
    let (mut names, mut seen) = (Vec::new(), HashSet::new());
    let most = keys::most_names(key);
    for (at, name) in list.split(',').map(str::trim).enumerate() {
        if at == MAX_PARTS * most {
            faults.push(Reason::TooManyNames { place, key });
            return Vec::new();
        }
        if name.is_empty() {
            note(faults, || Reason::EmptyName { place, key });
        } else if seen.contains(name) || (seen.is_empty() && names.contains(&name)) {
            note(faults, || Reason::DuplicateName { place, key, name: name.into() });
        } else if names.len() == most {
            faults.push(Reason::TooManyNames { place, key });
            return Vec::new();
        } else {
            names.push(name);
            // A few are looked through faster than they are hashed.
            if names.len() == keys::MAX_NAMES {
                seen.extend(&names);
            } else if names.len() > keys::MAX_NAMES {
                seen.insert(name);
            }
        }
    }
    names
}

fn note(faults: &mut Vec<Reason>, fault: impl FnOnce() -> Reason) {
    if faults.len() < MAX_FAULTS {
        faults.push(fault());
    }
}

fn unknown(place: MetadataField, key: &str) -> Reason {
    let known = match place {
        MetadataField::PodAnnotation => &[keys::COMPANIONS, keys::CONTAINERS, keys::INJECT][..],
        MetadataField::NamespaceAnnotation => &[keys::COMPANIONS, keys::INJECT],
        MetadataField::PodLabel | MetadataField::NamespaceLabel => &[keys::INJECT, keys::COMPANIONS, keys::CONTAINERS],
    };
    // The prefix is common to all, and would make everything near.
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
    Reason::UnknownKey { place, key: key.into(), nearest }
}

/// What is wrong with a key that looks like a parameter of a companion that nobody knows; `nearest` is one that the Pod
/// can have.
pub(in crate::inject) fn unknown_companion(given: GivenParameter<'_>, nearest: Option<&str>) -> Reason {
    let GivenParameter { companion, parameter, .. } = given;
    Reason::UnknownKey {
        place: MetadataField::PodAnnotation,
        key: format!("{}{companion}.{parameter}", keys::PREFIX).into(),
        nearest: nearest.map(|companion| format!("{}{companion}.{parameter}", keys::PREFIX).into()),
    }
}
