//! What is the best, against values worked out elsewhere.

use freewheel_core::{Certainty, Question, Who, World};

use super::{against, duel};

fn as_played<W: World>(world: &W) -> Question {
    Question::as_played(world.spec())
}

/// Black wins 2x2 by 1 under positional superko and 3x3 by 9 (Tromp; van der Werf & Winands 2009): komi decides who
/// wins.
#[test]
fn komi_decides_solved_boards() {
    for (size, komi, value) in
        [(2, "0.5", 1.0), (2, "1", 0.5), (2, "1.5", 0.0), (3, "8.5", 1.0), (3, "9", 0.5)]
    {
        let world = duel(size, &format!("opponent = 'self'\nruleset = 'chinese'\nkomi = {komi}"));
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

/// Against whoever it is, perfect play is sure of what it gets against perfect play.
#[test]
fn perfect_play_is_a_lower_bound() {
    let of = |colour: &str| {
        let world = against(2, &format!("ruleset = 'chinese'\ncolour = '{colour}'"));
        world.solve(&as_played(&world)).map(|solution| (solution.value, solution.certainty, solution.upper))
    };
    assert_eq!(of("black").unwrap(), (1.0, Certainty::Exact, Some(1.0)));
    assert_eq!(of("alternate").unwrap(), (0.5, Certainty::Bracket, Some(1.0)));
    assert!(of("white").is_err());
    let world = against(2, "");
    assert!(world.solve(&Question { who: Who::Random, ..as_played(&world) }).is_err());
}
