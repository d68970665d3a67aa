//! Pictures of PCA and k-means.

use freewheel_agents::Samples;
use freewheel_agents::data::{DataSet, Shape, Subset, TargetSpec, Targets};
use freewheel_agents::estimator::{TransformerConfig, TransformerModel, no_callback};
use freewheel_agents::unsupervised::{KMeans, Pca, pca};
use freewheel_core::{Result, Streams};

use super::super::{Chart, ImageGrid, Scatter, thousands};
use super::colored;

/// Scatter plot of `part` over the first two principal components.
///
/// # Errors
/// [`Error::Config`](freewheel_core::Error::Config) with fewer than two components, or without samples.
pub fn component_map(pca: &Pca, set: &DataSet, part: &Subset) -> Result<Scatter> {
    let shares = pca.explained_variance_ratio();
    let both: f64 = shares.iter().take(2).sum();
    let title = format!(
        "{}: first two principal components\n{} samples; {:.2} % of the variance",
        set.name,
        thousands(part.rows() as u64),
        100.0 * both
    );
    let axis = |i: usize| format!("component {} ({:.1} %)", i + 1, 100.0 * shares.get(i).unwrap_or(&0.0));
    colored(
        Scatter::new(&title, first_two(&pca.transform(&part.samples)?)?, [&axis(0), &axis(1)])?,
        set,
        part,
    )
}

fn first_two(codes: &Samples) -> Result<Samples> {
    Samples::new(codes.iter().flat_map(|code| code.iter().take(2)).copied().collect(), 2)
}

/// At most `most` principal components, the first ones, as images: positive weights red, negative weights blue.
///
/// # Errors
/// [`Error::Config`](freewheel_core::Error::Config) if the samples are not gray images.
pub fn components(pca: &Pca, shape: &Shape, most: usize) -> Result<ImageGrid> {
    let shares = pca.explained_variance_ratio();
    let count = shares.len().min(most);
    let shown = pca.components().select(&(0..count).collect::<Vec<_>>());
    let title = "Principal components\nred: positive weight, blue: negative; percent of the variance";
    let captions =
        shares.iter().take(count).enumerate().map(|(i, share)| format!("{}\n{:.1} %", i + 1, 100.0 * share));
    ImageGrid::signed(title, shape, &shown, count.min(10))?.with_captions(captions.collect())
}

/// Explained variance of each component (bars) and cumulative (line), in percent.
///
/// # Errors
/// No errors for a fitted model.
pub fn explained_variance(pca: &Pca) -> Result<Chart> {
    let shares: Vec<f64> = pca.explained_variance_ratio().iter().map(|share| 100.0 * share).collect();
    let mut sum = 0.0;
    let sums: Vec<(f64, f64)> = (1..)
        .zip(&shares)
        .map(|(i, share)| {
            sum += share;
            (f64::from(i), sum)
        })
        .collect();
    let title = format!("Explained variance\n{sum:.2} % by {} components", shares.len());
    Chart::new(&title, ["component", "% of the variance"])
        .bars("each component", &shares)?
        .line("cumulative", sums)
}

/// Maximum number of cluster centers in the picture.
const MAX_CENTERS: usize = 100;

/// Grid with one row per center: the center and the members of its cluster in `part` that are nearest to it. At most
/// 100 centers and `members` samples per row.
///
/// # Errors
/// [`Error::Config`](freewheel_core::Error::Config) if the samples are not images.
pub fn centers(kmeans: &KMeans, set: &DataSet, part: &Subset, members: usize) -> Result<ImageGrid> {
    let (labels, distances) = (kmeans.predict(&part.samples)?, kmeans.transform(&part.samples)?);
    let (centers, d) = (kmeans.cluster_centers(), set.shape.width());
    let mut values = Vec::new();
    let (mut names, mut missing) = (Vec::new(), Vec::new());
    for (j, center) in centers.iter().enumerate().take(MAX_CENTERS) {
        let mut own: Vec<usize> = (0..labels.len()).filter(|&i| labels[i] as usize == j).collect();
        names.push(
            format!("{}\n{}", thousands(own.len() as u64), most_frequent_class(set, part, &own))
                .trim_end()
                .to_owned(),
        );
        own.sort_by(|&a, &b| distances.row(a)[j].total_cmp(&distances.row(b)[j]).then(a.cmp(&b)));
        values.extend_from_slice(center);
        for place in 0..members {
            match own.get(place) {
                Some(&i) => values.extend_from_slice(part.samples.row(i)),
                None => {
                    missing.push(j * (members + 1) + 1 + place);
                    values.resize(values.len() + d, 0.0);
                }
            }
        }
    }
    let subtitle = match part.targets {
        Targets::Labels(_) => "\nleft: size of the cluster, and its most frequent class",
        _ => "\nleft: size of the cluster",
    };
    let title = format!("{}: {} centers, each with its nearest samples{subtitle}", set.name, centers.rows());
    let grid = ImageGrid::new(&title, &set.shape, &Samples::new(values, d)?, members + 1)?;
    Ok(grid.with_row_names(names)?.gaps_before(&[1]).with_empty(missing))
}

/// Most frequent class among the rows of `part` with the indices `own`, and its share in percent; empty without
/// classes.
fn most_frequent_class(set: &DataSet, part: &Subset, own: &[usize]) -> String {
    let (Targets::Labels(labels), TargetSpec::Classes(names)) = (&part.targets, &set.target) else {
        return String::new();
    };
    let mut counts = vec![0usize; names.len()];
    own.iter().for_each(|&i| counts[labels[i] as usize] += 1);
    match (0..counts.len()).rev().max_by_key(|&class| counts[class]) {
        Some(class) if !own.is_empty() => {
            format!("{:.0} % {}", 100.0 * counts[class] as f64 / own.len() as f64, names[class])
        }
        _ => String::new(),
    }
}

/// Scatter plot of `part` over the first two principal components of `part`, colored by cluster, with the cluster
/// centers.
///
/// # Errors
/// [`Error::Config`](freewheel_core::Error::Config) with fewer than three samples or two columns.
pub fn clusters(kmeans: &KMeans, set: &DataSet, part: &Subset) -> Result<Scatter> {
    let projection = pca::Config { n_components: 2 }.fit(&part.samples, Streams::new(0), &mut no_callback)?;
    let labels = kmeans.predict(&part.samples)?;
    let k = kmeans.cluster_centers().rows();
    let names: Vec<String> = (1..=k).map(|j| format!("cluster {j}")).collect();
    let title = format!("{}: {k} clusters over the first two principal components", set.name);
    let map = Scatter::new(&title, projection.transform(&part.samples)?, ["component 1", "component 2"])?;
    map.by_class(&labels, &names)?.with_centers(projection.transform(kmeans.cluster_centers())?)
}
