//! The actions of one replica, in their order.

use std::time::SystemTime;

use super::*;
use crate::tls::self_managed::memory::SharedMemory;
use crate::tls::self_managed::policy::RotationPolicy;
use crate::tls::self_managed::secret::SecretTemplate;
use crate::tls::self_managed::webhooks::WebhookBundle;

/// A replica, the time, and the Secret that is stored for it.
struct Scene {
    replica: Replica,
    now: Moment,
    stored: Option<Secret>,
}

impl Scene {
    fn new() -> Self {
        let seconds = Duration::from_secs;
        let policy = RotationPolicy {
            names: vec!["podgraft.ns.svc".into()],
            pair_lifetime: seconds(3_000),
            ca_lifetime: seconds(9_000),
            ca_pause: seconds(5),
        };
        let view = View::new(policy, SecretTemplate::new(None), SharedMemory::default());
        let date = SystemTime::UNIX_EPOCH + seconds(1_900_000_000);
        Scene { replica: Replica::new(view), now: Moment { date, instant: Instant::now() }, stored: None }
    }

    /// After the first round, in which the Secret was created.
    fn serving() -> Self {
        let mut scene = Scene::new();
        assert_eq!(scene.round(), ["read", "write CaCreated PairIssued", "serve", "done"]);
        scene
    }

    fn pass(&mut self, duration: Duration) {
        self.now.date += duration;
        self.now.instant += duration;
    }

    fn next(&mut self) -> Action {
        self.replica.next(self.now)
    }

    /// Carries out all actions successfully, up to the next idle time.
    fn round(&mut self) -> Vec<String> {
        let mut log = Vec::new();
        loop {
            let action = self.next();
            log.push(name(&action));
            match action {
                Action::ReadSecret => self.replica.secret_read(Ok(self.stored.clone()), self.now),
                Action::WriteSecret { secret, .. } => self.store(*secret),
                Action::Serve(_) => {}
                Action::PatchWebhooks { .. } => self.replica.webhook_patched(&Ok(())),
                Action::Idle(_) => return log,
            }
        }
    }

    fn store(&mut self, mut secret: Secret) {
        let version = secret.metadata.resource_version.as_deref().map_or(0, |version| version.parse::<u64>().unwrap());
        secret.metadata.resource_version = Some((version + 1).to_string());
        self.stored = Some(secret.clone());
        self.replica.secret_written(Ok(secret));
    }

    /// Every configuration has one webhook, whose `caBundle` is empty.
    fn report_empty_bundles(&mut self) {
        for configuration in Configuration::ALL {
            let webhooks = vec![WebhookBundle { name: "a".into(), bundle: Some(Vec::new()) }];
            let observed = ObservedConfiguration { version: "1".into(), webhooks };
            self.replica.note_configuration(configuration, Some(observed));
        }
    }
}

fn name(action: &Action) -> String {
    match action {
        Action::ReadSecret => "read".into(),
        Action::WriteSecret { events, .. } => {
            let events = events.iter().map(|event| format!(" {}", format!("{event:?}").split('(').next().unwrap()));
            format!("write{}", events.collect::<String>())
        }
        Action::Serve(_) => "serve".into(),
        Action::PatchWebhooks { configuration, .. } => format!("patch {configuration:?}"),
        Action::Idle(Idle::Done { .. }) => "done".into(),
        Action::Idle(Idle::Failed { error, pause, .. }) => format!("failed for {} ms: {error}", pause.as_millis()),
        Action::Idle(Idle::Paused) => "paused".into(),
    }
}

fn failed() -> CallError {
    CallError::Failed("no answer".into())
}

#[test]
fn a_pair_is_served_after_the_secret_was_written_and_nothing_more_is_done() {
    let mut scene = Scene::serving();
    assert_eq!(scene.round(), ["done"]);
    scene.replica.note_secret(Some("1"));
    assert_eq!(scene.round(), ["done"], "the version is the one that was written");
    scene.replica.note_secret(Some("2"));
    assert_eq!(scene.round(), ["read", "done"]);
}

#[test]
fn a_write_that_fails_leads_to_a_pause_and_another_read_and_the_pair_is_not_served() {
    let mut scene = Scene::new();
    for pause in [500, 1_000, 2_000] {
        assert_eq!(name(&scene.next()), "read");
        scene.replica.secret_read(Ok(None), scene.now);
        assert_eq!(name(&scene.next()), "write CaCreated PairIssued");
        scene.replica.secret_written(Err(failed()));
        assert_eq!(name(&scene.next()), format!("failed for {pause} ms: no answer"));
        assert!(scene.replica.is_failing());
        scene.pass(Duration::from_millis(pause - 1));
        assert_eq!(name(&scene.next()), "paused");
        scene.pass(Duration::from_millis(1));
    }
    assert_eq!(scene.round(), ["read", "write CaCreated PairIssued", "serve", "done"]);
    assert!(!scene.replica.is_failing());
}

#[test]
fn after_a_conflict_the_secret_is_read_again_and_after_five_the_round_fails() {
    let mut scene = Scene::new();
    for _ in 0..CONFLICTS {
        assert_eq!(name(&scene.next()), "read");
        scene.replica.secret_read(Ok(None), scene.now);
        assert_eq!(name(&scene.next()), "write CaCreated PairIssued");
        scene.replica.secret_written(Err(CallError::Conflict("another version".into())));
    }
    assert_eq!(name(&scene.next()), "failed for 500 ms: another version");
}

#[test]
fn the_pair_of_a_faster_replica_is_served_after_a_conflict() {
    let other = Scene::serving();
    let mut scene = Scene::new();
    assert_eq!(name(&scene.next()), "read");
    scene.replica.secret_read(Ok(None), scene.now);
    assert_eq!(name(&scene.next()), "write CaCreated PairIssued");
    scene.replica.secret_written(Err(CallError::Conflict("it exists".into())));
    scene.stored = other.stored;
    assert_eq!(scene.round(), ["read", "serve", "done"]);
}

#[test]
fn a_missing_secret_is_created_again_after_three_seconds_where_a_pair_is_served() {
    let mut scene = Scene::serving();
    scene.stored = None;
    scene.replica.note_secret(None);
    for _ in 0..3 {
        assert_eq!(scene.round(), ["read", "done"]);
        scene.pass(Duration::from_secs(1));
    }
    assert_eq!(scene.round(), ["read", "write", "done"], "with its last content, so without events");
}

#[test]
fn before_a_configuration_is_patched_the_secret_is_read_again() {
    let mut scene = Scene::serving();
    scene.report_empty_bundles();
    let expected: Vec<String> =
        Configuration::ALL.iter().flat_map(|each| ["read".to_owned(), format!("patch {each:?}")]).collect();
    assert_eq!(scene.round(), [expected, vec!["done".to_owned()]].concat());
}

#[test]
fn a_patch_that_fails_does_not_end_the_round_and_is_sent_again_after_five_seconds() {
    let mut scene = Scene::serving();
    scene.report_empty_bundles();
    for each in Configuration::ALL {
        assert_eq!(name(&scene.next()), "read");
        scene.replica.secret_read(Ok(scene.stored.clone()), scene.now);
        assert_eq!(name(&scene.next()), format!("patch {each:?}"));
        scene.replica.webhook_patched(&Err(failed()));
    }
    assert_eq!(name(&scene.next()), "done");
    scene.pass(Duration::from_millis(4_999));
    assert_eq!(scene.round(), ["done"]);
    scene.pass(Duration::from_millis(1));
    assert_eq!(scene.round().len(), 11, "five reads, five patches, and the end");
}

#[test]
fn a_failed_read_keeps_the_pair_and_an_action_without_an_outcome_is_repeated() {
    let mut scene = Scene::serving();
    scene.replica.note_secret(Some("2"));
    assert_eq!(name(&scene.next()), "read");
    assert_eq!(name(&scene.next()), "read");
    scene.replica.secret_read(Err(failed()), scene.now);
    assert_eq!(name(&scene.next()), "failed for 500 ms: no answer");
    scene.pass(Duration::from_millis(500));
    assert_eq!(scene.round(), ["read", "done"]);
}
