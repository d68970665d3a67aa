use proptest::prelude::*;

use super::*;
use crate::data::{Options, open};

fn faces(n: usize) -> DataSet {
    generate(n, 3, 0.0, 0.25, "").unwrap()
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let all = faces(40);
    assert_eq!((all.train.rows(), all.test.rows(), all.shape.width()), (30, 10, PIXELS));
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(one_thread.install(|| faces(40)), all);
    // Face i is the same in data sets of different sizes.
    assert_eq!(faces(80).train.samples.row(35), all.test.samples.row(5));
    assert_ne!(generate(40, 4, 0.0, 0.25, "").unwrap().train, all.train);
    let smile =
        open("faces", &Options { target: "smile".into(), faces: 40, seed: 3, ..Options::default() }).unwrap();
    assert_eq!(smile.train.targets.values().unwrap()[7], smile.train.factors.unwrap().row(7)[0]);
    assert!(generate(0, 0, 0.0, 0.0, "").is_err() && generate(2, 0, f32::NAN, 0.0, "").is_err());
    assert!(generate(2, 0, 0.0, 0.0, "smlie").unwrap_err().to_string().contains("did you mean `smile`"));
}

/// A hash of the bits of ten faces must not change: a seed always gives the same drawings.
#[test]
fn faces_are_pinned() {
    let bits: Vec<u8> =
        (0..10).flat_map(|i| face(7, i, 0.1).1).flat_map(|gray| gray.to_bits().to_le_bytes()).collect();
    assert_eq!(blake3::hash(&bits).to_hex()[..16], *"51f0d7bcbc931927");
}

proptest! {
    /// Gray values are in 0..=1, and a change of a factor by 1/1000 of its range changes every pixel only a little.
    #[test]
    fn faces_are_smooth(seed: u64, k in 0..FACTORS, noise in 0f32..0.3) {
        let (face, image) = face(seed, 0, 0.0);
        prop_assert!(super::face(seed, 0, noise).1.iter().all(|gray| (0.0..=1.0).contains(gray)));
        let mut beside = face;
        beside.factors[k] += (RANGES[k].1 - RANGES[k].0) * 1e-3;
        let mut moved = [0.0; PIXELS];
        beside.draw(&mut moved);
        let most = image.iter().zip(&moved).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        prop_assert!(most < 0.02, "{most}");
    }
}

/// Correlation of each measured factor with the true factor, over face images modified by `change`.
fn correlations(change: impl Fn(&mut [f32; PIXELS])) -> Vec<f64> {
    let n = 60;
    let (truth, images): (Vec<_>, Vec<_>) = (0..n)
        .map(|i| {
            let (face, mut image) = face(11, i, 0.0);
            change(&mut image);
            (face.factors, image)
        })
        .unzip();
    let images = Samples::from_f32(&images.concat(), PIXELS).unwrap();
    let measured = measure_all(&images).unwrap();
    let correlation = |k: usize| {
        let pairs: Vec<[f64; 2]> =
            truth.iter().zip(measured.iter()).map(|(a, b)| [f64::from(a[k]), b[k]]).collect();
        let mean = [0, 1].map(|j| pairs.iter().map(|pair| pair[j]).sum::<f64>() / n as f64);
        let sum = |a: usize, b: usize| pairs.iter().map(|p| (p[a] - mean[a]) * (p[b] - mean[b])).sum::<f64>();
        sum(0, 1) / (sum(0, 0) * sum(1, 1)).sqrt()
    };
    (0..FACTORS).map(correlation).collect()
}

/// Box filter over 3x3 pixels, applied `times` times: another kind of blur than that of the measurement.
fn boxed(image: &mut [f32; PIXELS], times: usize) {
    for _ in 0..times {
        let was = *image;
        for (i, pixel) in image.iter_mut().enumerate() {
            let (x, y) = ((i % SIDE) as isize, (i / SIDE) as isize);
            let near = (-1..=1).flat_map(|dy| (-1..=1).map(move |dx| (x + dx, y + dy)));
            let at = |(x, y): (isize, isize)| was[(y.clamp(0, 31) * 32 + x.clamp(0, 31)) as usize];
            *pixel = near.map(at).sum::<f32>() / 9.0;
        }
    }
}

#[test]
fn factors_are_measured() {
    let sharp = correlations(|_| {});
    assert!(sharp.iter().all(|&r| r > 0.9999), "{sharp:?}");
    let blurred = correlations(|image| boxed(image, 2));
    assert!(blurred.iter().all(|&r| r > 0.999), "{blurred:?}");
    let pale = correlations(|image| image.iter_mut().for_each(|gray| *gray = 0.1 + 0.8 * *gray));
    assert!(pale.iter().all(|&r| r > 0.999), "{pale:?}");
    assert!(measure_all(&Samples::new(vec![0.0; 8], 8).unwrap()).is_err());
}

#[test]
fn any_image_is_measured() {
    for gray in [0.0, 1.0, f32::NAN, f32::INFINITY] {
        let _ = measure(&[gray; PIXELS]);
    }
}
