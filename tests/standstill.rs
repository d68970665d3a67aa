//! How long learning stands still for a checkpoint: the figures of `docs/results/checkpoints.md`. Nothing here asserts a time.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use freewheel::Registry;
use freewheel::document::Document;
use freewheel::training::Control;
use freewheel::plan::Plan;
use freewheel::score_scale::ScoreScales;
use freewheel_agents::Kind;
use freewheel_core::checkpoint::{Checkpoint, Store, write_atomically};
use freewheel_core::settings::NoSettings;
use freewheel_core::{Agent, MetricSink, PolicyMode, Policy, Result, ScriptedPolicy, VectorEnv};

/// Bytes of the learner, as of a replay memory.
const BYTES: usize = 500 << 20;
/// Checkpoints that are timed.
const SAVES: u64 = 4;

/// Does nothing but be heavy, and looks at the clock whenever it is called: `[called, done]`, seconds since it was built.
struct Heavy {
    replay: Vec<u8>,
    begin: Instant,
    calls: Arc<Mutex<Vec<[Duration; 2]>>>,
}

impl Agent for Heavy {
    fn learn(&mut self, episodes: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        let called = self.begin.elapsed();
        // Learning takes its time, here two milliseconds a step, in which a core is at work.
        let until = Instant::now() + Duration::from_millis(2 * steps);
        while Instant::now() < until {
            std::hint::spin_loop();
        }
        std::hint::black_box(episodes.view());
        self.calls.lock().unwrap().push([called, self.begin.elapsed()]);
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
fn how_long_learning_stands_still() {
    let folder = tempfile::tempdir_in(".").unwrap();
    // In the foreground, from a copy to the renamed file: what it would be if learning waited for all of it.
    let heavy = || (0..BYTES).map(|i| (i * i) as u8).collect::<Vec<u8>>();
    let replay = heavy();
    let store = Store::new(folder.path().join("foreground"), 1);
    let foreground = |step: u64| {
        let begin = Instant::now();
        let mut checkpoint = Checkpoint::new();
        checkpoint.insert("learner", replay.clone());
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
    let agent = Kind::new("heavy", "", move |_, _: NoSettings, _, _| {
        Ok(Box::new(Heavy { replay: heavy(), begin: Instant::now(), calls: Arc::clone(&seen) }))
    });
    let registry = Registry::standard().agent(agent);
    // A checkpoint every 5000 steps, ten seconds of learning.
    let mut doc = Document::one_run("grid/cliff", "heavy", 5000 * SAVES, "0");
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
    let control = Control { stop: &stop, progress: &|_| {}, note: &|_| {}, score_scales: &score_scales };
    jobs[0].prepare(folder.path()).unwrap();
    jobs[0].run(&registry, folder.path(), &control).unwrap();
    // The time between two calls is that of a checkpoint where it is more than a slice's own.
    let calls = calls.lock().unwrap();
    let mut gaps: Vec<Duration> = calls.windows(2).map(|pair| pair[1][0] - pair[0][1]).collect();
    gaps.sort();
    let gaps = gaps.split_off(gaps.len() - (SAVES as usize - 1));
    println!("{} MiB, medians of {SAVES}", BYTES >> 20);
    println!("file written and synced, nothing else:  {plain:.3} s");
    println!("a save in the foreground:               {foreground:.3} s");
    println!(
        "learning stands still in the background: {:.3} s, at most {:.3} s",
        median(gaps.clone()),
        gaps[gaps.len() - 1].as_secs_f64()
    );
}
