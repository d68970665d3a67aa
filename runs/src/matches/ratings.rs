//! Elo ratings of several players.

/// Number of draws that are added to the games of each two players, so that all ratings are finite.
const DRAWS: f64 = 1.0;
/// Number of rounds of the iteration, after which ratings change by less than a hundredth.
const ROUNDS: usize = 10_000;

/// Elo ratings `[N]`, with mean 0, of players who scored `points[a][b]` against each other; NaN where two did not play.
/// They are those of the greatest likelihood in the model of Bradley and Terry, with one draw added to each pair, by
/// minorization-maximization (Hunter 2004, *MM algorithms for generalized Bradley-Terry models*).
pub(crate) fn ratings(points: &[Vec<f64>]) -> Vec<f64> {
    let n = points.len();
    let pairs = || (0..n).flat_map(|a| (0..n).map(move |b| (a, b))).filter(|&(a, b)| a != b);
    let played: Vec<(usize, usize)> = pairs().filter(|&(a, b)| !points[a][b].is_nan()).collect();
    let mut strength = vec![1.0; n];
    for _ in 0..ROUNDS {
        let (mut won, mut weight) = (vec![0.0; n], vec![0.0; n]);
        for &(a, b) in &played {
            let games = points[a][b] + points[b][a] + DRAWS;
            won[a] += points[a][b] + DRAWS / 2.0;
            weight[a] += games / (strength[a] + strength[b]);
        }
        let next: Vec<f64> = (0..n).map(|a| if weight[a] > 0.0 { won[a] / weight[a] } else { 1.0 }).collect();
        let mean = next.iter().map(|x: &f64| x.ln()).sum::<f64>() / n.max(1) as f64;
        let next: Vec<f64> = next.into_iter().map(|x| x / mean.exp()).collect();
        let change = next.iter().zip(&strength).map(|(a, b)| (a / b).ln().abs()).fold(0.0, f64::max);
        strength = next;
        if change < 1e-6 {
            break;
        }
    }
    strength.into_iter().map(|x: f64| 400.0 * x.log10()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 3 to 1 and a draw: 3.5 of 5 points, a rate of .7. Without games between two of three, the third connects them.
    #[test]
    fn ratings_by_hand() {
        let nan = f64::NAN;
        let apart = 400.0 * (0.7f64 / 0.3).log10();
        let two = ratings(&[vec![nan, 3.0], vec![1.0, nan]]);
        assert!((two[0] - two[1] - apart).abs() < 0.01 && (two[0] + two[1]).abs() < 0.01, "{two:?}");
        let chain = ratings(&[vec![nan, 3.0, nan], vec![1.0, nan, 3.0], vec![nan, 1.0, nan]]);
        assert!((chain[0] - chain[2] - 2.0 * apart).abs() < 0.01, "{chain:?}");
        // All won: one draw in eleven games.
        let all_won = ratings(&[vec![nan, 10.0], vec![0.0, nan]]);
        assert!((all_won[0] - all_won[1] - 400.0 * (10.5f64 / 0.5).log10()).abs() < 0.01, "{all_won:?}");
        assert!(ratings(&[]).is_empty());
    }
}
