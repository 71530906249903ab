//! Pod-level resources (KEP-2837): what the containers of a Pod request together, as the API server computes it
//! (`AggregateContainerRequests` of k8s.io/component-helpers).

use crate::inject::companion::Placement;
use crate::inject::companion::quantity::Amount;
use crate::inject::container_list::ContainerList;
use crate::inject::pod::{Pod, PodAmounts};
use crate::work::step;

/// The Pod-level resources of a Pod, and what its containers and the companions that fit request of them.
#[derive(Debug)]
pub(in crate::inject) struct PodLevel<'a> {
    amounts: Vec<PodAmounts<'a>>,
    /// What the Pod's own containers request of each resource.
    own: Vec<Requests>,
    /// The companions that fit, in the order in which they will be in the Pod.
    accepted: Vec<CompanionRequests<'a>>,
}

/// What a group of containers requests of one resource.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::inject) struct Requests {
    /// The sum over `containers`.
    containers: Amount,
    /// The sum over native sidecars, which keep running while those after them start.
    sidecars: Amount,
    /// The most at one time while `initContainers` start, one after the other.
    starting: Amount,
}

/// What the containers of a companion request of each Pod-level resource.
#[derive(Debug)]
pub(in crate::inject) struct CompanionRequests<'a> {
    /// The order in which companions are injected.
    pub(in crate::inject) order: (u8, usize, &'a str),
    pub(in crate::inject) placement: Placement,
    pub(in crate::inject) requests: Vec<Requests>,
}

/// The resources of which a companion with `podResources: Share` leaves its own amounts out.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::inject) struct SharedAmounts {
    cpu: bool,
    memory: bool,
}

impl SharedAmounts {
    pub(in crate::inject) fn is_empty(self) -> bool {
        !self.cpu && !self.memory
    }

    pub(in crate::inject) fn has(self, resource: &str) -> bool {
        (self.cpu && resource == "cpu") || (self.memory && resource == "memory")
    }
}

impl Requests {
    /// What one container requests.
    pub(in crate::inject) fn of(amount: Amount, list: ContainerList, is_sidecar: bool) -> Self {
        match (list, is_sidecar) {
            (ContainerList::Containers, _) => Requests { containers: amount, ..Requests::default() },
            (ContainerList::Init, true) => Requests { sidecars: amount, starting: amount, ..Requests::default() },
            (ContainerList::Init, false) => Requests { starting: amount, ..Requests::default() },
        }
    }

    /// What this group and one that starts after this one request.
    pub(in crate::inject) fn then(self, later: Requests) -> Requests {
        Requests {
            containers: self.containers + later.containers,
            sidecars: self.sidecars + later.sidecars,
            starting: self.starting.max(self.sidecars + later.starting),
        }
    }

    fn total(self) -> Amount {
        self.starting.max(self.containers + self.sidecars)
    }
}

impl<'a> PodLevel<'a> {
    /// Reads the resources of all containers. `is_native` is whether the container at a place restarts.
    pub(super) fn read(pod: &Pod<'a>, is_native: impl Fn(usize) -> bool) -> Self {
        let amounts = pod.amounts();
        let mut own = vec![Requests::default(); amounts.len()];
        for (place, container) in pod.containers.iter().enumerate().filter(|_| !amounts.is_empty()) {
            step(1 + amounts.len());
            for (sum, amount) in own.iter_mut().zip(container.requests(&amounts)) {
                *sum = sum.then(Requests::of(amount, container.list, is_native(place)));
            }
        }
        PodLevel { amounts, own, accepted: Vec::new() }
    }

    /// The Pod-level resources; empty in most Pods.
    pub(in crate::inject) fn amounts(&self) -> &[PodAmounts<'a>] {
        &self.amounts
    }

    /// What companions with `podResources: Share` leave out. Where the Pod has no amount of a resource, there is nothing to
    /// share.
    pub(super) fn shared(&self) -> SharedAmounts {
        let has = |resource: &str| self.amounts.iter().any(|amounts| amounts.resource == resource);
        SharedAmounts { cpu: has("cpu"), memory: has("memory") }
    }

    /// What all containers will request of the resource at a place in `amounts`, with those of a further companion.
    pub(in crate::inject) fn total_with(&self, place: usize, companion: &CompanionRequests<'_>) -> Amount {
        step(1 + self.accepted.len());
        let (before, after) = self.accepted.split_at(self.place_of(companion));
        let of = |first: bool| {
            let all = before.iter().chain([companion]).chain(after);
            let placed = all.filter(move |c| (c.placement == Placement::First) == first);
            placed.filter_map(move |c| c.requests.get(place).copied())
        };
        let own = self.own.get(place).copied();
        of(true).chain(own).chain(of(false)).fold(Requests::default(), Requests::then).total()
    }

    /// Adds a companion that fits.
    pub(in crate::inject) fn accept(&mut self, companion: CompanionRequests<'a>) {
        let place = self.place_of(&companion);
        step(1 + self.accepted.len() - place);
        self.accepted.insert(place, companion);
    }

    fn place_of(&self, companion: &CompanionRequests<'_>) -> usize {
        self.accepted.partition_point(|other| other.order < companion.order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A container by its list, whether it is a native sidecar, and its request of cpu.
    type Case = (ContainerList, bool, u32);

    const CASES: [Case; 7] = [
        (ContainerList::Init, true, 0),
        (ContainerList::Init, true, 1),
        (ContainerList::Init, true, 4),
        (ContainerList::Init, false, 2),
        (ContainerList::Init, false, 5),
        (ContainerList::Containers, false, 1),
        (ContainerList::Containers, false, 3),
    ];

    /// What the API server computes for all containers: the loops of `aggregateContainerResourcesByFn`.
    fn aggregate(containers: &[Case]) -> u32 {
        let plain = containers.iter().filter(|(list, ..)| !list.is_init());
        let (mut result, mut restartable, mut init) = (plain.map(|(.., cpu)| cpu).sum::<u32>(), 0, 0);
        for (_, is_sidecar, cpu) in containers.iter().filter(|(list, ..)| list.is_init()) {
            if *is_sidecar {
                result += cpu;
                restartable += cpu;
                init = init.max(restartable);
            } else {
                init = init.max(cpu + restartable);
            }
        }
        result.max(init)
    }

    fn requests(containers: &[Case]) -> Requests {
        let amount = |cpu: u32| Amount::parse(&cpu.to_string()).unwrap();
        let each = containers.iter().map(|(list, is_sidecar, cpu)| Requests::of(amount(*cpu), *list, *is_sidecar));
        each.fold(Requests::default(), Requests::then)
    }

    #[test]
    fn groups_of_containers_request_together_what_the_api_server_computes() {
        let digits = |number: usize| (0..4_u32).map(move |place| CASES[number / 7_usize.pow(place) % 7]);
        for number in 0..7_usize.pow(4) {
            let containers: Vec<Case> = digits(number).collect();
            let expected = aggregate(&containers).to_string();
            for split in 0..=containers.len() {
                let (before, after) = containers.split_at(split);
                let total = requests(before).then(requests(after)).total();
                assert_eq!(*total.text_for("cpu"), *expected, "{containers:?} in two groups at {split}");
            }
        }
    }
}
