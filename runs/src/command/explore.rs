//! `concept` and `interpolate`: what lies between samples, as a fitted learner has it.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use freewheel_agents::fit::Estimator;
use freewheel_agents::unsupervised::Encoder;
use freewheel_core::data::{self, Answers, DataSet, Part, Target};
use freewheel_core::settings::unknown;
use freewheel_core::{Error as Core, Samples};
use serde_json::json;

use super::threads;
use crate::cli::{Concept, Interpolate};
use crate::error::{Error, Result};
use crate::experiment::pool;
use crate::fit::{folder, judged};
use crate::picture::learners::{self, Effect, MEASURED, latents};
use crate::picture::{self, Named};
use crate::seeds::Seeds;
use crate::{Catalogue, output};

/// Samples to which a concept is added, if nobody says which.
const SHOWN: usize = 6;

/// Samples as people name a group of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// As it was written.
    text: String,
    of: Of,
}

/// Which samples.
#[derive(Clone, Debug, PartialEq)]
enum Of {
    /// By their rows: `0..50`.
    Rows(Seeds),
    /// By their class: `class=7`.
    Class(String),
    /// By what they were drawn from: `smile>0.5`, `smile<0`.
    Factor {
        /// The factor's name.
        name: String,
        /// Whether it is to be greater.
        above: bool,
        /// Than what, in the factor's unit.
        than: f32,
    },
}

impl FromStr for Group {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let of = if let Some(class) = text.strip_prefix("class=") {
            Of::Class(class.to_owned())
        } else if let Some(at) = text.find(['<', '>']) {
            let (name, than) = (text[..at].trim(), text[at + 1..].trim());
            let than = than.parse().map_err(|_| format!("`{than}` is no number, in `{text}`"))?;
            Of::Factor { name: name.to_owned(), above: text[at..].starts_with('>'), than }
        } else {
            let wrong = |_| format!("`{text}` names no samples; write 0..50, class=NAME, or FACTOR>NUMBER");
            Of::Rows(text.parse().map_err(wrong)?)
        };
        Ok(Group { text: text.to_owned(), of })
    }
}

impl Group {
    /// What it is about.
    fn name(&self) -> &str {
        match &self.of {
            Of::Rows(_) => "concept",
            Of::Class(name) | Of::Factor { name, .. } => name,
        }
    }

    /// Its samples among those that were learned from.
    fn samples(&self, set: &DataSet) -> Result<Samples> {
        let part = &set.train;
        let those = |wanted: &dyn Fn(usize) -> bool| (0..part.rows()).filter(|&i| wanted(i)).collect();
        let rows: Vec<usize> = match &self.of {
            Of::Rows(rows) => rows_of(rows, part, &set.name, "train")?,
            Of::Class(name) => match (&set.target, &part.answers) {
                (Target::Classes(names), Answers::Classes(of)) => {
                    let Some(class) = names.iter().position(|one| one == name) else {
                        return Err(Core::Config(unknown("class", name, names, &set.name)).into());
                    };
                    those(&|i| of[i] as usize == class)
                }
                _ => return Err(Core::Config(format!("{}: it has no classes", set.name)).into()),
            },
            Of::Factor { name, above, than } => {
                let (which, known) = factor(set, name)?;
                those(&|i| if *above { known.row(i)[which] > *than } else { known.row(i)[which] < *than })
            }
        };
        if rows.is_empty() {
            return Err(Core::Config(format!("{}: no sample is such: {}", set.name, self.text)).into());
        }
        Ok(part.samples.select(&rows))
    }
}

/// Which column of the training part's factors `name` is, and these.
fn factor<'a>(set: &'a DataSet, name: &str) -> Result<(usize, &'a Samples)> {
    let known: Vec<&str> = set.factors.iter().map(|factor| factor.name.as_str()).collect();
    match (known.iter().position(|one| *one == name), &set.train.factors) {
        (Some(which), Some(factors)) => Ok((which, factors)),
        (_, Some(_)) if !known.is_empty() => {
            Err(Core::Config(unknown("factor", name, &known, &set.name)).into())
        }
        _ => {
            let message = format!(
                "{}: what its samples were made from is not known; name two groups of them, --with and --without",
                set.name
            );
            Err(Core::Config(message).into())
        }
    }
}

fn rows_of(rows: &Seeds, part: &Part, name: &str, called: &str) -> Result<Vec<usize>> {
    let rows: Vec<usize> = rows.as_slice().iter().map(|&row| row as usize).collect();
    match rows.iter().find(|&&row| row >= part.rows()) {
        None => Ok(rows),
        Some(row) => Err(Core::Config(format!(
            "there is no row {row}; {name} has {} {called} rows, counted from 0",
            part.rows()
        ))
        .into()),
    }
}

/// The encoder in `path` and the set that it was fitted to.
fn opened(catalogue: &Catalogue, path: &Path) -> Result<(Box<dyn Encoder>, DataSet)> {
    let (estimator, report) = folder::read(path, catalogue.learners())?;
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

pub(super) fn concept(catalogue: &Catalogue, args: &Concept) -> Result<()> {
    let pool = pool(threads(args.threads))?;
    let (it, set) = pool.install(|| opened(catalogue, &args.fit))?;
    let (shown, called) = judged(&set);
    let rows = match &args.rows {
        Some(rows) => rows_of(rows, shown, &set.name, called)?,
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

pub(super) fn interpolate(catalogue: &Catalogue, args: &Interpolate) -> Result<()> {
    let pool = pool(threads(args.threads))?;
    let (it, set) = pool.install(|| opened(catalogue, &args.fit))?;
    let (part, called) = judged(&set);
    let ends = |end: usize| -> Result<Samples> {
        let all: Vec<usize> = args.pairs.iter().map(|pair| pair.0[end]).collect();
        if let Some(row) = all.iter().find(|&&row| row >= part.rows()) {
            let message = format!(
                "there is no row {row}; {} has {} {called} rows, counted from 0",
                set.name,
                part.rows()
            );
            return Err(Core::Config(message).into());
        }
        Ok(part.samples.select(&all))
    };
    let (from, to) = (ends(0)?, ends(1)?);
    let sheet =
        pool.install(|| latents::interpolations(&*it, &set.shape, &from, &to, args.steps as usize))?;
    let pairs: Vec<String> = args.pairs.iter().map(|Pair([a, b])| format!("{a}-{b}")).collect();
    let pictures = [Named::new(format!("interpolation-{}", pairs.join("_")), sheet)];
    kept(&args.fit, &pictures, args.json, &json!({}))
}

/// Two rows as people write them: `3-17`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair(pub [usize; 2]);

impl FromStr for Pair {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let pair =
            text.split_once('-').and_then(|(a, b)| Some([a.trim().parse().ok()?, b.trim().parse().ok()?]));
        pair.map(Pair).ok_or_else(|| format!("`{text}` is no pair of rows; write 3-17"))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_pairs_as_they_are_written() {
        let of = |text: &str| text.parse::<Group>().unwrap().of;
        assert_eq!(of("class=Ankle boot"), Of::Class("Ankle boot".into()));
        assert_eq!(of("0..3"), Of::Rows("0,1,2".parse().unwrap()));
        let smile = |above, than| Of::Factor { name: "smile".into(), above, than };
        assert_eq!(of("smile>0.5"), smile(true, 0.5));
        assert_eq!(of("smile < -0.5"), smile(false, -0.5));
        assert!("smile>much".parse::<Group>().unwrap_err().contains("no number"));
        assert!("smiling".parse::<Group>().unwrap_err().contains("class=NAME"));
        assert_eq!("3-17".parse(), Ok(Pair([3, 17])));
        assert!("3".parse::<Pair>().is_err() && "a-b".parse::<Pair>().is_err());
    }
}
