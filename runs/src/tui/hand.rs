//! Playing by hand: which key plays which action.
//!
//! Up to ten actions have keys: the digits, the arrows where a name is a direction, a first letter where it is the only
//! one. More are typed by name, as moves on a board are. Real numbers are held and nudged.

use crossterm::event::KeyCode;
use freewheel_core::{ActionBuffer, ActionSpace, Player, Spec};

/// Keys that keep their meaning while a person plays.
const KEPT: [char; 3] = ['p', 'q', 'n'];

/// A person at the keys.
#[derive(Clone, Debug)]
pub(super) struct Hand {
    /// Whose moves the person makes; the agent makes the other's.
    pub(super) seat: Player,
    /// Whether the agent was running before.
    pub(super) was_running: bool,
    /// How actions are put in.
    pub(super) input: Input,
}

/// How actions are put in.
#[derive(Clone, Debug)]
pub(super) enum Input {
    /// A key each.
    Keys(Vec<Binding>),
    /// By name.
    Words {
        /// What has been typed.
        typed: String,
    },
    /// Numbers, held from step to step.
    Numbers {
        /// The action.
        held: Vec<f32>,
        /// Which of them the arrows change.
        chosen: usize,
    },
}

/// The keys of one action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Binding {
    /// The action.
    pub(super) action: u32,
    /// Its keys, the digit first.
    pub(super) keys: Vec<KeyCode>,
}

impl Hand {
    /// A person in `seat` of a world.
    pub(super) fn new(spec: &Spec, seat: Player, was_running: bool) -> Self {
        let input = match &spec.actions {
            ActionSpace::Discrete { names } if names.len() <= 10 => Input::Keys(bind(names)),
            ActionSpace::Discrete { .. } => Input::Words { typed: String::new() },
            ActionSpace::Continuous { low, high, .. } => {
                let held = low.iter().zip(high).map(|(&low, &high)| rest(low, high)).collect();
                Input::Numbers { held, chosen: 0 }
            }
        };
        Hand { seat, was_running, input }
    }

    /// The action that `key` plays.
    pub(super) fn action(&self, key: KeyCode) -> Option<u32> {
        match &self.input {
            Input::Keys(all) => all.iter().find(|b| b.keys.contains(&key)).map(|b| b.action),
            _ => None,
        }
    }

    /// The numbers as an action.
    pub(super) fn held(&self) -> Option<ActionBuffer> {
        match &self.input {
            Input::Numbers { held, .. } => Some(ActionBuffer::Continuous(held.clone())),
            _ => None,
        }
    }

    /// Changes the chosen number by `tenths` of its range; 0 puts it back to rest.
    pub(super) fn nudge(&mut self, spec: &Spec, tenths: f32) {
        let (Input::Numbers { held, chosen }, ActionSpace::Continuous { low, high, .. }) =
            (&mut self.input, &spec.actions)
        else {
            return;
        };
        let (Some(number), Some(&low), Some(&high)) =
            (held.get_mut(*chosen), low.get(*chosen), high.get(*chosen))
        else {
            return;
        };
        if tenths == 0.0 {
            *number = rest(low, high);
            return;
        }
        // Where there is no range, a tenth is a tenth.
        let range = if (high - low).is_finite() { high - low } else { 1.0 };
        let moved = (*number + tenths * range / 10.0).max(low).min(high);
        // Back at rest it is exactly that, whatever the roundings on the way.
        *number = if (moved - rest(low, high)).abs() < range * 1e-4 { rest(low, high) } else { moved };
    }

    /// Chooses the number `by` further on.
    pub(super) fn choose(&mut self, by: isize) {
        if let Input::Numbers { held, chosen } = &mut self.input {
            let n = held.len().max(1) as isize;
            *chosen = (*chosen as isize + by).rem_euclid(n) as usize;
        }
    }
}

/// The action whose name is `typed`, or the only one that begins so. Upper and lower case are one.
///
/// # Errors
/// What to tell the person.
pub(super) fn named(names: &[String], typed: &str) -> Result<u32, String> {
    let typed = typed.trim().to_lowercase();
    if typed.is_empty() {
        return Err("type the name of an action first".into());
    }
    let mut begin =
        names.iter().enumerate().filter(|(_, name)| name.to_lowercase().starts_with(&typed)).map(|(i, _)| i);
    if let Some(exact) = names.iter().position(|name| name.to_lowercase() == typed) {
        return Ok(exact as u32);
    }
    match (begin.next(), begin.next()) {
        (Some(only), None) => Ok(only as u32),
        (Some(first), Some(second)) => {
            Err(format!("{typed} could be {} or {}; type more of it", names[first], names[second]))
        }
        (None, _) => Err(format!(
            "no action is called {typed}; names are like {} and {}",
            names.first().map_or("", |n| n),
            names.last().map_or("", |n| n)
        )),
    }
}

/// How a key is shown.
pub(super) fn label(key: KeyCode) -> String {
    match key {
        KeyCode::Up => "↑".into(),
        KeyCode::Down => "↓".into(),
        KeyCode::Left => "←".into(),
        KeyCode::Right => "→".into(),
        KeyCode::Char(c) => c.to_string(),
        other => other.to_string(),
    }
}

/// The number nearest 0 that is allowed.
fn rest(low: f32, high: f32) -> f32 {
    0f32.max(low).min(high)
}

fn bind(names: &[String]) -> Vec<Binding> {
    let first = |name: &str| name.chars().next().map(|c| c.to_ascii_lowercase());
    let mut all = Vec::new();
    for (i, name) in names.iter().enumerate() {
        let digit = char::from_digit((i as u32 + 1) % 10, 10);
        let mut keys: Vec<KeyCode> = digit.map(KeyCode::Char).into_iter().collect();
        keys.extend(arrow(name));
        let alone = names.iter().filter(|other| first(other) == first(name)).count() == 1;
        if let Some(c) = first(name)
            && alone
            && c.is_ascii_alphabetic()
            && !KEPT.contains(&c)
        {
            keys.push(KeyCode::Char(c));
        }
        all.push(Binding { action: i as u32, keys });
    }
    all
}

/// The arrow key of a direction.
pub(super) fn arrow(name: &str) -> Option<KeyCode> {
    match name.to_lowercase().as_str() {
        "up" | "north" | "forward" => Some(KeyCode::Up),
        "down" | "south" | "back" | "backward" => Some(KeyCode::Down),
        "left" | "west" => Some(KeyCode::Left),
        "right" | "east" => Some(KeyCode::Right),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(all: &[&str]) -> Vec<String> {
        all.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn directions_get_digits_arrows_and_letters() {
        let all = bind(&names(&["up", "right", "down", "left", "north-west", "rest"]));
        let keys: Vec<String> =
            all.iter().map(|b| b.keys.iter().map(|&key| label(key)).collect::<Vec<_>>().join(" ")).collect();
        // Two begin with r; n keeps its own meaning.
        assert_eq!(keys, ["1 ↑ u", "2 →", "3 ↓ d", "4 ← l", "5", "6"]);
    }

    #[test]
    fn a_move_is_found_by_the_beginning_of_its_name() {
        let board = names(&["A1", "A10", "B2", "pass"]);
        assert_eq!(named(&board, "a1"), Ok(0));
        assert_eq!(named(&board, "b"), Ok(2));
        assert_eq!(named(&board, " PA "), Ok(3));
        assert_eq!(named(&board, "a"), Err("a could be A1 or A10; type more of it".into()));
        assert_eq!(named(&board, "z9"), Err("no action is called z9; names are like A1 and pass".into()));
        assert!(named(&board, " ").is_err());
    }

    #[test]
    fn numbers_stay_in_their_bounds_and_come_back_to_rest() {
        let spec = Spec::new(
            "test/wheel",
            freewheel_core::ObservationSpace::Discrete { n: 1 },
            ActionSpace::Continuous {
                names: names(&["steering", "throttle", "free"]),
                low: vec![-1.0, 0.25, f32::NEG_INFINITY],
                high: vec![1.0, 1.0, f32::INFINITY],
            },
        );
        let mut hand = Hand::new(&spec, Player::First, false);
        assert_eq!(hand.held(), Some(ActionBuffer::Continuous(vec![0.0, 0.25, 0.0])));
        for _ in 0..20 {
            hand.nudge(&spec, 1.0);
        }
        hand.choose(-1);
        hand.nudge(&spec, -1.0);
        assert_eq!(hand.held(), Some(ActionBuffer::Continuous(vec![1.0, 0.25, -0.1])));
        hand.choose(1);
        for _ in 0..5 {
            hand.nudge(&spec, -1.0);
        }
        hand.choose(2);
        hand.nudge(&spec, 0.0);
        assert_eq!(hand.held(), Some(ActionBuffer::Continuous(vec![0.0, 0.25, 0.0])));
    }
}
