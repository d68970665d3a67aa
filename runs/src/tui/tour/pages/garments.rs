//! Garments of the scenes 2 and 3: a part of Fashion-MNIST, where the data folder has it.

use std::sync::Arc;

use freewheel_agents::Samples;
use freewheel_agents::data::{DataSet, Options, Subset, open};
use freewheel_core::Result;

use crate::tui::tour::page::Shared;
use crate::tui::tour::work::{News, Work};

/// Side of an image on the screen: that of Fashion-MNIST is twice as long.
pub(super) const SIDE: usize = 14;
/// Numbers of images that are learned, and that are asked about.
const PART: [usize; 2] = [4000, 360];

/// Images of the garments or of the digits; the garments are read in the background when they are first wanted.
#[derive(Default)]
pub(super) struct Wardrobe {
    /// Whether garments are wanted in the place of digits.
    pub(super) is_open: bool,
    work: Option<Work<Arc<DataSet>>>,
    /// Whether the data folder has no garments, or none that can be read.
    pub(super) is_missing: bool,
}

impl Wardrobe {
    /// Opens or closes it; returns the garments if they have been read before.
    pub(super) fn toggle(&mut self, shared: &Shared) -> Option<Arc<DataSet>> {
        (self.work, self.is_missing) = (None, false);
        self.is_open = !self.is_open;
        if self.is_open && shared.garments.is_none() {
            self.work = Some(read());
        }
        shared.garments.clone().filter(|_| self.is_open)
    }

    /// Garments that have been read since the last look. Without any it is closed again.
    pub(super) fn take(&mut self, shared: &mut Shared) -> Option<Arc<DataSet>> {
        match self.work.as_mut()?.next() {
            News::Nothing | News::Progress => None,
            News::Result(set) => {
                shared.garments = Some(Arc::clone(&set));
                self.work = None;
                Some(set)
            }
            News::Ended(..) => {
                (self.work, self.is_open, self.is_missing) = (None, false, true);
                None
            }
        }
    }

    /// Whether garments are being read.
    pub(super) fn is_reading(&self) -> bool {
        self.work.is_some()
    }
}

/// Reads the garments on a thread of its own.
fn read() -> Work<Arc<DataSet>> {
    Work::start(|reporter| {
        let whole = open("fashion-mnist", &Options::default())?;
        let [train, test] = PART;
        let set = DataSet { train: part(&whole.train, train)?, test: part(&whole.test, test)?, ..whole };
        reporter.send(1.0, Some(Arc::new(set)));
        Ok(())
    })
}

/// The first `rows` images, at half of their size.
fn part(all: &Subset, rows: usize) -> Result<Subset> {
    let part = all.select(&(0..rows.min(all.rows())).collect::<Vec<_>>());
    let small: Vec<f64> = part.samples.iter().flat_map(|image| halved(image, 2 * SIDE)).collect();
    Ok(Subset { samples: Samples::new(small, SIDE * SIDE)?, ..part })
}

/// Image of `side` x `side` pixels at half of its size: each pixel is the mean of four.
pub(super) fn halved(image: &[f64], side: usize) -> Vec<f64> {
    let half = side / 2;
    let pixel = |x: usize, y: usize| image.get(y * side + x).copied().unwrap_or(0.0);
    let mean = |x: usize, y: usize| {
        let upper = pixel(2 * x, 2 * y) + pixel(2 * x + 1, 2 * y);
        (upper + pixel(2 * x, 2 * y + 1) + pixel(2 * x + 1, 2 * y + 1)) / 4.0
    };
    (0..half * half).map(|i| mean(i % half, i / half)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pixel_is_the_mean_of_four() {
        let image: Vec<f64> = (0..16).map(f64::from).collect();
        assert_eq!(halved(&image, 4), [2.5, 4.5, 10.5, 12.5]);
    }
}
