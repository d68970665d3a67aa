//! Performance measures of a series of returns: free functions over slices, each with its formula and source.
//!
//! A return is the simple return of a bar, `r[t] = equity[t] / equity[t-1] - 1`, a pure number. `periods` is the number
//! of bars in a year, such as 252 for daily bars; annual measures are scaled by this number. The risk-free rate is 0;
//! subtract another rate from the returns. Undefined values, such as the volatility of one return, are NaN.
//!
//! | file | content |
//! |---|---|
//! | `returns` | Sharpe ratio, drawdown and others, of a slice or in one pass ([`RunningReturns`]); turnover, costs |
//! | `deflated` | probabilistic and deflated Sharpe ratio: statistical significance of a Sharpe ratio |
//!
//! ```
//! use freewheel_envs::market::metrics;
//!
//! let returns = [0.10, -0.05, 0.02];
//! assert!((metrics::total_return(&returns) - (1.10 * 0.95 * 1.02 - 1.0)).abs() < 1e-15);
//! assert!((metrics::max_drawdown(&returns) - -0.05).abs() < 1e-15);
//! ```

mod deflated;
mod returns;

pub use super::normal::{normal_cdf, normal_quantile};
pub use deflated::{
    Trials, deflated_sharpe, expected_maximum_sharpe, kurtosis, minimum_track_record, probabilistic_sharpe,
    skewness,
};
pub use returns::{
    RunningReturns, cagr, calmar, costs, exposure, max_drawdown, sharpe, sortino, total_return, turnover,
    volatility,
};
