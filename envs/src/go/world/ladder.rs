//! What is known of boards too large to be solved: a ladder of players on 9x9, rated against GNU Go.
//!
//! A rung is a player and its Elo above GNU Go 3.8 at level 1, measured by `tests/peers/go_ladder.py` and, the top one, by
//! a match against GNU Go alone; see `docs/results/go.md`. The best known score against somebody on the ladder is what the
//! top rung is expected to win.

use crate::go::players;

/// GNU Go, as it stands on the ladder.
const GNU_GO: &str = "gtp:gnugo --level 1";

/// Elo, and the player as it is written; the best one last.
const RUNGS: [(f64, &str); 7] = [
    (-1296.0, "random"),
    (-1095.0, "greedy"),
    (-810.0, "uct:100"),
    (-468.0, "uct:1000"),
    (0.0, GNU_GO),
    (60.0, "uct:1000,strong"),
    (382.0, "uct:10000,strong"),
];

/// The player at the top, as it is written.
pub(super) const BEST: &str = RUNGS[RUNGS.len() - 1].1;

/// The side of the board and the komi that the ladder was played with; no handicap.
pub(super) const PLAYED_ON: (u8, f32) = (9, 7.5);

/// The share of games that the top rung is expected to win against `opponent`; `None` for a player who is not on the ladder.
pub(super) fn expected(opponent: &str) -> Option<f64> {
    let same = |player: &str| players::parse(player).is_ok_and(|player| player.name() == opponent);
    let (elo, _) =
        RUNGS.iter().find(|(_, player)| same(player) || (*player == GNU_GO && is_gnu_go(opponent)))?;
    Some(1.0 / (1.0 + 10f64.powf((elo - RUNGS[RUNGS.len() - 1].0) / 400.0)))
}

/// Whether `opponent` is GNU Go at level 1, whatever it is told beside.
fn is_gnu_go(opponent: &str) -> bool {
    let words: Vec<&str> = opponent.split_whitespace().collect();
    opponent.starts_with("gtp:")
        && words.first().is_some_and(|program| program.ends_with("gnugo"))
        && words.windows(2).any(|pair| pair == ["--level", "1"])
}

#[cfg(test)]
mod tests {
    use super::expected;

    #[test]
    fn those_on_the_ladder_are_found() {
        let gnu = expected("gtp:/usr/games/gnugo --mode gtp --level 1 --chinese-rules").unwrap();
        assert!((gnu - 1.0 / (1.0 + 10f64.powf(-382.0 / 400.0))).abs() < 1e-12);
        assert_eq!(expected("uct:10000,rave,patterns,priors"), Some(0.5));
        assert!(expected("random").unwrap() > 0.999 && gnu < 0.95);
        for unknown in ["gtp:gnugo --mode gtp --level 10", "gtp:pachi --level 1", "uct:200"] {
            assert_eq!(expected(unknown), None, "{unknown}");
        }
    }
}
