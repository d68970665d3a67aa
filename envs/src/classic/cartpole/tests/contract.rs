//! What the program asks of a world: bounds, settings, reference and baseline.

use freewheel_core::evaluate::{Protocol, evaluate};
use freewheel_core::{
    Certainty, Env, NoPolicyLoader, ObservationSpace, PolicyClass, Score, ScriptedPolicy, SolveQuery,
    Streams, World, WorldFamily,
};

use super::super::super::Classics;
use super::{Cartpole, cartpole, dice};

#[test]
fn the_outside_is_gymnasiums() {
    let world = cartpole("");
    let spec = Env::spec(&world);
    let ObservationSpace::Box { low, high, .. } = &spec.observation else { panic!("a box") };
    assert_eq!(high[..], [4.8, f32::INFINITY, 0.418_879_03, f32::INFINITY]);
    assert!(low.iter().zip(high).all(|(low, high)| *low == -*high));
    assert_eq!(spec.actions.names(), ["left", "right"]);
    assert_eq!((spec.time_limit, spec.gamma, spec.score), (Some(500), 0.99, Score::Measure(0)));
}

/// The reference is what its own policy does, seeing observations, and what the script does, seeing states.
#[test]
fn the_reference_is_played() {
    for settings in ["", "integrator = \"semi-implicit\"\ntime_limit = 2000", "sutton_barto_reward = true"] {
        let world = cartpole(settings).shared();
        let best = world.solve(&SolveQuery::for_spec(world.spec())).unwrap();
        assert_eq!(best.certainty, Certainty::Exact);
        let protocol =
            Protocol { episodes: 200, num_envs: 200, max_steps: u32::MAX, streams: Streams::new(0) };
        let policy = best.policy.unwrap();
        for policy in [&*policy, &ScriptedPolicy(0)] {
            for episode in evaluate(&*world, policy, &protocol).unwrap() {
                assert_eq!(episode.score, best.value);
            }
        }
    }
}

#[test]
fn answers_are_those_of_the_question() {
    let world = cartpole("");
    let ask = |horizon, policy_class| SolveQuery {
        horizon,
        policy_class,
        ..SolveQuery::for_spec(Env::spec(&world))
    };
    assert_eq!(World::solve(&world, &ask(Some(10_000), PolicyClass::Optimal)).unwrap().value, 10_000.0);
    let refused = |query| World::solve(&world, &query).err().unwrap().to_string();
    assert!(refused(ask(None, PolicyClass::Optimal)).contains("--horizon 500"));
    assert!(refused(ask(Some(500), PolicyClass::Random)).contains("the baseline"));
    // Others report 22 to 23 steps for the random player.
    let value = |horizon| World::baseline(&world, &ask(horizon, PolicyClass::Optimal)).unwrap().value;
    assert!((22.0..22.6).contains(&value(Some(500))), "{}", value(Some(500)));
    assert_eq!((value(Some(5)), value(Some(500))), (5.0, value(None)));
}

#[test]
fn scripts_and_families_have_ends() {
    let world = cartpole("");
    assert!(world.scripted(1, &world.reset(&mut dice()), &mut dice()).is_none());
    assert!(Classics.build("pendulum", &toml::Table::new(), &NoPolicyLoader).unwrap().is_none());
    assert_eq!(Classics.list()[0].id, Cartpole::ID);
}

#[test]
fn bad_settings_are_refused_with_their_mend() {
    let cases = [
        ("time_limit = 0", "classic/cartpole: time_limit is 0; choose a number from 1 to 1000000"),
        ("gamma = 1.5", "gamma is 1.5; choose a number from 0 to 1"),
        ("gamma = nan", "gamma is NaN"),
        ("integrator = \"rk4\"", "unknown variant `rk4`"),
        ("time_limt = 9", "did you mean `time_limit`?"),
    ];
    for (settings, expected) in cases {
        match Classics.build("cartpole", &settings.parse().unwrap(), &NoPolicyLoader) {
            Ok(_) => panic!("{settings} is fine"),
            Err(error) => assert!(error.to_string().contains(expected), "{error}"),
        }
    }
}
