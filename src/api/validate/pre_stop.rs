//! `app.preStopSleep`: how long app containers sleep before they are stopped.

use crate::api::derived::pre_stop_seconds;
use crate::api::message::invalid;
use crate::api::object::CompanionObject;
use crate::api::path::FieldPath;
use crate::api::report::Report;

pub(in crate::api) fn check(object: &CompanionObject, report: &mut Report) {
    let sleep = object.spec.app.as_ref().and_then(|app| app.pre_stop_sleep.as_deref());
    if sleep.is_some_and(|sleep| pre_stop_seconds(sleep).is_none_or(|seconds| seconds > 3600)) {
        let at = FieldPath::spec("app").member("preStopSleep");
        report.error(&at, invalid("must be at most 1 hour, such as 2s"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::api::testing::{check, companion};

    #[test]
    fn a_sleep_is_in_whole_seconds() {
        for invalid in ["2", "1500ms", "0s", "1h", "-1s"] {
            check(
                companion("/spec/app/preStopSleep", json!(invalid)),
                &["spec.app.preStopSleep: invalid value: must be whole seconds or minutes"],
            );
        }
        check(
            companion("/spec/app/preStopSleep", json!("61m")),
            &["spec.app.preStopSleep: invalid value: must be at most 1 hour"],
        );
        check(companion("/spec/app/preStopSleep", json!("2s")), &[]);
    }
}
