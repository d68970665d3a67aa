//! Finite Markov decision processes, and what is the best that can be done in them.
//!
//! A process has S states and at most A actions in each. Action `a` in state `s` has outcomes: with probability
//! `p` it pays `r` and leads to `s'`, or ends the episode. With the discount `gamma`,
//!
//! ```text
//! Q(s, a) = sum over outcomes  p (r + gamma [not terminal] V(s'))          [S, A]
//! V(s)    = max over a         Q(s, a)                                     [S]
//! ```
//!
//! and a state without any action is worth 0. [`FiniteMdp::solve`] answers every [`Question`]:
//!
//! | who | without horizon | with horizon |
//! |---|---|---|
//! | `Best` | policy iteration (Howard 1960; Puterman 1994, section 6.4) with exact evaluation | backward induction if time is observed; otherwise a search over stationary policies, with time-observed play as the upper bound |
//! | `Random`, `EpsilonGreedy` | one exact evaluation | one evaluation, backwards in time |
//! | `EpsilonSoft` | `Best` in the process whose action `a` is "`a`, but random with probability epsilon" | the same |
//!
//! **Exact evaluation** is Gaussian elimination without subtractions (in `chain`), so that it is accurate in every
//! entry even where a random walk takes 100,000 steps to end.
//!
//! **Undiscounted** (gamma 1) this is the stochastic shortest path problem of Bertsekas & Tsitsiklis (1991), with
//! cycles that cost nothing allowed: the best is taken over the stationary policies that, with probability one, end or come to
//! rest where nothing is paid any more. Policy iteration starts from such a policy and changes an action only where
//! that is strictly better. Then it never leaves these policies, unless it finds a cycle that earns more than it costs: the value is
//! infinite, and the answer is [`Error::Unsupported`]. Small changes between sweeps, on which plain value
//! iteration stops, prove nothing here (Haddad & Monmege 2018). In `Solution::values`, `+inf` marks the states that
//! reach an endless gain and `-inf` those from which no policy is sure to end; neither can be reached from the
//! start by what is played, or the answer would be an error. NaN marks states where a given policy has no total
//! reward at all.
//!
//! **The greedy action** is the one of lowest index among the best; at gamma 1, among the best that may bring the episode
//! nearer to its end (with cycles that cost nothing, a best action alone need not lead anywhere). "Best" is up
//! to 1e-11 of the size of what is compared. `EpsilonGreedy` takes each of the best actions equally often, which
//! does not depend on how actions are numbered (on the cliff of Sutton & Barto it makes a difference of 6); it is greedy for
//! the values of the same gamma without a horizon, also when it is then asked how it does within one.
//!
//! Nothing here is parallel or random: the same question has the same answer, to the byte, everywhere.

mod best;
mod blind;
mod build;
mod chain;
mod ends;
mod horizon;
mod kernel;
mod order;
mod policy;
mod solve;
#[cfg(test)]
mod tests;

pub use build::{FiniteMdp, MdpBuilder, Outcome};
pub use policy::StatePolicy;

#[cfg(doc)]
use freewheel_core::{Error, Question};
