//! The line of a review in JSON, written by hand: through tracing's JSON formatter it would cost a quarter of the review. The
//! format is the formatter's, and a test compares both.

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
    last: Mutex<LastLine>,
}

/// What the next line needs of the line before: its second, and its memory. A line has a bounded length.
#[derive(Debug, Default)]
struct LastLine {
    second: Second,
    text: String,
}

/// A second since 1970, and its text: most lines are of the same second as the line before.
#[derive(Debug, Default)]
struct Second {
    number: u64,
    text: String,
}

impl ReviewLines {
    pub(super) fn new(writer: LogWriter) -> Self {
        ReviewLines { writer, last: Mutex::default() }
    }

    pub(super) fn write(&self, fields: &ReviewFields<'_>) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let LastLine { second, text } = &mut *last;
        text.clear();
        write_line(text, fields, second.at(now), now);
        self.writer.append(escaped(text, Escapes::All).as_bytes());
    }
}

impl Second {
    /// The text of the second of a time, without its zone.
    fn at(&mut self, now: Duration) -> &str {
        if self.text.is_empty() || self.number != now.as_secs() {
            let time = i64::try_from(now.as_secs()).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
            let text = time.unwrap_or_default().to_string();
            *self = Second { number: now.as_secs(), text: text.trim_end_matches('Z').to_owned() };
        }
        &self.text
    }
}

/// Writes a line. `second` is the text of the second of `now`.
fn write_line(line: &mut String, fields: &ReviewFields<'_>, second: &str, now: Duration) {
    line.reserve(512);
    write_object(line, |object| {
        write_time(object.member("timestamp"), second, now);
        object.raw_members(r#""level":"INFO","message":"review""#);
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
}

/// Writes `"2026-11-27T09:10:07.123456Z"`.
fn write_time(out: &mut String, second: &str, now: Duration) {
    out.quote();
    out.push_str(second);
    out.push('.');
    // Six digits with zeros in front are those of a number with seven, without the first.
    let start = out.len();
    out.number(1_000_000 + now.subsec_micros() as usize);
    out.remove(start);
    out.push_str("Z\"");
}

/// The line of a review at a time, for tests.
#[cfg(test)]
pub(super) fn line(fields: &ReviewFields<'_>, now: Duration) -> String {
    let mut line = String::new();
    write_line(&mut line, fields, Second::default().at(now), now);
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_six_digits_after_the_second_also_in_the_next_second() {
        let mut second = Second::default();
        for (micros, expected) in [
            (1_795_770_607_000_012, r#""2026-11-27T09:10:07.000012Z""#),
            (1_795_770_607_999_999, r#""2026-11-27T09:10:07.999999Z""#),
            (1_795_770_608_500_000, r#""2026-11-27T09:10:08.500000Z""#),
            (0, r#""1970-01-01T00:00:00.000000Z""#),
        ] {
            let mut time = String::new();
            let now = Duration::from_micros(micros);
            write_time(&mut time, second.at(now), now);
            assert_eq!(time, expected);
        }
    }
}
