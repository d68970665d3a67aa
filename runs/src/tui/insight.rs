//! Numbers of the policy about the state that is shown, the scale on which they are drawn, and the page of the panel.

use std::collections::BTreeMap;

use freewheel_core::{ActionBuffer, Ending, Insight, InsightKind, Neuron, Player, Policy};

use super::episode::Episode;

/// Page of the panel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Page {
    /// State of the episode, numbers of the actions, returns.
    #[default]
    Actions,
    /// Numbers of the observation by name.
    Observation,
    /// Last update of the agent that learns in the viewer, as an equation.
    Update,
    /// One neuron of the policy's network.
    Neuron,
}

impl Page {
    /// The next page, in a cycle.
    pub(super) fn next(self) -> Self {
        match self {
            Page::Actions => Page::Observation,
            Page::Observation => Page::Update,
            Page::Update => Page::Neuron,
            Page::Neuron => Page::Actions,
        }
    }
}

/// Policy whose numbers are shown.
pub(super) struct Shown<'a> {
    /// Index among the policies of the viewer; `None` for an agent that learns in the viewer.
    pub(super) index: Option<usize>,
    /// The policy.
    pub(super) policy: &'a dyn Policy,
    /// Number of changes of the policy by learning.
    pub(super) version: u64,
}

/// Moment of an episode for which an insight was computed: policy, its version, episode, step.
type Moment = (usize, u64, u64, u32);

/// Numbers of the policy about the state of a cell of the picture.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct CellInsight {
    /// Name of the cell.
    pub(super) name: String,
    /// Mask of the legal actions there, `[A]`.
    pub(super) legal: Vec<bool>,
    /// Numbers of the policy; `None` for a policy without numbers.
    pub(super) insight: Option<Insight>,
}

/// Insight of the current policy into the current state.
#[derive(Debug, Default)]
pub(super) struct InsightState {
    /// Page of the panel.
    pub(super) page: Page,
    /// Numbers of the policy; `None` for a policy without numbers, and in a terminal state.
    pub(super) current: Option<Insight>,
    /// Numbers of the policy about the state of the chosen cell, which the panel shows in place of `current`.
    pub(super) cell: Option<CellInsight>,
    /// Action that the policy takes next; `None` if it is not known without a step.
    pub(super) next_action: Option<u32>,
    /// Best action of the policy in the state before the last step; `None` if it is not known.
    pub(super) greedy_before: Option<usize>,
    /// Neuron of the policy's network that is shown on its page; `None` on other pages and without a network.
    pub(super) neuron: Option<Neuron>,
    /// Layer and unit of the neuron; both wrap around.
    place: (usize, usize),
    /// Scale of the action values.
    pub(super) scale: ValueScale,
    /// Values in the states of the episode that were shown.
    pub(super) along: Along,
    /// Moment of `current`, and its best legal action.
    moment: Option<Moment>,
    best: Option<usize>,
}

impl InsightState {
    /// Computes the numbers of a policy about the current state, unless they are known.
    pub(super) fn update(&mut self, episode: &Episode, shown: Option<Shown<'_>>) {
        let Some(Shown { index, policy, version }) = shown else {
            return *self = InsightState { page: self.page, place: self.place, ..InsightState::default() };
        };
        self.neuron =
            (self.page == Page::Neuron).then(|| episode.neuron(policy, self.place.0, self.place.1)).flatten();
        let moment = (index.unwrap_or(usize::MAX), version, episode.number(), episode.runner().length());
        if self.moment == Some(moment) {
            return;
        }
        let before = self.moment.replace(moment);
        if before.is_none_or(|before| (before.0, before.2) != (moment.0, moment.2)) {
            // The scale grows during an episode; another episode or policy has its own.
            self.scale = ValueScale::default();
            self.along = Along::default();
        } else if before.is_some_and(|before| before.1 != moment.1) {
            // Values before an update of the table are those of another policy.
            self.along = Along::default();
        }
        let follows =
            before.is_some_and(|before| (before.0, before.2, before.3 + 1) == (moment.0, moment.2, moment.3));
        self.greedy_before = self.best.filter(|_| follows);
        let legal = episode.runner().legal();
        let terminal = episode.runner().ending() == Ending::Terminal;
        self.current = if terminal { None } else { episode.insight(policy) };
        self.best = self.current.as_ref().and_then(|insight| insight.best(legal));
        self.next_action = match episode.next_action(index.map(|_| policy)) {
            Some(ActionBuffer::Discrete(action)) if episode.over().is_none() => action.first().copied(),
            _ => None,
        };
        if let Some(insight) = &self.current {
            self.scale.include_all(insight, legal);
            let sign = if episode.runner().to_play() == Player::First { 1.0 } else { -1.0 };
            self.along.add(moment.3, insight, sign);
        }
    }

    /// Numbers that the panel shows: those of the chosen cell, or of the current state.
    pub(super) fn shown(&self) -> Option<&Insight> {
        match &self.cell {
            Some(cell) => cell.insight.as_ref(),
            None => self.current.as_ref(),
        }
    }

    /// Forgets the numbers: the next state may be of another episode with the same number.
    pub(super) fn forget(&mut self) {
        (self.moment, self.best) = (None, None);
    }

    /// Shows the neuron at this distance: layers and units; the first unit of another layer.
    pub(super) fn move_neuron(&mut self, layers: isize, units: isize) {
        let Some(neuron) = &self.neuron else { return };
        let moved =
            |at: usize, by: isize, count: usize| (at as isize + by).rem_euclid(count as isize) as usize;
        self.place = match layers {
            0 => (neuron.layer, moved(neuron.unit, units, neuron.units)),
            by => (moved(neuron.layer, by, neuron.layers), 0),
        };
    }

    /// Scale on which the numbers of the actions are drawn; `None` without numbers.
    pub(super) fn range(&self) -> Option<(f64, f64)> {
        let insight = self.shown()?;
        Some(match insight.kind? {
            InsightKind::ActionValues => (self.scale.low, self.scale.high),
            InsightKind::Probabilities => (0.0, 1.0),
            InsightKind::Visits => {
                (0.0, insight.per_action.iter().map(|n| f64::from(*n)).sum::<f64>().max(1.0))
            }
        })
    }
}

/// Quantities of the policy in the states of an episode that were shown, by the number of steps before them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Along {
    names: Vec<&'static str>,
    values: BTreeMap<u32, Vec<f32>>,
}

impl Along {
    /// Adds the courses of the insight into the state after `step` steps, or else its V(s); `sign` is -1 where the
    /// second player moves, whose value is the opposite of the first one's.
    fn add(&mut self, step: u32, insight: &Insight, sign: f32) {
        let value = insight.value.filter(|value| value.is_finite()).map(|value| ("V(s)", sign * value));
        let courses = match insight.courses.as_slice() {
            [] => value.into_iter().collect(),
            courses => courses.to_vec(),
        };
        let names: Vec<&'static str> = courses.iter().map(|(name, _)| *name).collect();
        if names.is_empty() {
            return;
        }
        if self.names != names {
            *self = Along { names, values: BTreeMap::new() };
        }
        self.values.insert(step, courses.into_iter().map(|(_, value)| value).collect());
    }

    /// Names and points (steps before, value) of the quantities that are known in at least two states.
    pub(super) fn curves(&self) -> Vec<(&'static str, Vec<(u64, f64)>)> {
        if self.values.len() < 2 {
            return Vec::new();
        }
        let points = |i: usize| {
            let of = |(&step, values): (&u32, &Vec<f32>)| Some((u64::from(step), f64::from(*values.get(i)?)));
            self.values.iter().filter_map(of).collect()
        };
        self.names.iter().enumerate().map(|(i, name)| (*name, points(i))).collect()
    }
}

/// Scale that contains 0 and all values so far; it only grows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct ValueScale {
    /// Lower end, at most 0.
    pub(super) low: f64,
    /// Upper end, at least 0.
    pub(super) high: f64,
}

impl ValueScale {
    /// Extends the scale to the action values of the legal actions, if the numbers are action values.
    pub(super) fn include_all(&mut self, insight: &Insight, legal: &[bool]) {
        if insight.kind == Some(InsightKind::ActionValues) {
            let legal = |a: usize| legal.get(a).copied().unwrap_or(false);
            let values = insight.per_action.iter().enumerate().filter(|(a, _)| legal(*a));
            values.for_each(|(_, q)| self.include(f64::from(*q)));
        }
    }

    /// Extends the scale to the value `x`; a value that is not finite changes nothing.
    pub(super) fn include(&mut self, x: f64) {
        if x.is_finite() {
            (self.low, self.high) = (self.low.min(x), self.high.max(x));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::keys::Command;
    use crate::tui::test_worlds;

    #[test]
    fn a_scale_contains_zero_and_only_grows() {
        let mut scale = ValueScale::default();
        for (x, low, high) in [(-3.0, -3.0, 0.0), (f64::NAN, -3.0, 0.0), (-1.0, -3.0, 0.0), (2.0, -3.0, 2.0)]
        {
            scale.include(x);
            assert_eq!((scale.low, scale.high), (low, high));
        }
    }

    #[test]
    fn values_along_the_episode_are_those_of_the_shown_states() {
        let mut along = Along::default();
        let value = |value| Insight { value: Some(value), ..Insight::default() };
        along.add(0, &value(0.5), 1.0);
        assert!(along.curves().is_empty());
        // The second player expects to lose: the first one expects to win.
        along.add(1, &value(-0.75), -1.0);
        assert_eq!(along.curves(), [("V(s)", vec![(0, 0.5), (1, 0.75)])]);
        // Going back shows the same state again.
        along.add(0, &value(0.25), 1.0);
        assert_eq!(along.curves()[0].1[0], (0, 0.25));
        let search = Insight { courses: vec![("win rate", 0.6), ("lead", 3.0)], ..value(0.1) };
        along.add(2, &search, 1.0);
        along.add(3, &search, -1.0);
        let points = |value: f32| vec![(2, f64::from(value)), (3, f64::from(value))];
        assert_eq!(along.curves(), [("win rate", points(0.6)), ("lead", points(3.0))]);
    }

    #[test]
    fn the_scale_grows_during_an_episode_and_starts_again_with_the_next() {
        let mut model = test_worlds::model();
        let mut last = ValueScale::default();
        for _ in 0..5 {
            model.execute(Command::Step);
            model.refresh();
            let scale = model.insight.scale;
            assert!(scale.low <= last.low && scale.high >= last.high, "{last:?} {scale:?}");
            last = scale;
        }
        model.execute(Command::Next);
        model.refresh();
        // Up -6 and right -8.5 at the start: other values were in the states after it.
        assert_eq!((model.insight.scale.low, model.insight.scale.high), (-8.5, 0.0));
    }

    #[test]
    fn the_next_action_is_the_one_that_is_taken() {
        let mut model = test_worlds::model();
        for _ in 0..12 {
            let expected = model.insight.next_action;
            if model.episode.over().is_some() {
                assert_eq!(expected, None);
                break;
            }
            model.execute(Command::Step);
            model.refresh();
            assert_eq!(model.episode.last().unwrap().action.discrete(), expected);
        }
    }
}
