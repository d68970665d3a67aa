//! Unknown names: a message with the name that was meant.
//!
//! ```
//! use freewheel_core::names::unknown;
//!
//! let worlds = ["grid/cliff", "classic/cartpole", "go/NxN"];
//! let answer = |name| unknown("world", name, &worlds, "");
//! assert_eq!(answer("cliff"), "unknown world `cliff`; did you mean `grid/cliff`?");
//! assert_eq!(answer("CartPole-v1"), "unknown world `CartPole-v1`; did you mean `classic/cartpole`?");
//! assert_eq!(answer("CliffWalking-v0"), "unknown world `CliffWalking-v0`; its name here is `grid/cliff`");
//! assert_eq!(answer("go/NxN"), "unknown world `go/NxN`; write numbers for its capital letters, such as `go/7x7`");
//! ```

/// Largest number of names in a message.
const MAX_LISTED: usize = 16;

/// Error message for a `key` that is not one of `known`. It suggests the name in Freewheel of a name in another
/// library, else the most similar known key, else lists the known keys, if there are few. `kind` is the kind of name,
/// such as "setting"; the message begins with `of`, such as "agent q-learning", unless it is empty.
pub fn unknown(kind: &str, key: &str, known: &[impl AsRef<str>], of: &str) -> String {
    let of = if of.is_empty() { String::new() } else { format!("{of}: ") };
    let answer = if known.iter().any(|other| other.as_ref() == key) {
        format!("write numbers for its capital letters, such as `{}`", with_numbers(key))
    } else if let Some(ours) = name_here(key, known) {
        format!("its name here is `{ours}`")
    } else if let Some(near) = nearest(key, known) {
        let pattern = if near == with_numbers(near) { "" } else { " (capital letters stand for numbers)" };
        format!("did you mean `{near}`{pattern}?")
    } else {
        let all: Vec<&str> = known.iter().map(AsRef::as_ref).collect();
        let family = key.split_once('/').map_or("", |(family, _)| family);
        let of_family: Vec<&str> = all.iter().copied().filter(|name| is_of(name, family)).collect();
        match (if of_family.is_empty() { all } else { of_family }).as_slice() {
            [] => "there are none here".to_owned(),
            few if few.len() <= MAX_LISTED => format!("known are {}", few.join(", ")),
            many => format!("none of the {} known names is similar", many.len()),
        }
    };
    format!("{of}unknown {kind} `{key}`; {answer}")
}

/// `key` if it is `known`, else its name here if it is a name in another library.
pub fn known_as<'a>(key: &str, known: &'a [impl AsRef<str>]) -> Option<&'a str> {
    known.iter().map(AsRef::as_ref).find(|name| *name == key).or_else(|| name_here(key, known))
}

/// Name here of `key`, a name in another library: the first one that is `known`.
fn name_here<'a>(key: &str, known: &'a [impl AsRef<str>]) -> Option<&'a str> {
    let (own, unversioned) = (plain(key), plain(without_version(key)));
    let ours =
        OTHER_NAMES.iter().filter(|(name, _)| *name == key || [&own, &unversioned].contains(&&plain(name)));
    let known = |ours: &str| known.iter().map(AsRef::as_ref).find(|name| *name == ours);
    // The spelling of the key first: `lambda_` is not `lambda`.
    let mut ours: Vec<_> = ours.collect();
    ours.sort_by_key(|(name, _)| *name != key);
    ours.into_iter().find_map(|(_, ours)| known(ours))
}

/// Names in Gymnasium, Stable-Baselines3, CleanRL, rl_zoo3, scikit-learn and earlier versions of Freewheel, each with
/// the name here: settings, worlds, estimators. For a name that occurs several times, [`unknown`] suggests the first
/// one that is known.
#[rustfmt::skip]
const OTHER_NAMES: &[(&str, &str)] = &[
    ("n_envs", "num_envs"), ("rows", "num_envs"), ("envs", "num_envs"),
    ("total_timesteps", "steps"), ("n_timesteps", "steps"), ("timesteps", "steps"),
    ("n_stack", "frame_stack"), ("num_stack", "frame_stack"), ("stack_size", "frame_stack"), ("history", "frame_stack"),
    ("lr", "learning_rate"), ("step_size", "learning_rate"), ("alpha", "prioritized_alpha"), ("alpha", "learning_rate"),
    ("planning_alpha", "planning_learning_rate"), ("learning_rate_init", "learning_rate"), ("lr_left", "end_factor"),
    ("discount", "gamma"), ("discount_factor", "gamma"), ("lam", "gae_lambda"), ("lambda", "gae_lambda"),
    ("lambda_", "lambda"), ("polyak", "tau"), ("optimiser", "optimizer"),
    ("max_gradient_norm", "max_grad_norm"), ("clip_grad_norm", "max_grad_norm"),
    ("n_steps", "num_steps"), ("n_steps", "n_step"), ("horizon", "num_steps"), ("rollout_length", "num_steps"),
    ("n", "n_step"), ("n_epochs", "num_epochs"), ("update_epochs", "num_epochs"), ("epochs", "num_epochs"),
    ("batch_size", "minibatch_size"), ("minibatch", "minibatch_size"), ("num_minibatches", "minibatch_size"),
    ("batch", "batch_size"), ("clip", "clip_range"), ("clip_coef", "clip_range"), ("clip_eps", "clip_range"),
    ("value_clip", "clip_range_vf"), ("clip_vloss", "clip_range_vf"), ("value_weight", "vf_coef"),
    ("value_coef", "vf_coef"), ("entropy", "ent_coef"), ("entropy_coef", "ent_coef"),
    ("norm_adv", "normalize_advantage"), ("normalize_advantages", "normalize_advantage"),
    ("normalise_advantages", "normalize_advantage"), ("normalise_observations", "normalize_observations"),
    ("norm_obs", "normalize_observations"), ("normalize", "normalize_observations"),
    ("norm_reward", "normalize_rewards"), ("normalise_returns", "normalize_rewards"),
    ("normalize_returns", "normalize_rewards"), ("episodes", "num_episodes"), ("shared", "shared_network"),
    ("squash", "squash_output"), ("squash", "bin_scale"), ("hidden", "hidden_sizes"), ("net_arch", "hidden_sizes"),
    ("hidden_layer_sizes", "hidden_sizes"), ("log_std_init", "log_std"),
    ("capacity", "buffer_size"), ("memory_size", "buffer_size"), ("warm_up", "learning_starts"),
    ("train_every", "train_freq"), ("train_frequency", "train_freq"), ("updates", "gradient_steps"),
    ("target_every", "target_update_interval"), ("target_network_frequency", "target_update_interval"),
    ("prioritised", "prioritized"), ("beta", "prioritized_beta"), ("huber", "huber_delta"),
    ("eps", "epsilon"), ("exploration_fraction", "epsilon"), ("exploration_initial_eps", "epsilon"),
    ("exploration_final_eps", "epsilon"), ("start_e", "epsilon"), ("end_e", "epsilon"),
    ("k", "n_clusters"), ("clusters", "n_clusters"), ("starts", "n_init"), ("iterations", "max_iter"),
    ("tolerance", "tol"), ("components", "n_components"), ("k", "n_neighbors"), ("neighbours", "n_neighbors"),
    ("trees", "n_estimators"), ("depth", "max_depth"), ("leaf", "min_samples_leaf"), ("columns", "max_features"),
    ("penalty", "alpha"), ("C", "alpha"), ("l2", "alpha"), ("latents", "latent_dim"), ("planes", "in_channels"),
    ("learner", "estimator"), ("random", "epsilon"), ("episodes_on_the_way", "interim_episodes"),
    ("max_episode_steps", "time_limit"), ("answer", "target"), ("test_share", "test_size"),
    ("judge", "evaluation_opponent"), ("plane", "projection"), ("states", "num_states"),
    ("FrozenLake", "grid/frozenlake-4x4"), ("FrozenLake8x8", "grid/frozenlake-8x8"), ("CliffWalking", "grid/cliff"),
    ("CliffWalkingSlippery", "grid/cliff-slippery"), ("Go", "go/9x9"),
    ("LogisticRegression", "softmax"), ("logistic", "softmax"), ("LinearRegression", "linear"), ("OLS", "linear"),
    ("RandomForestClassifier", "forest"), ("RandomForestRegressor", "forest"), ("RandomForest", "forest"),
    ("DecisionTreeClassifier", "tree"), ("DecisionTreeRegressor", "tree"), ("DecisionTree", "tree"),
    ("KNeighborsClassifier", "knn"), ("KNeighborsRegressor", "knn"), ("MLPClassifier", "mlp"), ("MLPRegressor", "mlp"),
    ("Q", "q-learning"), ("watkins-q", "q-lambda"), ("double-q-learning", "double-q"), ("VPG", "reinforce"),
];

/// Name in `known` that is most similar to `key`; `None` if none is similar. Case, hyphens and the version of a
/// Gymnasium id do not count; a world is found without its family, too.
pub fn nearest<'a>(key: &str, known: &'a [impl AsRef<str>]) -> Option<&'a str> {
    let names = || known.iter().map(AsRef::as_ref);
    let unversioned = without_version(key);
    let (family, own) =
        unversioned.rsplit_once('/').map_or((None, unversioned), |(family, own)| (Some(family), own));
    let own = plain(own);
    let same = |name: &&str| plain(name) == plain(unversioned) || plain(local(name)) == own;
    let part = |name: &&str| own.len() >= 4 && plain(local(name)).contains(&own);
    names().find(same).or_else(|| names().find(part)).or_else(|| {
        // Names of another family have nothing in common with the key but its kind.
        let suitable = names().filter(|name| {
            family.is_none_or(|family| !names().any(|name| is_of(name, family)) || name.starts_with(family))
        });
        let likeness = |name: &str| match family {
            Some(_) => strsim::jaro_winkler(&own, &plain(local(name))),
            None => {
                strsim::jaro_winkler(unversioned, name).max(strsim::jaro_winkler(&own, &plain(local(name))))
            }
        };
        suitable
            .map(|name| (likeness(name), name))
            .filter(|(likeness, _)| *likeness > 0.75)
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, name)| name)
    })
}

/// Whether the world `name` is of `family`.
fn is_of(name: &str, family: &str) -> bool {
    name.split_once('/').is_some_and(|(own, _)| own == family)
}

/// Name without its family: `cliff` of `grid/cliff`.
fn local(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(_, name)| name)
}

/// Letters and digits of `name` in lower case.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Gymnasium id without its version: `CartPole` of `CartPole-v1`.
fn without_version(name: &str) -> &str {
    match name.rsplit_once("-v") {
        Some((id, version)) if !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit()) => id,
        _ => name,
    }
}

/// Name with a number for each capital letter, such as `go/7x7` for `go/NxN`.
fn with_numbers(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_uppercase() { '7' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORLDS: [&str; 8] = [
        "grid/cliff",
        "grid/frozenlake-4x4",
        "grid/frozenlake-N-S",
        "classic/cartpole",
        "go/9x9",
        "go/NxN",
        "market/ar1",
        "market/gbm",
    ];

    #[test]
    fn a_name_is_found_without_family_case_and_version() {
        for (name, ours) in [
            ("cliff", "grid/cliff"),
            ("CartPole-v1", "classic/cartpole"),
            ("cartpole", "classic/cartpole"),
            ("grid/clif", "grid/cliff"),
            ("frozen-lake", "grid/frozenlake-4x4"),
            ("go/9", "go/9x9"),
        ] {
            assert_eq!(nearest(name, &WORLDS), Some(ours), "{name}");
        }
        let agents = ["q-learning", "ppo"];
        for (name, ours) in [("PPO", "ppo"), ("q_learning", "q-learning"), ("QLearning", "q-learning")] {
            assert_eq!(nearest(name, &agents), Some(ours), "{name}");
        }
    }

    #[test]
    fn nothing_similar_lists_a_few_names_or_none() {
        let answer = unknown("world", "market/aapl", &WORLDS, "");
        assert_eq!(answer, "unknown world `market/aapl`; known are market/ar1, market/gbm");
        let many: Vec<String> = (0..40).map(|at| format!("grid/w{at}")).collect();
        let answer = unknown("world", "lunarlander", &many, "");
        assert_eq!(answer, "unknown world `lunarlander`; none of the 40 known names is similar");
    }

    #[test]
    fn names_of_other_libraries_have_a_name_here() {
        assert!(
            unknown("world", "FrozenLake-v1", &WORLDS, "")
                .ends_with("its name here is `grid/frozenlake-4x4`")
        );
        let estimators = ["softmax", "forest"];
        assert!(unknown("estimator", "LogisticRegression", &estimators, "").ends_with("is `softmax`"));
        let settings = ["learning_rate", "gamma"];
        assert!(unknown("setting", "alpha", &settings, "").ends_with("its name here is `learning_rate`"));
    }
}
