//! Drops values that review threads used, on the thread that replaced them.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

/// The time between two checks of the reference count. A review takes less.
const INTERVAL: Duration = Duration::from_millis(5);

/// Drops a value that was replaced, as soon as no other thread uses it.
///
/// The last user of an `Arc` drops its value. That can be a review thread, and a value can be a whole snapshot, so one
/// reference is kept here until it is the last one. New users cannot appear, because the value was replaced.
pub(super) fn retire<T: Send + Sync + 'static>(value: Arc<T>) {
    if Arc::strong_count(&value) == 1 {
        return;
    }
    tokio::spawn(async move {
        while Arc::strong_count(&value) > 1 {
            sleep(INTERVAL).await;
        }
        drop(value);
    });
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::thread;
    use std::thread::ThreadId;

    use arc_swap::ArcSwap;

    use super::*;

    /// A value that records which threads drop one of its kind.
    struct Value(Arc<Mutex<Vec<ThreadId>>>);

    impl Drop for Value {
        fn drop(&mut self) {
            self.0.lock().unwrap().push(thread::current().id());
        }
    }

    const ROUNDS: usize = 200;

    #[tokio::test]
    async fn a_value_that_is_replaced_while_another_thread_uses_it_is_dropped_by_the_thread_that_replaced_it() {
        let dropped = Arc::new(Mutex::new(Vec::new()));
        let value = || Arc::new(Value(Arc::clone(&dropped)));
        let shared = Arc::new(ArcSwap::new(value()));
        let (used, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let user = thread::spawn({
            let (shared, used, ended) = (Arc::clone(&shared), Arc::clone(&used), Arc::clone(&ended));
            move || {
                while !ended.load(Ordering::Relaxed) {
                    let _value = shared.load();
                    used.fetch_add(1, Ordering::Relaxed);
                    thread::yield_now();
                }
            }
        });
        for _ in 0..ROUNDS {
            let before = used.load(Ordering::Relaxed);
            while used.load(Ordering::Relaxed) == before {
                tokio::task::yield_now().await;
            }
            retire(shared.swap(value()));
        }
        while dropped.lock().unwrap().len() < ROUNDS {
            sleep(INTERVAL).await;
        }
        ended.store(true, Ordering::Relaxed);
        user.join().unwrap();
        let dropped = dropped.lock().unwrap().clone();
        assert_eq!(dropped, [thread::current().id(); ROUNDS]);
    }
}
