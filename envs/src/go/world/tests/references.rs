//! Reference values against published ones.

use freewheel_core::{Certainty, Env, PolicyClass, SolveQuery, World};

use super::{two_player, versus_opponent};

fn default_query<W: World>(world: &W) -> SolveQuery {
    SolveQuery::for_spec(world.spec())
}

/// Black wins 2x2 by 1 under positional superko and 3x3 by 9 (Tromp; van der Werf & Winands 2009): komi decides the
/// winner.
#[test]
fn komi_decides_solved_boards() {
    for (size, komi, value) in
        [(2, "0.5", 1.0), (2, "1", 0.5), (2, "1.5", 0.0), (3, "8.5", 1.0), (3, "9", 0.5)]
    {
        let world = two_player(size, &format!("opponent = 'self'\nruleset = 'chinese'\nkomi = {komi}"));
        let solution = world.solve(&default_query(&world)).unwrap();
        assert_eq!(
            (solution.value, solution.certainty),
            (value, Certainty::Exact),
            "{size}x{size} komi {komi}"
        );
    }
    // Black wins all of 5x5: published, not solved here.
    for (size, komi, value) in
        [(4, "2", Some(0.5)), (5, "24.5", Some(1.0)), (5, "25.5", Some(0.0)), (6, "0.5", None)]
    {
        let world = two_player(size, &format!("opponent = 'self'\nkomi = {komi}"));
        let solution = world.solve(&default_query(&world)).ok();
        let known = solution.map(|solution| (solution.value, solution.certainty));
        assert_eq!(known, value.map(|value| (value, Certainty::BestKnown)), "{size}x{size} komi {komi}");
    }
    let simple = two_player(5, "opponent = 'self'\nko = 'simple'");
    assert!(simple.solve(&default_query(&simple)).is_err());
}

/// With simple ko Black wins 4x4 by 1 to 16 points: that decides the winner at the default komi, not at the published
/// value.
#[test]
fn bounds_that_decide_are_an_answer() {
    let world = two_player(4, "opponent = 'self'\nruleset = 'chinese'\nko = 'simple'");
    let solution = world.solve(&default_query(&world)).unwrap();
    assert_eq!((solution.value, solution.certainty), (1.0, Certainty::Exact));
    // With suicide any position may be repeated.
    let world = two_player(4, "opponent = 'self'\nko = 'simple'");
    assert!(world.solve(&default_query(&world)).is_err());
}

/// Perfect play gets at least its value against any opponent.
#[test]
fn perfect_play_is_a_lower_bound() {
    let of = |color: &str| {
        let world = versus_opponent(2, &format!("ruleset = 'chinese'\ncolor = '{color}'"));
        world
            .solve(&default_query(&world))
            .map(|solution| (solution.value, solution.certainty, solution.upper))
    };
    assert_eq!(of("black").unwrap(), (1.0, Certainty::Exact, Some(1.0)));
    assert_eq!(of("alternate").unwrap(), (0.5, Certainty::Bracket, Some(1.0)));
    assert!(of("white").is_err());
    let world = versus_opponent(2, "");
    assert!(world.solve(&SolveQuery { policy_class: PolicyClass::Random, ..default_query(&world) }).is_err());
}

/// On 9x9 the reference is the strongest rated player, against rated opponents.
#[test]
fn rated_players_give_a_best_known_value_on_9x9() {
    let best = |size, text: &str| {
        let world = versus_opponent(size, text);
        world.solve(&default_query(&world))
    };
    let random = best(9, "").unwrap();
    assert_eq!((random.certainty, random.upper), (Certainty::BestKnown, Some(1.0)));
    assert!(random.value > 0.999 && random.value < 1.0);
    assert!(
        best(9, "opponent = 'uct:1000,strong'").unwrap().value
            < best(9, "opponent = 'uct:1000'").unwrap().value
    );
    let script = random.policy.unwrap().script().unwrap();
    assert_eq!(versus_opponent(9, "").spec().scripts[script], "strong-10000");
    for (size, text) in
        [(9, "opponent = 'uct:20'"), (9, "komi = 5.5"), (9, "handicap = 2"), (9, "color = 'black'"), (13, "")]
    {
        assert!(best(size, text).is_err(), "{size} {text}");
    }
}
