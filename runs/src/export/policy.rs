//! Greedy policy of a run for an export: its graph, a description, and the time of an action.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use freewheel_core::{
    ActionBuffer, ActionSpace, Error, Graph, ObservationSpace, Policy, PolicyMode, Purpose, Result, Spec,
    Streams,
};
use serde_json::{Value, json};

use super::{PolicyFormat, onnx, safetensors};
use crate::job::Job;
use crate::observation::ObservationConfig;
use crate::{Registry, output};

/// Greedy policy of the newest checkpoint of a run.
pub(crate) struct RunPolicy {
    /// Environment steps of training before the checkpoint.
    pub(crate) step: u64,
    pub(crate) graph: Graph,
    /// Description: pairs of key and text.
    pub(crate) metadata: Vec<(String, String)>,
    pub(crate) policy: Arc<dyn Policy>,
}

/// Number of observations on which the time of an action is measured.
const OBSERVATIONS: usize = 64;
/// Number of rounds of a measurement, of which the median counts.
const ROUNDS: usize = 9;
/// Duration of a round.
const ROUND: Duration = Duration::from_millis(5);

impl RunPolicy {
    /// Policy of `job`, whose run is in `directory`; `None` for a run without a checkpoint.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a policy that cannot be exported.
    pub(crate) fn of_run(registry: &Registry, directory: &Path, job: &Job) -> Result<Option<Self>> {
        let named = |e: Error| match e {
            Error::Unsupported(why) => Error::Unsupported(format!("{}: {why}", directory.display())),
            other => other,
        };
        let Some((step, agent)) = job.trained(registry, directory, &output::note)? else { return Ok(None) };
        let policy: Arc<dyn Policy> = Arc::from(agent.policy(PolicyMode::Greedy));
        let graph = graph_of(job, &*policy).map_err(named)?;
        Ok(Some(RunPolicy { step, graph, metadata: metadata(job, step)?, policy }))
    }

    /// Bytes of a file in this format.
    ///
    /// # Errors
    /// Errors of the format.
    pub(crate) fn to_bytes(&self, format: PolicyFormat) -> Result<Vec<u8>> {
        match format {
            PolicyFormat::Onnx => Ok(onnx::to_bytes(&self.graph, &self.metadata)),
            PolicyFormat::Safetensors => safetensors::to_bytes(&self.graph, &self.metadata),
        }
    }
}

/// Median time of one action of `policy` for one observation of the world of `job`, in microseconds, on this machine.
///
/// # Errors
/// Errors of the world's steps.
pub(crate) fn microseconds(job: &Job, policy: &dyn Policy) -> Result<f64> {
    let (spec, streams) = (job.world.spec(), Streams::new(job.config.seed));
    let mut env = job.world.vector_env(1, streams, Purpose::EvaluationEnvironment, 0);
    let mut rngs = [streams.stream(Purpose::EvaluationAction, 0, 0)];
    let mut actions = ActionBuffer::for_spec(spec, 1);
    let mut memory = vec![0.0; policy.memory_len()];
    let mut seen: Vec<(Vec<f32>, Vec<bool>)> = Vec::new();
    let count = if job.world.is_slow() { 1 } else { OBSERVATIONS };
    for i in 0..count {
        if i > 0 {
            env.step(actions.as_actions())?;
        }
        let view = env.view();
        seen.push((view.obs.to_vec(), view.legal.to_vec()));
        policy.act_with_memory(view.obs, view.legal, &mut memory, &mut rngs, &mut actions);
    }
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let (begin, mut made) = (Instant::now(), 0u32);
        while begin.elapsed() < ROUND {
            for (obs, legal) in &seen {
                policy.act_with_memory(obs, legal, &mut memory, &mut rngs, &mut actions);
                std::hint::black_box(&actions);
                made += 1;
            }
        }
        rounds.push(begin.elapsed().as_secs_f64() * 1e6 / f64::from(made));
    }
    rounds.sort_by(f64::total_cmp);
    Ok(rounds[ROUNDS / 2])
}

/// Graph of the greedy `policy` of `job`.
///
/// # Errors
/// [`Error::Unsupported`] for a policy that cannot be exported.
pub(crate) fn graph_of(job: &Job, policy: &dyn Policy) -> Result<Graph> {
    if let Some(encoder) = ObservationConfig::of(&job.config.agent_settings)?.encoder {
        return Err(Error::Unsupported(format!(
            "this policy reads observations of the encoder {}, which is not exported; train one without",
            encoder.estimator
        )));
    }
    policy.graph(job.world.spec())
}

/// Description of the policy of `job` after `step` steps.
fn metadata(job: &Job, step: u64) -> Result<Vec<(String, String)>> {
    let (config, spec) = (&job.config, job.world.spec());
    let ObservationConfig { frame_stack, .. } = ObservationConfig::of(&config.agent_settings)?;
    let mut all = vec![
        ("freewheel_version", env!("CARGO_PKG_VERSION").to_owned()),
        ("world", config.world.clone()),
        ("world_version", config.world_version.to_string()),
        ("agent", config.agent.clone()),
        ("seed", config.seed.to_string()),
        ("step", step.to_string()),
        ("observation", observation(spec).to_string()),
        ("actions", json!(spec.actions.names()).to_string()),
        ("frame_stack", frame_stack.to_string()),
        ("opset", onnx::OPSET.to_string()),
    ];
    if let ActionSpace::Continuous { low, high, .. } = &spec.actions {
        all.push(("action_low", json!(low).to_string()));
        all.push(("action_high", json!(high).to_string()));
    }
    Ok(all.into_iter().map(|(key, text)| (key.to_owned(), text)).collect())
}

/// Space of the observations as JSON, without bounds.
fn observation(spec: &Spec) -> Value {
    match &spec.observation {
        ObservationSpace::Discrete { n } => json!({ "kind": "discrete", "n": n }),
        ObservationSpace::Box { shape, .. } => json!({ "kind": "box", "shape": shape }),
    }
}
