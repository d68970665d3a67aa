//! Finite Markov decision processes, and what is the best that can be done in them.
//!
//! A process has S states and at most A actions in each. Action `a` in state `s` has outcomes: with
//! probability `p` it pays `r` and leads to `s'`, or ends the episode. With the discount `gamma`,
//!
//! ```text
//! Q(s, a) = sum over outcomes  p (r + gamma [not terminal] V(s'))          [S, A]
//! V(s)    = max over a         Q(s, a)                                     [S]
//! ```
//!
//! and a state without any action is worth 0. [`FiniteMdp::solve`] answers every [`SolveQuery`]:
//!
//! | who | without horizon | with horizon |
//! |---|---|---|
//! | `Best` | policy iteration (Howard 1960; Puterman 1994, section 6.4) with exact evaluation | backward induction if time is observed; otherwise a search over stationary policies, with time-observed play as the upper bound |
//! | `Random`, `EpsilonGreedy` | one exact evaluation | one evaluation, backwards in time |
//! | `EpsilonSoft` | `Best` in the process whose action `a` is "`a`, but random with probability epsilon" | the same |
//!
//! ```
//! use freewheel_core::{SolveQuery, PolicyClass};
//! use freewheel_envs::mdp::{MdpBuilder, Outcome};
//!
//! // A coin is tossed until it shows heads; each toss costs 1.
//! let mut coin = MdpBuilder::new(1);
//! coin.push(&[
//!     Outcome { probability: 0.5, next: 0, reward: -1.0, terminal: true },
//!     Outcome { probability: 0.5, next: 0, reward: -1.0, terminal: false },
//! ]);
//! let coin = coin.build(vec![(0, 1.0)])?;
//! let query = SolveQuery { gamma: 1.0, horizon: None, time_observed: false, policy_class: PolicyClass::Optimal };
//! assert_eq!(coin.solve(&query)?.value, -2.0);
//! # Ok::<(), freewheel_core::Error>(())
//! ```
//!
//! **Exact evaluation** is Gaussian elimination without subtractions (in `chain`), so that rewards of one
//! sign keep their relative accuracy even where a random walk takes 100,000 steps to end. Its cost is that of
//! a sparse direct solver: small on maps and mazes (n x n cells: about n^3), large where every state leads
//! everywhere.
//!
//! **Undiscounted** (gamma 1) this is the stochastic shortest path problem of Bertsekas & Tsitsiklis (1991),
//! with cycles that cost nothing allowed: the best is taken over the stationary policies that, with
//! probability one, end or come to rest where nothing is paid any more. Policy iteration starts from such a
//! policy and changes an action only where that is strictly better. Then it never leaves these policies,
//! unless it finds a cycle that earns more than it costs: the value is infinite, and the answer is
//! [`Error::Unsupported`]. Small changes between sweeps, on which plain value iteration stops, would prove
//! nothing (Haddad & Monmege 2018).
//!
//! **Not finite.** In `Solution::values`, `+inf` marks the states that reach an endless gain and `-inf` those
//! from which no policy is sure to end; NaN those where a given policy has no total reward at all. Where the
//! start is one of them, the answer is an error instead.
//!
//! **The greedy action** is the one of lowest index among the best; at gamma 1, among the best that may bring
//! the episode nearer to its end (with cycles that cost nothing, a best action alone need not lead anywhere).
//! "Best" is up to 1e-11 of the size of what is added up. `EpsilonGreedy` takes each of the best actions
//! equally often, which does not depend on how actions are numbered (on the cliff of Sutton & Barto it makes
//! a difference of 6); it is greedy for the values of the same gamma without a horizon, also when asked how
//! it does within one.
//!
//! **Within a horizon** the values are those of the full number of steps. A player who does not see the clock
//! gets the best stationary policy that was found, the best deterministic one for sure in small processes; it
//! may be a random one, where that is better. The answer is `Exact` where it is as good as seeing the clock,
//! else a `Bracket`.
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
use freewheel_core::{Error, SolveQuery};
