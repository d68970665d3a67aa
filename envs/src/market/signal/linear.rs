//! Linear-quadratic optimum by the Riccati recursion, and the closed form of Gârleanu & Pedersen.
//!
//! With k steps left, position x and signal f the value is `-a x^2 / 2 + b x f + c f^2 / 2 + d`, and the optimal
//! position is `y = position_coef x + signal_coef f`. Only the mean and variance of the next signal matter, so the
//! solution is exact for a Rouwenhorst chain as for normal shocks.

use super::rules::Rules;

/// Linear policy: the new position is `position_coef x + signal_coef f` for position x and signal f.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct LinearPolicy {
    pub(super) position_coef: f64,
    pub(super) signal_coef: f64,
}

/// Value function `-a x^2 / 2 + b x f + c f^2 / 2 + d` of position x and signal f.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct QuadraticValue {
    pub(super) a: f64,
    pub(super) b: f64,
    pub(super) c: f64,
    pub(super) d: f64,
}

/// Parameters of the linear-quadratic problem, for a market without proportional costs.
#[derive(Clone, Copy, Debug)]
pub(super) struct LqProblem {
    pub(super) gamma: f64,
    pub(super) weight: f64,
    pub(super) risk: f64,
    pub(super) quadratic: f64,
    pub(super) persistence: f64,
    /// Variance of the signal's shocks.
    pub(super) shock: f64,
}

impl LqProblem {
    pub(super) fn new(rules: &Rules, persistence: f64, innovation: f64, gamma: f64) -> Self {
        LqProblem {
            gamma,
            weight: rules.gain_weight,
            risk: rules.risk_penalty,
            quadratic: rules.quadratic_cost,
            persistence,
            shock: innovation * innovation,
        }
    }

    /// Optimal policy of one step if `after` is the value function of the next state.
    pub(super) fn greedy(&self, after: &QuadraticValue) -> LinearPolicy {
        let LqProblem { gamma, weight, risk, quadratic, persistence, .. } = *self;
        let curvature = quadratic + weight * risk + gamma * after.a;
        LinearPolicy {
            position_coef: quadratic / curvature,
            signal_coef: (weight + gamma * after.b * persistence) / curvature,
        }
    }

    /// Value function of following `policy` for one step, if `after` is the value function of the next state.
    pub(super) fn backup(&self, policy: LinearPolicy, after: &QuadraticValue) -> QuadraticValue {
        let LqProblem { gamma, weight, risk, quadratic, persistence, shock } = *self;
        let LinearPolicy { position_coef: p, signal_coef: s } = policy;
        let holding = weight * risk + gamma * after.a;
        let drift = weight + gamma * after.b * persistence;
        QuadraticValue {
            a: holding * p * p + quadratic * (1.0 - p) * (1.0 - p),
            b: drift * p - holding * p * s + quadratic * (1.0 - p) * s,
            c: 2.0 * drift * s - (holding + quadratic) * s * s + gamma * after.c * persistence * persistence,
            d: gamma * (after.d + 0.5 * after.c * shock),
        }
    }

    /// Value function with `steps` steps left, and the largest coefficient of the signal in the aims of the optimal
    /// policies (see [`LinearPolicy::aim`]).
    pub(super) fn finite_horizon(&self, steps: u32) -> (QuadraticValue, f64) {
        let mut value = QuadraticValue::default();
        let mut aim = 0.0f64;
        for _ in 0..steps {
            let policy = self.greedy(&value);
            aim = aim.max(policy.aim());
            value = self.backup(policy, &value);
        }
        (value, aim)
    }

    /// Optimal stationary policy and its value function: the fixed point of the recursion.
    pub(super) fn stationary(&self) -> (LinearPolicy, QuadraticValue) {
        let mut value = QuadraticValue::default();
        for _ in 0..MAX_ITERATIONS {
            let next = self.backup(self.greedy(&value), &value);
            // At gamma = 1 the constant d grows without bound but does not change the policy.
            let coefs_converged = (next.a, next.b, next.c) == (value.a, value.b, value.c);
            let converged = coefs_converged && (next.d - value.d).abs() <= 1e-15 * next.d.abs();
            value = next;
            if converged || coefs_converged && self.gamma == 1.0 {
                break;
            }
        }
        (self.greedy(&value), value)
    }

    /// Value function of a stationary policy with `steps` steps left.
    pub(super) fn evaluate(&self, policy: LinearPolicy, steps: u32) -> QuadraticValue {
        (0..steps).fold(QuadraticValue::default(), |value, _| self.backup(policy, &value))
    }
}

/// Maximum number of iterations, enough for discounts up to about 0.9999.
const MAX_ITERATIONS: u32 = 1_000_000;

impl LinearPolicy {
    /// Coefficient of the signal in the aim, the position that the policy would keep.
    pub(super) fn aim(self) -> f64 {
        self.signal_coef / (1.0 - self.position_coef)
    }
}

impl QuadraticValue {
    /// Expected value at the start: position 0, and a signal with the variance `variance`.
    pub(super) fn start_value(&self, variance: f64) -> f64 {
        0.5 * self.c * variance + self.d
    }
}

/// Closed form of Gârleanu & Pedersen (equation 15, one asset, `Lambda = lambda sigma^2`).
pub(super) fn closed_form(
    risk_aversion: f64,
    variance: f64,
    lambda: f64,
    persistence: f64,
    rho: f64,
) -> LinearPolicy {
    let rest = 1.0 - rho;
    let middle = risk_aversion * rest + lambda * rho;
    let root = (middle * middle + 4.0 * risk_aversion * lambda * rest * rest).sqrt();
    let a = (root - middle) / (2.0 * rest);
    let aim = 1.0 / (risk_aversion * variance * (1.0 + a * (1.0 - persistence) / risk_aversion));
    LinearPolicy { position_coef: 1.0 - a / lambda, signal_coef: a / lambda * aim }
}
