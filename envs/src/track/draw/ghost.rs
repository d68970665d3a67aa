//! Reference lap of a drawing: a racing line with its time-optimal speed profile, driven by a ghost car.

use crate::track::circuit::wrap_angle;
use crate::track::line::{self, Limits, Profile};
use crate::track::world::{Rules, Start, State};

/// Reference laps, the first of which begins like the episodes of the world. Distances are arc lengths of the center
/// line from the start line, m, and continue after the first lap.
pub(super) struct Ghost {
    /// Length of the center line, m.
    length: f64,
    places: Vec<Place>,
    /// Speeds and times at the places and at the end of the first lap, and of each further lap.
    first: Profile,
    flying: Profile,
    /// Whether episodes begin at any place of a lap.
    anywhere: bool,
}

/// Point of the line: arc length of the center line, coordinates (m), heading (rad).
#[derive(Clone, Copy, Debug, PartialEq)]
struct Place {
    s: f64,
    position: [f64; 2],
    heading: f64,
}

/// Position (m), heading (rad) and speed (m/s) of the ghost car.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pose {
    pub(super) position: [f64; 2],
    pub(super) heading: f64,
    pub(super) speed: f64,
}

impl Ghost {
    /// Reference laps of a car with these limits; `None` if no line is found.
    pub(super) fn new(rules: &Rules, limits: &Limits) -> Option<Self> {
        let line = line::drawn_line(&rules.circuit, limits).ok()?;
        let flying = line.profile_from(line::Start::Flying, limits);
        let at_speed = |speed: f64| line.profile_from(line::Start::AtSpeed(speed), limits);
        let first = match rules.start {
            Start::Anywhere => flying.clone(),
            Start::Standing => at_speed(0.0),
            Start::Flying => at_speed(rules.speeds.first().copied().unwrap_or(0.0)),
        };
        let place = |p: &line::PathPoint| Place { s: p.s, position: [p.x, p.y], heading: p.heading };
        let places = line.path.points.iter().map(place).collect();
        let anywhere = rules.start == Start::Anywhere;
        Some(Ghost { length: rules.circuit.length(), places, first, flying, anywhere })
    }

    /// Distance at which the episode of `state` began.
    fn origin(&self, state: &State) -> f64 {
        if self.anywhere { (state.s - state.progress).rem_euclid(self.length) } else { 0.0 }
    }

    /// Distance of the ghost `seconds` after the start of the episode of `state`.
    pub(super) fn distance(&self, state: &State, seconds: f64) -> f64 {
        let time = seconds + self.time(self.origin(state));
        let (lap, time) = match time - self.first.lap_time() {
            ..0.0 => (0.0, time),
            later => {
                let lap = (later / self.flying.lap_time()).floor();
                (lap + 1.0, later - lap * self.flying.lap_time())
            }
        };
        let times = &self.profile(lap).times;
        let next = times.partition_point(|&at| at <= time).clamp(1, times.len() - 1);
        let (from, to) = (times[next - 1], times[next]);
        let t = if to > from { ((time - from) / (to - from)).clamp(0.0, 1.0) } else { 0.0 };
        let (a, b) = (self.s(next - 1), self.s(next));
        lap * self.length + a + t * (b - a)
    }

    /// Distance of the car in `state`.
    pub(super) fn distance_of(&self, state: &State) -> f64 {
        self.origin(state) + state.progress
    }

    /// Time by which the car in `state`, `seconds` after the start of its episode, is later at its place than the
    /// ghost, s.
    pub(super) fn delay(&self, state: &State, seconds: f64) -> f64 {
        let origin = self.origin(state);
        seconds - (self.time(origin + state.progress) - self.time(origin))
    }

    /// Time at a distance, s.
    fn time(&self, distance: f64) -> f64 {
        let (lap, index, t) = self.between(distance);
        let times = &self.profile(lap).times;
        let before =
            if lap > 0.0 { self.first.lap_time() + (lap - 1.0) * self.flying.lap_time() } else { 0.0 };
        before + times[index] + t * (times[index + 1] - times[index])
    }

    /// Speed at a distance, m/s.
    pub(super) fn speed(&self, distance: f64) -> f64 {
        let (lap, index, t) = self.between(distance);
        let speeds = &self.profile(lap).speeds;
        speeds[index] + t * (speeds[index + 1] - speeds[index])
    }

    /// Pose at a distance.
    pub(super) fn pose(&self, distance: f64) -> Pose {
        let (_, index, t) = self.between(distance);
        let (a, b) = (&self.places[index], &self.places[(index + 1) % self.places.len()]);
        Pose {
            position: std::array::from_fn(|i| a.position[i] + t * (b.position[i] - a.position[i])),
            heading: a.heading + t * wrap_angle(b.heading - a.heading),
            speed: self.speed(distance),
        }
    }

    /// Points and speeds (m/s) of the line in a flying lap.
    pub(super) fn line(&self) -> impl Iterator<Item = ([f64; 2], f64)> {
        self.places.iter().map(|place| place.position).zip(self.flying.speeds.iter().copied())
    }

    /// Lowest and highest speed of a flying lap, m/s.
    pub(super) fn speeds(&self) -> (f64, f64) {
        let speeds = self.flying.speeds.iter().copied();
        speeds.fold((f64::INFINITY, 0.0), |(low, high), speed| (speed.min(low), speed.max(high)))
    }

    fn profile(&self, lap: f64) -> &Profile {
        if lap > 0.0 { &self.flying } else { &self.first }
    }

    /// Arc length of a place; of the end of the lap for the index after the last one.
    fn s(&self, index: usize) -> f64 {
        self.places.get(index).map_or(self.length, |place| place.s)
    }

    /// Lap of a distance, index of the place before it, and position between this place and the next one, 0 to 1.
    fn between(&self, distance: f64) -> (f64, usize, f64) {
        let lap = (distance / self.length).floor().max(0.0);
        let s = (distance - lap * self.length).clamp(0.0, self.length);
        let index = self.places.partition_point(|place| place.s <= s).saturating_sub(1);
        let (a, b) = (self.s(index), self.s(index + 1));
        (lap, index, ((s - a) / (b - a)).clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use freewheel_core::{Purpose, Streams};

    use super::*;
    use crate::track::circuit::Circuit;
    use crate::track::vehicle::{Car, Model, Vehicle};
    use crate::track::world::Steering;

    fn rules(start: Start) -> Rules {
        Rules {
            circuit: Circuit::circle(15.0, 4.0).unwrap(),
            vehicle: Vehicle { model: Model::Grip, parameters: Car::Club.parameters() },
            steering: Steering::Share,
            clearance: 0.0,
            laps: 3,
            start,
            dt: 0.05,
            substeps: 1,
            substep_dt: 0.05,
            speeds: vec![10.0],
        }
    }

    /// On a circle of radius r the ghost drives on the center line: v^2 = a r, and a lap takes 2 pi sqrt(r / a).
    #[test]
    fn a_ghost_on_a_circle() {
        let limits = Limits::point_mass(9.81, 70.0, 0.0);
        for start in [Start::Standing, Start::Flying, Start::Anywhere] {
            let rules = rules(start);
            let ghost = Ghost::new(&rules, &limits).unwrap();
            let length = rules.circuit.length();
            let lap = TAU * (15.0f64 / 9.81).sqrt();
            assert!((ghost.flying.lap_time() / lap - 1.0).abs() < 1e-3, "{} {lap}", ghost.flying.lap_time());
            let mut rng = Streams::new(3).stream(Purpose::Generation, 0, 0);
            let state = rules.reset(&mut rng);
            assert!(ghost.distance(&state, 0.0) - ghost.origin(&state) < 1e-9);
            // Distance and delay are inverse to each other, over several laps.
            for i in 0..60 {
                let seconds = 0.3 * f64::from(i);
                let distance = ghost.distance(&state, seconds);
                let progress = distance - ghost.origin(&state);
                let place = State { progress, s: distance.rem_euclid(length), ..state };
                assert!(ghost.delay(&place, seconds).abs() < 1e-6, "{start:?} {seconds} {distance}");
                assert!((ghost.delay(&place, seconds + 2.0) - 2.0).abs() < 1e-6);
                let [x, y] = ghost.pose(distance).position;
                assert!((x.hypot(y) - 15.0).abs() < 0.01, "{}", x.hypot(y));
            }
        }
    }
}
