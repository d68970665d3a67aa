//! Convolutions over B images of H x W points with C channels, `[B, H, W, C]` (channels last), to O channels with a K x
//! K kernel. The patches become the rows of a matrix (im2col; Chellapilla, Puri & Simard 2006), which is multiplied by
//! the weights `[K, K, C, O]`. With channels last, K neighboring points of a row are K C consecutive values, so that
//! im2col copies contiguous runs.

use super::matmul::{Matrix, matmul};

/// Samples processed at a time: few enough for their patches to stay in the level-2 cache.
const SAMPLES_PER_BLOCK: usize = 4;

/// Shape of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv {
    /// Number of input channels, C.
    pub channels: usize,
    /// Input height and width, `[H, W]`.
    pub size: [usize; 2],
    /// Number of output channels, O.
    pub out_channels: usize,
    /// Side length of the square kernel, K.
    pub kernel: usize,
    /// Distance between neighboring patches in points.
    pub stride: usize,
    /// Number of zeros added on each side of the input.
    pub padding: usize,
}

/// Buffers for the patches of images, reused between calls.
#[derive(Debug, Default)]
pub struct Patches {
    patches: Vec<f32>,
    gradient: Vec<f32>,
}

impl Conv {
    /// Output height and width, `[H', W']`.
    pub fn out_size(&self) -> [usize; 2] {
        self.size.map(|side| (side + 2 * self.padding - self.kernel) / self.stride + 1)
    }

    /// Number of input values per sample, H * W * C.
    pub fn len(&self) -> usize {
        self.size[0] * self.size[1] * self.channels
    }

    /// Whether the input is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of output values per sample, H' * W' * O.
    pub fn out_len(&self) -> usize {
        self.points() * self.out_channels
    }

    /// Number of values of a patch, K * K * C.
    pub fn patch(&self) -> usize {
        self.kernel * self.kernel * self.channels
    }

    /// Number of output points, H' * W'.
    pub fn points(&self) -> usize {
        let [h, w] = self.out_size();
        h * w
    }

    /// Forward pass: adds the convolution of `x [B, H, W, C]` with `weights [K, K, C, O]` to `out [B, H', W', O]`.
    pub fn forward(&self, weights: &[f32], x: &[f32], out: &mut [f32], scratch: &mut Patches) {
        let (patch, width) = (self.patch(), self.out_channels);
        for (x, out) in
            x.chunks(SAMPLES_PER_BLOCK * self.len()).zip(out.chunks_mut(SAMPLES_PER_BLOCK * self.out_len()))
        {
            let points = out.len() / width;
            scratch.patches.resize(SAMPLES_PER_BLOCK * self.points() * patch, 0.0);
            let patches = &mut scratch.patches[..points * patch];
            self.im2col(x, patches);
            matmul(out, Matrix::new(patches, points, patch), Matrix::new(weights, patch, width), true);
        }
    }

    /// Backward pass from the gradient of the output, `gradient [B, H', W', O]`: adds the gradient of the weights to
    /// `grad_weights [K, K, C, O]`, and the gradient of the input to `grad_x [B, H, W, C]`, if given.
    pub fn backward(
        &self,
        weights: &[f32],
        x: &[f32],
        gradient: &[f32],
        grad_weights: &mut [f32],
        grad_x: Option<&mut [f32]>,
        scratch: &mut Patches,
    ) {
        let (patch, width) = (self.patch(), self.out_channels);
        let mut grad_x = grad_x.map(|grad_x| grad_x.chunks_mut(SAMPLES_PER_BLOCK * self.len()));
        let Patches { patches, gradient: grad_patches } = scratch;
        let max = SAMPLES_PER_BLOCK * self.points() * patch;
        patches.resize(max, 0.0);
        for (x, gradient) in
            x.chunks(SAMPLES_PER_BLOCK * self.len()).zip(gradient.chunks(SAMPLES_PER_BLOCK * self.out_len()))
        {
            let points = gradient.len() / width;
            let patches = &mut patches[..points * patch];
            self.im2col(x, patches);
            let gradient = Matrix::new(gradient, points, width);
            matmul(grad_weights, Matrix::new(patches, points, patch).t(), gradient, true);
            if let Some(grad_x) = grad_x.as_mut().and_then(Iterator::next) {
                grad_patches.resize(max, 0.0);
                let grad_patches = &mut grad_patches[..points * patch];
                matmul(grad_patches, gradient, Matrix::new(weights, patch, width).t(), false);
                self.col2im(grad_patches, grad_x);
            }
        }
    }

    /// Adds the transposed convolution of `x [B, H', W', O]` to `out [B, H, W, C]`: the same map as from the output
    /// gradient to the input gradient in [`Conv::backward`].
    pub fn transposed(&self, weights: &[f32], x: &[f32], out: &mut [f32], scratch: &mut Patches) {
        let (patch, width) = (self.patch(), self.out_channels);
        for (x, out) in
            x.chunks(SAMPLES_PER_BLOCK * self.out_len()).zip(out.chunks_mut(SAMPLES_PER_BLOCK * self.len()))
        {
            let points = x.len() / width;
            scratch.patches.resize(SAMPLES_PER_BLOCK * self.points() * patch, 0.0);
            let patches = &mut scratch.patches[..points * patch];
            matmul(patches, Matrix::new(x, points, width), Matrix::new(weights, patch, width).t(), false);
            self.col2im(patches, out);
        }
    }

    /// Backward pass of [`Conv::transposed`] from the gradient of its output, `gradient [B, H, W, C]`: adds the
    /// gradient of the weights to `grad_weights [K, K, C, O]`, and the gradient of the input to
    /// `grad_x [B, H', W', O]`, if given.
    pub fn transposed_backward(
        &self,
        weights: &[f32],
        x: &[f32],
        gradient: &[f32],
        grad_weights: &mut [f32],
        grad_x: Option<&mut [f32]>,
        scratch: &mut Patches,
    ) {
        let (patch, width) = (self.patch(), self.out_channels);
        let mut grad_x = grad_x.map(|grad_x| grad_x.chunks_mut(SAMPLES_PER_BLOCK * self.out_len()));
        for (x, gradient) in
            x.chunks(SAMPLES_PER_BLOCK * self.out_len()).zip(gradient.chunks(SAMPLES_PER_BLOCK * self.len()))
        {
            let points = x.len() / width;
            scratch.patches.resize(SAMPLES_PER_BLOCK * self.points() * patch, 0.0);
            let patches = &mut scratch.patches[..points * patch];
            self.im2col(gradient, patches);
            let patches = Matrix::new(patches, points, patch);
            matmul(grad_weights, patches.t(), Matrix::new(x, points, width), true);
            if let Some(grad_x) = grad_x.as_mut().and_then(Iterator::next) {
                matmul(grad_x, patches, Matrix::new(weights, patch, width), true);
            }
        }
    }

    /// Operation im2col: copies the patches of `x [B, H, W, C]` to the rows of `patches [B H' W', K K C]`.
    fn im2col(&self, x: &[f32], patches: &mut [f32]) {
        for (x, patches) in
            x.chunks_exact(self.len()).zip(patches.chunks_exact_mut(self.points() * self.patch()))
        {
            self.for_each_run(|at, patch_at, length| match at {
                Some(at) => patches[patch_at..patch_at + length].copy_from_slice(&x[at..at + length]),
                None => patches[patch_at..patch_at + length].fill(0.0),
            });
        }
    }

    /// Operation col2im, the adjoint of im2col: adds `patches [B H' W', K K C]` to the values of `x [B, H, W, C]` from
    /// which im2col copies them.
    fn col2im(&self, patches: &[f32], x: &mut [f32]) {
        for (x, patches) in
            x.chunks_exact_mut(self.len()).zip(patches.chunks_exact(self.points() * self.patch()))
        {
            self.for_each_run(|at, patch_at, length| {
                if let Some(at) = at {
                    let pairs = x[at..at + length].iter_mut().zip(&patches[patch_at..patch_at + length]);
                    pairs.for_each(|(x, p)| *x += p);
                }
            });
        }
    }

    /// Calls `run` for every contiguous run of values in the patches of one sample, with the position of the run in the
    /// input (`None` in the padding), its position in the patches, and its length.
    #[inline(always)]
    fn for_each_run(&self, mut run: impl FnMut(Option<usize>, usize, usize)) {
        let ([h, w], [out_h, out_w]) = (self.size, self.out_size());
        let (c, k, pad) = (self.channels, self.kernel, self.padding);
        let mut patch_at = 0;
        for out_y in 0..out_h {
            for out_x in 0..out_w {
                let (top, left) = (out_y * self.stride, out_x * self.stride);
                // Columns of the kernel left of the input, inside, and right of it.
                let before = pad.saturating_sub(left).min(k);
                let inside = (w + pad).saturating_sub(left).min(k).saturating_sub(before);
                let after = k - before - inside;
                for y in top..top + k {
                    if y < pad || y >= h + pad || inside == 0 {
                        run(None, patch_at, k * c);
                    } else {
                        if before > 0 {
                            run(None, patch_at, before * c);
                        }
                        let at = ((y - pad) * w + left + before - pad) * c;
                        run(Some(at), patch_at + before * c, inside * c);
                        if after > 0 {
                            run(None, patch_at + (before + inside) * c, after * c);
                        }
                    }
                    patch_at += k * c;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{Device, Tensor};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn agrees_with_candle(
            channels in 1..4usize, h in 3..7usize, w in 3..7usize, out_channels in 1..4usize, kernel in 1..4usize,
            stride in 1..3usize, padding in 0..2usize, rows in 1..7usize,
        ) {
            let conv = Conv { channels, size: [h, w], out_channels, kernel, stride, padding };
            let number = |i: usize| ((i * 29 + 3) % 13) as f32 - 6.0;
            let x: Vec<f32> = (0..rows * conv.len()).map(number).collect();
            let weights: Vec<f32> = (0..conv.patch() * out_channels).map(|i| number(i + 7)).collect();
            let mut out = vec![0.0; rows * conv.out_len()];
            conv.forward(&weights, &x, &mut out, &mut Patches::default());
            let device = Device::Cpu;
            let tx = Tensor::from_vec(x.clone(), (rows, h, w, channels), &device).unwrap();
            let tx = tx.permute((0, 3, 1, 2)).unwrap().contiguous().unwrap();
            let tw = Tensor::from_vec(weights.clone(), (kernel, kernel, channels, out_channels), &device).unwrap();
            let tw = tw.permute((3, 2, 0, 1)).unwrap().contiguous().unwrap();
            let expected = tx.conv2d(&tw, padding, stride, 1, 1).unwrap().permute((0, 2, 3, 1)).unwrap();
            let expected: Vec<f32> = expected.flatten_all().unwrap().to_vec1().unwrap();
            prop_assert_eq!(&out, &expected);
            // The transpose: <conv x, y> = <x, conv' y> for every y.
            let y: Vec<f32> = (0..out.len()).map(|i| number(i + 4)).collect();
            let mut back = vec![0.0; x.len()];
            conv.transposed(&weights, &y, &mut back, &mut Patches::default());
            let product = |a: &[f32], b: &[f32]| -> f32 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
            prop_assert_eq!(product(&out, &y), product(&x, &back));
        }
    }
}
