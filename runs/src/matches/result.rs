//! Results of a match: wins, win rate with a confidence interval, Elo difference.

use serde::Serialize;

use super::{GameEnd, PlayedGame};

/// Results of a match, from the point of view of the first player.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct MatchResult {
    /// Number of games with a result. The numbers below count these games only.
    pub games: u32,
    /// Number of games without a result, because a player failed.
    pub without_result: u32,
    /// Number of games won.
    pub won: u32,
    /// Number of games drawn.
    pub drawn: u32,
    /// Number of games lost.
    pub lost: u32,
    /// Number of games played as Black.
    pub games_as_black: u32,
    /// Number of games won as Black.
    pub won_as_black: u32,
    /// Number of games ended by two passes.
    pub by_passes: u32,
    /// Number of games ended by resignation.
    pub by_resignation: u32,
    /// Number of games that reached the move limit and were scored as they stood.
    pub by_limit: u32,
    /// Mean number of moves per game, opening and passes included.
    pub mean_length: f64,
    /// Win rate, 0..=1; a draw counts one half. NaN without games; in JSON null.
    pub win_rate: f64,
    /// 95 % interval of the win rate (Wilson 1927).
    pub win_rate_interval: [f64; 2],
    /// Elo difference of the players; infinite if one of them won every game. In JSON infinity is null.
    pub elo: f64,
    /// 95 % interval of the Elo difference; unbounded on the side of a player who won every game.
    pub elo_interval: [f64; 2],
}

impl MatchResult {
    /// Results of the games `played`.
    pub fn of<'a>(played: impl Iterator<Item = &'a PlayedGame>) -> Self {
        let mut result = MatchResult::default();
        let mut length = 0;
        for one in played {
            if one.end == GameEnd::Fault {
                result.without_result += 1;
                continue;
            }
            result.games += 1;
            let black = u32::from(one.color == freewheel_envs::go::rules::Color::Black);
            result.games_as_black += black;
            match one.winner {
                None => result.drawn += 1,
                Some(winner) if winner == one.color => {
                    result.won += 1;
                    result.won_as_black += black;
                }
                Some(_) => result.lost += 1,
            }
            *match one.end {
                GameEnd::Passes => &mut result.by_passes,
                GameEnd::Resignation => &mut result.by_resignation,
                GameEnd::Limit | GameEnd::Fault => &mut result.by_limit,
            } += 1;
            length += one.record.moves().count();
        }
        let games = f64::from(result.games);
        let points = f64::from(result.won) + f64::from(result.drawn) / 2.0;
        (result.mean_length, result.win_rate) = (length as f64 / games, points / games);
        result.win_rate_interval = wilson(points, games);
        result.elo = elo(result.win_rate);
        result.elo_interval = result.win_rate_interval.map(elo);
        result
    }
}

/// 95 % confidence interval of the rate `points / games` (E. B. Wilson, *Probable inference, the law of succession, and
/// statistical inference*, 1927). The ends are exactly 0 for no point and exactly 1 for all points, not nearly so by
/// rounding. NaN for 0 games.
pub fn wilson(points: f64, games: f64) -> [f64; 2] {
    const Z: f64 = 1.959_963_984_540_054;
    let (rate, z2) = (points / games, Z * Z);
    let center = (rate + z2 / (2.0 * games)) / (1.0 + z2 / games);
    let half = Z / (1.0 + z2 / games) * (rate * (1.0 - rate) / games + z2 / (4.0 * games * games)).sqrt();
    let low = if points <= 0.0 { 0.0 } else { (center - half).max(0.0) };
    let high = if points >= games { 1.0 } else { (center + half).min(1.0) };
    if games > 0.0 { [low, high] } else { [f64::NAN; 2] }
}

/// Elo difference for which the expected win rate is `rate`, 0..=1.
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

    /// All games won: the Elo difference has no upper bound. All lost: no lower one.
    #[test]
    fn intervals_of_one_sided_matches_are_unbounded() {
        for games in (1..3000).chain([10_000, 123_457, 1_000_000]).map(f64::from) {
            let [low, high] = wilson(games, games).map(elo);
            assert!(low.is_finite() && high == f64::INFINITY, "{games}: {low} {high}");
            let [low, high] = wilson(0.0, games).map(elo);
            assert!(low == f64::NEG_INFINITY && high.is_finite(), "{games}: {low} {high}");
            let [low, high] = wilson(games - 0.5, games).map(elo);
            assert!(low.is_finite() && high.is_finite() && low < high, "{games}: {low} {high}");
        }
        assert!(wilson(0.0, 0.0).iter().all(|end| end.is_nan()));
    }
}
