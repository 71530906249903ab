//! A member of a container that is an array.

/// A member that is an array, written only if it has items.
pub(super) struct Array<'o> {
    out: &'o mut Vec<u8>,
    opening: &'static str,
    items: usize,
}

impl<'o> Array<'o> {
    pub(super) fn new(out: &'o mut Vec<u8>, opening: &'static str) -> Self {
        Array { out, opening, items: 0 }
    }

    pub(super) fn item(&mut self) -> &mut Vec<u8> {
        self.out.extend_from_slice(if self.items == 0 { self.opening.as_bytes() } else { b"," });
        self.items += 1;
        self.out
    }

    pub(super) fn finish(self) {
        if self.items > 0 {
            self.out.push(b']');
        }
    }
}
