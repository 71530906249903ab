//! JSON: a pull reader that skips what it is not asked for, and a writer.
//!
//! Values that are read are checked as RFC 8259 asks and borrowed from the text. Everything else is skipped by its brackets and
//! strings, 64 bytes at a time and without recursion. That is why this is not `jiter` or `sonic-rs`: both parse everything that
//! they skip, and a review skips most of its body.
#![allow(clippy::inline_always)] // These small functions run for every token. As calls they cost a tenth of a review.

mod blocks;
mod cursor;
mod error;
mod fields;
mod held;
mod key;
mod number;
mod pairs;
mod pointer;
mod reader;
mod sink;
mod string;
#[cfg(test)]
mod tests;
mod writer;

pub use error::{Expected, JsonError};
#[cfg(test)]
pub use fields::Field;
pub use fields::field;
pub use pointer::{Token, field_path, unescape_token, write_token};
pub use reader::{Reader, TextMap};
pub use sink::{Length, Nested, Sink};
pub use string::escaped_length;
pub use writer::{ObjectWriter, Separator, write_array, write_object};
