//! Mapping of keys to commands of the home screen.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::model::{Command, Focus, Home, Tab};
use crate::messages::screens::tr;

/// Keys of a tab with their meaning: for the last row, the most useful first, and for the help.
pub(super) fn help(home: &Home) -> Vec<(&'static str, &'static str)> {
    match home.focus {
        Focus::Form => {
            return vec![
                ("↑ ↓", tr!("field")),
                ("← →", tr!("choose")),
                ("enter", tr!("start")),
                ("esc", tr!("close")),
            ];
        }
        Focus::Compare => {
            return vec![
                ("enter", tr!("watch side by side")),
                ("esc", tr!("close")),
                ("?", tr!("help")),
                ("q", tr!("quit")),
            ];
        }
        Focus::Filter => return vec![("enter", tr!("keep")), ("esc", tr!("clear"))],
        Focus::List => {}
    }
    let mut keys = match home.tab {
        Tab::Worlds => {
            vec![("enter", tr!("watch")), ("p", tr!("play")), ("t", tr!("train")), ("i", tr!("rules"))]
        }
        Tab::Agents => vec![("enter t", tr!("train"))],
        Tab::Runs => {
            vec![("enter", tr!("watch")), ("r", tr!("resume")), ("space", tr!("mark")), ("c", tr!("compare"))]
        }
        Tab::Demonstrations => vec![("enter", tr!("watch")), ("p", tr!("play more"))],
    };
    keys.extend([
        ("/", tr!("filter")),
        ("↑ ↓", tr!("select")),
        ("tab", tr!("next tab")),
        ("?", tr!("help")),
        ("q", tr!("quit")),
    ]);
    keys
}

/// Effect of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// Change of the model.
    Model(Command),
    /// Ctrl-Z.
    Suspend,
}

/// Effect of a key; `None` for a key without effect.
pub(super) fn effect(key: KeyEvent, focus: Focus) -> Option<Key> {
    if key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) {
        return match key.code {
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                Some(Key::Model(Command::Quit))
            }
            KeyCode::Char('z') if key.modifiers.contains(KeyModifiers::CONTROL) => Some(Key::Suspend),
            _ => None,
        };
    }
    let command = match key.code {
        KeyCode::Esc => Command::Escape,
        KeyCode::Enter => Command::Enter,
        KeyCode::Up => Command::Move(-1),
        KeyCode::Down => Command::Move(1),
        KeyCode::PageUp => Command::Move(-10),
        KeyCode::PageDown => Command::Move(10),
        KeyCode::Home => Command::Move(isize::MIN),
        KeyCode::End => Command::Move(isize::MAX),
        KeyCode::Tab => Command::Tab(1),
        KeyCode::BackTab => Command::Tab(-1),
        KeyCode::Backspace => Command::Erase,
        KeyCode::Left if focus == Focus::Form => Command::Choose(-1),
        KeyCode::Right if focus == Focus::Form => Command::Choose(1),
        KeyCode::Left => Command::Tab(-1),
        KeyCode::Right => Command::Tab(1),
        KeyCode::Char(c) if matches!(focus, Focus::Filter | Focus::Form) => Command::Type(c),
        KeyCode::Char('k') => Command::Move(-1),
        KeyCode::Char('j') => Command::Move(1),
        KeyCode::Char('h') => Command::Tab(-1),
        KeyCode::Char('l') => Command::Tab(1),
        KeyCode::Char('1') => Command::Show(Tab::Worlds),
        KeyCode::Char('2') => Command::Show(Tab::Agents),
        KeyCode::Char('3') => Command::Show(Tab::Runs),
        KeyCode::Char('4') => Command::Show(Tab::Demonstrations),
        KeyCode::Char('/') => Command::Filter,
        KeyCode::Char('t') => Command::Train,
        KeyCode::Char('p') => Command::Play,
        KeyCode::Char('w') => Command::Enter,
        KeyCode::Char('r') => Command::Resume,
        KeyCode::Char(' ') => Command::Mark,
        KeyCode::Char('c') => Command::Compare,
        KeyCode::Char('i') => Command::Rules,
        KeyCode::Char('T') => Command::Theme,
        KeyCode::Char('?') | KeyCode::F(1) => Command::Help,
        KeyCode::Char('q') => Command::Quit,
        _ => return None,
    };
    Some(Key::Model(command))
}
