//! Cross-sections of a lap, and lower bounds on distances and times between them.

use std::f64::consts::{PI, TAU};

use super::super::Limits;
use super::super::corridor::{Corridor, CrossSection};

/// Number of directions on which cross-sections are projected.
pub(super) const DIRECTIONS: usize = 32;
/// Maximum number of cross-sections in one part of the lap.
pub(super) const MAX_SPAN: usize = 48;
/// Distance between cross-sections, m. `COUNTS`: minimum and maximum number of cross-sections per lap.
const SPACING: f64 = 8.0;
const COUNTS: (usize, usize) = (120, 480);
/// Branch and bound over the time fraction `l`: number of initial intervals. `BISECTIONS`: number of bisections.
const INTERVALS: usize = 12;
const BISECTIONS: usize = 24;

/// Projections of a cross-section, or of several ones, on each direction: minimum and maximum over the points, m.
#[derive(Clone)]
pub(super) struct Projections {
    pub(super) least: [f64; DIRECTIONS],
    pub(super) greatest: [f64; DIRECTIONS],
}

impl Projections {
    fn new(corridor: &Corridor, node: usize) -> Self {
        let CrossSection { n_min, n_max, .. } = corridor.sections[node];
        let (a, b) = (corridor.position(node, n_min), corridor.position(node, n_max));
        let project = |direction: usize, p: [f64; 2]| {
            let (sin, cos) = (direction as f64 / DIRECTIONS as f64 * TAU).sin_cos();
            p[0] * cos + p[1] * sin
        };
        Projections {
            least: std::array::from_fn(|d| project(d, a).min(project(d, b))),
            greatest: std::array::from_fn(|d| project(d, a).max(project(d, b))),
        }
    }

    /// Lower bound on the distance from any point of this cross-section to any point of the cross-section `other`, m.
    fn distance(&self, other: &Projections) -> f64 {
        (0..DIRECTIONS).map(|d| other.least[d] - self.greatest[d]).fold(0.0, f64::max)
    }

    /// Projections of both.
    fn union(&self, other: &Projections) -> Projections {
        Projections {
            least: std::array::from_fn(|d| self.least[d].min(other.least[d])),
            greatest: std::array::from_fn(|d| self.greatest[d].max(other.greatest[d])),
        }
    }
}

/// Cross-sections of a lap, and bounds on its parts. Indices of cross-sections continue in the next lap: `i` and
/// `i + count` are the same cross-section.
pub(super) struct Parts {
    /// Number of cross-sections in a lap.
    pub(super) count: usize,
    /// Projections of each cross-section.
    sections: Vec<Projections>,
    /// Projections of the road from each cross-section to the next one.
    roads: Vec<Projections>,
    /// Lower bounds on the distances, m, `[count * count]`.
    distances: Vec<f64>,
    /// Lower bounds on the time of each part, s, `[count * span]`.
    times: Vec<f64>,
}

impl Parts {
    pub(super) fn new(corridor: &Corridor, limits: &Limits) -> Self {
        let wanted = (corridor.step * corridor.len() as f64 / SPACING) as usize;
        let count = wanted.clamp(COUNTS.0, COUNTS.1).min(corridor.len());
        let node = |section: usize| section * corridor.len() / count;
        let sections: Vec<Projections> =
            (0..count).map(|section| Projections::new(corridor, node(section))).collect();
        let road = |section: usize| {
            let between = node(section) + 1..=node(section + 1);
            between.fold(sections[section].clone(), |road, node| {
                road.union(&Projections::new(corridor, node % corridor.len()))
            })
        };
        let roads = (0..count).map(road).collect();
        let distances = (0..count * count)
            .map(|at| sections[at / count].distance(&sections[(at / count + at % count) % count]))
            .collect();
        let mut parts = Parts { count, sections, roads, distances, times: Vec::new() };
        for from in 0..count {
            for to in from + 1..=from + parts.span() {
                let squared = (parts.distance(from, to) / limits.top_speed).powi(2);
                let [first, last] = [from, to].map(|section| parts.section(section));
                let squared = (from + 1..to).fold(squared, |known, between| {
                    three_section_bound(first, parts.section(between), last, limits.grip, known)
                });
                parts.times.push(squared.sqrt());
            }
        }
        parts
    }

    /// Projections of a cross-section.
    pub(super) fn section(&self, section: usize) -> &Projections {
        &self.sections[section % self.count]
    }

    /// Projections of the road from a cross-section to the next one.
    pub(super) fn road(&self, section: usize) -> &Projections {
        &self.roads[section % self.count]
    }

    /// Lower bound on the distance from the cross-section `from` to the cross-section `to`, less than a lap ahead, m.
    pub(super) fn distance(&self, from: usize, to: usize) -> f64 {
        self.distances[from % self.count * self.count + (to - from)]
    }

    /// Lower bound on the time from the cross-section `from` to `to`, 1 to `MAX_SPAN` ahead, s.
    pub(super) fn time(&self, from: usize, to: usize) -> f64 {
        self.times[from % self.count * self.span() + (to - from - 1)]
    }

    /// Maximum number of cross-sections in one part.
    pub(super) fn span(&self) -> usize {
        MAX_SPAN.min(self.count - 1)
    }

    /// Lower bounds on the length of a path from the cross-section `from` to each one up to `to`, m.
    pub(super) fn lengths(&self, from: usize, to: usize) -> Vec<f64> {
        let mut lengths = vec![0.0; to - from + 1];
        for end in 1..lengths.len() {
            let through = |start: usize| match end - start < self.count {
                true => lengths[start] + self.distance(from + start, from + end),
                false => 0.0,
            };
            lengths[end] = (0..end).map(through).fold(0.0, f64::max);
        }
        lengths
    }
}

/// Lower bound on the squared time from cross-section `a` through `b` to `c`, or `known` if that is greater, s².
fn three_section_bound(a: &Projections, b: &Projections, c: &Projections, grip: f64, known: f64) -> f64 {
    // Projection of l a + (1 - l) c - b on direction `d`, minimized over the cross-sections.
    let gap = |l: f64, d: usize| l * a.least[d] + (1.0 - l) * c.least[d] - b.greatest[d];
    let scale = 2.0 / grip;
    let bound = |(l0, l1): (f64, f64)| {
        let most = if l0 < 0.5 && l1 > 0.5 { 0.25 } else { (l0 * (1.0 - l0)).max(l1 * (1.0 - l1)) };
        let least = (0..DIRECTIONS).map(|d| gap(l0, d).min(gap(l1, d))).fold(0.0, f64::max);
        scale * least / most
    };
    let at = |l: f64| scale * (0..DIRECTIONS).map(|d| gap(l, d)).fold(0.0, f64::max) / (l * (1.0 - l));
    let share = |i: usize| (0.5 * PI * i as f64 / INTERVALS as f64).sin().powi(2);
    // The minimum over `l` cannot exceed `known`: stop early.
    if (1..INTERVALS).any(|i| at(share(i)) <= known) {
        return known;
    }
    let mut leaves: Vec<((f64, f64), f64)> = Vec::with_capacity(INTERVALS + BISECTIONS);
    leaves.extend((0..INTERVALS).map(|i| (share(i), share(i + 1))).map(|leaf| (leaf, bound(leaf))));
    for _ in 0..BISECTIONS {
        let worst = (0..leaves.len()).fold(0, |w, i| if leaves[i].1 < leaves[w].1 { i } else { w });
        let (l0, l1) = leaves[worst].0;
        let middle = 0.5 * (l0 + l1);
        if at(middle) <= known {
            return known;
        }
        leaves[worst] = ((l0, middle), bound((l0, middle)));
        leaves.push(((middle, l1), bound((middle, l1))));
    }
    leaves.iter().map(|leaf| leaf.1).fold(f64::INFINITY, f64::min).max(known)
}
