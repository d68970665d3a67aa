//! Speed of the viewer: a factor of the world's own clock.

use std::str::FromStr;

use freewheel_core::DynWorld;

/// Smallest and largest factor that the user can choose with keys.
const FACTORS: (f64, f64) = (0.25, 64.0);

/// Initial speed of the viewer: `2x` or a number of steps a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// Factor of the world's own clock, above 0.
    Factor(f64),
    /// Steps a second, above 0.
    StepsPerSecond(f64),
}

impl Default for Speed {
    fn default() -> Self {
        Speed::Factor(1.0)
    }
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, factor) = match text.strip_suffix(['x', 'X']) {
            Some(number) => (number, true),
            None => (text, false),
        };
        match number.parse::<f64>() {
            Ok(number) if number.is_finite() && number > 0.0 && factor => Ok(Speed::Factor(number)),
            Ok(number) if number.is_finite() && number > 0.0 => Ok(Speed::StepsPerSecond(number)),
            _ => Err("must be a factor such as 2x, or a number of steps a second such as 20, above 0".into()),
        }
    }
}

/// Speed of the viewer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Clock {
    /// Duration of a step on the world's own clock, s; `None` for a world without a clock.
    step_seconds: Option<f64>,
    /// Steps a second at the factor 1.
    steps_per_second: f64,
    /// Factor of the world's own clock.
    factor: f64,
}

impl Clock {
    /// Clock of `world` with the initial speed `speed`, 0.1 to 1,000,000 steps a second.
    pub(super) fn new(world: &dyn DynWorld, speed: Speed) -> Self {
        let step_seconds = world.step_seconds().filter(|seconds| seconds.is_finite() && *seconds > 0.0);
        let steps_per_second =
            step_seconds.map_or_else(|| default_steps_per_second(&world.spec().id), f64::recip);
        let factor = match speed {
            Speed::Factor(factor) => factor,
            Speed::StepsPerSecond(steps) => steps / steps_per_second,
        };
        let clamped = (factor * steps_per_second).clamp(0.1, 1e6) / steps_per_second;
        Clock { step_seconds, steps_per_second, factor: if clamped.is_finite() { clamped } else { 1.0 } }
    }

    /// Speed, steps a second.
    pub(super) fn speed(&self) -> f64 {
        self.steps_per_second * self.factor
    }

    /// Changes the factor to the next larger power of 2, up to 64.
    pub(super) fn faster(&mut self) {
        let next = 2f64.powf((self.factor * 1.001).log2().floor() + 1.0);
        self.factor = next.min(FACTORS.1).max(self.factor);
    }

    /// Changes the factor to the next smaller power of 2, down to 0.25.
    pub(super) fn slower(&mut self) {
        let next = 2f64.powf((self.factor * 0.999).log2().ceil() - 1.0);
        self.factor = next.max(FACTORS.0).min(self.factor);
    }

    /// Whether the world has a clock of its own.
    pub(super) fn is_of_world(&self) -> bool {
        self.step_seconds.is_some()
    }

    /// Time of the world's own clock after `steps` steps, s; `None` for a world without a clock.
    pub(super) fn seconds(&self, steps: usize) -> Option<f64> {
        self.step_seconds.map(|seconds| seconds * steps as f64)
    }

    /// Label of the factor, such as `1x` or `0.25x`.
    pub(super) fn label(&self) -> String {
        let rounded = (self.factor * 100.0).round() / 100.0;
        if rounded > 0.0 { format!("{rounded}x") } else { format!("{:.1e}x", self.factor) }
    }
}

/// Steps a second at the factor 1 of a world without a clock: slow enough to follow each step. Moves of Go need time to
/// be read, days of a market pass in the background, other worlds are puzzles of single moves.
fn default_steps_per_second(id: &str) -> f64 {
    match id.split(['/', ':']).next() {
        Some("go") => 1.0,
        Some("market") => 10.0,
        _ => 4.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Registry;

    fn clock(world: &str, speed: Speed) -> Clock {
        let world = Registry::standard().build_world(world, &toml::Table::new()).unwrap();
        Clock::new(&*world, speed)
    }

    #[test]
    fn a_world_without_a_clock_has_a_default() {
        let speed = |world| clock(world, Speed::default()).speed();
        assert_eq!([speed("grid/cliff"), speed("go/9x9"), speed("market/ar1")], [4.0, 1.0, 10.0]);
        assert_eq!(clock("grid/cliff", Speed::default()).seconds(8), None);
    }

    #[test]
    fn a_lap_takes_its_own_time() {
        let clock = clock("track/club", Speed::default());
        // 588 steps of 0.1 s, or 2,940 of 0.02 s, are 58.8 s: the viewer makes as many steps in this time.
        let steps = 58.8 * clock.speed();
        assert!((clock.seconds(steps.round() as usize).unwrap() - 58.8).abs() < 1e-9);
    }

    #[test]
    fn factors_are_powers_of_two_within_their_range() {
        let mut clock = clock("grid/cliff", Speed::StepsPerSecond(12.0));
        assert_eq!((clock.label().as_str(), clock.speed()), ("3x", 12.0));
        clock.faster();
        assert_eq!(clock.label(), "4x");
        for _ in 0..9 {
            clock.faster();
        }
        assert_eq!(clock.label(), "64x");
        clock.slower();
        assert_eq!(clock.label(), "32x");
        for _ in 0..20 {
            clock.slower();
        }
        assert_eq!(clock.label(), "0.25x");
    }

    #[test]
    fn a_speed_outside_the_range_of_the_keys_changes_only_towards_it() {
        let mut clock = clock("grid/cliff", Speed::StepsPerSecond(4000.0));
        clock.faster();
        assert_eq!(clock.label(), "1000x");
        clock.slower();
        assert_eq!(clock.label(), "512x");
    }

    #[test]
    fn speeds_are_read_from_text() {
        assert_eq!("2x".parse(), Ok(Speed::Factor(2.0)));
        assert_eq!("0.5".parse(), Ok(Speed::StepsPerSecond(0.5)));
        for wrong in ["", "x", "0", "-1x", "nan", "inf", "fast"] {
            assert!(wrong.parse::<Speed>().is_err(), "{wrong}");
        }
    }
}
