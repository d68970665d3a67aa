//! Supervised estimators: classifiers and regressors.
//!
//! | module | estimator | scikit-learn | source |
//! |---|---|---|---|
//! | [`linear`](mod@linear) | linear, ridge regression | `LinearRegression`, `Ridge` | Legendre; Hoerl & Kennard 1970 |
//! | [`softmax`](mod@softmax) | softmax (multinomial logistic) regression | `LogisticRegression` | Cox 1958 |
//! | [`knn`](mod@knn) | k-nearest neighbors | `KNeighborsClassifier`, `KNeighborsRegressor` | Fix & Hodges 1951 |
//! | [`tree`](mod@tree) | decision tree | `DecisionTreeClassifier`, `DecisionTreeRegressor` | Breiman et al. 1984 |
//! | [`forest`](mod@forest) | random forest | `RandomForestClassifier`, `RandomForestRegressor` | Breiman 2001 |
//! | [`mlp`](mod@mlp) | multilayer perceptron | `MLPClassifier`, `MLPRegressor` | Rumelhart et al. 1986 |
//! | [`cnn`](mod@cnn) | convolutional network | | LeCun et al. 1989 |
//!
//! `lbfgs` and `newton` minimize the loss of softmax regression.

use crate::estimator::EstimatorFactory;
use crate::estimator::factory::ConfigFactory;

pub mod cnn;
pub mod forest;
pub mod knn;
pub mod lbfgs;
pub mod linear;
pub mod mlp;
mod network;
mod newton;
pub mod softmax;
pub mod tree;

pub use network::{NetworkClassifier, NetworkConfig, NetworkRegressor};

/// Factories of all supervised estimators, in the order of the program's list.
pub fn all() -> Vec<Box<dyn EstimatorFactory>> {
    vec![
        Box::new(ConfigFactory::<linear::Linear>::regressor()),
        Box::new(ConfigFactory::<linear::Ridge>::regressor()),
        Box::new(ConfigFactory::<softmax::Config>::classifier()),
        Box::new(ConfigFactory::<knn::Config>::classifier_and_regressor()),
        Box::new(ConfigFactory::<tree::Config>::classifier_and_regressor()),
        Box::new(ConfigFactory::<forest::Config>::classifier_and_regressor()),
        Box::new(ConfigFactory::<mlp::Config>::classifier_and_regressor()),
        Box::new(ConfigFactory::<cnn::Config>::classifier_and_regressor()),
    ]
}
