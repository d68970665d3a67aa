//! Losses of sampled action values, and the priorities of the sampled steps.

use candle_core::{DType, Tensor};

/// Priority of a step in prioritized replay, `(|td_error| + 1e-6)^alpha`: a step with error 0 is still sampled
/// sometimes.
pub(super) fn priority(td_error: f32, alpha: f64) -> f64 {
    (f64::from(td_error.abs()) + 1e-6).powf(alpha)
}

/// Mean Huber loss (Huber 1964) of B sampled steps, weighted by `weights [B]`, and the TD errors `[B]`. The TD error is
/// the difference of the value in `q [B, A]` of the action taken, `actions [B]`, and its target, `targets [B]`. The
/// loss is quadratic up to an error of `delta` and linear beyond; with `delta` 0 it is quadratic everywhere.
pub(super) fn loss(
    q: &Tensor,
    actions: &[u32],
    targets: &Tensor,
    weights: &Tensor,
    delta: f64,
) -> candle_core::Result<(Tensor, Tensor)> {
    let index = Tensor::from_slice(actions, (actions.len(), 1), q.device())?;
    let error = (q.gather(&index, 1)?.squeeze(1)? - targets)?;
    let quadratic = (error.sqr()? * 0.5)?;
    let losses = match delta {
        0.0 => quadratic,
        delta => {
            let size = error.abs()?;
            let linear = ((&size * delta)? - 0.5 * delta * delta)?;
            size.le(delta)?.where_cond(&quadratic, &linear)?
        }
    };
    Ok(((losses * weights)?.mean_all()?, error.detach()))
}

/// Quantile regression loss of the N quantiles of each action value (Dabney et al. 2018, arXiv 1710.10044, equation
/// 10), averaged over B sampled steps with the weights `weights [B]`; and the TD errors `[B]` of the means.
///
/// `q [B, A * N]` holds the quantiles of every action, of which those of `actions [B]` are trained towards the
/// `targets [B, N]`. With u = y_j - q_i and the levels t_i = (i + 1/2) / N, the loss of a step is the sum over i and
/// the mean over j of `|t_i - 1(u < 0)| h(u)`; h is `|u|`, and quadratic up to an error of `delta`.
pub(super) fn quantile_loss(
    q: &Tensor,
    actions: &[u32],
    targets: &Tensor,
    weights: &Tensor,
    delta: f64,
) -> candle_core::Result<(Tensor, Tensor)> {
    let (b, n) = targets.dims2()?;
    let num_actions = q.dim(1)? / n;
    let rows: Vec<u32> = (0u32..).zip(actions).map(|(i, action)| i * num_actions as u32 + action).collect();
    let rows = Tensor::from_vec(rows, b, q.device())?;
    let quantiles = q.reshape((b * num_actions, n))?.index_select(&rows, 0)?;
    let error = targets.unsqueeze(1)?.broadcast_sub(&quantiles.unsqueeze(2)?)?;
    let levels: Vec<f32> = (0..n).map(|i| (i as f32 + 0.5) / n as f32).collect();
    let levels = Tensor::from_vec(levels, (1, n, 1), q.device())?;
    let below = error.detach().lt(0.0)?.to_dtype(DType::F32)?;
    let size = error.abs()?;
    let size = match delta {
        0.0 => size,
        delta => {
            let quadratic = (error.sqr()? * (0.5 / delta))?;
            let linear = (&size - 0.5 * delta)?;
            size.le(delta)?.where_cond(&quadratic, &linear)?
        }
    };
    let losses = (below.broadcast_sub(&levels)?.abs()? * size)?.mean(2)?.sum(1)?;
    let td_errors = (quantiles.mean(1)? - targets.mean(1)?)?;
    Ok(((losses * weights)?.mean_all()?, td_errors.detach()))
}
