//! The face between two drawn faces, and the smile that is added to it and measured.

use std::time::Duration;

use freewheel_agents::Samples;
use freewheel_agents::data::{DataSet, faces};
use freewheel_agents::estimator::{TrainingConfig, Transformer};
use freewheel_agents::unsupervised::vae::Config;
use ratatui::layout::Rect;

use super::{Fitted, enter, train};
use crate::picture::estimators::Concept;
use crate::tui::Watch;
use crate::tui::palette::Role;
use crate::tui::tour::canvas::Canvas;
use crate::tui::tour::page::{Control, Fact, Page, Shared, button, slider};
use crate::tui::tour::work::{News, Work};

/// Number of drawn faces.
const FACES: usize = 2800;

/// Page of the smile.
pub(in crate::tui::tour) struct Smile {
    set: Option<DataSet>,
    work: Option<Work<Fitted>>,
    fitted: Option<Fitted>,
    concept: Option<Concept>,
    /// Numbers of the two faces, of the test set.
    pair: [usize; 2],
    /// Share of the second face, 0 to 1, and what is added of the smile, in shares of its range.
    mix: f64,
    smile: f64,
    shown: Option<Shown>,
    refused: Option<String>,
}

/// Face between the two faces, and its measured smile before and after the smile was added.
struct Shown {
    face: Vec<f64>,
    smile: [f64; 2],
}

impl Smile {
    pub(in crate::tui::tour) fn new() -> Self {
        let set = faces::generate(FACES, 0, 0.02, 0.1, "none");
        let refused = set.as_ref().err().map(ToString::to_string);
        let mut page = Smile {
            set: set.ok(),
            work: None,
            fitted: None,
            concept: None,
            pair: [0, 1],
            mix: 0.0,
            smile: 0.0,
            shown: None,
            refused,
        };
        page.learn();
        page
    }

    fn learn(&mut self) {
        let training = TrainingConfig { num_epochs: 20, batch_size: 16, ..TrainingConfig::default() };
        let config =
            Config { latent_dim: 16, beta: 0.1, hidden_sizes: vec![256, 128], training, ..Config::default() };
        self.work = self.set.as_ref().map(|set| {
            let (known, factor) = (set.train.factors.clone(), set.factors.first().cloned());
            train(set.train.samples.clone(), config, move |estimator, x| {
                Concept::from_factor(estimator, x, known.as_ref()?, 0, factor.as_ref()?).ok()
            })
        });
    }

    /// Decodes the face between the two, with and without the smile, and measures both.
    fn show(&mut self) {
        self.shown = self.faces().and_then(|[face, before]| {
            let smile = [measured(&before)?, measured(&face)?];
            Some(Shown { face, smile })
        });
    }

    /// The face between the two with the smile added, and without.
    fn faces(&self) -> Option<[Vec<f64>; 2]> {
        let (set, fitted) = (self.set.as_ref()?, self.fitted.as_ref()?);
        let codes = fitted.estimator.transform(&set.test.samples.select(&self.pair)).ok()?;
        let between = codes.row(0).iter().zip(codes.row(1)).map(|(a, b)| a + self.mix * (b - a));
        let code: Vec<f64> = between.collect();
        let direction = self.concept.as_ref().map(|concept| &concept.direction[..]).unwrap_or_default();
        let mut smiling = code.clone();
        smiling.iter_mut().zip(direction).for_each(|(code, by)| *code += self.smile * f64::from(*by));
        let both = Samples::new([smiling, code].concat(), codes.width()).ok()?;
        let images = fitted.estimator.inverse_transform(&both).ok()?;
        Some([images.row(0).to_vec(), images.row(1).to_vec()])
    }
}

/// Measured smile of an image, -1 to 1.
fn measured(image: &[f64]) -> Option<f64> {
    let pixels: Vec<f32> = image.iter().map(|&gray| gray as f32).collect();
    Some(faces::measure(pixels[..].try_into().ok()?)[0].into())
}

impl Page for Smile {
    fn controls(&self) -> Vec<Control> {
        vec![
            slider("mix", self.mix, (0.0, 1.0), 0.1),
            slider("smile", self.smile, (-0.8, 0.8), 0.1),
            button("other-faces", 'w'),
            button("learn-again", 'l'),
        ]
    }

    fn set(&mut self, control: usize, value: f64, _: &mut Shared) {
        if control == 0 {
            self.mix = value;
        } else {
            self.smile = value;
        }
        self.show();
    }

    fn press(&mut self, control: usize, _: &mut Shared) -> Option<Box<Watch>> {
        if control == 2 {
            let count = self.set.as_ref().map_or(1, |set| set.test.rows().max(1));
            self.pair = self.pair.map(|face| (face + 2) % count);
            self.show();
        } else {
            self.learn();
        }
        None
    }

    fn advance(&mut self, _: Duration, shared: &mut Shared) -> bool {
        let mut changed = false;
        while let Some(work) = &mut self.work {
            match work.next() {
                News::Nothing => break,
                News::Progress => {}
                News::Result(mut fitted) => {
                    self.concept = fitted.concept.take().or(self.concept.take());
                    self.fitted = Some(fitted);
                }
                News::Ended(error, time) => {
                    self.work = None;
                    self.refused = error.map(|error| error.to_string());
                    let part = self.set.as_ref().map(|set| set.train.clone());
                    enter(shared, "faces", &part, self.fitted.as_ref(), time);
                }
            }
            changed = true;
        }
        if changed {
            self.show();
        }
        changed
    }

    fn progress(&self) -> Option<(&'static str, f64)> {
        self.work.as_ref().map(|work| ("faces", work.share()))
    }

    fn cancel(&mut self) {
        self.work = None;
    }

    fn facts(&self, _: &Shared) -> Vec<Fact> {
        let number = |which: usize| {
            self.shown.as_ref().map_or("-".into(), |shown| format!("{:+.2}", shown.smile[which]))
        };
        vec![
            ("images", self.set.as_ref().map_or(0, |set| set.train.rows()).to_string()),
            ("rounds", self.fitted.as_ref().map_or("-".into(), |fitted| fitted.epochs.to_string())),
            ("smile-before", number(0)),
            ("smile-now", number(1)),
        ]
    }

    fn outcome(&self) -> Option<(&'static str, Vec<(&'static str, String)>)> {
        if let Some(why) = &self.refused {
            return Some(("refused", vec![("why", why.clone())]));
        }
        if self.smile == 0.0 || self.work.is_some() {
            return None;
        }
        let [before, now] = self.shown.as_ref()?.smile;
        let change = now - before;
        // A step of 1 is the range of the smile, -1 to 1.
        let values =
            vec![("asked", format!("{:+.2}", 2.0 * self.smile)), ("change", format!("{change:+.2}"))];
        Some(("smile", values))
    }

    fn draw(&mut self, canvas: &mut Canvas<'_>, area: Rect, shared: &Shared) {
        let Some(set) = &self.set else { return };
        let third = area.width / 3;
        let size =
            usize::from(third.saturating_sub(1)).min(2 * usize::from(area.height.saturating_sub(1))).min(32);
        let face = |canvas: &mut Canvas<'_>, image: &[f64], column: u16, name: &str| {
            let at = (area.x + column, area.y + 1);
            let name = shared.language.text(name);
            canvas.text((at.0, area.y), name, third.saturating_sub(1), canvas.role(Role::Dim));
            canvas.small_image(&resized(image, faces::SIDE, size), size, at, area);
        };
        face(canvas, set.test.samples.row(self.pair[0]), 0, "view.face-a");
        face(canvas, set.test.samples.row(self.pair[1]), 2 * third, "view.face-b");
        match &self.shown {
            Some(shown) => face(canvas, &shown.face, third, "view.face-between"),
            None => {
                let wait = shared.language.text("view.wait");
                canvas.text((area.x + third, area.y), wait, third, canvas.role(Role::Dim));
            }
        }
    }
}

/// Image of `from` x `from` pixels as one of `to` x `to` pixels, each the mean of the pixels that it covers.
fn resized(image: &[f64], from: usize, to: usize) -> Vec<f64> {
    let span = |i: usize| (i * from / to.max(1), ((i + 1) * from).div_ceil(to.max(1)).min(from));
    let pixel = |x: usize, y: usize| {
        let ((left, right), (top, bottom)) = (span(x), span(y));
        let all = (top..bottom).flat_map(|y| (left..right).map(move |x| y * from + x));
        let count = ((right - left) * (bottom - top)).max(1);
        all.map(|at| image.get(at).copied().unwrap_or(0.0)).sum::<f64>() / count as f64
    };
    (0..to).flat_map(|y| (0..to).map(move |x| (x, y))).map(|(x, y)| pixel(x, y)).collect()
}
