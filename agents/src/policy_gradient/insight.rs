//! Numbers of an actor and its critic about one state.

use freewheel_core::{ActionDistribution, Insight};

use super::head::Head;
use crate::nn::activation::tanh;

impl Head {
    /// Insight of the parameters of the distribution and the value of a critic, `outputs [H + 1]`. `value_unit` is the
    /// unit of the value, in rewards; `None` without a critic.
    pub(super) fn insight(&self, outputs: &[f32], legal: &[bool], value_unit: Option<f32>) -> Insight {
        let parameters = &outputs[..self.len()];
        let insight = match self {
            Head::Categorical { num_actions } => {
                let mut p = vec![0.0; *num_actions];
                self.probabilities(parameters, legal, &mut p);
                Insight::probabilities(p)
            }
            Head::Gaussian { ranges, squash, .. } => {
                let (mean, log_std) = parameters.split_at(ranges.len());
                let one = |((u, log_std), (middle, half)): ((&f32, &f32), &(f32, f32))| {
                    // The slope of tanh at the mean scales the standard deviation.
                    let (mean, slope) = match squash {
                        true => (tanh(*u), 1.0 - tanh(*u) * tanh(*u)),
                        false => (u.clamp(-1.0, 1.0), 1.0),
                    };
                    ActionDistribution { mean: middle + half * mean, std: half * slope * log_std.exp() }
                };
                let continuous = mean.iter().zip(log_std).zip(ranges).map(one).collect();
                let entropy = self.log_prob_entropy(parameters, legal, mean).1;
                let rows = vec![("entropy".to_owned(), format!("{entropy:.3}"))];
                Insight { continuous, rows, ..Insight::default() }
            }
        };
        Insight { value: value_unit.map(|unit| unit * outputs[self.len()]), ..insight }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use freewheel_core::InsightKind;

    #[test]
    fn discrete_actions_by_hand() {
        let head = Head::Categorical { num_actions: 3 };
        let insight = head.insight(&[3f32.ln(), 50.0, 0.0, -2.0], &[true, false, true], Some(5.0));
        assert_eq!((insight.kind, insight.value), (Some(InsightKind::Probabilities), Some(-10.0)));
        assert!((insight.per_action[0] - 0.75).abs() < 1e-6 && insight.per_action[1] == 0.0);
        // -(3/4 ln 3/4 + 1/4 ln 1/4)
        assert_eq!(insight.rows, [("entropy".to_owned(), "0.562".to_owned())]);
        assert_eq!(head.insight(&[0.0; 4], &[true; 3], None).value, None);
    }

    #[test]
    fn continuous_actions_are_in_units_of_the_world() {
        let head = |squash| Head::Gaussian { ranges: vec![(1.0, 2.0)], squash, learn_std: true };
        let outputs = [0.5, 0.5f32.ln(), 0.0];
        let one = |squash| head(squash).insight(&outputs, &[], None).continuous[0];
        assert_eq!(one(false), ActionDistribution { mean: 2.0, std: 1.0 });
        let (t, squashed) = (0.5f32.tanh(), one(true));
        assert!((squashed.mean - (1.0 + 2.0 * t)).abs() < 1e-6);
        assert!((squashed.std - (1.0 - t * t)).abs() < 1e-6);
    }
}
