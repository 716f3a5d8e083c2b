//! Numbers that follow from a seed: `SplitMix64`. Not for secrets.

/// A generator.
pub struct Mixer(pub u64);

impl Mixer {
    /// Returns the next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// Mixes bytes into a seed (FNV-1a, then one step of the generator).
#[must_use]
pub fn mix(seed: u64, bytes: &[u8]) -> u64 {
    let start = Mixer(seed).next();
    let hash = bytes.iter().fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    Mixer(hash).next()
}
