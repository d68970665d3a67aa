use super::*;
use crate::estimator::{Estimator, Transformer, no_callback};

/// Images of 4x4 pixels: one of the four rows or one of the four columns is white.
fn bars(n: usize) -> Samples {
    let lit = |bar: usize, at: usize| if bar < 4 { at / 4 == bar } else { at % 4 == bar - 4 };
    let pixels = (0..n).flat_map(|i| (0..16).map(move |at| f64::from(u8::from(lit(i % 8, at)))));
    Samples::new(pixels.collect(), 16).unwrap()
}

fn config() -> Config {
    let training =
        TrainingConfig { num_epochs: 40, batch_size: 16, learning_rate: 5e-3, ..TrainingConfig::default() };
    Config { latent_dim: 3, hidden_sizes: vec![32], training, ..Config::default() }
}

fn rng(index: u64) -> Stream {
    Streams::new(3).stream(Purpose::Agent, index, 9)
}

/// Reference: -ELBO by its definition, in f64.
#[test]
fn the_bound_is_its_definition() {
    let (logits, x) = ([0.3f32, -1.2, 2.0, 30.0, -40.0], [1.0f32, 0.0, 0.25, 1.0, 0.5]);
    let mut grad_logits = [0.0; 5];
    let found = bernoulli(&logits, &x, 2.0, &mut grad_logits);
    let at = |l: f64, x: f64| l.max(0.0) - l * x + (-l.abs()).exp().ln_1p();
    let expected: f64 = logits.iter().zip(&x).map(|(&l, &x)| at(l.into(), x.into())).sum();
    assert!((found - expected).abs() < 1e-4, "{found} {expected}");
    for ((&l, &x), of) in logits.iter().zip(&x).zip(grad_logits) {
        let (l, x) = (f64::from(l), f64::from(x));
        let slope = (at(l + 1e-4, x) - at(l - 1e-4, x)) / 1e-4;
        assert!((f64::from(of) - slope).abs() < 1e-3, "{l}: {of} {slope}");
    }
    // Mean 1, variance e: (1 + e - 1 - 1) / 2. Mean 0, variance 1: 0.
    let found = kl_divergence(&[1.0, 0.0, 1.0, 0.0], 2);
    assert!((found - (std::f64::consts::E - 1.0) / 2.0).abs() < 1e-7);
}

/// Gradient of means and log variances against finite differences, with a linear decoder z' w.
#[test]
fn factors_gradient_is_the_differences() {
    let (codes, eps, w) = ([0.4f32, -0.7, 0.2, -0.5], [0.9f32, -1.1], [1.5f32, -0.6]);
    let loss = |codes: &[f32]| {
        let mut z = Vec::new();
        sample_latents(codes, &eps, 2, &mut z);
        z.iter().zip(&w).map(|(z, w)| f64::from(z * w)).sum::<f64>() + 0.7 * kl_divergence(codes, 2)
    };
    let mut found = [0.0; 4];
    posterior_gradient(&codes, &eps, &w, 2, 0.7, &mut found);
    for (i, found) in found.into_iter().enumerate() {
        let (mut above, mut below) = (codes, codes);
        above[i] += 1e-3;
        below[i] -= 1e-3;
        let expected = (loss(&above) - loss(&below)) / 2e-3;
        assert!((f64::from(found) - expected).abs() < 1e-3, "{i}: {found} {expected}");
    }
}

#[test]
fn learns_bars_and_draws_them() {
    let x = bars(256);
    for config in [config(), Config { channels: vec![8, 16], ..config() }] {
        let mut losses = Vec::new();
        let mut fit = Estimator::new(config, Streams::new(1)).unwrap();
        fit.fit_with(&x, &mut |progress| {
            losses.push(progress.loss);
            no_callback(progress)
        })
        .unwrap();
        let vae = fit.model().unwrap();
        // Eight equally frequent images: an ideal code has ln 8 = 2.08 nats.
        let elbo = vae.elbo(&x, &mut rng(0)).unwrap();
        assert!(elbo.negative() > 2.0 && elbo.negative() < 4.5, "{elbo:?}");
        assert!(losses.len() == 40 && losses[39] < losses[0] / 2.0);
        let back = vae.reconstruct(&x).unwrap();
        let wrong = back.values().iter().zip(x.values()).filter(|(p, x)| (**p > 0.5) != (**x > 0.5)).count();
        assert!(wrong * 40 < back.values().len(), "{wrong}");
        let drawn = vae.sample(50, &mut rng(1)).unwrap();
        assert!(drawn.rows() == 50 && drawn.values().iter().all(|p| (0.0..=1.0).contains(p)));
        assert_eq!(vae.transform(&x).unwrap().width(), 3);
    }
}

#[test]
fn an_epoch_at_a_time_is_the_same() {
    let x = bars(64);
    let config = Config { training: TrainingConfig { num_epochs: 3, ..config().training }, ..config() };
    let mut training = VaeTrainer::new(config.clone(), &x, Streams::new(4)).unwrap();
    for _ in 0..3 {
        training.epoch(&x).unwrap();
    }
    assert_eq!(training.model(), config.fit(&x, Streams::new(4), &mut no_callback).unwrap());
}

#[test]
fn beta_presses_the_factors_to_nothing() {
    let x = bars(128);
    let kl_divergence = |beta| {
        let vae = Config { beta, ..config() }.fit(&x, Streams::new(0), &mut no_callback).unwrap();
        vae.elbo(&x, &mut rng(0)).unwrap().kl_divergence
    };
    assert!(kl_divergence(20.0) < 0.2 && kl_divergence(0.1) > 2.0);
}

#[test]
fn colors_come_back_as_planes() {
    let x = Samples::new((0..8 * 48).map(|i| f64::from(u8::from(i % 48 < 16))).collect(), 48).unwrap();
    let training =
        TrainingConfig { num_epochs: 200, batch_size: 8, learning_rate: 1e-2, ..TrainingConfig::default() };
    let config =
        Config { in_channels: 3, channels: vec![4], hidden_sizes: vec![8], training, ..Config::default() };
    let back = config.fit(&x, Streams::new(0), &mut no_callback).unwrap().reconstruct(&x).unwrap();
    let wrong = back.values().iter().zip(x.values()).filter(|(p, x)| (*p - *x).abs() > 0.1).count();
    assert_eq!(wrong, 0);
}

#[test]
fn what_cannot_be_is_refused() {
    let refused = |config: Config, x: &Samples| {
        let mut fit = Estimator::new(config, Streams::new(0)).unwrap();
        fit.fit(x).unwrap_err().to_string()
    };
    let too_bright = Samples::new(vec![0.0, 16.0], 2).unwrap();
    assert!(refused(config(), &too_bright).contains("row 1, column 2 is 16"));
    let nan = Samples::new(vec![0.0, f64::NAN], 2).unwrap();
    assert!(refused(config(), &nan).contains("is NaN"));
    let odd = Samples::new(vec![0.0; 15], 15).unwrap();
    assert!(refused(Config { channels: vec![4], ..config() }, &odd).contains("square"));
    assert!(refused(Config { channels: vec![4; 4], ..config() }, &bars(8)).contains("fewer"));
    assert!(Estimator::new(Config { beta: -1.0, ..config() }, Streams::new(0)).is_err());
    let wild = Config { training: TrainingConfig { learning_rate: 1e30, ..config().training }, ..config() };
    let mut fit = Estimator::new(wild, Streams::new(0)).unwrap();
    assert!(matches!(fit.fit(&bars(64)), Err(Error::Diverged { .. })));
}
