//! Networks: our layer over candle.
//!
//! candle does the tensors and the gradient of a loss. A [`Network`] is one operation in its graph, fused from layers over plain slices
//! with their own backward pass; its parameters are one variable `[P]`, which an [`Optimizer`] moves in one pass, a checkpoint
//! keeps as it is, and acting reads without a tensor.
//!
//! | module | what it holds |
//! |---|---|
//! | [`activation`] | ReLU, tanh, sigmoid |
//! | [`builder`] | networks put together |
//! | [`conv`] | convolutions as products of matrices |
//! | [`normalizer`] | observations as networks read them, running means and standard deviations |
//! | [`init`] | orthogonal, Kaiming and Xavier first values from our streams |
//! | [`matmul`] | products over slices |
//! | [`model`] | a network with its parameters: candle's graph, acting, learning |
//! | [`network`] | the passes |
//! | [`optimizer`] | SGD, RMSprop, Adam, AdamW; clipping; target networks |
//! | [`shape`] | settings of a network, and its trunk |
//! | [`weights`] | safetensors |

pub mod activation;
pub mod builder;
pub mod conv;
pub mod init;
mod layer;
pub mod matmul;
pub mod model;
pub mod network;
pub mod normalizer;
pub mod optimizer;
pub mod shape;
#[cfg(test)]
mod tests;
pub mod weights;

pub use activation::Activation;
pub use builder::Builder;
pub use conv::Conv;
pub use init::Init;
pub use model::{Frozen, Model};
pub use network::{Network, Pass, Place, Workspace};
pub use normalizer::ObservationNormalizer;
pub use optimizer::{Optimizer, Rule, Stepped};
pub use shape::Shape;
