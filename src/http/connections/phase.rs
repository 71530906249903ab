//! What a connection is doing.

/// The phases of a connection. Each but `Responding` has a deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Phase {
    /// The TLS handshake.
    Handshake,
    /// Waiting for the first byte of a request.
    Idle,
    /// The head of a request has begun to arrive.
    ReadingHead,
    /// A request is being answered. This includes reading its body, which has a deadline of its own.
    Responding,
    /// A response is being written, as fast as the peer reads it.
    Writing,
}

impl Phase {
    /// How many bits `self as u64` needs.
    pub(super) const BITS: u32 = 3;
    const ALL: [Phase; 5] = [Phase::Handshake, Phase::Idle, Phase::ReadingHead, Phase::Responding, Phase::Writing];

    /// The phase in the lowest bits of a number.
    pub(super) fn from_low_bits(bits: u64) -> Self {
        let index = (bits & ((1 << Phase::BITS) - 1)) as usize;
        Phase::ALL.get(index).copied().unwrap_or(Phase::Handshake)
    }
}

#[cfg(test)]
mod tests {
    use super::Phase;

    #[test]
    fn every_phase_is_read_back_from_its_bits() {
        for phase in Phase::ALL {
            assert_eq!(Phase::from_low_bits(1 << 7 | phase as u64), phase);
        }
    }
}
