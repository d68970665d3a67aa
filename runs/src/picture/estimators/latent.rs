//! Pictures of the latent space of a VAE.

use freewheel_agents::Samples;
use freewheel_agents::data::{DataSet, Shape, Subset, Targets};
use freewheel_agents::estimator::{Transformer, TransformerModel};
use freewheel_agents::unsupervised::Vae;
use freewheel_core::{Purpose, Result, Streams};
use freewheel_envs::market::metrics::normal_quantile;

use super::super::axes::format_number;
use super::super::{ImageGrid, Scatter, check_not_empty, check_same_length, thousands};
use super::colored;

/// Indices of the two latent variables with the largest standard deviation in `codes [N, K]`, the lower index first;
/// index 0 twice if K is 1.
pub fn largest_std_axes(codes: &Samples) -> [usize; 2] {
    let spread = |k: usize| {
        let values: Vec<f64> = codes.iter().map(|code| code[k]).collect();
        freewheel_core::stats::standard_deviation(&values)
    };
    let spreads: Vec<f64> = (0..codes.width()).map(spread).collect();
    let mut axes: Vec<usize> = (0..codes.width()).collect();
    axes.sort_by(|&a, &b| spreads[b].total_cmp(&spreads[a]).then(a.cmp(&b)));
    let (first, second) = (axes[0], *axes.get(1).unwrap_or(&axes[0]));
    [first.min(second), first.max(second)]
}

/// Decoded grid over the two latent variables of [`largest_std_axes`], at `side` quantiles of N(0, 1) along each; all
/// other latent variables are 0. With one latent variable, the grid has a single row.
///
/// # Errors
/// [`Error::Config`](freewheel_core::Error::Config) if the samples are not images, or without codes or steps.
pub fn grid(vae: &Vae, shape: &Shape, codes: &Samples, side: usize) -> Result<ImageGrid> {
    let title = "Decoded grid of two latent variables";
    check_not_empty(title, "steps", side)?;
    check_not_empty(title, "codes", codes.rows())?;
    let at: Vec<f64> = (0..side).map(|i| normal_quantile((i as f64 + 0.5) / side as f64)).collect();
    let ([across, up], k) = (largest_std_axes(codes), vae.n_features_out());
    let rows = if k > 1 { side } else { 1 };
    let mut all = vec![0.0; rows * side * k];
    for (i, code) in all.chunks_exact_mut(k).enumerate() {
        code[up] = at[side - 1 - i / side];
        code[across] = at[i % side];
    }
    let title = format!(
        "{title}\nfrom {} to {} at equally spaced quantiles of N(0, 1){}",
        format_number(at[0], 1),
        format_number(at[side - 1], 1),
        match k {
            0..=2 => "",
            _ => "; the others are 0",
        }
    );
    let grid =
        ImageGrid::new(&title, shape, &vae.inverse_transform(&Samples::new(all, k)?)?, side)?.touching();
    let axis = |k: usize| format!("latent {} →", k + 1);
    Ok(grid.with_axis_labels(&axis(across), if k > 1 { axis(up) } else { String::new() }.as_str()))
}

/// `side` times `side` images, decoded from random codes of the prior N(0, 1).
///
/// # Errors
/// Same as [`grid`].
pub fn prior_samples(vae: &Vae, shape: &Shape, side: usize) -> Result<ImageGrid> {
    let mut rng = Streams::new(0).stream(Purpose::EvaluationAction, 0, 0);
    ImageGrid::new("Samples decoded from the prior N(0, 1)", shape, &vae.sample(side * side, &mut rng)?, side)
}

/// Scatter plot of `part` over the two latent variables of [`largest_std_axes`], from its `codes [N, K]`.
///
/// # Errors
/// [`Error::Config`](freewheel_core::Error::Config) without samples.
pub fn latent_map(codes: &Samples, set: &DataSet, part: &Subset) -> Result<Scatter> {
    let axes = largest_std_axes(codes);
    let points = codes.iter().flat_map(|code| axes.map(|axis| code[axis])).collect();
    let title = format!("{}: latent space\n{} samples", set.name, thousands(part.rows() as u64));
    let names = axes.map(|axis| format!("latent {}", axis + 1));
    colored(Scatter::new(&title, Samples::new(points, 2)?, [&names[0], &names[1]])?, set, part)
}

/// At most `most` pairs of samples for [`interpolations`], of different classes if there are classes.
pub fn pairs(part: &Subset, most: usize) -> (Samples, Samples) {
    let class = |i: usize| match &part.targets {
        Targets::Labels(labels) => labels[i] as usize,
        _ => i,
    };
    let (mut from, mut to, mut at) = (Vec::new(), Vec::new(), 0);
    while from.len() < most && at + 1 < part.rows() {
        let Some(other) = (at + 1..part.rows()).find(|&i| class(i) != class(at)) else { break };
        from.push(at);
        to.push(other);
        at = other + 1;
    }
    if from.is_empty() {
        from = (0..part.rows().min(most)).collect();
    }
    (part.samples.select(&from), part.samples.select(&to))
}

/// Grid with one row per pair: a sample of `from [N, D]`, `steps` decoded points on the line between the two codes, and
/// the sample of `to [N, D]`.
///
/// # Errors
/// Same as [`grid`]; [`Error::Config`](freewheel_core::Error::Config) if the numbers of samples differ.
pub fn interpolations(
    model: &dyn Transformer,
    shape: &Shape,
    from: &Samples,
    to: &Samples,
    steps: usize,
) -> Result<ImageGrid> {
    let title = "Interpolations";
    check_same_length(title, ("samples to end at", to.rows()), ("samples to begin with", from.rows()))?;
    let (a, b) = (model.transform(from)?, model.transform(to)?);
    let t = |step: usize| step as f64 / (steps.max(2) - 1) as f64;
    let from_groups = a.iter().zip(b.iter()).flat_map(|(a, b)| {
        (0..steps).flat_map(move |step| a.iter().zip(b).map(move |(a, b)| a + t(step) * (b - a)))
    });
    let decoded = model.inverse_transform(&Samples::new(from_groups.collect(), a.width())?)?;
    let mut all = Vec::new();
    for (i, row) in decoded.values().chunks_exact(steps * decoded.width()).enumerate() {
        all.extend_from_slice(from.row(i));
        all.extend_from_slice(row);
        all.extend_from_slice(to.row(i));
    }
    let mut names = vec!["from".to_owned()];
    names.extend((0..steps).map(|step| format!("{:.0} %", 100.0 * t(step))));
    names.push("to".to_owned());
    let title =
        format!("{title}\nfirst and last: two samples; between them: decoded points between their codes");
    let grid = ImageGrid::new(&title, shape, &Samples::new(all, decoded.width())?, steps + 2)?;
    Ok(grid.with_column_names(names)?.gaps_before(&[1, steps + 1]))
}

/// Grid with the samples `x [N, D]` in the first row and their reconstructions in the second.
///
/// # Errors
/// Same as [`grid`].
pub fn reconstructions(vae: &Vae, shape: &Shape, x: &Samples) -> Result<ImageGrid> {
    let mut all = x.values().to_vec();
    all.extend_from_slice(vae.reconstruct(x)?.values());
    let title = format!("Reconstructions from {} latent variables", vae.n_features_out());
    let grid = ImageGrid::new(&title, shape, &Samples::new(all, x.width())?, x.rows().max(1))?;
    grid.with_row_names(vec!["sample".into(), "decoded".into()])
}
