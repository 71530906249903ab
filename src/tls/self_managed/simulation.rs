//! Several replicas, one Secret and two webhook configurations, in every order in which things can happen.
//!
//! The replicas are those of production; the cluster carries out their actions instead of the driver. An action and its
//! execution are separate events, so that the cluster can change in between, and watches deliver as late as they like.

mod cluster;
mod scenarios;

/// How many replicas there are.
const REPLICAS: usize = 3;

/// The keys of the Secret.
const KEYS: [&str; 6] = ["tls.crt", "tls.key", "ca.crt", "ca.key", "next-ca.crt", "next-ca.key"];

/// What happens next. A `usize` is the index of a replica, except where it is named.
#[derive(Debug, Clone)]
enum SimulatedEvent {
    /// A replica reads and decides, or executes what it decided before.
    ReplicaActs(usize),
    /// The watches of a replica report the present state.
    WatchesReport(usize),
    /// A call that was decided is not executed, and fails.
    CallFails(usize),
    /// A call that was decided is executed, and fails all the same.
    AnswerIsLost(usize),
    /// A replica starts again without memory, and serves nothing.
    ProcessRestarts(usize),
    /// The task that rotates panics and is started again. Memory and served pair stay.
    TaskPanics(usize),
    TimePasses {
        seconds: u64,
    },
    SecretDeleted,
    SecretEmptied,
    /// A user restores the content of so many writes ago.
    SecretRestored {
        writes_ago: usize,
    },
    KeyCorrupted {
        key: usize,
    },
    /// A user rolls a webhook configuration back.
    BundleEmptied {
        configuration: usize,
    },
}
