//! What traders measure a run by: free functions over slices of returns, each with its formula, its source and its unit.
//!
//! A *return* is the simple one of a bar, `r[t] = equity[t] / equity[t-1] - 1`, a pure number. `periods` is the number of bars in
//! a year, such as 252 for daily bars: what is called annual is scaled by it. The risk-free rate is 0; subtract your own from the
//! returns first. What cannot be said, such as the volatility of one return, is NaN.
//!
//! | file | what it holds |
//! |---|---|
//! | `running` | [`Running`]: all of it in one pass, in a few numbers: what a simulator keeps while it steps |
//! | `returns` | the same as functions of a slice |
//! | `trading` | turnover, exposure, costs |
//! | `deflated` | how likely a Sharpe ratio is luck: probabilistic and deflated Sharpe |
//! | `normal` | the normal distribution they need |
//!
//! ```
//! use freewheel_envs::market::metrics;
//!
//! let returns = [0.10, -0.05, 0.02];
//! assert!((metrics::total_return(&returns) - (1.10 * 0.95 * 1.02 - 1.0)).abs() < 1e-15);
//! assert!((metrics::max_drawdown(&returns) - -0.05).abs() < 1e-15);
//! ```

mod deflated;
mod normal;
mod returns;
mod running;
mod trading;

pub use deflated::{
    Trials, deflated_sharpe, expected_maximum_sharpe, kurtosis, minimum_track_record, probabilistic_sharpe,
    skewness,
};
pub use normal::{cumulative, quantile};
pub use returns::{cagr, calmar, max_drawdown, sharpe, sortino, total_return, volatility};
pub use running::Running;
pub use trading::{costs, exposure, turnover};
