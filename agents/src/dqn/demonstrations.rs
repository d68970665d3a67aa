//! Warm start of DQN from demonstrations, which stay in a replay buffer of their own.
//!
//! | method | batch | loss |
//! |---|---|---|
//! | `dqfd` | a share of demonstrated steps, by their priorities with prioritized replay | TD loss plus margin loss |
//! | `symmetric-sampling` | half of it are demonstrated steps; layer-normalized network | TD loss |
//!
//! ```text
//! margin loss = mean over the demonstrated steps of  max_a [ Q(s, a) + m 1(a != a_E) ] - Q(s, a_E)
//! ```
//!
//! Here a_E is the demonstrated action and m the margin. The weight of the margin loss falls linearly to 0: with a
//! constant one the agent never becomes better than its teacher. Hester et al. 2018 (DQfD, arXiv 1704.03732); Ball et
//! al. 2023 (arXiv 2302.02948).

use candle_core::Tensor;
use freewheel_core::demonstrations::DemonstrationSet;
use freewheel_core::{Result, Spec, Stream};

use super::{Dqn, Storage};
use crate::demonstrations::auto::Methods;
use crate::demonstrations::{WarmStart, buffer, steps};
use crate::nn::model::{candle_error, tensor, with_slice};
use crate::nn::optimizer::polyak_update;
use crate::replay::{Replay, Sample, SampleRequest};

/// Methods of DQN.
pub(super) const METHODS: [&str; 2] = ["dqfd", "symmetric-sampling"];
/// Methods between which `auto` chooses.
pub(super) const AUTO: Methods = Methods { protecting: METHODS[0], other: METHODS[1] };
/// Added to the TD error of a demonstrated step in its priority.
pub(super) const PRIORITY_BONUS: f32 = 1.0;
/// Gradient steps between two copies of the target network in the pre-training, for a target network of copies.
const COPY_INTERVAL: u32 = 100;

/// Demonstrated steps in a replay buffer.
pub(super) struct Demonstrations {
    pub(super) replay: Replay<u32>,
    /// Share of demonstrated steps in a batch; `None` for the share of their priorities.
    share: Option<f64>,
    /// Whether the margin loss applies.
    has_margin: bool,
    /// Margin in units of reward.
    margin: f64,
    sample: Sample<u32>,
    /// Number of demonstrated steps of the last sample, which are its last ones.
    pub(super) rows: usize,
    /// Masks of the demonstrated steps of the last sample, `[rows, A]`.
    masks: Vec<bool>,
}

impl Demonstrations {
    /// Buffer with all steps of `set`; steps are sampled by priority if `prioritized`.
    pub(super) fn new(
        spec: &Spec,
        set: &DemonstrationSet,
        settings: &WarmStart,
        storage: Storage,
        prioritized: bool,
    ) -> Result<Self> {
        let is_dqfd = settings.check(&METHODS)? == "dqfd";
        let replay = buffer(spec, set, storage, prioritized)?;
        let sizes = steps(set).filter(|step| step.reward != 0.0).map(|step| f64::from(step.reward.abs()));
        let mut sizes: Vec<f64> = sizes.collect();
        sizes.sort_by(f64::total_cmp);
        let typical = sizes.get(sizes.len() / 2).copied().unwrap_or(1.0);
        let share = match (settings.share, is_dqfd && prioritized) {
            (Some(share), _) => Some(share),
            (None, true) => None,
            (None, false) => Some(if is_dqfd { 0.25 } else { 0.5 }),
        };
        Ok(Demonstrations {
            replay,
            share,
            has_margin: is_dqfd,
            margin: settings.margin * typical,
            sample: Sample::default(),
            rows: 0,
            masks: Vec::new(),
        })
    }

    /// Samples a batch of steps of the agent, then demonstrated ones; only demonstrated ones if `own` holds too few, or
    /// for the pre-training, `own` being `None`. Returns false if there are no complete steps.
    pub(super) fn sample(
        &mut self,
        own: Option<&Replay<u32>>,
        request: SampleRequest,
        rng: &mut Stream,
        sample: &mut Sample<u32>,
    ) -> bool {
        let size = request.batch_size;
        sample.clear();
        self.rows = size;
        if let Some(own) = own {
            let share = self.share.unwrap_or_else(|| {
                let (mine, others) = (self.replay.total_priority(), own.total_priority());
                if mine + others > 0.0 { mine / (mine + others) } else { 0.5 }
            });
            let rows = ((share * size as f64).round() as usize).min(size);
            let request = SampleRequest { batch_size: size - rows, ..request };
            if request.batch_size > 0 && own.sample(request, rng, sample) {
                self.rows = rows;
            } else {
                sample.clear();
            }
        }
        if self.rows == 0 {
            return true;
        }
        if !self.replay.sample(SampleRequest { batch_size: self.rows, ..request }, rng, &mut self.sample) {
            return false;
        }
        self.masks.clear();
        self.sample.indices.iter().for_each(|&index| self.replay.append_mask(index, &mut self.masks));
        sample.append(&self.sample);
        true
    }

    /// Margin loss of the last `rows` rows of the action values `q [B, A]` of the last sample with `actions [B]`: the
    /// sum over these rows, divided by B. `unit` is the size of a reward of 1 in units of `q`.
    pub(super) fn margin_loss(&self, q: &Tensor, actions: &[u32], unit: f64) -> Result<Option<Tensor>> {
        if !self.has_margin || self.rows == 0 {
            return Ok(None);
        }
        let (b, a) = q.dims2().map_err(candle_error)?;
        let first = b - self.rows;
        let margin = (self.margin * unit) as f32;
        let rivals = with_slice(q, |q| rivals(&q[first * a..], &actions[first..], &self.masks, margin))?;
        let bonus = rivals.iter().zip(&actions[first..]).map(|(x, y)| if x == y { 0.0 } else { margin });
        let bonus = tensor(bonus.collect(), self.rows)?;
        let loss = || -> candle_core::Result<Tensor> {
            let column = |of: &[u32]| Tensor::from_slice(of, (of.len(), 1), q.device());
            let q = q.narrow(0, first, self.rows)?;
            let best = (q.gather(&column(&rivals)?, 1)?.squeeze(1)? + bonus)?;
            let shown = q.gather(&column(&actions[first..])?, 1)?.squeeze(1)?;
            (best - shown)?.sum_all()? / b as f64
        };
        loss().map(Some).map_err(candle_error)
    }
}

/// Action of the maximum of Q(s, a) + `margin` 1(a != a_E) over the legal actions of each row of `q [B, A]`, with the
/// demonstrated actions a_E `actions [B]` and the masks `legal [B, A]`; the demonstrated one on ties.
fn rivals(q: &[f32], actions: &[u32], legal: &[bool], margin: f32) -> Vec<u32> {
    let a = q.len() / actions.len().max(1);
    let row = |(i, &shown): (usize, &u32)| {
        let (q, legal) = (&q[i * a..(i + 1) * a], &legal[i * a..(i + 1) * a]);
        let value = |a: u32| q[a as usize] + if a == shown { 0.0 } else { margin };
        let others = (0..a as u32).filter(|&a| legal[a as usize]);
        others.fold(shown, |best, a| if value(a) > value(best) { a } else { best })
    };
    actions.iter().enumerate().map(row).collect()
}

impl Dqn {
    /// Makes the gradient steps on the demonstrations before the first environment step, with the statistics of the
    /// demonstrated observations and returns.
    pub(super) fn pretrain(&mut self, set: &DemonstrationSet) -> Result<()> {
        for step in steps(set) {
            self.normalizer.update(step.obs);
            if self.config.normalize_rewards {
                self.scale.update(0, step.reward, step.ending, step.player_changed);
            }
        }
        let updates = self.config.warm_start.as_ref().map_or(0, |warm| warm.pretraining);
        for update in 1..=updates {
            self.update(true)?;
            let target = &mut self.target;
            if self.config.tau < 1.0 || update % COPY_INTERVAL == 0 {
                let tau = self.config.tau;
                self.model.with_parameters(|parameters| polyak_update(target, parameters, tau))?;
            }
        }
        Ok(())
    }

    /// Weight of the margin loss at the current step.
    pub(super) fn margin_weight(&self) -> f64 {
        let warm = self.config.warm_start.as_ref();
        warm.map_or(0.0, |warm| warm.weight_at(self.counter.step, self.budget.steps))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use candle_core::{Device, Var};
    use freewheel_core::{Actions, Agent, ManagedVectorEnv, Streams};

    use super::*;
    use crate::demonstrations::Demonstrated;
    use crate::demonstrations::recorded::record;
    use crate::dqn::Config;
    use crate::replay::Transition;
    use crate::tabular::graph::{Graph, greedy_return, one_env};

    fn warm(set: &Arc<DemonstrationSet>, method: &str) -> WarmStart {
        let demonstrated = Demonstrated::of(Arc::clone(set));
        WarmStart { demonstrated, method: Some(method.into()), pretraining: 300, ..WarmStart::default() }
    }

    #[test]
    fn rivals_by_hand() {
        // The demonstrated action is far ahead; a rival is within the margin; the best rival is illegal.
        let q = [3.0, 1.0, 0.0, 1.0, 0.5, 0.0, 1.0, 0.5, 0.9];
        let legal = [true, true, true, true, true, true, true, true, false];
        assert_eq!(rivals(&q, &[0, 0, 0], &legal, 0.8), [0, 1, 1]);
        assert_eq!(rivals(&q, &[0, 0, 0], &legal, 0.0), [0, 0, 0]);
    }

    #[test]
    fn margin_loss_by_hand() {
        let set = record(&Graph::cliff(), 2, 30, 0, |_, rng| rng.below(4));
        let mut all =
            Demonstrations::new(Graph::cliff().spec(), &set, &warm(&set, "dqfd"), Storage::F32, false)
                .unwrap();
        // All rewards of the first steps are -1 or -100; the median size is 1, the margin 0.8.
        assert!((all.margin - 0.8).abs() < 1e-12, "{}", all.margin);
        (all.rows, all.masks) = (1, vec![true; 4]);
        let q = Var::from_slice(&[9f32, 0.0, 0.0, 0.0, 1.0, 0.5, 2.0, 0.0], (2, 4), &Device::Cpu).unwrap();
        // One demonstrated row of two, its action 0: the rival is 2, with 2 + .8 .5 - 1 = 1.4, divided by 2.
        let loss = all.margin_loss(q.as_tensor(), &[1, 0], 0.5).unwrap().unwrap();
        assert!((loss.to_scalar::<f32>().unwrap() - 0.7).abs() < 1e-6);
        let gradients = loss.backward().unwrap();
        let gradient = gradients.get(q.as_tensor()).unwrap().to_vec2::<f32>().unwrap();
        assert_eq!(gradient, [[0.0; 4], [-0.5, 0.0, 0.5, 0.0]]);
    }

    #[test]
    fn a_batch_has_its_share_of_demonstrated_steps() {
        let set = record(&Graph::cliff(), 5, 60, 0, |_, rng| rng.below(4));
        let spec = Graph::cliff().spec().clone();
        let mut all =
            Demonstrations::new(&spec, &set, &warm(&set, "symmetric-sampling"), Storage::F32, false).unwrap();
        let mut own = Replay::new(&spec, 1, 500, 4, Storage::F32, false).unwrap();
        let request = SampleRequest { batch_size: 10, n_step: 3, gamma: 0.9, beta: 0.0 };
        let (mut rng, mut sample) =
            (Streams::new(0).stream(freewheel_core::Purpose::Agent, 0, 0), Sample::default());
        assert!(all.sample(None, request, &mut rng, &mut sample));
        assert_eq!((all.rows, sample.actions.len(), sample.obs.len()), (10, 10, 10));
        for step in steps(&set) {
            let Actions::Discrete(action) = step.action else { panic!("discrete") };
            let (obs, reward, ending) = (step.obs, step.reward, step.ending);
            let (legal, successor) = (&[true; 4][..], (step.successor.0, &[true; 4][..]));
            own.push(0, &Transition { obs, legal, action, reward, ending, player_changed: false, successor });
        }
        assert!(all.sample(Some(&own), request, &mut rng, &mut sample));
        assert_eq!((all.rows, sample.actions.len(), sample.legal.len()), (5, 10, 40));
    }

    /// Both methods find the treasure of DeepSea with 12 rows in at most a third of the steps that DQN needs from
    /// scratch. The demonstrator reaches it in some episodes only.
    #[test]
    fn warm_starts_need_fewer_steps() {
        let n = 12;
        let set = record(&Graph::deep_sea(n), 80, 50, 0, |_, rng| u32::from(!rng.chance(0.2)));
        let steps = |warm_start: Option<WarmStart>| {
            let config = Config { warm_start, ..Config::default() };
            let mut agent =
                Dqn::new(Graph::deep_sea(n).spec(), config, one_env(9000), Streams::new(1)).unwrap();
            let (mut envs, mut steps) = (Graph::deep_sea(n).batch(1, 0), 0);
            // The first random network may go right by chance.
            while steps == 0 || (steps < 9000 && greedy_return(&agent, Graph::deep_sea(n)).0 < 0.9) {
                agent.learn(&mut envs, 300).unwrap();
                envs.take_finished();
                steps += 300;
            }
            steps
        };
        let cold = steps(None);
        for method in METHODS {
            let warm = steps(Some(warm(&set, method)));
            assert!(cold >= 3 * warm, "{method}: {cold} {warm}");
        }
    }

    /// The bytes do not depend on the calls of `learn`, nor on a checkpoint in between; they depend on the
    /// demonstrations.
    #[test]
    fn resumed_runs_end_in_the_same_bytes() {
        let set = record(&Graph::cliff(), 5, 60, 0, |_, rng| rng.below(4));
        for (method, prioritized) in [("dqfd", true), ("dqfd", false), ("symmetric-sampling", false)] {
            let new = |loaded: bool| {
                let mut warm_start = WarmStart { pretraining: 20, ..warm(&set, method) };
                if !loaded {
                    warm_start.demonstrated =
                        Demonstrated { demos: "store".into(), ..Demonstrated::default() };
                }
                let config = Config { warm_start: Some(warm_start), prioritized, ..Config::default() };
                Dqn::new(Graph::cliff().spec(), config, one_env(200), Streams::new(3)).unwrap()
            };
            let (mut whole, mut envs) = (new(true), Graph::cliff().batch(1, 3));
            whole.learn(&mut envs, 200).unwrap();
            let (mut first, mut envs) = (new(true), Graph::cliff().batch(1, 3));
            first.learn(&mut envs, 90).unwrap();
            let mut second = new(true);
            second.load(&first.save().unwrap()).unwrap();
            second.learn(&mut envs, 110).unwrap();
            assert_eq!(second.save().unwrap(), whole.save().unwrap(), "{method}");
            // Without the demonstrations the agent loads its checkpoint and acts, but does not learn.
            let mut without = new(false);
            without.load(&whole.save().unwrap()).unwrap();
            assert_eq!(greedy_return(&without, Graph::cliff()), greedy_return(&whole, Graph::cliff()));
            assert!(without.learn(&mut envs, 10).unwrap_err().to_string().contains("not loaded"));
        }
    }
}
