//! Keys of the episode view: one table makes the mapping of keys to commands, the footer, the help and the table in
//! `docs/watch.md`. While the user plays, keys of actions have priority.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::human_input::{HumanInput, Input};
use super::model::Model;

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

/// State of the viewer in which a key has its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// Always, except while letters are typed.
    Always,
    /// While a policy or a recording is shown.
    Watching,
    /// With several policies.
    Policies,
    /// While the user plays with one key for each action.
    Keys,
    /// While the user plays by typing names of actions.
    Names,
    /// While the user adjusts continuous actions.
    Numbers,
}

/// One row of the table of keys.
pub(super) struct Key {
    /// Names of the keys.
    pub(super) keys: &'static str,
    /// Effect.
    pub(super) does: &'static str,
    /// Short name of the effect in the footer; empty for none.
    pub(super) short: &'static str,
    /// State in which the keys have this effect.
    pub(super) when: When,
    /// Codes of the keys and their commands; empty for keys that depend on the world's actions.
    codes: &'static [(KeyCode, Command)],
}

/// Heading of a group of keys, and the keys, those of the footer in order of their use.
pub(super) static KEYS: &[(&str, &[Key])] = &[
    (
        "play",
        &[
            row("1 to 9, arrows, letters", "play the action with this key", "", When::Keys, &[]),
            row("name, enter", "play the action of this name", "play", When::Names, &[]),
            row("← →", "change the number, 0: neutral", "change", When::Numbers, &[]),
            row("↑ ↓", "select a number", "select", When::Numbers, &[]),
            row("enter", "one step with these numbers", "step", When::Numbers, &[]),
            row("n", "one step of the policy", "", When::Keys, &[]),
            row("R", "restart, where r is an action", "restart", When::Keys, &[(C('R'), Command::Restart)]),
            row("esc", "hand back to the policy", "hand back", When::Names, &[]),
            row(
                "p",
                "take over from here, or hand back",
                "play",
                When::Always,
                &[(C('p'), Command::TogglePlay), (C('P'), Command::TogglePlay)],
            ),
        ],
    ),
    (
        "time",
        &[
            row("space", "pause, resume", "pause", When::Always, &[(C(' '), Command::Pause)]),
            row(
                "← →",
                "one step back, forward",
                "step",
                When::Watching,
                &[
                    (KeyCode::Left, Command::Back),
                    (KeyCode::Backspace, Command::Back),
                    (KeyCode::Right, Command::Step),
                    (C('n'), Command::Step),
                ],
            ),
            row(
                "+ -",
                "faster, slower: 0.25x to 64x of the world's clock",
                "speed",
                When::Always,
                &[
                    (C('+'), Command::Faster),
                    (C('='), Command::Faster),
                    (C('-'), Command::Slower),
                    (C('_'), Command::Slower),
                ],
            ),
            row(
                "e E",
                "next, previous event",
                "event",
                When::Watching,
                &[(C('e'), Command::NextEvent), (C('E'), Command::PreviousEvent)],
            ),
            row(
                "home end",
                "start, end of the episode",
                "",
                When::Always,
                &[(KeyCode::Home, Command::Start), (KeyCode::End, Command::End)],
            ),
            row(
                "pgup pgdn",
                "back, forward by a tenth of the timeline",
                "",
                When::Always,
                &[(KeyCode::PageUp, Command::Percent(-10)), (KeyCode::PageDown, Command::Percent(10))],
            ),
            row("g", "go to a step: digits, enter", "go to", When::Watching, &[(C('g'), Command::AskStep)]),
            row("l", "repeat the episode at its end", "", When::Watching, &[(C('l'), Command::Loop)]),
            row("mouse", "click and drag on the timeline", "", When::Always, &[]),
        ],
    ),
    (
        "episodes and policies",
        &[
            row(
                "b N",
                "previous, next episode",
                "episode",
                When::Always,
                &[(C('b'), Command::Previous), (C('B'), Command::Previous), (C('N'), Command::Next)],
            ),
            row(
                "[ ]",
                "previous, next policy",
                "policy",
                When::Policies,
                &[(C('['), Command::Policy(-1)), (C(']'), Command::Policy(1))],
            ),
            row("r", "restart", "restart", When::Watching, &[(C('r'), Command::Restart)]),
            row(
                "R",
                "save the episode as a terminal recording, WORLD-episode-N.cast",
                "",
                When::Watching,
                &[(C('R'), Command::Save)],
            ),
        ],
    ),
    (
        "view",
        &[
            row(
                "v",
                "layers: nothing, values of the policy, those of the world",
                "layer",
                When::Always,
                &[(C('v'), Command::Layer), (C('V'), Command::Layer)],
            ),
            row(
                "z Z",
                "zoom in, out; also the mouse wheel",
                "zoom",
                When::Always,
                &[(C('z'), Command::Zoom(1)), (C('Z'), Command::Zoom(-1))],
            ),
            row(
                "↑ ↓",
                "scroll; with shift in all directions",
                "",
                When::Watching,
                &[(KeyCode::Up, Command::Scroll(0, -2)), (KeyCode::Down, Command::Scroll(0, 2))],
            ),
            row(
                "f",
                "follow the focus again",
                "",
                When::Always,
                &[(C('f'), Command::Follow), (C('F'), Command::Follow)],
            ),
            row(
                "i",
                "panel: actions, observation, update, neuron",
                "panel",
                When::Always,
                &[(C('i'), Command::Page), (C('I'), Command::Page)],
            ),
            row(
                "L",
                "an agent learns here from each step, or stops",
                "",
                When::Always,
                &[(C('L'), Command::Learn)],
            ),
            row(
                "< >",
                "layer of the neuron",
                "",
                When::Always,
                &[(C('<'), Command::Neuron(-1, 0)), (C('>'), Command::Neuron(1, 0))],
            ),
            row(
                ", .",
                "neuron of the layer",
                "",
                When::Always,
                &[(C(','), Command::Neuron(0, -1)), (C('.'), Command::Neuron(0, 1))],
            ),
            row("t", "theme: dark, light, color-blind-safe", "", When::Always, &[(C('t'), Command::Theme)]),
            row(
                "?",
                "this help",
                "help",
                When::Always,
                &[(C('?'), Command::Help), (C('h'), Command::Help), (C('H'), Command::Help)],
            ),
            row(
                "q",
                "quit; also esc, and ctrl-c at any time",
                "quit",
                When::Always,
                &[(C('q'), Command::Quit), (KeyCode::Esc, Command::Escape)],
            ),
        ],
    ),
];

use KeyCode::Char as C;

const fn row(
    keys: &'static str,
    does: &'static str,
    short: &'static str,
    when: When,
    codes: &'static [(KeyCode, Command)],
) -> Key {
    Key { keys, does, short, when, codes }
}

impl When {
    /// Whether a key of this kind has its effect in the present state of `model`.
    pub(super) fn applies(self, model: &Model) -> bool {
        let input = model.active_input().map(|human| &human.input);
        match self {
            When::Always => !matches!(input, Some(Input::Names { .. })),
            When::Watching => input.is_none(),
            When::Policies => model.policies.len() > 1 && !matches!(input, Some(Input::Names { .. })),
            When::Keys => matches!(input, Some(Input::Keys(_))),
            When::Names => matches!(input, Some(Input::Names { .. })),
            When::Numbers => matches!(input, Some(Input::Numbers { .. })),
        }
    }

    /// Text of the state in the table of the documentation.
    #[cfg(test)]
    fn text(self) -> &'static str {
        match self {
            When::Always => "",
            When::Watching => "while watching",
            When::Policies => "several policies",
            When::Keys => "playing, a key an action",
            When::Names => "playing, actions by name",
            When::Numbers => "playing, numbers",
        }
    }
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
    use super::*;

    #[test]
    fn no_key_has_two_commands() {
        let rows = KEYS.iter().flat_map(|(_, rows)| *rows);
        let codes: Vec<(KeyCode, When)> =
            rows.flat_map(|row| row.codes.iter().map(|(code, _)| (*code, row.when))).collect();
        for (i, (code, when)) in codes.iter().enumerate() {
            for (_, other) in codes[..i].iter().filter(|(other, _)| other == code) {
                let disjoint = [*when, *other] == [When::Watching, When::Keys];
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
