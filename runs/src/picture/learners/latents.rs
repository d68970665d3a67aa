//! What a decoder makes of factors.

use freewheel_agents::unsupervised::{Codes, Encoder, Vae};
use freewheel_core::data::{Answers, DataSet, Part, Shape};
use freewheel_core::{Purpose, Result, Samples, Streams};
use freewheel_envs::market::metrics::quantile;

use super::super::plane::written;
use super::super::{Scatter, Sheet, as_many, counted, some};
use super::colored;

/// The two axes along which `codes [N, K]` vary most, the lower first; of one, that one twice.
pub fn widest(codes: &Samples) -> [usize; 2] {
    let spread = |k: usize| {
        let along: Vec<f64> = codes.iter().map(|code| f64::from(code[k])).collect();
        freewheel_core::stats::standard_deviation(&along)
    };
    let spreads: Vec<f64> = (0..codes.width()).map(spread).collect();
    let mut axes: Vec<usize> = (0..codes.width()).collect();
    axes.sort_by(|&a, &b| spreads[b].total_cmp(&spreads[a]).then(a.cmp(&b)));
    let (first, second) = (axes[0], *axes.get(1).unwrap_or(&axes[0]));
    [first.min(second), first.max(second)]
}

/// What stands for the factors of the standard normal distribution's quantiles: `side` steps along each of two axes, those along
/// which `codes [N, K]` vary most; all other factors are 0. With one factor a single row.
///
/// # Errors
/// [`Error::Config`](freewheel_core::Error::Config) where the samples are no images, here and below.
pub fn grid(vae: &Vae, shape: &Shape, codes: &Samples, side: usize) -> Result<Sheet> {
    let title = "What the decoder makes of two factors";
    some(title, "steps", side)?;
    some(title, "codes", codes.rows())?;
    let at: Vec<f32> = (0..side).map(|i| quantile((i as f64 + 0.5) / side as f64) as f32).collect();
    let ([across, up], k) = (widest(codes), vae.code_width());
    let rows = if k > 1 { side } else { 1 };
    let mut all = vec![0.0; rows * side * k];
    for (i, code) in all.chunks_exact_mut(k).enumerate() {
        code[up] = at[side - 1 - i / side];
        code[across] = at[i % side];
    }
    let title = format!(
        "{title}\nfrom {} to {} by equal shares of N(0, 1){}",
        written(at[0].into(), 1),
        written(at[side - 1].into(), 1),
        match k {
            0..=2 => "",
            _ => "; the other factors are 0",
        }
    );
    let sheet = Sheet::new(&title, shape, &vae.decode(&Samples::new(all, k)?)?, side)?.close();
    let axis = |k: usize| format!("factor {} →", k + 1);
    Ok(sheet.axes(&axis(across), if k > 1 { axis(up) } else { String::new() }.as_str()))
}

/// `side` times `side` samples: what the decoder makes of factors drawn from N(0, 1).
///
/// # Errors
/// As [`grid`].
pub fn drawn(vae: &Vae, shape: &Shape, side: usize) -> Result<Sheet> {
    let mut dice = Streams::new(0).stream(Purpose::EvaluationAction, 0, 0);
    Sheet::new("Samples, their factors drawn from N(0, 1)", shape, &vae.sample(side * side, &mut dice)?, side)
}

/// The samples of `part` by the two factors along which their `codes [N, K]` vary most.
///
/// # Errors
/// [`Error::Config`](freewheel_core::Error::Config) where there are none.
pub fn map(codes: &Samples, set: &DataSet, part: &Part) -> Result<Scatter> {
    let axes = widest(codes);
    let points = codes.iter().flat_map(|code| axes.map(|axis| code[axis])).collect();
    let title =
        format!("{}: where the encoder puts samples\n{} samples", set.name, counted(part.rows() as u64));
    let names = axes.map(|axis| format!("factor {}", axis + 1));
    colored(Scatter::new(&title, Samples::new(points, 2)?, [&names[0], &names[1]])?, set, part)
}

/// Pairs of samples for [`interpolations`], `most` at most: of different classes, where there are classes.
pub fn pairs(part: &Part, most: usize) -> (Samples, Samples) {
    let class = |i: usize| match &part.answers {
        Answers::Classes(of) => of[i] as usize,
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

/// From each sample `from [N, D]` to the one in `to [N, D]`, by `steps` equal steps between their factors.
///
/// # Errors
/// As [`grid`]; and where there are not as many.
pub fn interpolations(
    model: &dyn Encoder,
    shape: &Shape,
    from: &Samples,
    to: &Samples,
    steps: usize,
) -> Result<Sheet> {
    let title = "From sample to sample";
    as_many(title, ("ends", to.rows()), ("beginnings", from.rows()))?;
    let (a, b) = (model.encode(from)?, model.encode(to)?);
    let t = |step: usize| step as f32 / (steps.max(2) - 1) as f32;
    let between = a.iter().zip(b.iter()).flat_map(|(a, b)| {
        (0..steps).flat_map(move |step| a.iter().zip(b).map(move |(a, b)| a + t(step) * (b - a)))
    });
    let decoded = model.decode(&Samples::new(between.collect(), a.width())?)?;
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
        format!("{title}\noutside: two samples; between them what the decoder makes of factors on the way");
    let sheet = Sheet::new(&title, shape, &Samples::new(all, decoded.width())?, steps + 2)?;
    Ok(sheet.columns(names)?.apart(&[1, steps + 1]))
}

/// Samples `x [N, D]` above what is left of each after it went through the factors.
///
/// # Errors
/// As [`grid`].
pub fn reconstructions(vae: &Vae, shape: &Shape, x: &Samples) -> Result<Sheet> {
    let mut all = x.values().to_vec();
    all.extend_from_slice(vae.reconstruct(x)?.values());
    let title = format!("What is left of a sample in {} factors", vae.code_width());
    let sheet = Sheet::new(&title, shape, &Samples::new(all, x.width())?, x.rows().max(1))?;
    sheet.rows(vec!["sample".into(), "decoded".into()])
}
