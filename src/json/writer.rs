//! Writes JSON. The writers of objects and arrays put the commas; nothing is allocated for a member or an item.

use std::fmt;

use super::sink::Sink;

/// Writes what separates the members of an object or the items of an array: nothing before the first, a comma before each
/// other one.
#[derive(Debug, Default, Clone, Copy)]
pub struct Separator {
    /// Whether a member or an item was written.
    is_open: bool,
}

impl Separator {
    /// A separator whose first member or item was written elsewhere.
    #[must_use]
    pub fn after_first() -> Self {
        Separator { is_open: true }
    }

    /// Whether a member or an item was written.
    #[must_use]
    pub fn is_after_first(self) -> bool {
        self.is_open
    }

    /// Separates the next member or item from the one before it.
    #[inline]
    pub fn write(&mut self, out: &mut impl Sink) {
        if self.is_open {
            out.plain(",");
        }
        self.is_open = true;
    }
}

/// Writes an object.
#[inline]
pub fn write_object<S: Sink>(out: &mut S, members: impl FnOnce(&mut ObjectWriter<'_, S>)) {
    out.plain("{");
    members(&mut ObjectWriter { out, separator: Separator::default(), opening: None });
    out.plain("}");
}

/// Writes an array.
#[inline]
pub fn write_array<S: Sink>(out: &mut S, items: impl FnOnce(&mut ArrayWriter<'_, S>)) {
    out.plain("[");
    items(&mut ArrayWriter { out, separator: Separator::default(), opening: None });
    out.plain("]");
}

/// What is written before the first member or item of a value that is left out where it is empty.
#[derive(Debug, Clone, Copy)]
struct Opening {
    /// The separator of the object that the value is a member of.
    separator: Separator,
    key: &'static str,
}

/// The keys of members are names of fields, which need no escapes.
#[inline(always)]
fn write_key(out: &mut impl Sink, key: &'static str) {
    out.quote();
    out.plain(key);
    out.quote();
    out.plain(":");
}

impl Opening {
    fn write(mut self, out: &mut impl Sink, bracket: &str) {
        self.separator.write(out);
        write_key(out, self.key);
        out.plain(bracket);
    }
}

/// Writes the members of an object.
#[derive(Debug)]
pub struct ObjectWriter<'o, S> {
    out: &'o mut S,
    separator: Separator,
    opening: Option<Opening>,
}

impl<'o, S: Sink> ObjectWriter<'o, S> {
    /// A writer of further members of an object whose brace and first member were written elsewhere.
    pub fn resumed(out: &'o mut S) -> Self {
        ObjectWriter { out, separator: Separator::after_first(), opening: None }
    }

    /// Writes the name of a member that is a field. The caller writes its value to the sink that is returned.
    #[inline(always)]
    pub fn member(&mut self, key: &'static str) -> &mut S {
        self.separate();
        write_key(self.out, key);
        self.out
    }

    /// Writes the name of a member that can have any name. The caller writes its value to the sink that is returned.
    #[inline]
    pub fn named(&mut self, name: &str) -> &mut S {
        self.separate();
        self.out.string(name);
        self.out.plain(":");
        self.out
    }

    #[inline]
    fn separate(&mut self) {
        if let Some(opening) = self.opening.take() {
            opening.write(self.out, "{");
        }
        self.separator.write(self.out);
    }

    /// Writes a member that is a string.
    #[inline]
    pub fn string(&mut self, key: &'static str, value: &str) {
        self.member(key).string(value);
    }

    /// Writes a member whose value is JSON already.
    #[inline]
    pub fn raw(&mut self, key: &'static str, json: &str) {
        self.member(key).text(json);
    }

    /// Writes a member that is a number, or displays as JSON.
    pub fn display(&mut self, key: &'static str, value: impl fmt::Display) {
        self.member(key).display(value);
    }

    /// Writes members that are JSON already, with their names and the commas between them. There is at least one.
    pub fn raw_members(&mut self, json: &str) {
        self.separator.write(self.out);
        self.out.text(json);
    }

    /// Writes a member that is an object.
    #[inline]
    pub fn object(&mut self, key: &'static str, members: impl FnOnce(&mut ObjectWriter<'_, S>)) {
        write_object(self.member(key), members);
    }

    /// Writes a member that is an object, and leaves it out where it has no members.
    #[inline]
    pub fn object_unless_empty(&mut self, key: &'static str, members: impl FnOnce(&mut ObjectWriter<'_, S>)) {
        let opening = Some(Opening { separator: self.separator, key });
        let mut object = ObjectWriter { out: &mut *self.out, separator: Separator::default(), opening };
        members(&mut object);
        if object.separator.is_after_first() {
            self.out.plain("}");
            self.separator = Separator::after_first();
        }
    }

    /// Writes a member that is an array, and leaves it out where it has no items.
    #[inline]
    pub fn array_unless_empty(&mut self, key: &'static str, items: impl FnOnce(&mut ArrayWriter<'_, S>)) {
        let opening = Some(Opening { separator: self.separator, key });
        let mut array = ArrayWriter { out: &mut *self.out, separator: Separator::default(), opening };
        items(&mut array);
        if array.separator.is_after_first() {
            self.out.plain("]");
            self.separator = Separator::after_first();
        }
    }
}

/// Writes the items of an array.
#[derive(Debug)]
pub struct ArrayWriter<'o, S> {
    out: &'o mut S,
    separator: Separator,
    opening: Option<Opening>,
}

impl<S: Sink> ArrayWriter<'_, S> {
    /// Starts an item. The caller writes it to the sink that is returned.
    #[inline]
    pub fn item(&mut self) -> &mut S {
        if let Some(opening) = self.opening.take() {
            opening.write(self.out, "[");
        }
        self.separator.write(self.out);
        self.out
    }

    /// Writes an item that is a string.
    #[inline]
    pub fn string(&mut self, value: &str) {
        self.item().string(value);
    }
}
