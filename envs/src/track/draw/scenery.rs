//! The circuit of a drawing: road, edges, kerbs, start line.

use freewheel_core::Rgb;

use super::camera::Camera;
use super::raster::{Raster, Surface};
use crate::dots::Dots;
use crate::track::circuit::{Circuit, Sample};

/// Distance of cross-sections, in car lengths; at most `MAX_SPACING` m.
const SPACING: f64 = 0.12;
const MAX_SPACING: f64 = 0.5;
/// Number of cross-sections, at least and at most.
const COUNTS: (f64, f64) = (400.0, 30_000.0);
/// Minimum distance of cross-sections in a picture, samples.
const MIN_STEP: f64 = 1.2;

/// Widths of the edges of the road, and length of a stone of a kerb, in car lengths.
const EDGE_WIDTH: f64 = 0.08;
const STONE: f64 = 0.35;
/// Largest radius of a bend with a kerb, in car lengths.
const KERB_RADIUS: f64 = 16.0;
/// Columns per car length from which edges are drawn.
const MIN_SCALE: f64 = 2.0;
/// Columns across the road from which the center line is drawn.
const CENTER_LINE_COLUMNS: f64 = 6.0;
const CENTER_LINE: Rgb = Rgb(150, 152, 120);
/// Distance of the marks on the ground, in car lengths; in cells between two marks.
const MARKS: f64 = 2.5;
const GROUND_MARK: Rgb = Rgb(62, 78, 60);

/// Cross-sections of a circuit.
pub(super) struct Scenery {
    sections: Vec<Section>,
    /// Lower left and upper right corner of the road, m.
    pub(super) low: [f64; 2],
    pub(super) high: [f64; 2],
    /// Length of the center line, m.
    length: f64,
    /// Largest distance of an edge from the center line, m.
    widest: f64,
    /// Median width of the road, m.
    width: f64,
    /// Length of the car, m.
    car: f64,
}

/// Cross-section: center, left and right edge, m.
struct Section {
    s: f64,
    center: [f64; 2],
    left: [f64; 2],
    right: [f64; 2],
    width: f64,
    curvature: f64,
}

impl Section {
    /// Point at the fraction `t` of the way from the right to the left edge.
    fn at(&self, t: f64) -> [f64; 2] {
        std::array::from_fn(|i| self.right[i] + t * (self.left[i] - self.right[i]))
    }
}

impl Scenery {
    /// Circuit for a car with the length `car` m.
    pub(super) fn new(circuit: &Circuit, car: f64) -> Self {
        let spacing = MAX_SPACING.min(SPACING * car);
        let count = (circuit.length() / spacing).ceil().clamp(COUNTS.0, COUNTS.1) as usize;
        let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        let mut widest = 0.0f64;
        let section = |at: Sample| {
            let (sin, cos) = at.heading.sin_cos();
            let point = |n: f64| [at.x - n * sin, at.y + n * cos];
            let (left, right) = (point(at.left), point(-at.right));
            for [x, y] in [left, right] {
                low = [low[0].min(x), low[1].min(y)];
                high = [high[0].max(x), high[1].max(y)];
            }
            widest = widest.max(at.left).max(at.right);
            let (width, curvature) = (at.left + at.right, at.curvature);
            Section { s: at.s, center: [at.x, at.y], left, right, width, curvature }
        };
        let sections: Vec<Section> = circuit.samples(count).into_iter().map(section).collect();
        let mut widths: Vec<f64> = sections.iter().map(|section| section.width).collect();
        widths.sort_by(f64::total_cmp);
        let width = widths[widths.len() / 2];
        Scenery { sections, low, high, length: circuit.length(), widest, width, car }
    }

    /// Fills the road, its edges and the start line.
    pub(super) fn paint(&self, camera: &Camera, raster: &mut Raster) {
        let count = self.sections.len();
        let step = self.length / count as f64 * camera.per_meter * super::raster::ACROSS as f64;
        let stride = ((MIN_STEP / step).ceil() as usize).clamp(1, count / 100);
        let margin = self.widest + stride as f64 * self.length / count as f64;
        let visible: Vec<(&Section, &Section)> = (0..count)
            .step_by(stride)
            .map(|i| (&self.sections[i], &self.sections[if i + stride < count { i + stride } else { 0 }]))
            .filter(|(section, _)| camera.shows(section.center, margin))
            .collect();
        let mut band = |from: &Section, to: &Section, side: (f64, f64), surface: Surface| {
            let corners = [from.at(side.0), to.at(side.0), to.at(side.1), from.at(side.1)];
            raster.fill(&corners.map(|corner| camera.sample(corner)), surface);
        };
        for (from, to) in &visible {
            band(from, to, (0.0, 1.0), Surface::Asphalt);
        }
        if camera.per_meter * self.car >= MIN_SCALE {
            // At least one sample wide.
            let edge = (EDGE_WIDTH * self.car).max(0.25 / camera.per_meter);
            for (from, to) in &visible {
                let share = (edge / from.width).min(0.2);
                let bend = from.curvature * KERB_RADIUS * self.car;
                let red = ((from.s / (STONE * self.car)) as u64).is_multiple_of(2);
                for (side, inside) in [((0.0, share), bend <= -1.0), ((1.0 - share, 1.0), bend >= 1.0)] {
                    let surface = if inside && red { Surface::Kerb } else { Surface::Stone };
                    band(from, to, side, surface);
                }
            }
        }
        self.paint_start(camera, &mut band);
    }

    /// Paints the start line: a white line, or squares where there is room.
    fn paint_start(&self, camera: &Camera, band: &mut impl FnMut(&Section, &Section, (f64, f64), Surface)) {
        let at = |s: f64| {
            let index = s / self.length * self.sections.len() as f64;
            &self.sections[(index as usize).min(self.sections.len() - 1)]
        };
        let square = 0.15 * self.car;
        if camera.per_meter * square < 0.75 {
            let width = (2.0 * square).max(1.2 / camera.per_meter);
            return band(at(0.0), at(width), (0.0, 1.0), Surface::Line);
        }
        let squares = (at(0.0).width / square).ceil().max(1.0) as usize;
        for i in 0..2 * squares {
            let (row, column) = (i / squares, i % squares);
            let (from, to) = (at(row as f64 * square), at((row + 1) as f64 * square));
            let side = (column as f64 / squares as f64, (column + 1) as f64 / squares as f64);
            band(from, to, side, if (row + column) % 2 == 0 { Surface::Line } else { Surface::Glass });
        }
    }

    /// Dots of the center line, where the road is wide enough.
    pub(super) fn center_line(&self, camera: &Camera, dots: &mut Dots) {
        if self.width * camera.per_meter < CENTER_LINE_COLUMNS {
            return;
        }
        // Dashes of half a car length, at least one column.
        let dash = (0.5 * self.car).max(1.0 / camera.per_meter);
        for section in self.sections.iter().filter(|section| camera.shows(section.center, 0.0)) {
            if ((section.s / dash) as u64).is_multiple_of(3) {
                dots.set(camera.dot(section.center), CENTER_LINE);
            }
        }
    }

    /// Cells of marks on the ground, which show the motion of the camera.
    pub(super) fn ground_marks(&self, camera: &Camera) -> impl Iterator<Item = (usize, usize)> {
        let spacing = (MARKS * self.car).max(8.0 / camera.per_meter);
        let (low, high) = camera.corners();
        let range = move |i: usize| (low[i] / spacing).ceil() as i64..=(high[i] / spacing).floor() as i64;
        let camera = *camera;
        range(1).flat_map(move |y| {
            range(0).filter_map(move |x| camera.cell([x as f64 * spacing, y as f64 * spacing]))
        })
    }
}

/// Character and color of a mark on the ground.
pub(super) const MARK: (char, Rgb) = ('·', GROUND_MARK);
