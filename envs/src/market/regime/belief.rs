//! What can be known of the regime, and what is best given that.
//!
//! The trader does not move the price, so that the best fraction is the one that is best for the next move alone.

use super::rules::Rules;

/// The probability that the regime of the next move is the good one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Belief(pub(super) f64);

/// Which fractions of the wealth may be held.
#[derive(Clone, Debug)]
pub(super) enum Fractions {
    /// Any from 0 to 1.
    Any,
    /// One of these.
    Levels(Vec<f64>),
}

impl Belief {
    /// Before any move.
    pub(super) const START: Belief = Belief(0.5);
}

impl Rules {
    /// The probability of a move up.
    #[inline]
    pub(super) fn up_given(&self, Belief(good): Belief) -> f64 {
        good * self.up[1] + (1.0 - good) * self.up[0]
    }

    /// Bayes' rule, then one step of the regime.
    #[inline]
    pub(super) fn after(&self, Belief(good): Belief, up: bool) -> Belief {
        let likelihood = |regime: usize| if up { self.up[regime] } else { 1.0 - self.up[regime] };
        let joint = good * likelihood(1);
        let posterior = joint / (joint + (1.0 - good) * likelihood(0));
        Belief(posterior * self.stay + (1.0 - posterior) * (1.0 - self.stay))
    }

    /// The expected growth of holding `fraction` where the regime is good with probability `good`.
    pub(super) fn growth_of(&self, fraction: f64, good: f64) -> f64 {
        let up = self.up_given(Belief(good));
        up * (fraction * self.size).ln_1p() + (1.0 - up) * (-fraction * self.size).ln_1p()
    }

    /// The best fraction: Kelly's `(2 p - 1) / size` within the bounds, or the best level.
    pub(super) fn fraction(&self, belief: Belief) -> f64 {
        match &self.fractions {
            Fractions::Any => ((2.0 * self.up_given(belief) - 1.0) / self.size).clamp(0.0, 1.0),
            Fractions::Levels(levels) => {
                let growth = |fraction: f64| self.growth_of(fraction, belief.0);
                levels
                    .iter()
                    .copied()
                    .fold(levels[0], |best, level| if growth(level) > growth(best) { level } else { best })
            }
        }
    }

    /// The best expected growth of one move.
    pub(super) fn growth(&self, belief: Belief) -> f64 {
        self.growth_of(self.fraction(belief), belief.0)
    }

    /// The expected growth of a move under a uniformly random fraction.
    pub(super) fn random(&self) -> f64 {
        let each = |fraction: f64| 0.5 * (self.growth_of(fraction, 0.0) + self.growth_of(fraction, 1.0));
        match &self.fractions {
            Fractions::Levels(levels) => levels.iter().map(|&f| each(f)).sum::<f64>() / levels.len() as f64,
            Fractions::Any => {
                // The integral of log(1 + m f) over f in [0, 1] is ((1 + m) log(1 + m) - m) / m.
                let mean = |m: f64| ((1.0 + m) * m.ln_1p() - m) / m;
                let up = 0.5 * (self.up[0] + self.up[1]);
                up * mean(self.size) + (1.0 - up) * mean(-self.size)
            }
        }
    }
}

/// The belief of whoever remembers the last moves alone, by their index, `[2^(memory + 1)]`. Regimes are stationary, so
/// that it does not matter how many moves are forgotten.
pub(super) fn of_moves(rules: &Rules) -> Vec<Belief> {
    let mut beliefs = vec![Belief::START; 2 << rules.memory];
    for moves in 1..1 << rules.memory {
        for up in [false, true] {
            beliefs[moves << 1 | usize::from(up)] = rules.after(beliefs[moves], up);
        }
    }
    beliefs
}
