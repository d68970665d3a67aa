//! What PCA and k-means found.

use freewheel_agents::fit::unwatched;
use freewheel_agents::unsupervised::{Codes, Encode, KMeans, Pca, pca};
use freewheel_core::data::{Answers, DataSet, Part, Shape, Target};
use freewheel_core::{Result, Samples, Streams};

use super::super::{Chart, Scatter, Sheet, counted};
use super::colored;

/// The samples of `part` in the plane of the first two components.
///
/// # Errors
/// [`Error::Config`](freewheel_core::Error::Config) where there are no two, or no samples.
pub fn map_of(pca: &Pca, set: &DataSet, part: &Part) -> Result<Scatter> {
    let shares = pca.explained_variance_ratio();
    let both: f64 = shares.iter().take(2).sum();
    let title = format!(
        "{}: the plane of two principal components\n{} samples; the plane holds {:.2} % of the variance",
        set.name,
        counted(part.rows() as u64),
        100.0 * both
    );
    let axis = |i: usize| format!("component {} ({:.1} %)", i + 1, 100.0 * shares.get(i).unwrap_or(&0.0));
    colored(Scatter::new(&title, first_two(&pca.encode(&part.samples)?)?, [&axis(0), &axis(1)])?, set, part)
}

fn first_two(codes: &Samples) -> Result<Samples> {
    Samples::new(codes.iter().flat_map(|code| code.iter().take(2)).copied().collect(), 2)
}

/// The mean and the first `most` components as images: what grows along a component is red, what shrinks blue.
///
/// # Errors
/// [`Error::Config`](freewheel_core::Error::Config) where the samples are no gray images.
pub fn components(pca: &Pca, shape: &Shape, most: usize) -> Result<Sheet> {
    let shares = pca.explained_variance_ratio();
    let count = shares.len().min(most);
    let shown = pca.components().select(&(0..count).collect::<Vec<_>>());
    let title = "Principal components\nred grows along the component, blue shrinks; percent of the variance";
    let captions =
        shares.iter().take(count).enumerate().map(|(i, share)| format!("{}\n{:.1} %", i + 1, 100.0 * share));
    Sheet::signed(title, shape, &shown, count.min(10))?.captions(captions.collect())
}

/// The share of the variance along each component, and of all up to it.
///
/// # Errors
/// None that a user could cause.
pub fn explained(pca: &Pca) -> Result<Chart> {
    let shares: Vec<f64> = pca.explained_variance_ratio().iter().map(|share| 100.0 * share).collect();
    let mut sum = 0.0;
    let sums: Vec<(f64, f64)> = (1..)
        .zip(&shares)
        .map(|(i, share)| {
            sum += share;
            (f64::from(i), sum)
        })
        .collect();
    let title = format!("Variance explained\n{sum:.2} % by {} components", shares.len());
    Chart::new(&title, ["component", "% of the variance"]).bars("each", &shares)?.line("all up to it", sums)
}

/// Centers that are drawn at most: more than a hundred rows are no picture.
const CENTERS: usize = 100;

/// Each center, a hundred at most, then the members of its cluster in `part` that are nearest to it, `members` at most.
///
/// # Errors
/// [`Error::Config`](freewheel_core::Error::Config) where the samples are no images.
pub fn centers(kmeans: &KMeans, set: &DataSet, part: &Part, members: usize) -> Result<Sheet> {
    let (labels, distances) = (kmeans.labels(&part.samples)?, kmeans.encode(&part.samples)?);
    let (centers, d) = (kmeans.centers(), set.shape.width());
    let mut values = Vec::new();
    let (mut names, mut missing) = (Vec::new(), Vec::new());
    for (j, center) in centers.iter().enumerate().take(CENTERS) {
        let mut own: Vec<usize> = (0..labels.len()).filter(|&i| labels[i] as usize == j).collect();
        names.push(
            format!("{}\n{}", counted(own.len() as u64), most_are(set, part, &own)).trim_end().to_owned(),
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
    let below = match part.answers {
        Answers::Classes(_) => "\nleft: members of the cluster, and which class is most frequent among them",
        _ => "\nleft: members of the cluster",
    };
    let title = format!("{}: {} centers, and the samples nearest to each{below}", set.name, centers.rows());
    let sheet = Sheet::new(&title, &set.shape, &Samples::new(values, d)?, members + 1)?;
    Ok(sheet.rows(names)?.apart(&[1]).without(missing))
}

/// The most frequent class of the samples `own`, and its share.
fn most_are(set: &DataSet, part: &Part, own: &[usize]) -> String {
    let (Answers::Classes(of), Target::Classes(names)) = (&part.answers, &set.target) else {
        return String::new();
    };
    let mut counts = vec![0usize; names.len()];
    own.iter().for_each(|&i| counts[of[i] as usize] += 1);
    match (0..counts.len()).rev().max_by_key(|&class| counts[class]) {
        Some(class) if !own.is_empty() => {
            format!("{:.0} % {}", 100.0 * counts[class] as f64 / own.len() as f64, names[class])
        }
        _ => String::new(),
    }
}

/// The samples of `part` in the plane of their own two principal components, colored by cluster, with the centers.
///
/// # Errors
/// [`Error::Config`](freewheel_core::Error::Config) where there are fewer than three samples, or they have one column.
pub fn clusters(kmeans: &KMeans, set: &DataSet, part: &Part) -> Result<Scatter> {
    let plane = pca::Config { n_components: 2 }.fit(&part.samples, Streams::new(0), &mut unwatched)?;
    let labels = kmeans.labels(&part.samples)?;
    let k = kmeans.centers().rows();
    let names: Vec<String> = (1..=k).map(|j| format!("cluster {j}")).collect();
    let title = format!("{}: {k} clusters in the plane of two principal components", set.name);
    let map = Scatter::new(&title, plane.encode(&part.samples)?, ["component 1", "component 2"])?;
    map.by_class(&labels, &names)?.with_centers(plane.encode(kmeans.centers())?)
}
