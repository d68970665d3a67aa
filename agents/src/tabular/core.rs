//! Shared part of the tabular agents: table, discretizer, behavior policy, random streams, schedules, step counter.

use freewheel_core::{
    ActionSpace, Actions, BatchView, Ending, Error, MetricSink, Player, Policy, PolicyMode, Purpose, Result,
    Spec, Stream, Streams, Update, VectorEnv,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::discretizer::Discretizer;
use super::exploration::{BehaviorPolicy, Exploration};
use super::settings::Tabular;
use super::table::{Table, TablePolicy};
use super::warm::Demonstrations;
use crate::Budget;
use crate::demonstrations::not_loaded;
use crate::progress::{MAX_COUNT, StepCounter, decode};
use crate::schedule::Schedule;
use crate::settings::{learning_discount, within};

/// Version of the checkpoint format.
const FORMAT: u32 = 1;

/// Table, behavior policy and bookkeeping of a tabular agent.
pub(super) struct TabularCore {
    id: &'static str,
    settings: Tabular,
    budget: Budget,
    pub(super) gamma: f64,
    pub(super) table: Table,
    discretizer: Discretizer,
    /// Current state of each environment, `[N]`.
    pub(super) states: Vec<usize>,
    /// Selected or last action of each environment, `[N]`.
    pub(super) actions: Vec<u32>,
    /// Player that made the last step of each environment, `[N]`; empty in one-player worlds.
    players: Vec<Player>,
    /// Random stream of each environment's actions, `[N]`.
    pub(super) rngs: Vec<Stream>,
    counter: StepCounter,
    statistics: UpdateStatistics,
    /// Behavior policy of the current step.
    pub(super) behavior: BehaviorPolicy,
    /// Learning rate of the current step; `None` if the learning rate depends on visits.
    learning_rate: Option<f64>,
    /// Whether any schedule depends on the step.
    has_ramps: bool,
    /// Mask of legal actions with all actions legal, `[A]`, if the world has no masks.
    all_legal: Option<Vec<bool>>,
    /// Updates of the last batch step; `None` if they are not kept.
    pub(super) updates: Option<Vec<Update>>,
    /// Demonstrated steps of a warm start, once they are loaded.
    demonstrations: Option<Demonstrations>,
}

/// Statistics of updates for [`TabularCore::report`].
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct UpdateStatistics {
    /// Updates since the beginning.
    updates: u64,
    /// Updates since the last report.
    recent: u64,
    /// Sum of absolute TD errors since the last report.
    td_error: f64,
    /// Sum of visit-dependent learning rates since the last report.
    learning_rate: f64,
}

impl UpdateStatistics {
    /// Whether loaded statistics are possible.
    fn is_valid(&self) -> bool {
        self.recent <= self.updates && self.updates <= MAX_COUNT
    }
}

impl TabularCore {
    /// Checks the settings for worlds with the observations and actions of `spec`, without creating a table; returns
    /// the discretizer.
    ///
    /// # Errors
    /// As [`TabularCore::new`].
    pub(super) fn check(spec: &Spec, settings: &Tabular, budget: Budget) -> Result<Discretizer> {
        settings.validate()?;
        check_actions(spec)?;
        within("num_envs", budget.num_envs as f64, 1.0, f64::MAX)?;
        let discretizer = Discretizer::new(&spec.observation, settings)?;
        Table::require(discretizer.rows(), spec.actions.count())?;
        Ok(discretizer)
    }

    /// Shared part of the agent `id`, with an initial table of action values.
    ///
    /// # Errors
    /// [`Error::Setting`] for a setting out of range; [`Error::Config`] for no environments, or a world with continuous
    /// actions.
    pub(super) fn new(
        id: &'static str,
        spec: &Spec,
        settings: &Tabular,
        budget: Budget,
        streams: Streams,
    ) -> Result<Self> {
        let discretizer = Self::check(spec, settings, budget)?;
        let num_envs = budget.num_envs;
        let schedules = [settings.learning_rate, settings.epsilon, settings.temperature];
        let mut core = TabularCore {
            id,
            settings: settings.clone(),
            budget,
            gamma: learning_discount(settings.gamma, spec),
            table: Table::new(discretizer.rows(), spec.actions.count(), settings.initial_value),
            discretizer,
            states: vec![0; num_envs],
            actions: vec![0; num_envs],
            players: if spec.players == 2 { vec![Player::First; num_envs] } else { Vec::new() },
            rngs: (0..num_envs as u64).map(|env| streams.stream(Purpose::Action, env, 0)).collect(),
            counter: StepCounter::default(),
            statistics: UpdateStatistics::default(),
            behavior: BehaviorPolicy::Greedy,
            learning_rate: None,
            has_ramps: schedules.iter().any(|schedule| matches!(schedule, Schedule::Ramp { .. })),
            all_legal: (!spec.masked).then(|| vec![true; spec.actions.count()]),
            updates: None,
            demonstrations: None,
        };
        core.update_schedules();
        if let Some(warm) = &settings.warm_start
            && let Some(set) = warm.demonstrated.episodes(spec)?
        {
            core.demonstrations = Some(Demonstrations::new(&mut core, &set, warm, streams)?);
        }
        Ok(core)
    }

    /// Reads the current states of `envs` and returns the number of batch steps that make `steps` more environment
    /// steps.
    ///
    /// # Errors
    /// [`Error::Config`] if `envs` has another number of environments or actions than the agent.
    pub(super) fn begin_learning(&mut self, envs: &dyn VectorEnv, steps: u64) -> Result<u64> {
        let view = envs.view();
        if view.num_envs != self.states.len() || view.num_actions != self.table.actions {
            return Err(Error::Config(format!(
                "{}: the agent expects {} environments with {} actions, but got {} with {}",
                self.id,
                self.states.len(),
                self.table.actions,
                view.num_envs,
                view.num_actions
            )));
        }
        if let (Some(warm), None) = (&self.settings.warm_start, &self.demonstrations) {
            return Err(not_loaded(&warm.demonstrated.demos));
        }
        for env in 0..view.num_envs {
            self.states[env] = self.state_index(view.obs_row(env))?;
        }
        Ok(self.counter.request(steps, view.num_envs))
    }

    /// Index of the state of the observation `obs [D]`; a new state gets a row of the table.
    #[inline(always)]
    pub(super) fn state_index(&mut self, obs: &[f32]) -> Result<usize> {
        let state = self.discretizer.index(obs)?;
        if self.discretizer.grows() {
            self.table.grow(state + 1)?;
        }
        Ok(state)
    }

    /// Samples an action of the behavior policy for environment `env` in `state`.
    #[inline(always)]
    pub(super) fn select_action(&mut self, env: usize, state: usize, legal: &[bool]) -> u32 {
        self.behavior.select(self.table.row(state), self.table.visits_row(state), legal, &mut self.rngs[env])
    }

    /// Samples an action of the behavior policy for every environment.
    #[inline]
    pub(super) fn select_actions(&mut self, view: &BatchView<'_>) {
        for env in 0..view.num_envs {
            self.actions[env] = self.select_action(env, self.states[env], view.legal_row(env));
        }
    }

    /// Samples an action of the behavior policy for every environment and steps the environments.
    #[inline]
    pub(super) fn act(&mut self, envs: &mut dyn VectorEnv) -> Result<()> {
        let Some(legal) = &self.all_legal else {
            self.select_actions(&envs.view());
            return self.step_envs(envs);
        };
        // Fast path for worlds without masks.
        for ((action, &state), rng) in self.actions.iter_mut().zip(&self.states).zip(&mut self.rngs) {
            *action = self.behavior.select(self.table.row(state), self.table.visits_row(state), legal, rng);
        }
        self.step_envs(envs)
    }

    /// Steps the environments with the selected actions.
    #[inline]
    pub(super) fn step_envs(&mut self, envs: &mut dyn VectorEnv) -> Result<()> {
        let count = self.players.len();
        self.players.copy_from_slice(&envs.view().to_play[..count]);
        if let Some(updates) = &mut self.updates {
            updates.clear();
        }
        envs.step(Actions::Discrete(&self.actions))
    }

    /// Sign of the successor's value in environment `env`: 1 same player, -1 opponent.
    #[inline(always)]
    pub(super) fn next_sign(&self, env: usize, view: &BatchView<'_>) -> f64 {
        match self.players.get(env) {
            Some(&player) if player != view.successor_to_play(env) => -1.0,
            _ => 1.0,
        }
    }

    /// Factor of the successor's value in a target: gamma times the [sign](TabularCore::next_sign).
    #[inline(always)]
    pub(super) fn discount(&self, env: usize, view: &BatchView<'_>) -> f64 {
        self.gamma * self.next_sign(env, view)
    }

    /// Sets the current state of environment `env`: `successor`, or the first state of a new episode.
    #[inline(always)]
    pub(super) fn advance(&mut self, env: usize, view: &BatchView<'_>, successor: usize) -> Result<()> {
        self.states[env] =
            if view.ending[env].is_over() { self.state_index(view.obs_row(env))? } else { successor };
        Ok(())
    }

    /// Index in the table of the state-action pair of the last step of environment `env`.
    #[inline(always)]
    pub(super) fn pair_index(&self, env: usize) -> usize {
        self.states[env] * self.table.actions + self.actions[env] as usize
    }

    /// Updates the value of a state-action pair: `q[pair] += learning_rate (target - q[pair])`. Counts a visit and
    /// returns the TD error `target - q[pair]`. `symbols` explains the target, if updates are kept.
    #[inline(always)]
    pub(super) fn update(
        &mut self,
        pair: usize,
        target: f64,
        symbols: impl FnOnce() -> TargetSymbols,
    ) -> Result<f64> {
        let old = self.table.q[pair];
        let td_error = target - old;
        self.record_update(pair, td_error)?;
        let learning_rate = self.learning_rate(pair);
        self.table.q[pair] += learning_rate * td_error;
        if self.updates.is_some() {
            let change = Change { pair, old, step_size: learning_rate, error: td_error };
            self.keep_update("Q(s,a)", change, self.table.q[pair], symbols());
        }
        Ok(td_error)
    }

    /// Keeps an update for [`Agent::last_updates`](freewheel_core::Agent::last_updates), if updates are kept.
    #[cold]
    pub(super) fn keep_update(
        &mut self,
        cell: &'static str,
        change: Change,
        new: f64,
        symbols: TargetSymbols,
    ) {
        let Some(updates) = &mut self.updates else { return };
        let Change { pair, old, step_size, error } = change;
        let TargetSymbols { target, terms, note } = symbols;
        let (state, action) = (pair / self.table.actions, (pair % self.table.actions) as u32);
        updates.push(Update { cell, state, action, old, step_size, error, new, target, terms, note });
    }

    /// Counts a visit of the state-action pair `pair` by an environment step.
    ///
    /// # Errors
    /// [`Error::Diverged`] if the TD error is not finite; the table is unchanged then.
    #[inline(always)]
    pub(super) fn record_update(&mut self, pair: usize, td_error: f64) -> Result<()> {
        if !td_error.is_finite() {
            return Err(self.divergence_error(td_error));
        }
        self.table.visits[pair] = self.table.visits[pair].saturating_add(1);
        self.statistics.updates += 1;
        self.statistics.recent += 1;
        self.statistics.td_error += td_error.abs();
        if self.learning_rate.is_none() {
            self.statistics.learning_rate += self.learning_rate(pair);
        }
        Ok(())
    }

    #[cold]
    pub(super) fn divergence_error(&self, td_error: f64) -> Error {
        Error::Diverged { quantity: "td_error".into(), value: td_error, step: self.counter.step + 1 }
    }

    /// Current learning rate of the state-action pair `pair`.
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

    /// Ends a batch step: counts its environment steps, updates the schedules, and makes the updates of demonstrated
    /// steps that are due.
    ///
    /// # Errors
    /// [`Error::Diverged`] if a TD error is not finite.
    #[inline]
    pub(super) fn end_step(&mut self) -> Result<()> {
        self.counter.advance(self.states.len());
        if self.has_ramps {
            self.update_schedules();
        }
        if self.demonstrations.is_some() { self.update_demonstrated() } else { Ok(()) }
    }

    #[cold]
    fn update_demonstrated(&mut self) -> Result<()> {
        let Some(mut demonstrations) = self.demonstrations.take() else { return Ok(()) };
        let now = self.counter.step;
        let updated = demonstrations.update(self, now - self.states.len() as u64, now);
        self.demonstrations = Some(demonstrations);
        updated
    }

    /// Pairs that demonstrated steps have changed at the end of the last batch step, with the differences.
    pub(super) fn demonstrated_changes(&self) -> &[(usize, f64)] {
        self.demonstrations.as_ref().map_or(&[], |all| &all.changes)
    }

    #[inline]
    fn update_schedules(&mut self) {
        let current = |schedule: Schedule| schedule.at(self.counter.step, self.budget.steps);
        self.learning_rate = current(self.settings.learning_rate);
        self.behavior = match self.settings.exploration {
            Exploration::Greedy => BehaviorPolicy::Greedy,
            Exploration::EpsilonGreedy => {
                let cap = self.settings.warm_start.as_ref().map_or(1.0, |warm| warm.epsilon);
                BehaviorPolicy::EpsilonGreedy(current(self.settings.epsilon).unwrap_or(0.0).min(cap))
            }
            Exploration::Softmax => {
                BehaviorPolicy::Softmax(current(self.settings.temperature).unwrap_or(1.0))
            }
            Exploration::Ucb => BehaviorPolicy::Ucb(self.settings.ucb_c),
        };
    }

    /// Number of environment steps so far.
    pub(super) fn step(&self) -> u64 {
        self.counter.step
    }

    pub(super) fn policy(&self, mode: PolicyMode) -> Box<dyn Policy> {
        let behavior = (mode == PolicyMode::Exploring).then_some(self.behavior);
        Box::new(TablePolicy { table: self.table.clone(), discretizer: self.discretizer.clone(), behavior })
    }

    pub(super) fn report(&mut self, metrics: &mut dyn MetricSink) {
        match self.behavior {
            BehaviorPolicy::EpsilonGreedy(epsilon) => metrics.scalar("epsilon", epsilon),
            BehaviorPolicy::Softmax(temperature) => metrics.scalar("temperature", temperature),
            BehaviorPolicy::Greedy | BehaviorPolicy::Ucb(_) => {}
        }
        let recent = self.statistics.recent as f64;
        if self.statistics.recent > 0 {
            metrics.scalar(
                "learning_rate",
                self.learning_rate.unwrap_or(self.statistics.learning_rate / recent),
            );
            metrics.scalar("td_error", self.statistics.td_error / recent);
        }
        metrics.scalar("updates", self.statistics.updates as f64);
        metrics.scalar("states_seen", self.table.visited_states() as f64);
        self.statistics =
            UpdateStatistics { updates: self.statistics.updates, ..UpdateStatistics::default() };
    }

    /// Checkpoint of the shared part and of `rest`, the state of the algorithm.
    pub(super) fn save(&self, rest: &impl Serialize) -> Result<Vec<u8>> {
        let parts = (
            self.id,
            FORMAT,
            &self.table,
            self.discretizer.keys(),
            &self.actions,
            &self.rngs,
            self.counter,
            self.statistics,
            rest,
        );
        postcard::to_stdvec(&parts)
            .map_err(|e| Error::Unsupported(format!("{} cannot be saved: {e}", self.id)))
    }

    /// Restores a checkpoint of [`TabularCore::save`] and returns the state of the algorithm after a check by
    /// `is_valid`.
    pub(super) fn load<T: DeserializeOwned>(
        &mut self,
        bytes: &[u8],
        is_valid: impl Fn(&T, &Table) -> bool,
    ) -> Result<T> {
        type Parts<T> =
            (String, u32, Table, Vec<u8>, Vec<u32>, Vec<Stream>, StepCounter, UpdateStatistics, T);
        let refuse =
            |why: &str| Error::Config(format!("this is not a saved {} of these settings: {why}", self.id));
        let (id, format) = match postcard::take_from_bytes::<(String, u32)>(bytes) {
            Ok((header, _)) => header,
            Err(_) => return Err(refuse("it names no agent")),
        };
        if id != self.id || format != FORMAT {
            return Err(refuse(&format!("it is {id:?} in format {format}")));
        }
        let (_, _, table, keys, actions, rngs, counter, statistics, rest): Parts<T> =
            decode(bytes).map_err(|e| refuse(&e))?;
        let (num_envs, a) = (self.states.len(), self.table.actions);
        let mut discretizer = self.discretizer.clone();
        let valid = table.actions == a
            && table.initial.to_bits() == self.table.initial.to_bits()
            && table.q.len() == table.visits.len()
            && discretizer.restore(&keys)
            && table.q.len() == discretizer.rows() * a
            && table.q.iter().all(|q| q.is_finite())
            && counter.is_valid(num_envs)
            && statistics.is_valid()
            && [actions.len(), rngs.len()] == [num_envs; 2]
            && actions.iter().all(|&action| (action as usize) < a)
            && is_valid(&rest, &table);
        if !valid {
            return Err(refuse("its num_envs or table size differs, or a number in it is out of range"));
        }
        (self.discretizer, self.table, self.actions, self.rngs) = (discretizer, table, actions, rngs);
        (self.counter, self.statistics) = (counter, statistics);
        self.update_schedules();
        Ok(rest)
    }
}

/// Numbers of an update of the state-action pair `pair`; see [`Update`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    pub(super) pair: usize,
    pub(super) old: f64,
    pub(super) step_size: f64,
    pub(super) error: f64,
}

/// Target of an update in symbols, their numbers, and an explanation; see [`Update`].
#[derive(Clone, Debug, Default)]
pub(super) struct TargetSymbols {
    target: String,
    terms: Vec<(&'static str, f64)>,
    note: String,
}

impl TargetSymbols {
    /// Target in symbols, with their numbers.
    pub(super) fn new(target: impl Into<String>, terms: Vec<(&'static str, f64)>) -> Self {
        TargetSymbols { target: target.into(), terms, note: String::new() }
    }

    /// Target `r + γ next` of a step with reward `reward`, the discount `discount` of the next value, negative if the
    /// opponent moves next, and the next value `value` with the symbol `next`.
    pub(super) fn one_step(
        next: &'static str,
        reward: f64,
        discount: f64,
        value: f64,
        ending: Ending,
    ) -> Self {
        if ending == Ending::Terminal {
            return TargetSymbols::new("r", vec![("r", reward)]).note("terminal: no next value");
        }
        let mut symbols =
            TargetSymbols::new(format!("r + γ {next}"), vec![("r", reward), ("γ", discount), (next, value)]);
        if discount < 0.0 {
            symbols.target = format!("r − γ {next}");
            symbols.terms[1].1 = -discount;
            symbols.note = "the opponent moves next: the sign of its value changes".into();
        }
        symbols
    }

    /// The same with the next action in the explanation, unless the step was the last one.
    pub(super) fn next_action(self, ending: Ending, action: u32) -> Self {
        if ending == Ending::Terminal { self } else { self.note(format!("next action a' = {action}")) }
    }

    /// The same with an explanation.
    pub(super) fn note(self, note: impl Into<String>) -> Self {
        TargetSymbols { note: note.into(), ..self }
    }
}

/// Value of the successor in a target: `value`, or 0 after termination.
#[inline]
pub(super) fn unless_terminal(ending: Ending, value: impl FnOnce() -> f64) -> f64 {
    if ending == Ending::Terminal { 0.0 } else { value() }
}

fn check_actions(spec: &Spec) -> Result<()> {
    if let ActionSpace::Continuous { names, .. } = &spec.actions {
        return Err(Error::Config(format!(
            "world {} has continuous actions ({}), but a table needs discrete ones; use an agent for continuous \
             actions",
            spec.id,
            names.join(", ")
        )));
    }
    Ok(())
}
