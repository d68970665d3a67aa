//! Scene 2: handwritten digits or garments with labels: a classifier learns, and its answers fill a confusion matrix.

use std::sync::Arc;
use std::time::Duration;

use freewheel_agents::data::{DataSet, Options, open};
use freewheel_agents::estimator::{AnyEstimator, Classifier, argmax};
use freewheel_core::Streams;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use std::ops::ControlFlow;

use super::garments::{self, Wardrobe};
use crate::Registry;
use crate::tui::Watch;
use crate::tui::palette::Role;
use crate::tui::tour::canvas::Canvas;
use crate::tui::tour::ledger::{Cost, time_of};
use crate::tui::tour::page::{Control, Fact, Page, Shared, button, slider, toggle};
use crate::tui::tour::work::{News, Work};

/// Side of an image, and number of classes.
pub(super) const SIDE: usize = 8;
pub(super) const CLASSES: usize = 10;

/// Classifiers to choose from, with settings.
const METHODS: [(&str, &str); 4] = [
    ("softmax", ""),
    ("knn", ""),
    ("tree", ""),
    ("mlp", "hidden_sizes = [64]\nnum_epochs = 40\nbatch_size = 32"),
];

/// Fits the classifier `id` to the digits on a thread of its own.
pub(super) fn fit(registry: &'static Registry, set: &DataSet, method: usize) -> Work<Box<dyn Classifier>> {
    let (id, settings) = METHODS[method % METHODS.len()];
    let (x, labels) = (set.train.samples.clone(), set.train.targets.clone());
    Work::start(move |reporter| {
        let settings = settings.parse().unwrap_or_default();
        let built = registry.find_estimator(id)?.build(&settings, Streams::new(0))?;
        if let AnyEstimator::Classifier(mut classifier) = built {
            let mut callback = |progress: freewheel_agents::estimator::FitProgress| match reporter
                .send(progress.done as f64 / progress.total.max(1) as f64, None)
            {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            };
            classifier.fit_with(&x, labels.labels()?, CLASSES as u32, &mut callback)?;
            reporter.send(1.0, Some(classifier));
        }
        Ok(())
    })
}

/// Page of the confusion matrix.
pub(in crate::tui::tour) struct Digits {
    digits: Option<Arc<DataSet>>,
    /// The digits, or the garments.
    set: Option<Arc<DataSet>>,
    wardrobe: Wardrobe,
    method: usize,
    work: Option<Work<Box<dyn Classifier>>>,
    classifier: Option<Box<dyn Classifier>>,
    learning: Duration,
    /// Predictions of the test images that were asked so far, each with its probability.
    answers: Vec<(u32, f64)>,
    /// Questions a second.
    rate: f64,
    asks: bool,
    debt: f64,
    refused: Option<String>,
}

impl Digits {
    pub(in crate::tui::tour) fn new() -> Self {
        let set = open("digits", &Options::default()).map(Arc::new);
        Digits {
            refused: set.as_ref().err().map(ToString::to_string),
            digits: set.as_ref().ok().cloned(),
            set: set.ok(),
            wardrobe: Wardrobe::default(),
            method: 0,
            work: None,
            classifier: None,
            learning: Duration::ZERO,
            answers: Vec::new(),
            rate: 20.0,
            asks: false,
            debt: 0.0,
        }
    }

    fn learn(&mut self, registry: &'static Registry) {
        self.answers.clear();
        self.classifier = None;
        self.work = self.set.as_ref().map(|set| fit(registry, set, self.method));
    }

    /// Shows other images; nothing has learned them.
    fn show(&mut self, set: Option<Arc<DataSet>>) {
        (self.set, self.classifier, self.work, self.asks) = (set, None, None, false);
        self.answers.clear();
    }

    /// Side of an image.
    fn side(&self) -> usize {
        self.set.as_ref().map_or(SIDE, |set| set.test.samples.width().isqrt())
    }

    fn has_garments(&self) -> bool {
        self.side() == garments::SIDE
    }

    /// Labels of the test images.
    fn labels(&self) -> &[u32] {
        self.set.as_ref().and_then(|set| set.test.targets.labels().ok()).unwrap_or_default()
    }

    /// Asks about the next test image.
    fn ask(&mut self, shared: &mut Shared) {
        let (Some(set), Some(classifier)) = (&self.set, &self.classifier) else { return };
        let next = self.answers.len();
        if next >= set.test.rows() {
            self.asks = false;
            return;
        }
        match classifier.predict_proba(&set.test.samples.select(&[next])) {
            Ok(p) => {
                let best = argmax(p.row(0));
                self.answers.push((best, p.row(0)[best as usize]));
            }
            Err(error) => (self.refused, self.asks) = (Some(error.to_string()), false),
        }
        if self.answers.len() == set.test.rows() {
            let one = set.test.samples.select(&[0]);
            shared.ledger.enter(Cost {
                name: if self.has_garments() { "garments" } else { "digits" },
                examples: set.train.rows() as u64,
                learning: self.learning,
                parameters: classifier.n_parameters().unwrap_or(0) as u64,
                answer: Some(time_of(|| drop(classifier.predict(&one)))),
                score: (format!("{:.1} %", 100.0 * self.accuracy()), "100 %".into()),
            });
        }
    }

    fn accuracy(&self) -> f64 {
        let right =
            self.answers.iter().zip(self.labels()).filter(|((answer, _), label)| answer == *label).count();
        right as f64 / self.answers.len().max(1) as f64
    }
}

impl Page for Digits {
    fn controls(&self) -> Vec<Control> {
        vec![
            slider("method", self.method as f64 + 1.0, (1.0, METHODS.len() as f64), 1.0),
            toggle("learn", 'l', self.work.is_some()),
            button("ask-one", 's'),
            toggle("ask", 'a', self.asks),
            slider("speed", self.rate, (5.0, 200.0), 5.0),
            toggle("garments", 'g', self.wardrobe.is_open),
        ]
    }

    fn set(&mut self, control: usize, value: f64, _: &mut Shared) {
        if control == 4 {
            self.rate = value;
        } else {
            self.method = (value as usize).saturating_sub(1);
            (self.classifier, self.work, self.asks) = (None, None, false);
            self.answers.clear();
        }
    }

    fn press(&mut self, control: usize, shared: &mut Shared) -> Option<Box<Watch>> {
        match control {
            1 => self.learn(shared.registry),
            2 if self.classifier.is_none() && self.work.is_none() => self.learn(shared.registry),
            2 => self.ask(shared),
            5 => {
                let garments = self.wardrobe.toggle(shared);
                let shown = garments.or(self.digits.clone().filter(|_| !self.wardrobe.is_open));
                if shown.is_some() {
                    self.show(shown);
                }
            }
            _ => {
                if self.classifier.is_none() && self.work.is_none() {
                    self.learn(shared.registry);
                }
                self.asks = !self.asks;
            }
        }
        None
    }

    fn advance(&mut self, elapsed: Duration, shared: &mut Shared) -> bool {
        let mut changed = self.wardrobe.is_reading();
        if let Some(garments) = self.wardrobe.take(shared) {
            self.show(Some(garments));
        }
        while let Some(work) = &mut self.work {
            match work.next() {
                News::Nothing => break,
                News::Progress => {}
                News::Result(classifier) => self.classifier = Some(classifier),
                News::Ended(error, time) => {
                    (self.work, self.learning) = (None, time);
                    self.refused = error.map(|error| error.to_string());
                }
            }
            changed = true;
        }
        if self.asks && self.classifier.is_some() {
            self.debt += self.rate * elapsed.as_secs_f64();
            let questions = self.debt as u32;
            self.debt -= f64::from(questions);
            (0..questions).for_each(|_| self.ask(shared));
            changed |= questions > 0;
        }
        changed
    }

    fn is_live(&self) -> bool {
        self.asks && self.classifier.is_some()
    }

    fn progress(&self) -> Option<(&'static str, f64)> {
        match &self.work {
            Some(work) => Some(("digits", work.share())),
            None => self.wardrobe.is_reading().then_some(("garments", 0.0)),
        }
    }

    fn cancel(&mut self) {
        self.work = None;
    }

    fn facts(&self, _: &Shared) -> Vec<Fact> {
        let learned = self.set.as_ref().map_or(0, |set| set.train.rows());
        let weights = self.classifier.as_ref().and_then(|it| it.n_parameters().ok());
        vec![
            ("method", METHODS[self.method].0.into()),
            ("images", learned.to_string()),
            ("weights", weights.map_or("-".into(), |n| n.to_string())),
            ("asked", format!("{} / {}", self.answers.len(), self.labels().len())),
            ("right", format!("{:.1} %", 100.0 * self.accuracy())),
        ]
    }

    fn outcome(&self) -> Option<(&'static str, Vec<(&'static str, String)>)> {
        if let Some(why) = &self.refused {
            return Some(("refused", vec![("why", why.clone())]));
        }
        let done = !self.answers.is_empty() && self.answers.len() == self.labels().len();
        let values = vec![
            ("right", format!("{:.1}", 100.0 * self.accuracy())),
            ("seconds", format!("{:.2}", self.learning.as_secs_f64())),
        ];
        if self.wardrobe.is_missing {
            return Some(("no-garments", Vec::new()));
        }
        match (&self.classifier, done) {
            (None, _) if self.has_garments() => Some(("garments", Vec::new())),
            (_, true) => Some(("digits", values)),
            (Some(_), false) if self.answers.is_empty() => Some(("digits-learned", values)),
            _ => None,
        }
    }

    fn draw(&mut self, canvas: &mut Canvas<'_>, area: Rect, shared: &Shared) {
        let Some(set) = &self.set else { return };
        let last = self.answers.len().saturating_sub(1);
        let (image, side) = (set.test.samples.row(last), self.side());
        // A large image where the table has room beside it.
        let is_large = 2 * side + 24 <= usize::from(area.width);
        let (columns, rows) = if is_large { (2 * side, side) } else { (side, side.div_ceil(2)) };
        match is_large {
            true => canvas.image(image, side, (area.x, area.y), area),
            false => canvas.small_image(image, side, (area.x, area.y), area),
        }
        let columns = columns.max(2 * SIDE);
        let name = |class: u32| match self.has_garments() {
            true => shared.language.text(&format!("garment.{class}")).to_owned(),
            false => class.to_string(),
        };
        if let (Some((answer, p)), Some(label)) = (self.answers.last(), self.labels().get(last)) {
            let good = answer == label;
            let values =
                [("answer", name(*answer)), ("p", format!("{:.0}", 100.0 * p)), ("label", name(*label))];
            let text = shared.language.filled("view.answer", &values);
            let role = if good { Role::Good } else { Role::Warn };
            let lines = crate::tui::boxes::wrapped(&text, columns);
            for (line, y) in lines.iter().zip(area.y + rows as u16..area.bottom()) {
                canvas.text((area.x, y), line, columns as u16, canvas.role(role));
            }
        }
        let left = columns as u16 + 2;
        let matrix = Rect { x: area.x + left, width: area.width.saturating_sub(left), ..area };
        self.draw_matrix(canvas, matrix, shared);
    }
}

impl Digits {
    /// Confusion matrix: a row for each true digit, a column for each answer.
    fn draw_matrix(&self, canvas: &mut Canvas<'_>, area: Rect, shared: &Shared) {
        let wide =
            if area.width >= 44 { 4 } else { ((area.width.saturating_sub(2)) / CLASSES as u16).min(3) };
        let mut counts = [[0u32; CLASSES]; CLASSES];
        for ((answer, _), label) in self.answers.iter().zip(self.labels()) {
            counts[*label as usize % CLASSES][*answer as usize % CLASSES] += 1;
        }
        let dim = canvas.role(Role::Dim);
        let top = area.y;
        for class in 0..CLASSES as u16 {
            canvas.text(
                (area.x + 2 + class * wide, top),
                &format!("{class:>w$}", w = usize::from(wide)),
                wide,
                dim,
            );
            if top + 1 + class < area.bottom() {
                canvas.text((area.x, top + 1 + class), &class.to_string(), 1, dim);
            }
        }
        for (label, row) in counts.iter().enumerate() {
            let y = top + 1 + label as u16;
            if y >= area.bottom() {
                break;
            }
            for (answer, &count) in row.iter().enumerate() {
                let text = if count == 0 { "·".to_owned() } else { count.to_string() };
                let style = match (count, label == answer) {
                    (0, _) => canvas.role(Role::Line),
                    (_, true) => canvas.role(Role::Good),
                    _ => canvas.role(Role::Warn).add_modifier(Modifier::BOLD),
                };
                let at = (area.x + 2 + answer as u16 * wide, y);
                canvas.text(at, &format!("{text:>w$}", w = usize::from(wide)), wide, style);
            }
        }
        let below = top + 1 + CLASSES as u16;
        if below < area.bottom() {
            canvas.text((area.x, below), shared.language.text("view.matrix"), area.width, dim);
        }
    }
}
