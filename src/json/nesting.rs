//! A stack of open brackets, at one bit each.

/// Which of the open brackets are objects', the innermost in the lowest bit.
#[derive(Default)]
pub(crate) struct Nesting {
    depth: u32,
    bits: u64,
    outer: Vec<u64>,
}

impl Nesting {
    pub(crate) fn push(&mut self, object: bool) {
        if self.depth == u64::BITS {
            self.outer.push(self.bits);
            self.depth = 0;
        }
        self.bits = self.bits << 1 | u64::from(object);
        self.depth += 1;
    }

    pub(crate) fn top(&self) -> Option<bool> {
        (self.depth > 0).then_some(self.bits & 1 == 1)
    }

    pub(crate) fn pop(&mut self) {
        self.bits >>= 1;
        self.depth -= 1;
        if self.depth == 0
            && let Some(bits) = self.outer.pop()
        {
            self.bits = bits;
            self.depth = u64::BITS;
        }
    }
}
