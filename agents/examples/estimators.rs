//! Benchmark of the estimators on image data: scores and times, one JSON line per task.
//!
//!     cargo run --release -p freewheel-agents --example estimators -- FOLDER [FILTER] [SETTINGS]
//!
//! FOLDER contains `fashion-mnist` and `mnist-10k`. FILTER is part of a task's name, such as `fashion/forest`.
//! SETTINGS are TOML settings of every task that runs.

#![allow(clippy::print_stdout)] // It is what it is for.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::time::Instant;

use freewheel_agents::Samples;
use freewheel_agents::estimator::metrics::accuracy;
use freewheel_agents::estimator::metrics::{matching_accuracy, normalized_mutual_information};
use freewheel_agents::estimator::{AnyEstimator, Estimator, EstimatorFactory, no_callback};
use freewheel_agents::unsupervised::{kmeans, pca, vae};
use freewheel_agents::{supervised, unsupervised};
use freewheel_core::{Purpose, Streams};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

struct Data {
    name: &'static str,
    train: (Samples, Vec<u32>),
    test: (Samples, Vec<u32>),
}

fn unzipped(path: &Path, head: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(fs::File::open(path)?).read_to_end(&mut bytes)?;
    Ok(bytes.split_off(head))
}

fn fashion(folder: &Path) -> Result<Data> {
    let part = |name: &str| -> Result<(Samples, Vec<u32>)> {
        let file = |kind: &str| folder.join(format!("fashion-mnist/{name}-{kind}-ubyte.gz"));
        let pixels = unzipped(&file("images-idx3"), 16)?;
        let labels = unzipped(&file("labels-idx1"), 8)?;
        let values = pixels.iter().map(|&p| f64::from(p) / 255.0).collect();
        Ok((Samples::new(values, 784)?, labels.into_iter().map(u32::from).collect()))
    };
    Ok(Data { name: "fashion", train: part("train")?, test: part("t10k")? })
}

/// Training set of the first 8,000 rows of a fixed permutation, test set of the other 2,000.
fn digits(folder: &Path) -> Result<Data> {
    let (mut values, mut labels) = (Vec::new(), Vec::new());
    for digit in 0..10u32 {
        let text = fs::read_to_string(folder.join(format!("mnist-10k/{digit}.json")))?;
        let json: serde_json::Value = serde_json::from_str(&text)?;
        let data = json["data"].as_array().ok_or("no data")?;
        values.extend(data.iter().map(|x| x.as_f64().unwrap_or_default()));
        labels.resize(values.len() / 784, digit);
    }
    let all = Samples::new(values, 784)?;
    // A permutation that is simple in any language: 7919 is coprime to the number of rows.
    let order: Vec<usize> = (0..all.rows()).map(|i| i * 7919 % all.rows()).collect();
    let part = |which: &[usize]| (all.select(which), which.iter().map(|&i| labels[i]).collect());
    Ok(Data { name: "digits", train: part(&order[..8000]), test: part(&order[8000..]) })
}

struct Bench {
    filter: String,
    settings: toml::Table,
}

impl Bench {
    fn wanted(&self, name: &str) -> bool {
        name.contains(&self.filter)
    }

    fn with(&self, settings: &str) -> Result<toml::Table> {
        let mut all: toml::Table = settings.parse()?;
        all.extend(self.settings.clone());
        Ok(all)
    }

    fn classify(&self, data: &Data, factory: &dyn EstimatorFactory) -> Result<()> {
        let name = format!("{}/{}", data.name, factory.id());
        if !self.wanted(&name) {
            return Ok(());
        }
        let AnyEstimator::Classifier(mut it) = factory.build(&self.with("")?, Streams::new(0))? else {
            return Ok(());
        };
        let begin = Instant::now();
        it.fit_with(&data.train.0, &data.train.1, 10, &mut no_callback)?;
        let fit = begin.elapsed().as_secs_f64();
        let begin = Instant::now();
        let found = accuracy(&it.predict(&data.test.0)?, &data.test.1);
        let predict = begin.elapsed().as_secs_f64();
        println!(
            "{{\"name\": \"{name}\", \"accuracy\": {found:.4}, \"fit_s\": {fit:.3}, \"predict_s\": {predict:.3}, \
             \"parameters\": {}}}",
            it.n_parameters()?
        );
        Ok(())
    }

    /// Scores on the training samples, as for scikit-learn in `tests/peers/estimators.py`.
    fn cluster(&self, data: &Data, starts: u32) -> Result<()> {
        let name = format!("{}/kmeans", data.name);
        if !self.wanted(&name) {
            return Ok(());
        }
        use freewheel_agents::estimator::Transformer;
        let config = kmeans::Config { n_clusters: 10, n_init: starts, ..kmeans::Config::default() };
        let mut fit = Estimator::new(config, Streams::new(0))?;
        let begin = Instant::now();
        fit.fit(&data.train.0)?;
        let time = begin.elapsed().as_secs_f64();
        let labels = fit.model()?.predict(&data.train.0)?;
        println!(
            "{{\"name\": \"{name}\", \"accuracy\": {:.4}, \"nmi\": {:.4}, \"inertia\": {:.1}, \"iterations\": {}, \
             \"fit_s\": {time:.3}}}",
            matching_accuracy(&labels, &data.train.1),
            normalized_mutual_information(&labels, &data.train.1),
            fit.model()?.inertia(),
            fit.model()?.n_iter()
        );
        Ok(())
    }

    fn components(&self, data: &Data) -> Result<()> {
        let name = format!("{}/pca", data.name);
        if !self.wanted(&name) {
            return Ok(());
        }
        use freewheel_agents::estimator::Transformer;
        let mut fit = Estimator::new(pca::Config { n_components: 2 }, Streams::new(0))?;
        let begin = Instant::now();
        let mut rounds = 0;
        fit.fit_with(&data.train.0, &mut |p| {
            rounds = p.done;
            no_callback(p)
        })?;
        let time = begin.elapsed().as_secs_f64();
        let ratio = fit.model()?.explained_variance_ratio();
        println!(
            "{{\"name\": \"{name}\", \"explained\": [{:.6}, {:.6}], \"sum\": {:.6}, \"iterations\": {rounds}, \
             \"fit_s\": {time:.3}}}",
            ratio[0],
            ratio[1],
            ratio[0] + ratio[1]
        );
        Ok(())
    }

    fn autoencode(&self, data: &Data, latents: u32, more: &str) -> Result<()> {
        let name = format!("{}/vae{}-{latents}", data.name, if more.is_empty() { "" } else { "-conv" });
        if !self.wanted(&name) {
            return Ok(());
        }
        let settings = self.with(&format!("latent_dim = {latents}\n{more}"))?;
        let factories = unsupervised::all();
        let factory = factories.iter().find(|factory| factory.id() == "vae").ok_or("no vae")?;
        let AnyEstimator::Transformer(mut it) = factory.build(&settings, Streams::new(0))? else {
            return Ok(());
        };
        let begin = Instant::now();
        it.fit(&data.train.0)?;
        let time = begin.elapsed().as_secs_f64();
        let it: &dyn std::any::Any = &*it;
        let it = it.downcast_ref::<Estimator<vae::Config>>().ok_or("no vae")?;
        let elbo = it.model()?.elbo(&data.test.0, &mut Streams::new(0).stream(Purpose::Agent, 0, 2))?;
        println!(
            "{{\"name\": \"{name}\", \"negative_elbo\": {:.2}, \"reconstruction\": {:.2}, \"divergence\": {:.2}, \
             \"fit_s\": {time:.1}}}",
            elbo.negative(),
            elbo.reconstruction,
            elbo.kl_divergence
        );
        Ok(())
    }
}

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let folder = args.next().ok_or("FOLDER [FILTER] [SETTINGS]")?;
    let filter = args.next().unwrap_or_default();
    let bench = Bench { filter, settings: args.next().unwrap_or_default().parse()? };
    for (name, read) in [("fashion", fashion as fn(&Path) -> Result<Data>), ("digits", digits)] {
        if bench.filter.split_once('/').is_some_and(|(only, _)| only != name) {
            continue;
        }
        let data = read(Path::new(&folder))?;
        bench.components(&data)?;
        bench.cluster(&data, if data.name == "fashion" { 4 } else { 10 })?;
        for factory in supervised::all() {
            bench.classify(&data, &*factory)?;
        }
        if data.name == "digits" {
            for latents in [2, 20] {
                bench.autoencode(&data, latents, "")?;
                bench.autoencode(&data, latents, "channels = [32, 64]\nhidden_sizes = [128]")?;
            }
        }
    }
    Ok(())
}
