//! Keys to commands. While a person plays, the keys of actions come first.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::hand::{Hand, Input};

/// What the user can ask for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Command {
    /// Leave the program.
    Quit,
    /// Leave the innermost thing that is open: help, playing by hand, the program.
    Leave,
    /// Stop or go on.
    Pause,
    /// One step of the agent.
    Step,
    /// Take one step back.
    Back,
    /// Faster.
    Faster,
    /// Slower.
    Slower,
    /// The same episode from its start.
    Restart,
    /// The next episode.
    Next,
    /// The one before.
    Previous,
    /// The agent this many places further on.
    Agent(isize),
    /// What the agent thinks, on or off.
    Overlay,
    /// Play by hand, or give back to the agent.
    Hand,
    /// The keys, on or off.
    Help,
    /// Move the view by columns and rows.
    Scroll(i32, i32),
    /// Let the view follow what moves.
    Follow,
    /// By hand: the action of this index.
    Play(u32),
    /// By hand: a letter of an action's name.
    Type(char),
    /// By hand: take the last letter back.
    Erase,
    /// By hand: play what is typed or held.
    Enter,
    /// By hand: change the number this many places further on.
    Choose(isize),
    /// By hand: change the chosen number by tenths of its range; 0 puts it to rest.
    Nudge(f32),
}

/// The keys as the help shows them; an empty key begins a group.
pub(super) const HELP: [(&str, &str); 21] = [
    ("", "time"),
    ("space", "pause, go on"),
    ("→  n", "one step"),
    ("←", "one step back"),
    ("+  -", "faster, slower"),
    ("", "episodes"),
    ("r", "again from the start"),
    ("N  b", "next, the one before"),
    ("", "agents"),
    ("]  [", "next, the one before"),
    ("v", "what it thinks, on the map"),
    ("", "by hand"),
    ("p", "play yourself, or give back"),
    ("n", "let the agent move once"),
    ("R", "again, where r is an action"),
    ("", "view"),
    ("↑  ↓", "scroll; all ways with shift"),
    ("f", "follow what moves"),
    ("", ""),
    ("?  h", "this help"),
    ("q  esc", "leave"),
];

/// What a key asks for, in the program or in the hands of a person.
pub(super) fn command(key: KeyEvent, hand: Option<&Hand>) -> Option<Command> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    if key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) {
        let quit = key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('c');
        return quit.then_some(Command::Quit);
    }
    if let Some(scroll) = key.modifiers.contains(KeyModifiers::SHIFT).then(|| scroll(key.code)).flatten() {
        return Some(scroll);
    }
    if let Some(hand) = hand {
        if let Some(command) = by_hand(key.code, hand) {
            return Some(command);
        }
        // An arrow or a digit that plays nothing must not do something else in the middle of a game.
        let keys = matches!(hand.input, Input::Keys(_));
        if keys && matches!(key.code, KeyCode::Up | KeyCode::Down | KeyCode::Left | KeyCode::Right) {
            return None;
        }
    }
    match key.code {
        KeyCode::Char('q') => Some(Command::Quit),
        KeyCode::Esc => Some(Command::Leave),
        KeyCode::Char(' ') => Some(Command::Pause),
        KeyCode::Char('n') | KeyCode::Right => Some(Command::Step),
        KeyCode::Left | KeyCode::Backspace => Some(Command::Back),
        KeyCode::Char('+' | '=') => Some(Command::Faster),
        KeyCode::Char('-' | '_') => Some(Command::Slower),
        KeyCode::Char('r' | 'R') => Some(Command::Restart),
        KeyCode::Char('N') => Some(Command::Next),
        KeyCode::Char('b' | 'B') => Some(Command::Previous),
        KeyCode::Char(']') => Some(Command::Agent(1)),
        KeyCode::Char('[') => Some(Command::Agent(-1)),
        KeyCode::Char('v' | 'V') => Some(Command::Overlay),
        KeyCode::Char('p' | 'P') => Some(Command::Hand),
        KeyCode::Char('?' | 'h' | 'H') => Some(Command::Help),
        KeyCode::Char('f' | 'F') => Some(Command::Follow),
        KeyCode::Up | KeyCode::Down => scroll(key.code),
        _ => None,
    }
}

fn by_hand(key: KeyCode, hand: &Hand) -> Option<Command> {
    match (&hand.input, key) {
        (Input::Keys(_), KeyCode::Char(c)) if c.is_ascii_digit() => {
            // A digit that has no action is passed on all the same, so that the person is told.
            let digit = c.to_digit(10).unwrap_or_default();
            Some(Command::Play(hand.action(key).unwrap_or((digit + 9) % 10)))
        }
        (Input::Keys(_), _) => hand.action(key).map(Command::Play),
        (Input::Words { .. }, KeyCode::Char('?')) => Some(Command::Help),
        (Input::Words { .. }, KeyCode::Char(c)) => Some(Command::Type(c)),
        (Input::Words { .. }, KeyCode::Backspace) => Some(Command::Erase),
        (Input::Words { .. } | Input::Numbers { .. }, KeyCode::Enter) => Some(Command::Enter),
        (Input::Numbers { .. }, KeyCode::Up) => Some(Command::Choose(-1)),
        (Input::Numbers { .. }, KeyCode::Down) => Some(Command::Choose(1)),
        (Input::Numbers { .. }, KeyCode::Left) => Some(Command::Nudge(-1.0)),
        (Input::Numbers { .. }, KeyCode::Right) => Some(Command::Nudge(1.0)),
        (Input::Numbers { .. }, KeyCode::Char('0')) => Some(Command::Nudge(0.0)),
        _ => None,
    }
}

fn scroll(key: KeyCode) -> Option<Command> {
    match key {
        KeyCode::Up => Some(Command::Scroll(0, -2)),
        KeyCode::Down => Some(Command::Scroll(0, 2)),
        KeyCode::Left => Some(Command::Scroll(-4, 0)),
        KeyCode::Right => Some(Command::Scroll(4, 0)),
        _ => None,
    }
}
