//! Every learner of the catalog: the same bytes for any number of threads, the way to the disk and back, and what is refused.

use std::ops::ControlFlow;

use freewheel_core::{Error, Purpose, Samples, Streams};

use super::{Estimator, EstimatorFactory, Progress, Task, file, unwatched};
use crate::{supervised, unsupervised};

fn kinds() -> Vec<Box<dyn EstimatorFactory>> {
    supervised::all().into_iter().chain(unsupervised::all()).collect()
}

/// Small settings, so that every learner is done in a moment.
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

/// Three blurred patterns of 16 x 16 pixels, from 0 to 1, enough of them that work is shared out.
fn patterns(n: usize) -> (Samples, Vec<u32>) {
    let mut rng = Streams::new(8).stream(Purpose::Agent, 0, 0);
    let labels: Vec<u32> = (0..n).map(|_| rng.below(3)).collect();
    let mut values = Vec::new();
    for &label in &labels {
        for at in 0..256 {
            let (x, y) = ((at % 16) as f32, (at / 16) as f32);
            let wave = [x, y, x + y][label as usize] * 0.8;
            values.push((0.5 + 0.4 * wave.sin() + 0.15 * rng.normal() as f32).clamp(0.0, 1.0));
        }
    }
    (Samples::new(values, 256).unwrap(), labels)
}

fn targets(labels: &[u32]) -> Samples {
    Samples::new(labels.iter().flat_map(|&l| [l as f32, 3.0 - l as f32]).collect(), 2).unwrap()
}

fn fitted(kind: &dyn EstimatorFactory, x: &Samples, labels: &[u32]) -> Estimator {
    let mut estimator = kind.build(&small(kind.id()), Streams::new(5)).unwrap();
    match &mut estimator {
        Estimator::Classifier(it) => it.fit(x, labels, 3, &mut unwatched).unwrap(),
        Estimator::Regressor(it) => it.fit(x, &targets(labels), &mut unwatched).unwrap(),
        Estimator::Encoder(it) => it.fit(x, &mut unwatched).unwrap(),
    }
    estimator
}

/// What it says of `x`.
fn said(estimator: &Estimator, x: &Samples) -> Samples {
    match estimator {
        Estimator::Classifier(it) => it.predict_proba(x).unwrap(),
        Estimator::Regressor(it) => it.predict(x).unwrap(),
        Estimator::Encoder(it) => it.decode(&it.encode(x).unwrap()).unwrap(),
    }
}

#[test]
fn the_same_bytes_for_any_number_of_threads() {
    let (x, labels) = patterns(1100);
    for kind in kinds() {
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let estimator = fitted(&*kind, &x, &labels);
                (estimator.estimate().save().unwrap(), said(&estimator, &x))
            })
        };
        let (one, two) = (on(1), on(2));
        assert!(one == two, "{}", kind.id());
        assert!(on(5) == one, "{}", kind.id());
    }
}

#[test]
fn the_way_to_the_disk_and_back() {
    let (x, labels) = patterns(300);
    let folder = tempfile::tempdir().unwrap();
    for kind in kinds() {
        let estimator = fitted(&*kind, &x, &labels);
        let path = folder.path().join(kind.id());
        file::write(&path, estimator.estimate()).unwrap();
        let back = file::read(&path, &kinds()).unwrap();
        assert_eq!(said(&back, &x), said(&estimator, &x), "{}", kind.id());
        assert_eq!(back.estimate().settings().unwrap(), estimator.estimate().settings().unwrap());
        assert_eq!(back.estimate().streams(), Streams::new(5));
        assert!(back.estimate().parameters().unwrap() > 0 && back.estimate().width().unwrap() == 256);
        // A byte that is another one is seen.
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        assert!(matches!(file::read(&path, &kinds()), Err(Error::Damaged { .. })), "{}", kind.id());
    }
    let path = folder.path().join("other");
    let forest = kinds().into_iter().find(|kind| kind.id() == "forest").unwrap();
    file::write(&path, fitted(&*forest, &x, &labels).estimate()).unwrap();
    let refused = file::read(&path, &unsupervised::all()).err().unwrap().to_string();
    assert!(refused.contains("unknown learner `forest`"), "{refused}");
    let unfitted = forest.build(&small("forest"), Streams::new(0)).unwrap();
    assert!(file::write(&path, unfitted.estimate()).unwrap_err().to_string().contains("fit it first"));
}

#[test]
fn patterns_are_told_apart() {
    let ((x, labels), (test, answers)) = (patterns(900), patterns(1200));
    for kind in kinds().iter().filter(|kind| kind.task() == Task::Classification) {
        let Estimator::Classifier(learner) = fitted(&**kind, &x, &labels) else { panic!("{}", kind.id()) };
        let right = supervised::metrics::accuracy(&learner.predict(&test).unwrap(), &answers);
        assert!(right > 0.95, "{}: {right}", kind.id());
        assert_eq!(learner.classes().unwrap(), 3);
        let p = learner.predict_proba(&test).unwrap();
        assert!(p.iter().all(|p| (p.iter().sum::<f32>() - 1.0).abs() < 1e-5), "{}", kind.id());
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let (x, labels) = patterns(40);
    let mut bad = x.values().to_vec();
    bad[256 + 3] = f32::NAN;
    let bad = Samples::new(bad, 256).unwrap();
    let narrow = Samples::new(vec![0.5; 20], 10).unwrap();
    let none = Samples::new(Vec::new(), 256).unwrap();
    for kind in kinds() {
        let id = kind.id();
        let says = |error: Option<Error>, what: &str| {
            let text = error.unwrap_or_else(|| panic!("{id} was not refused: {what}")).to_string();
            assert!(text.contains(what), "{id}: {text}");
        };
        let fit = |x: &Samples, labels: &[u32]| {
            match kind.build(&small(id), Streams::new(0)).unwrap() {
                Estimator::Classifier(mut it) => it.fit(x, labels, 3, &mut unwatched),
                Estimator::Regressor(mut it) => it.fit(x, &targets(labels), &mut unwatched),
                Estimator::Encoder(mut it) => it.fit(x, &mut unwatched),
            }
            .err()
        };
        says(fit(&bad, &labels), "row 2, column 4 is NaN");
        says(fit(&none, &[]), "there are no samples");
        let use_on = |estimator: &Estimator, x: &Samples| match estimator {
            Estimator::Classifier(it) => it.predict(x).err(),
            Estimator::Regressor(it) => it.predict(x).err(),
            Estimator::Encoder(it) => it.encode(x).err(),
        };
        says(use_on(&kind.build(&small(id), Streams::new(0)).unwrap(), &x), "fit it first");
        let estimator = fitted(&*kind, &x, &labels);
        says(use_on(&estimator, &narrow), "works on samples of 256 numbers");
        says(use_on(&estimator, &bad), "row 2, column 4 is NaN");
        if kind.task() == Task::Classification {
            says(fit(&x, &labels[1..]), "39 labels were given for 40 samples");
            let mut wrong = labels.clone();
            wrong[6] = 3;
            says(fit(&x, &wrong), "label 3 of row 7 is none of 3 classes");
        }
        let unknown = kind.build(&"no_such_thing = 1".parse().unwrap(), Streams::new(0)).err();
        says(unknown, "unknown setting `no_such_thing`");
    }
}

#[test]
fn settings_are_listed_with_the_learners_own_defaults() {
    for kind in kinds() {
        let resolved = kind.resolve(&toml::Table::new()).unwrap();
        assert_eq!(kind.resolve(&resolved).unwrap(), resolved, "{}", kind.id());
        for field in kind.fields() {
            assert!(!field.about.is_empty(), "{}: {}", kind.id(), field.name);
            let default: toml::Value = serde::Deserialize::deserialize(field.default).unwrap();
            assert_eq!(resolved[&field.name], default, "{}: {}", kind.id(), field.name);
        }
    }
    let names: Vec<&str> = kinds().iter().map(|kind| kind.id()).collect();
    let expected = "linear ridge softmax knn tree forest mlp cnn kmeans pca vae";
    assert_eq!(names.join(" "), expected);
}

#[test]
fn a_fit_stops_when_told_and_keeps_what_it_has() {
    let (x, labels) = patterns(200);
    for id in ["softmax", "forest", "mlp", "cnn"] {
        let kind = kinds().into_iter().find(|kind| kind.id() == id).unwrap();
        let Ok(Estimator::Classifier(mut it)) = kind.build(&small(id), Streams::new(0)) else {
            panic!("{id}")
        };
        let mut told = Vec::new();
        it.fit(&x, &labels, 3, &mut |progress: Progress| {
            told.push(progress.done);
            ControlFlow::Break(())
        })
        .unwrap();
        assert_eq!(told.len(), 1, "{id}");
        assert_eq!(it.predict(&x).unwrap().len(), 200);
    }
}

#[test]
fn what_diverges_says_so() {
    let (x, labels) = patterns(200);
    let settings = "learning_rate = 1e30\nactivation = \"identity\"".parse().unwrap();
    let kind = supervised::all().into_iter().find(|kind| kind.id() == "mlp").unwrap();
    let Ok(Estimator::Classifier(mut it)) = kind.build(&settings, Streams::new(0)) else { panic!("no mlp") };
    let error = it.fit(&x, &labels, 3, &mut unwatched).unwrap_err();
    assert!(matches!(error, Error::Diverged { .. }), "{error}");
}
