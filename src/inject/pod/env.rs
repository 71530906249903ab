//! Environment variables of containers: half of a typical Pod, and hardly any review needs their names.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;

use super::limits::{MAX_PARTS, name, narrow, push, too_many};
use crate::json::{JsonError, Reader, field};

type Result<T> = std::result::Result<T, JsonError>;

/// The names of the variables of all containers. The variables are checked and counted when the Pod is read; their names are
/// collected when one is asked for.
#[derive(Debug, Default)]
pub(super) struct EnvNames<'a> {
    count: usize,
    /// Each list of variables as JSON.
    lists: Vec<&'a str>,
    names: OnceCell<Names>,
}

/// Names one after the other, with the offset of the end of each. They are copied: a cell with borrowed text would make the
/// lifetime of a Pod invariant.
#[derive(Debug, Default)]
struct Names {
    text: String,
    ends: Vec<u32>,
}

impl<'a> EnvNames<'a> {
    /// Reads the variables of a container, and appends the volumes that their values are read from (`fileKeyRef`). Returns the
    /// places of the names; `None` for `null`.
    pub(super) fn read(&mut self, r: &mut Reader<'a>, files: &mut Vec<Cow<'a, str>>) -> Result<Option<Range<u32>>> {
        let start = self.count;
        let (is_array, list) = r.with_text(|r| {
            r.pairs(
                &mut self.count,
                |count, _| add(count),
                |count, r| {
                    read_variable(r, files)?;
                    add(count)
                },
            )
        })?;
        r.hold(list.len() + (self.count - start) * size_of::<u32>(), 0)?;
        r.keep(&mut self.lists, list)?;
        Ok(is_array.then_some(narrow(start)..narrow(self.count)))
    }

    /// The name at a place.
    pub(super) fn at(&self, place: usize) -> &str {
        let Names { text, ends } = self.names.get_or_init(|| self.collected());
        let offset = |place: usize| ends.get(place).map_or(0, |end| *end as usize);
        let start = place.checked_sub(1).map_or(0, offset);
        text.get(start..offset(place)).unwrap_or_default()
    }

    /// All names, from lists that were read before without an error.
    fn collected(&self) -> Names {
        let mut names = Names { text: String::new(), ends: Vec::with_capacity(self.count) };
        for list in &self.lists {
            let read = Reader::of(list).pairs(
                &mut names,
                |names, name| {
                    names.push(name.as_str());
                    Ok(())
                },
                |names, r| read_variable(r, &mut Vec::new()).map(|name| names.push(&name)),
            );
            debug_assert!(read.is_ok(), "the list was read before");
        }
        names
    }
}

impl Names {
    fn push(&mut self, name: &str) {
        self.text.push_str(name);
        self.ends.push(narrow(self.text.len()));
    }
}

/// Counts one more variable.
///
/// # Errors
/// There are too many.
fn add(count: &mut usize) -> Result<()> {
    if *count == MAX_PARTS {
        return Err(too_many());
    }
    *count += 1;
    Ok(())
}

/// Reads the name of a variable, and the volume that its value is read from, if any (`fileKeyRef`).
fn read_variable<'a>(r: &mut Reader<'a>, files: &mut Vec<Cow<'a, str>>) -> Result<Cow<'a, str>> {
    let mut state = (Cow::default(), files);
    r.fields(
        &mut state,
        &const {
            [
                field("name", |(name, _), r| r.string_or_empty().map(|text| *name = text)),
                field("valueFrom", |(_, files), r| {
                    r.fields(*files, &const { [field("fileKeyRef", read_file_key_ref)] }).map(|_| ())
                }),
            ]
        },
    )?;
    Ok(state.0)
}

fn read_file_key_ref<'a>(files: &mut Vec<Cow<'a, str>>, r: &mut Reader<'a>) -> Result<()> {
    r.fields(
        files,
        &const {
            [field("volumeName", |files, r| {
                let volume = name(r)?;
                push(r, files, volume, MAX_PARTS)
            })]
        },
    )
    .map(|_| ())
}
