//! What all tabular learners share: a table, eyes to find the row of what is seen, a way to choose, streams, a clock.

use freewheel_core::{
    ActionSpace, Actions, BatchView, Ending, Error, MetricSink, Mode, Player, Policy, Purpose, Result, Spec,
    Stream, Streams, VectorEnv,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::discretizer::Discretizer;
use super::exploration::{Exploration, Explore};
use super::settings::Tabular;
use super::table::{Table, TablePolicy};
use crate::Budget;
use crate::schedule::Schedule;
use crate::step_counter::StepCounter;

/// Raised whenever the bytes of a saved learner change their meaning.
const FORMAT: u32 = 1;

pub(super) struct TabularCore {
    id: &'static str,
    settings: Tabular,
    budget: Budget,
    pub(super) gamma: f64,
    pub(super) table: Table,
    encoder: Discretizer,
    /// The state each row is in, `[N]`.
    pub(super) states: Vec<usize>,
    /// The action each row takes next, or took last, `[N]`.
    pub(super) actions: Vec<u32>,
    /// Who acts in each row, `[N]`; in a game for two.
    movers: Vec<Player>,
    /// What each row's choices are drawn from, `[N]`.
    pub(super) rngs: Vec<Stream>,
    counter: StepCounter,
    means: RunningMeans,
    /// The exploration of this tick.
    pub(super) explore: Explore,
    /// The learning rate of this tick; `None` where it is a matter of visits.
    learning_rate: Option<f64>,
    /// Whether any rate depends on the step.
    changing: bool,
    /// The mask of every state, `[A]`, where the world has none of its own.
    free: Option<Vec<bool>>,
}

/// What a report is made of.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct RunningMeans {
    updates: u64,
    /// Of these, since the last report.
    recent: u64,
    td_error: f64,
    learning_rate: f64,
}

impl TabularCore {
    /// For a learner that the messages call `id`.
    pub(super) fn new(
        id: &'static str,
        spec: &Spec,
        settings: &Tabular,
        budget: Budget,
        streams: Streams,
    ) -> Result<Self> {
        settings.validate()?;
        check_world(spec)?;
        let rows = budget.num_envs;
        if rows == 0 {
            return Err(Error::Config("a batch of 0 rows teaches nothing".into()));
        }
        let encoder = Discretizer::new(&spec.observation, settings)?;
        let mut core = TabularCore {
            id,
            settings: settings.clone(),
            budget,
            gamma: settings.gamma.unwrap_or(spec.gamma),
            table: Table::new(encoder.rows(), spec.actions.count(), settings.initial_value),
            encoder,
            states: vec![0; rows],
            actions: vec![0; rows],
            movers: if spec.players == 2 { vec![Player::First; rows] } else { Vec::new() },
            rngs: (0..rows as u64).map(|row| streams.stream(Purpose::Action, row, 0)).collect(),
            counter: StepCounter::default(),
            means: RunningMeans::default(),
            explore: Explore::Greedy,
            learning_rate: None,
            changing: [settings.learning_rate, settings.epsilon, settings.temperature]
                .iter()
                .any(|schedule| matches!(schedule, Schedule::Ramp { .. })),
            free: (!spec.masked).then(|| vec![true; spec.actions.count()]),
        };
        core.set_rates();
        Ok(core)
    }

    /// Looks where each row stands and says how many ticks make `steps` more steps.
    pub(super) fn begin(&mut self, episodes: &dyn VectorEnv, steps: u64) -> Result<u64> {
        let view = episodes.view();
        if view.num_envs != self.states.len() || view.actions != self.table.actions {
            return Err(Error::Config(format!(
                "a learner for {} rows of {} actions was given {} rows of {}",
                self.states.len(),
                self.table.actions,
                view.num_envs,
                view.actions
            )));
        }
        for row in 0..view.num_envs {
            self.states[row] = self.see(view.obs_row(row))?;
        }
        Ok(self.counter.plan(steps, view.num_envs))
    }

    /// The state of an observation; a new one gets its row.
    #[inline(always)]
    pub(super) fn see(&mut self, obs: &[f32]) -> Result<usize> {
        let state = self.encoder.index(obs)?;
        if self.encoder.grows() {
            self.table.grow(state + 1);
        }
        Ok(state)
    }

    /// Draws an action in `state` from the row's stream.
    #[inline(always)]
    pub(super) fn draw(&mut self, row: usize, state: usize, legal: &[bool]) -> u32 {
        self.explore.choose(self.table.row(state), self.table.visits_row(state), legal, &mut self.rngs[row])
    }

    /// Chooses the action of every row where it stands.
    #[inline]
    pub(super) fn choose(&mut self, view: &BatchView<'_>) {
        for row in 0..view.num_envs {
            self.actions[row] = self.draw(row, self.states[row], view.legal_row(row));
        }
    }

    /// Chooses the action of every row where it stands, and takes it.
    #[inline]
    pub(super) fn act(&mut self, episodes: &mut dyn VectorEnv) -> Result<()> {
        let Some(legal) = &self.free else {
            self.choose(&episodes.view());
            return self.take(episodes);
        };
        // Where everything is legal, nothing need be looked at.
        for ((action, &state), rng) in self.actions.iter_mut().zip(&self.states).zip(&mut self.rngs) {
            *action = self.explore.choose(self.table.row(state), self.table.visits_row(state), legal, rng);
        }
        self.take(episodes)
    }

    /// Takes the actions chosen.
    #[inline]
    pub(super) fn take(&mut self, episodes: &mut dyn VectorEnv) -> Result<()> {
        let movers = self.movers.len();
        self.movers.copy_from_slice(&episodes.view().to_play[..movers]);
        episodes.step(Actions::Discrete(&self.actions))
    }

    /// Whether what is good for who moves next in row `row` is good for who has just moved: 1, or -1 where a game for two
    /// has passed to the other.
    #[inline(always)]
    pub(super) fn sign(&self, row: usize, view: &BatchView<'_>) -> f64 {
        match self.movers.get(row) {
            Some(&mover) if mover != view.successor_to_play(row) => -1.0,
            _ => 1.0,
        }
    }

    /// What the value of row `row`'s successor counts in a target: the discount, with the [sign](Walker::sign).
    #[inline(always)]
    pub(super) fn discount(&self, row: usize, view: &BatchView<'_>) -> f64 {
        self.gamma * self.sign(row, view)
    }

    /// Moves the row on: to `successor`, or to where its next episode begins.
    #[inline(always)]
    pub(super) fn arrive(&mut self, row: usize, view: &BatchView<'_>, successor: usize) -> Result<()> {
        self.states[row] = if view.ending[row].is_over() { self.see(view.obs_row(row))? } else { successor };
        Ok(())
    }

    /// The place in the table of what row `row` did last.
    #[inline(always)]
    pub(super) fn pair(&self, row: usize) -> usize {
        self.states[row] * self.table.actions + self.actions[row] as usize
    }

    /// `q[pair] += learning_rate (target - q[pair])`, counted as a visit. Gives the error, `target - q[pair]`.
    #[inline(always)]
    pub(super) fn update(&mut self, pair: usize, target: f64) -> Result<f64> {
        let td_error = target - self.table.q[pair];
        self.visit(pair, td_error)?;
        self.table.q[pair] += self.learning_rate(pair) * td_error;
        Ok(td_error)
    }

    /// Counts an update of `pair` by a real step.
    ///
    /// # Errors
    /// [`Error::Diverged`] where its error is no longer finite, before anything is written.
    #[inline(always)]
    pub(super) fn visit(&mut self, pair: usize, td_error: f64) -> Result<()> {
        if !td_error.is_finite() {
            return Err(self.diverged(td_error));
        }
        self.table.visits[pair] = self.table.visits[pair].saturating_add(1);
        self.means.updates += 1;
        self.means.recent += 1;
        self.means.td_error += td_error.abs();
        if self.learning_rate.is_none() {
            self.means.learning_rate += self.learning_rate(pair);
        }
        Ok(())
    }

    #[cold]
    pub(super) fn diverged(&self, td_error: f64) -> Error {
        Error::Diverged { quantity: "td_error".into(), value: td_error, step: self.counter.step + 1 }
    }

    /// The learning rate of a pair.
    #[inline]
    pub(super) fn learning_rate(&self, pair: usize) -> f64 {
        match self.learning_rate {
            Some(learning_rate) => learning_rate,
            None => self.harmonic(pair),
        }
    }

    fn harmonic(&self, pair: usize) -> f64 {
        let n = f64::from(self.table.visits[pair].max(1));
        match self.settings.learning_rate {
            Schedule::Harmonic { power } if power != 1.0 => n.powf(-power),
            _ => 1.0 / n,
        }
    }

    /// A tick is over: time has passed, and rates may change.
    #[inline]
    pub(super) fn tick(&mut self) {
        self.counter.tick(self.states.len());
        if self.changing {
            self.set_rates();
        }
    }

    #[inline]
    fn set_rates(&mut self) {
        let now = |schedule: Schedule| schedule.at(self.counter.step, self.budget.steps);
        self.learning_rate = now(self.settings.learning_rate);
        self.explore = match self.settings.exploration {
            Exploration::Greedy => Explore::Greedy,
            Exploration::EpsilonGreedy => Explore::EpsilonGreedy(now(self.settings.epsilon).unwrap_or(0.0)),
            Exploration::Softmax => Explore::Softmax(now(self.settings.temperature).unwrap_or(1.0)),
            Exploration::Ucb => Explore::Ucb(self.settings.ucb_c),
        };
    }

    /// Environment steps made so far.
    pub(super) fn step(&self) -> u64 {
        self.counter.step
    }

    pub(super) fn policy(&self, mode: Mode) -> Box<dyn Policy> {
        let explore = (mode == Mode::Exploring).then_some(self.explore);
        Box::new(TablePolicy { table: self.table.clone(), encoder: self.encoder.clone(), explore })
    }

    pub(super) fn report(&mut self, monitor: &mut dyn MetricSink) {
        match self.explore {
            Explore::EpsilonGreedy(epsilon) => monitor.scalar("epsilon", epsilon),
            Explore::Softmax(temperature) => monitor.scalar("temperature", temperature),
            Explore::Greedy | Explore::Ucb(_) => {}
        }
        let recent = self.means.recent as f64;
        if self.means.recent > 0 {
            monitor.scalar("learning_rate", self.learning_rate.unwrap_or(self.means.learning_rate / recent));
            monitor.scalar("td_error", self.means.td_error / recent);
        }
        monitor.scalar("updates", self.means.updates as f64);
        monitor.scalar("states_seen", self.table.seen() as f64);
        self.means = RunningMeans { updates: self.means.updates, ..RunningMeans::default() };
    }

    /// The walker's part of a checkpoint, and the learner's own.
    pub(super) fn save<T: Serialize>(&self, own: &T) -> Result<Vec<u8>> {
        let parts = (
            self.id,
            FORMAT,
            &self.table,
            self.encoder.keys(),
            &self.actions,
            &self.rngs,
            self.counter,
            self.means,
            own,
        );
        postcard::to_stdvec(&parts)
            .map_err(|e| Error::Unsupported(format!("{} cannot be saved: {e}", self.id)))
    }

    /// Takes back its part and gives the learner's own, if `fits` says that it is of the right size.
    pub(super) fn load<T: DeserializeOwned>(
        &mut self,
        bytes: &[u8],
        fits: impl Fn(&T, &Table) -> bool,
    ) -> Result<T> {
        type Parts<T> = (String, u32, Table, Vec<u8>, Vec<u32>, Vec<Stream>, StepCounter, RunningMeans, T);
        let refuse =
            |why: &str| Error::Config(format!("this is not a saved {} of these settings: {why}", self.id));
        let (id, format) = match postcard::take_from_bytes::<(String, u32)>(bytes) {
            Ok((head, _)) => head,
            Err(_) => return Err(refuse("it has no name")),
        };
        if id != self.id || format != FORMAT {
            return Err(refuse(&format!("it is {id:?} in format {format}")));
        }
        let (_, _, table, keys, actions, rngs, counter, means, own): Parts<T> =
            postcard::from_bytes(bytes).map_err(|e| refuse(&e.to_string()))?;
        let (rows, a) = (self.states.len(), self.table.actions);
        let mut encoder = self.encoder.clone();
        let whole = table.actions == a
            && table.q.len() == table.visits.len()
            && encoder.restore(&keys)
            && table.q.len() == encoder.rows() * a
            && [actions.len(), rngs.len()] == [rows; 2]
            && actions.iter().all(|&action| (action as usize) < a)
            && fits(&own, &table);
        if !whole {
            return Err(refuse("its sizes are others"));
        }
        (self.encoder, self.table, self.actions, self.rngs) = (encoder, table, actions, rngs);
        (self.counter, self.means) = (counter, means);
        self.set_rates();
        Ok(own)
    }
}

/// What the successor is worth for a target: `value`, or nothing where the rules ended the episode.
#[inline]
pub(super) fn unless_terminal(ending: Ending, value: impl FnOnce() -> f64) -> f64 {
    if ending == Ending::Terminal { 0.0 } else { value() }
}

fn check_world(spec: &Spec) -> Result<()> {
    if let ActionSpace::Continuous { names, .. } = &spec.actions {
        return Err(Error::Config(format!(
            "{} wants {} real numbers ({}), but a table holds counted actions; use an agent for continuous actions",
            spec.id,
            names.len(),
            names.join(", ")
        )));
    }
    Ok(())
}
