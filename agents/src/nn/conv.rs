//! Convolutions over planes that lie channels last, `[B, H, W, C]`: patches are laid out as the rows of a matrix (im2col, Chellapilla,
//! Puri & Simard 2006) and multiplied by the weights `[K, K, C, O]`. With channels last, K neighboring points of a row
//! are one run of K C numbers, so that laying out copies runs.

use super::matmul::{Matrix, matmul};

/// Rows of a batch whose patches are laid out at a time: few enough that they stay in the second cache.
const GROUP: usize = 4;

/// The shape of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv {
    /// Channels that come in.
    pub channels: usize,
    /// Height and width that come in.
    pub size: [usize; 2],
    /// Channels that go out.
    pub out_channels: usize,
    /// Side of the square kernel.
    pub kernel: usize,
    /// Steps between patches.
    pub stride: usize,
    /// Rows and columns of zeros around the planes.
    pub padding: usize,
}

/// Room to lay out patches, used again.
#[derive(Debug, Default)]
pub struct Patches {
    patches: Vec<f32>,
    gradient: Vec<f32>,
}

impl Conv {
    /// Height and width that go out.
    pub fn out_size(&self) -> [usize; 2] {
        self.size.map(|side| (side + 2 * self.padding - self.kernel) / self.stride + 1)
    }

    /// Numbers of a row that come in, H W C.
    pub fn len(&self) -> usize {
        self.size[0] * self.size[1] * self.channels
    }

    /// Whether nothing comes in.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Numbers of a row that go out.
    pub fn out_len(&self) -> usize {
        self.points() * self.out_channels
    }

    /// Numbers of a patch, K K C.
    pub fn patch(&self) -> usize {
        self.kernel * self.kernel * self.channels
    }

    /// Points that go out.
    pub fn points(&self) -> usize {
        let [h, w] = self.out_size();
        h * w
    }

    /// `out [B, H', W', O] += x [B, H, W, C] * weights [K, K, C, O]`.
    pub fn forward(&self, weights: &[f32], x: &[f32], out: &mut [f32], scratch: &mut Patches) {
        let (patch, width) = (self.patch(), self.out_channels);
        for (x, out) in x.chunks(GROUP * self.len()).zip(out.chunks_mut(GROUP * self.out_len())) {
            let points = out.len() / width;
            scratch.patches.resize(GROUP * self.points() * patch, 0.0);
            let patches = &mut scratch.patches[..points * patch];
            self.lay_out(x, patches);
            matmul(out, Matrix::new(patches, points, patch), Matrix::new(weights, patch, width), true);
        }
    }

    /// Adds what `gradient [B, H', W', O]` says of the weights to `of_weights [K, K, C, O]`, and of the input to `of_x [B, H, W, C]`
    /// where that is wanted.
    pub fn backward(
        &self,
        weights: &[f32],
        x: &[f32],
        gradient: &[f32],
        of_weights: &mut [f32],
        of_x: Option<&mut [f32]>,
        scratch: &mut Patches,
    ) {
        let (patch, width) = (self.patch(), self.out_channels);
        let mut of_x = of_x.map(|of_x| of_x.chunks_mut(GROUP * self.len()));
        let Patches { patches, gradient: of_patches } = scratch;
        let most = GROUP * self.points() * patch;
        patches.resize(most, 0.0);
        for (x, gradient) in x.chunks(GROUP * self.len()).zip(gradient.chunks(GROUP * self.out_len())) {
            let points = gradient.len() / width;
            let patches = &mut patches[..points * patch];
            self.lay_out(x, patches);
            let gradient = Matrix::new(gradient, points, width);
            matmul(of_weights, Matrix::new(patches, points, patch).t(), gradient, true);
            if let Some(of_x) = of_x.as_mut().and_then(Iterator::next) {
                of_patches.resize(most, 0.0);
                let of_patches = &mut of_patches[..points * patch];
                matmul(of_patches, gradient, Matrix::new(weights, patch, width).t(), false);
                self.gather(of_patches, of_x);
            }
        }
    }

    /// `out [B, H, W, C] +=` the transpose of this convolution of `x [B, H', W', O]`: what [`Conv::backward`] makes of a gradient.
    pub fn transposed(&self, weights: &[f32], x: &[f32], out: &mut [f32], scratch: &mut Patches) {
        let (patch, width) = (self.patch(), self.out_channels);
        for (x, out) in x.chunks(GROUP * self.out_len()).zip(out.chunks_mut(GROUP * self.len())) {
            let points = x.len() / width;
            scratch.patches.resize(GROUP * self.points() * patch, 0.0);
            let patches = &mut scratch.patches[..points * patch];
            matmul(patches, Matrix::new(x, points, width), Matrix::new(weights, patch, width).t(), false);
            self.gather(patches, out);
        }
    }

    /// Adds what `gradient [B, H, W, C]` of [`Conv::transposed`] says of the weights to `of_weights [K, K, C, O]`, and of the input to `of_x
    /// [B, H', W', O]` where that is wanted.
    pub fn transposed_backward(
        &self,
        weights: &[f32],
        x: &[f32],
        gradient: &[f32],
        of_weights: &mut [f32],
        of_x: Option<&mut [f32]>,
        scratch: &mut Patches,
    ) {
        let (patch, width) = (self.patch(), self.out_channels);
        let mut of_x = of_x.map(|of_x| of_x.chunks_mut(GROUP * self.out_len()));
        for (x, gradient) in x.chunks(GROUP * self.out_len()).zip(gradient.chunks(GROUP * self.len())) {
            let points = x.len() / width;
            scratch.patches.resize(GROUP * self.points() * patch, 0.0);
            let patches = &mut scratch.patches[..points * patch];
            self.lay_out(gradient, patches);
            let patches = Matrix::new(patches, points, patch);
            matmul(of_weights, patches.t(), Matrix::new(x, points, width), true);
            if let Some(of_x) = of_x.as_mut().and_then(Iterator::next) {
                matmul(of_x, patches, Matrix::new(weights, patch, width), true);
            }
        }
    }

    /// Copies the patches of `x [B, H, W, C]` into `patches [B H' W', K K C]`.
    fn lay_out(&self, x: &[f32], patches: &mut [f32]) {
        for (x, patches) in
            x.chunks_exact(self.len()).zip(patches.chunks_exact_mut(self.points() * self.patch()))
        {
            self.runs(|at, patch_at, length| match at {
                Some(at) => patches[patch_at..patch_at + length].copy_from_slice(&x[at..at + length]),
                None => patches[patch_at..patch_at + length].fill(0.0),
            });
        }
    }

    /// Adds `patches [B H' W', K K C]` back to where they were copied from, `x [B, H, W, C]`.
    fn gather(&self, patches: &[f32], x: &mut [f32]) {
        for (x, patches) in
            x.chunks_exact_mut(self.len()).zip(patches.chunks_exact(self.points() * self.patch()))
        {
            self.runs(|at, patch_at, length| {
                if let Some(at) = at {
                    let pairs = x[at..at + length].iter_mut().zip(&patches[patch_at..patch_at + length]);
                    pairs.for_each(|(x, p)| *x += p);
                }
            });
        }
    }

    /// Every run of numbers that the patches of one row hold: where it lies in the planes (`None`: in the padding), where in the
    /// patches, and its length.
    #[inline(always)]
    fn runs(&self, mut run: impl FnMut(Option<usize>, usize, usize)) {
        let ([h, w], [out_h, out_w]) = (self.size, self.out_size());
        let (c, k, pad) = (self.channels, self.kernel, self.padding);
        let mut patch_at = 0;
        for out_y in 0..out_h {
            for out_x in 0..out_w {
                let (top, left) = (out_y * self.stride, out_x * self.stride);
                // Columns of the kernel that lie left of the planes, in them, and right of them.
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
        fn is_candles(
            channels in 1..4usize, h in 3..7usize, w in 3..7usize, out_channels in 1..4usize, kernel in 1..4usize, stride in 1..3usize,
            padding in 0..2usize, rows in 1..7usize,
        ) {
            let conv = Conv { channels, size: [h, w], out_channels, kernel, stride, padding };
            let number = |i: usize| ((i * 29 + 3) % 13) as f32 - 6.0;
            let x: Vec<f32> = (0..rows * conv.len()).map(number).collect();
            let weights: Vec<f32> = (0..conv.patch() * out_channels).map(|i| number(i + 7)).collect();
            let mut out = vec![0.0; rows * conv.out_len()];
            conv.forward(&weights, &x, &mut out, &mut Patches::default());
            let device = Device::Cpu;
            let tx = Tensor::from_vec(x.clone(), (rows, h, w, channels), &device).unwrap().permute((0, 3, 1, 2)).unwrap().contiguous().unwrap();
            let tw = Tensor::from_vec(weights.clone(), (kernel, kernel, channels, out_channels), &device).unwrap();
            let tw = tw.permute((3, 2, 0, 1)).unwrap().contiguous().unwrap();
            let expected = tx.conv2d(&tw, padding, stride, 1, 1).unwrap().permute((0, 2, 3, 1)).unwrap();
            let expected: Vec<f32> = expected.flatten_all().unwrap().to_vec1().unwrap();
            prop_assert_eq!(&out, &expected);
            // Turned round: <conv x, y> = <x, conv' y> for every y.
            let y: Vec<f32> = (0..out.len()).map(|i| number(i + 4)).collect();
            let mut back = vec![0.0; x.len()];
            conv.transposed(&weights, &y, &mut back, &mut Patches::default());
            let product = |a: &[f32], b: &[f32]| -> f32 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
            prop_assert_eq!(product(&out, &y), product(&x, &back));
        }
    }
}
