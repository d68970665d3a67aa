//! Exported policies beside Freewheel's own: ONNX Runtime, and NumPy with the safetensors file, choose the same actions
//! on 10,000 observations, with logits, action values and continuous actions within 1e-5.
//!
//! Requires the Python environment of `tests/peers/setup`, or `FREEWHEEL_PYTHON` naming a Python with onnxruntime and
//! onnx. Without it the test is skipped with a note, or fails if `FREEWHEEL_REFEREES=required`.

use std::path::Path;
use std::process::Command;

use freewheel::Trainer;
use freewheel::export::{onnx, safetensors};
use freewheel::toml::Table;
use freewheel_core::{ActionBuffer, ActionSpace, ObservationSpace, Policy, PolicyMode, Purpose, Streams};
use freewheel_tests::{Program, python};
use serde_json::{Value, json};

const PROGRAM: Program = Program(env!("CARGO_BIN_EXE_freewheel-program"));
/// Environments and steps of the observations: 10,000 of them.
const SIZE: [usize; 2] = [50, 200];

/// A policy to export.
struct Case {
    name: &'static str,
    world: &'static str,
    agent: &'static str,
    /// Settings of the agent, TOML.
    settings: String,
    world_settings: &'static str,
    steps: u64,
}

fn case(name: &'static str, [world, agent]: [&'static str; 2], settings: &str, steps: u64) -> Case {
    Case { name, world, agent, settings: settings.into(), world_settings: "", steps }
}

/// All kinds of policies: tables, networks of every layer, distributions, masks, memories, estimators.
fn cases(demos: &Path) -> Vec<Case> {
    let small = "learning_starts = 100\nbatch_size = 32\nhidden_sizes = [32, 16]\n";
    let of_demos = |more: &str| format!("demos = {:?}\n{more}", demos.join("cliff"));
    let driven = |more: &str| format!("demos = {:?}\n{more}", demos.join("pendulum"));
    let mlp = "estimator = \"mlp\"\nsettings = { hidden_sizes = [16], num_epochs = 20 }";
    let go = |name, agent, settings: &str| Case {
        world_settings: "opponent = \"random\"\n",
        ..case(name, ["go/5x5", agent], settings, 400)
    };
    vec![
        case("table of indices", ["grid/taxi", "q-learning"], "", 20_000),
        case("table of a grid", ["classic/cartpole", "sarsa"], "bins = 6", 20_000),
        case("table of visited cells", ["classic/cartpole", "q-learning"], "bins = 100", 20_000),
        case("double tables", ["grid/cliff", "double-q"], "", 5_000),
        case("stacked indices", ["grid/cliff", "q-learning"], "frame_stack = 2", 5_000),
        case("stacked numbers", ["classic/cartpole", "dqn"], &format!("{small}frame_stack = 3"), 2_000),
        case("one-hot", ["grid/frozenlake-8x8", "dqn"], small, 2_000),
        case("one-hot without layers", ["grid/cliff", "ppo"], "hidden_sizes = []", 3_000),
        case("dueling", ["classic/cartpole", "dqn"], &format!("{small}dueling = true"), 2_000),
        case(
            "noisy quantiles",
            ["classic/cartpole", "dqn"],
            &format!("{small}dueling = true\nnoisy = true\nquantiles = 5\nnormalize_rewards = true"),
            2_000,
        ),
        case(
            "layer normalization",
            ["classic/acrobot", "dqn"],
            &format!("{small}layer_norm = true\nactivation = \"sigmoid\"\nnormalize_observations = true"),
            2_000,
        ),
        case(
            "ppo",
            ["classic/cartpole", "ppo"],
            "normalize_observations = true\nactivation = \"tanh\"",
            8_000,
        ),
        case("a2c", ["classic/mountain-car", "a2c"], "shared_network = true", 3_000),
        case("reinforce", ["grid/cliff", "reinforce"], "", 3_000),
        case("squashed", ["classic/pendulum", "ppo"], "squash_output = true", 4_000),
        case("clipped", ["classic/pendulum", "ppo"], "squash_output = false\nlog_std = 0.5", 4_000),
        case("sac", ["classic/pendulum", "sac"], small, 1_000),
        case("td3", ["classic/pendulum", "td3"], &format!("{small}normalize_observations = true"), 1_000),
        case(
            "recurrent",
            ["classic/cartpole", "recurrent-ppo"],
            "gru_units = 16\nhidden_sizes = [16]",
            4_000,
        ),
        case(
            "recurrent without layers",
            ["classic/pendulum", "recurrent-ppo"],
            "gru_units = 8\nhidden_sizes = []\nnormalize_observations = true",
            4_000,
        ),
        case(
            "recurrent action values",
            ["classic/cartpole", "recurrent-dqn"],
            "gru_units = 8\nhidden_sizes = [16]\nlearning_starts = 200\nnormalize_observations = true",
            1_000,
        ),
        case("recurrent of an index", ["grid/cliff", "recurrent-ppo"], "gru_units = 8", 4_000),
        go("planes", "ppo", "channels = 8\nblocks = 2\nhidden_sizes = [16]"),
        go("planes of action values", "dqn", &format!("{small}channels = 6\nblocks = 1\ndueling = true")),
        go("planes as numbers", "ppo", "hidden_sizes = [16]"),
        case("self-imitation", ["grid/frozenlake-4x4", "self-imitation"], "", 2_000),
        case("iql", ["grid/cliff", "iql"], &of_demos("gradient_steps = 100"), 500),
        case("cloned by softmax", ["grid/cliff", "bc"], &of_demos("estimator = \"softmax\""), 500),
        case("cloned by mlp", ["grid/cliff", "bc"], &of_demos(mlp), 500),
        case("cloned actions by ridge", ["classic/pendulum", "bc"], &driven("estimator = \"ridge\""), 500),
        case("cloned actions by mlp", ["classic/pendulum", "bc"], &driven(mlp), 500),
    ]
}

/// Trains the policy of `case` and writes its files and Freewheel's answers into `folder`.
fn write(case: &Case, folder: &Path) {
    let table: Table = case.settings.parse().unwrap();
    let world: Table = case.world_settings.parse().unwrap();
    let mut builder = Trainer::builder(case.world, case.agent).no_preset().seed(3).total_steps(case.steps);
    for (key, value) in table {
        builder = builder.set(&key, value);
    }
    for (key, value) in world {
        builder = builder.world_setting(&key, value);
    }
    let mut trainer = builder.build().unwrap_or_else(|e| panic!("{}: {e}", case.name));
    trainer.learn(case.steps, |_| {}).unwrap();
    let (greedy, exploring) =
        (trainer.policy(PolicyMode::Greedy).unwrap(), trainer.policy(PolicyMode::Exploring).unwrap());
    let spec = trainer.spec().clone();
    let graph = greedy.graph(&spec).unwrap_or_else(|e| panic!("{}: {e}", case.name));
    let metadata = [("world".to_owned(), case.world.to_owned()), ("agent".to_owned(), case.agent.to_owned())];
    std::fs::write(folder.join("policy.onnx"), onnx::to_bytes(&graph, &metadata)).unwrap();
    std::fs::write(folder.join("policy.safetensors"), safetensors::to_bytes(&graph, &metadata).unwrap())
        .unwrap();

    let streams = Streams::new(11);
    let [n, steps] = SIZE;
    let mut envs = trainer.world().vector_env(n, streams, Purpose::EvaluationEnvironment, 0);
    let mut rngs: Vec<_> = (0..n as u64).map(|i| streams.stream(Purpose::EvaluationAction, i, 0)).collect();
    let memory_len = greedy.memory_len();
    let (mut memory, mut own) = (vec![0.0; n * memory_len], vec![0.0; n * memory_len]);
    let (mut actions, mut taken) = (ActionBuffer::for_spec(&spec, n), ActionBuffer::for_spec(&spec, n));
    let (mut observations, mut masks, mut starts) = (Vec::new(), Vec::new(), Vec::new());
    let (mut chosen, mut values) = (Vec::new(), Vec::new());
    let mut begins = vec![true; n];
    for _ in 0..steps {
        let view = envs.view();
        for (i, begins) in begins.iter().enumerate().filter(|(_, begins)| **begins) {
            assert!(begins);
            memory[i * memory_len..(i + 1) * memory_len].fill(0.0);
            own[i * memory_len..(i + 1) * memory_len].fill(0.0);
        }
        observations.extend(view.obs.iter().flat_map(|x| x.to_le_bytes()));
        masks.extend(view.legal.iter().map(|legal| u8::from(*legal)));
        starts.extend(begins.iter().map(|begins| u8::from(*begins)));
        add_values(&*greedy, view.obs, view.legal, &memory, n, &mut values);
        greedy.act_with_memory(view.obs, view.legal, &mut memory, &mut rngs, &mut actions);
        match &actions {
            ActionBuffer::Discrete(all) => chosen.extend(all.iter().flat_map(|a| a.to_le_bytes())),
            ActionBuffer::Continuous(all) => chosen.extend(all.iter().flat_map(|x| x.to_le_bytes())),
        }
        // Steps of the exploring policy reach more states.
        exploring.act_with_memory(view.obs, view.legal, &mut own, &mut rngs, &mut taken);
        envs.step(taken.as_actions()).unwrap();
        begins = envs.view().ending.iter().map(|ending| ending.is_over()).collect();
    }
    let discrete = matches!(spec.actions, ActionSpace::Discrete { .. });
    let memory_len = graph.inputs.iter().find(|port| port.name == "memory").map_or(0, |port| port.shape[0]);
    let (index, shape) = match &spec.observation {
        ObservationSpace::Discrete { .. } => (true, Vec::new()),
        ObservationSpace::Box { shape, .. } => (false, shape.clone()),
    };
    let described = json!({
        "steps": steps, "envs": n, "discrete": discrete, "masked": spec.masked, "memory": memory_len,
        "index": index, "shape": shape,
    });
    std::fs::write(folder.join("case.json"), described.to_string()).unwrap();
    let files = [("observations", observations), ("masks", masks), ("starts", starts), ("actions", chosen)];
    for (name, bytes) in files.into_iter().chain([("values", values)]) {
        std::fs::write(folder.join(name).with_extension("bin"), bytes).unwrap();
    }
}

/// Appends action values or probabilities of the policy for each observation; NaN for a state that a table does not
/// know.
fn add_values(policy: &dyn Policy, obs: &[f32], legal: &[bool], memory: &[f32], n: usize, out: &mut Vec<u8>) {
    let (d, a, m) = (obs.len() / n, legal.len() / n, memory.len() / n);
    for i in 0..n {
        let (obs, legal) = (&obs[i * d..(i + 1) * d], &legal[i * a..(i + 1) * a]);
        let mut values = vec![f32::NAN; a];
        match m {
            0 => {
                policy.action_values(obs, legal, &mut values);
            }
            _ => {
                if let Some(insight) = policy.insight(obs, legal, &memory[i * m..(i + 1) * m]) {
                    let found = insight.per_action.iter();
                    values.iter_mut().zip(found).for_each(|(value, &found)| *value = found);
                }
            }
        }
        out.extend(values.iter().flat_map(|x| x.to_le_bytes()));
    }
}

fn answers(python: &Path, folder: &Path) -> Value {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/onnx_policies.py");
    let output = Command::new(python).arg(script).arg(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Stores of demonstrations with discrete and with continuous actions.
fn record(folder: &Path) {
    let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    PROGRAM.text(&[
        "demos",
        "record",
        "grid/cliff",
        "--from",
        "reference",
        "--noise",
        "0.2",
        "--episodes",
        "20",
        "--to",
        &at("cliff"),
    ]);
    PROGRAM.text(&[
        "demos",
        "record",
        "classic/pendulum",
        "--from",
        "reference",
        "--episodes",
        "3",
        "--to",
        &at("pendulum"),
    ]);
}

#[test]
fn other_runtimes_choose_the_same_actions() {
    let Some(python) = python("onnxruntime, onnx", "onnxruntime and onnx") else { return };
    let folder = tempfile::tempdir().unwrap();
    let (demos, all) = (folder.path().join("demos"), folder.path().join("cases"));
    std::fs::create_dir_all(&demos).unwrap();
    record(&demos);
    let cases = cases(&demos);
    for case in &cases {
        let own = all.join(case.name);
        std::fs::create_dir_all(&own).unwrap();
        write(case, &own);
    }
    let found = answers(&python, &all);
    let mut faults = Vec::new();
    for case in &cases {
        let found = &found[case.name];
        assert_eq!(found["rows"], SIZE[0] * SIZE[1], "{}", case.name);
        assert_eq!(
            (&found["metadata"]["world"], &found["same_metadata"]),
            (&json!(case.world), &json!(true))
        );
        for runtime in ["onnxruntime", "numpy"] {
            let one = &found[runtime];
            let (wrong, difference) = (one["wrong"].as_u64().unwrap(), one["difference"].as_f64().unwrap());
            println!("{}, {runtime}: {wrong} other actions, difference {difference:.1e}: {one}", case.name);
            if wrong > 0 || difference.is_nan() || difference >= 1e-5 || one["numbers"].as_u64() == Some(0) {
                faults.push(format!("{}, {runtime}: {one}", case.name));
            }
        }
        for optional in ["mask_is_optional", "memory_is_optional"] {
            if found.get(optional).is_some_and(|is| *is != true) {
                faults.push(format!("{}: not {optional}", case.name));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}
