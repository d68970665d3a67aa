//! Mapping of keys to commands of the dashboard.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::model::Command;

/// Effect of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// Change of the model.
    Model(Command),
    /// Checkpoint of the selected job, now.
    Checkpoint,
    /// Policy of the selected job in the episode view.
    Open,
    /// Graceful end of the training: everything is saved.
    Stop,
    /// Ctrl-C: as a signal, whose second one ends the program at once.
    Interrupt,
    /// Next theme.
    Theme,
    /// Ctrl-Z.
    Suspend,
}

/// Keys with their meaning, for the help and for the last row.
pub(super) const HELP: [(&str, &str); 9] = [
    ("↑ ↓", "job"),
    ("← →", "group"),
    ("m M", "metric"),
    ("enter", "watch the newest policy"),
    ("c", "checkpoint now"),
    ("s q", "stop and save"),
    ("T", "theme"),
    ("ctrl-z", "suspend"),
    ("?", "help"),
];

/// Effect of a key; `None` for a key without effect.
pub(super) fn effect(key: KeyEvent) -> Option<Key> {
    if key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) {
        return match key.code {
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Some(Key::Interrupt),
            KeyCode::Char('z') if key.modifiers.contains(KeyModifiers::CONTROL) => Some(Key::Suspend),
            _ => None,
        };
    }
    Some(match key.code {
        KeyCode::Up | KeyCode::Char('k') => Key::Model(Command::Job(-1)),
        KeyCode::Down | KeyCode::Char('j') => Key::Model(Command::Job(1)),
        KeyCode::PageUp => Key::Model(Command::Job(-10)),
        KeyCode::PageDown => Key::Model(Command::Job(10)),
        KeyCode::Home => Key::Model(Command::Job(isize::MIN)),
        KeyCode::End => Key::Model(Command::Job(isize::MAX)),
        KeyCode::Left | KeyCode::Char('h') => Key::Model(Command::Group(-1)),
        KeyCode::Right | KeyCode::Char('l') => Key::Model(Command::Group(1)),
        KeyCode::Char('m') => Key::Model(Command::Metric(1)),
        KeyCode::Char('M') => Key::Model(Command::Metric(-1)),
        KeyCode::Char('?') | KeyCode::F(1) => Key::Model(Command::Help),
        KeyCode::Char('T') => Key::Theme,
        KeyCode::Enter | KeyCode::Tab => Key::Open,
        KeyCode::Char('c') => Key::Checkpoint,
        KeyCode::Char('s' | 'q') => Key::Stop,
        _ => return None,
    })
}
