//! The line of a review in JSON, written by hand: through tracing's JSON formatter it would cost a quarter of the review. The
//! format is the formatter's, and a test compares both.

use std::io::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use k8s_openapi::jiff::Timestamp;

use super::escape::{Escapes, escaped};
use super::log_writer::LogWriter;
use super::review_fields::ReviewFields;
use crate::json::{Sink as _, write_object};

/// Writes the lines of reviews.
#[derive(Debug)]
pub(super) struct ReviewLines {
    writer: LogWriter,
    second: Mutex<Second>,
}

/// A second since 1970, and its text: most lines are of the same second as the line before.
#[derive(Debug, Default)]
struct Second {
    number: u64,
    text: String,
}

impl ReviewLines {
    pub(super) fn new(writer: LogWriter) -> Self {
        ReviewLines { writer, second: Mutex::default() }
    }

    pub(super) fn write(&self, fields: &ReviewFields<'_>) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let line = self.line(fields, now);
        // The writer counts the lines that it drops, and cannot fail otherwise.
        let _ = self.writer.clone().write_all(escaped(&line, Escapes::All).as_bytes());
    }

    pub(super) fn line(&self, fields: &ReviewFields<'_>, now: Duration) -> String {
        let mut line = String::with_capacity(512);
        write_object(&mut line, |object| {
            let time = object.member("timestamp");
            time.quote();
            self.write_time(time, now);
            time.quote();
            object.string("level", "INFO");
            object.string("message", "review");
            object.string("uid", &fields.uid);
            object.string("webhook", fields.webhook);
            object.string("namespace", &fields.namespace);
            object.string("name", &fields.name);
            object.string("result", fields.result);
            object.raw("dry_run", if fields.dry_run { "true" } else { "false" });
            object.string("companions", &fields.companions);
            if let Some(complaint) = &fields.complaint {
                object.string("complaint", complaint);
            }
            object.member("microseconds").number(usize::try_from(fields.microseconds).unwrap_or(usize::MAX));
        });
        line.push('\n');
        line
    }

    /// Writes `2026-11-27T09:10:07.123456Z`.
    fn write_time(&self, out: &mut String, now: Duration) {
        let mut second = self.second.lock().unwrap_or_else(PoisonError::into_inner);
        if second.text.is_empty() || second.number != now.as_secs() {
            let time = i64::try_from(now.as_secs()).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
            let text = time.unwrap_or_default().to_string();
            *second = Second { number: now.as_secs(), text: text.trim_end_matches('Z').to_owned() };
        }
        out.push_str(&second.text);
        out.push('.');
        // Six digits with zeros in front are those of a number with seven, without the first.
        let start = out.len();
        out.number(1_000_000 + now.subsec_micros() as usize);
        out.remove(start);
        out.push('Z');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_six_digits_after_the_second_also_in_the_next_second() {
        let lines = ReviewLines::new(LogWriter::open(std::io::sink()).unwrap());
        for (micros, expected) in [
            (1_795_770_607_000_012, "2026-11-27T09:10:07.000012Z"),
            (1_795_770_607_999_999, "2026-11-27T09:10:07.999999Z"),
            (1_795_770_608_500_000, "2026-11-27T09:10:08.500000Z"),
            (0, "1970-01-01T00:00:00.000000Z"),
        ] {
            let mut time = String::new();
            lines.write_time(&mut time, Duration::from_micros(micros));
            assert_eq!(time, expected);
        }
    }
}
