//! Network with its parameters, one candle variable `[P]`. candle differentiates the loss; in candle's graph the
//! network is one fused operation with its own backward pass. Inference reads the same parameters as a plain slice.

use std::cell::Cell;
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{CpuStorage, CustomOp2, Device, InplaceOp1, Layout, Shape, Storage, Tensor, Var};
use freewheel_core::graph::{Graph, Value};
use freewheel_core::{Error, Result, Spec, Stream};

use super::embedding::{Embeddings, Gradient, ReadRows};
use super::network::{Network, Pass, Workspace};
use super::normalizer::ObservationNormalizer;
use super::optimizer::{Optimizer, OptimizerStep, all_finite};

/// Maximum number of parameters.
pub(crate) const MAX_PARAMETERS: usize = 1 << 28;

/// Network with trainable parameters.
pub struct Model {
    network: Arc<Network>,
    parameters: Var,
    passes: Arc<Mutex<Vec<Pass>>>,
    /// Tables of the one-hot layers.
    embeddings: Arc<Embeddings>,
    /// Gradient of the last loss. It is not in candle's graph, which would copy it several times.
    gradient: Arc<Mutex<Gradient>>,
    /// Rows that the next batch reads.
    read: ReadRows,
}

/// Copy of a network with fixed parameters, shared between threads.
#[derive(Clone)]
pub struct Frozen {
    network: Arc<Network>,
    parameters: Arc<[f32]>,
    workspaces: Arc<Mutex<Vec<Workspace>>>,
}

/// Converts an error of candle, which indicates a bug and not a mistake of the user.
pub(crate) fn candle_error(error: candle_core::Error) -> Error {
    Error::Unsupported(format!("candle: {error}"))
}

/// Checks that all `numbers`, called `quantity` in the error, are finite.
///
/// # Errors
/// [`Error::Diverged`] at `step` if one of them is NaN or infinite.
pub(crate) fn check_finite(quantity: &str, numbers: &[f32], step: u64) -> Result<()> {
    match all_finite(numbers) {
        true => Ok(()),
        false => {
            let value = numbers.iter().find(|x| !x.is_finite()).map_or(f64::NAN, |&x| f64::from(x));
            Err(Error::Diverged { quantity: quantity.to_owned(), value, step })
        }
    }
}

/// Data of a contiguous f32 tensor on the CPU.
pub(crate) fn cpu_slice<'a>(storage: &'a CpuStorage, layout: &Layout) -> candle_core::Result<&'a [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(all), Some((from, to))) => Ok(&all[from..to]),
        _ => candle_core::bail!("the tensor must be contiguous, f32 and on the CPU"),
    }
}

/// Calls `f` with the data of `tensor`, without a copy if the tensor is contiguous.
pub(crate) fn with_slice<R>(tensor: &Tensor, f: impl FnOnce(&[f32]) -> R) -> Result<R> {
    let tensor = tensor.contiguous().map_err(candle_error)?;
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(cpu) => Ok(f(cpu_slice(cpu, layout).map_err(candle_error)?)),
        _ => Err(Error::Unsupported("the network must be on the CPU".into())),
    }
}

/// Tensor of `data` on the CPU.
pub(crate) fn tensor(data: Vec<f32>, shape: impl Into<Shape>) -> Result<Tensor> {
    Tensor::from_vec(data, shape.into(), &Device::Cpu).map_err(candle_error)
}

impl Model {
    /// Model with initial parameters drawn from `rng`.
    ///
    /// # Errors
    /// [`Error::Setting`] for a network with more than 2^28 parameters.
    pub fn new(network: Network, rng: &mut Stream) -> Result<Self> {
        Self::check_size(&network)?;
        let parameters = network.initial(rng);
        Self::with(Arc::new(network), parameters)
    }

    /// Checks that `network` has at most 2^28 parameters (else [`Error::Setting`]).
    pub(crate) fn check_size(network: &Network) -> Result<()> {
        match network.size() {
            0..=MAX_PARAMETERS => Ok(()),
            size => Err(Error::setting(
                "hidden_sizes",
                format!(
                    "the network has {size} parameters, but at most {MAX_PARAMETERS} are supported; use smaller \
                     hidden_sizes, channels or frame_stack"
                ),
            )),
        }
    }

    /// Model of `network` with P given `parameters`, `[P]`.
    ///
    /// # Errors
    /// [`Error::Config`] if the number of `parameters` is not that of `network`.
    pub fn with(network: Arc<Network>, parameters: Vec<f32>) -> Result<Self> {
        let size = network.size();
        if parameters.len() != size {
            return Err(Error::Config(format!(
                "the network has {size} parameters, but {} were given",
                parameters.len()
            )));
        }
        let parameters = Var::from_vec(parameters, size, &Device::Cpu).map_err(candle_error)?;
        Ok(Model {
            embeddings: Arc::new(Embeddings::of(&network)),
            network,
            parameters,
            passes: Arc::default(),
            gradient: Arc::default(),
            read: ReadRows::default(),
        })
    }

    /// The network: layers and shapes, without the parameters.
    pub fn network(&self) -> &Arc<Network> {
        &self.network
    }

    /// Output `[B, O]` for B inputs `x [B, D]`, in candle's graph; with `input_gradient`, the backward pass also
    /// computes the gradient of `x`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for an error of candle.
    pub fn forward(&self, x: &Tensor, input_gradient: bool) -> Result<Tensor> {
        let pass = self.passes.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        let fused = Fused {
            network: Arc::clone(&self.network),
            pass: Mutex::new(pass),
            passes: Arc::clone(&self.passes),
            embeddings: Arc::clone(&self.embeddings),
            gradient: Arc::clone(&self.gradient),
            input_gradient,
        };
        self.parameters.apply_op2(x, fused).map_err(candle_error)
    }

    /// Calls `f` with the parameters `[P]`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for an error of candle.
    pub fn with_parameters<R>(&self, f: impl FnOnce(&[f32]) -> R) -> Result<R> {
        with_slice(&self.parameters, f)
    }

    /// Copy of the parameters `[P]`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for an error of candle.
    pub fn parameters(&self) -> Result<Vec<f32>> {
        self.with_parameters(<[f32]>::to_vec)
    }

    /// Replaces the parameters `[P]`.
    ///
    /// # Errors
    /// [`Error::Config`] if the number of `parameters` differs.
    pub fn set_parameters(&mut self, parameters: &[f32]) -> Result<()> {
        *self = Model::with(Arc::clone(&self.network), parameters.to_vec())?;
        Ok(())
    }

    /// Inference: writes the output `[B, O]` for B inputs `x [B, D]` to `out`, without a graph.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for an error of candle.
    pub fn act(&self, x: &[f32], workspace: &mut Workspace, out: &mut [f32]) -> Result<()> {
        self.with_parameters(|parameters| self.network.act(parameters, x, workspace, out))
    }

    /// Copy of the network with fixed parameters.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for an error of candle.
    pub fn freeze(&self) -> Result<Frozen> {
        let parameters = self.with_parameters(|all| Arc::from(all))?;
        Ok(Frozen { network: Arc::clone(&self.network), parameters, workspaces: Arc::default() })
    }

    /// Copy of the network with fixed parameters, without the noise of noisy layers.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for an error of candle.
    pub fn freeze_without_noise(&self) -> Result<Frozen> {
        let mut parameters = self.parameters()?;
        self.network.clear_noise(&mut parameters);
        Ok(Frozen {
            network: Arc::clone(&self.network),
            parameters: parameters.into(),
            workspaces: Arc::default(),
        })
    }

    /// Gradient step on `loss` by `optimizer` with `learning_rate`; the global norm of the gradient is clipped to
    /// `max_norm`. A gradient that is not finite changes nothing.
    ///
    /// Rows of one-hot layers that the loss does not depend on are owed the step until [`Model::catch_up`], before the
    /// next forward pass that reads them, or [`Model::settle`], before anything else reads the parameters.
    ///
    /// # Errors
    /// [`Error::Diverged`] at `step` if the loss, the gradient norm or a parameter is not finite.
    pub fn learn(
        &self,
        loss: &Tensor,
        optimizer: &mut Optimizer,
        learning_rate: f64,
        max_norm: Option<f64>,
        step: u64,
    ) -> Result<OptimizerStep> {
        let value = f64::from(with_slice(loss, |loss| loss.iter().sum::<f32>())?);
        if !value.is_finite() {
            return Err(Error::Diverged { quantity: "loss".into(), value, step });
        }
        let locked = || self.gradient.lock().unwrap_or_else(PoisonError::into_inner);
        locked().clear(&self.embeddings, self.network.size());
        loss.backward().map_err(candle_error)?;
        let gradient = locked();
        if !gradient.is_set {
            return Err(Error::Unsupported("the loss does not depend on the network".into()));
        }
        let made = self.change_parameters(|parameters| {
            optimizer.step_rows(parameters, &gradient, &self.embeddings, learning_rate, max_norm)
        })?;
        OptimizerStep { loss: value, ..made }.finite(step)
    }
}

impl Model {
    /// Makes the steps of `optimizer` that the rows read by the inputs `x [B, D]` are owed.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for an error of candle.
    pub fn catch_up(&mut self, x: &[f32], optimizer: &mut Optimizer) -> Result<()> {
        if self.embeddings.tables.is_empty() {
            return Ok(());
        }
        let mut read = std::mem::take(&mut self.read);
        read.clear();
        read.add(&self.embeddings, x);
        self.change_parameters(|parameters| optimizer.catch_up(parameters, &self.embeddings, &read))?;
        self.read = read;
        Ok(())
    }

    /// Makes all steps of `optimizer` that rows are owed.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for an error of candle.
    pub fn settle(&self, optimizer: &mut Optimizer) -> Result<()> {
        if self.embeddings.tables.is_empty() {
            return Ok(());
        }
        self.change_parameters(|parameters| optimizer.settle(parameters, &self.embeddings))
    }

    /// Result of `change`, which changes the parameters `[P]` in place.
    pub(crate) fn change_parameters<R>(&self, change: impl FnOnce(&mut [f32]) -> R) -> Result<R> {
        let change = Change { change: Cell::new(Some(change)), result: Cell::new(None) };
        self.parameters.inplace_op1(&change).map_err(candle_error)?;
        change.result.into_inner().ok_or_else(|| Error::Unsupported("the parameters did not change".into()))
    }
}

impl Frozen {
    /// The network: layers and shapes, without the parameters.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Parameters `[P]`.
    pub fn parameters(&self) -> &[f32] {
        &self.parameters
    }

    /// Inference: writes the output `[B, O]` for B inputs `x [B, D]` to `out`.
    pub fn act(&self, x: &[f32], out: &mut [f32]) {
        let mut workspace =
            self.workspaces.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        self.network.act(&self.parameters, x, &mut workspace, out);
        self.workspaces.lock().unwrap_or_else(PoisonError::into_inner).push(workspace);
    }

    /// Graph with the observation of worlds of `spec`, normalized by `normalizer`, and the network's first `wanted`
    /// output nodes, which are returned.
    ///
    /// # Errors
    /// Errors of [`Network::add_to`].
    pub(crate) fn graph(
        &self,
        spec: &Spec,
        normalizer: &ObservationNormalizer,
        wanted: usize,
    ) -> Result<(Graph, Vec<Value>)> {
        let mut graph = Graph::default();
        let x = graph.observation(spec);
        let x = normalizer.add_to(&mut graph, x);
        let outputs = self.network.add_to(&mut graph, &self.parameters, x, wanted)?;
        Ok((graph, outputs))
    }

    /// Outputs `[B, O]` for the observations `obs [B, D]` after normalization by `normalizer`.
    pub(crate) fn outputs(&self, normalizer: &ObservationNormalizer, obs: &[f32]) -> Vec<f32> {
        let mut outputs = vec![0.0; obs.len() / self.network.input_len() * self.network.output_len()];
        self.act(normalizer.normalize(obs, &mut Vec::new()), &mut outputs);
        outputs
    }
}

/// The network as one operation of candle: from parameters `[P]` and inputs `x [B, D]` to outputs `[B, O]`.
struct Fused {
    network: Arc<Network>,
    pass: Mutex<Pass>,
    /// Pool of buffers, to which `pass` returns when the graph is dropped.
    passes: Arc<Mutex<Vec<Pass>>>,
    embeddings: Arc<Embeddings>,
    /// Receives the gradient of the parameters.
    gradient: Arc<Mutex<Gradient>>,
    input_gradient: bool,
}

impl CustomOp2 for Fused {
    fn name(&self) -> &'static str {
        "network"
    }

    fn cpu_fwd(
        &self,
        parameters: &CpuStorage,
        parameters_layout: &Layout,
        x: &CpuStorage,
        x_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let (parameters, x) = (cpu_slice(parameters, parameters_layout)?, cpu_slice(x, x_layout)?);
        let rows = x.len() / self.network.input_len();
        let mut out = vec![0.0; rows * self.network.output_len()];
        let mut pass = self.pass.lock().unwrap_or_else(PoisonError::into_inner);
        self.network.forward(parameters, x, &mut pass, &mut out);
        Ok((CpuStorage::F32(out), Shape::from((rows, self.network.output_len()))))
    }

    fn bwd(
        &self,
        parameters: &Tensor,
        x: &Tensor,
        _out: &Tensor,
        grad_out: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>)> {
        let grad_out = grad_out.contiguous()?;
        let storages = [parameters, x, &grad_out].map(Tensor::storage_and_layout);
        let [Storage::Cpu(p), Storage::Cpu(input), Storage::Cpu(grad_out)] =
            storages.each_ref().map(|s| &*s.0)
        else {
            candle_core::bail!("the network must be on the CPU");
        };
        let (p, input) = (cpu_slice(p, storages[0].1)?, cpu_slice(input, storages[1].1)?);
        let grad_out = cpu_slice(grad_out, storages[2].1)?;
        let mut gradient = self.gradient.lock().unwrap_or_else(PoisonError::into_inner);
        gradient.values.resize(p.len(), 0.0);
        gradient.read.add(&self.embeddings, input);
        gradient.is_set = true;
        let mut grad_x = if self.input_gradient { vec![0.0; input.len()] } else { Vec::new() };
        let mut pass = self.pass.lock().unwrap_or_else(PoisonError::into_inner);
        let requested = self.input_gradient.then_some(&mut grad_x[..]);
        self.network.add_gradient(p, input, &mut pass, grad_out, &mut gradient.values, requested);
        let grad_x =
            self.input_gradient.then(|| Tensor::from_vec(grad_x, x.shape(), &Device::Cpu)).transpose()?;
        Ok((None, grad_x))
    }
}

impl Drop for Fused {
    fn drop(&mut self) {
        let pass = std::mem::take(self.pass.get_mut().unwrap_or_else(PoisonError::into_inner));
        self.passes.lock().unwrap_or_else(PoisonError::into_inner).push(pass);
    }
}

/// Operation of candle that changes the parameters in place by one call of a function.
struct Change<F, R> {
    change: Cell<Option<F>>,
    result: Cell<Option<R>>,
}

impl<F: FnOnce(&mut [f32]) -> R, R> InplaceOp1 for Change<F, R> {
    fn name(&self) -> &'static str {
        "change"
    }

    fn cpu_fwd(&self, parameters: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
        match (parameters, layout.contiguous_offsets(), self.change.take()) {
            (CpuStorage::F32(all), Some((from, to)), Some(change)) => {
                self.result.set(Some(change(&mut all[from..to])));
                Ok(())
            }
            _ => candle_core::bail!("parameters must be a contiguous f32 tensor on the CPU"),
        }
    }
}
