//! Names for a program that uses Freewheel as a library: `use freewheel::prelude::*;`.

pub use freewheel_agents::dqn::{self, Dqn};
pub use freewheel_agents::estimator::{Classifier, Estimator, Regression, Regressor, Transformer};
pub use freewheel_agents::off_policy::sac::{self, Sac};
pub use freewheel_agents::off_policy::td3::{self, Td3};
pub use freewheel_agents::policy_gradient::a2c::{self, A2c};
pub use freewheel_agents::policy_gradient::ppo::{self, Ppo};
pub use freewheel_agents::policy_gradient::reinforce::{self, Reinforce};
pub use freewheel_agents::supervised::{cnn, forest, knn, linear, mlp, softmax, tree};
pub use freewheel_agents::tabular::double_q::{self, DoubleQ};
pub use freewheel_agents::tabular::dyna_q::{self, DynaQ};
pub use freewheel_agents::tabular::expected_sarsa::{self, ExpectedSarsa};
pub use freewheel_agents::tabular::n_step_sarsa::{self, NStepSarsa};
pub use freewheel_agents::tabular::q_lambda::{self, QLambda};
pub use freewheel_agents::tabular::q_learning::{self, QLearning};
pub use freewheel_agents::tabular::sarsa::{self, Sarsa};
pub use freewheel_agents::unsupervised::{kmeans, pca, vae};
pub use freewheel_agents::{AgentFactory, Budget, FnFactory, Samples};
pub use freewheel_core::settings::NoSettings;
pub use freewheel_core::{
    ActionBuffer, ActionSpace, Actions, Agent, BatchView, Ending, Env, EpisodeRunner, EpisodeSummary, Error,
    Frame, ManagedVectorEnv, MetricSink, ObservationSpace, Player, Policy, PolicyMode, Purpose, Result, Rgb,
    Scene, Solution, SolveQuery, Spec, Step, Stream, Streams, VectorEnv, World,
};

pub use crate::trainer::{Evaluation, Progress, TrainOn, Trainer, TrainerBuilder};
pub use crate::{Registry, make, make_vec};
