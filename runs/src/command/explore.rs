//! `concept` and `interpolate`: directions and paths in the latent space of a fitted estimator.

use std::path::{Path, PathBuf};

use freewheel_agents::Samples;
use freewheel_agents::data::{self, DataSet};
use freewheel_agents::estimator::{AnyEstimator, Transformer};
use freewheel_core::Error as Core;
use serde_json::json;

use crate::cli::{Concept, Interpolate};
use crate::error::{Error, Result};
use crate::experiment::pool;
use crate::fit::group::{RowPair, check_rows, factor_column};
use crate::fit::{self, evaluation_subset};
use crate::picture::estimators::{self, EFFECT_SAMPLES, Effect, latent};
use crate::picture::{self, NamedPicture};
use crate::{Registry, output};

/// Number of samples that are shown without `--rows`.
const DEFAULT_ROWS: usize = 6;

/// Fitted transformer (VAE or PCA) at `path`, and its data set.
fn open(registry: &Registry, path: &Path) -> Result<(Box<dyn Transformer>, DataSet)> {
    let (estimator, report) = fit::read(path, registry.estimators())?;
    match estimator {
        AnyEstimator::Transformer(it) if it.id() != "kmeans" => {
            Ok((it, data::open(&report.plan.data, &report.plan.options)?))
        }
        _ => Err(Core::Config(format!(
            "{}: {} has no latent space; fit a vae or pca",
            path.display(),
            report.plan.estimator
        ))
        .into()),
    }
}

pub(super) fn concept(registry: &Registry, args: &Concept) -> Result<()> {
    let pool = pool(args.threads.count())?;
    let (it, set) = pool.install(|| open(registry, &args.fit))?;
    let (part, part_name) = evaluation_subset(&set);
    let rows = match &args.rows {
        Some(rows) => {
            check_rows(rows.as_slice().iter().map(|&row| row as usize), part, &set.name, part_name)?
        }
        None => (0..part.rows().min(DEFAULT_ROWS)).collect(),
    };
    let steps: Vec<f32> =
        (0..args.steps).map(|i| args.reach * (2.0 * i as f32 / (args.steps - 1) as f32 - 1.0)).collect();
    let (concept, effect, grid) = pool.install(|| -> Result<_> {
        let concept = match (&args.factor, &args.with, &args.without) {
            (Some(name), ..) => {
                let (column, factors) = factor_column(&set, name)?;
                estimators::Concept::from_factor(
                    &*it,
                    &set.train.samples,
                    factors,
                    column,
                    &set.factors[column],
                )?
            }
            (None, Some(with), Some(without)) => {
                let [one, other] = [with, without].map(|group| group.samples(&set));
                estimators::Concept::from_groups(with.name(), &*it, &one?, &other?)?
            }
            _ => {
                return Err(Error::Usage(
                    "write --factor NAME, or two groups: --with GROUP --without GROUP".into(),
                ));
            }
        };
        // Only the factors of drawn faces can be measured.
        let effect = match set.factors.is_empty() {
            true => None,
            false => {
                let few: Vec<usize> = (0..part.rows().min(EFFECT_SAMPLES)).collect();
                Some(Effect::measure(&concept, &*it, &part.samples.select(&few), &steps)?)
            }
        };
        let grid = concept.image_grid(&*it, &set.shape, &part.samples.select(&rows), &steps)?;
        Ok((concept, effect, grid))
    })?;
    let name = match (&args.with, &args.without) {
        (Some(with), Some(without)) => {
            format!("concept-{}-or-{}", file_name_part(&with.text), file_name_part(&without.text))
        }
        _ => format!("concept-{}", file_name_part(&concept.name)),
    };
    let mut pictures = vec![NamedPicture::new(&name, grid)];
    if let Some(effect) = &effect {
        pictures.push(NamedPicture::new(format!("{name}-effect"), effect.chart()?));
    }
    save(&args.fit, &pictures, args.output.json, &json!({ "concept": concept, "effect": effect }))?;
    match (&effect, args.output.json) {
        (Some(effect), false) => output::text(&format!("\n{}", effect.table())),
        _ => Ok(()),
    }
}

pub(super) fn interpolate(registry: &Registry, args: &Interpolate) -> Result<()> {
    let pool = pool(args.threads.count())?;
    let (it, set) = pool.install(|| open(registry, &args.fit))?;
    let (part, part_name) = evaluation_subset(&set);
    let ends = |end: usize| -> Result<Samples> {
        let rows = args.pairs.iter().map(|pair| pair.0[end]);
        Ok(part.samples.select(&check_rows(rows, part, &set.name, part_name)?))
    };
    let (from, to) = (ends(0)?, ends(1)?);
    let grid = pool.install(|| latent::interpolations(&*it, &set.shape, &from, &to, args.steps as usize))?;
    let pairs: Vec<String> = args.pairs.iter().map(|RowPair([a, b])| format!("{a}-{b}")).collect();
    let pictures = [NamedPicture::new(format!("interpolation-{}", pairs.join("_")), grid)];
    save(&args.fit, &pictures, args.output.json, &json!({}))
}

/// Saves the pictures in the fit's folder, prints their paths and the first picture.
fn save(fit: &Path, pictures: &[NamedPicture], as_json: bool, more: &serde_json::Value) -> Result<()> {
    let folder = if fit.is_dir() { fit } else { fit.parent().unwrap_or(Path::new("")) };
    let write = |NamedPicture { name, picture }: &NamedPicture| {
        picture::write(folder.join("pictures"), name, &**picture)
    };
    let files: Vec<PathBuf> =
        pictures.iter().map(write).collect::<freewheel_core::Result<Vec<_>>>()?.concat();
    if as_json {
        let mut report = more.clone();
        report["files"] = json!(files);
        return output::json(&report);
    }
    let (width, depth) = picture::terminal_size();
    let shown = pictures.first().map_or_else(String::new, |first| first.picture.text(width, depth));
    let files: String = files.iter().map(|file| format!("{}\n", file.display())).collect();
    output::picture(&format!("{shown}\n{files}"))
}

/// `name` with other characters than letters and digits replaced by `-`, at most 40 characters.
fn file_name_part(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(40).collect()
}
