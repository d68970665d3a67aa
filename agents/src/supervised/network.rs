//! Network classifiers: training and prediction of the multilayer perceptron and the convolutional network.
//!
//! The loss is the mean cross-entropy `-ln p_label`, with p the softmax of the network's output `[B, C]`.

use crate::Samples;
use freewheel_core::{Result, Streams};
use serde::{Deserialize, Serialize};

use super::softmax::{log_softmax, softmax};
use crate::estimator::factory::toml_text;
use crate::estimator::training::{
    InputScale, NetworkTrainer, TrainingConfig, apply, check_parameters, finite_loss, gather,
};
use crate::estimator::{ClassifierConfig, ClassifierModel, EstimatorConfig, FitCallback, Model, ensure};
use crate::nn::model::MAX_PARAMETERS;
use crate::nn::{Init, Network};

/// Kaiming initialization for a ReLU.
pub(super) const GAIN: Init = Init::Kaiming(std::f32::consts::SQRT_2);

/// Settings that define a network and its training.
pub trait NetworkConfig: EstimatorConfig {
    /// Network from samples of `width` numbers to the logits of `n_classes` classes.
    ///
    /// # Errors
    /// [`Error::Config`](freewheel_core::Error::Config) for a width that the network cannot take.
    fn network(&self, width: usize, n_classes: u32) -> Result<Network>;
    /// Training settings.
    fn training(&self) -> &TrainingConfig;
}

/// Fitted network classifier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "A: NetworkConfig")]
pub struct NetworkClassifier<A> {
    #[serde(with = "toml_text")]
    config: A,
    width: usize,
    n_classes: u32,
    scale: InputScale,
    parameters: Vec<f32>,
}

impl<A> NetworkClassifier<A> {
    /// Parameters `[P]`, in the order of the network's layers.
    pub fn parameters(&self) -> &[f32] {
        &self.parameters
    }
}

impl<A: NetworkConfig> NetworkClassifier<A> {
    /// Layers and shapes of the network to which the parameters belong.
    ///
    /// # Errors
    /// None for a fitted model.
    pub fn network(&self) -> Result<Network> {
        self.config.network(self.width, self.n_classes)
    }
}

impl<A: NetworkConfig<Model = NetworkClassifier<A>>> ClassifierConfig for A {
    fn fit(
        &self,
        x: &Samples,
        labels: &[u32],
        n_classes: u32,
        streams: Streams,
        callback: &mut FitCallback<'_>,
    ) -> Result<NetworkClassifier<A>> {
        let network = self.network(x.width(), n_classes)?;
        let mut learning = NetworkTrainer::new(network, self.training(), streams, 0, x.rows())?;
        let scale = InputScale::of(x);
        let mut rows = Vec::new();
        let c = n_classes as usize;
        self.training().run(x, streams, callback, |batch, lr, step| {
            gather(x, batch, &scale, &mut rows);
            learning.forward(&rows);
            let (out, output_gradient) = learning.output_and_gradient();
            output_gradient.copy_from_slice(out);
            let scale = 1.0 / batch.len() as f32;
            let mut loss = 0.0;
            for (output_gradient, &i) in output_gradient.chunks_exact_mut(c).zip(batch) {
                loss -= log_softmax(output_gradient, labels[i as usize] as usize);
                output_gradient.iter_mut().for_each(|g| *g *= scale);
            }
            finite_loss(loss, step)?;
            learning.backward(&rows, None, lr, step)?;
            Ok(loss)
        })?;
        Ok(NetworkClassifier {
            config: self.clone(),
            width: x.width(),
            n_classes,
            scale,
            parameters: learning.parameters,
        })
    }
}

impl<A: NetworkConfig> Model for NetworkClassifier<A> {
    fn n_features_in(&self) -> usize {
        self.width
    }

    fn n_parameters(&self) -> usize {
        self.parameters.len()
    }

    fn check(&self) -> Result<()> {
        self.config.validate()?;
        ensure((1..=MAX_PARAMETERS).contains(&self.width), "its number of features is out of range")?;
        ensure(
            (1..=MAX_PARAMETERS).contains(&(self.n_classes as usize)),
            "its number of classes is out of range",
        )?;
        self.scale.check(self.width)?;
        check_parameters(&self.network()?, &self.parameters)
    }
}

impl<A: NetworkConfig> ClassifierModel for NetworkClassifier<A> {
    fn n_classes(&self) -> u32 {
        self.n_classes
    }

    fn predict_proba(&self, x: &Samples) -> Result<Samples> {
        let c = self.n_classes as usize;
        apply(&self.network()?, &self.parameters, x, &self.scale, |out| {
            out.chunks_exact_mut(c).for_each(|out| _ = softmax(out));
        })
    }
}
