//! Nothing that comes from outside makes a market panic or say what is no number.

use freewheel_core::{ActionBuffer, ActionSpace, Frame, Purpose, Streams};

use super::{WORLDS, world};

/// A saved state is read again as it was; one whose bytes are damaged is refused or plays on without a panic.
#[test]
fn states_are_data() {
    for (name, settings) in WORLDS {
        let world = world(name, settings);
        let mut batch = world.vector_env(1, Streams::new(5), Purpose::Environment, 0);
        let choice = match &world.spec().actions {
            ActionSpace::Discrete { .. } => ActionBuffer::Discrete(vec![1]),
            ActionSpace::Continuous { high, .. } => ActionBuffer::Continuous(high.clone()),
        };
        batch.step(choice.actions()).unwrap();
        let saved = batch.save().unwrap();
        batch.load(&saved).unwrap();
        assert_eq!(batch.save().unwrap(), saved, "{name}");
        let mut dice = Streams::new(5).stream(Purpose::Generation, 0, 0);
        for _ in 0..400 {
            let mut damaged = saved.clone();
            for _ in 0..1 + dice.below(2) {
                damaged[dice.below(saved.len() as u32) as usize] = dice.bits() as u8;
            }
            if batch.load(&damaged).is_ok() {
                for script in 0..world.spec().scripts.len() {
                    let mut said = choice.clone();
                    let _ = batch.scripted(script, 0, &mut dice, &mut said);
                }
                for _ in 0..3 {
                    let _ = batch.step(choice.actions());
                }
                batch.take_finished();
            }
        }
    }
}

/// At the edges of what may be set rewards are numbers all the same.
#[test]
fn extreme_settings_give_finite_rewards() {
    let extreme = [
        ("gbm", "steps_per_year = 1\nvolatility = 2\nrisk_aversion = 50\ninterest = -1\nsteps = 10000"),
        ("gbm", "steps_per_year = 1\nvolatility = 2\nrisk_aversion = 0.001\ndrift = 1\nsteps = 10000"),
        ("gbm", "risk_aversion = 0.999999999"),
        ("heston", "steps_per_year = 12\nvariance_level = 1\nvariance_shock = 2\nsteps = 10000"),
        ("regime", "size = 0.99\nsteps = 10000"),
        ("ar1", "signals = 2\npersistence = 0.999\ninnovation = 1\nnoise = 1\ncost = 1"),
    ];
    for (name, settings) in extreme {
        let world = world(name, settings);
        let mut runner = world.episode_runner(Streams::new(3), Purpose::Environment, 0);
        let last = world.spec().actions.count() as u32 - 1;
        for step in 0..5000 {
            let made = runner.step(ActionBuffer::Discrete(vec![last]).actions()).unwrap();
            assert!(made.reward.is_finite(), "{name} {settings}: {} in step {step}", made.reward);
            if made.ending.is_over() {
                runner.begin(runner.episode() + 1);
            }
        }
        runner.draw(None, &mut Frame::with_room(80, 24));
    }
}
