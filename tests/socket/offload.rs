//! Reviews that are offloaded to another runtime.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use podgraft::internals::admission::Answer;
use podgraft::internals::http::{HttpLimits, Offload, Reviewer, Route};
use podgraft::internals::tls::{Pair, Serving};
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::client::post;
use crate::server::{HANGS, Server, issue};

fn answer(text: &'static str) -> impl Fn(Route, &[u8]) -> Answer + Send + Sync + 'static {
    move |_, _| Answer { status: 200, body: text.into() }
}

#[tokio::test]
async fn offloaded_reviews_run_one_at_a_time_and_within_a_deadline() {
    let (finish, finished) = mpsc::channel::<()>();
    let finished = Mutex::new(finished);
    let applies_to = |route, body: &[u8]| route == Route::Preview && body.starts_with(b"slow");
    let work = move |_: Route, body: &[u8]| {
        if body == b"slow panic" {
            // Without the panic hook, whose backtrace can take longer than the deadline.
            resume_unwind(Box::new("a panic"));
        }
        let _ = finished.lock().unwrap().recv();
        Answer { status: 200, body: b"checked".to_vec() }
    };
    let offload = Offload::new(applies_to, work, answer("not checked"), Duration::from_millis(200), Handle::current());
    let reviewer = Reviewer::new(answer("at once")).with_offload(offload);
    let issued = issue();
    let pair = Pair::parse(issued.certificate.as_bytes(), issued.key.as_bytes()).unwrap();
    let server = Server::with(HttpLimits::default(), reviewer, issued.authority, Serving::new(pair)).await;
    let ask = async |path: &str, body: &str| {
        let mut client = server.connect().await;
        client.send(post(path, body)).await.unwrap();
        let reply = client.reply().await.unwrap();
        (reply.status, reply.body)
    };
    let answered = |text: &str| (200, text.to_owned());
    assert_eq!(ask("/preview", "quick").await, answered("at once"));
    assert_eq!(ask("/inject/requested", "slow").await, answered("at once"));
    // The first review misses its deadline and continues. Meanwhile, others get the fallback answer at once.
    assert_eq!(ask("/preview", "slow").await, answered("not checked"));
    assert_eq!(ask("/preview", "slow").await, answered("not checked"));
    // Other reviews are answered meanwhile.
    assert_eq!(ask("/inject/requested", "slow").await, answered("at once"));
    finish.send(()).unwrap();
    finish.send(()).unwrap();
    let checked = timeout(HANGS, async { while ask("/preview", "slow").await != answered("checked") {} });
    checked.await.expect("the permit was not returned");
    assert_eq!(ask("/preview", "slow panic").await.0, 500);
    finish.send(()).unwrap();
    assert_eq!(ask("/preview", "slow").await, answered("checked"));
}

#[tokio::test]
async fn no_more_offloaded_reviews_run_at_a_time_than_there_are_threads_for_them() {
    let started = Arc::new(AtomicUsize::new(0));
    let (finish, finished) = mpsc::channel::<()>();
    let (finished, counted) = (Mutex::new(finished), Arc::clone(&started));
    let work = move |_: Route, _: &[u8]| {
        counted.fetch_add(1, Ordering::SeqCst);
        let _ = finished.lock().unwrap().recv();
        Answer { status: 200, body: b"checked".to_vec() }
    };
    let is_preview = |route, _: &[u8]| route == Route::Preview;
    let offload = Offload::new(is_preview, work, answer("not checked"), Duration::from_millis(200), Handle::current())
        .on_threads(2);
    let reviewer = Reviewer::new(answer("at once")).with_offload(offload);
    let issued = issue();
    let pair = Pair::parse(issued.certificate.as_bytes(), issued.key.as_bytes()).unwrap();
    let server = Server::with(HttpLimits::default(), reviewer, issued.authority, Serving::new(pair)).await;
    let ask = async || {
        let mut client = server.connect().await;
        client.send(post("/preview", "slow")).await.unwrap();
        client.reply().await.unwrap().body
    };
    for _ in 0..4 {
        assert_eq!(ask().await, "not checked");
    }
    assert_eq!(started.load(Ordering::SeqCst), 2);
    drop(finish);
    let checked = timeout(HANGS, async { while ask().await != "checked" {} });
    checked.await.expect("the threads are free again");
}
