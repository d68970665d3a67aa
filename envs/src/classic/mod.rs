//! Classic control: small tasks that everyone publishes, as yardsticks.
//!
//! | module | what it holds |
//! |---|---|
//! | `cartpole` | a pole on a cart, as Gymnasium's CartPole-v1: [`Cartpole`] |
//! | `family` | the family `classic`: [`Classics`] |

mod cartpole;
mod family;

pub use cartpole::{Cartpole, Integrator, Settings, State};
pub use family::Classics;
