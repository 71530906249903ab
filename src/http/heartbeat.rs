//! Whether the threads that answer reviews still do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::HealthCheck;

/// How often the threads that answer give a sign of life.
const BEAT: Duration = Duration::from_millis(500);
/// How often it is looked whether they have.
const LOOK: Duration = Duration::from_secs(1);

/// The signs of life of the threads that answer, and for how long there have been none.
///
/// Nothing here compares times. The thread that answers probes looks once a second whether anything has changed since it
/// looked last, and counts how often nothing had. So neither a clock that is set nor a machine that was asleep looks like
/// a thread that hangs: while this thread did not run either, nothing was counted.
#[derive(Debug)]
pub struct Heartbeat {
    /// Counts beats, for it shows that tasks get their turn. Zero before the first one: nobody is expected to live yet.
    beats: AtomicU64,
    /// The serial number of the review that each thread is doing, or zero. With several threads one may hang while the
    /// others, and the beats, go on.
    reviews: Box<[AtomicU64]>,
    serial: AtomicU64,
    /// For how many looks in a row there was no sign of life.
    silence: AtomicU32,
}

/// What was seen at the last look.
#[derive(Debug, Default)]
struct Seen {
    beats: u64,
    beats_missed: u32,
    reviews: Vec<(u64, u32)>,
}

impl Heartbeat {
    /// Of so many threads, none of which has begun.
    #[must_use]
    pub fn new(threads: u16) -> Arc<Self> {
        let reviews = (0..threads.max(1)).map(|_| AtomicU64::new(0)).collect();
        let (beats, serial, silence) = (AtomicU64::new(0), AtomicU64::new(1), AtomicU32::new(0));
        Arc::new(Heartbeat { beats, reviews, serial, silence })
    }

    /// Beats for as long as it is polled, on the runtime of the threads that answer.
    pub async fn beat(self: Arc<Self>) {
        let mut clock = interval(BEAT);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            clock.tick().await;
            self.beats.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Does a review, which counts as under way meanwhile, also if it panics.
    pub fn during<T>(&self, review: impl FnOnce() -> T) -> T {
        struct UnderWay<'a>(Option<&'a AtomicU64>);
        impl Drop for UnderWay<'_> {
            fn drop(&mut self) {
                if let Some(slot) = self.0 {
                    slot.store(0, Ordering::Relaxed);
                }
            }
        }
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let free = |slot: &&AtomicU64| slot.compare_exchange(0, serial, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        let _under_way = UnderWay(self.reviews.iter().find(free));
        review()
    }

    /// Looks for signs of life for as long as it is polled, on the thread that answers probes.
    pub async fn watch(self: Arc<Self>) {
        let mut clock = interval(LOOK);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut seen = Seen::default();
        loop {
            clock.tick().await;
            self.look(&mut seen);
        }
    }

    /// A check that fails once there has been no sign of life for so many seconds.
    #[must_use]
    pub fn check(self: &Arc<Self>, seconds: u32) -> HealthCheck {
        let heartbeat = Arc::clone(self);
        HealthCheck::new("reviews", move || match heartbeat.silence.load(Ordering::Relaxed) {
            silence if silence < seconds => Ok(()),
            silence => Err(format!("a thread that answers reviews has not made progress for {silence} s")),
        })
    }

    fn look(&self, seen: &mut Seen) {
        let beats = self.beats.load(Ordering::Relaxed);
        seen.beats_missed = if beats != 0 && beats == seen.beats { seen.beats_missed + 1 } else { 0 };
        seen.beats = beats;
        seen.reviews.resize(self.reviews.len(), (0, 0));
        let mut silence = seen.beats_missed;
        for (slot, (last, missed)) in self.reviews.iter().zip(&mut seen.reviews) {
            let serial = slot.load(Ordering::Relaxed);
            *missed = if serial != 0 && serial == *last { *missed + 1 } else { 0 };
            *last = serial;
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
        assert!(ready.passes() && alive.passes(), "before it has begun nothing is expected of it");
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
        assert!(ready.passes() && alive.passes(), "whoever has come back is alive");
    }

    #[test]
    fn one_of_several_threads_that_hangs_in_a_review_is_noticed_though_the_others_go_on() {
        let heartbeat = Heartbeat::new(2);
        let ready = heartbeat.check(5);
        let mut seen = Seen::default();
        let turn = |seen: &mut Seen| {
            heartbeat.beats.fetch_add(1, Ordering::Relaxed);
            heartbeat.during(|| heartbeat.look(seen));
        };
        heartbeat.during(|| {
            for _ in 0..5 {
                turn(&mut seen);
                assert!(ready.passes());
            }
            turn(&mut seen);
            assert!(!ready.passes());
        });
        turn(&mut seen);
        assert!(ready.passes());
    }

    #[test]
    fn a_review_that_panics_is_over() {
        let heartbeat = Heartbeat::new(1);
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| heartbeat.during(|| panic!("a bug"))));
        assert!(caught.is_err());
        assert_eq!(heartbeat.reviews[0].load(Ordering::Relaxed), 0);
    }
}
