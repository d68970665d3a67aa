//! Pause of training for a checkpoint: the numbers of `docs/results/checkpoints.md`. Times are printed, not asserted.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use freewheel::Registry;
use freewheel::document::Document;
use freewheel::plan::Plan;
use freewheel::score_scale::ScoreScales;
use freewheel::training::Control;
use freewheel_agents::FnFactory;
use freewheel_core::checkpoint::{Checkpoint, Store, write_atomically};
use freewheel_core::settings::NoSettings;
use freewheel_core::{Agent, MetricSink, Policy, PolicyMode, Result, ScriptedPolicy, VectorEnv};

/// Size of the agent's state in bytes, as with a replay buffer.
const BYTES: usize = 500 << 20;
/// Number of timed checkpoints.
const SAVES: u64 = 4;

/// Agent with a large state that logs the start and end of each call of `learn`, as times since its creation.
struct LargeAgent {
    replay: Vec<u8>,
    created: Instant,
    calls: Arc<Mutex<Vec<[Duration; 2]>>>,
}

impl Agent for LargeAgent {
    fn learn(&mut self, env: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        let called = self.created.elapsed();
        // Training keeps a core busy for two milliseconds per step.
        let until = Instant::now() + Duration::from_millis(2 * steps);
        while Instant::now() < until {
            std::hint::spin_loop();
        }
        std::hint::black_box(env.view());
        self.calls.lock().unwrap().push([called, self.created.elapsed()]);
        Ok(())
    }

    fn policy(&self, _: PolicyMode) -> Box<dyn Policy> {
        Box::new(ScriptedPolicy(0))
    }

    fn report(&mut self, _: &mut dyn MetricSink) {}

    fn save(&self) -> Result<Vec<u8>> {
        Ok(self.replay.clone())
    }

    fn load(&mut self, _: &[u8]) -> Result<()> {
        Ok(())
    }
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64()
}

#[test]
#[ignore = "a measurement of minutes and of 1.5 GB of memory: run it alone, with --nocapture"]
fn pause_of_training() {
    let folder = tempfile::tempdir_in(".").unwrap();
    // In the foreground, from the copy of the state to the renamed file: the pause without a background thread.
    let large = || (0..BYTES).map(|i| (i * i) as u8).collect::<Vec<u8>>();
    let replay = large();
    let store = Store::new(folder.path().join("foreground"), 1);
    let foreground = |step: u64| {
        let begin = Instant::now();
        let mut checkpoint = Checkpoint::new();
        checkpoint.insert("agent", replay.clone());
        store.save(step, &checkpoint).unwrap();
        begin.elapsed()
    };
    let foreground = median((0..SAVES).map(foreground).collect());
    let plain = |step: u64| {
        let begin = Instant::now();
        write_atomically(folder.path().join("plain"), &replay[step as usize..]).unwrap();
        begin.elapsed()
    };
    let plain = median((0..SAVES).map(plain).collect());
    drop(replay);
    let calls: Arc<Mutex<Vec<[Duration; 2]>>> = Arc::default();
    let seen = Arc::clone(&calls);
    let agent = FnFactory::new("large", "", move |_, _: NoSettings, _, _| {
        Ok(Box::new(LargeAgent { replay: large(), created: Instant::now(), calls: Arc::clone(&seen) }))
    });
    let registry = Registry::standard().agent(agent);
    // A checkpoint every 5000 steps, ten seconds of training.
    let mut doc = Document::one_run("grid/cliff", "large", Some(5000 * SAVES), "0");
    for set in [
        format!("checkpoint.points={SAVES}").as_str(),
        "checkpoint.keep=1",
        "evaluation.points=0",
        "evaluation.episodes=0",
        "log.points=0",
    ] {
        doc.set(set).unwrap();
    }
    let jobs = Plan::new(&registry, &doc).unwrap().jobs;
    calls.lock().unwrap().clear();
    let (stop, score_scales) = (AtomicBool::new(false), ScoreScales::default());
    let control = Control {
        stop: &stop,
        progress: &|_| {},
        note: &|_| {},
        score_scales: &score_scales,
        resumed: &|_| {},
        requests: None,
    };
    jobs[0].prepare(folder.path()).unwrap();
    jobs[0].run(&registry, folder.path(), &control).unwrap();
    // The longest gaps between two calls are those with a checkpoint.
    let calls = calls.lock().unwrap();
    let mut gaps: Vec<Duration> = calls.windows(2).map(|pair| pair[1][0] - pair[0][1]).collect();
    gaps.sort();
    let gaps = gaps.split_off(gaps.len() - (SAVES as usize - 1));
    println!("{} MiB, medians of {SAVES}", BYTES >> 20);
    println!("write and sync of a file:             {plain:.3} s");
    println!("save in the foreground:               {foreground:.3} s");
    println!(
        "pause for a save in the background:   {:.3} s, at most {:.3} s",
        median(gaps.clone()),
        gaps[gaps.len() - 1].as_secs_f64()
    );
}
