//! Tests of all registered estimators: results do not depend on the number of threads, saving and loading, error
//! messages.

use std::ops::ControlFlow;

use crate::Samples;
use freewheel_core::{Error, Purpose, Streams};

use super::{AnyEstimator, EstimatorFactory, FitProgress, Task, load, metrics, no_callback, save};
use crate::{supervised, unsupervised};

fn factories() -> Vec<Box<dyn EstimatorFactory>> {
    supervised::all().into_iter().chain(unsupervised::all()).collect()
}

/// Every factory with each of its tasks.
fn tasks() -> Vec<(Box<dyn EstimatorFactory>, Task)> {
    let each = |i: usize| factories()[i].tasks().into_iter().map(move |task| (factories().remove(i), task));
    (0..factories().len()).flat_map(each).collect()
}

/// Small settings for quick fits.
fn small(id: &str) -> toml::Table {
    let text = match id {
        "forest" => "n_estimators = 9",
        "mlp" => "num_epochs = 5\nhidden_sizes = [128]\nbatch_size = 256\nlearning_rate = 3e-3",
        "cnn" => {
            "num_epochs = 5\nchannels = [8, 16]\nhidden_sizes = [16]\nbatch_size = 256\nlearning_rate = 5e-3"
        }
        "kmeans" => "n_clusters = 5\nn_init = 2",
        "pca" => "n_components = 3",
        "vae" => "num_epochs = 1\nlatent_dim = 3\nchannels = [8]\nhidden_sizes = [32]\nbatch_size = 256",
        _ => "",
    };
    text.parse().unwrap()
}

/// Three noisy patterns of 16 x 16 pixels, from 0 to 1; enough samples for several threads.
fn patterns(n: usize) -> (Samples, Vec<u32>) {
    let mut rng = Streams::new(8).stream(Purpose::Agent, 0, 0);
    let labels: Vec<u32> = (0..n).map(|_| rng.below(3)).collect();
    let mut values = Vec::new();
    for &label in &labels {
        for at in 0..256 {
            let (x, y) = ((at % 16) as f64, (at / 16) as f64);
            let wave = [x, y, x + y][label as usize] * 0.8;
            values.push((0.5 + 0.4 * wave.sin() + 0.15 * rng.normal()).clamp(0.0, 1.0));
        }
    }
    (Samples::new(values, 256).unwrap(), labels)
}

fn targets(labels: &[u32]) -> Samples {
    Samples::new(labels.iter().flat_map(|&l| [f64::from(l), 3.0 - f64::from(l)]).collect(), 2).unwrap()
}

fn fitted(factory: &dyn EstimatorFactory, task: Task, x: &Samples, labels: &[u32]) -> AnyEstimator {
    let mut estimator = factory.build_for(task, &small(factory.id()), Streams::new(5)).unwrap();
    assert_eq!(estimator.base().task(), task);
    match &mut estimator {
        AnyEstimator::Classifier(it) => it.fit_with(x, labels, 3, &mut no_callback).unwrap(),
        AnyEstimator::Regressor(it) => it.fit(x, &targets(labels)).unwrap(),
        AnyEstimator::Transformer(it) => it.fit(x).unwrap(),
    }
    estimator
}

/// Outputs of the estimator for `x`: probabilities, numbers, or reconstructions.
fn outputs(estimator: &AnyEstimator, x: &Samples) -> Samples {
    match estimator {
        AnyEstimator::Classifier(it) => it.predict_proba(x).unwrap(),
        AnyEstimator::Regressor(it) => it.predict(x).unwrap(),
        AnyEstimator::Transformer(it) => it.inverse_transform(&it.transform(x).unwrap()).unwrap(),
    }
}

#[test]
fn the_same_bytes_for_any_number_of_threads() {
    let (x, labels) = patterns(1100);
    for (factory, task) in tasks() {
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let estimator = fitted(&*factory, task, &x, &labels);
                (estimator.base().save().unwrap(), outputs(&estimator, &x))
            })
        };
        let (one, two) = (on(1), on(2));
        assert!(one == two, "{}", factory.id());
        assert!(on(5) == one, "{}", factory.id());
    }
}

#[test]
fn the_way_to_the_disk_and_back() {
    let (x, labels) = patterns(300);
    let folder = tempfile::tempdir().unwrap();
    for (factory, task) in tasks() {
        let estimator = fitted(&*factory, task, &x, &labels);
        let path = folder.path().join(factory.id());
        save(&path, estimator.base()).unwrap();
        let back = load(&path, &factories()).unwrap();
        assert_eq!(outputs(&back, &x), outputs(&estimator, &x), "{}", factory.id());
        assert_eq!(back.base().settings().unwrap(), estimator.base().settings().unwrap());
        assert_eq!(back.base().streams(), Streams::new(5));
        assert!(back.base().n_parameters().unwrap() > 0 && back.base().n_features_in().unwrap() == 256);
        // A changed byte is detected.
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        assert!(matches!(load(&path, &factories()), Err(Error::Damaged { .. })), "{}", factory.id());
    }
    let path = folder.path().join("other");
    let forest = factories().into_iter().find(|factory| factory.id() == "forest").unwrap();
    save(&path, fitted(&*forest, Task::Regression, &x, &labels).base()).unwrap();
    let refused = load(&path, &unsupervised::all()).err().unwrap().to_string();
    assert!(refused.contains("unknown estimator `forest`"), "{refused}");
    let unfitted = forest.build(&small("forest"), Streams::new(0)).unwrap();
    assert!(save(&path, unfitted.base()).unwrap_err().to_string().contains("fit it first"));
}

#[test]
fn patterns_are_told_apart() {
    let ((x, labels), (test, answers)) = (patterns(900), patterns(1200));
    for factory in factories().iter().filter(|factory| factory.task() == Task::Classification) {
        let task = Task::Classification;
        let AnyEstimator::Classifier(classifier) = fitted(&**factory, task, &x, &labels) else {
            panic!("{}", factory.id())
        };
        let right = metrics::accuracy(&classifier.predict(&test).unwrap(), &answers);
        assert!(right > 0.95, "{}: {right}", factory.id());
        assert_eq!(classifier.n_classes().unwrap(), 3);
        let p = classifier.predict_proba(&test).unwrap();
        assert!(p.iter().all(|p| (p.iter().sum::<f64>() - 1.0).abs() < 1e-5), "{}", factory.id());
    }
}

/// Two targets with values from 0 to 3.
#[test]
fn numbers_are_predicted() {
    let ((x, labels), (test, answers)) = (patterns(900), patterns(1200));
    for (factory, task) in tasks().iter().filter(|(_, task)| *task == Task::Regression) {
        let AnyEstimator::Regressor(regressor) = fitted(&**factory, *task, &x, &labels) else {
            panic!("{}", factory.id())
        };
        let score = regressor.score(&test, &targets(&answers)).unwrap();
        // Five epochs are few for a convolutional network.
        let least = if factory.id() == "cnn" { 0.3 } else { 0.85 };
        assert!(score > least, "{}: {score}", factory.id());
        assert_eq!(regressor.predict(&test).unwrap().width(), 2);
    }
}

#[test]
fn a_task_that_an_estimator_has_not_is_refused() {
    let build = |id: &str, task: Task| {
        let factory = factories().into_iter().find(|factory| factory.id() == id).unwrap();
        factory.build_for(task, &toml::Table::new(), Streams::new(0)).err().map(|error| error.to_string())
    };
    assert_eq!(build("forest", Task::Regression), None);
    for (id, task) in [("linear", Task::Classification), ("softmax", Task::Regression)] {
        let said = build(id, task).unwrap();
        assert!(said.contains(&format!("{id} is not for {}", task.name())), "{said}");
    }
    let said = build("kmeans", Task::Regression).unwrap();
    assert!(said.contains("kmeans is not for regression"), "{said}");
}

#[test]
fn what_cannot_be_is_refused() {
    let (x, labels) = patterns(40);
    let mut bad = x.values().to_vec();
    bad[256 + 3] = f64::NAN;
    let bad = Samples::new(bad, 256).unwrap();
    let narrow = Samples::new(vec![0.5; 20], 10).unwrap();
    let none = Samples::new(Vec::new(), 256).unwrap();
    for (factory, task) in tasks() {
        let id = factory.id();
        let says = |error: Option<Error>, what: &str| {
            let text = error.unwrap_or_else(|| panic!("{id} was not refused: {what}")).to_string();
            assert!(text.contains(what), "{id}: {text}");
        };
        let fit = |x: &Samples, labels: &[u32]| {
            match factory.build_for(task, &small(id), Streams::new(0)).unwrap() {
                AnyEstimator::Classifier(mut it) => it.fit_with(x, labels, 3, &mut no_callback),
                AnyEstimator::Regressor(mut it) => it.fit(x, &targets(labels)),
                AnyEstimator::Transformer(mut it) => it.fit(x),
            }
            .err()
        };
        says(fit(&bad, &labels), "row 2, column 4 is NaN");
        says(fit(&none, &[]), "there are no samples");
        let use_on = |estimator: &AnyEstimator, x: &Samples| match estimator {
            AnyEstimator::Classifier(it) => it.predict(x).err(),
            AnyEstimator::Regressor(it) => it.predict(x).err(),
            AnyEstimator::Transformer(it) => it.transform(x).err(),
        };
        let unfitted = factory.build_for(task, &small(id), Streams::new(0)).unwrap();
        says(use_on(&unfitted, &x), "fit it first");
        let estimator = fitted(&*factory, task, &x, &labels);
        says(use_on(&estimator, &narrow), "fitted to samples of 256 numbers");
        says(use_on(&estimator, &bad), "row 2, column 4 is NaN");
        if task == Task::Classification {
            says(fit(&x, &labels[1..]), "39 labels were given for 40 samples");
            let mut wrong = labels.clone();
            wrong[6] = 3;
            says(fit(&x, &wrong), "label 3 of row 7 is out of range");
        }
        let unknown = factory.build(&"no_such_thing = 1".parse().unwrap(), Streams::new(0)).err();
        says(unknown, "unknown setting `no_such_thing`");
    }
}

#[test]
fn settings_are_listed_with_their_defaults() {
    for factory in factories() {
        let resolved = factory.resolve(&toml::Table::new()).unwrap();
        assert_eq!(factory.resolve(&resolved).unwrap(), resolved, "{}", factory.id());
        for field in factory.fields() {
            assert!(!field.about.is_empty(), "{}: {}", factory.id(), field.name);
            let default: toml::Value = serde::Deserialize::deserialize(field.default).unwrap();
            assert_eq!(resolved[&field.name], default, "{}: {}", factory.id(), field.name);
        }
    }
    let names: Vec<&str> = factories().iter().map(|factory| factory.id()).collect();
    let expected = "linear ridge softmax knn tree forest mlp cnn kmeans pca vae";
    assert_eq!(names.join(" "), expected);
}

#[test]
fn a_fit_stops_when_told_and_keeps_what_it_has() {
    let (x, labels) = patterns(200);
    for id in ["softmax", "forest", "mlp", "cnn"] {
        let factory = factories().into_iter().find(|factory| factory.id() == id).unwrap();
        let Ok(AnyEstimator::Classifier(mut it)) = factory.build(&small(id), Streams::new(0)) else {
            panic!("{id}")
        };
        let mut rounds = Vec::new();
        it.fit_with(&x, &labels, 3, &mut |progress: FitProgress| {
            rounds.push(progress.done);
            ControlFlow::Break(())
        })
        .unwrap();
        assert_eq!(rounds.len(), 1, "{id}");
        assert_eq!(it.predict(&x).unwrap().len(), 200);
    }
}

#[test]
fn what_diverges_says_so() {
    let (x, labels) = patterns(200);
    let settings = "learning_rate = 1e30\nactivation = \"identity\"".parse().unwrap();
    let factory = supervised::all().into_iter().find(|factory| factory.id() == "mlp").unwrap();
    let Ok(AnyEstimator::Classifier(mut it)) = factory.build(&settings, Streams::new(0)) else {
        panic!("no mlp")
    };
    let error = it.fit_with(&x, &labels, 3, &mut no_callback).unwrap_err();
    assert!(matches!(error, Error::Diverged { .. }), "{error}");
}
