//! Shared part of the off-policy agents besides their networks: environment steps, replay buffer, normalizers, random
//! streams, step counter.

use freewheel_core::{ActionBuffer, MetricSink, Purpose, Result, Spec, Stream, Streams, VectorEnv};
use serde::{Deserialize, Serialize};

use super::demonstrations::Demonstrations;
use super::settings::{ActionRanges, OffPolicy};
use crate::Budget;
use crate::demonstrations::{not_loaded, steps};
use crate::nn::ObservationNormalizer;
use crate::nn::model::check_finite;
use crate::nn::normalizer::RewardScaler;
use crate::progress::{MAX_COUNT, RunningMeans, StepCounter, shape_mismatch};
use crate::replay::{Replay, Sample, SampleRequest, SavedReplay, Transition};
use crate::settings::learning_discount;

/// Environment steps of an off-policy agent, and their random sample.
pub(super) struct Experience {
    id: &'static str,
    pub(super) settings: OffPolicy,
    budget: Budget,
    gamma: f64,
    pub(super) ranges: ActionRanges,
    pub(super) normalizer: ObservationNormalizer,
    reward_scaler: Option<RewardScaler>,
    replay: Replay<f32>,
    /// Demonstrated steps, once they are loaded.
    demonstrations: Option<Demonstrations>,
    /// Random stream of each environment's actions, `[N]`.
    rngs: Vec<Stream>,
    /// Random stream of the replay samples and of the updates.
    pub(super) rng: Stream,
    counter: StepCounter,
    /// Number of gradient steps.
    pub(super) updates: u64,
    pub(super) means: RunningMeans,
    // Buffers reused between steps.
    obs: Vec<f32>,
    normalized: Vec<f32>,
    actions: Vec<f32>,
    buffer: ActionBuffer,
    sample: Sample<f32>,
}

/// State of an [`Experience`] in a checkpoint.
#[derive(Serialize, Deserialize)]
pub(super) struct SavedExperience {
    normalizer: ObservationNormalizer,
    reward_scaler: Option<RewardScaler>,
    rngs: Vec<Stream>,
    rng: Stream,
    counter: StepCounter,
    updates: u64,
    means: RunningMeans,
    replay: SavedReplay<f32>,
}

/// B sampled transitions with normalized observations and scaled rewards.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// Number of transitions, B.
    pub(super) rows: usize,
    /// Number of demonstrated transitions, which are the last ones.
    pub(super) shown: usize,
    /// Observations, `[B, D]`.
    pub(super) obs: Vec<f32>,
    /// Actions, `[B, K]`, from -1 to 1.
    pub(super) actions: Vec<f32>,
    /// Discounted sums of the rewards of n steps, `[B]`.
    pub(super) rewards: Vec<f32>,
    /// Discounts of the values of the successors, `[B]`: gamma^n, or 0 after termination.
    pub(super) discounts: Vec<f32>,
    /// Observations of the successors, `[B, D]`.
    pub(super) successors: Vec<f32>,
}

impl Experience {
    /// Empty experience of the agent `id`.
    ///
    /// # Errors
    /// Those of [`OffPolicy::check`].
    pub(super) fn new(
        id: &'static str,
        spec: &Spec,
        settings: &OffPolicy,
        budget: Budget,
        streams: Streams,
    ) -> Result<Self> {
        settings.check(id, spec, budget)?;
        let (num_envs, capacity) = (budget.num_envs, settings.buffer_size as usize);
        let gamma = learning_discount(settings.gamma, spec);
        let ranges = ActionRanges::new(id, spec)?;
        let mut normalizer = ObservationNormalizer::new(spec, settings.network.normalize_observations);
        let mut demonstrations = None;
        if let Some(warm) = &settings.warm_start
            && let Some(set) = warm.demonstrated.episodes(spec)?
        {
            steps(&set).for_each(|step| normalizer.update(step.obs));
            normalizer.refresh();
            demonstrations = Some(Demonstrations::new(spec, &set, warm, &ranges, settings.storage)?);
        }
        Ok(Experience {
            demonstrations,
            id,
            settings: settings.clone(),
            budget,
            gamma,
            ranges,
            normalizer,
            reward_scaler: settings.normalize_rewards.then(|| RewardScaler::new(gamma, num_envs)),
            replay: Replay::new(spec, num_envs, capacity, settings.min_slots(), settings.storage, false)?,
            rngs: (0..num_envs as u64).map(|i| streams.stream(Purpose::Action, i, 0)).collect(),
            rng: streams.stream(Purpose::Agent, 0, 0),
            counter: StepCounter::default(),
            updates: 0,
            means: RunningMeans::default(),
            obs: Vec::new(),
            normalized: Vec::new(),
            actions: vec![0.0; num_envs * spec.actions.dimensions()],
            buffer: ActionBuffer::for_spec(spec, num_envs),
            sample: Sample::default(),
        })
    }

    /// Environment steps made.
    pub(super) fn step(&self) -> u64 {
        self.counter.step
    }

    /// Learning rate at the current step.
    pub(super) fn learning_rate(&self) -> f64 {
        self.settings.learning_rate.at(self.counter.step, self.budget.steps).unwrap_or_default()
    }

    /// Number of batch steps of `envs` that make `steps` more environment steps.
    ///
    /// # Errors
    /// [`Error::Config`](freewheel_core::Error::Config) if `envs` has another shape than the agent.
    pub(super) fn begin_learning(&mut self, envs: &dyn VectorEnv, steps: u64, obs_len: usize) -> Result<u64> {
        let view = envs.view();
        let expected = (self.rngs.len(), obs_len, 0);
        let found = (view.num_envs, view.obs_len, view.num_actions);
        if found != expected || envs.spec().actions.dimensions() != self.ranges.len() {
            return Err(shape_mismatch(self.id, expected, found));
        }
        if let (Some(warm), None) = (&self.settings.warm_start, &self.demonstrations) {
            return Err(not_loaded(&warm.demonstrated.demos));
        }
        Ok(self.counter.request(steps, view.num_envs))
    }

    /// Steps every environment and stores the steps. The function `select` writes the actions `[N, K]`, numbers from
    /// -1 to 1, for the normalized observations `[N, D]`; actions are uniformly random before `learning_starts`.
    pub(super) fn collect_step(
        &mut self,
        envs: &mut dyn VectorEnv,
        select: impl FnOnce(&[f32], &mut [Stream], &mut [f32]),
    ) -> Result<()> {
        let view = envs.view();
        let (num_envs, d, k, step) = (view.num_envs, view.obs_len, self.ranges.len(), self.counter.step);
        check_finite("an observation", view.obs, step)?;
        self.obs.clear();
        self.obs.extend_from_slice(view.obs);
        if step < self.settings.starts() {
            for (action, rng) in self.actions.chunks_exact_mut(k).zip(&mut self.rngs) {
                action.iter_mut().for_each(|number| *number = (2.0 * rng.uniform() - 1.0) as f32);
            }
        } else {
            let normalized = self.normalizer.normalize(&self.obs, &mut self.normalized);
            select(normalized, &mut self.rngs, &mut self.actions);
            check_finite("an action", &self.actions, step)?;
        }
        self.normalizer.update(&self.obs);
        self.ranges.write(&self.actions, &mut self.buffer);
        envs.step(self.buffer.as_actions())?;
        self.counter.advance(num_envs);
        let view = envs.view();
        check_finite("a reward", view.reward, self.counter.step)?;
        if let Some(scaler) = &mut self.reward_scaler {
            let next_signs = view.ending.iter().map(|ending| if ending.is_over() { 0.0 } else { 1.0 });
            scaler.update(view.reward, next_signs);
        }
        for i in 0..num_envs {
            self.replay.push(
                i,
                &Transition {
                    obs: &self.obs[i * d..(i + 1) * d],
                    legal: &[],
                    action: &self.actions[i * k..(i + 1) * k],
                    reward: view.reward[i],
                    ending: view.ending[i],
                    player_changed: false,
                    successor: view.successor(i),
                },
            );
        }
        Ok(())
    }

    /// Number of gradient steps that are due after a batch step (one step of every environment). Their observations
    /// are normalized by the statistics up to this step.
    pub(super) fn gradient_steps_due(&mut self) -> u64 {
        let due =
            |step: u64| step.saturating_sub(self.settings.starts()) / u64::from(self.settings.train_freq);
        let before = self.counter.step - self.rngs.len() as u64;
        let due = (due(self.counter.step) - due(before)) * u64::from(self.settings.gradient_steps);
        if due > 0 {
            self.normalizer.refresh();
        }
        due
    }

    /// Fills `batch` with a random sample; returns false if the replay buffer holds too few steps.
    pub(super) fn sample(&mut self, batch: &mut Batch) -> bool {
        if !self.fill(batch, true) {
            return false;
        }
        self.updates += 1;
        true
    }

    /// Fills `batch` with demonstrated steps; returns false if there are none.
    pub(super) fn sample_shown(&mut self, batch: &mut Batch) -> bool {
        self.demonstrations.is_some() && self.fill(batch, false)
    }

    /// Whether the policy is cloned from demonstrations.
    pub(super) fn clones(&self) -> bool {
        self.demonstrations.as_ref().is_some_and(|all| all.clones)
    }

    /// Weight of the cloning term of the policy loss at the current step; 0 without cloning.
    pub(super) fn cloning_weight(&self) -> f64 {
        let warm = self.settings.warm_start.as_ref().filter(|_| self.clones());
        warm.map_or(0.0, |warm| warm.weight_at(self.counter.step, self.budget.steps))
    }

    /// Whether only the critics learn at the current step: a policy that was cloned would be lost to the first, random
    /// values.
    pub(super) fn is_frozen(&self) -> bool {
        let warm = self.settings.warm_start.as_ref().filter(|_| self.clones());
        warm.is_some_and(|warm| warm.is_frozen(self.counter.step, self.budget.steps))
    }

    fn fill(&mut self, batch: &mut Batch, own: bool) -> bool {
        let (batch_size, n_step) = (self.settings.batch_size as usize, self.settings.n_step as usize);
        let request = SampleRequest { batch_size, n_step, gamma: self.gamma, beta: 0.0 };
        let shown = match &mut self.demonstrations {
            Some(all) => all.sample(own.then_some(&self.replay), request, &mut self.rng, &mut self.sample),
            None => self.replay.sample(request, &mut self.rng, &mut self.sample).then_some(0),
        };
        let Some(shown) = shown else { return false };
        (batch.rows, batch.shown) = (batch_size, shown);
        let factor = self.reward_scaler.as_ref().map_or(1.0, RewardScaler::factor);
        batch.rewards.clear();
        batch.rewards.extend(self.sample.rewards.iter().map(|reward| reward * factor));
        for (raw, out) in
            [(&self.sample.obs, &mut batch.obs), (&self.sample.successors, &mut batch.successors)]
        {
            out.clear();
            out.extend_from_slice(self.normalizer.normalize(raw, &mut self.normalized));
        }
        std::mem::swap(&mut batch.actions, &mut self.sample.actions);
        std::mem::swap(&mut batch.discounts, &mut self.sample.discounts);
        true
    }

    pub(super) fn report(&mut self, metrics: &mut dyn MetricSink) {
        metrics.scalar("learning_rate", self.learning_rate());
        metrics.scalar("updates", self.updates as f64);
        self.means.report(metrics);
    }

    pub(super) fn save(&self) -> SavedExperience {
        SavedExperience {
            normalizer: self.normalizer.clone(),
            reward_scaler: self.reward_scaler.clone(),
            rngs: self.rngs.clone(),
            rng: self.rng.clone(),
            counter: self.counter,
            updates: self.updates,
            means: self.means.clone(),
            replay: self.replay.save(),
        }
    }

    /// Restores the state that [`Experience::save`] returned.
    ///
    /// # Errors
    /// Description of the fault, without a change.
    pub(super) fn load(&mut self, saved: SavedExperience) -> std::result::Result<(), String> {
        let scaler_fits = match (&saved.reward_scaler, &self.reward_scaler) {
            (None, None) => true,
            (Some(saved), Some(own)) => saved.can_replace(own),
            _ => false,
        };
        if !scaler_fits
            || !saved.normalizer.can_replace(&self.normalizer)
            || saved.rngs.len() != self.rngs.len()
        {
            return Err("its settings or num_envs differ".to_owned());
        }
        let counter = saved.counter;
        if !counter.is_valid(self.rngs.len()) || saved.updates > MAX_COUNT || !saved.means.is_valid() {
            return Err("a count in it is out of range".to_owned());
        }
        self.replay.load(saved.replay).map_err(|error| error.to_string())?;
        (self.normalizer, self.reward_scaler) = (saved.normalizer, saved.reward_scaler);
        (self.rngs, self.rng, self.counter) = (saved.rngs, saved.rng, saved.counter);
        (self.updates, self.means) = (saved.updates, saved.means);
        Ok(())
    }
}
