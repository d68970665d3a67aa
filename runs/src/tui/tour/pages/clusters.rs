//! Scene 3: k-means and the map of the principal components, on digits or garments without their labels.

use std::time::{Duration, Instant};

use freewheel_agents::Samples;
use freewheel_agents::data::{DataSet, Subset, embedded};
use freewheel_agents::estimator::{Estimator, Transformer, metrics};
use freewheel_agents::unsupervised::{kmeans, pca};
use freewheel_core::{Result, Streams};
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::garments::{self, Wardrobe, halved};
use crate::format::compact;
use crate::tui::Watch;
use crate::tui::palette::Role;
use crate::tui::tour::canvas::{Axes, Canvas};
use crate::tui::tour::ledger::{Cost, time_of};
use crate::tui::tour::page::{Control, Fact, Page, Shared, button, slider, toggle};

/// Side of an image of a digit.
const SIDE: usize = 8;
/// Samples that are clustered.
const SAMPLES: usize = 900;
/// Steps of k-means a second.
const RATE: f64 = 2.0;
/// Steps at most.
const MOST: u32 = 40;

/// Page of k-means.
pub(in crate::tui::tour) struct Clusters {
    /// Images, `[N, side * side]`; `None` if they cannot be read.
    x: Option<Samples>,
    labels: Vec<u32>,
    /// The first two principal components of the samples, and the share of the variance that they have.
    map: Vec<[f64; 2]>,
    explained: f64,
    k: u32,
    seed: u64,
    /// Clustering after `steps` steps.
    fitted: Option<Estimator<kmeans::Config>>,
    assigned: Vec<u32>,
    steps: u32,
    /// Whether nothing changed in the last step.
    settled: bool,
    runs: bool,
    debt: f64,
    shows_labels: bool,
    refused: Option<String>,
    learning: Duration,
    wardrobe: Wardrobe,
}

impl Clusters {
    pub(in crate::tui::tour) fn new() -> Self {
        let mut page = Clusters {
            x: None,
            labels: Vec::new(),
            map: Vec::new(),
            explained: 0.0,
            k: 10,
            seed: 0,
            fitted: None,
            assigned: Vec::new(),
            steps: 0,
            settled: false,
            runs: false,
            debt: 0.0,
            shows_labels: false,
            refused: None,
            learning: Duration::ZERO,
            wardrobe: Wardrobe::default(),
        };
        page.show(None);
        page
    }

    /// Shows these garments, or the digits.
    fn show(&mut self, garments: Option<&DataSet>) {
        let done = match garments {
            Some(garments) => self.open(&garments.train),
            None => embedded::digits().and_then(|set| self.open(&set.train)),
        };
        match done {
            Ok(()) => self.restart(),
            Err(error) => self.refused = Some(error.to_string()),
        }
    }

    /// Takes the first images of `set` and finds their principal components.
    fn open(&mut self, set: &Subset) -> Result<()> {
        let part = set.select(&(0..SAMPLES.min(set.rows())).collect::<Vec<_>>());
        self.labels = part.targets.labels()?.to_vec();
        let x = self.x.insert(part.samples);
        let config = pca::Config { n_components: 2 };
        let mut pca = Estimator::new(config, Streams::new(0))?;
        pca.fit(x)?;
        self.map = pca.transform(x)?.iter().map(|row| [row[0], row[1]]).collect();
        self.explained = pca.model()?.explained_variance_ratio().iter().sum();
        Ok(())
    }

    /// One step: k-means from the same start, with one iteration more.
    fn step(&mut self) -> Result<()> {
        let Some(x) = &self.x else { return Ok(()) };
        self.steps += 1;
        let config = kmeans::Config { n_clusters: self.k, n_init: 1, max_iter: self.steps, tol: 0.0 };
        let mut fitted = Estimator::new(config, Streams::new(self.seed))?;
        let started = Instant::now();
        fitted.fit(x)?;
        self.learning = started.elapsed();
        let assigned = fitted.model()?.predict(x)?;
        self.settled = assigned == self.assigned;
        (self.assigned, self.fitted) = (assigned, Some(fitted));
        Ok(())
    }

    fn next_step(&mut self, shared: &mut Shared) {
        if self.settled || self.steps >= MOST {
            self.runs = false;
            return;
        }
        if let Err(error) = self.step() {
            (self.refused, self.runs) = (Some(error.to_string()), false);
        }
        self.enter(shared);
    }

    fn restart(&mut self) {
        (self.steps, self.settled) = (0, false);
        self.assigned.clear();
        self.refused = self.step().err().map(|error| error.to_string());
    }

    fn accuracy(&self) -> f64 {
        metrics::matching_accuracy(&self.assigned, &self.labels)
    }

    fn has_garments(&self) -> bool {
        self.x.as_ref().is_some_and(|x| x.width() > SIDE * SIDE)
    }

    fn enter(&self, shared: &mut Shared) {
        let model = self.fitted.as_ref().and_then(|fitted| fitted.model().ok());
        let (Some(model), Some(x)) = (model, &self.x) else { return };
        let one = x.select(&[0]);
        shared.ledger.enter(Cost {
            name: "kmeans",
            examples: x.rows() as u64,
            learning: self.learning,
            parameters: u64::from(self.k) * x.width() as u64,
            answer: Some(time_of(|| drop(model.predict(&one)))),
            score: (format!("{:.0} %", 100.0 * self.accuracy()), "100 %".into()),
        });
    }
}

impl Page for Clusters {
    fn controls(&self) -> Vec<Control> {
        vec![
            slider("k", self.k.into(), (2.0, 16.0), 1.0),
            button("step", 's'),
            toggle("run", 'l', self.runs),
            button("other-start", 'w'),
            toggle("labels", 'v', self.shows_labels),
            toggle("garments", 'g', self.wardrobe.is_open),
        ]
    }

    fn set(&mut self, _: usize, value: f64, _: &mut Shared) {
        self.k = value as u32;
        self.restart();
    }

    fn press(&mut self, control: usize, shared: &mut Shared) -> Option<Box<Watch>> {
        match control {
            1 => self.next_step(shared),
            2 => self.runs = !self.runs,
            3 => {
                self.seed += 1;
                self.restart();
            }
            4 => self.shows_labels = !self.shows_labels,
            _ => {
                let garments = self.wardrobe.toggle(shared);
                if garments.is_some() || !self.wardrobe.is_open {
                    self.show(garments.as_deref());
                }
            }
        }
        None
    }

    fn advance(&mut self, elapsed: Duration, shared: &mut Shared) -> bool {
        let is_reading = self.wardrobe.is_reading();
        if let Some(garments) = self.wardrobe.take(shared) {
            self.show(Some(&garments));
        }
        if !self.runs || is_reading {
            return is_reading;
        }
        self.debt += RATE * elapsed.as_secs_f64();
        if self.debt < 1.0 {
            return false;
        }
        self.debt -= 1.0;
        self.next_step(shared);
        true
    }

    fn is_live(&self) -> bool {
        self.runs
    }

    fn progress(&self) -> Option<(&'static str, f64)> {
        self.wardrobe.is_reading().then_some(("garments", 0.0))
    }

    fn facts(&self, _: &Shared) -> Vec<Fact> {
        let inertia =
            self.fitted.as_ref().and_then(|fitted| fitted.model().ok()).map(kmeans::KMeans::inertia);
        vec![
            ("images", self.labels.len().to_string()),
            ("steps", self.steps.to_string()),
            ("inertia", inertia.map_or("-".into(), compact)),
            ("explained", format!("{:.0} %", 100.0 * self.explained)),
            ("matched", format!("{:.0} %", 100.0 * self.accuracy())),
        ]
    }

    fn outcome(&self) -> Option<(&'static str, Vec<(&'static str, String)>)> {
        if let Some(why) = &self.refused {
            return Some(("refused", vec![("why", why.clone())]));
        }
        let values = vec![
            ("steps", self.steps.to_string()),
            ("k", self.k.to_string()),
            ("matched", format!("{:.0}", 100.0 * self.accuracy())),
        ];
        let settled = if self.has_garments() { "settled-garments" } else { "settled" };
        match self.settled {
            true => Some((settled, values)),
            false => self.wardrobe.is_missing.then(|| ("no-garments", Vec::new())),
        }
    }

    fn draw(&mut self, canvas: &mut Canvas<'_>, area: Rect, _: &Shared) {
        let Some(model) = self.fitted.as_ref().and_then(|fitted| fitted.model().ok()) else { return };
        let centers = model.cluster_centers();
        // As many columns of centers as are needed, at most a half of the picture.
        let per_column = (usize::from(area.height) / 5).max(1);
        let columns = centers.rows().div_ceil(per_column).min(usize::from(area.width) / 2 / (SIDE + 1));
        let left = area.width - (columns * (SIDE + 1)) as u16;
        let map = Rect { width: left.saturating_sub(1), ..area };
        let axes = Axes::around(self.map.iter());
        for (index, point) in self.map.iter().enumerate() {
            let group = if self.shows_labels { self.labels[index] } else { self.assigned[index] };
            let Some(at) = axes.cell(*point, map) else { continue };
            let letter = if self.shows_labels { digit(group) } else { letter(group) };
            let style = canvas.series(group as usize);
            let style = if group >= 6 { style.add_modifier(Modifier::BOLD) } else { style };
            canvas.glyph(at, letter, style);
        }
        for (index, center) in centers.iter().enumerate() {
            let (column, row) = (index / per_column, index % per_column);
            if column >= columns {
                break;
            }
            let at = (area.x + left + (column * (SIDE + 1)) as u16, area.y + (row * 5) as u16);
            match self.has_garments() {
                true => canvas.small_image(&halved(center, garments::SIDE), garments::SIDE / 2, at, area),
                false => canvas.small_image(center, SIDE, at, area),
            }
            let style = canvas.series(index).add_modifier(Modifier::BOLD);
            let name = (at.0, at.1 + 4);
            if name.1 < area.bottom() {
                canvas.glyph(name, letter(index as u32), style);
                let size = self.assigned.iter().filter(|group| **group == index as u32).count().to_string();
                canvas.text((name.0 + 2, name.1), &size, 5, canvas.role(Role::Dim));
            }
        }
    }
}

fn letter(group: u32) -> char {
    char::from(b'a' + (group % 26) as u8)
}

fn digit(label: u32) -> char {
    char::from(b'0' + (label % 10) as u8)
}
