//! The sheet of digits that the two numbers of an autoencoder make.

use std::time::Duration;

use freewheel_agents::Samples;
use freewheel_agents::data::{Subset, embedded};
use freewheel_agents::estimator::{TrainingConfig, Transformer};
use freewheel_agents::unsupervised::vae::Config;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::{Fitted, enter, train};
use crate::tui::Watch;
use crate::tui::palette::Role;
use crate::tui::tour::canvas::{Axes, Canvas};
use crate::tui::tour::page::{Control, Fact, Page, Shared, button, toggle};
use crate::tui::tour::work::{News, Work};

/// Side of an image of a digit.
const SIDE: usize = 8;
/// Largest code on the sheet, in standard deviations.
const REACH: f64 = 2.2;

/// Page of the sheet of digits.
pub(in crate::tui::tour) struct Sheet {
    part: Option<Subset>,
    work: Option<Work<Fitted>>,
    fitted: Option<Fitted>,
    /// The code under the cursor.
    code: [f64; 2],
    /// Whether the map of the codes is shown.
    shows_map: bool,
    picture: Rect,
    refused: Option<String>,
}

impl Sheet {
    pub(in crate::tui::tour) fn new() -> Self {
        let part = embedded::digits().map(|set| set.train);
        let refused = part.as_ref().err().map(ToString::to_string);
        let (part, code) = (part.ok(), [0.0, 0.0]);
        let mut page =
            Sheet { part, work: None, fitted: None, code, shows_map: false, picture: Rect::ZERO, refused };
        page.learn();
        page
    }

    fn learn(&mut self) {
        let training = TrainingConfig { num_epochs: 60, batch_size: 64, ..TrainingConfig::default() };
        let config =
            Config { latent_dim: 2, beta: 0.4, hidden_sizes: vec![128, 64], training, ..Config::default() };
        self.work = self.part.as_ref().map(|part| train(part.samples.clone(), config, |_, _| None));
    }

    /// Image that a code is decoded to.
    fn decoded(&self, codes: Vec<f64>) -> Option<Samples> {
        self.fitted.as_ref()?.estimator.inverse_transform(&Samples::new(codes, 2).ok()?).ok()
    }
}

impl Page for Sheet {
    fn controls(&self) -> Vec<Control> {
        vec![
            Control::Board { label: "sheet" },
            toggle("map", 'v', self.shows_map),
            button("learn-again", 'l'),
        ]
    }

    fn press(&mut self, control: usize, _: &mut Shared) -> Option<Box<Watch>> {
        if control == 1 {
            self.shows_map = !self.shows_map;
        } else {
            self.learn();
        }
        None
    }

    fn move_cursor(&mut self, by: (i32, i32), _: &mut Shared) {
        self.code[0] = (self.code[0] + 0.2 * f64::from(by.0)).clamp(-REACH, REACH);
        self.code[1] = (self.code[1] - 0.2 * f64::from(by.1)).clamp(-REACH, REACH);
    }

    fn point(&mut self, at: (u16, u16), _: bool, _: &mut Shared) {
        let area = Rect { x: 0, y: 0, ..self.picture };
        if area.contains(at.into()) {
            self.code = axes().point(at, area);
        }
    }

    fn advance(&mut self, _: Duration, shared: &mut Shared) -> bool {
        let mut changed = false;
        while let Some(work) = &mut self.work {
            match work.next() {
                News::Nothing => break,
                News::Progress => {}
                News::Result(fitted) => self.fitted = Some(fitted),
                News::Ended(error, time) => {
                    self.work = None;
                    self.refused = error.map(|error| error.to_string());
                    enter(shared, "vae", &self.part, self.fitted.as_ref(), time);
                }
            }
            changed = true;
        }
        changed
    }

    fn progress(&self) -> Option<(&'static str, f64)> {
        self.work.as_ref().map(|work| ("vae", work.share()))
    }

    fn cancel(&mut self) {
        self.work = None;
    }

    fn facts(&self, _: &Shared) -> Vec<Fact> {
        let fitted = self.fitted.as_ref();
        vec![
            ("images", self.part.as_ref().map_or(0, Subset::rows).to_string()),
            ("rounds", fitted.map_or("-".into(), |fitted| fitted.epochs.to_string())),
            ("nats", fitted.map_or("-".into(), |fitted| format!("{:.1}", fitted.loss))),
            ("code", format!("{:+.1}, {:+.1}", self.code[0], self.code[1])),
        ]
    }

    fn outcome(&self) -> Option<(&'static str, Vec<(&'static str, String)>)> {
        if let Some(why) = &self.refused {
            return Some(("refused", vec![("why", why.clone())]));
        }
        let fitted = self.fitted.as_ref().filter(|_| self.work.is_none())?;
        Some(("sheet", vec![("rounds", fitted.epochs.to_string())]))
    }

    fn draw(&mut self, canvas: &mut Canvas<'_>, area: Rect, shared: &Shared) {
        let right = 2 * SIDE as u16 + 1;
        let left = Rect { width: area.width.saturating_sub(right), ..area };
        self.picture = Rect { x: 0, y: 0, ..left };
        if self.fitted.is_none() {
            return canvas.lines([(shared.language.text("view.wait"), Role::Dim)], area);
        }
        if self.shows_map {
            self.draw_map(canvas, left);
        } else {
            self.draw_sheet(canvas, left);
        }
        if let Some(at) = axes().cell(self.code, left) {
            let style = canvas.role(Role::Accent).add_modifier(Modifier::BOLD | Modifier::REVERSED);
            canvas.glyph(at, '+', style);
        }
        if let Some(image) = self.decoded(self.code.to_vec()) {
            canvas.image(image.row(0), SIDE, (area.right() - right + 1, area.y), area);
        }
    }
}

/// Axes of the codes.
fn axes() -> Axes {
    Axes { x: (-REACH, REACH), y: (-REACH, REACH) }
}

impl Sheet {
    /// Images that the codes of a lattice are decoded to.
    fn draw_sheet(&self, canvas: &mut Canvas<'_>, area: Rect) {
        // An empty row between the images where there is room.
        let (wide, high) = (SIDE as u16 + 1, SIDE as u16 / 2 + u16::from(area.height >= 15));
        let (columns, rows) = (area.width / wide, area.height / high);
        let places: Vec<(u16, u16)> = (0..rows)
            .flat_map(|row| (0..columns).map(move |column| (column, row)))
            .map(|(column, row)| (area.x + column * wide, area.y + row * high))
            .collect();
        let center = |(x, y): (u16, u16)| axes().point((x + wide / 2, y + high / 2), area);
        let codes = places.iter().flat_map(|&place| center(place)).collect();
        let Some(images) = self.decoded(codes) else { return };
        for (place, image) in places.into_iter().zip(images.iter()) {
            canvas.small_image(image, SIDE, place, area);
        }
    }

    /// Codes of the samples with their labels, which the autoencoder has never seen.
    fn draw_map(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let (Some(part), Some(fitted)) = (&self.part, &self.fitted) else { return };
        let first: Vec<usize> = (0..part.rows().min(600)).collect();
        let part = part.select(&first);
        let (Ok(codes), Ok(labels)) = (fitted.estimator.transform(&part.samples), part.targets.labels())
        else {
            return;
        };
        for (code, &label) in codes.iter().zip(labels) {
            if let Some(at) = axes().cell([code[0], code[1]], area) {
                let style = canvas.series(label as usize);
                canvas.glyph(at, char::from(b'0' + (label % 10) as u8), style);
            }
        }
    }
}
