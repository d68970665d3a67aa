//! Import and export of parameters as safetensors.

use std::collections::BTreeMap;

use freewheel_core::{Error, Result};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::Network;

impl Network {
    /// Bytes of a safetensors file with P parameters, `[P]`: one f32 tensor per named block. The weights of a linear
    /// layer are `[inputs, outputs]`, the transpose of PyTorch's; the weights of a convolution are `[K, K, C, O]` for C
    /// input channels, O output channels and a K x K kernel.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if serialization fails.
    pub fn to_safetensors(&self, parameters: &[f32]) -> Result<Vec<u8>> {
        let failed = |e: safetensors::SafeTensorError| Error::Unsupported(format!("safetensors: {e}"));
        let bytes: Vec<Vec<u8>> = (self.parameters().iter())
            .map(|block| parameters[block.range.clone()].iter().flat_map(|x| x.to_le_bytes()).collect())
            .collect();
        let views: BTreeMap<&str, TensorView<'_>> = (self.parameters().iter().zip(&bytes))
            .map(|(block, bytes)| {
                Ok((&*block.name, TensorView::new(Dtype::F32, block.shape.clone(), bytes)?))
            })
            .collect::<std::result::Result<_, _>>()
            .map_err(failed)?;
        safetensors::serialize(views, None).map_err(failed)
    }

    /// The P parameters of the network, `[P]`, from the bytes of a safetensors file.
    ///
    /// # Errors
    /// [`Error::Config`] if the bytes are not such a file, or a block is missing or has another shape or type.
    pub fn from_safetensors(&self, bytes: &[u8]) -> Result<Vec<f32>> {
        let file = SafeTensors::deserialize(bytes)
            .map_err(|e| Error::Config(format!("this is not a safetensors file: {e}")))?;
        let mut parameters = vec![0.0; self.size()];
        for block in self.parameters() {
            let name = &block.name;
            let tensor = file
                .tensor(name)
                .map_err(|_| Error::Config(format!("the safetensors file has no tensor `{name}`")))?;
            if tensor.dtype() != Dtype::F32 || tensor.shape() != block.shape {
                return Err(Error::Config(format!(
                    "tensor `{name}` is {:?} {:?}, but must be F32 {:?}",
                    tensor.dtype(),
                    tensor.shape(),
                    block.shape
                )));
            }
            let (words, _) = tensor.data().as_chunks::<4>();
            for (parameter, word) in parameters[block.range.clone()].iter_mut().zip(words) {
                *parameter = f32::from_le_bytes(*word);
            }
        }
        Ok(parameters)
    }
}

#[cfg(test)]
mod tests {
    use crate::nn::{Activation, Builder, Init, Network};

    fn network(width: usize) -> Network {
        let mut net = Builder::new(3);
        let out = net.linear("policy", 0, width, Activation::Identity, Init::Zeros);
        net.build(&[out])
    }

    #[test]
    fn round_trip_and_refusals() {
        let parameters: Vec<f32> = (0..8).map(|i| i as f32 / 3.0).collect();
        let bytes = network(2).to_safetensors(&parameters).unwrap();
        assert_eq!(network(2).from_safetensors(&bytes).unwrap(), parameters);
        let refused = network(4).from_safetensors(&bytes).unwrap_err().to_string();
        assert!(refused.contains("`policy.weight` is F32 [3, 2], but must be F32 [3, 4]"), "{refused}");
        assert!(
            network(2).from_safetensors(b"no").unwrap_err().to_string().contains("not a safetensors file")
        );
        // candle reads the same values.
        let theirs = candle_core::safetensors::load_buffer(&bytes, &candle_core::Device::Cpu).unwrap();
        assert_eq!(theirs["policy.bias"].to_vec1::<f32>().unwrap(), parameters[6..]);
    }
}
