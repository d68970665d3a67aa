//! Concepts: directions of latent space, from one group of samples to another or along a known factor (attribute
//! vectors; Larsen et al. 2016, arXiv 1512.09300).

use freewheel_agents::Samples;
use freewheel_agents::data::{Factor, Shape, faces};
use freewheel_agents::estimator::{RegressorConfig, Transformer, no_callback};
use freewheel_agents::supervised::linear::Linear;
use freewheel_core::{Error, Result, Streams, stats};
use serde::Serialize;

use super::super::{Chart, ImageGrid, check_not_empty, check_same_length};

/// A concept: a direction of latent space.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Concept {
    /// Name of the class or factor that the concept is made of.
    pub name: String,
    /// Change of the code, `[K]` for codes of K numbers, for a step of 1.
    pub direction: Vec<f32>,
}

impl Concept {
    /// Direction from the mean code of a group `without` the concept to the mean code of a group `with` it; a step of 1
    /// is the whole distance.
    ///
    /// # Errors
    /// [`Error::Config`] for an empty group or samples of another width.
    pub fn from_groups(
        name: &str,
        model: &dyn Transformer,
        with: &Samples,
        without: &Samples,
    ) -> Result<Self> {
        check_not_empty(name, "samples with it", with.rows())?;
        check_not_empty(name, "samples without it", without.rows())?;
        let (with, without) = (mean_code(model, with)?, mean_code(model, without)?);
        let direction = with.iter().zip(&without).map(|(a, b)| (a - b) as f32).collect();
        Ok(Concept { name: name.to_owned(), direction })
    }

    /// Direction along the known factor in column `which` of `known [N, F]`, the F factors of the samples `x [N, D]`:
    /// the slopes of a least squares regression of the codes on all factors. A step of 1 is the range of the factor.
    ///
    /// # Errors
    /// [`Error::Config`] without samples, for a different number of rows, or for a column that does not exist.
    pub fn from_factor(
        model: &dyn Transformer,
        x: &Samples,
        known: &Samples,
        which: usize,
        factor: &Factor,
    ) -> Result<Self> {
        check_not_empty(&factor.name, "samples", x.rows())?;
        check_same_length(&factor.name, ("rows of factors", known.rows()), ("samples", x.rows()))?;
        if which >= known.width() {
            let columns = known.width();
            return Err(Error::Config(format!(
                "{}: factor column {which} is out of range, there are {columns}",
                factor.name
            )));
        }
        let fitted = Linear::default().fit(known, &model.transform(x)?, Streams::new(0), &mut no_callback)?;
        let range = f64::from(factor.high - factor.low);
        let slopes = fitted.weights().chunks_exact(known.width());
        let direction = slopes.map(|slopes| (slopes[which] * range) as f32).collect();
        Ok(Concept { name: factor.name.clone(), direction })
    }

    /// Decoded samples `[N S, D]`: for each sample of `x [N, D]` and each of S `steps`, the direction times the step is
    /// added to the code of the sample. First all steps of the first sample, then those of the next one.
    ///
    /// # Errors
    /// [`Error::Config`] for samples of another width.
    pub fn apply(&self, model: &dyn Transformer, x: &Samples, steps: &[f32]) -> Result<Samples> {
        check_same_length(
            &self.name,
            ("numbers of the direction", self.direction.len()),
            ("numbers of a code", model.n_features_out()?),
        )?;
        let codes = model.transform(x)?;
        let moved = codes.iter().flat_map(|code| {
            steps.iter().flat_map(move |step| {
                code.iter().zip(&self.direction).map(move |(c, d)| f64::from(*c as f32 + step * d))
            })
        });
        model.inverse_transform(&Samples::new(moved.collect(), codes.width())?)
    }

    /// Grid with one row per sample of `x [N, D]`: the sample, then [`Concept::apply`] for each of `steps [S]`.
    ///
    /// # Errors
    /// Same as [`Concept::apply`]; [`Error::Config`] if the samples are not images.
    pub fn image_grid(
        &self,
        model: &dyn Transformer,
        shape: &Shape,
        x: &Samples,
        steps: &[f32],
    ) -> Result<ImageGrid> {
        let moved = self.apply(model, x, steps)?;
        let mut all = Vec::new();
        for (x, row) in x.iter().zip(moved.values().chunks_exact(steps.len().max(1) * x.width())) {
            all.extend_from_slice(x);
            all.extend_from_slice(row);
        }
        let mut names = vec!["sample".to_owned()];
        names.extend(steps.iter().map(|step| format!("{step:+.2}").replace('-', "−")));
        let title = format!(
            "{}, added in steps\nleft: the sample; then: decoded with so much of the concept added to its code",
            self.name
        );
        let grid = ImageGrid::new(&title, shape, &Samples::new(all, x.width())?, steps.len() + 1)?;
        Ok(grid.with_column_names(names)?.gaps_before(&[1]))
    }
}

fn mean_code(model: &dyn Transformer, x: &Samples) -> Result<Vec<f64>> {
    let codes = model.transform(x)?;
    let mut mean = vec![0.0; codes.width()];
    codes.iter().for_each(|code| mean.iter_mut().zip(code).for_each(|(m, c)| *m += c));
    mean.iter_mut().for_each(|m| *m /= x.rows() as f64);
    Ok(mean)
}

/// Measured effect of a concept on drawn faces.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Effect {
    /// Name of the concept.
    pub concept: String,
    /// Steps `[S]`, ascending.
    pub steps: Vec<f32>,
    /// Change of each factor of the generator.
    pub factors: Vec<FactorChange>,
}

/// Change of one factor along the steps.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FactorChange {
    /// Name of the factor.
    pub name: String,
    /// Mean of the factor over all faces at each step `[S]`, minus the mean at the first step; a share of the factor's
    /// range.
    pub path: Vec<f64>,
    /// Maximum minus minimum of the factor over the steps, mean over all faces; a share of the factor's range.
    pub spread: f64,
    /// Pearson correlation between the step and the deviation of the factor from the face's own mean, over all faces; 0
    /// if nothing changes.
    pub correlation: f64,
    /// Share of the faces for which the factor increases at every step.
    pub rises: f64,
}

impl FactorChange {
    /// Change of the factor's mean over all faces from the first step to the last; a share of the factor's range.
    pub fn moved(&self) -> f64 {
        self.path.last().copied().unwrap_or(0.0)
    }

    /// Whether the factor's mean over all faces changes in the same direction at every step.
    pub fn monotone(&self) -> bool {
        let up = self.path.windows(2).all(|ends| ends[1] > ends[0]);
        up || self.path.windows(2).all(|ends| ends[1] < ends[0])
    }
}

impl Effect {
    /// Applies `concept` to `faces [N, 1024]` with `steps [S]` and measures the factors of the decoded faces.
    ///
    /// # Errors
    /// [`Error::Config`] without faces, or for fewer than two steps or steps that do not ascend.
    pub fn measure(
        concept: &Concept,
        model: &dyn Transformer,
        faces: &Samples,
        steps: &[f32],
    ) -> Result<Self> {
        check_not_empty(&concept.name, "faces", faces.rows())?;
        if steps.len() < 2
            || steps.windows(2).any(|ends| ends[0].partial_cmp(&ends[1]) != Some(std::cmp::Ordering::Less))
        {
            return Err(Error::Config(format!(
                "{}: at least two steps are needed, in ascending order",
                concept.name
            )));
        }
        let measured = faces::measure_all(&concept.apply(model, faces, steps)?)?;
        let factors = faces::factors().into_iter().enumerate().map(|(k, factor)| {
            let shares: Vec<f64> = measured.iter().map(|row| factor.normalized(row[k])).collect();
            factor_change(&factor.name, &shares, steps)
        });
        Ok(Effect { concept: concept.name.clone(), steps: steps.to_vec(), factors: factors.collect() })
    }

    /// Chart of the factors over the steps; the concept's own factor is a thick line.
    ///
    /// # Errors
    /// No errors for a measured effect.
    pub fn chart(&self) -> Result<Chart> {
        let about = self.factors.iter().find(|factor| factor.name == self.concept);
        let subtitle = about.map_or_else(String::new, |factor| {
            format!("\ncorrelation of step and {}: {:.3}", factor.name, factor.correlation)
        });
        let title = format!("Effect of adding {} on each factor{subtitle}", self.concept);
        let mut chart = Chart::new(&title, ["step", "measured change, % of the factor's range"]);
        for factor in &self.factors {
            let path = self
                .steps
                .iter()
                .zip(&factor.path)
                .map(|(&step, share)| (f64::from(step), 100.0 * share))
                .collect();
            chart = match factor.name == self.concept {
                true => chart.line(&factor.name, path)?,
                false => chart.thin_line(&factor.name, path)?,
            };
        }
        Ok(chart)
    }

    /// Table for a terminal, one line per factor; the columns are the fields of [`FactorChange`].
    pub fn table(&self) -> String {
        let mut out =
            format!("{:<10} {:>8} {:>8} {:>12} {:>8}\n", "factor", "moved", "spread", "correlation", "rises");
        for it in &self.factors {
            let [moved, spread, rises] = [it.moved(), it.spread, it.rises].map(|share| 100.0 * share);
            let (name, correlation) = (&it.name, it.correlation);
            out += &format!("{name:<10} {moved:>6.1} % {spread:>6.1} % {correlation:>12.3} {rises:>6.0} %\n");
        }
        out
    }
}

/// Change of one factor, from its value as `shares [N S]` of its range: N faces, S steps of each.
fn factor_change(name: &str, shares: &[f64], steps: &[f32]) -> FactorChange {
    let s = steps.len();
    let n = (shares.len() / s) as f64;
    let mean_at = |step: usize| shares.iter().skip(step).step_by(s).sum::<f64>() / n;
    let first = mean_at(0);
    let ends =
        |row: &[f64]| row.iter().fold((f64::MAX, f64::MIN), |(low, high), &x| (low.min(x), high.max(x)));
    let spread = shares.chunks_exact(s).map(|row| ends(row).1 - ends(row).0).sum::<f64>() / n;
    let all_steps: Vec<f64> = (0..shares.len()).map(|i| f64::from(steps[i % s])).collect();
    let own = shares.chunks_exact(s).flat_map(|row| {
        let mean = stats::mean(row);
        row.iter().map(move |x| x - mean)
    });
    let rising = shares.chunks_exact(s).filter(|row| row.windows(2).all(|ends| ends[1] > ends[0])).count();
    FactorChange {
        name: name.to_owned(),
        path: (0..s).map(|step| mean_at(step) - first).collect(),
        spread,
        correlation: correlation(&all_steps, &own.collect::<Vec<f64>>()),
        rises: rising as f64 / n,
    }
}

/// Pearson correlation of `x` and `y`, of equal length; 0 if one of them is constant.
fn correlation(x: &[f64], y: &[f64]) -> f64 {
    let (mean_x, mean_y) = (stats::mean(x), stats::mean(y));
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in x.iter().zip(y) {
        let (x, y) = (x - mean_x, y - mean_y);
        (xx, yy, xy) = (xx + x * x, yy + y * y, xy + x * y);
    }
    if xx * yy > 0.0 { xy / (xx * yy).sqrt() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_by_hand() {
        // Two faces, three steps.
        let found = factor_change("smile", &[0.0, 0.5, 1.0, 0.2, 0.5, 0.8], &[-1.0, 0.0, 1.0]);
        assert!(found.path.iter().zip([0.0, 0.4, 0.8]).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
        assert!((found.spread - 0.8).abs() < 1e-12 && found.monotone() && found.rises == 1.0);
        // Less .5, the mean of both: sums of squares 4 and .68, of products 1.6.
        assert!((found.correlation - 1.6 / (4.0f64 * 0.68).sqrt()).abs() < 1e-12);
        assert_eq!(factor_change("hair", &[0.3; 4], &[0.0, 1.0]).correlation, 0.0);
    }
}
