//! [`Estimator`]: checks the inputs and whether the model is fitted, then calls the algorithm.

use crate::Samples;
use crate::progress::decode;
use freewheel_core::graph::{Graph, Kind, Observed, Value};
use freewheel_core::{Error, Result, Streams};

use super::{
    BaseEstimator, Classifier, ClassifierConfig, ClassifierModel, EstimatorConfig, FitCallback, Model,
    Regressor, RegressorConfig, RegressorModel, Task, Transformer, TransformerConfig, TransformerModel,
    factory,
};

/// An estimator: settings, random streams and, after `fit`, the model.
pub struct Estimator<C: EstimatorConfig> {
    settings: C,
    streams: Streams,
    model: Option<C::Model>,
}

impl<C: EstimatorConfig> Estimator<C> {
    /// An estimator that is not fitted yet.
    ///
    /// # Errors
    /// [`Error::Setting`] for a setting out of range.
    pub fn new(settings: C, streams: Streams) -> Result<Self> {
        settings.validate()?;
        Ok(Estimator { settings, streams, model: None })
    }

    /// Fitted model.
    ///
    /// # Errors
    /// [`Error::Config`] before `fit`.
    pub fn model(&self) -> Result<&C::Model> {
        let unfitted = || Error::Config(format!("{} is not fitted yet: fit it first", C::ID));
        self.model.as_ref().ok_or_else(unfitted)
    }

    /// Fitted model, if `x` has the right number of columns and finite numbers.
    fn checked_model(&self, x: &Samples) -> Result<&C::Model> {
        let model = self.model()?;
        check_width(C::ID, "samples", x, model.n_features_in())?;
        check_finite("the samples", x, C::LARGEST)?;
        Ok(model)
    }

    /// Checks that the numbers of `x` are finite, and stores the model that `fit` returns.
    fn fit_model(&mut self, x: &Samples, fit: impl FnOnce(&C, Streams) -> Result<C::Model>) -> Result<()> {
        if x.rows() == 0 {
            return Err(Error::Config(format!("{}: there are no samples to fit", C::ID)));
        }
        check_finite("the samples", x, C::LARGEST)?;
        self.model = Some(fit(&self.settings, self.streams)?);
        Ok(())
    }
}

impl<C: EstimatorConfig> BaseEstimator for Estimator<C> {
    fn id(&self) -> &'static str {
        C::ID
    }

    fn task(&self) -> Task {
        C::TASK
    }

    fn settings(&self) -> Result<toml::Table> {
        factory::to_table(&self.settings)
    }

    fn streams(&self) -> Streams {
        self.streams
    }

    fn n_features_in(&self) -> Result<usize> {
        Ok(self.model()?.n_features_in())
    }

    fn n_parameters(&self) -> Result<usize> {
        Ok(self.model()?.n_parameters())
    }

    fn save(&self) -> Result<Vec<u8>> {
        postcard::to_stdvec(self.model()?)
            .map_err(|e| Error::Unsupported(format!("{} cannot be saved: {e}", C::ID)))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let refused = |why: String| Error::Config(format!("this is not a saved {}: {why}", C::ID));
        let model: C::Model = decode(bytes).map_err(refused)?;
        model.check().map_err(|e| refused(e.to_string()))?;
        self.model = Some(model);
        Ok(())
    }

    fn add_to(&self, graph: &mut Graph, x: Observed) -> Result<(Value, Kind)> {
        self.model()?.add_to(graph, x).unwrap_or_else(|| {
            Err(Error::Unsupported(format!(
                "{} cannot be exported; softmax, linear, ridge, mlp and cnn can",
                C::ID
            )))
        })
    }
}

impl<C: ClassifierConfig> Classifier for Estimator<C> {
    fn fit_with(
        &mut self,
        x: &Samples,
        labels: &[u32],
        n_classes: u32,
        callback: &mut FitCallback<'_>,
    ) -> Result<()> {
        check_count(C::ID, "labels", labels.len(), x)?;
        if let Some(at) = labels.iter().position(|&label| label >= n_classes) {
            return Err(Error::Config(format!(
                "label {} of row {} is out of range: it must be below {n_classes}, the number of classes",
                labels[at],
                at + 1
            )));
        }
        self.fit_model(x, |settings, streams| settings.fit(x, labels, n_classes, streams, callback))
    }

    fn n_classes(&self) -> Result<u32> {
        Ok(self.model()?.n_classes())
    }

    fn predict_proba(&self, x: &Samples) -> Result<Samples> {
        self.checked_model(x)?.predict_proba(x)
    }
}

impl<C: RegressorConfig> Regressor for Estimator<C> {
    fn fit_with(&mut self, x: &Samples, y: &Samples, callback: &mut FitCallback<'_>) -> Result<()> {
        check_count(C::ID, "rows of targets", y.rows(), x)?;
        check_finite("the targets", y, C::LARGEST)?;
        self.fit_model(x, |settings, streams| settings.fit(x, y, streams, callback))
    }

    fn predict(&self, x: &Samples) -> Result<Samples> {
        self.checked_model(x)?.predict(x)
    }
}

impl<C: TransformerConfig> Transformer for Estimator<C> {
    fn fit_with(&mut self, x: &Samples, callback: &mut FitCallback<'_>) -> Result<()> {
        self.fit_model(x, |settings, streams| settings.fit(x, streams, callback))
    }

    fn n_features_out(&self) -> Result<usize> {
        Ok(self.model()?.n_features_out())
    }

    fn transform(&self, x: &Samples) -> Result<Samples> {
        self.checked_model(x)?.transform(x)
    }

    fn inverse_transform(&self, codes: &Samples) -> Result<Samples> {
        let model = self.model()?;
        check_width(C::ID, "codes", codes, model.n_features_out())?;
        check_finite("the codes", codes, C::LARGEST)?;
        model.inverse_transform(codes)
    }
}

/// Checks that all numbers of `x` are finite and at most `largest` in magnitude (else [`Error::Config`] with the
/// position of the first other one); `name` is the name of `x` in the error message.
fn check_finite(name: &str, x: &Samples, largest: f64) -> Result<()> {
    let Some(at) = x.values().iter().position(|x| x.is_nan() || x.abs() > largest) else { return Ok(()) };
    let rule = match x.values()[at].is_finite() {
        true => format!("this estimator takes at most {largest:e}; divide the column"),
        false => "every number must be finite".to_owned(),
    };
    Err(Error::Config(format!(
        "{name}: row {}, column {} is {}; {rule}",
        at / x.width() + 1,
        at % x.width() + 1,
        x.values()[at]
    )))
}

/// Checks that the rows of `x` have `width` numbers (else [`Error::Config`]); `name` is the name of `x` in the error
/// message.
fn check_width(id: &str, name: &str, x: &Samples, width: usize) -> Result<()> {
    match x.width() == width {
        true => Ok(()),
        false => Err(Error::Config(format!(
            "this {id} was fitted to {name} of {width} numbers and cannot take {name} of {}",
            x.width()
        ))),
    }
}

/// Checks that `count`, the number of labels or of target rows, is the number of samples in `x` (else
/// [`Error::Config`]); `name` is the name of the counted items in the error message, such as `labels`.
fn check_count(id: &str, name: &str, count: usize, x: &Samples) -> Result<()> {
    match count == x.rows() {
        true => Ok(()),
        false => Err(Error::Config(format!("{id}: {count} {name} were given for {} samples", x.rows()))),
    }
}
