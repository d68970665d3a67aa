//! Scene 2: a digit drawn with the mouse or the keys, and the answer of a network; and what it takes for a cat.

use std::time::Duration;

use freewheel_agents::Samples;
use freewheel_agents::data::{DataSet, Options, open};
use freewheel_agents::estimator::{Classifier, argmax};
use freewheel_agents::nn::{Activation, Builder, Init};
use freewheel_core::{Purpose, Streams};
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::digits::{CLASSES, SIDE, fit};
use crate::format::count;
use crate::tui::Watch;
use crate::tui::palette::Role;
use crate::tui::tour::canvas::Canvas;
use crate::tui::tour::page::{Control, Fact, Page, Shared, button, slider};
use crate::tui::tour::work::{News, Work};

/// Number of the network among the methods of the page of digits.
const NETWORK: usize = 3;
/// Ink of the cells beside a painted one.
const HALO: f64 = 0.3;

/// Page of a drawn digit.
pub(in crate::tui::tour) struct Drawing {
    set: Option<DataSet>,
    work: Option<Work<Box<dyn Classifier>>>,
    classifier: Option<Box<dyn Classifier>>,
    pixels: Vec<f64>,
    cursor: (usize, usize),
    /// Columns and rows of a pixel on the screen.
    size: (u16, u16),
    examples: u64,
    refused: Option<String>,
}

impl Drawing {
    pub(in crate::tui::tour) fn new(shared: &Shared) -> Self {
        let set = open("digits", &Options::default());
        let refused = set.as_ref().err().map(ToString::to_string);
        let set = set.ok();
        Drawing {
            work: set.as_ref().map(|set| fit(shared.registry, set, NETWORK)),
            set,
            classifier: None,
            pixels: vec![0.0; SIDE * SIDE],
            cursor: (3, 1),
            size: (2, 1),
            examples: 0,
            refused,
        }
    }

    /// Probabilities of the classes for the drawing.
    fn probabilities(&self) -> Option<Vec<f64>> {
        if self.pixels.iter().all(|&ink| ink == 0.0) {
            return None;
        }
        let x = Samples::new(self.pixels.clone(), SIDE * SIDE).ok()?;
        Some(self.classifier.as_ref()?.predict_proba(&x).ok()?.row(0).to_vec())
    }

    fn paint(&mut self, (column, row): (usize, usize)) {
        for (x, y, ink) in [(0, 0, 1.0), (1, 0, HALO), (-1, 0, HALO), (0, 1, HALO), (0, -1, HALO)] {
            let (x, y) = (column as i32 + x, row as i32 + y);
            if (0..SIDE as i32).contains(&x) && (0..SIDE as i32).contains(&y) {
                let pixel = &mut self.pixels[y as usize * SIDE + x as usize];
                *pixel = pixel.max(ink);
            }
        }
    }
}

impl Page for Drawing {
    fn controls(&self) -> Vec<Control> {
        vec![Control::Board { label: "paper" }, button("erase", 'e'), button("example", 's')]
    }

    fn press(&mut self, control: usize, _: &mut Shared) -> Option<Box<Watch>> {
        if control == 1 {
            self.pixels.fill(0.0);
        } else if let Some(set) = &self.set {
            self.examples += 1;
            let mut rng = Streams::new(9).stream(Purpose::Data, 0, self.examples);
            let row = rng.below(set.test.rows().max(1) as u32) as usize;
            self.pixels.copy_from_slice(set.test.samples.row(row));
        }
        None
    }

    fn move_cursor(&mut self, by: (i32, i32), _: &mut Shared) {
        let moved = |at: usize, by: i32| (at as i32 + by).clamp(0, SIDE as i32 - 1) as usize;
        self.cursor = (moved(self.cursor.0, by.0), moved(self.cursor.1, by.1));
    }

    fn act(&mut self, _: &mut Shared) {
        let at = self.cursor.1 * SIDE + self.cursor.0;
        // A second time takes the ink away.
        if self.pixels[at] == 1.0 {
            self.pixels[at] = 0.0;
        } else {
            self.paint(self.cursor);
        }
    }

    fn point(&mut self, at: (u16, u16), _: bool, _: &mut Shared) {
        let cell = (usize::from(at.0 / self.size.0.max(1)), usize::from(at.1 / self.size.1.max(1)));
        if cell.0 < SIDE && cell.1 < SIDE {
            self.cursor = cell;
            self.paint(cell);
        }
    }

    fn advance(&mut self, _: Duration, _: &mut Shared) -> bool {
        let mut changed = false;
        while let Some(work) = &mut self.work {
            match work.next() {
                News::Nothing => break,
                News::Progress => {}
                News::Result(classifier) => self.classifier = Some(classifier),
                News::Ended(error, _) => {
                    self.work = None;
                    self.refused = error.map(|error| error.to_string());
                }
            }
            changed = true;
        }
        changed
    }

    fn progress(&self) -> Option<(&'static str, f64)> {
        self.work.as_ref().map(|work| ("digits", work.share()))
    }

    fn cancel(&mut self) {
        self.work = None;
    }

    fn facts(&self, _: &Shared) -> Vec<Fact> {
        let all = self.probabilities().unwrap_or_else(|| vec![0.0; CLASSES]);
        let bar = |(class, p): (usize, &f64)| {
            let full = (p * 16.0).round() as usize;
            ("", format!("{class} {}{} {p:.2}", "█".repeat(full), "·".repeat(16 - full.min(16))))
        };
        all.iter().enumerate().map(bar).collect()
    }

    fn outcome(&self) -> Option<(&'static str, Vec<(&'static str, String)>)> {
        if let Some(why) = &self.refused {
            return Some(("refused", vec![("why", why.clone())]));
        }
        let all = self.probabilities()?;
        let best = argmax(&all) as usize;
        let values = vec![("answer", best.to_string()), ("p", format!("{:.0}", 100.0 * all[best]))];
        Some((if all[best] > 0.8 { "drawn-sure" } else { "drawn-unsure" }, values))
    }

    fn draw(&mut self, canvas: &mut Canvas<'_>, area: Rect, _: &Shared) {
        let high = (area.height / SIDE as u16).min(area.width / (2 * SIDE as u16)).max(1);
        self.size = (2 * high, high);
        let mut fine = Vec::new();
        for row in self.pixels.chunks(SIDE) {
            let wide: Vec<f64> = row.iter().flat_map(|&ink| vec![ink; usize::from(high)]).collect();
            (0..high).for_each(|_| fine.extend_from_slice(&wide));
        }
        canvas.image(&fine, SIDE * usize::from(high), (area.x, area.y), area);
        let style = canvas.role(Role::Accent).add_modifier(Modifier::BOLD | Modifier::REVERSED);
        let (x, y) = (area.x + self.cursor.0 as u16 * self.size.0, area.y + self.cursor.1 as u16 * high);
        if y < area.bottom() && x + self.size.0 <= area.right() {
            canvas.glyph((x, y), '[', style);
            canvas.glyph((x + self.size.0 - 1, y), ']', style);
        }
    }
}

/// Page of a photo of a cat: how the number of weights grows with the image.
pub(in crate::tui::tour) struct Cat {
    side: usize,
    channels: usize,
    units: usize,
}

impl Cat {
    pub(in crate::tui::tour) fn new() -> Self {
        Cat { side: 8, channels: 1, units: 64 }
    }

    /// Number of weights of a network of one hidden layer, and with convolutions before it.
    fn weights(&self) -> [usize; 2] {
        let pixels = self.side * self.side * self.channels;
        let dense = |inputs: usize| {
            let mut net = Builder::new(inputs);
            let hidden = net.linear("hidden", 0, self.units, Activation::Relu, Init::Xavier(1.0));
            let out = net.linear("out", hidden, CLASSES, Activation::Identity, Init::Xavier(1.0));
            net.build(&[out]).size()
        };
        // Convolutions with kernels of 3 x 3 halve the image until it is small; each uses its weights everywhere.
        let (mut side, mut channels, mut convolutions) = (self.side, self.channels, 0);
        while side > 4 {
            let out = (2 * channels).clamp(16, 64);
            convolutions += out * (9 * channels + 1);
            (side, channels) = (side.div_ceil(2), out);
        }
        [dense(pixels), convolutions + dense(side * side * channels)]
    }
}

impl Page for Cat {
    fn controls(&self) -> Vec<Control> {
        vec![
            slider("side", self.side as f64, (8.0, 512.0), 8.0),
            slider("colors", self.channels as f64, (1.0, 3.0), 2.0),
            slider("units", self.units as f64, (16.0, 1024.0), 16.0),
        ]
    }

    fn set(&mut self, control: usize, value: f64, _: &mut Shared) {
        match control {
            0 => self.side = value as usize,
            1 => self.channels = if value > 2.0 { 3 } else { 1 },
            _ => self.units = value as usize,
        }
    }

    fn facts(&self, _: &Shared) -> Vec<Fact> {
        let [dense, shared] = self.weights();
        vec![
            ("inputs", count((self.side * self.side * self.channels) as f64)),
            ("weights", count(dense as f64)),
            ("shared-weights", count(shared as f64)),
            ("times", format!("{:.0}", dense as f64 / 4_810.0)),
        ]
    }

    fn outcome(&self) -> Option<(&'static str, Vec<(&'static str, String)>)> {
        let [dense, _] = self.weights();
        (self.side >= 128)
            .then(|| ("cat", vec![("weights", count(dense as f64)), ("side", self.side.to_string())]))
    }

    fn draw(&mut self, canvas: &mut Canvas<'_>, area: Rect, shared: &Shared) {
        let [dense, convolutional] = self.weights();
        let most = 8.5;
        let rows =
            [("view.digit-network", 4_810), ("view.dense", dense), ("view.convolutional", convolutional)];
        let mut y = area.y + 1;
        for (index, (name, weights)) in rows.into_iter().enumerate() {
            if y + 1 >= area.bottom() {
                break;
            }
            let style = canvas.role(Role::Text);
            canvas.text((area.x, y), shared.language.text(name), area.width, style);
            let share = (weights as f64).log10() / most;
            let style = canvas.series(index);
            let wide = area.width.saturating_sub(10);
            canvas.bar((area.x, y + 1), wide, share, style);
            canvas.text((area.x + wide + 1, y + 1), &count(weights as f64), 9, canvas.role(Role::Text));
            y += 3;
        }
        if y < area.bottom() {
            canvas.text((area.x, y), shared.language.text("view.powers"), area.width, canvas.role(Role::Dim));
        }
    }
}
