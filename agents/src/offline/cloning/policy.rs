//! Policy of a fitted estimator of the actions.

use std::sync::Arc;

use freewheel_core::graph::{Data, Graph, Kind, Observed, Op};
use freewheel_core::{ActionBuffer, ActionDistribution, Error, Insight, Policy, Result, Spec, Stream};

use super::super::features::Features;
use super::Fitted;
use crate::Samples;
use crate::estimator::AnyEstimator;

/// Policy of a fitted estimator: the most probable legal action, or one drawn from the probabilities.
pub(super) struct ClonedPolicy {
    /// `None` before the fit: every legal action is equally probable.
    pub(super) fitted: Option<Arc<Fitted>>,
    /// Bounds of continuous actions, `[K]`.
    pub(super) bounds: Vec<(f32, f32)>,
    /// Sample from the distribution; otherwise take the most probable action.
    pub(super) stochastic: bool,
}

impl Policy for ClonedPolicy {
    fn act(&self, obs: &[f32], legal: &[bool], rngs: &mut [Stream], actions: &mut ActionBuffer) {
        let rows = rngs.len();
        match actions {
            ActionBuffer::Discrete(actions) => {
                let width = (legal.len() / rows.max(1)).max(1);
                let mut p = self.probabilities(obs, legal.len());
                for (((action, p), legal), rng) in
                    actions.iter_mut().zip(p.chunks_mut(width)).zip(legal.chunks(width)).zip(rngs)
                {
                    masked(p, legal);
                    *action = if self.stochastic { draw(p, rng) } else { first_largest(p) };
                }
            }
            ActionBuffer::Continuous(actions) => {
                let width = self.bounds.len().max(1);
                let means = self.means(obs, rows);
                for ((action, mean), rng) in actions.chunks_mut(width).zip(means.chunks(width)).zip(rngs) {
                    for (k, x) in action.iter_mut().enumerate() {
                        let noise = if self.stochastic { self.std(k) * rng.normal() } else { 0.0 };
                        *x = self.bounded(k, mean[k] + noise);
                    }
                }
            }
        }
    }

    fn action_values(&self, obs: &[f32], legal: &[bool], out: &mut [f32]) -> bool {
        if !self.bounds.is_empty() {
            return false;
        }
        let mut p = self.probabilities(obs, legal.len());
        masked(&mut p, legal);
        out.iter_mut().zip(p).for_each(|(out, p)| *out = p as f32);
        true
    }

    fn insight(&self, obs: &[f32], legal: &[bool], _memory: &[f32]) -> Option<Insight> {
        if self.bounds.is_empty() {
            let mut p = vec![0.0; legal.len()];
            self.action_values(obs, legal, &mut p);
            return Some(Insight::probabilities(p));
        }
        let one = |(k, mean): (usize, &f64)| ActionDistribution {
            mean: self.bounded(k, *mean),
            std: if self.stochastic { self.std(k) as f32 } else { 0.0 },
        };
        let continuous = self.means(obs, 1).iter().enumerate().map(one).collect();
        Some(Insight { continuous, ..Insight::default() })
    }

    fn graph(&self, spec: &Spec) -> Result<Graph> {
        let Some(fitted) = self.fitted.as_deref() else {
            return Err(Error::Unsupported("this policy is not fitted yet; train the run first".into()));
        };
        let mut graph = Graph::default();
        let x = graph.observation(spec);
        let x = match (fitted.features, x) {
            // An index is one number of a tree, and else one of n numbers.
            (Features::Numbers(_), Observed::Index(index)) => {
                let number = graph.apply(Op::Cast(Kind::F32), &[index]);
                Observed::Numbers(graph.reshape(number, &[-1, 1]))
            }
            (_, x) => x,
        };
        let (outputs, kind) = fitted.estimator.base().add_to(&mut graph, x)?;
        if self.bounds.is_empty() {
            graph.choose(spec, outputs, kind);
            let meaning = "logits of the actions, before the mask";
            graph.output("logits", outputs, kind, &[spec.actions.count()], meaning);
        } else {
            let k = self.bounds.len();
            let (low, high) = self.bounds.iter().copied().unzip();
            let (low, high) = (graph.constant(&[k], Data::F32(low)), graph.constant(&[k], Data::F32(high)));
            let means = match kind {
                Kind::F32 => outputs,
                _ => graph.apply(Op::Cast(Kind::F32), &[outputs]),
            };
            let above = graph.apply(Op::Max, &[means, low]);
            let action = graph.apply(Op::Min, &[above, high]);
            graph.continuous_action(spec, action);
        }
        Ok(graph)
    }
}

impl ClonedPolicy {
    /// Features of `obs`; `None` before the fit, or for numbers that are not finite.
    fn samples(&self, obs: &[f32]) -> Option<(&Fitted, Samples)> {
        let fitted = self.fitted.as_deref()?;
        Some((fitted, fitted.features.of(obs).ok()?))
    }

    /// Probabilities of the actions for each row of `obs`, before the mask, `len` numbers in all; equal ones if the
    /// estimator cannot predict.
    fn probabilities(&self, obs: &[f32], len: usize) -> Vec<f64> {
        let found = self.samples(obs).and_then(|(fitted, x)| match &fitted.estimator {
            AnyEstimator::Classifier(it) => it.predict_proba(&x).ok().map(|p| p.values().to_vec()),
            _ => None,
        });
        found.filter(|p| p.len() == len).unwrap_or_else(|| vec![1.0; len])
    }

    /// Predicted actions `[rows, K]`; the middle of the range if the estimator cannot predict.
    fn means(&self, obs: &[f32], rows: usize) -> Vec<f64> {
        let found = self.samples(obs).and_then(|(fitted, x)| match &fitted.estimator {
            AnyEstimator::Regressor(it) => it.predict(&x).ok().map(|y| y.values().to_vec()),
            _ => None,
        });
        let middle = || {
            let one = self.bounds.iter().map(|(low, high)| f64::from(0.5 * (low + high)));
            let one = one.map(|x| if x.is_finite() { x } else { 0.0 });
            one.collect::<Vec<f64>>().repeat(rows)
        };
        found.filter(|means| means.len() == rows * self.bounds.len()).unwrap_or_else(middle)
    }

    fn std(&self, k: usize) -> f64 {
        self.fitted.as_ref().and_then(|fitted| fitted.std.get(k).copied()).unwrap_or_default()
    }

    fn bounded(&self, k: usize, x: f64) -> f32 {
        let (low, high) = self.bounds[k];
        (x as f32).max(low).min(high)
    }
}

/// Sets the probabilities `p [A]` of illegal actions to 0 and scales the others to the sum 1; if no legal action has a
/// probability, all of them get the same.
fn masked(p: &mut [f64], legal: &[bool]) {
    p.iter_mut().zip(legal).for_each(|(p, legal)| *p = if *legal { *p } else { 0.0 });
    if p.iter().sum::<f64>() <= 0.0 {
        p.iter_mut().zip(legal).for_each(|(p, legal)| *p = f64::from(*legal));
    }
    let sum = p.iter().sum::<f64>();
    if sum > 0.0 {
        p.iter_mut().for_each(|p| *p /= sum);
    }
}

/// First index of the largest number.
fn first_largest(p: &[f64]) -> u32 {
    crate::estimator::argmax(p)
}

/// Index drawn with the probabilities `p [A]`, which sum to 1.
fn draw(p: &[f64], rng: &mut Stream) -> u32 {
    let mut rest = rng.uniform();
    let mut chosen = 0;
    for (a, &p) in p.iter().enumerate().filter(|(_, p)| **p > 0.0) {
        chosen = a;
        rest -= p;
        if rest < 0.0 {
            break;
        }
    }
    chosen as u32
}

#[cfg(test)]
mod tests {
    use freewheel_core::{Purpose, Streams};

    use super::*;

    #[test]
    fn illegal_actions_have_no_probability() {
        let of = |p: [f64; 3], legal: [bool; 3]| {
            let mut p = p;
            masked(&mut p, &legal);
            p
        };
        assert_eq!(of([0.5, 0.25, 0.25], [false, true, true]), [0.0, 0.5, 0.5]);
        assert_eq!(of([1.0, 0.0, 0.0], [false, true, true]), [0.0, 0.5, 0.5]);
        assert_eq!(of([0.2, 0.3, 0.5], [true, true, true]), [0.2, 0.3, 0.5]);
    }

    #[test]
    fn draws_have_the_probabilities() {
        let mut rng = Streams::new(3).stream(Purpose::Action, 0, 0);
        let mut counts = [0; 3];
        (0..20_000).for_each(|_| counts[draw(&[0.25, 0.0, 0.75], &mut rng) as usize] += 1);
        // Five standard errors of a share of 3/4 in 20,000.
        assert!((f64::from(counts[2]) / 20_000.0 - 0.75).abs() < 0.0154 && counts[1] == 0, "{counts:?}");
    }

    #[test]
    fn the_policy_before_the_fit_is_uniform() {
        let policy = ClonedPolicy { fitted: None, bounds: Vec::new(), stochastic: false };
        let mut p = [0.0; 3];
        assert!(policy.action_values(&[0.0], &[true, false, true], &mut p));
        assert_eq!(p, [0.5, 0.0, 0.5]);
        let continuous = ClonedPolicy { fitted: None, bounds: vec![(0.0, 2.0)], stochastic: false };
        let mut rngs = [Streams::new(0).stream(Purpose::Action, 0, 0)];
        let mut action = ActionBuffer::Continuous(vec![0.0]);
        continuous.act(&[0.0], &[], &mut rngs, &mut action);
        assert_eq!(action, ActionBuffer::Continuous(vec![1.0]));
    }
}
