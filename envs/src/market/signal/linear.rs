//! Quadratic costs: the linear-quadratic optimum by Riccati's recursion, and Gârleanu & Pedersen's closed form.
//!
//! With k steps left, position x and signal f the value is `-A x^2 / 2 + B x f + C f^2 / 2 + D`; the best position is
//! `y = keep x + pull f`. Only the mean and variance of the next signal matter, so that this is exact for a
//! Rouwenhorst chain as for normal shocks.

use super::rules::Rules;

/// A position `keep x + pull f`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Linear {
    pub(super) keep: f64,
    pub(super) pull: f64,
}

/// A value `-a x^2 / 2 + b x f + c f^2 / 2 + d`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Quadratic {
    pub(super) a: f64,
    pub(super) b: f64,
    pub(super) c: f64,
    pub(super) d: f64,
}

/// What the recursion needs of a market with `linear` costs 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Problem {
    pub(super) gamma: f64,
    pub(super) weight: f64,
    pub(super) risk: f64,
    pub(super) quadratic: f64,
    pub(super) persistence: f64,
    /// Variance of the signal's shocks.
    pub(super) shock: f64,
}

impl Problem {
    pub(super) fn new(rules: &Rules, persistence: f64, innovation: f64, gamma: f64) -> Self {
        Problem {
            gamma,
            weight: rules.weight,
            risk: rules.risk,
            quadratic: rules.quadratic,
            persistence,
            shock: innovation * innovation,
        }
    }

    /// The best order with `after` as the value of what follows.
    pub(super) fn best(&self, after: &Quadratic) -> Linear {
        let Problem { gamma, weight, risk, quadratic, persistence, .. } = *self;
        let curvature = quadratic + weight * risk + gamma * after.a;
        Linear { keep: quadratic / curvature, pull: (weight + gamma * after.b * persistence) / curvature }
    }

    /// The value of ordering by `order` once, with `after` as the value of what follows.
    pub(super) fn back(&self, Linear { keep, pull }: Linear, after: &Quadratic) -> Quadratic {
        let Problem { gamma, weight, risk, quadratic, persistence, shock } = *self;
        let holding = weight * risk + gamma * after.a;
        let drift = weight + gamma * after.b * persistence;
        Quadratic {
            a: holding * keep * keep + quadratic * (1.0 - keep) * (1.0 - keep),
            b: drift * keep - holding * keep * pull + quadratic * (1.0 - keep) * pull,
            c: 2.0 * drift * pull - (holding + quadratic) * pull * pull
                + gamma * after.c * persistence * persistence,
            d: gamma * (after.d + 0.5 * after.c * shock),
        }
    }

    /// The best with `steps` left, and the greatest coefficient of f in a position that its orders tend to.
    pub(super) fn within(&self, steps: u32) -> (Quadratic, f64) {
        let mut value = Quadratic::default();
        let mut aim = 0.0f64;
        for _ in 0..steps {
            let order = self.best(&value);
            aim = aim.max(order.aim());
            value = self.back(order, &value);
        }
        (value, aim)
    }

    /// The best stationary order: where the recursion comes to rest.
    pub(super) fn stationary(&self) -> (Linear, Quadratic) {
        let mut value = Quadratic::default();
        for _ in 0..STEPS {
            let next = self.back(self.best(&value), &value);
            // At gamma 1 the constant grows for ever, and decides nothing.
            let still = (next.a, next.b, next.c) == (value.a, value.b, value.c);
            let settled = still && (next.d - value.d).abs() <= 1e-15 * next.d.abs();
            value = next;
            if settled || still && self.gamma == 1.0 {
                break;
            }
        }
        (self.best(&value), value)
    }

    /// The value of a stationary order within `steps` steps.
    pub(super) fn value_of(&self, order: Linear, steps: u32) -> Quadratic {
        (0..steps).fold(Quadratic::default(), |value, _| self.back(order, &value))
    }
}

/// Sweeps after which the recursion has come to rest, for discounts up to about .9999.
const STEPS: u32 = 1_000_000;

impl Linear {
    /// The coefficient of f in the position that would not be changed any more.
    pub(super) fn aim(self) -> f64 {
        self.pull / (1.0 - self.keep)
    }
}

impl Quadratic {
    /// The value from the start: flat, with a signal of this variance.
    pub(super) fn when_flat(&self, variance: f64) -> f64 {
        0.5 * self.c * variance + self.d
    }
}

/// Gârleanu & Pedersen's closed form (their equation 15, one asset, `Lambda = lambda sigma^2`): the share of the way to
/// the aim that is traded each step, and the aim's coefficient of f.
pub(super) fn closed_form(
    risk_aversion: f64,
    variance: f64,
    lambda: f64,
    persistence: f64,
    rho: f64,
) -> Linear {
    let rest = 1.0 - rho;
    let middle = risk_aversion * rest + lambda * rho;
    let root = (middle * middle + 4.0 * risk_aversion * lambda * rest * rest).sqrt();
    let a = (root - middle) / (2.0 * rest);
    let aim = 1.0 / (risk_aversion * variance * (1.0 + a * (1.0 - persistence) / risk_aversion));
    Linear { keep: 1.0 - a / lambda, pull: a / lambda * aim }
}
