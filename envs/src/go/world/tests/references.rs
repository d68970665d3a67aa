//! What is the best, against values worked out elsewhere.

use freewheel_core::{Certainty, Env, Question, Who, World};

use super::{against, duel};

fn as_played<W: World>(world: &W) -> Question {
    Question::as_played(world.spec())
}

/// Black wins 2x2 by 1 under positional superko and 3x3 by 9 (Tromp; van der Werf & Winands 2009): komi decides who wins.
#[test]
fn komi_decides_solved_boards() {
    for (size, komi, value) in
        [(2, "0.5", 1.0), (2, "1", 0.5), (2, "1.5", 0.0), (3, "8.5", 1.0), (3, "9", 0.5)]
    {
        let world = duel(size, &format!("opponent = 'self'\nkomi = {komi}"));
        let solution = world.solve(&as_played(&world)).unwrap();
        assert_eq!(
            (solution.value, solution.certainty),
            (value, Certainty::Exact),
            "{size}x{size} komi {komi}"
        );
    }
    let world = duel(5, "opponent = 'self'");
    assert!(world.solve(&as_played(&world)).is_err());
}

/// The random player's exact value is what it gets when it is played out: a thousand games, five standard deviations.
#[test]
fn the_process_is_the_game() {
    let world = against(2, "ko = 'simple'");
    let question = as_played(&world);
    let exact = world.solve(&Question { who: Who::Random, ..question }).unwrap().value;
    let played = world.baseline(&question).unwrap().value;
    assert!((exact - played).abs() < 5.0 * (exact * (1.0 - exact) / 1000.0).sqrt(), "{exact} {played}");
    let best = world.solve(&question).unwrap();
    assert_eq!(best.certainty, Certainty::Exact);
    assert!(best.value > exact && best.value <= 1.0, "{}", best.value);
    // Under superko the past matters.
    assert!(against(2, "").solve(&question).is_err());
    assert!(against(2, "ko = 'simple'\nopponent = 'greedy'").solve(&question).is_err());
}
