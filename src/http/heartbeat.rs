//! Detects review threads that hang.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::health::HealthCheck;

/// How often the runtime of the review threads beats.
const BEAT: Duration = Duration::from_millis(500);
/// How often the admin thread looks for progress.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// The progress of the review threads, and for how long there has been none.
///
/// This does not compare times. The admin thread looks once a second whether anything has changed since its last look, and
/// counts the looks without a change. So a clock that was set, or a machine that was suspended, does not look like a thread
/// that hangs: the admin thread did not run either, and counted nothing.
#[derive(Debug)]
pub struct Heartbeat {
    /// Counts beats, which show that the runtime still polls tasks. Zero until the runtime has started: nothing is expected
    /// of it before.
    beats: AtomicU64,
    /// The serial number of the review that each thread is doing, or zero. With several threads one may hang while the
    /// others and the beats continue.
    reviews: Box<[AtomicU64]>,
    serial: AtomicU64,
    /// How many looks in a row have seen no progress.
    silence: AtomicU32,
}

/// The state at the last look.
#[derive(Debug, Default)]
struct LastLook {
    beats: u64,
    beats_missed: u32,
    reviews: Vec<(u64, u32)>,
}

impl Heartbeat {
    /// The heartbeat of this many threads, which have not started.
    #[must_use]
    pub fn new(threads: u16) -> Arc<Self> {
        let reviews = (0..threads.max(1)).map(|_| AtomicU64::new(0)).collect();
        let (beats, serial, silence) = (AtomicU64::new(0), AtomicU64::new(1), AtomicU32::new(0));
        Arc::new(Heartbeat { beats, reviews, serial, silence })
    }

    /// Beats for as long as it is polled. It belongs on the runtime of the review threads.
    pub async fn beat(self: Arc<Self>) {
        let mut clock = interval(BEAT);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            clock.tick().await;
            self.beats.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Does a review, and records that it is in progress until it returns or panics.
    pub fn during<T>(&self, review: impl FnOnce() -> T) -> T {
        struct InProgress<'a>(Option<&'a AtomicU64>);
        impl Drop for InProgress<'_> {
            fn drop(&mut self) {
                if let Some(slot) = self.0 {
                    slot.store(0, Ordering::Relaxed);
                }
            }
        }
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let free = |slot: &&AtomicU64| slot.compare_exchange(0, serial, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        let _in_progress = InProgress(self.reviews.iter().find(free));
        review()
    }

    /// Looks for progress for as long as it is polled. It belongs on the admin thread.
    pub async fn watch(self: Arc<Self>) {
        let mut clock = interval(LOOK_INTERVAL);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last = LastLook::default();
        loop {
            clock.tick().await;
            self.look(&mut last);
        }
    }

    /// A check that fails once there has been no progress for this many seconds.
    #[must_use]
    pub fn check(self: &Arc<Self>, seconds: u32) -> HealthCheck {
        let heartbeat = Arc::clone(self);
        HealthCheck::new("reviews", move || match heartbeat.silence.load(Ordering::Relaxed) {
            silence if silence < seconds => Ok(()),
            silence => Err(format!("a review thread has made no progress for {silence} s")),
        })
    }

    fn look(&self, last: &mut LastLook) {
        let beats = self.beats.load(Ordering::Relaxed);
        last.beats_missed = if beats != 0 && beats == last.beats { last.beats_missed + 1 } else { 0 };
        last.beats = beats;
        last.reviews.resize(self.reviews.len(), (0, 0));
        let mut silence = last.beats_missed;
        for (slot, (previous, missed)) in self.reviews.iter().zip(&mut last.reviews) {
            let serial = slot.load(Ordering::Relaxed);
            *missed = if serial != 0 && serial == *previous { *missed + 1 } else { 0 };
            *previous = serial;
            silence = silence.max(*missed);
        }
        self.silence.store(silence, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_thread_that_beats_is_alive_and_one_that_stops_is_not() {
        let heartbeat = Heartbeat::new(1);
        let (ready, alive) = (heartbeat.check(5), heartbeat.check(30));
        tokio::spawn(Arc::clone(&heartbeat).watch());
        sleep(Duration::from_secs(100)).await;
        assert!(ready.passes() && alive.passes(), "nothing is expected before it has started");
        let beating = tokio::spawn(Arc::clone(&heartbeat).beat());
        sleep(Duration::from_secs(100)).await;
        assert!(ready.passes() && alive.passes());
        beating.abort();
        sleep(Duration::from_millis(4_600)).await;
        assert!(ready.passes());
        sleep(Duration::from_secs(2)).await;
        assert!(!ready.passes() && alive.passes());
        sleep(Duration::from_secs(25)).await;
        assert!(!alive.passes());
        tokio::spawn(Arc::clone(&heartbeat).beat());
        sleep(Duration::from_secs(2)).await;
        assert!(ready.passes() && alive.passes(), "a thread that has recovered is alive");
    }

    #[test]
    fn one_of_several_threads_that_hangs_in_a_review_is_noticed_while_the_others_continue() {
        let heartbeat = Heartbeat::new(2);
        let ready = heartbeat.check(5);
        let mut last = LastLook::default();
        let look = |last: &mut LastLook| {
            heartbeat.beats.fetch_add(1, Ordering::Relaxed);
            heartbeat.during(|| heartbeat.look(last));
        };
        heartbeat.during(|| {
            for _ in 0..5 {
                look(&mut last);
                assert!(ready.passes());
            }
            look(&mut last);
            assert!(!ready.passes());
        });
        look(&mut last);
        assert!(ready.passes());
    }

    #[test]
    fn a_review_that_panics_is_no_longer_in_progress() {
        let heartbeat = Heartbeat::new(1);
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| heartbeat.during(|| panic!("a bug"))));
        assert!(caught.is_err());
        assert_eq!(heartbeat.reviews[0].load(Ordering::Relaxed), 0);
    }
}
