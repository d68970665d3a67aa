//! Elo ratings of several players.
//!
//! Ratings exist only among players each of whom has taken points from every other one, directly or by a chain of
//! players (Zermelo 1929; Ford 1957, *Solution of a ranking problem from binary comparisons*). The ratings of the
//! largest such group have mean 0. A player who lost no point to this group, or took none from it, is unboundedly
//! stronger or weaker.

use super::result::wilson;

/// Largest number of rounds of the iteration, after which ratings change by less than a hundredth.
const ROUNDS: usize = 100_000;
/// Largest rating that is searched for.
const MOST: f64 = 10_000.0;

/// Elo rating of a player.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rating {
    /// Rating; infinite for a player who won or lost all games against the group, NaN for one without games.
    pub(crate) elo: f64,
    /// 95 % interval: that of the points against the group (Wilson 1927), as ratings against the group's ratings.
    pub(crate) interval: [f64; 2],
}

/// Elo ratings `[N]` of players who scored `points[a][b]` against each other, NaN where two did not play: those of the
/// greatest likelihood in the model of Bradley and Terry.
pub(crate) fn ratings(points: &[Vec<f64>]) -> Vec<Rating> {
    let group = largest_group(points);
    let elo = greatest_likelihood(points, &group);
    let rated = |player: usize| {
        let played = group.iter().zip(&elo).filter(|(other, _)| !points[player][**other].is_nan());
        // Number of games and rating of each opponent in the group.
        let games: Vec<(f64, f64)> =
            played.clone().map(|(&b, &elo)| (points[player][b] + points[b][player], elo)).collect();
        let (won, all) = (
            played.map(|(&b, _)| points[player][b]).sum::<f64>(),
            games.iter().map(|(games, _)| games).sum::<f64>(),
        );
        let known = group.iter().position(|&member| member == player).map(|at| elo[at]);
        Rating {
            elo: known.unwrap_or_else(|| rating_of_rate(&games, won / all)),
            interval: wilson(won, all).map(|rate| rating_of_rate(&games, rate)),
        }
    };
    (0..points.len()).map(rated).collect()
}

/// Players of the largest group in which everybody took points from everybody else, directly or by a chain of players;
/// the last one of equal size.
fn largest_group(points: &[Vec<f64>]) -> Vec<usize> {
    let n = points.len();
    let mut took: Vec<Vec<bool>> =
        points.iter().map(|row| row.iter().map(|points| *points > 0.0).collect()).collect();
    for (via, a, b) in (0..n).flat_map(|via| (0..n).flat_map(move |a| (0..n).map(move |b| (via, a, b)))) {
        took[a][b] |= took[a][via] && took[via][b];
    }
    let group = |a: usize| -> Vec<usize> { (0..n).filter(|&b| a == b || took[a][b] && took[b][a]).collect() };
    (0..n).map(group).max_by_key(Vec::len).unwrap_or_default()
}

/// Ratings of the players `group`, with mean 0, by minorization-maximization (Hunter 2004, *MM algorithms for
/// generalized Bradley-Terry models*).
fn greatest_likelihood(points: &[Vec<f64>], group: &[usize]) -> Vec<f64> {
    let n = group.len();
    let mut strength = vec![1.0; n];
    for _ in 0..ROUNDS {
        let next = |a: usize| {
            let (mut won, mut weight) = (0.0, 0.0);
            for b in (0..n).filter(|&b| b != a && !points[group[a]][group[b]].is_nan()) {
                let [of_a, of_b] = [points[group[a]][group[b]], points[group[b]][group[a]]];
                won += of_a;
                weight += (of_a + of_b) / (strength[a] + strength[b]);
            }
            if weight > 0.0 { won / weight } else { 1.0 }
        };
        let next: Vec<f64> = (0..n).map(next).collect();
        let mean = next.iter().map(|x: &f64| x.ln()).sum::<f64>() / n.max(1) as f64;
        let next: Vec<f64> = next.into_iter().map(|x| x / mean.exp()).collect();
        let change = next.iter().zip(&strength).map(|(a, b)| (a / b).ln().abs()).fold(0.0, f64::max);
        strength = next;
        if change < 1e-9 {
            break;
        }
    }
    strength.into_iter().map(|x: f64| 400.0 * x.log10()).collect()
}

/// Rating at which a player is expected to score the fraction `rate` of all points in `games`: the number of games and
/// the rating of each opponent. NaN without games.
fn rating_of_rate(games: &[(f64, f64)], rate: f64) -> f64 {
    match rate {
        rate if rate.is_nan() => f64::NAN,
        rate if rate <= 0.0 => f64::NEG_INFINITY,
        rate if rate >= 1.0 => f64::INFINITY,
        rate => {
            let all: f64 = games.iter().map(|(games, _)| games).sum();
            let expected = |elo: f64| {
                let one = |(games, other): &(f64, f64)| games / (1.0 + 10f64.powf((other - elo) / 400.0));
                games.iter().map(one).sum::<f64>() / all
            };
            let (mut low, mut high) = (-MOST, MOST);
            for _ in 0..60 {
                let middle = 0.5 * (low + high);
                if expected(middle) < rate { low = middle } else { high = middle }
            }
            0.5 * (low + high)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matches::elo;

    const NAN: f64 = f64::NAN;

    fn near(a: f64, b: f64) {
        assert!((a - b).abs() < 0.01, "{a} {b}");
    }

    /// 3 to 1 is a rate of .75. Without games between two of three, the third connects them.
    #[test]
    fn ratings_by_hand() {
        let apart = elo(0.75);
        let two = ratings(&[vec![NAN, 3.0], vec![1.0, NAN]]);
        near(two[0].elo - two[1].elo, apart);
        near(two[0].elo + two[1].elo, 0.0);
        // Against one opponent, the interval is that of a match.
        for (found, rate) in two[0].interval.into_iter().zip(wilson(3.0, 4.0)) {
            near(found - two[1].elo, elo(rate));
        }
        let chain = ratings(&[vec![NAN, 3.0, NAN], vec![1.0, NAN, 3.0], vec![NAN, 1.0, NAN]]);
        near(chain[0].elo - chain[2].elo, 2.0 * apart);
        assert!(ratings(&[]).is_empty());
    }

    /// At the greatest likelihood, the expected points are those that were scored.
    #[test]
    fn expected_points_are_those_scored() {
        let points = [vec![NAN, 30.0, 39.5], vec![10.0, NAN, 25.0], vec![0.5, 15.0, NAN]];
        let found = ratings(&points);
        for a in 0..3 {
            let won: f64 = (0..3).filter(|&b| b != a).map(|b| points[a][b]).sum();
            let expected = |b: usize| 40.0 / (1.0 + 10f64.powf((found[b].elo - found[a].elo) / 400.0));
            near((0..3).filter(|&b| b != a).map(expected).sum(), won);
            let [low, high] = found[a].interval;
            assert!(low < found[a].elo && found[a].elo < high && high - low < 400.0, "{found:?}");
        }
    }

    /// A player who won or lost every game has no finite rating, nor has a group that lost no game to the others.
    #[test]
    fn ratings_of_one_sided_players_are_unbounded() {
        let [strong, weak] = ratings(&[vec![NAN, 10.0], vec![0.0, NAN]])[..] else { panic!("two players") };
        assert_eq!((weak.elo, strong.elo, strong.interval[1]), (0.0, f64::INFINITY, f64::INFINITY));
        near(strong.interval[0], elo(wilson(10.0, 10.0)[0]));
        // One player loses all games, the other two share theirs.
        let found = ratings(&[vec![NAN, 6.0, 10.0], vec![4.0, NAN, 10.0], vec![0.0, 0.0, NAN]]);
        near(found[0].elo - found[1].elo, elo(0.6));
        assert_eq!((found[2].elo, found[2].interval[0]), (f64::NEG_INFINITY, f64::NEG_INFINITY));
        assert!(found[2].interval[1] < found[1].elo - 200.0, "{found:?}");
        // Two groups of two.
        let found = ratings(&[
            vec![NAN, 5.0, 10.0, 10.0],
            vec![5.0, NAN, 10.0, 10.0],
            vec![0.0, 0.0, NAN, 5.0],
            vec![0.0, 0.0, 5.0, NAN],
        ]);
        assert!(
            found[..2].iter().all(|one| one.elo == f64::INFINITY && one.interval[0].is_finite()),
            "{found:?}"
        );
        assert!(found[2..].iter().all(|one| one.elo.abs() < 0.01), "{found:?}");
    }
}
