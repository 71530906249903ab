//! What a change costs, counted in allocations and bytes: at most twice as much among ten thousand companions as among a hundred.

use std::cell::RefCell;

use allocation_counter::AllocationInfo;
use kube::core::ObjectMeta;
use serde_json::Value;

use super::*;
use crate::inject::companion::catalog::{CatalogEntry, InvalidCompanion};
use crate::inject::companion::{Activation, CompanionKind};
use crate::inject::snapshot::Settings;
use crate::source::cluster::testing::{invalid_object, raw, with_status};
use crate::source::effective::Effective;
use crate::source::revision::Revision;
use crate::source::statuses::Statuses;

/// Everything between the watch and the snapshot.
struct Pipeline {
    builder: StateBuilder,
    effective: Effective,
    statuses: Statuses,
}

impl Pipeline {
    /// So many companions, each of which may be automatic in each Pod, and as many Namespaces; and a companion that changes.
    fn with(count: usize) -> Self {
        let namespaces = (0..count).map(|i| format!("team-{i}"));
        let namespaces = namespaces.map(|name| (Box::from(&*name), Arc::new(Namespace::name_only(&name)))).collect();
        let state = ClusterState::new((0..count).map(companion), namespaces);
        let limits = MemoryLimits { namespace: usize::MAX / 4, total: usize::MAX / 4 };
        let builder = StateBuilder::after(Some(&state), limits);
        let mut pipeline = Pipeline { builder, effective: Effective::default(), statuses: Statuses::default() };
        for generation in [1, 2] {
            pipeline.receive(raw("changing", generation, &format!("i:{generation}")));
            pipeline.publish();
        }
        pipeline
    }

    fn receive(&mut self, raw: Raw) {
        self.builder.companion(WatchedResource::ClusterCompanions, Some(Event::Apply(raw)));
    }

    fn publish(&mut self) {
        let (mut effective, settings) = (self.effective.clone(), Settings::default());
        let changes = effective.follow(Arc::default(), Some(Arc::new(self.builder.publish())));
        let _snapshot = effective.snapshot(settings.clone());
        self.statuses.follow(&effective, &changes, &settings);
        self.effective = effective;
    }
}

/// An invalid companion, because it takes long to compile thousands of valid ones.
fn companion(index: usize) -> (CompanionKey, Arc<WatchedCompanion>) {
    let name = format!("other-{index}");
    let invalid = InvalidCompanion {
        name: (*name).into(),
        kind: CompanionKind::ClusterCompanion,
        activation: Activation::ClusterWide,
        required: false,
        selectors: Some(Default::default()),
    };
    let version = Revision { listed: CatalogEntry::Invalid(Arc::new(invalid)), object: None };
    (CompanionKey { namespace: None, name: (*name).into() }, invalid_object(version))
}

/// Asserts that a change costs at most twice as much among 10 000 companions as among 100. `prepare` is not measured.
fn check(prepare: fn(&mut Pipeline), change: fn(&mut Pipeline)) {
    let costs = [100, 1_000, 10_000].map(|count| {
        let mut pipeline = Pipeline::with(count);
        prepare(&mut pipeline);
        let pipeline = RefCell::new(pipeline);
        let AllocationInfo { count_total, bytes_total, .. } =
            allocation_counter::measure(|| change(&mut pipeline.borrow_mut()));
        (count_total, bytes_total)
    });
    let [few, .., many] = costs;
    assert!(many.0 <= 2 * few.0 && many.1 <= 2 * few.1, "allocations and bytes: {costs:?}");
    assert!(few.0 > 0, "something was measured");
}

#[test]
fn a_new_version_of_a_companion_costs_at_most_twice_as_much_among_many() {
    // The compilation of the version does not depend on the others, and would hide the rest.
    check(|pipeline| pipeline.receive(raw("changing", 3, "i:3")), Pipeline::publish);
}

#[test]
fn a_new_status_of_a_companion_costs_at_most_twice_as_much_among_many() {
    check(
        |_| {},
        |pipeline| {
            pipeline.receive(with_status(raw("changing", 2, "i:2"), "21", Value::Null));
            pipeline.publish();
        },
    );
}

#[test]
fn a_deleted_companion_costs_at_most_twice_as_much_among_many() {
    check(
        |_| {},
        |pipeline| {
            let event = Event::Delete(raw("changing", 2, "i:2"));
            pipeline.builder.companion(WatchedResource::ClusterCompanions, Some(event));
            pipeline.publish();
        },
    );
}

#[test]
fn a_changed_namespace_costs_at_most_twice_as_much_among_many() {
    check(
        |_| {},
        |pipeline| {
            let labels = Some([("podgraft.dev/inject".to_owned(), "enabled".to_owned())].into());
            let metadata = ObjectMeta { name: Some("team-7".to_owned()), labels, ..ObjectMeta::default() };
            let meta = NamespaceMeta { metadata, ..NamespaceMeta::default() };
            pipeline.builder.namespace(Some(Event::Apply(meta)));
            pipeline.publish();
        },
    );
}
