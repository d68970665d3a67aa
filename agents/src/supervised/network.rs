//! Networks that tell classes: what the multilayer perceptron and the convolutional network share.
//!
//! The loss is the mean of `-ln p_label`, p the softmax of the network's output `[B, C]`.

use freewheel_core::{Result, Samples, Streams};
use serde::{Deserialize, Serialize};

use super::softmax::{log_softmax, softmax};
use super::{Classes, Classify};
use crate::fit::descent::{Descent, Learning, apply, finite_loss, gather};
use crate::fit::kind::as_text;
use crate::fit::{Model, Settings, Watch};
use crate::nn::{Init, Network};

/// Kaiming's bound for a ReLU.
pub(super) const GAIN: Init = Init::Kaiming(std::f32::consts::SQRT_2);

/// Settings that say what network there is and how it learns.
pub trait Architecture: Settings {
    /// The network from samples of `width` numbers to the logits of `classes`.
    ///
    /// # Errors
    /// [`Error::Config`](freewheel_core::Error::Config) where such samples do not suit it.
    fn network(&self, width: usize, classes: u32) -> Result<Network>;
    /// How it learns.
    fn descent(&self) -> &Descent;
}

/// A network with its parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "A: Architecture")]
pub struct Classified<A> {
    #[serde(with = "as_text")]
    architecture: A,
    width: usize,
    classes: u32,
    parameters: Vec<f32>,
}

impl<A> Classified<A> {
    /// Its parameters `[P]`, in the order of the network's blocks.
    pub fn parameters(&self) -> &[f32] {
        &self.parameters
    }
}

impl<A: Architecture> Classified<A> {
    /// The network that they are the parameters of.
    ///
    /// # Errors
    /// None that a user could cause.
    pub fn network(&self) -> Result<Network> {
        self.architecture.network(self.width, self.classes)
    }
}

impl<A: Architecture<Model = Classified<A>>> Classify for A {
    fn fit(
        &self,
        x: &Samples,
        labels: &[u32],
        classes: u32,
        streams: Streams,
        watch: &mut Watch<'_>,
    ) -> Result<Classified<A>> {
        let network = self.network(x.width(), classes)?;
        let mut learning = Learning::new(network, self.descent(), streams, 0)?;
        let mut rows = Vec::new();
        let c = classes as usize;
        self.descent().run(x, streams, watch, |batch, lr, step| {
            gather(x, batch, &mut rows);
            learning.forward(&rows);
            let (out, of_out) = learning.judge();
            of_out.copy_from_slice(out);
            let scale = 1.0 / batch.len() as f32;
            let mut loss = 0.0;
            for (of_out, &i) in of_out.chunks_exact_mut(c).zip(batch) {
                loss -= log_softmax(of_out, labels[i as usize] as usize);
                of_out.iter_mut().for_each(|g| *g *= scale);
            }
            finite_loss(loss, step)?;
            learning.backward(&rows, None, lr, step)?;
            Ok(loss)
        })?;
        Ok(Classified {
            architecture: self.clone(),
            width: x.width(),
            classes,
            parameters: learning.parameters,
        })
    }
}

impl<A: Architecture> Model for Classified<A> {
    fn width(&self) -> usize {
        self.width
    }

    fn parameters(&self) -> usize {
        self.parameters.len()
    }
}

impl<A: Architecture> Classes for Classified<A> {
    fn classes(&self) -> u32 {
        self.classes
    }

    fn predict_proba(&self, x: &Samples) -> Result<Samples> {
        let c = self.classes as usize;
        apply(&self.network()?, &self.parameters, x, |out| {
            out.chunks_exact_mut(c).for_each(|out| _ = softmax(out));
        })
    }
}
