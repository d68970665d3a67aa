//! The library: the program of `docs/library.md`, and saved trainers that continue with the same bytes.

use freewheel::prelude::*;

#[test]
fn ppo_learns_cartpole_in_five_lines() {
    let mut ppo = Ppo::on("classic/cartpole").num_envs(16).seed(0).build().unwrap();
    let mut reports = 0;
    ppo.learn(200_000, |progress| reports += usize::from(progress.mean_return >= 1.0)).unwrap();
    let score = ppo.evaluate(100).unwrap();
    assert!(score.mean >= 475.0, "{score}");
    assert!((90..=110).contains(&reports), "{reports}");
    // The pole falls to the right: push right.
    assert_eq!(ppo.predict(&[0.0, 0.0, 0.1, 0.5]).unwrap().discrete(), Some(1));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cartpole.fw");
    ppo.save(&file).unwrap();
    assert_eq!(Trainer::load(&file).unwrap().evaluate(100).unwrap(), score);
}

/// Training that is cut into calls, saved and loaded in between gives the same bytes as one call.
#[test]
fn a_saved_trainer_goes_on_in_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    for agent in ["q-learning", "dqn", "ppo"] {
        let build = || {
            let builder = Trainer::builder("grid/frozenlake-4x4", agent).num_envs(3).seed(7);
            builder.total_steps(2000).set("frame_stack", 2).build().unwrap()
        };
        let mut whole = build();
        whole.learn(1500, |_| {}).unwrap();
        whole.learn(500, |_| {}).unwrap();
        whole.save(file("whole")).unwrap();
        let mut cut = build();
        cut.learn(1500, |_| {}).unwrap();
        cut.save(file("cut")).unwrap();
        let mut cut = Trainer::load(file("cut")).unwrap();
        cut.learn(500, |_| {}).unwrap();
        assert_eq!(cut.step(), whole.step());
        cut.save(file("again")).unwrap();
        assert!(std::fs::read(file("whole")).unwrap() == std::fs::read(file("again")).unwrap(), "{agent}");
    }
}

#[test]
fn errors_name_the_mend() {
    let error = |builder: TrainerBuilder| builder.build().err().unwrap().to_string();
    assert!(error(Ppo::on("classic/cartpol")).contains("did you mean `classic/cartpole`"));
    assert!(error(Ppo::on("classic/cartpole").num_envs(0)).contains("`num_envs` must be at least 1"));
    assert!(error(Ppo::on("classic/cartpole").set("lr", 0.1)).contains("its name here is `learning_rate`"));
    assert!(error(Ppo::on("classic/cartpole").set("gamma", 2.0)).contains("gamma = 2 is out of range"));
    assert!(error(QLearning::on("grid/cliff").set("learning_rate", "much")).contains("learning_rate"));
    let agent = QLearning::on("grid/cliff").build().unwrap();
    assert!(agent.predict(&[0.0, 1.0]).unwrap_err().to_string().contains("an observation of 2"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("agent.fw");
    agent.save(&file).unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    assert!(matches!(Trainer::load(&file), Err(Error::Damaged { .. })));
}

/// Every alternative name of a setting leads to a setting that some agent, estimator or experiment has.
#[test]
fn old_names_are_refused_with_ours() {
    let error = Trainer::builder("grid/cliff", "q-learning").set("alpha", 0.5).build().err().unwrap();
    assert_eq!(
        error.to_string(),
        "agent q-learning: unknown setting `alpha`; its name here is `learning_rate`"
    );
    for (agent, old, ours) in [
        ("ppo", "horizon", "num_steps"),
        ("ppo", "n_steps", "num_steps"),
        ("ppo", "batch_size", "minibatch_size"),
        ("ppo", "clip_coef", "clip_range"),
        ("ppo", "net_arch", "hidden_sizes"),
        ("dqn", "alpha", "prioritized_alpha"),
        ("dqn", "target_network_frequency", "target_update_interval"),
        ("a2c", "history", "frame_stack"),
    ] {
        let error = Trainer::builder("grid/cliff", agent).set(old, 1).build().err().unwrap().to_string();
        assert!(error.ends_with(&format!("unknown setting `{old}`; its name here is `{ours}`")), "{error}");
    }
}
