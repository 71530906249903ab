//! Reading objects whose fields are known.

use std::fmt;

use super::error::JsonError;
use super::key::{first_of, in_member, prefix};
use super::reader::{Reader, Result};

/// A field of an object, and the function that reads its value into `S`. See [`field`].
pub struct Field<'a, S> {
    name: &'static str,
    /// See [`prefix`].
    prefix: u64,
    read: fn(&mut S, &mut Reader<'a>) -> Result<()>,
}

/// A field that [`Reader::fields`] finds. Lists of fields are made in `const` blocks, so that nothing is done for them while a
/// text is read.
pub const fn field<'a, S>(name: &'static str, read: fn(&mut S, &mut Reader<'a>) -> Result<()>) -> Field<'a, S> {
    let bytes = name.as_bytes();
    let (mut prefix, mut i) = (0, 0);
    while i < bytes.len() && i < 8 {
        prefix |= (bytes[i] as u64) << (8 * i);
        i += 1;
    }
    Field { name, prefix, read }
}

impl<'a> Reader<'a> {
    /// Reads an object whose fields are known: each value is read into `state` by the function beside its field's name, and
    /// fields that are not listed are skipped. Returns whether there was an object: `false` for `null`.
    ///
    /// # Errors
    /// The value is no object, a listed field occurs twice, or a function returned an error.
    #[inline(always)]
    pub fn fields<S, const N: usize>(&mut self, state: &mut S, fields: &[Field<'a, S>; N]) -> Result<bool> {
        const { assert!(N <= u32::BITS as usize, "one bit for each field") };
        let mut seen = 0_u32;
        self.members(|r, key| {
            let found = if key.escaped {
                let name = r.decode(r.text_of(key))?;
                find(prefix(&first_of(name.as_bytes()), name.len()), name.as_bytes(), fields)
            } else {
                find(key.prefix, key.bytes, fields)
            };
            let result = match found {
                None => r.skip(),
                Some(i) if seen & 1 << i != 0 => Err(JsonError::new("duplicate field")),
                Some(i) => {
                    seen |= 1 << i;
                    (fields[i].read)(state, r)
                }
            };
            result.map_err(|e| in_member(e, r.text_of(key)))
        })
    }
}

/// The place of a name in a list of fields.
#[inline(always)]
fn find<S>(prefix: u64, name: &[u8], fields: &[Field<'_, S>]) -> Option<usize> {
    fields.iter().position(|field| field.prefix == prefix && field.has_name(name))
}

impl<S> Field<'_, S> {
    /// Whether the field has this name, of which the first 8 bytes were compared.
    #[inline(always)]
    fn has_name(&self, name: &[u8]) -> bool {
        let own = self.name.as_bytes();
        own.len() == name.len()
            && match name.len() {
                0..=8 => true,
                9..=16 => own.last_chunk::<8>() == name.last_chunk::<8>(),
                _ => own == name,
            }
    }
}

impl<S> fmt::Debug for Field<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Field").field(&self.name).finish()
    }
}
