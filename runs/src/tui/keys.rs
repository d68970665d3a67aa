//! Keys of the episode view: one table makes the mapping of keys to commands, the footer, the help and the table in
//! `docs/watch.md`. While the user plays, keys of actions have priority.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::human_input::{HumanInput, Input};
use super::model::Model;

mod table;

pub(super) use table::KEYS;
use table::Key;

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
    /// Go forward by this share of the timeline, in percent; negative for back.
    Percent(i8),
    /// Go to the start of the episode.
    Start,
    /// Go to the end of the episode, and make the steps that are missing.
    End,
    /// Ask for the step to go to.
    AskStep,
    /// Go to the next event.
    NextEvent,
    /// Go to the previous event.
    PreviousEvent,
    /// Repeat the episode, or go on to the next one, at its end.
    Loop,
    /// Higher speed.
    Faster,
    /// Lower speed.
    Slower,
    /// Restart the episode.
    Restart,
    /// Save the episode as a terminal recording.
    Save,
    /// Next episode.
    Next,
    /// Previous episode.
    Previous,
    /// The same episode with the next seed.
    Seed,
    /// Switch to the policy at this distance in the list of policies.
    Policy(isize),
    /// Next layer of the picture.
    Layer,
    /// Draw the world this number of steps larger; negative for smaller.
    Zoom(i8),
    /// Next page of the panel.
    Page,
    /// Let an agent learn from the steps that are watched, or stop.
    Learn,
    /// Show the neuron at this distance: layers and units.
    Neuron(isize, isize),
    /// While the user plays in real time: hold an arrow key.
    Hold(KeyCode),
    /// Switch between real time and step by step.
    RealTime,
    /// Move the cursor on the board: columns and rows.
    Cursor((i32, i32)),
    /// Show the values of a cell of the picture, or no longer.
    Cell,
    /// Show the values of the next cell in a direction: columns and rows.
    MoveCell((i32, i32)),
    /// Switch between play by the user and by the policy.
    TogglePlay,
    /// Show or hide the help.
    Help,
    /// Next theme.
    Theme,
    /// Scroll the picture, or the help, by columns and rows.
    Scroll(i32, i32),
    /// Let the window follow the focus of the picture again.
    Follow,
    /// While the user plays: play the action with this index.
    Play(u32),
    /// Add a letter to the typed name of an action or to the typed step.
    Type(char),
    /// Delete the last letter.
    Erase,
    /// Play the typed or the continuous action, or go to the typed step.
    Enter,
    /// While the user plays: select the component at this distance in a continuous action.
    Select(isize),
    /// While the user plays: change the selected component by tenths of its range; 0 resets it.
    Adjust(f32),
}

/// Command for a key in the present state of `model`.
pub(super) fn command(key: KeyEvent, model: &Model) -> Option<Command> {
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
    if model.help {
        return help_command(key.code);
    }
    if model.entry.is_some() {
        return match key.code {
            KeyCode::Char(c) => Some(Command::Type(c)),
            KeyCode::Backspace => Some(Command::Erase),
            KeyCode::Enter => Some(Command::Enter),
            KeyCode::Esc => Some(Command::Escape),
            _ => None,
        };
    }
    if let Some(scroll) = key.modifiers.contains(KeyModifiers::SHIFT).then(|| scroll(key.code)).flatten() {
        return Some(scroll);
    }
    if let Some(human) = model.active_input() {
        if let Some(command) = human_command(key.code, human) {
            return Some(command);
        }
        // While the user plays with keys, an arrow without an action has no other effect.
        let keys = matches!(human.input, Input::Keys(_));
        if keys && matches!(key.code, KeyCode::Up | KeyCode::Down | KeyCode::Left | KeyCode::Right) {
            return None;
        }
    }
    // Of two rows with this key, the one for the present state counts.
    let rows = || KEYS.iter().flat_map(|(_, rows)| *rows);
    let of = |row: &Key| row.codes.iter().find(|(code, _)| *code == key.code).map(|(_, command)| *command);
    rows().filter(|row| row.when.applies(model)).find_map(of).or_else(|| rows().find_map(of))
}

/// Command for a key while the help is open: it scrolls, and other keys close it.
fn help_command(key: KeyCode) -> Option<Command> {
    match key {
        KeyCode::Up | KeyCode::Char('k') => Some(Command::Scroll(0, -1)),
        KeyCode::Down | KeyCode::Char('j') => Some(Command::Scroll(0, 1)),
        KeyCode::PageUp => Some(Command::Scroll(0, -10)),
        KeyCode::PageDown | KeyCode::Char(' ') => Some(Command::Scroll(0, 10)),
        KeyCode::Home => Some(Command::Scroll(0, -99)),
        KeyCode::End => Some(Command::Scroll(0, 99)),
        KeyCode::Char('t') => Some(Command::Theme),
        KeyCode::Char('q') => Some(Command::Quit),
        _ => Some(Command::Escape),
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
        (Input::Held(_), KeyCode::Left | KeyCode::Right | KeyCode::Up | KeyCode::Down) => {
            Some(Command::Hold(key))
        }
        (Input::Names { .. }, KeyCode::Left) => Some(Command::Cursor((-1, 0))),
        (Input::Names { .. }, KeyCode::Right) => Some(Command::Cursor((1, 0))),
        (Input::Names { .. }, KeyCode::Up) => Some(Command::Cursor((0, -1))),
        (Input::Names { .. }, KeyCode::Down) => Some(Command::Cursor((0, 1))),
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

#[cfg(test)]
mod tests {
    use super::table::When;
    use super::*;

    #[test]
    fn no_key_has_two_commands() {
        let rows = KEYS.iter().flat_map(|(_, rows)| *rows);
        let codes: Vec<(KeyCode, When)> =
            rows.flat_map(|row| row.codes.iter().map(|(code, _)| (*code, row.when))).collect();
        for (i, (code, when)) in codes.iter().enumerate() {
            for (_, other) in codes[..i].iter().filter(|(other, _)| other == code) {
                let disjoint = [*when, *other] == [When::Watching, When::Keys]
                    || [*when, *other] == [When::Cell, When::Stepping]
                    // The row of the chosen cell comes first.
                    || [*when, *other] == [When::Watching, When::Cell];
                assert!(disjoint, "{code:?}: {when:?} and {other:?}");
            }
        }
    }

    #[test]
    fn a_key_with_two_commands_follows_the_state() {
        let key = KeyEvent::new(KeyCode::Char('R'), KeyModifiers::NONE);
        let mut model = crate::tui::test_worlds::model();
        assert_eq!(command(key, &model), Some(Command::Save));
        model.execute(Command::TogglePlay);
        assert_eq!(command(key, &model), Some(Command::Restart));
    }

    #[test]
    fn the_page_has_the_table_of_keys() {
        let mut table = String::from("| keys | effect | when |\n|---|---|---|\n");
        for row in KEYS.iter().flat_map(|(_, rows)| *rows) {
            table.push_str(&format!("| `{}` | {} | {} |\n", row.keys, row.does, row.when.text()));
        }
        let page = include_str!("../../../docs/watch.md");
        assert!(page.contains(&table), "docs/watch.md needs this table:\n{table}");
    }
}
