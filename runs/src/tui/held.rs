//! Arrow keys that are held in real time: steering and pedals of a car, a push to the left or to the right.

use crossterm::event::KeyCode;
use freewheel_core::{ActionBuffer, ActionSpace, Spec};

/// Arrow keys, in the order of [`Held`].
const ARROWS: [KeyCode; 4] = [KeyCode::Left, KeyCode::Right, KeyCode::Up, KeyCode::Down];
/// Time for which a key counts as held after each press, s, in a terminal that reports no releases: short for turns,
/// longer for pedals, whose key does not repeat while another key is pressed.
const DECAY: [f64; 4] = [0.2, 0.2, 1.2, 0.6];
/// Time after which a turn becomes a hard one, s.
const HARD_AFTER: f64 = 0.25;
/// Speed of a continuous steering, in halves of its range a second.
const STEERING_RATE: f64 = 4.0;

/// Keys that are held, and the action that follows from them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Held {
    /// Time for which each arrow key still counts as held, s.
    left: [f64; 4],
    /// Time since the present turn began, s.
    turning: f64,
    /// Whether the terminal reports releases of keys.
    reports_releases: bool,
    /// Last action: a discrete one is kept while no key is held, if there is no neutral action.
    last: u32,
    /// Components of the last continuous action.
    numbers: Vec<f32>,
}

impl Held {
    /// No key; `None` for actions that arrow keys cannot choose: more than two numbers, or no names of directions.
    pub(super) fn new(spec: &Spec) -> Option<Self> {
        let numbers = match &spec.actions {
            ActionSpace::Discrete { names } => {
                let sides = || names.iter().map(|name| direction(name).0);
                if !(sides().any(|x| x < 0) && sides().any(|x| x > 0)) {
                    return None;
                }
                Vec::new()
            }
            ActionSpace::Continuous { low, high, .. } => {
                let bounded = low.iter().zip(high).all(|(low, high)| (high - low).is_finite());
                if low.len() > 2 || !bounded {
                    return None;
                }
                low.iter().zip(high).map(|(&low, &high)| 0f32.max(low).min(high)).collect()
            }
        };
        Some(Held { left: [0.0; 4], turning: 0.0, reports_releases: false, last: 0, numbers })
    }

    /// A key is pressed, or its press repeats; false for a key without a meaning.
    pub(super) fn press(&mut self, key: KeyCode) -> bool {
        let Some(at) = ARROWS.iter().position(|&arrow| arrow == key) else { return false };
        // The opposite key ends.
        self.left[at ^ 1] = 0.0;
        if at < 2 && self.left[at] <= 0.0 {
            self.turning = 0.0;
        }
        self.left[at] = if self.reports_releases { f64::INFINITY } else { DECAY[at] };
        true
    }

    /// A key is released; from now on, keys are held until their release.
    pub(super) fn release(&mut self, key: KeyCode) {
        self.reports_releases = true;
        if let Some(at) = ARROWS.iter().position(|&arrow| arrow == key) {
            self.left[at] = 0.0;
        }
    }

    /// Forgets all keys, at the start of an episode.
    pub(super) fn clear(&mut self) {
        (self.left, self.last) = ([0.0; 4], 0);
        self.numbers.iter_mut().for_each(|number| *number = 0.0);
    }

    /// Time passes.
    pub(super) fn advance(&mut self, seconds: f64) {
        self.turning += seconds;
        self.left.iter_mut().for_each(|left| *left = (*left - seconds).max(0.0));
    }

    /// Keys with an effect on the actions of `spec`: the key, its effect, and whether it is held.
    pub(super) fn keys(&self, spec: &Spec) -> Vec<(KeyCode, String, bool)> {
        let names = match &spec.actions {
            // The effects of a car that is driven by names such as `left, throttle`.
            ActionSpace::Discrete { names } if names.iter().any(|name| direction(name).1 != 0) => {
                ["left", "right", "throttle", "brake"].map(str::to_owned).to_vec()
            }
            ActionSpace::Discrete { .. } => ["left", "right"].map(str::to_owned).to_vec(),
            ActionSpace::Continuous { names, .. } => {
                let sides = |i: usize, signs: [&str; 2]| signs.map(|sign| format!("{} {sign}", names[i]));
                let turns = names[0].contains("steer");
                let first = sides(0, if turns { ["left", "right"] } else { ["-", "+"] });
                let second = names.get(1).map(|_| sides(1, ["+", "-"]));
                first.into_iter().chain(second.into_iter().flatten()).collect()
            }
        };
        let all = ARROWS.into_iter().zip(names).zip(self.left);
        all.map(|((key, name), left)| (key, name, left > 0.0)).collect()
    }

    /// Direction of the held keys: -2, -1, 0, 1, 2 to the right, and -1, 0, 1 upwards.
    fn direction(&self) -> (i8, i8) {
        let [left, right, up, down] = self.left.map(|left| i8::from(left > 0.0));
        let hard = if self.turning >= HARD_AFTER { 2 } else { 1 };
        ((right - left) * hard, up - down)
    }

    /// Action of the next step, which takes `seconds` on the clock of the world.
    pub(super) fn action(&mut self, spec: &Spec, legal: &[bool], seconds: f64) -> ActionBuffer {
        let (x, y) = self.direction();
        match &spec.actions {
            ActionSpace::Discrete { names } => {
                let distance = |name: &str| {
                    let (ax, ay) = direction(name);
                    i32::from((ax - x).abs()) + 3 * i32::from((ay - y).abs())
                };
                let all = names.iter().enumerate().filter(|(i, _)| legal.get(*i).copied().unwrap_or(true));
                let best = all.map(|(i, name)| (distance(name), i)).min();
                let is_idle = (x, y) == (0, 0);
                if let Some((distance, action)) = best
                    && (distance == 0 || !is_idle)
                {
                    self.last = action as u32;
                }
                ActionBuffer::Discrete(vec![self.last])
            }
            ActionSpace::Continuous { names, low, high } => {
                for (i, number) in self.numbers.iter_mut().enumerate() {
                    let (low, high) = (low[i], high[i]);
                    let (middle, half) = (0f32.max(low).min(high), (high - low) / 2.0);
                    // Steering is positive to the left.
                    let sign = match (i, names[i].contains("steer")) {
                        (0, true) => -x.signum(),
                        (0, false) => x.signum(),
                        _ => y,
                    };
                    let target = match sign {
                        0 => middle,
                        1.. => high,
                        _ => low,
                    };
                    let most = if i == 0 { half * (STEERING_RATE * seconds) as f32 } else { f32::INFINITY };
                    *number = (*number + (target - *number).clamp(-most, most)).clamp(low, high);
                }
                ActionBuffer::Continuous(self.numbers.clone())
            }
        }
    }
}

/// Direction in the name of an action: to the right, twice as much if `hard`, and upwards, where throttle is up.
fn direction(name: &str) -> (i8, i8) {
    let (mut x, mut y, mut size) = (0, 0, 1);
    for word in name.split([' ', ',', '-', '_']) {
        match word.to_lowercase().as_str() {
            "hard" => size = 2,
            "left" => x = -size,
            "right" => x = size,
            "throttle" | "accelerate" | "up" => y = 1,
            "brake" | "down" => y = -1,
            _ => {}
        }
    }
    (x, y)
}

#[cfg(test)]
mod tests {
    use freewheel_core::ObservationSpace;

    use super::*;

    fn spec(actions: ActionSpace) -> Spec {
        Spec::new("test/car", ObservationSpace::Discrete { n: 1 }, actions)
    }

    fn names(all: &[&str]) -> Vec<String> {
        all.iter().map(|&name| name.to_owned()).collect()
    }

    fn car() -> (Spec, Vec<String>) {
        let names: Vec<String> = ["hard left", "left", "straight", "right", "hard right"]
            .iter()
            .flat_map(|turn| ["brake", "coast", "throttle"].map(|pedal| format!("{turn}, {pedal}")))
            .collect();
        (spec(ActionSpace::Discrete { names: names.clone() }), names)
    }

    #[test]
    fn keys_choose_the_action_with_their_direction() {
        let (spec, names) = car();
        let mut held = Held::new(&spec).unwrap();
        let name = |held: &mut Held| match held.action(&spec, &[true; 15], 0.1) {
            ActionBuffer::Discrete(all) => names[all[0] as usize].clone(),
            ActionBuffer::Continuous(_) => panic!(),
        };
        assert_eq!(name(&mut held), "straight, coast");
        held.press(KeyCode::Up);
        assert_eq!(name(&mut held), "straight, throttle");
        held.press(KeyCode::Left);
        assert_eq!(name(&mut held), "left, throttle");
        held.advance(0.15);
        held.press(KeyCode::Left);
        held.advance(0.15);
        assert_eq!(name(&mut held), "hard left, throttle");
        held.press(KeyCode::Right);
        assert_eq!(name(&mut held), "right, throttle");
        held.press(KeyCode::Down);
        held.advance(0.3);
        // The turn has ended, the pedal is still held.
        assert_eq!(name(&mut held), "straight, brake");
        assert!(!held.press(KeyCode::Char('x')));
    }

    #[test]
    fn keys_have_names_and_tell_whether_they_are_held() {
        let (spec, _) = car();
        let mut held = Held::new(&spec).unwrap();
        held.press(KeyCode::Up);
        let keys = held.keys(&spec);
        assert_eq!(keys[2], (KeyCode::Up, "throttle".into(), true));
        assert_eq!(keys[3], (KeyCode::Down, "brake".into(), false));
        let push = ActionSpace::Discrete { names: names(&["left", "right"]) };
        assert_eq!(held.keys(&self::spec(push)).len(), 2);
    }

    #[test]
    fn with_releases_a_key_is_held_until_its_release() {
        let (spec, _) = car();
        let mut held = Held::new(&spec).unwrap();
        held.release(KeyCode::Enter);
        held.press(KeyCode::Right);
        held.advance(60.0);
        assert_eq!(held.direction(), (2, 0));
        held.release(KeyCode::Right);
        assert_eq!(held.direction(), (0, 0));
    }

    #[test]
    fn without_a_neutral_action_the_last_one_stays() {
        let spec = spec(ActionSpace::Discrete { names: names(&["left", "right"]) });
        let mut held = Held::new(&spec).unwrap();
        held.press(KeyCode::Right);
        assert_eq!(held.action(&spec, &[true; 2], 0.02), ActionBuffer::Discrete(vec![1]));
        held.advance(5.0);
        assert_eq!(held.action(&spec, &[true; 2], 0.02), ActionBuffer::Discrete(vec![1]));
    }

    #[test]
    fn a_continuous_steering_moves_towards_its_end() {
        let space = |high| ActionSpace::Continuous {
            names: names(&["steering", "pedals"]),
            low: vec![-1.0, -1.0],
            high: vec![1.0, high],
        };
        let car = spec(space(1.0));
        let mut held = Held::new(&car).unwrap();
        held.press(KeyCode::Left);
        held.press(KeyCode::Up);
        let numbers = |held: &mut Held| match held.action(&car, &[], 0.1) {
            ActionBuffer::Continuous(all) => all,
            ActionBuffer::Discrete(_) => panic!(),
        };
        assert_eq!(numbers(&mut held), [0.4, 1.0]);
        assert_eq!(numbers(&mut held), [0.8, 1.0]);
        assert_eq!(numbers(&mut held), [1.0, 1.0]);
        held.advance(2.0);
        assert_eq!(numbers(&mut held), [0.6, 0.0]);
        assert!(Held::new(&spec(space(f32::INFINITY))).is_none());
        assert!(Held::new(&spec(ActionSpace::Discrete { names: names(&["up", "left"]) })).is_none());
    }
}
