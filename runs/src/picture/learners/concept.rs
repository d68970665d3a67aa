//! A concept as a direction among factors: what separates two groups of samples, or what goes with a known parameter. Added in steps to
//! any sample it changes what the concept is about, and as little else as may be (Larsen et al. 2016, arXiv 1512.09300).

use freewheel_agents::fit::unwatched;
use freewheel_agents::supervised::Regress;
use freewheel_agents::supervised::linear::Linear;
use freewheel_agents::unsupervised::Encoder;
use freewheel_core::data::{Factor, Shape, faces};
use freewheel_core::{Error, Result, Samples, Streams, stats};
use serde::Serialize;

use super::super::{Chart, Sheet, as_many, some};

/// A direction among factors.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Concept {
    /// What it is about.
    pub name: String,
    /// What one whole step adds to a code, `[K]`.
    pub direction: Vec<f32>,
}

impl Concept {
    /// From the mean code of the samples `without` to that of those `with`; one step is the whole way.
    ///
    /// # Errors
    /// [`Error::Config`] where one of the groups is empty or of samples that the model does not know.
    pub fn between(name: &str, model: &dyn Encoder, with: &Samples, without: &Samples) -> Result<Self> {
        some(name, "samples with it", with.rows())?;
        some(name, "samples without it", without.rows())?;
        let (with, without) = (mean_code(model, with)?, mean_code(model, without)?);
        let direction = with.iter().zip(&without).map(|(a, b)| (a - b) as f32).collect();
        Ok(Concept { name: name.to_owned(), direction })
    }

    /// How codes change with column `which` of `known [N, F]`, the parameters that `x [N, D]` were drawn from, all others held:
    /// least squares of codes on parameters. One step is the whole range of the `factor`.
    ///
    /// # Errors
    /// [`Error::Config`] where there are no samples, not as many rows, or no such column.
    pub fn of_factor(
        model: &dyn Encoder,
        x: &Samples,
        known: &Samples,
        which: usize,
        factor: &Factor,
    ) -> Result<Self> {
        some(&factor.name, "samples", x.rows())?;
        as_many(&factor.name, ("rows of parameters", known.rows()), ("samples", x.rows()))?;
        if which >= known.width() {
            let columns = known.width();
            return Err(Error::Config(format!("{}: parameter {which} is none of {columns}", factor.name)));
        }
        let fitted = Linear {}.fit(known, &model.encode(x)?, Streams::new(0), &mut unwatched)?;
        let range = f64::from(factor.high - factor.low);
        let slopes = fitted.weights().chunks_exact(known.width());
        let direction = slopes.map(|slopes| (slopes[which] * range) as f32).collect();
        Ok(Concept { name: factor.name.clone(), direction })
    }

    /// What the decoder makes of `x [N, D]` with each of `steps [S]` added, `[N S, D]`: all steps of a sample, then the next.
    ///
    /// # Errors
    /// [`Error::Config`] where the model does not know such samples.
    pub fn added(&self, model: &dyn Encoder, x: &Samples, steps: &[f32]) -> Result<Samples> {
        as_many(
            &self.name,
            ("numbers of a direction", self.direction.len()),
            ("factors", model.code_width()?),
        )?;
        let codes = model.encode(x)?;
        let moved = codes.iter().flat_map(|code| {
            steps
                .iter()
                .flat_map(move |step| code.iter().zip(&self.direction).map(move |(c, d)| c + step * d))
        });
        model.decode(&Samples::new(moved.collect(), codes.width())?)
    }

    /// Samples in rows: as they are, then with each of `steps [S]` added.
    ///
    /// # Errors
    /// As [`Concept::added`]; and where they are no images.
    pub fn sheet(&self, model: &dyn Encoder, shape: &Shape, x: &Samples, steps: &[f32]) -> Result<Sheet> {
        let moved = self.added(model, x, steps)?;
        let mut all = Vec::new();
        for (x, row) in x.iter().zip(moved.values().chunks_exact(steps.len().max(1) * x.width())) {
            all.extend_from_slice(x);
            all.extend_from_slice(row);
        }
        let mut names = vec!["sample".to_owned()];
        names.extend(steps.iter().map(|step| format!("{step:+.2}").replace('-', "−")));
        let title = format!(
            "{}, added in steps\nleft: the sample; then what the decoder makes of its factors with so much added",
            self.name
        );
        let sheet = Sheet::new(&title, shape, &Samples::new(all, x.width())?, steps.len() + 1)?;
        Ok(sheet.columns(names)?.apart(&[1]))
    }
}

fn mean_code(model: &dyn Encoder, x: &Samples) -> Result<Vec<f64>> {
    let codes = model.encode(x)?;
    let mut mean = vec![0.0; codes.width()];
    codes.iter().for_each(|code| mean.iter_mut().zip(code).for_each(|(m, &c)| *m += f64::from(c)));
    mean.iter_mut().for_each(|m| *m /= x.rows() as f64);
    Ok(mean)
}

/// What a concept does to faces, measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Effect {
    /// What was added.
    pub concept: String,
    /// How much of it, `[S]`, ascending.
    pub steps: Vec<f32>,
    /// Each factor of the generator.
    pub factors: Vec<Changed>,
}

/// What happens to one factor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Changed {
    /// Its name.
    pub name: String,
    /// Its mean over all faces at each step, as a share of its range, less that at the first step, `[S]`.
    pub path: Vec<f64>,
    /// The mean over all faces of its greatest less its least value on the way, as a share of its range.
    pub spread: f64,
    /// The correlation, over all faces, of steps and measured values less the face's own mean on the way; 0 where nothing changes.
    pub correlation: f64,
    /// The share of faces on which it rises at every step.
    pub rises: f64,
}

impl Changed {
    /// How far the mean face moved from the first step to the last, as a share of the range.
    pub fn moved(&self) -> f64 {
        self.path.last().copied().unwrap_or(0.0)
    }

    /// Whether the mean face moves on in one direction at every step.
    pub fn monotone(&self) -> bool {
        let up = self.path.windows(2).all(|ends| ends[1] > ends[0]);
        up || self.path.windows(2).all(|ends| ends[1] < ends[0])
    }
}

impl Effect {
    /// Adds `concept` to `faces [N, 1024]` by each of `steps [S]` and measures the factors of what the decoder makes of them, each face
    /// from the decoder's own picture of it.
    ///
    /// # Errors
    /// [`Error::Config`] where there are no faces or fewer than two ascending steps.
    pub fn measure(concept: &Concept, model: &dyn Encoder, faces: &Samples, steps: &[f32]) -> Result<Self> {
        some(&concept.name, "faces", faces.rows())?;
        if steps.len() < 2
            || steps.windows(2).any(|ends| ends[0].partial_cmp(&ends[1]) != Some(std::cmp::Ordering::Less))
        {
            return Err(Error::Config(format!("{}: steps must be at least two and ascend", concept.name)));
        }
        let measured = faces::measure_all(&concept.added(model, faces, steps)?)?;
        let factors = faces::factors().into_iter().enumerate().map(|(k, factor)| {
            let shares: Vec<f64> = measured.iter().map(|row| f64::from(factor.share(row[k]))).collect();
            changed(&factor.name, &shares, steps)
        });
        Ok(Effect { concept: concept.name.clone(), steps: steps.to_vec(), factors: factors.collect() })
    }

    /// The factors as lines over the steps; what the concept is about is thick.
    ///
    /// # Errors
    /// None that a user could cause.
    pub fn chart(&self) -> Result<Chart> {
        let about = self.factors.iter().find(|factor| factor.name == self.concept);
        let told = about.map_or_else(String::new, |factor| {
            format!("\ncorrelation of step and {}: {:.3}", factor.name, factor.correlation)
        });
        let title = format!("What adding {} does to each factor{told}", self.concept);
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
                false => chart.thin(&factor.name, path)?,
            };
        }
        Ok(chart)
    }

    /// A line for each factor, for a terminal: see [`Changed`].
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

/// From the measured `shares [N S]` of one factor.
fn changed(name: &str, shares: &[f64], steps: &[f32]) -> Changed {
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
    Changed {
        name: name.to_owned(),
        path: (0..s).map(|step| mean_at(step) - first).collect(),
        spread,
        correlation: correlation(&all_steps, &own.collect::<Vec<f64>>()),
        rises: rising as f64 / n,
    }
}

/// Pearson's.
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
        let found = changed("smile", &[0.0, 0.5, 1.0, 0.2, 0.5, 0.8], &[-1.0, 0.0, 1.0]);
        assert!(found.path.iter().zip([0.0, 0.4, 0.8]).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
        assert!((found.spread - 0.8).abs() < 1e-12 && found.monotone() && found.rises == 1.0);
        // Less .5, the mean of both: sums of squares 4 and .68, of products 1.6.
        assert!((found.correlation - 1.6 / (4.0f64 * 0.68).sqrt()).abs() < 1e-12);
        assert_eq!(changed("hair", &[0.3; 4], &[0.0, 1.0]).correlation, 0.0);
    }
}
