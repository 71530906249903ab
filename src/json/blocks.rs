//! The brackets of JSON text, found 64 bytes at a time with one bit for each byte.
//!
//! This is the first stage of the algorithm of simdjson (Langdale and Lemire, "Parsing Gigabytes of JSON per Second", 2019). It
//! is not the crate `simd-json`, which builds an index of the whole text before anything is read.

use wide::u8x16;

/// Every second bit.
const ODD: u64 = 0xAAAA_AAAA_AAAA_AAAA;

/// 64 bytes of a text, one bit for each, the first in the lowest bit.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// `{` and `[` outside of strings.
    opening: u64,
    /// `}` and `]` outside of strings.
    closing: u64,
    /// Bytes that JSON cannot have there: control characters in strings, and backslashes outside of them.
    pub(super) invalid: u64,
    /// Whether the next block begins inside of a string: all bits or none.
    in_string: u64,
    /// Whether the first byte of the next block is escaped: the lowest bit.
    next_is_escaped: u64,
}

impl Block {
    /// How many bytes a block has.
    pub(super) const LENGTH: usize = 64;

    /// Reads the next block from the start of the rest of the text. Bytes past the end count as white space.
    #[inline(always)]
    pub(super) fn read(&mut self, rest: &[u8]) {
        match rest.first_chunk() {
            Some(block) => self.classify(block),
            None => self.read_last(rest),
        }
    }

    /// Counts the brackets of this block, and returns the place of the one that closes the outermost.
    #[inline(always)]
    pub(super) fn end_of_nested(&self, depth: &mut u32) -> Option<u32> {
        // Empty objects and arrays change no depth, unless one is the outermost. In `managedFields` they are most brackets.
        let empty = self.opening & self.closing >> 1 & !u64::from(*depth == 0);
        let (opening, closing) = (self.opening ^ empty, self.closing ^ empty << 1);
        if closing == 0 {
            *depth += opening.count_ones();
            return None;
        }
        let mut brackets = opening | closing;
        while brackets != 0 {
            let place = brackets.trailing_zeros();
            if opening >> place & 1 != 0 {
                *depth += 1;
            } else if *depth > 1 {
                *depth -= 1;
            } else {
                return Some(place);
            }
            brackets &= brackets - 1;
        }
        None
    }

    #[cold]
    fn read_last(&mut self, rest: &[u8]) {
        let mut block = [b' '; Self::LENGTH];
        block[..rest.len()].copy_from_slice(rest);
        self.classify(&block);
    }

    #[inline(always)]
    fn classify(&mut self, block: &[u8; Self::LENGTH]) {
        let Masks { mut quotes, opening, closing, has_special } = Masks::of(block);
        let (mut backslashes, mut controls) = (0, 0);
        if has_special || self.next_is_escaped != 0 {
            backslashes = mask(block, |byte| byte == b'\\');
            controls = mask(block, |byte| byte < 0x20);
            quotes &= !self.escaped(backslashes);
        }
        let strings = prefix_xor(quotes) ^ self.in_string;
        self.in_string = 0_u64.wrapping_sub(strings >> 63);
        self.opening = opening & !strings;
        self.closing = closing & !strings;
        self.invalid = controls & strings | backslashes & !strings;
    }

    /// The bytes after an odd number of backslashes. The subtraction carries through each run of backslashes, which leaves
    /// its parity.
    #[cold]
    fn escaped(&mut self, backslashes: u64) -> u64 {
        let escaping = backslashes & !self.next_is_escaped;
        let runs = (escaping << 1 | ODD).wrapping_sub(escaping) ^ ODD;
        let escaped = runs ^ (backslashes | self.next_is_escaped);
        self.next_is_escaped = (runs & backslashes) >> 63;
        escaped
    }
}

/// Where the bytes of interest are, in strings or not.
struct Masks {
    quotes: u64,
    opening: u64,
    closing: u64,
    /// Whether there are backslashes or control characters.
    has_special: bool,
}

impl Masks {
    #[inline(always)]
    fn of(block: &[u8; Block::LENGTH]) -> Self {
        let mut masks = Masks { quotes: 0, opening: 0, closing: 0, has_special: false };
        let (mut smallest, mut backslashes) = (u8x16::splat(u8::MAX), u8x16::splat(0));
        for i in 0..4 {
            let Some(part) = block[16 * i..].first_chunk() else { break };
            let part = u8x16::new(*part);
            let bits = |found: u8x16| u64::from(found.to_bitmask()) << (16 * i);
            // `{` and `[`, and `}` and `]`, differ in this bit only.
            let folded = part | u8x16::splat(0x20);
            masks.quotes |= bits(part.simd_eq(u8x16::splat(b'"')));
            masks.opening |= bits(folded.simd_eq(u8x16::splat(b'{')));
            masks.closing |= bits(folded.simd_eq(u8x16::splat(b'}')));
            smallest = smallest.min(part);
            backslashes |= part.simd_eq(u8x16::splat(b'\\'));
        }
        let controls = smallest.min(u8x16::splat(0x1F)).simd_eq(smallest);
        masks.has_special = (controls | backslashes).to_bitmask() != 0;
        masks
    }
}

#[cold]
fn mask(block: &[u8; Block::LENGTH], is_of_interest: fn(u8) -> bool) -> u64 {
    block.iter().rev().fold(0, |bits, byte| bits << 1 | u64::from(is_of_interest(*byte)))
}

/// Each bit becomes the parity of all bits up to it, so that from each quote to the next one all are set.
#[inline(always)]
fn prefix_xor(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}
