//! Tests of whole screens of the home screen, and of any sequence of keys and sizes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::choice::concrete;
use super::keys::{self, Key};
use super::model::{Focus, Home, Tab};
use super::view;
use crate::Registry;
use crate::curves::{Curve, Curves};
use crate::demonstrations::list::{Content, StoreEntry};
use crate::run_list::{RunEntry, RunState};
use crate::tui::palette::{Depth, Palette};
use crate::tui::snapshot;

/// Runs in every state.
fn runs() -> Vec<RunEntry> {
    let states = [
        RunState::Done,
        RunState::Learning,
        RunState::Stalled,
        RunState::Interrupted,
        RunState::Damaged("config.toml: damaged: it must not be edited".into()),
        RunState::Diverged("loss became NaN at step 31000; checkpoints made before that are kept".into()),
    ];
    let run = |(index, state): (usize, RunState)| {
        let points = (1..=40).map(|i| (i * 1000, -13.0 - 100.0 / i as f64 - index as f64)).collect();
        RunEntry {
            folder: PathBuf::from(format!("results/train/grid-cliff-sarsa-1a2b3c4d/seed-{index}")),
            world: "grid/cliff".into(),
            agent: "sarsa".into(),
            seed: index as u64,
            stalled: state == RunState::Stalled,
            steps: (40_000, 100_000),
            score: Some(-15.5 - index as f64),
            curves: Curves { all: vec![Curve { name: "score".into(), points }], ..Curves::default() },
            age: Some(Duration::from_secs(90 << (2 * index))),
            size: 150_000,
            state,
        }
    };
    states.into_iter().enumerate().map(run).collect()
}

/// Stores of demonstrations, one of them damaged.
fn stores() -> Vec<StoreEntry> {
    let content = Content {
        world: "grid/cliff".into(),
        episodes: 5,
        steps: 120,
        players: vec![("human".into(), 3), ("reference: reference, noise 0.2".into(), 2)],
        scores: vec![-40.0, -22.0, -17.0, -13.0, -15.0],
    };
    let store =
        |name: &str, content| StoreEntry { folder: Path::new("demos/grid/cliff").join(name), content };
    vec![
        store("human-v0", Ok(content)),
        store("old-v0", Err("demos/grid/cliff/old-v0/data/metadata.json: damaged: no JSON".into())),
    ]
}

fn home(tab: Tab) -> Home {
    let mut home = Home::new(&Registry::standard(), Path::new("results"), tab);
    home.set_runs(runs());
    home.set_stores(stores());
    home
}

fn screen(home: &mut Home, depth: Depth, width: u16, height: u16) -> Buffer {
    let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
    view::draw(home, None, Palette::new(depth), buf.area, &mut buf);
    buf
}

fn press(home: &mut Home, code: KeyCode) {
    if let Some(Key::Model(command)) = keys::effect(KeyEvent::new(code, KeyModifiers::NONE), home.focus) {
        home.execute(command);
    }
}

fn type_text(home: &mut Home, text: &str) {
    text.chars().for_each(|c| press(home, KeyCode::Char(c)));
}

#[test]
fn screens() {
    let made = |tab: Tab, keys: &'static str| {
        move |palette: Palette, ascii: bool, area: Rect, buf: &mut Buffer| {
            let mut home = home(tab);
            type_text(&mut home, keys);
            view::draw(&mut home, None, palette, area, buf);
            if ascii {
                crate::tui::ascii::convert(area, buf);
            }
        }
    };
    snapshot::in_each_mode("home-worlds", made(Tab::Worlds, "/cliff"));
    snapshot::in_each_mode("home-agents", made(Tab::Agents, "j"));
    snapshot::in_each_mode("home-runs", made(Tab::Runs, "j"));
    snapshot::in_each_mode("home-demonstrations", made(Tab::Demonstrations, ""));
    snapshot::in_each_mode("home-help", made(Tab::Runs, "?"));
    snapshot::in_each_mode("home-form", made(Tab::Agents, "t"));
    snapshot::in_each_mode("home-compare", made(Tab::Runs, "  c"));
}

#[test]
fn screens_in_korean() {
    for (name, tab, keys) in [
        ("worlds", Tab::Worlds, "/cliff"),
        ("runs", Tab::Runs, "j"),
        ("demonstrations", Tab::Demonstrations, ""),
        ("help", Tab::Runs, "?"),
        ("form", Tab::Agents, "t"),
        ("compare", Tab::Runs, "  c"),
        ("rules", Tab::Worlds, "i"),
    ] {
        snapshot::in_korean(&format!("home-{name}"), |palette, area, buf| {
            let mut home = home(tab);
            type_text(&mut home, keys);
            view::draw(&mut home, None, palette, area, buf);
        });
    }
}

#[test]
fn a_filter_is_typed_and_cleared() {
    let mut home = home(Tab::Worlds);
    let all = home.shown().len();
    type_text(&mut home, "/CLIFF");
    assert_eq!(home.focus, Focus::Filter);
    let shown: Vec<&str> = home.shown().iter().map(|&index| &*home.worlds[index].id).collect();
    assert!(shown.contains(&"grid/cliff") && shown.len() < all / 4, "{shown:?}");
    press(&mut home, KeyCode::Enter);
    assert_eq!(home.focus, Focus::List);
    press(&mut home, KeyCode::Enter);
    assert_eq!(home.take_chosen().unwrap()[0], "watch");
    press(&mut home, KeyCode::Esc);
    assert_eq!(home.shown().len(), all);
    assert!(!home.quit);
    press(&mut home, KeyCode::Esc);
    assert!(home.quit);
}

#[test]
fn a_training_is_a_command_line() {
    let mut home = home(Tab::Worlds);
    type_text(&mut home, "/grid/cliff");
    press(&mut home, KeyCode::Enter);
    type_text(&mut home, "t");
    assert!(snapshot::text(&screen(&mut home, Depth::True, 80, 24)).contains("freewheel train grid/cliff "));
    press(&mut home, KeyCode::Enter);
    let words = home.take_chosen().unwrap();
    assert_eq!(words[..2], ["train", "grid/cliff"]);
    assert_eq!(words[5..], ["--seeds", "0..3"]);
    assert!(home.form.is_none());
}

#[test]
fn two_marked_runs_are_compared() {
    let mut home = home(Tab::Runs);
    type_text(&mut home, "c");
    assert!(home.message.as_ref().is_some_and(|text| text.contains("mark two runs")));
    type_text(&mut home, "  c");
    assert_eq!(home.focus, Focus::Compare);
    let text = snapshot::text(&screen(&mut home, Depth::True, 100, 30));
    assert!(text.contains("seed 0") && text.contains("seed 1"), "{text}");
    // The runs vanish.
    home.set_runs(Vec::new());
    assert_eq!(home.focus, Focus::List);
}

#[test]
fn demonstrations_are_watched_and_more_are_played() {
    let mut home = home(Tab::Demonstrations);
    press(&mut home, KeyCode::Enter);
    assert_eq!(home.take_chosen().unwrap(), ["watch", "demos/grid/cliff/human-v0"]);
    type_text(&mut home, "p");
    assert_eq!(home.take_chosen().unwrap(), ["play", "grid/cliff", "--to", "demos/grid/cliff/human-v0"]);
    press(&mut home, KeyCode::Down);
    press(&mut home, KeyCode::Enter);
    assert!(home.message.as_ref().is_some_and(|text| text.contains("no JSON")));
}

#[test]
fn only_an_interrupted_run_is_resumed_and_a_damaged_one_says_why() {
    let mut home = home(Tab::Runs);
    for index in 0..5 {
        type_text(&mut home, "r");
        assert_eq!(home.take_chosen().is_some(), index == 3, "{:?}", home.message);
        press(&mut home, KeyCode::Down);
    }
    // Back from the diverged run below.
    press(&mut home, KeyCode::Up);
    press(&mut home, KeyCode::Enter);
    assert!(home.message.as_ref().is_some_and(|text| text.contains("must not be edited")));
    // New runs keep the selection.
    let mut more = runs();
    more.remove(0);
    home.set_runs(more);
    assert_eq!(home.run().map(|run| run.seed), Some(4));
}

#[test]
fn every_world_of_the_list_can_be_built_or_says_what_it_needs() {
    let registry = Registry::standard();
    for world in registry.worlds() {
        let id = concrete(&world.id);
        if let Err(e) = registry.build_world(&id, &toml::Table::new()) {
            assert!(e.to_string().contains("setting") || e.to_string().contains("file"), "{id}: {e}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_sequence_of_keys_and_sizes_panics(
        keys in prop::collection::vec((0..40usize, prop::char::any(), 0..160u16, 0..60u16), 0..60)
    ) {
        let special = [
            KeyCode::Up, KeyCode::Down, KeyCode::Left, KeyCode::Right, KeyCode::Enter, KeyCode::Esc, KeyCode::Tab,
            KeyCode::BackTab, KeyCode::Backspace, KeyCode::Home, KeyCode::End, KeyCode::PageDown,
        ];
        let letters: Vec<char> = "jkhl1234/tpwrc?q".chars().collect();
        let mut home = home(Tab::Worlds);
        for (which, any, width, height) in keys {
            let code = special.get(which).copied().unwrap_or_else(|| {
                KeyCode::Char(letters.get(which - special.len()).copied().unwrap_or(any))
            });
            press(&mut home, code);
            if which == 39 {
                home.set_runs(runs().split_off(usize::from(width % 6).min(5)));
            }
            for depth in [Depth::True, Depth::None] {
                screen(&mut home, depth, width, height);
            }
            let shown = home.shown().len();
            prop_assert!(shown == 0 || home.list().selected < shown);
            prop_assert_eq!(home.form.is_some(), home.focus == Focus::Form);
            home.take_chosen();
        }
    }
}
