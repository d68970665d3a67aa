//! `concept` and `interpolate`: what lies between samples, as a fitted learner has it.

use std::path::{Path, PathBuf};

use freewheel_agents::fit::Estimator;
use freewheel_agents::unsupervised::Encoder;
use freewheel_core::data::{self, DataSet};
use freewheel_core::{Error as Core, Samples};
use serde_json::json;

use super::threads;
use crate::cli::{Concept, Interpolate};
use crate::error::{Error, Result};
use crate::experiment::pool;
use crate::fit::group::{Pair, factor, rows_of};
use crate::fit::{folder, judged};
use crate::picture::learners::{self, Effect, MEASURED, latents};
use crate::picture::{self, Named};
use crate::{Registry, output};

/// Samples to which a concept is added, if nobody says which.
const SHOWN: usize = 6;

/// The encoder in `path` and the set that it was fitted to.
fn opened(registry: &Registry, path: &Path) -> Result<(Box<dyn Encoder>, DataSet)> {
    let (estimator, report) = folder::read(path, registry.learners())?;
    match estimator {
        Estimator::Encoder(it) if it.id() != "kmeans" => {
            Ok((it, data::open(&report.plan.data, &report.plan.options)?))
        }
        _ => Err(Core::Config(format!(
            "{}: {} has no factors to go along; fit a vae or pca",
            path.display(),
            report.plan.learner
        ))
        .into()),
    }
}

pub(super) fn concept(registry: &Registry, args: &Concept) -> Result<()> {
    let pool = pool(threads(args.threads))?;
    let (it, set) = pool.install(|| opened(registry, &args.fit))?;
    let (shown, called) = judged(&set);
    let rows = match &args.rows {
        Some(rows) => rows_of(rows.as_slice().iter().map(|&row| row as usize), shown, &set.name, called)?,
        None => (0..shown.rows().min(SHOWN)).collect(),
    };
    let steps: Vec<f32> =
        (0..args.steps).map(|i| args.reach * (2.0 * i as f32 / (args.steps - 1) as f32 - 1.0)).collect();
    let (concept, effect, sheet) = pool.install(|| -> Result<_> {
        let concept = match (&args.factor, &args.with, &args.without) {
            (Some(name), ..) => {
                let (which, known) = factor(&set, name)?;
                learners::Concept::of_factor(&*it, &set.train.samples, known, which, &set.factors[which])?
            }
            (None, Some(with), Some(without)) => {
                let [one, other] = [with, without].map(|group| group.samples(&set));
                learners::Concept::between(with.name(), &*it, &one?, &other?)?
            }
            _ => {
                return Err(Error::Usage("name a --factor, or two groups, --with and --without".into()));
            }
        };
        // What can be measured are the factors of the drawn faces.
        let measured = match set.factors.is_empty() {
            true => None,
            false => {
                let few: Vec<usize> = (0..shown.rows().min(MEASURED)).collect();
                Some(Effect::measure(&concept, &*it, &shown.samples.select(&few), &steps)?)
            }
        };
        let sheet = concept.sheet(&*it, &set.shape, &shown.samples.select(&rows), &steps)?;
        Ok((concept, measured, sheet))
    })?;
    let name = match (&args.with, &args.without) {
        (Some(with), Some(without)) => format!("concept-{}-or-{}", plain(&with.text), plain(&without.text)),
        _ => format!("concept-{}", plain(&concept.name)),
    };
    let mut pictures = vec![Named::new(&name, sheet)];
    if let Some(effect) = &effect {
        pictures.push(Named::new(format!("{name}-effect"), effect.chart()?));
    }
    kept(&args.fit, &pictures, args.json, &json!({ "concept": concept, "effect": effect }))?;
    match (&effect, args.json) {
        (Some(effect), false) => output::text(&format!("\n{}", effect.table())),
        _ => Ok(()),
    }
}

pub(super) fn interpolate(registry: &Registry, args: &Interpolate) -> Result<()> {
    let pool = pool(threads(args.threads))?;
    let (it, set) = pool.install(|| opened(registry, &args.fit))?;
    let (part, called) = judged(&set);
    let ends = |end: usize| -> Result<Samples> {
        let rows = args.pairs.iter().map(|pair| pair.0[end]);
        Ok(part.samples.select(&rows_of(rows, part, &set.name, called)?))
    };
    let (from, to) = (ends(0)?, ends(1)?);
    let sheet =
        pool.install(|| latents::interpolations(&*it, &set.shape, &from, &to, args.steps as usize))?;
    let pairs: Vec<String> = args.pairs.iter().map(|Pair([a, b])| format!("{a}-{b}")).collect();
    let pictures = [Named::new(format!("interpolation-{}", pairs.join("_")), sheet)];
    kept(&args.fit, &pictures, args.json, &json!({}))
}

/// Keeps the pictures beside the learner's own and says where; shows the first.
fn kept(fit: &Path, pictures: &[Named], as_json: bool, more: &serde_json::Value) -> Result<()> {
    let folder = if fit.is_dir() { fit } else { fit.parent().unwrap_or(Path::new("")) };
    let write = |Named { name, picture }: &Named| picture::write(folder.join("pictures"), name, &**picture);
    let files: Vec<PathBuf> =
        pictures.iter().map(write).collect::<freewheel_core::Result<Vec<_>>>()?.concat();
    if as_json {
        let mut report = more.clone();
        report["files"] = json!(files);
        return output::json(&report);
    }
    let (width, depth) = picture::screen();
    let shown = pictures.first().map_or_else(String::new, |first| first.picture.text(width, depth));
    let files: String = files.iter().map(|file| format!("{}\n", file.display())).collect();
    output::text(&format!("{shown}\n{files}"))
}

/// What can stand in the name of a file.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(40).collect()
}
