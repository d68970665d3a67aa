//! Data sets of four IDX files.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::data::{DataSet, Options, Shape, Split, TargetSpec, Targets, open};

/// Folder with twenty training and ten test images of 2x3 pixels; labels are consecutive from `first`.
fn write_files(first: u8) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, n) in [("train", 20u8), ("t10k", 10)] {
        let pixels: Vec<u8> = (0..n * 6).map(|i| i.wrapping_mul(51)).collect();
        let labels: Vec<u8> = (0..n).map(|i| first + i % 5).collect();
        let images = [&[0, 0, 8, 3, 0, 0, 0, n, 0, 0, 0, 2, 0, 0, 0, 3], &pixels[..]].concat();
        fs::write(folder.path().join(format!("{name}-images-idx3-ubyte.gz")), packed(&images)).unwrap();
        let labels = [&[0, 0, 8, 1, 0, 0, 0, n], &labels[..]].concat();
        fs::write(folder.path().join(format!("{name}-labels-idx1-ubyte")), labels).unwrap();
    }
    folder
}

fn read(folder: &Path) -> Result<DataSet> {
    open(folder.to_str().unwrap(), &Options::default())
}

/// Replaces the byte at `offset` in a file.
fn change(folder: &Path, name: &str, offset: usize, byte: u8) {
    let file = folder.join(name);
    let mut bytes = fs::read(&file).unwrap();
    bytes[offset] = byte;
    fs::write(file, bytes).unwrap();
}

#[test]
fn four_files_are_a_data_set() {
    for first in [0, 1] {
        let set = read(write_files(first).path()).unwrap();
        assert_eq!(set.shape, Shape::gray(2, 3));
        assert_eq!((set.train.rows(), set.test.rows(), set.split), (20, 10, Split::Given));
        assert_eq!(
            set.train.samples.row(1),
            [306.0 - 256.0, 101.0, 152.0, 203.0, 254.0, 49.0].map(|v: f32| f64::from(v / 255.0))
        );
        let names = (0..5).map(|class| (class + first).to_string()).collect();
        assert_eq!(set.target, TargetSpec::Classes(names));
        assert_eq!(set.test.targets, Targets::Labels(vec![0, 1, 2, 3, 4, 0, 1, 2, 3, 4]));
    }
    let folder = write_files(0);
    let name = folder.path().to_str().unwrap();
    let split = open(name, &Options { test_size: Some(0.5), ..Options::default() });
    assert!(split.unwrap_err().to_string().contains("comes with a test set"));
    let labels = open(name, &Options { target: "a".into(), ..Options::default() });
    assert!(labels.unwrap_err().to_string().contains("leave target, kind, header"));
    let one_file = folder.path().join("t10k-images-idx3-ubyte.gz");
    let one_file =
        open(one_file.to_str().unwrap(), &Options { test_size: Some(0.0), ..Options::default() }).unwrap();
    assert_eq!((one_file.train.rows(), one_file.target), (10, TargetSpec::None));
}

#[test]
fn invalid_files_are_errors_with_file_and_offset() {
    type Change = fn(&Path);
    let cases: [(Change, &str, u64, &[&str]); 8] = [
        (
            |f| change(f, "train-labels-idx1-ubyte", 8 + 7, 200),
            "train-labels-idx1-ubyte",
            15,
            &["label 200 of sample 7 is out of range", "no sample has label 5"],
        ),
        (
            |f| change(f, "t10k-labels-idx1-ubyte", 8 + 3, 5),
            "t10k-labels-idx1-ubyte",
            11,
            &["label 5 of sample 3 is out of range", "the 5 classes are 0 to 4"],
        ),
        (
            |f| change(f, "train-labels-idx1-ubyte", 2, 0x42),
            "train-labels-idx1-ubyte",
            2,
            &["element type 0x42"],
        ),
        (
            |f| fs::write(f.join("t10k-labels-idx1-ubyte"), [0, 0, 8, 1, 0, 0, 0, 1, 0]).unwrap(),
            "t10k-images-idx3-ubyte.gz",
            4,
            &["10 samples here, but 1 labels", "belong together"],
        ),
        (
            |f| {
                fs::copy(f.join("train-images-idx3-ubyte.gz"), f.join("train-labels-idx1-ubyte"))
                    .map(|_| ())
                    .unwrap()
            },
            "train-labels-idx1-ubyte",
            3,
            &["labels have one dimension, and this file has 3"],
        ),
        (
            |f| {
                let images = packed(&[0, 0, 8, 2, 0, 0, 0, 10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
                fs::write(f.join("t10k-images-idx3-ubyte.gz"), images).unwrap();
            },
            "t10k-images-idx3-ubyte.gz",
            8,
            &["the shape of a sample is [1] here and [2, 3]"],
        ),
        (
            |f| fs::write(f.join("train-labels-idx1-ubyte"), [0, 0, 9, 1, 0, 0, 0, 2, 0, 0xff]).unwrap(),
            "train-labels-idx1-ubyte",
            9,
            &["label -1 of sample 1 is not an integer"],
        ),
        (
            |f| {
                let half = fs::read(f.join("train-images-idx3-ubyte.gz")).unwrap();
                fs::write(f.join("train-images-idx3-ubyte.gz"), &half[..half.len() / 2]).unwrap();
            },
            "train-images-idx3-ubyte.gz",
            0,
            &["gzip stream ends too soon"],
        ),
    ];
    for (change, name, place, words) in cases {
        let folder = write_files(0);
        change(folder.path());
        match read(folder.path()) {
            Err(Error::Bytes { file, offset, message }) => {
                assert!(file.ends_with(name), "{}: {message}", file.display());
                assert!(offset == place || place == 0, "{offset}: {message}");
                words.iter().for_each(|word| assert!(message.contains(word), "{message}"));
            }
            other => panic!("{name}: {:?}", other.err()),
        }
    }
}

/// Bytes are scaled to 0 to 1 and other types are not: a test set of another type is no test set.
#[test]
fn element_types_differ() {
    let folder = write_files(0);
    let images = [&[0, 0, 9, 3, 0, 0, 0, 10, 0, 0, 0, 2, 0, 0, 0, 3][..], &[1; 60]].concat();
    fs::remove_file(folder.path().join("t10k-images-idx3-ubyte.gz")).unwrap();
    fs::write(folder.path().join("t10k-images-idx3-ubyte"), images).unwrap();
    let (offset, message) = at_byte(read(folder.path()));
    assert_eq!(offset, 2);
    assert!(message.contains("type 0x09 here and 0x08"), "{message}");
}
