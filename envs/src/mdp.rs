//! Finite Markov decision processes and their exact solutions.
//!
//! A process has S states and at most A actions in each state. Action `a` in state `s` has outcomes: with probability
//! `p` the reward is `r`, and the next state is `s'` or the episode ends. With the discount `gamma`,
//!
//! ```text
//! Q(s, a) = sum over outcomes  p (r + gamma [not terminal] V(s'))          [S, A]
//! V(s)    = max over a         Q(s, a)                                     [S]
//! ```
//!
//! and the value of a state without any action is 0. [`FiniteMdp::solve`] solves every [`SolveQuery`]:
//!
//! | policy class | without horizon | with horizon |
//! |---|---|---|
//! | `Optimal` | policy iteration with exact evaluation | backward induction if time is observed, else search |
//! | `Random`, `EpsilonGreedy` | one exact evaluation | one evaluation, backward in time |
//! | `EpsilonSoft` | `Optimal` in the process with epsilon-random actions | `Optimal` in the same process |
//!
//! Policy iteration is that of Howard (1960; Puterman 1994, section 6.4). The search is over stationary policies; the
//! optimal value with observed time is an upper bound on the value of the policy found.
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
//! **Exact evaluation** is Gaussian elimination without subtractions (in `chain`), so that rewards of one sign keep
//! their relative accuracy even where a random walk takes 100,000 steps to end. The cost of the elimination is that of
//! a sparse direct solver: small on maps and mazes (n x n cells: about n^3 operations), large where every state leads
//! to every other state.
//!
//! **Undiscounted** (gamma 1) the task is the stochastic shortest path problem of Bertsekas & Tsitsiklis (1991), with
//! cycles of reward 0 allowed. The optimum is over the stationary policies that, with probability one, end or reach
//! states where all further rewards are 0. Policy iteration starts from such a policy and changes an action only if the
//! new action is strictly better. Then all later policies are of this kind too, unless there is a cycle with a positive
//! total reward: in that case the value is infinite, and the result is [`Error::Unsupported`]. Small changes between
//! sweeps, the stopping rule of plain value iteration, would prove nothing (Haddad & Monmege 2018).
//!
//! **Values that are not finite.** In `Solution::values`, `+inf` is the value of states from which an infinite gain is
//! reached, and `-inf` of states from which no policy is sure to end. NaN is the value of states where the total reward
//! of a given policy does not exist. If the value from the start is not finite, the result is an error instead.
//!
//! **The greedy action** is the optimal action of lowest index. At gamma 1 only optimal actions count that may bring
//! the episode nearer to its end (in a cycle of reward 0, an optimal action may go round for ever). Actions count as
//! optimal up to 1e-11 of the sum of the absolute terms. `EpsilonGreedy` takes all optimal actions equally often, so
//! that its value does not depend on how actions are numbered (on the cliff walk of Sutton & Barto, the choice among
//! optimal actions changes the value by 6). Its greedy actions are those of the optimal values for the same gamma
//! without a horizon, also where the policy is evaluated within a horizon.
//!
//! **Within a horizon** the values are those with the full number of steps left. If time is not observed, the policy is
//! the best stationary policy found. In small processes no deterministic stationary policy is better; a stochastic
//! policy is returned where one is better. The certainty is `Exact` if the value of the policy equals the optimum with
//! observed time, else `Bracket`.
//!
//! The solver is neither parallel nor random: the same query has the same result, to the byte, on every machine.

mod build;
mod chain;
mod graph;
mod kernel;
mod optimal;
mod ordering;
mod policy;
mod solve;
mod stationary;
#[cfg(test)]
mod tests;

pub use build::{FiniteMdp, MdpBuilder, Outcome};
pub use policy::StatePolicy;

#[cfg(doc)]
use freewheel_core::{Error, SolveQuery};
