//! Numbers of a policy about a state before it chooses an action: action values, probabilities or visits.

/// Numbers of a policy about one state; see [`Policy::insight`](crate::Policy::insight).
///
/// ```
/// use freewheel_core::{Insight, InsightKind};
///
/// let insight = Insight::action_values(vec![-3.0, 5.0, -1.0], &[true, false, true]);
/// assert_eq!(insight.kind, Some(InsightKind::ActionValues));
/// assert_eq!(insight.value, Some(-1.0)); // the maximum over the legal actions
/// assert_eq!(insight.best(&[true, false, true]), Some(2));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Insight {
    /// Meaning of the numbers in `per_action`; `None` for continuous actions.
    pub kind: Option<InsightKind>,
    /// Number of each discrete action, `[A]`; empty for continuous actions. Numbers of illegal actions have no meaning.
    pub per_action: Vec<f32>,
    /// Value of the state, V(s), in units of return of the player to move; `None` if the policy has no value.
    pub value: Option<f32>,
    /// Distribution of each number of a continuous action, `[K]`; empty for discrete actions.
    pub continuous: Vec<ActionDistribution>,
    /// Further quantities, such as the win rate of a search: name and text.
    pub rows: Vec<(String, String)>,
    /// Quantities whose course over an episode is shown, such as the win rate of the first player: name and number.
    /// They do not depend on the player to move.
    pub courses: Vec<(&'static str, f32)>,
}

/// Meaning of the numbers of the actions in an [`Insight`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InsightKind {
    /// Action values Q(s, a), in units of return.
    ActionValues,
    /// Probabilities of the actions, 0 to 1.
    Probabilities,
    /// Numbers of visits by a tree search.
    Visits,
}

/// Distribution of one number of a continuous action, in the world's units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ActionDistribution {
    /// Greedy action: the center of the distribution, within the bounds of the action.
    pub mean: f32,
    /// Standard deviation of the action before it is limited to its bounds; 0 for a deterministic policy.
    pub std: f32,
}

impl Insight {
    /// Insight of the action values `q [A]`; V(s) is their maximum over the legal actions.
    pub fn action_values(q: Vec<f32>, legal: &[bool]) -> Self {
        let values = q.iter().zip(legal).filter(|(_, legal)| **legal).map(|(q, _)| *q);
        let value = values.reduce(f32::max);
        Insight { kind: Some(InsightKind::ActionValues), per_action: q, value, ..Insight::default() }
    }

    /// Insight of the action probabilities `p [A]` with their entropy.
    pub fn probabilities(p: Vec<f32>) -> Self {
        let entropy: f32 = p.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum();
        let rows = vec![("entropy".to_owned(), format!("{:.3}", entropy.max(0.0)))];
        Insight { kind: Some(InsightKind::Probabilities), per_action: p, rows, ..Insight::default() }
    }

    /// First legal action of the largest number; `None` without numbers or legal actions.
    pub fn best(&self, legal: &[bool]) -> Option<usize> {
        let legal = |a: &usize| legal.get(*a).copied().unwrap_or(false);
        let greater =
            |best: usize, a: usize| if self.per_action[a] > self.per_action[best] { a } else { best };
        (0..self.per_action.len()).filter(legal).reduce(greater)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropy_by_hand() {
        // Two actions of probability 1/2: ln 2; a certain action: 0.
        let rows = |p| Insight::probabilities(p).rows;
        assert_eq!(rows(vec![0.5, 0.0, 0.5]), [("entropy".to_owned(), "0.693".to_owned())]);
        assert_eq!(rows(vec![1.0, 0.0]), [("entropy".to_owned(), "0.000".to_owned())]);
    }

    #[test]
    fn illegal_actions_are_never_best() {
        let insight = Insight::action_values(vec![1.0, 9.0, 1.0], &[true, false, true]);
        assert_eq!((insight.best(&[true, false, true]), insight.value), (Some(0), Some(1.0)));
        assert_eq!(insight.best(&[false; 3]), None);
        assert_eq!(Insight::default().best(&[true; 3]), None);
    }
}
