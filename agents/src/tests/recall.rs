//! A world that needs a memory.

use std::sync::Arc;

use freewheel_core::{
    ActionBuffer, Batch, Env, ObservationSpace, Policy, Purpose, Spec, Step, Stream, Streams, VectorEnv,
};

/// The first observation, 1 or 2, is the action that pays in the fourth step; in between the observation is 0.
pub(crate) struct Recall(pub(crate) Spec);

impl Env for Recall {
    type State = (u32, u32);
    type Action = u32;

    fn spec(&self) -> &Spec {
        &self.0
    }

    fn reset(&self, rng: &mut Stream) -> (u32, u32) {
        (0, rng.below(2))
    }

    fn step(&self, (t, cue): &mut (u32, u32), action: u32, _: &mut Stream) -> Step {
        *t += 1;
        match *t {
            4 => Step::termination(if action == *cue { 1.0 } else { -1.0 }),
            _ => Step::transition(0.0),
        }
    }

    fn observe(&self, &(t, cue): &(u32, u32), out: &mut [f32]) {
        out[0] = if t == 0 { (1 + cue) as f32 } else { 0.0 };
    }
}

/// The world, with its observation as an index or as a number.
pub(crate) fn recall(index: bool) -> Arc<Recall> {
    let spec = Spec::discrete("test/recall", 3, &["a", "b"]);
    let vector = Spec { observation: ObservationSpace::vector(&[(0.0, 2.0)]), ..spec.clone() };
    Arc::new(Recall(if index { spec } else { vector }))
}

/// Mean return of 32 episodes.
pub(crate) fn mean_return(policy: &dyn Policy, env: &Arc<Recall>) -> f64 {
    let streams = Streams::new(9);
    let mut batch = Batch::new(Arc::clone(env), 32, streams, Purpose::EvaluationEnvironment, 0);
    let mut rngs: Vec<Stream> = (0..32).map(|i| streams.stream(Purpose::EvaluationAction, i, 0)).collect();
    let mut memory = vec![0.0; 32 * policy.memory_len()];
    let mut actions = ActionBuffer::Discrete(vec![0; 32]);
    let mut total = 0.0;
    for _ in 0..4 {
        let view = batch.view();
        policy.act_with_memory(view.obs, view.legal, &mut memory, &mut rngs, &mut actions);
        batch.step(actions.as_actions()).unwrap();
        total += batch.view().reward.iter().map(|&r| f64::from(r)).sum::<f64>();
    }
    total / 32.0
}
