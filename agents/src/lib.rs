//! Freewheel's agents: what learns by reward, knowing no world but its [`Spec`](freewheel_core::Spec).
//!
//! | module | what it holds |
//! |---|---|
//! | [`family`] | [`AgentKind`]: what the program needs to list, configure and build an agent; one line adds your own |
//! | [`tabular`] | agents that keep a number for every state and action |

pub mod family;
pub mod tabular;

pub use family::{AgentKind, Budget, Kind};

/// Every agent of this crate, in the order in which they are listed.
pub fn all() -> Vec<Box<dyn AgentKind>> {
    tabular::all()
}
