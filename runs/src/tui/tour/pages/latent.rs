//! Scene 3: variational autoencoders that are fitted in the background.

mod sheet;
mod smile;

use std::time::Duration;

use freewheel_agents::Samples;
use freewheel_agents::data::Subset;
use freewheel_agents::estimator::{BaseEstimator, Estimator, Transformer};
use freewheel_agents::unsupervised::vae::{Config, Vae, VaeTrainer};
use freewheel_core::{Result, Streams};

use crate::picture::estimators::Concept;
use crate::tui::tour::ledger::{Cost, time_of};
use crate::tui::tour::page::Shared;
use crate::tui::tour::work::Work;

pub(in crate::tui::tour) use sheet::Sheet;
pub(in crate::tui::tour) use smile::Smile;

/// A fitted autoencoder that decodes and encodes: the estimator with this model.
struct Fitted {
    estimator: Estimator<Config>,
    loss: f64,
    epochs: u64,
    /// Direction of a concept in the codes.
    concept: Option<Concept>,
}

/// Trains an autoencoder on `x`, and sends it after every epoch, with the concept that `concept` finds.
fn train(
    x: Samples,
    config: Config,
    concept: impl Fn(&Estimator<Config>, &Samples) -> Option<Concept> + Send + 'static,
) -> Work<Fitted> {
    Work::start(move |reporter| {
        let streams = Streams::new(0);
        let epochs = u64::from(config.training.num_epochs);
        let mut trainer = VaeTrainer::new(config.clone(), &x, streams)?;
        for epoch in 1..=epochs {
            let loss = trainer.epoch(&x)?;
            let estimator = restored(&config, &trainer.model(), streams)?;
            let share = epoch as f64 / epochs as f64;
            // The concept takes time, and is of use when the autoencoder has learned something.
            let concept = if epoch % 5 == 0 { concept(&estimator, &x) } else { None };
            if !reporter.send(share, Some(Fitted { estimator, loss, epochs: epoch, concept })) {
                break;
            }
        }
        Ok(())
    })
}

/// Estimator with this model.
fn restored(config: &Config, model: &Vae, streams: Streams) -> Result<Estimator<Config>> {
    let mut estimator = Estimator::new(config.clone(), streams)?;
    let bytes = postcard::to_stdvec(model)
        .map_err(|e| freewheel_core::Error::Unsupported(format!("the model cannot be copied: {e}")))?;
    estimator.load(&bytes)?;
    Ok(estimator)
}

/// Enters the cost of an autoencoder.
fn enter(
    shared: &mut Shared,
    name: &'static str,
    part: &Option<Subset>,
    fitted: Option<&Fitted>,
    time: Duration,
) {
    let (Some(part), Some(fitted)) = (part, fitted) else { return };
    let one = part.samples.select(&[0]);
    shared.ledger.enter(Cost {
        name,
        examples: part.rows() as u64 * fitted.epochs,
        learning: time,
        parameters: fitted.estimator.n_parameters().unwrap_or(0) as u64,
        answer: Some(time_of(|| drop(fitted.estimator.transform(&one)))),
        score: (format!("{:.0} nats", fitted.loss), "-".into()),
    });
}
