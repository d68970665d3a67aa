//! Samplers: the point of each trial in the unit cube.
//!
//! * Random: uniform.
//! * Sobol: a low-discrepancy sequence (crate `sobol_burley`; Sobol' 1967, Owen scrambling after Burley 2020).
//! * TPE: the tree-structured Parzen estimator (crate `tpe`; Bergstra et al. 2011). The best tenth of the earlier
//!   trials and the others give two densities of each setting; of 24 values drawn from the first, that with the
//!   greatest ratio of the two is taken. Until there are enough trials, the points are those of Sobol.
//!
//! A point is a pure function of the seed, the number of its trial and the earlier generations.

use freewheel_core::{Error, Purpose, Result, Streams};
use tpe::{TpeOptimizer, categorical_range, histogram_estimator, parzen_estimator, range};

use super::definition::Sampler;
use super::space::{Parameter, Range};

/// Maximum number of trials and of settings: those of the Sobol sequence.
pub(super) const MAX_TRIALS: u32 = 1 << 16;
pub(super) const MAX_PARAMETERS: usize = 256;

/// Least number of earlier trials for TPE.
pub(super) const STARTUP: usize = 10;

/// Point of the trial with this `number`, a coordinate in `[0, 1)` for each parameter. `history` has the points of all
/// trials of earlier generations, the best first.
///
/// # Errors
/// [`Error::Unsupported`] for a fault of the estimator.
pub(super) fn point(
    sampler: Sampler,
    parameters: &[Parameter],
    seed: u64,
    number: u32,
    history: &[Vec<f64>],
) -> Result<Vec<f64>> {
    let streams = Streams::new(seed);
    match sampler {
        Sampler::Random => {
            let mut rng = streams.stream(Purpose::Sweep, u64::from(number), 0);
            Ok(parameters.iter().map(|_| rng.uniform()).collect())
        }
        Sampler::Tpe if history.len() >= STARTUP => parameters
            .iter()
            .enumerate()
            .map(|(index, parameter)| {
                let told: Vec<f64> = history.iter().map(|point| point[index]).collect();
                let mut rng = streams.stream(Purpose::Sweep, u64::from(number), 1 + index as u64);
                let drawn = estimate(&parameter.range, &told, &mut rng);
                drawn.map_err(|e| Error::Unsupported(format!("TPE of {}: {e}", parameter.name)))
            })
            .collect(),
        Sampler::Sobol | Sampler::Tpe => {
            // The scrambling has a seed of 32 bits.
            let scramble = streams.stream(Purpose::Sweep, 0, 0).bits() as u32;
            let one = |index: usize| f64::from(sobol_burley::sample(number, index as u32, scramble));
            Ok((0..parameters.len()).map(one).collect())
        }
    }
}

/// Coordinate drawn by TPE, where the earlier trials had the coordinates `told`, the best first.
fn estimate(
    range_of: &Range,
    told: &[f64],
    rng: &mut freewheel_core::Stream,
) -> Result<f64, Box<dyn std::error::Error>> {
    let (estimator, bounds) = match range_of.choices() {
        None => (parzen_estimator(), range(0.0, 1.0)?),
        Some(count) => (histogram_estimator(), categorical_range(count)?),
    };
    let mut optimizer = TpeOptimizer::new(estimator, bounds);
    for (rank, &u) in told.iter().enumerate() {
        let told = range_of.choices().map_or(u, |count| Range::index(count, u) as f64);
        optimizer.tell(told, rank as f64)?;
    }
    let drawn = optimizer.ask(rng)?;
    Ok(range_of.choices().map_or(drawn, |count| (drawn + 0.5) / count as f64))
}

#[cfg(test)]
mod tests {
    use tpe::density_estimation::{BuildDensityEstimator, DensityEstimator, ParzenEstimatorBuilder};

    use super::*;

    fn parameters() -> Vec<Parameter> {
        let of = |name: &str, range: Range| Parameter { name: name.into(), range };
        vec![
            of("x", Range::Uniform(0.0, 1.0)),
            of("y", Range::Uniform(0.0, 1.0)),
            of("c", Range::Choice(vec![1.into(), 2.into(), 3.into()])),
        ]
    }

    #[test]
    fn points_are_functions_of_seed_number_and_history() {
        let history: Vec<Vec<f64>> = (0..30).map(|i| vec![f64::from(i) / 30.0, 0.5, 0.2]).collect();
        for sampler in [Sampler::Random, Sampler::Sobol, Sampler::Tpe] {
            let of = |seed, number| point(sampler, &parameters(), seed, number, &history).unwrap();
            assert_eq!(of(1, 7), of(1, 7));
            assert_ne!(of(1, 7), of(1, 8));
            assert_ne!(of(1, 7), of(2, 7));
            assert!((0..200).flat_map(|number| of(0, number)).all(|u| (0.0..1.0).contains(&u)));
        }
    }

    /// In each of its dimensions, the first 2^k points of a Sobol sequence have one point in each of 2^k intervals.
    #[test]
    fn sobol_points_fill_every_interval_once() {
        let all: Vec<Vec<f64>> =
            (0..64).map(|n| point(Sampler::Sobol, &parameters(), 3, n, &[]).unwrap()).collect();
        for dimension in 0..3 {
            let mut seen: Vec<usize> = all.iter().map(|point| (point[dimension] * 64.0) as usize).collect();
            seen.sort_unstable();
            assert_eq!(seen, (0..64).collect::<Vec<_>>(), "dimension {dimension}");
        }
        // In two dimensions, each of 8 x 8 squares has one point.
        let mut squares: Vec<_> =
            all.iter().map(|point| ((point[0] * 8.0) as u32, (point[1] * 8.0) as u32)).collect();
        squares.sort_unstable();
        squares.dedup();
        assert_eq!(squares.len(), 64);
    }

    /// Good trials lie at x = 0.6 and with the last choice, the others everywhere: most draws lie there, too.
    #[test]
    fn tpe_draws_where_the_good_trials_are() {
        let history: Vec<Vec<f64>> = (0..40)
            .map(|rank| {
                let good = rank < 4;
                let spread = f64::from(rank) / 40.0;
                let bad = f64::from(rank - 4) / 36.0;
                vec![if good { 0.6 + 0.01 * spread } else { bad }, 0.5, if good { 0.9 } else { 0.1 }]
            })
            .collect();
        let drawn: Vec<Vec<f64>> =
            (0..200).map(|n| point(Sampler::Tpe, &parameters(), 5, n, &history).unwrap()).collect();
        let near = drawn.iter().filter(|point| (point[0] - 0.6).abs() < 0.1).count();
        let last = drawn.iter().filter(|point| Range::index(3, point[2]) == 2).count();
        assert!(near > 120 && last > 120, "{near} and {last} of 200");
    }

    /// The density of the crate, worked by hand: one trial at 0.25 and the prior at 0.5 give two normal densities.
    /// The distances to the neighbors are 0.25; the least deviation is 1 / (1 + 2) of the width. So both have the
    /// deviation 1/3, cut off at 0 and 1.
    #[test]
    fn the_parzen_density_is_that_of_the_paper() {
        let estimator = ParzenEstimatorBuilder::new()
            .build_density_estimator([0.25].into_iter(), range(0.0, 1.0).unwrap())
            .unwrap();
        let normal = |x: f64, mean: f64| {
            let z = (x - mean) * 3.0;
            (-0.5 * z * z).exp() * 3.0 / (2.0 * std::f64::consts::PI).sqrt()
        };
        // Probabilities within [0, 1]: Phi(2.25) - Phi(-0.75) = 0.98778 - 0.22663 and Phi(1.5) - Phi(-1.5) = 0.86639.
        let inside = (0.987_776 - 0.226_627 + 0.866_386) / 2.0;
        for x in [0.0, 0.3, 0.9] {
            let expected = ((normal(x, 0.25) + normal(x, 0.5)) / 2.0 / inside).ln();
            assert!((estimator.log_pdf(x) - expected).abs() < 1e-5, "{x}");
        }
    }
}
