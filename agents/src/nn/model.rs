//! A network with its parameters: one candle variable `[P]`. candle differentiates the loss; the network is one fused operation in
//! its graph, with its own backward pass. Acting looks at the same numbers as a plain slice.

use std::cell::{Cell, RefCell};
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{CpuStorage, CustomOp2, Device, InplaceOp1, Layout, Shape, Storage, Tensor, Var};
use freewheel_core::{Error, Result, Stream};

use super::network::{Network, Pass, Workspace};
use super::optimizer::{Optimizer, Stepped, all_finite};

/// More parameters than fit into a memory together with their moments.
pub(crate) const MOST_PARAMETERS: usize = 1 << 28;

/// A network that learns.
pub struct Model {
    network: Arc<Network>,
    parameters: Var,
    passes: Arc<Mutex<Vec<Pass>>>,
}

/// A network as it was at one moment, shared by every thread.
#[derive(Clone)]
pub struct Frozen {
    network: Arc<Network>,
    parameters: Arc<[f32]>,
    works: Arc<Mutex<Vec<Workspace>>>,
}

/// What candle has wrong is a mistake of ours, never of a user's.
pub(crate) fn candle(error: candle_core::Error) -> Error {
    Error::Unsupported(format!("candle: {error}"))
}

/// Says that a quantity is no longer finite.
///
/// # Errors
/// [`Error::Diverged`] where one of `numbers` is NaN or infinite.
pub(crate) fn finite(quantity: &str, numbers: &[f32], step: u64) -> Result<()> {
    match all_finite(numbers) {
        true => Ok(()),
        false => {
            let value = numbers.iter().find(|x| !x.is_finite()).map_or(f64::NAN, |&x| f64::from(x));
            Err(Error::Diverged { quantity: quantity.to_owned(), value, step })
        }
    }
}

/// The numbers of a contiguous tensor on the CPU.
pub(crate) fn cpu_slice<'a>(storage: &'a CpuStorage, layout: &Layout) -> candle_core::Result<&'a [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(all), Some((from, to))) => Ok(&all[from..to]),
        _ => candle_core::bail!("a contiguous f32 tensor on the CPU is wanted"),
    }
}

/// Calls `f` with the numbers of a tensor, which need not be copied for that.
pub(crate) fn with_slice<R>(tensor: &Tensor, f: impl FnOnce(&[f32]) -> R) -> Result<R> {
    let tensor = tensor.contiguous().map_err(candle)?;
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(cpu) => Ok(f(cpu_slice(cpu, layout).map_err(candle)?)),
        _ => Err(Error::Unsupported("networks learn on the CPU".into())),
    }
}

/// A tensor over `data`.
pub(crate) fn tensor(data: Vec<f32>, shape: impl Into<Shape>) -> Result<Tensor> {
    Tensor::from_vec(data, shape.into(), &Device::Cpu).map_err(candle)
}

impl Model {
    /// With first parameters drawn from `rng`.
    ///
    /// # Errors
    /// [`Error::Config`] where there are more than fit into a memory together with their moments.
    pub fn new(network: Network, rng: &mut Stream) -> Result<Self> {
        let size = network.size();
        if size > MOST_PARAMETERS {
            return Err(Error::Config(format!(
                "this network has {size} parameters, more than {MOST_PARAMETERS}: give it fewer units or channels, or less history"
            )));
        }
        let parameters = network.initial(rng);
        Self::with(Arc::new(network), parameters)
    }

    /// With the parameters `[P]`.
    ///
    /// # Errors
    /// [`Error::Config`] where there are not P of them.
    pub fn with(network: Arc<Network>, parameters: Vec<f32>) -> Result<Self> {
        let size = network.size();
        if parameters.len() != size {
            return Err(Error::Config(format!(
                "{} parameters were given to a network of {size}",
                parameters.len()
            )));
        }
        let parameters = Var::from_vec(parameters, size, &Device::Cpu).map_err(candle)?;
        Ok(Model { network, parameters, passes: Arc::default() })
    }

    /// The network.
    pub fn network(&self) -> &Arc<Network> {
        &self.network
    }

    /// The output `[B, O]` for `x [B, D]`, in candle's graph. With `x_too` the gradient of `x` is to be had too.
    ///
    /// # Errors
    /// None that a user could cause.
    pub fn forward(&self, x: &Tensor, x_too: bool) -> Result<Tensor> {
        let pass = self.passes.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        let fused = Fused {
            network: Arc::clone(&self.network),
            pass: Mutex::new(pass),
            passes: Arc::clone(&self.passes),
            x_too,
        };
        self.parameters.apply_op2(x, fused).map_err(candle)
    }

    /// Calls `f` with the parameters `[P]`.
    ///
    /// # Errors
    /// None that a user could cause.
    pub fn with_parameters<R>(&self, f: impl FnOnce(&[f32]) -> R) -> Result<R> {
        with_slice(&self.parameters, f)
    }

    /// A copy of the parameters `[P]`.
    ///
    /// # Errors
    /// None that a user could cause.
    pub fn parameters(&self) -> Result<Vec<f32>> {
        self.with_parameters(<[f32]>::to_vec)
    }

    /// Puts other parameters in the place of these.
    ///
    /// # Errors
    /// [`Error::Config`] where there are not P of them.
    pub fn set_parameters(&mut self, parameters: &[f32]) -> Result<()> {
        *self = Model::with(Arc::clone(&self.network), parameters.to_vec())?;
        Ok(())
    }

    /// The output `[B, O]` for `x [B, D]` without a graph, written to `out`.
    ///
    /// # Errors
    /// None that a user could cause.
    pub fn act(&self, x: &[f32], work: &mut Workspace, out: &mut [f32]) -> Result<()> {
        self.with_parameters(|parameters| self.network.act(parameters, x, work, out))
    }

    /// A copy to play with.
    ///
    /// # Errors
    /// None that a user could cause.
    pub fn freeze(&self) -> Result<Frozen> {
        let parameters = self.with_parameters(|all| Arc::from(all))?;
        Ok(Frozen { network: Arc::clone(&self.network), parameters, works: Arc::default() })
    }

    /// The gradient of `loss`, a step of `optimizer` against it at rate `lr`, its global norm clipped to `max_norm`. Says what the norm
    /// was; nothing is moved where that is not finite.
    ///
    /// # Errors
    /// [`Error::Diverged`] where the loss, the norm or a parameter is no longer finite, by `step`.
    pub fn learn(
        &self,
        loss: &Tensor,
        optimizer: &mut Optimizer,
        lr: f64,
        max_norm: Option<f64>,
        step: u64,
    ) -> Result<Stepped> {
        let diverged =
            |quantity: &str, value: f64| Err(Error::Diverged { quantity: quantity.to_owned(), value, step });
        let value = f64::from(with_slice(loss, |loss| loss.iter().sum::<f32>())?);
        if !value.is_finite() {
            return diverged("loss", value);
        }
        let gradients = loss.backward().map_err(candle)?;
        let Some(gradient) = gradients.get(&self.parameters) else {
            return Err(Error::Unsupported("this loss does not depend on the network".into()));
        };
        let stepper =
            Stepper { optimizer: RefCell::new(optimizer), gradient, lr, max_norm, stepped: Cell::default() };
        self.parameters.inplace_op1(&stepper).map_err(candle)?;
        let stepped = Stepped { loss: value, ..stepper.stepped.get() };
        if !stepped.norm.is_finite() {
            return diverged("gradient norm", stepped.norm);
        }
        if !stepped.finite {
            return diverged("a parameter", f64::NAN);
        }
        Ok(stepped)
    }
}

impl Frozen {
    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Its parameters `[P]`.
    pub fn parameters(&self) -> &[f32] {
        &self.parameters
    }

    /// The output `[B, O]` for `x [B, D]`.
    pub fn act(&self, x: &[f32], out: &mut [f32]) {
        let mut work = self.works.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        self.network.act(&self.parameters, x, &mut work, out);
        self.works.lock().unwrap_or_else(PoisonError::into_inner).push(work);
    }
}

/// The whole network as one operation of candle's: parameters `[P]` and `x [B, D]` to `[B, O]`.
struct Fused {
    network: Arc<Network>,
    pass: Mutex<Pass>,
    /// Where the room goes when the graph is gone.
    passes: Arc<Mutex<Vec<Pass>>>,
    x_too: bool,
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
        of_out: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>)> {
        let of_out = of_out.contiguous()?;
        let storages = [parameters, x, &of_out].map(Tensor::storage_and_layout);
        let [Storage::Cpu(p), Storage::Cpu(input), Storage::Cpu(of_out)] = storages.each_ref().map(|s| &*s.0)
        else {
            candle_core::bail!("networks learn on the CPU");
        };
        let (p, input) = (cpu_slice(p, storages[0].1)?, cpu_slice(input, storages[1].1)?);
        let of_out = cpu_slice(of_out, storages[2].1)?;
        let mut of_parameters = vec![0.0; p.len()];
        let mut of_x = if self.x_too { vec![0.0; input.len()] } else { Vec::new() };
        let mut pass = self.pass.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = self.x_too.then_some(&mut of_x[..]);
        self.network.backward(p, input, &mut pass, of_out, &mut of_parameters, wanted);
        let of_parameters = Tensor::from_vec(of_parameters, parameters.shape(), &Device::Cpu)?;
        let of_x = self.x_too.then(|| Tensor::from_vec(of_x, x.shape(), &Device::Cpu)).transpose()?;
        Ok((Some(of_parameters), of_x))
    }
}

impl Drop for Fused {
    fn drop(&mut self) {
        let pass = std::mem::take(self.pass.get_mut().unwrap_or_else(PoisonError::into_inner));
        self.passes.lock().unwrap_or_else(PoisonError::into_inner).push(pass);
    }
}

/// A step of an optimizer, in the variable's own memory.
struct Stepper<'a> {
    optimizer: RefCell<&'a mut Optimizer>,
    gradient: &'a Tensor,
    lr: f64,
    max_norm: Option<f64>,
    stepped: Cell<Stepped>,
}

impl InplaceOp1 for Stepper<'_> {
    fn name(&self) -> &'static str {
        "optimizer"
    }

    fn cpu_fwd(&self, parameters: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
        let (storage, gradient_layout) = self.gradient.storage_and_layout();
        match (parameters, layout.contiguous_offsets(), &*storage) {
            (CpuStorage::F32(all), Some((from, to)), Storage::Cpu(gradient)) => {
                let gradient = cpu_slice(gradient, gradient_layout)?;
                let mut optimizer = self.optimizer.borrow_mut();
                self.stepped.set(optimizer.step(&mut all[from..to], gradient, self.lr, self.max_norm));
                Ok(())
            }
            _ => candle_core::bail!("parameters are a contiguous f32 tensor on the CPU"),
        }
    }
}
