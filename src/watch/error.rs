//! Messages for requests and watches that failed.

use std::time::Duration;

use kube::core::Status;
use kube::runtime::watcher;

/// Why a request failed: the message of the API server, or the error with its causes where it did not answer with one.
#[must_use]
pub fn request_message(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) if !status.message.is_empty() => status.message.clone(),
        other => with_causes(other),
    }
}

/// Why a request without an answer was given up.
#[must_use]
pub fn timeout_message(timeout: Duration) -> String {
    format!("the API server did not answer within {} s", timeout.as_secs())
}

/// Why a watch failed, or the list before it.
#[must_use]
pub fn watch_message(error: &watcher::Error) -> String {
    match status(error) {
        Some(status) if !status.message.is_empty() => status.message.clone(),
        _ => with_causes(error),
    }
}

/// The status with which the API server answered a watch or the list before it; `None` where it did not answer.
#[must_use]
pub fn status(error: &watcher::Error) -> Option<&Status> {
    use watcher::Error::{InitialListFailed, WatchError, WatchFailed, WatchStartFailed};
    match error {
        InitialListFailed(kube::Error::Api(status))
        | WatchStartFailed(kube::Error::Api(status))
        | WatchFailed(kube::Error::Api(status))
        | WatchError(status) => Some(status),
        _ => None,
    }
}

/// An error and its causes, joined by colons. Many errors repeat the message of their cause: a repetition is left out.
#[must_use]
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut message = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !message.contains(&text) {
            message = format!("{message}: {text}");
        }
        next = cause.source();
    }
    message
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn api_error(message: &str) -> kube::Error {
        kube::Error::Api(Status { message: message.to_owned(), code: 403, ..Status::default() }.boxed())
    }

    #[test]
    fn the_message_of_the_api_server_is_used_where_there_is_one() {
        let forbidden = "pods is forbidden: User \"x\" cannot list resource \"pods\"";
        assert_eq!(request_message(&api_error(forbidden)), forbidden);
        for error in [watcher::Error::InitialListFailed, watcher::Error::WatchStartFailed, watcher::Error::WatchFailed]
        {
            let error = error(api_error(forbidden));
            assert_eq!(watch_message(&error), forbidden);
            assert_eq!(status(&error).map(|status| status.code), Some(403));
        }
        assert!(!watch_message(&watcher::Error::WatchFailed(api_error(""))).is_empty());
    }

    #[test]
    fn an_error_without_an_answer_is_reported_with_its_causes_each_once() {
        let refused = || kube::Error::Service(Box::new(io::Error::other("connection refused")));
        assert_eq!(request_message(&refused()), "ServiceError: connection refused");
        let message = watch_message(&watcher::Error::WatchStartFailed(refused()));
        assert!(message.ends_with("connection refused"), "{message}");
        assert_eq!(message.matches("connection refused").count(), 1, "{message}");
        assert!(status(&watcher::Error::WatchStartFailed(refused())).is_none());
    }
}
