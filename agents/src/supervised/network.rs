//! Networks for classes and numbers: training and prediction of the multilayer perceptron and the convolutional
//! network.
//!
//! | targets | output of the network | loss |
//! |---|---|---|
//! | classes | logits `[B, C]` | mean cross-entropy `-ln p_label`, with p the softmax of the logits |
//! | numbers | standardized targets `[B, T]` | mean of `|out - y|^2 / 2` (scikit-learn's `MLPRegressor`) |
//!
//! Numbers are standardized to mean 0 and standard deviation 1 for the training.

use crate::Samples;
use freewheel_core::graph::{Data, Graph, Kind, Observed, Op, Value};
use freewheel_core::{Error, Result, Streams};
use serde::{Deserialize, Serialize};

use super::softmax::{log_softmax, softmax};
use crate::estimator::factory::toml_text;
use crate::estimator::training::{
    InputScale, NetworkTrainer, TrainingConfig, apply, check_parameters, finite_loss, gather,
};
use crate::estimator::{
    ClassifierConfig, ClassifierModel, EstimatorConfig, FitCallback, Model, RegressionConfig, RegressorModel,
    ensure, is_finite, rows,
};
use crate::nn::model::MAX_PARAMETERS;
use crate::nn::{Init, Network};

/// Kaiming initialization for a ReLU.
pub(super) const GAIN: Init = Init::Kaiming(std::f32::consts::SQRT_2);

/// Settings that define a network and its training.
pub trait NetworkConfig: EstimatorConfig {
    /// Network from samples of `width` numbers to `n_outputs` numbers: the logits of as many classes, or targets.
    ///
    /// # Errors
    /// [`Error::Config`](freewheel_core::Error::Config) for a width that the network cannot take.
    fn network(&self, width: usize, n_outputs: u32) -> Result<Network>;
    /// Training settings.
    fn training(&self) -> &TrainingConfig;
}

/// Fitted network for classes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "A: NetworkConfig")]
pub struct NetworkClassifier<A> {
    fitted: Fitted<A>,
}

/// Fitted network for numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "A: NetworkConfig")]
pub struct NetworkRegressor<A> {
    fitted: Fitted<A>,
    /// Mean and standard deviation of each target, `[T]`.
    mean: Vec<f64>,
    deviation: Vec<f64>,
}

/// Fitted parameters of the network of the settings `A`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "A: NetworkConfig")]
struct Fitted<A> {
    #[serde(with = "toml_text")]
    config: A,
    width: usize,
    n_outputs: u32,
    scale: InputScale,
    parameters: Vec<f32>,
}

impl<A: NetworkConfig> Fitted<A> {
    /// Trains the network on the samples `x [N, D]`. `loss(outputs [B, n_outputs], rows [B])` replaces the outputs for
    /// a batch of rows by the gradients of the loss of each row, and returns the sum of these losses.
    fn train(
        config: &A,
        x: &Samples,
        n_outputs: u32,
        streams: Streams,
        callback: &mut FitCallback<'_>,
        loss: impl Fn(&mut [f32], &[u32]) -> f64,
    ) -> Result<Self> {
        let network = config.network(x.width(), n_outputs)?;
        let mut learning = NetworkTrainer::new(network, config.training(), streams, 0, x.rows())?;
        let scale = InputScale::of(x);
        let mut rows = Vec::new();
        config.training().run(x, streams, callback, |batch, lr, step| {
            gather(x, batch, &scale, &mut rows);
            learning.forward(&rows);
            let (out, output_gradient) = learning.output_and_gradient();
            output_gradient.copy_from_slice(out);
            let loss = finite_loss(loss(output_gradient, batch), step)?;
            let share = 1.0 / batch.len() as f32;
            output_gradient.iter_mut().for_each(|g| *g *= share);
            learning.backward(&rows, None, lr, step)?;
            Ok(loss)
        })?;
        Ok(Fitted {
            config: config.clone(),
            width: x.width(),
            n_outputs,
            scale,
            parameters: learning.parameters,
        })
    }

    fn network(&self) -> Result<Network> {
        self.config.network(self.width, self.n_outputs)
    }

    fn check(&self) -> Result<()> {
        self.config.validate()?;
        ensure((1..=MAX_PARAMETERS).contains(&self.width), "its number of features is out of range")?;
        ensure(
            (1..=MAX_PARAMETERS).contains(&(self.n_outputs as usize)),
            "its number of outputs is out of range",
        )?;
        self.scale.check(self.width)?;
        check_parameters(&self.network()?, &self.parameters)
    }

    /// Adds the outputs `[N, n_outputs]` for the samples `x` to `graph`.
    fn add_to(&self, graph: &mut Graph, x: Observed) -> Result<Value> {
        let x = self.scale.add_to(graph, x);
        let outputs = self.network()?.add_to(graph, &self.parameters, x, 1)?;
        outputs.first().copied().ok_or_else(|| Error::Unsupported("this network has no outputs".into()))
    }

    /// Outputs `[N, n_outputs]` for the samples `x [N, D]`; `finish` is applied to each block of rows.
    fn outputs(&self, x: &Samples, finish: impl Fn(&mut [f32]) + Sync) -> Result<Samples> {
        apply(&self.network()?, &self.parameters, x, &self.scale, finish)
    }
}

impl<A> NetworkClassifier<A> {
    /// Parameters `[P]`, in the order of the network's layers.
    pub fn parameters(&self) -> &[f32] {
        &self.fitted.parameters
    }
}

impl<A> NetworkRegressor<A> {
    /// Parameters `[P]`, in the order of the network's layers.
    pub fn parameters(&self) -> &[f32] {
        &self.fitted.parameters
    }
}

impl<A: NetworkConfig> NetworkClassifier<A> {
    /// Layers and shapes of the network to which the parameters belong.
    ///
    /// # Errors
    /// None for a fitted model.
    pub fn network(&self) -> Result<Network> {
        self.fitted.network()
    }
}

impl<A: NetworkConfig> NetworkRegressor<A> {
    /// Layers and shapes of the network to which the parameters belong; its outputs are standardized targets.
    ///
    /// # Errors
    /// None for a fitted model.
    pub fn network(&self) -> Result<Network> {
        self.fitted.network()
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
        let c = n_classes as usize;
        let fitted = Fitted::train(self, x, n_classes, streams, callback, |out, batch| {
            let rows = out.chunks_exact_mut(c).zip(batch);
            -rows.map(|(out, &i)| log_softmax(out, labels[i as usize] as usize)).sum::<f64>()
        })?;
        Ok(NetworkClassifier { fitted })
    }
}

impl<A: NetworkConfig> RegressionConfig for A {
    type RegressionModel = NetworkRegressor<A>;

    fn fit_targets(
        &self,
        x: &Samples,
        y: &Samples,
        streams: Streams,
        callback: &mut FitCallback<'_>,
    ) -> Result<NetworkRegressor<A>> {
        let mean = rows::means(y);
        let mut deviation = rows::deviations(y, &mean);
        // Differences below the rounding errors of the mean are no spread.
        for (s, m) in deviation.iter_mut().zip(&mean) {
            *s = if *s > m.abs() * 1e-14 { *s } else { 0.0 };
        }
        let standardize =
            |((y, m), s): ((&f64, &f64), &f64)| if *s > 0.0 { ((y - m) / s) as f32 } else { 0.0 };
        let columns = y.iter().map(|row| row.iter().zip(&mean).zip(&deviation).map(standardize));
        let targets: Vec<f32> = columns.flatten().collect();
        let t = y.width();
        let fitted = Fitted::train(self, x, t as u32, streams, callback, |out, batch| {
            let mut loss = 0.0;
            for (out, &i) in out.chunks_exact_mut(t).zip(batch) {
                for (out, target) in out.iter_mut().zip(&targets[i as usize * t..]) {
                    *out -= target;
                    loss += f64::from(*out).powi(2) / 2.0;
                }
            }
            loss
        })?;
        Ok(NetworkRegressor { fitted, mean, deviation })
    }
}

impl<A: NetworkConfig> Model for NetworkClassifier<A> {
    fn n_features_in(&self) -> usize {
        self.fitted.width
    }

    fn n_parameters(&self) -> usize {
        self.fitted.parameters.len()
    }

    fn check(&self) -> Result<()> {
        self.fitted.check()
    }

    fn add_to(&self, graph: &mut Graph, x: Observed) -> Option<Result<(Value, Kind)>> {
        Some(self.fitted.add_to(graph, x).map(|logits| (logits, Kind::F32)))
    }
}

impl<A: NetworkConfig> Model for NetworkRegressor<A> {
    fn n_features_in(&self) -> usize {
        self.fitted.width
    }

    fn n_parameters(&self) -> usize {
        self.fitted.parameters.len()
    }

    fn check(&self) -> Result<()> {
        let t = self.fitted.n_outputs as usize;
        ensure([self.mean.len(), self.deviation.len()] == [t; 2], "its targets have another scale")?;
        ensure(is_finite(&[&self.mean, &self.deviation]), "a number is not finite")?;
        self.fitted.check()
    }

    fn add_to(&self, graph: &mut Graph, x: Observed) -> Option<Result<(Value, Kind)>> {
        let t = self.mean.len();
        let predicted = self.fitted.add_to(graph, x).map(|out| {
            let deviation = graph.parameter("target.std", &[t], Data::F64(self.deviation.clone()));
            let mean = graph.parameter("target.mean", &[t], Data::F64(self.mean.clone()));
            let out = graph.apply(Op::Cast(Kind::F64), &[out]);
            let scaled = graph.apply(Op::Mul, &[out, deviation]);
            (graph.apply(Op::Add, &[mean, scaled]), Kind::F64)
        });
        Some(predicted)
    }
}

impl<A: NetworkConfig> ClassifierModel for NetworkClassifier<A> {
    fn n_classes(&self) -> u32 {
        self.fitted.n_outputs
    }

    fn predict_proba(&self, x: &Samples) -> Result<Samples> {
        let c = self.fitted.n_outputs as usize;
        self.fitted.outputs(x, |out| out.chunks_exact_mut(c).for_each(|out| _ = softmax(out)))
    }
}

impl<A: NetworkConfig> RegressorModel for NetworkRegressor<A> {
    fn predict(&self, x: &Samples) -> Result<Samples> {
        let standardized = self.fitted.outputs(x, |_| {})?;
        let scale = self.mean.iter().zip(&self.deviation).cycle();
        let values = standardized.values().iter().zip(scale).map(|(out, (mean, s))| mean + out * s);
        Samples::new(values.collect(), self.mean.len())
    }
}
