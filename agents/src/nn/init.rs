//! Initial weights, drawn from seeded streams (candle's initialization cannot be seeded on the CPU).

use freewheel_core::Stream;

/// Maximum number of vectors for orthogonal initialization.
const MAX_VECTORS: usize = 1024;

/// Choice of the initialization of the weights of a layer; the number is a gain, a factor of the weights. Biases begin
/// at 0, except with [`Init::Uniform`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// All weights are 0.
    Zeros,
    /// Weights and biases uniform within sqrt(1 / fan_in), the default of PyTorch. Without biases a network of ReLUs
    /// is first proportional to the size of its input.
    Uniform,
    /// Orthogonal initialization: orthogonal rows or columns, whichever are fewer, times the gain (Saxe, McClelland &
    /// Ganguli 2014, arXiv 1312.6120); Xavier initialization if there are more than 1024 rows and 1024 columns.
    Orthogonal(f32),
    /// Kaiming initialization: uniform within gain sqrt(3 / fan_in), variance gain^2 / fan_in; for ReLU with gain sqrt
    /// 2 (He et al. 2015, arXiv 1502.01852).
    Kaiming(f32),
    /// Xavier initialization: uniform within gain sqrt(6 / (fan_in + fan_out)) (Glorot & Bengio 2010).
    Xavier(f32),
}

impl Init {
    /// Fills `weights [fan_in, fan_out]` with random initial values.
    pub fn fill(self, weights: &mut [f32], fan_in: usize, fan_out: usize, rng: &mut Stream) {
        match self {
            Init::Zeros => weights.fill(0.0),
            Init::Uniform => uniform(weights, (1.0 / fan_in as f64).sqrt(), rng),
            Init::Kaiming(gain) => uniform(weights, f64::from(gain) * (3.0 / fan_in as f64).sqrt(), rng),
            Init::Xavier(gain) => {
                uniform(weights, f64::from(gain) * (6.0 / (fan_in + fan_out) as f64).sqrt(), rng)
            }
            // Gram-Schmidt orthogonalization takes cubic time, and so many random vectors are nearly orthogonal.
            Init::Orthogonal(gain) if fan_in.min(fan_out) > MAX_VECTORS => {
                Init::Xavier(gain).fill(weights, fan_in, fan_out, rng);
            }
            Init::Orthogonal(gain) => orthogonal(weights, fan_in, fan_out, gain, rng),
        }
    }
}

fn uniform(weights: &mut [f32], bound: f64, rng: &mut Stream) {
    weights.iter_mut().for_each(|w| *w = (bound * (2.0 * rng.uniform() - 1.0)) as f32);
}

/// Fills `weights [fan_in, fan_out]` with random orthogonal vectors: Gram-Schmidt orthogonalization of normally
/// distributed vectors, twice for accuracy.
fn orthogonal(weights: &mut [f32], fan_in: usize, fan_out: usize, gain: f32, rng: &mut Stream) {
    let (count, length) = (fan_in.min(fan_out), fan_in.max(fan_out));
    let mut frame: Vec<Vec<f64>> = Vec::with_capacity(count);
    while frame.len() < count {
        let mut vector: Vec<f64> = (0..length).map(|_| rng.normal()).collect();
        for _ in 0..2 {
            for other in &frame {
                let along: f64 = vector.iter().zip(other).map(|(a, b)| a * b).sum();
                vector.iter_mut().zip(other).for_each(|(a, b)| *a -= along * b);
            }
        }
        let norm = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
        // A shorter vector lies in the span of the other vectors, which almost never happens.
        if norm > 1e-6 {
            vector.iter_mut().for_each(|x| *x /= norm);
            frame.push(vector);
        }
    }
    for i in 0..fan_in {
        for j in 0..fan_out {
            let x = if fan_in <= fan_out { frame[i][j] } else { frame[j][i] };
            weights[i * fan_out + j] = gain * x as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use freewheel_core::{Purpose, Streams};

    fn filled(init: Init, fan_in: usize, fan_out: usize) -> Vec<f32> {
        let mut weights = vec![7.0; fan_in * fan_out];
        init.fill(&mut weights, fan_in, fan_out, &mut Streams::new(1).stream(Purpose::Initialization, 0, 0));
        weights
    }

    #[test]
    fn orthogonal_frames_are_orthogonal() {
        for (fan_in, fan_out) in [(7, 3), (3, 7), (5, 5), (1, 4)] {
            let w = filled(Init::Orthogonal(2.0), fan_in, fan_out);
            let (count, at): (_, &dyn Fn(usize, usize) -> f32) = match fan_in <= fan_out {
                true => (fan_in, &|vector, k| w[vector * fan_out + k]),
                false => (fan_out, &|vector, k| w[k * fan_out + vector]),
            };
            for a in 0..count {
                for b in 0..count {
                    let product: f32 = (0..fan_in.max(fan_out)).map(|k| at(a, k) * at(b, k)).sum();
                    assert!((product - if a == b { 4.0 } else { 0.0 }).abs() < 1e-5, "{a} {b} {product}");
                }
            }
        }
    }

    #[test]
    fn uniform_weights_have_the_stated_variance() {
        for (init, variance) in [
            (Init::Kaiming(2f32.sqrt()), 2.0 / 300.0),
            (Init::Xavier(1.0), 2.0 / 500.0),
            (Init::Uniform, 1.0 / 900.0),
        ] {
            let w = filled(init, 300, 200);
            let mean = w.iter().sum::<f32>() / 60_000.0;
            let found = w.iter().map(|w| w * w).sum::<f32>() / 60_000.0;
            assert!(mean.abs() < 5.0 * (variance / 60_000.0f32).sqrt(), "{init:?} {mean}");
            assert!((found / variance - 1.0).abs() < 0.03, "{init:?} {found}");
        }
        assert!(filled(Init::Zeros, 2, 3).iter().all(|w| *w == 0.0));
    }
}
