//! Random streams: each is a pure function of (run seed, purpose, environment index, episode number).
//!
//! The four numbers are the input of a *permutation* of 256 bits (rounds of SipHash, Aumasson & Bernstein 2012), and
//! the output is the initial state of a Xoshiro256++ generator (Blackman & Vigna 2018). A permutation never maps two
//! inputs to one output: no two streams start from the same state. Seeds such as `seed + i` would not guarantee that.
//! Both algorithms are published, portable and fixed: a stream is the same on every machine and in every version.

use rand::TryRng;
use rand::rand_core::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};

/// Purpose of a stream. Recorded runs depend on the numbers of the variants: never reuse or change a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u64)]
pub enum Purpose {
    /// Environment randomness in training.
    Environment = 1,
    /// Action sampling in training.
    Action = 2,
    /// Initial values of tables and networks.
    Initialization = 3,
    /// Other randomness of an agent: replay samples, planning, shuffles.
    Agent = 4,
    /// Environment randomness in evaluation.
    EvaluationEnvironment = 5,
    /// Action sampling in evaluation.
    EvaluationAction = 6,
    /// Environment randomness in the viewer.
    WatchEnvironment = 7,
    /// Action sampling in the viewer.
    WatchAction = 8,
    /// Bootstrap resampling in statistics.
    Bootstrap = 9,
    /// Generation of a world, such as a random map.
    Generation = 10,
    /// Generation of data: shuffles before a split, generated faces.
    Data = 11,
    /// Environment randomness of recorded demonstrations, other than that of training and evaluation.
    DemonstrationEnvironment = 12,
    /// Action sampling of recorded demonstrations.
    DemonstrationAction = 13,
    /// Points of a search of settings.
    Sweep = 16,
}

/// All random streams of one run.
///
/// ```
/// use freewheel_core::{Purpose, Streams};
///
/// let streams = Streams::new(7);
/// let mut rng = streams.stream(Purpose::Environment, 0, 0);
/// let mut same = streams.stream(Purpose::Environment, 0, 0);
/// let mut other = streams.stream(Purpose::Environment, 0, 1);
/// let first = rng.bits();
/// assert_eq!(first, same.bits());
/// assert_ne!(first, other.bits());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Streams {
    /// Seed of the run.
    pub seed: u64,
}

impl Streams {
    /// Streams of the run with this seed.
    pub fn new(seed: u64) -> Self {
        Streams { seed }
    }

    /// Stream for `purpose` of environment `index` in episode `episode`, both from 0.
    #[inline]
    pub fn stream(&self, purpose: Purpose, index: u64, episode: u64) -> Stream {
        // Without the constants of SipHash, four zeros would be mapped to zeros.
        let [mut a, mut b, mut c, mut d] = [
            self.seed ^ 0x736f_6d65_7073_6575,
            purpose as u64 ^ 0x646f_7261_6e64_6f6d,
            index ^ 0x6c79_6765_6e65_7261,
            episode ^ 0x7465_6462_7974_6573,
        ];
        // SipHash ends with four rounds; eight rounds are used here, so that similar inputs give unrelated outputs.
        for _ in 0..8 {
            a = a.wrapping_add(b);
            c = c.wrapping_add(d);
            b = b.rotate_left(13) ^ a;
            d = d.rotate_left(16) ^ c;
            a = a.rotate_left(32);
            c = c.wrapping_add(b);
            a = a.wrapping_add(d);
            b = b.rotate_left(17) ^ c;
            d = d.rotate_left(21) ^ a;
            c = c.rotate_left(32);
        }
        let mut seed = [0; 32];
        for (bytes, word) in seed.chunks_exact_mut(8).zip([a, b, c, d]) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        Stream(Xoshiro256PlusPlus::from_seed(seed))
    }
}

/// Random number generator Xoshiro256++. The results of its own methods never change with the version of a library; it
/// also implements the traits of `rand`, for example for `rand_distr`.
///
/// ```
/// use freewheel_core::{Purpose, Streams};
///
/// let mut rng = Streams::new(7).stream(Purpose::Action, 0, 0);
/// assert!((0.0..1.0).contains(&rng.uniform()));
/// assert!(rng.below(6) < 6);
/// assert!(rng.normal().is_finite());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream(Xoshiro256PlusPlus);

impl Stream {
    /// 64 random bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        let Ok(word) = self.0.try_next_u64();
        word
    }

    /// Uniform number in [0, 1) with 53 bits.
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform integer in 0..n without bias (Lemire 2019); 0 where n is 0.
    #[inline]
    pub fn below(&mut self, n: u32) -> u32 {
        let mut product = (self.bits() >> 32) * u64::from(n);
        if (product as u32) < n {
            let threshold = n.wrapping_neg() % n;
            while (product as u32) < threshold {
                product = (self.bits() >> 32) * u64::from(n);
            }
        }
        (product >> 32) as u32
    }

    /// Index of a true value of `legal`, each with the same probability; 0 if there is none.
    #[inline(never)]
    pub fn legal_action(&mut self, legal: &[bool]) -> u32 {
        let count = legal.iter().filter(|legal| **legal).count();
        let chosen = self.below(count as u32) as usize;
        let mut indices = (0..legal.len()).filter(|&index| legal[index]);
        indices.nth(chosen).unwrap_or(0) as u32
    }

    /// True with probability `p`.
    #[inline]
    pub fn chance(&mut self, p: f64) -> bool {
        self.uniform() < p
    }

    /// Standard normal number.
    #[inline]
    pub fn normal(&mut self) -> f64 {
        use rand_distr::Distribution;
        rand_distr::StandardNormal.sample(self)
    }
}

impl TryRng for Stream {
    type Error = std::convert::Infallible;

    #[inline]
    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        self.0.try_next_u32()
    }

    #[inline]
    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.0.try_next_u64()
    }

    #[inline]
    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
        self.0.try_fill_bytes(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Reference: the published C code of the generator with state 1, 2, 3, 4.
    #[test]
    fn generator_is_xoshiro256_plus_plus() {
        let mut seed = [0u8; 32];
        for i in 0..4 {
            seed[8 * i] = i as u8 + 1;
        }
        let mut rng = Stream(Xoshiro256PlusPlus::from_seed(seed));
        let expected = [41943041, 58720359, 3588806011781223, 3591011842654386, 9228616714210784205];
        assert_eq!(expected.map(|_| rng.bits()), expected);
    }

    /// The bytes of a stream are part of every recorded run and must never change. Reference: an implementation in
    /// Python of the rounds in the SipHash paper and of the published generator.
    #[test]
    fn streams_are_pinned() {
        let first_two = |seed, purpose, index, episode| {
            let mut rng = Streams::new(seed).stream(purpose, index, episode);
            [rng.bits(), rng.bits()]
        };
        let most = u64::MAX;
        assert_eq!(first_two(7, Purpose::Environment, 3, 11), [0x95d3_227a_8c72_7a20, 0x793a_d0a5_6d1e_23e0]);
        assert_eq!(first_two(0, Purpose::Environment, 0, 0), [0x4e36_bf28_7701_bf76, 0x51b4_b32a_cf7e_8d3f]);
        assert_eq!(
            first_two(most, Purpose::Generation, most, most),
            [0xaf60_7c79_9e23_83a5, 0x99f9_9adf_414e_9693]
        );
    }

    /// Random numbers are part of every recorded run, too. Expected values by hand from the first word
    /// 0x95d3_227a_8c72_7a20: the upper 53 bits over 2^53; the upper 32 bits times n over 2^32.
    #[test]
    fn draws_are_pinned() {
        let rng = Streams::new(7).stream(Purpose::Environment, 3, 11);
        assert_eq!(rng.clone().uniform(), 0x95d3_227a_8c72_7a20u64 as f64 / 2f64.powi(64));
        assert_eq!(rng.clone().below(10), ((0x95d3_227a_u64 * 10) >> 32) as u32);
        assert_eq!(rng.clone().below(0), 0);
        assert!(rng.clone().chance(0.6) && !rng.clone().chance(0.5));
        assert!((0..1000).all(|i| !Streams::new(i).stream(Purpose::Action, 0, 0).chance(0.0)));
    }

    /// Streams differ if purpose, index, episode or seed differ, or if two of these numbers are exchanged.
    #[test]
    fn streams_differ() {
        use std::collections::HashSet;
        let purposes = [Purpose::Environment, Purpose::Action, Purpose::Initialization, Purpose::Bootstrap];
        let mut seen = HashSet::new();
        for purpose in purposes {
            for (seed, index) in (0..8).flat_map(|seed| (0..8).map(move |index| (seed, index))) {
                for episode in 0..8 {
                    assert!(seen.insert(Streams::new(seed).stream(purpose, index, episode).bits()));
                }
            }
        }
    }

    #[test]
    fn neighboring_streams_are_uncorrelated() {
        // Mean and pairwise correlation of the first random number of streams that differ by 1 in one of the four
        // numbers.
        type Of = fn(u64) -> Stream;
        let neighbors: [Of; 3] = [
            |i| Streams::new(i).stream(Purpose::Environment, 0, 0),
            |i| Streams::new(0).stream(Purpose::Environment, i, 0),
            |i| Streams::new(0).stream(Purpose::Environment, 0, i),
        ];
        for of in neighbors {
            let n = 20_000;
            let x: Vec<f64> = (0..=n).map(|i| of(i).uniform() - 0.5).collect();
            let mean = x.iter().sum::<f64>() / n as f64;
            let correlation = x.windows(2).map(|w| w[0] * w[1]).sum::<f64>() / n as f64 * 12.0;
            // Five standard errors.
            assert!(mean.abs() < 5.0 * (1.0 / 12f64).sqrt() / (n as f64).sqrt(), "mean {mean}");
            assert!(correlation.abs() < 5.0 / (n as f64).sqrt(), "correlation {correlation}");
        }
    }

    proptest! {
        #[test]
        fn below_is_below(seed: u64, n in 1u32..) {
            let mut rng = Streams::new(seed).stream(Purpose::Agent, 0, 0);
            for _ in 0..32 { prop_assert!(rng.below(n) < n); }
        }
    }

    #[test]
    fn below_is_uniform() {
        let mut rng = Streams::new(1).stream(Purpose::Agent, 0, 0);
        let mut counts = [0u32; 6];
        for _ in 0..60_000 {
            counts[rng.below(6) as usize] += 1;
        }
        // The 99.9 % quantile of chi-squared with 5 degrees of freedom is 20.5.
        let chi: f64 = counts.iter().map(|&c| (f64::from(c) - 1e4).powi(2) / 1e4).sum();
        assert!(chi < 20.5, "{counts:?}");
    }
}
