//! What a match says: wins, a rate with its interval, a difference in Elo.

use serde::Serialize;

use super::{End, Played};

/// The first entrant's side of a match.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Tally {
    /// Games played.
    pub games: u32,
    /// Games it won.
    pub won: u32,
    /// Games nobody won.
    pub drawn: u32,
    /// Games it lost.
    pub lost: u32,
    /// Games it had Black in.
    pub games_as_black: u32,
    /// Games it won with Black.
    pub won_as_black: u32,
    /// Games ended by two passes.
    pub by_passes: u32,
    /// Games ended by resignation.
    pub by_resignation: u32,
    /// Games cut short and scored as they stood.
    pub by_limit: u32,
    /// Games ended by the fault of one entrant.
    pub by_fault: u32,
    /// Mean number of moves, those of the opening and passes counted.
    pub mean_length: f64,
    /// Wins and half the draws, a game.
    pub win_rate: f64,
    /// 95 % interval of the win rate (Wilson 1927).
    pub win_rate_interval: [f64; 2],
    /// Difference in Elo; not finite where one side won everything.
    pub elo: f64,
    /// Its 95 % interval.
    pub elo_interval: [f64; 2],
}

impl Tally {
    /// Counts games.
    pub fn of<'a>(played: impl Iterator<Item = &'a Played>) -> Self {
        let mut tally = Tally::default();
        let mut length = 0;
        for one in played {
            tally.games += 1;
            let black = u32::from(one.color == freewheel_envs::go::rules::Color::Black);
            tally.games_as_black += black;
            match one.winner {
                None => tally.drawn += 1,
                Some(winner) if winner == one.color => {
                    tally.won += 1;
                    tally.won_as_black += black;
                }
                Some(_) => tally.lost += 1,
            }
            *match one.end {
                End::Passes => &mut tally.by_passes,
                End::Resignation => &mut tally.by_resignation,
                End::Limit => &mut tally.by_limit,
                End::Fault => &mut tally.by_fault,
            } += 1;
            length += one.record.moves().count();
        }
        let games = f64::from(tally.games);
        let points = f64::from(tally.won) + f64::from(tally.drawn) / 2.0;
        (tally.mean_length, tally.win_rate) = (length as f64 / games, points / games);
        tally.win_rate_interval = wilson(points, games);
        tally.elo = elo(tally.win_rate);
        tally.elo_interval = tally.win_rate_interval.map(elo);
        tally
    }
}

/// The 95 % interval of a rate of which `points` of `games` were seen (E. B. Wilson, *Probable inference, the law of
/// succession, and statistical inference*, 1927).
pub fn wilson(points: f64, games: f64) -> [f64; 2] {
    const Z: f64 = 1.959_963_984_540_054;
    let (rate, z2) = (points / games, Z * Z);
    let center = (rate + z2 / (2.0 * games)) / (1.0 + z2 / games);
    let half = Z / (1.0 + z2 / games) * (rate * (1.0 - rate) / games + z2 / (4.0 * games * games)).sqrt();
    [(center - half).max(0.0), (center + half).min(1.0)]
}

/// The difference in Elo at which this rate is expected.
pub fn elo(rate: f64) -> f64 {
    400.0 * (rate / (1.0 - rate)).log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected: SciPy 1.17, `binomtest(x, n).proportion_ci(method="wilson")`; a rate of .76 is 200 points of Elo.
    #[test]
    fn intervals_are_wilsons_and_differences_elos() {
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
        let [low, high] = wilson(63.0, 100.0);
        near(low, 0.532_205_295_809_429_1);
        near(high, 0.718_176_394_656_754_6);
        let [low, high] = wilson(10.0, 10.0);
        near(low, 0.722_467_200_137_110_9);
        near(high, 1.0);
        near(elo(0.5), 0.0);
        assert!((elo(0.76) - 200.0).abs() < 0.5 && (elo(0.24) + 200.0).abs() < 0.5);
        assert!(elo(1.0) == f64::INFINITY && elo(0.0) == f64::NEG_INFINITY);
    }
}
