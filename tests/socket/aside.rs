//! What is done away from the thread that answers.

use std::sync::{Mutex, mpsc};
use std::time::Duration;

use podgraft::admission::Answer;
use podgraft::http::{HttpLimits, Offload, Reviewer, Route};
use podgraft::tls::{Pair, Serving};
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::client::post;
use crate::server::{HANGS, Server, issue};

fn says(text: &'static str) -> impl Fn(Route, &[u8]) -> Answer + Send + Sync + 'static {
    move |_, _| Answer { status: 200, body: text.into() }
}

#[tokio::test]
async fn what_is_done_aside_is_one_at_a_time_and_not_waited_for_too_long() {
    let (go, gone) = mpsc::channel::<()>();
    let gone = Mutex::new(gone);
    let takes = |question, body: &[u8]| question == Route::Preview && body.starts_with(b"slow");
    let work = move |_: Route, body: &[u8]| {
        assert_ne!(body, b"slow panic", "as it was told to");
        let _ = gone.lock().unwrap().recv();
        Answer { status: 200, body: b"checked".to_vec() }
    };
    let offload = Offload::new(takes, work, says("not checked"), Duration::from_millis(200), Handle::current());
    let reviewer = Reviewer::new(says("at once")).with_offload(offload);
    let issued = issue();
    let pair = Pair::parse(issued.certificate.as_bytes(), issued.key.as_bytes()).unwrap();
    let server = Server::with(HttpLimits::default(), reviewer, issued.authority, Serving::new(pair)).await;
    let ask = async |path: &str, body: &str| {
        let mut client = server.connect().await;
        client.send(post(path, body)).await.unwrap();
        let reply = client.reply().await.unwrap();
        (reply.status, reply.body)
    };
    let said = |text: &str| (200, text.to_owned());
    assert_eq!(ask("/preview", "quick").await, said("at once"));
    assert_eq!(ask("/inject/requested", "slow").await, said("at once"));
    // The first has its time, and goes on; meanwhile there is no turn for others, who are not kept waiting.
    assert_eq!(ask("/preview", "slow").await, said("not checked"));
    assert_eq!(ask("/preview", "slow").await, said("not checked"));
    // Reviews are answered all the while.
    assert_eq!(ask("/inject/requested", "slow").await, said("at once"));
    go.send(()).unwrap();
    go.send(()).unwrap();
    let checked = timeout(HANGS, async { while ask("/preview", "slow").await != said("checked") {} });
    checked.await.expect("no turn came back");
    assert_eq!(ask("/preview", "slow panic").await.0, 500);
    go.send(()).unwrap();
    assert_eq!(ask("/preview", "slow").await, said("checked"));
}
