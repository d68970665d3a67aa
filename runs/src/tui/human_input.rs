//! Input of actions by the user of the viewer.
//!
//! With up to ten discrete actions, each action has keys: a digit, an arrow if its name is a direction, and its first
//! letter if no other name begins with it; directions have `h j k l` and `w a s d` instead of letters. With more
//! actions, such as the moves on a board, the user types the name of an action, moves a cursor or clicks. Continuous
//! actions are adjusted with the arrow keys. In a world with a clock, arrow keys are held in real time.

use crossterm::event::KeyCode;
use freewheel_core::{ActionBuffer, ActionSpace, Player, Spec};

use super::held::Held;
use super::model::Model;
use crate::messages::screens::tr;

/// Letters that stay commands of the viewer while the user plays.
const RESERVED_KEYS: [char; 3] = ['p', 'q', 'n'];

/// Input state while the user plays.
#[derive(Clone, Debug)]
pub(super) struct HumanInput {
    /// Player whose actions the user chooses; the policy chooses the other player's.
    pub(super) player: Player,
    /// Whether the viewer was running before the user took over.
    pub(super) was_running: bool,
    /// Method for the input of an action.
    pub(super) input: Input,
}

/// Choice of the method for the input of an action.
#[derive(Clone, Debug)]
pub(super) enum Input {
    /// Each discrete action has one or more keys.
    Keys(Vec<Binding>),
    /// The user types the name of a discrete action.
    Names {
        /// Text typed so far.
        typed: String,
        /// Action under the cursor on the board.
        cursor: Option<u32>,
    },
    /// The user adjusts a continuous action, which is kept from step to step.
    Numbers {
        /// Components of the continuous action.
        numbers: Vec<f32>,
        /// Index of the component that the arrows change.
        selected: usize,
    },
    /// Arrow keys are held in real time.
    Held(Held),
}

/// Keys bound to one action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Binding {
    /// Index of the action.
    pub(super) action: u32,
    /// Keys of the action, the digit first.
    pub(super) keys: Vec<KeyCode>,
}

impl HumanInput {
    /// Input for `player` in a world with `spec`; with held keys if `real_time`, where the actions allow it.
    pub(super) fn new(spec: &Spec, player: Player, was_running: bool, real_time: bool) -> Self {
        if let Some(held) = real_time.then(|| Held::new(spec)).flatten() {
            return HumanInput { player, was_running, input: Input::Held(held) };
        }
        let input = match &spec.actions {
            ActionSpace::Discrete { names } if names.len() <= 10 => Input::Keys(bind(names)),
            ActionSpace::Discrete { .. } => Input::Names { typed: String::new(), cursor: None },
            ActionSpace::Continuous { low, high, .. } => {
                let numbers = low.iter().zip(high).map(|(&low, &high)| neutral(low, high)).collect();
                Input::Numbers { numbers, selected: 0 }
            }
        };
        HumanInput { player, was_running, input }
    }

    /// Index of the action bound to `key`.
    pub(super) fn action(&self, key: KeyCode) -> Option<u32> {
        match &self.input {
            Input::Keys(all) => {
                let bound = |key: KeyCode| all.iter().find(|b| b.keys.contains(&key)).map(|b| b.action);
                bound(key).or_else(|| direction_letter(key).and_then(bound))
            }
            _ => None,
        }
    }

    /// Held keys, in real time.
    pub(super) fn held(&mut self) -> Option<&mut Held> {
        match &mut self.input {
            Input::Held(held) => Some(held),
            _ => None,
        }
    }

    /// Whether time makes the steps of the user.
    pub(super) fn goes_by_time(&self) -> bool {
        matches!(self.input, Input::Numbers { .. } | Input::Held(_))
    }

    /// Continuous action that is adjusted; `None` for other input methods.
    pub(super) fn continuous_action(&self) -> Option<ActionBuffer> {
        match &self.input {
            Input::Numbers { numbers, .. } => Some(ActionBuffer::Continuous(numbers.clone())),
            _ => None,
        }
    }

    /// Changes the selected component by `tenths` of its range; 0 resets it to its neutral value.
    pub(super) fn adjust(&mut self, spec: &Spec, tenths: f32) {
        let (Input::Numbers { numbers, selected }, ActionSpace::Continuous { low, high, .. }) =
            (&mut self.input, &spec.actions)
        else {
            return;
        };
        let (Some(number), Some(&low), Some(&high)) =
            (numbers.get_mut(*selected), low.get(*selected), high.get(*selected))
        else {
            return;
        };
        if tenths == 0.0 {
            *number = neutral(low, high);
            return;
        }
        // Without finite bounds a tenth is 0.1.
        let range = if (high - low).is_finite() { high - low } else { 1.0 };
        let moved = (*number + tenths * range / 10.0).max(low).min(high);
        // A number near the neutral value is set to it, without rounding errors.
        *number = if (moved - neutral(low, high)).abs() < range * 1e-4 { neutral(low, high) } else { moved };
    }

    /// Moves the selection by `by` components of the action.
    pub(super) fn select(&mut self, by: isize) {
        if let Input::Numbers { numbers, selected } = &mut self.input {
            let n = numbers.len().max(1) as isize;
            *selected = (*selected as isize + by).rem_euclid(n) as usize;
        }
    }
}

impl Model {
    /// Whether the user has to choose the next action.
    pub(super) fn human_to_move(&self) -> bool {
        self.human.as_ref().is_some_and(|human| human.player == self.episode.runner().to_play())
    }

    /// Input state that receives keys. If the user types names, it is `None` after the end of an episode, because
    /// letters are commands then.
    pub(super) fn active_input(&self) -> Option<&HumanInput> {
        let over = self.episode.over().is_some();
        self.human.as_ref().filter(|human| !(over && matches!(human.input, Input::Names { .. })))
    }

    /// Switches between play by the user and by the policy.
    pub(super) fn toggle_human(&mut self) {
        match self.human.take() {
            Some(human) if self.policies.is_empty() && !self.episode.has_next() => {
                self.human = Some(human);
                self.set_note(tr!("there is no policy to continue"));
            }
            Some(human) => self.running = human.was_running,
            None => {
                self.episode.continue_recording();
                if self.episode.over().is_some() {
                    self.episode.begin(self.episode.number());
                }
                let player = self.episode.runner().to_play();
                let real_time = self.clock.is_of_world() && self.in_real_time;
                let human = HumanInput::new(self.episode.spec(), player, self.running, real_time);
                if matches!(human.input, Input::Held(_)) {
                    self.set_note(tr!("an arrow key starts; tab plays step by step"));
                }
                self.human = Some(human);
                self.running = false;
            }
        }
        self.step_debt = 0.0;
    }

    /// Switches between held keys in real time and play step by step, in a world with a clock.
    pub(super) fn toggle_real_time(&mut self) {
        self.in_real_time = !self.in_real_time;
        let (spec, real_time) = (self.episode.spec().clone(), self.in_real_time);
        self.running &= self.human.is_none();
        let Some(human) = &mut self.human else { return };
        *human = HumanInput::new(&spec, human.player, human.was_running, real_time);
        let note = match human.input {
            Input::Held(_) => tr!("real time: an arrow key starts"),
            _ if real_time => tr!("this world is played step by step"),
            _ => tr!("step by step"),
        };
        self.set_note(note);
    }

    /// Holds an arrow key; the first one starts the clock.
    pub(super) fn hold(&mut self, key: KeyCode) {
        if self.episode.over().is_some() {
            return self.set_note(tr!("the episode is over: N starts the next one, R restarts this one"));
        }
        if let Some(held) = self.human.as_mut().and_then(HumanInput::held) {
            self.running |= held.press(key);
        }
    }

    /// Moves the cursor on the board to the nearest action in a direction: columns and rows of the picture.
    pub(super) fn move_cursor(&mut self, by: (i32, i32)) {
        let Some(Input::Names { cursor, .. }) = self.human.as_ref().map(|human| &human.input) else { return };
        let next = self.next_action_cell(*cursor, by);
        if let Some(Input::Names { cursor, .. }) = self.human.as_mut().map(|human| &mut human.input) {
            *cursor = next.or(*cursor);
        }
    }

    /// Action whose cell of the picture is the next one from that of `from` in a direction: columns and rows; without
    /// `from` the last action, or the one nearest to the middle of the picture.
    pub(super) fn next_action_cell(&self, from: Option<u32>, (dx, dy): (i32, i32)) -> Option<u32> {
        let runner = self.episode.runner();
        let cell = |action: u32| runner.action_cell(&self.picture, action);
        let all = (0..self.episode.spec().actions.names().len() as u32)
            .filter_map(|action| cell(action).map(|(x, y)| (action, (x as i32, y as i32))));
        let all: Vec<(u32, (i32, i32))> = all.collect();
        let last = self.episode.last().and_then(|last| last.action.discrete());
        let place = from.or(last).and_then(|action| all.iter().find(|(other, _)| *other == action));
        let next = match (from, place) {
            (Some(_), Some((_, (x, y)))) => {
                let ahead = |at: &(i32, i32)| (at.0 - x) * dx + (at.1 - y) * dy;
                let aside = |at: &(i32, i32)| ((at.0 - x) * dy).abs() + ((at.1 - y) * dx).abs();
                all.iter().filter(|(_, at)| ahead(at) > 0).min_by_key(|(_, at)| ahead(at) + 8 * aside(at))
            }
            (_, Some(place)) => Some(place),
            (_, None) => {
                let middle = (self.picture.width() as i32 / 2, self.picture.height() as i32 / 2);
                all.iter().min_by_key(|(_, at)| (at.0 - middle.0).abs() + 2 * (at.1 - middle.1).abs())
            }
        };
        next.map(|(action, _)| *action)
    }

    /// Cell of the picture under the cursor.
    pub(super) fn cursor_cell(&self) -> Option<(usize, usize)> {
        match self.active_input().map(|human| &human.input) {
            Some(Input::Names { cursor: Some(action), .. }) => {
                self.episode.runner().action_cell(&self.picture, *action)
            }
            _ => None,
        }
    }

    /// Plays the action with the index `action`, or shows a message why the action is not possible.
    pub(super) fn play(&mut self, action: u32) {
        if !self.human_can_move() {
            return;
        }
        let name = self.episode.spec().actions.names().get(action as usize).cloned();
        match (name, self.episode.runner().legal().get(action as usize)) {
            (Some(_), Some(true)) => self.play_action(ActionBuffer::Discrete(vec![action])),
            (Some(name), _) => self.set_note(&tr!("{} is not legal here", name)),
            (None, _) => self.set_note(&tr!("there is no action {}", action + 1)),
        }
    }

    /// Whether the user can act now; if not, shows the reason.
    fn human_can_move(&mut self) -> bool {
        if self.episode.over().is_some() {
            self.set_note(tr!("the episode is over: N starts the next one, R restarts this one"));
        } else if self.is_thinking() || !self.human_to_move() {
            self.set_note(tr!("it is the policy's turn"));
        } else {
            return true;
        }
        false
    }

    /// Adds a letter to the typed name of an action.
    pub(super) fn type_letter(&mut self, letter: char) {
        if let Some(typed) = self.typed()
            && typed.len() < 24
        {
            typed.push(letter);
        }
    }

    /// Removes the last letter of the typed name; if there is none, goes one step back.
    pub(super) fn erase(&mut self) {
        if let Some(typed) = self.typed()
            && typed.pop().is_none()
        {
            self.back();
        }
    }

    /// Plays the action whose name was typed, or the continuous action.
    pub(super) fn enter(&mut self) {
        if let Some(numbers) = self.human.as_ref().and_then(HumanInput::continuous_action) {
            if self.human_can_move() {
                self.play_action(numbers);
            }
        } else if let Some(action) = self.cursor_action() {
            self.play(action);
        } else if let Some(typed) = self.typed().map(std::mem::take) {
            if typed.trim().eq_ignore_ascii_case("resign") && self.episode.over().is_none() {
                self.set_note(tr!("you resigned: the next episode begins"));
                return self.change_episode(1);
            }
            match action_by_name(self.episode.spec().actions.names(), &typed) {
                Ok(action) => self.play(action),
                Err(why) => self.set_note(&why),
            }
        }
    }

    /// Action under the cursor, while nothing is typed.
    fn cursor_action(&self) -> Option<u32> {
        match self.active_input().map(|human| &human.input) {
            Some(Input::Names { typed, cursor }) if typed.is_empty() => *cursor,
            _ => None,
        }
    }

    fn typed(&mut self) -> Option<&mut String> {
        match self.human.as_mut().map(|human| &mut human.input) {
            Some(Input::Names { typed, .. }) => Some(typed),
            _ => None,
        }
    }

    /// Applies `change` to the input state of the user.
    pub(super) fn with_human(&mut self, change: impl FnOnce(&mut HumanInput, &Spec)) {
        if let Some(human) = &mut self.human {
            change(human, self.episode.spec());
        }
    }
}

/// Index of the action called `typed`, or of the only action whose name begins with `typed`, ignoring case.
///
/// # Errors
/// Message for the user.
pub(super) fn action_by_name(names: &[String], typed: &str) -> Result<u32, String> {
    let typed = typed.trim().to_lowercase();
    if typed.is_empty() {
        return Err(tr!("type the name of an action first").into());
    }
    let mut begin =
        names.iter().enumerate().filter(|(_, name)| name.to_lowercase().starts_with(&typed)).map(|(i, _)| i);
    if let Some(exact) = names.iter().position(|name| name.to_lowercase() == typed) {
        return Ok(exact as u32);
    }
    match (begin.next(), begin.next()) {
        (Some(only), None) => Ok(only as u32),
        (Some(first), Some(second)) => {
            Err(tr!("{} is ambiguous: {} or {}; type more letters", typed, names[first], names[second]))
        }
        (None, _) => Err(tr!(
            "no action is called {}; names are like {} and {}",
            typed,
            names.first().map_or("", |n| n),
            names.last().map_or("", |n| n)
        )),
    }
}

/// Label of a key on the screen.
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

/// Neutral value of a component: the number nearest to 0 within its bounds.
fn neutral(low: f32, high: f32) -> f32 {
    0f32.max(low).min(high)
}

/// Keys for all actions, from their names.
fn bind(names: &[String]) -> Vec<Binding> {
    let first = |name: &str| name.chars().next().map(|c| c.to_ascii_lowercase());
    let mut all = Vec::new();
    for (i, name) in names.iter().enumerate() {
        let digit = char::from_digit((i as u32 + 1) % 10, 10);
        let mut keys: Vec<KeyCode> = digit.map(KeyCode::Char).into_iter().collect();
        keys.extend(arrow(name));
        let is_direction = arrow(name).is_some();
        let alone = names.iter().filter(|other| first(other) == first(name)).count() == 1;
        if let Some(c) = first(name)
            && alone
            && !is_direction
            && c.is_ascii_alphabetic()
            && !RESERVED_KEYS.contains(&c)
        {
            keys.push(KeyCode::Char(c));
        }
        all.push(Binding { action: i as u32, keys });
    }
    all
}

/// Arrow key for a letter that stands for a direction: `h j k l` or `w a s d`.
fn direction_letter(key: KeyCode) -> Option<KeyCode> {
    match key {
        KeyCode::Char('h' | 'a') => Some(KeyCode::Left),
        KeyCode::Char('j' | 's') => Some(KeyCode::Down),
        KeyCode::Char('k' | 'w') => Some(KeyCode::Up),
        KeyCode::Char('l' | 'd') => Some(KeyCode::Right),
        _ => None,
    }
}

/// Arrow key for a direction, such as `left`.
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
        // Directions have arrows; n is reserved, and two names begin with r.
        assert_eq!(keys, ["1 ↑", "2 →", "3 ↓", "4 ←", "5", "6"]);
    }

    #[test]
    fn an_action_is_found_by_the_beginning_of_its_name() {
        let board = names(&["A1", "A10", "B2", "pass"]);
        assert_eq!(action_by_name(&board, "a1"), Ok(0));
        assert_eq!(action_by_name(&board, "b"), Ok(2));
        assert_eq!(action_by_name(&board, " PA "), Ok(3));
        assert_eq!(action_by_name(&board, "a"), Err("a is ambiguous: A1 or A10; type more letters".into()));
        assert_eq!(
            action_by_name(&board, "z9"),
            Err("no action is called z9; names are like A1 and pass".into())
        );
        assert!(action_by_name(&board, " ").is_err());
    }

    #[test]
    fn numbers_stay_in_their_bounds_and_return_to_neutral() {
        let spec = Spec::new(
            "test/steering",
            freewheel_core::ObservationSpace::Discrete { n: 1 },
            ActionSpace::Continuous {
                names: names(&["steering", "throttle", "free"]),
                low: vec![-1.0, 0.25, f32::NEG_INFINITY],
                high: vec![1.0, 1.0, f32::INFINITY],
            },
        );
        let mut human = HumanInput::new(&spec, Player::First, false, false);
        assert_eq!(human.continuous_action(), Some(ActionBuffer::Continuous(vec![0.0, 0.25, 0.0])));
        for _ in 0..20 {
            human.adjust(&spec, 1.0);
        }
        human.select(-1);
        human.adjust(&spec, -1.0);
        assert_eq!(human.continuous_action(), Some(ActionBuffer::Continuous(vec![1.0, 0.25, -0.1])));
        human.select(1);
        for _ in 0..5 {
            human.adjust(&spec, -1.0);
        }
        human.select(2);
        human.adjust(&spec, 0.0);
        assert_eq!(human.continuous_action(), Some(ActionBuffer::Continuous(vec![0.0, 0.25, 0.0])));
    }
}
