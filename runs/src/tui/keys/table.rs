//! Table of the keys of the episode view.

use crossterm::event::KeyCode;

use super::Command;
use crate::tui::human_input::Input;
use crate::tui::model::Model;

/// State of the viewer in which a key has its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tui) enum When {
    /// Always, except while letters are typed.
    Always,
    /// While a policy or a recording is shown.
    Watching,
    /// While a policy or a recording is shown, and no cell of the picture is chosen.
    Stepping,
    /// While a cell of the picture is chosen.
    Cell,
    /// With several policies.
    Policies,
    /// While the user plays with one key for each action.
    Keys,
    /// While the user plays by typing names of actions.
    Names,
    /// While the user adjusts continuous actions.
    Numbers,
    /// While the user holds arrow keys in real time.
    Held,
    /// While the user plays a world with a clock.
    Clock,
}

/// One row of the table of keys.
pub(in crate::tui) struct Key {
    /// Names of the keys.
    pub(in crate::tui) keys: &'static str,
    /// Effect.
    pub(in crate::tui) does: &'static str,
    /// Short name of the effect in the footer; empty for none.
    pub(in crate::tui) short: &'static str,
    /// State in which the keys have this effect.
    pub(in crate::tui) when: When,
    /// Codes of the keys and their commands; empty for keys that depend on the world's actions.
    pub(super) codes: &'static [(KeyCode, Command)],
}

/// Heading of a group of keys, and the keys, those of the footer in order of their use.
pub(in crate::tui) static KEYS: &[(&str, &[Key])] = &[
    (
        "play",
        &[
            row("1 to 9, arrows, a to z", "play the action with this key", "", When::Keys, &[]),
            row("name, enter", "play the action of this name; resign", "play", When::Names, &[]),
            row("arrows, enter", "move the cursor, play there; or click", "cursor", When::Names, &[]),
            row("backspace", "delete a letter, or take back a move", "take back", When::Names, &[]),
            row("← → ↑ ↓", "hold: steer, throttle, brake", "drive", When::Held, &[]),
            row(
                "tab",
                "real time, or step by step",
                "real time",
                When::Clock,
                &[(KeyCode::Tab, Command::RealTime)],
            ),
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
                When::Stepping,
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
            row("s", "next seed", "", When::Watching, &[(C('s'), Command::Seed)]),
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
                "save the episode as WORLD-episode-N.cast",
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
                "layers: none, values of the policy, of the world",
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
                "c",
                "values of a cell of the picture; also a click",
                "cell",
                When::Watching,
                &[(C('c'), Command::Cell)],
            ),
            row(
                "← → ↑ ↓",
                "values of another cell; esc closes",
                "another cell",
                When::Cell,
                &[
                    (KeyCode::Left, Command::MoveCell((-1, 0))),
                    (KeyCode::Right, Command::MoveCell((1, 0))),
                    (KeyCode::Up, Command::MoveCell((0, -1))),
                    (KeyCode::Down, Command::MoveCell((0, 1))),
                ],
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
    pub(in crate::tui) fn applies(self, model: &Model) -> bool {
        let input = model.active_input().map(|human| &human.input);
        match self {
            When::Always => !matches!(input, Some(Input::Names { .. })),
            When::Watching => input.is_none(),
            When::Stepping => input.is_none() && !model.has_cell(),
            When::Cell => input.is_none() && model.has_cell(),
            When::Policies => model.policies.len() > 1 && !matches!(input, Some(Input::Names { .. })),
            When::Keys => matches!(input, Some(Input::Keys(_))),
            When::Names => matches!(input, Some(Input::Names { .. })),
            When::Numbers => matches!(input, Some(Input::Numbers { .. })),
            When::Held => matches!(input, Some(Input::Held(_))),
            When::Clock => input.is_some() && model.clock.is_of_world(),
        }
    }

    /// Text of the state in the table of the documentation.
    #[cfg(test)]
    pub(super) fn text(self) -> &'static str {
        match self {
            When::Always => "",
            When::Watching | When::Stepping => "while watching",
            When::Cell => "a cell is chosen",
            When::Policies => "several policies",
            When::Keys => "playing, a key an action",
            When::Names => "playing, actions by name",
            When::Numbers => "playing, numbers",
            When::Held => "playing in real time",
            When::Clock => "playing, a world with a clock",
        }
    }
}
