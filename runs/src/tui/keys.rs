//! Mapping of keys to commands of the viewer. While the user plays, keys of actions have priority.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::human_input::{HumanInput, Input};

/// Command of the user to the viewer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Command {
    /// Quit the program.
    Quit,
    /// Suspend the program, as Ctrl-Z does for other programs.
    Suspend,
    /// Close the help, stop playing, or quit.
    Escape,
    /// Pause or resume.
    Pause,
    /// One step of the policy.
    Step,
    /// One step back.
    Back,
    /// Higher speed.
    Faster,
    /// Lower speed.
    Slower,
    /// Restart the episode.
    Restart,
    /// Next episode.
    Next,
    /// Previous episode.
    Previous,
    /// Switch to the policy at this distance in the list of policies.
    Policy(isize),
    /// Show or hide the policy's values on the picture.
    Overlay,
    /// Switch between play by the user and by the policy.
    TogglePlay,
    /// Show or hide the help.
    Help,
    /// Scroll the picture by columns and rows.
    Scroll(i32, i32),
    /// Let the window follow the focus of the picture again.
    Follow,
    /// While the user plays: play the action with this index.
    Play(u32),
    /// While the user plays: add a letter to the typed name of an action.
    Type(char),
    /// While the user plays: delete the last letter.
    Erase,
    /// While the user plays: play the typed or the continuous action.
    Enter,
    /// While the user plays: select the component at this distance in a continuous action.
    Select(isize),
    /// While the user plays: change the selected component by tenths of its range; 0 resets it.
    Adjust(f32),
}

/// Text of the help: keys and their meaning; an empty key starts a group.
pub(super) const HELP: [(&str, &str); 21] = [
    ("", "time"),
    ("space", "pause, resume"),
    ("→  n", "one step"),
    ("←", "one step back"),
    ("+  -", "faster, slower"),
    ("", "episodes"),
    ("r", "restart"),
    ("N  b", "next, previous"),
    ("", "policies"),
    ("]  [", "next, previous"),
    ("v", "action values on the picture"),
    ("", "play"),
    ("p", "play yourself, or stop playing"),
    ("n", "one step of the policy"),
    ("R", "restart, where r is an action"),
    ("", "view"),
    ("↑  ↓", "scroll; shift: all directions"),
    ("f", "follow the focus"),
    ("", ""),
    ("?  h", "this help"),
    ("q  esc", "quit"),
];

/// Command for a key; `human` is the input state while the user plays.
pub(super) fn command(key: KeyEvent, human: Option<&HumanInput>) -> Option<Command> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    if key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) {
        return match key.code {
            _ if !key.modifiers.contains(KeyModifiers::CONTROL) => None,
            KeyCode::Char('c') => Some(Command::Quit),
            KeyCode::Char('z') => Some(Command::Suspend),
            _ => None,
        };
    }
    if let Some(scroll) = key.modifiers.contains(KeyModifiers::SHIFT).then(|| scroll(key.code)).flatten() {
        return Some(scroll);
    }
    if let Some(human) = human {
        if let Some(command) = human_command(key.code, human) {
            return Some(command);
        }
        // While the user plays with keys, an arrow without an action has no other effect.
        let keys = matches!(human.input, Input::Keys(_));
        if keys && matches!(key.code, KeyCode::Up | KeyCode::Down | KeyCode::Left | KeyCode::Right) {
            return None;
        }
    }
    match key.code {
        KeyCode::Char('q') => Some(Command::Quit),
        KeyCode::Esc => Some(Command::Escape),
        KeyCode::Char(' ') => Some(Command::Pause),
        KeyCode::Char('n') | KeyCode::Right => Some(Command::Step),
        KeyCode::Left | KeyCode::Backspace => Some(Command::Back),
        KeyCode::Char('+' | '=') => Some(Command::Faster),
        KeyCode::Char('-' | '_') => Some(Command::Slower),
        KeyCode::Char('r' | 'R') => Some(Command::Restart),
        KeyCode::Char('N') => Some(Command::Next),
        KeyCode::Char('b' | 'B') => Some(Command::Previous),
        KeyCode::Char(']') => Some(Command::Policy(1)),
        KeyCode::Char('[') => Some(Command::Policy(-1)),
        KeyCode::Char('v' | 'V') => Some(Command::Overlay),
        KeyCode::Char('p' | 'P') => Some(Command::TogglePlay),
        KeyCode::Char('?' | 'h' | 'H') => Some(Command::Help),
        KeyCode::Char('f' | 'F') => Some(Command::Follow),
        KeyCode::Up | KeyCode::Down => scroll(key.code),
        _ => None,
    }
}

/// Command for a key while the user plays; `None` if the key has no meaning for the input method.
fn human_command(key: KeyCode, human: &HumanInput) -> Option<Command> {
    match (&human.input, key) {
        (Input::Keys(_), KeyCode::Char(c)) if c.is_ascii_digit() => {
            // A digit without an action is passed on, so that the viewer shows a message.
            let digit = c.to_digit(10).unwrap_or_default();
            Some(Command::Play(human.action(key).unwrap_or((digit + 9) % 10)))
        }
        (Input::Keys(_), _) => human.action(key).map(Command::Play),
        (Input::Names { .. }, KeyCode::Char('?')) => Some(Command::Help),
        (Input::Names { .. }, KeyCode::Char(c)) => Some(Command::Type(c)),
        (Input::Names { .. }, KeyCode::Backspace) => Some(Command::Erase),
        (Input::Names { .. } | Input::Numbers { .. }, KeyCode::Enter) => Some(Command::Enter),
        (Input::Numbers { .. }, KeyCode::Up) => Some(Command::Select(-1)),
        (Input::Numbers { .. }, KeyCode::Down) => Some(Command::Select(1)),
        (Input::Numbers { .. }, KeyCode::Left) => Some(Command::Adjust(-1.0)),
        (Input::Numbers { .. }, KeyCode::Right) => Some(Command::Adjust(1.0)),
        (Input::Numbers { .. }, KeyCode::Char('0')) => Some(Command::Adjust(0.0)),
        _ => None,
    }
}

/// Scroll command of an arrow key.
fn scroll(key: KeyCode) -> Option<Command> {
    match key {
        KeyCode::Up => Some(Command::Scroll(0, -2)),
        KeyCode::Down => Some(Command::Scroll(0, 2)),
        KeyCode::Left => Some(Command::Scroll(-4, 0)),
        KeyCode::Right => Some(Command::Scroll(4, 0)),
        _ => None,
    }
}
