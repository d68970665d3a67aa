//! Reference values: optimal play, the strongest rated player on 9x9, and the random baseline.

use std::sync::Arc;

use freewheel_core::{
    Baseline, Certainty, Env, Error, Policy, PolicyClass, Purpose, Result, ScriptedPolicy, Solution,
    SolveQuery, Streams,
};

use super::config;
use super::settings::AgentColor;
use super::two_player::Go;
use super::versus_opponent::GoVersusOpponent;
use crate::go::players;
use crate::go::rules::{Game, Ko, Setup};
use crate::go::solver::Solver;

/// Largest board, in points, that is solved under superko, where continuations of the game are searched.
const MAX_SEARCHED_AREA: usize = 9;

/// Largest board, in points, that is solved with simple ko, where positions are tabulated.
const MAX_TABULATED_AREA: usize = 16;

/// Published values under superko: side of the board, and Black's area minus White's, points (Tromp,
/// tromp.github.io/go.html; van der Werf & Winands, ICGA Journal 32, 2009).
const PUBLISHED_AREAS: [(u8, i16); 2] = [(4, 2), (5, 25)];

/// Seed of the random baseline.
const SEED: u64 = 0;

/// Largest number of positions that are searched, which takes some seconds.
const BUDGET: u64 = 20_000_000;

/// Solution of the two-player game: Black's win rate with perfect play of both players. The move limit is ignored.
pub(super) fn solve_two_player(world: &Go, query: &SolveQuery) -> Result<Solution> {
    let id = &world.spec().id;
    let (start, [low, high]) = (&world.config.start, black_win_bounds(id, &world.config.start, query)?);
    if low < high {
        return Err(Error::Unsupported(format!(
            "{id}: the search did not decide who wins with perfect play"
        )));
    }
    Ok(solution(low, high, start))
}

/// Solution of the game against an opponent. On a solved board: bounds from perfect play, which hold against any
/// opponent. On 9x9: the expected win rate of the strongest rated player.
pub(super) fn solve_versus_opponent(world: &GoVersusOpponent, query: &SolveQuery) -> Result<Solution> {
    let id = &world.spec().id;
    check_query(id, query)?;
    if let Some(value) = rated_win_rate(world) {
        let policy: Arc<dyn Policy> = Arc::new(ScriptedPolicy(config::STRONGEST_SCRIPT));
        let certainty = Certainty::BestKnown;
        return Ok(Solution { certainty, value, upper: Some(1.0), values: Vec::new(), policy: Some(policy) });
    }
    let [low, high] = black_win_bounds(id, &world.config.start, query)?;
    let guaranteed = match world.agent_color {
        AgentColor::Black => low,
        AgentColor::White => 1.0 - high,
        AgentColor::Alternate => (low + 1.0 - high) / 2.0,
    };
    if guaranteed == 0.0 {
        return Err(Error::Unsupported(format!(
            "{id}: perfect play guarantees no win, and no reference is known for this opponent"
        )));
    }
    Ok(solution(guaranteed, 1.0, &world.config.start))
}

/// Expected win rate of the strongest rated player with alternating colors; `None` if the opponent or the world is
/// not rated.
fn rated_win_rate(world: &GoVersusOpponent) -> Option<f64> {
    let (start, rules) = (&world.config.start, world.config.start.rules());
    let (side, komi) = RATED_BOARD;
    let played = (rules.width, rules.height, rules.komi) == (side, side, komi)
        && world.agent_color == AgentColor::Alternate
        && *start.setup() == Setup::default();
    if played { expected_win_rate(&world.opponent.name()) } else { None }
}

/// Lower and upper bound of Black's win rate with perfect play of both players.
fn black_win_bounds(id: &str, start: &Game, query: &SolveQuery) -> Result<[f64; 2]> {
    check_query(id, query)?;
    let unknown = || {
        Error::Unsupported(format!(
            "{id}: perfect play on a board of this size and with these rules is not known"
        ))
    };
    let areas = if !is_solvable(start) {
        [published(start).ok_or_else(unknown)?; 2]
    } else {
        let solved = Solver::new(start.rules(), BUDGET)?.ok_or_else(unknown)?.solve(start, BUDGET)?;
        [solved.low, solved.high].map(i16::from)
    };
    // Black's margin is the area minus komi.
    let white = start.rules().komi + start.rules().compensation_for(start.setup().handicap);
    Ok(areas.map(|area| config::win_value(f32::from(area) - white)))
}

/// Whether the board is small enough to be solved. With simple ko and suicide any position may be repeated, so that
/// bounds are useless; then only boards that take no time are solved.
fn is_solvable(start: &Game) -> bool {
    let rules = start.rules();
    let most = if rules.ko == Ko::Simple && !rules.suicide { MAX_TABULATED_AREA } else { MAX_SEARCHED_AREA };
    start.area() <= most
}

/// Published value of the empty board, points.
fn published(start: &Game) -> Option<i16> {
    let rules = start.rules();
    let applies = rules.ko != Ko::Simple && *start.setup() == Setup::default();
    let of = |side: &&(u8, i16)| applies && (rules.width, rules.height) == (side.0, side.0);
    PUBLISHED_AREAS.iter().find(of).map(|&(_, area)| area)
}

fn check_query(id: &str, query: &SolveQuery) -> Result<()> {
    if query.policy_class == PolicyClass::Optimal && query.gamma == 1.0 {
        return Ok(());
    }
    Err(Error::Unsupported(format!("{id}: only optimal play without discount is known")))
}

/// Solution with the bounds `low` and `high` and without a policy: under superko optimal moves depend on the whole
/// game.
fn solution(low: f64, high: f64, start: &Game) -> Solution {
    let certainty = match low == high {
        true if is_solvable(start) => Certainty::Exact,
        true => Certainty::BestKnown,
        false => Certainty::Bracket,
    };
    Solution { certainty, value: low, upper: Some(high), values: Vec::new(), policy: None }
}

/// Win rate of uniformly random legal actions, including the pass and moves into own eyes. In the two-player game both
/// players choose so, and the win rate is Black's. Estimated with a fixed seed from 100 to 1,000 games of about 100,000
/// moves in all. A game that reaches `limit` steps is scored as the board then stands.
pub(super) fn random_baseline<E: Env<Action = u32>>(world: &E, limit: u32) -> Baseline {
    let games = (100_000 / limit.max(1)).clamp(100, 1000);
    let streams = Streams::new(SEED);
    let mut legal = vec![true; world.spec().actions.count()];
    let mut measures = [0.0; 3];
    let mut wins = 0.0;
    for game in 0..u64::from(games) {
        let mut env_rng = streams.stream(Purpose::EvaluationEnvironment, 0, game);
        let mut action_rng = streams.stream(Purpose::EvaluationAction, 0, game);
        let mut state = world.reset(&mut env_rng);
        for _ in 0..limit {
            world.legal(&state, &mut legal);
            let count = legal.iter().filter(|&&legal| legal).count() as u32;
            let pick = action_rng.below(count) as usize;
            let action =
                (0u32..).zip(&legal).filter(|(_, legal)| **legal).nth(pick).map_or(0, |(action, _)| action);
            if world.step(&mut state, action, &mut env_rng).ending.is_over() {
                break;
            }
        }
        world.measure(&state, &mut measures);
        wins += measures[0];
    }
    Baseline { name: "random".into(), value: wins / f64::from(games) }
}

/// Name of the rated player that is GNU Go.
const GNU_GO: &str = "gtp:gnugo --level 1";

/// Ratings of the players: Elo above GNU Go 3.8 at level 1 on 9x9, and name; the strongest player last. Measured by
/// `tests/peers/go_ladder.py` and, for the strong players, by matches against GNU Go; see `docs/results/go.md`. That of
/// the strongest was measured before its playouts read ladders: a lower bound.
const RATINGS: [(f64, &str); 7] = [
    (-1296.0, "random"),
    (-1095.0, "greedy"),
    (-810.0, "uct:100"),
    (-468.0, "uct:1000"),
    (0.0, GNU_GO),
    (215.0, "uct:1000,strong"),
    (382.0, "uct:10000,strong"),
];

/// Name of the strongest rated player.
pub(super) const STRONGEST: &str = RATINGS[RATINGS.len() - 1].1;

/// Side of the board and komi of the rating games; no handicap.
pub(super) const RATED_BOARD: (u8, f32) = (9, 7.5);

/// Expected win rate of the strongest rated player against `opponent`, 0..=1; `None` if the opponent is not rated.
pub(super) fn expected_win_rate(opponent: &str) -> Option<f64> {
    let same = |player: &str| players::parse(player).is_ok_and(|player| player.name() == opponent);
    let (elo, _) =
        RATINGS.iter().find(|(_, player)| same(player) || (*player == GNU_GO && is_gnu_go(opponent)))?;
    Some(1.0 / (1.0 + 10f64.powf((elo - RATINGS[RATINGS.len() - 1].0) / 400.0)))
}

/// Whether `opponent` is GNU Go at level 1, with any other options.
fn is_gnu_go(opponent: &str) -> bool {
    let words: Vec<&str> = opponent.split_whitespace().collect();
    opponent.starts_with("gtp:")
        && words.first().is_some_and(|program| program.ends_with("gnugo"))
        && words.windows(2).any(|pair| pair == ["--level", "1"])
}

#[cfg(test)]
mod tests {
    use super::expected_win_rate;

    #[test]
    fn rated_players_are_found() {
        let gnu = expected_win_rate("gtp:/usr/games/gnugo --mode gtp --level 1 --chinese-rules").unwrap();
        assert!((gnu - 1.0 / (1.0 + 10f64.powf(-382.0 / 400.0))).abs() < 1e-12);
        let strongest = crate::go::players::parse("uct:10000,strong").unwrap().name();
        assert_eq!(expected_win_rate(&strongest), Some(0.5));
        assert!(expected_win_rate("random").unwrap() > 0.999 && gnu < 0.95);
        for unknown in ["gtp:gnugo --mode gtp --level 10", "gtp:pachi --level 1", "uct:200"] {
            assert_eq!(expected_win_rate(unknown), None, "{unknown}");
        }
    }
}
