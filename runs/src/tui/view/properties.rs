//! Property test: no sequence of keys, events of the mouse, resizes and elapsed time panics or breaks an invariant.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use proptest::prelude::*;

use super::*;
use crate::tui::test_worlds::{self, SlipperyGrid};
use crate::tui::{Watch, keys};

/// Event of the user or of time.
#[derive(Clone, Debug)]
pub(in crate::tui) enum Happening {
    Key(KeyCode),
    Mouse(MouseEventKind, u16, u16),
    Resize(u16, u16),
    Time(u64),
}

impl Happening {
    /// Event of the terminal; `None` for another size and for time.
    pub(in crate::tui) fn event(&self) -> Option<Event> {
        match *self {
            Happening::Key(code) => Some(Event::Key(KeyEvent::new(code, KeyModifiers::NONE))),
            Happening::Mouse(kind, column, row) => {
                Some(Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }))
            }
            Happening::Resize(..) | Happening::Time(_) => None,
        }
    }
}

pub(in crate::tui) fn happening() -> impl Strategy<Value = Happening> {
    let named = [
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::Left,
        KeyCode::Right,
        KeyCode::Home,
        KeyCode::End,
        KeyCode::PageUp,
        KeyCode::PageDown,
        KeyCode::Enter,
        KeyCode::Backspace,
        KeyCode::Esc,
    ];
    let mouse = [
        MouseEventKind::Down(MouseButton::Left),
        MouseEventKind::Drag(MouseButton::Left),
        MouseEventKind::Up(MouseButton::Left),
        MouseEventKind::ScrollUp,
        MouseEventKind::ScrollDown,
        MouseEventKind::Moved,
    ];
    prop_oneof![
        4 => proptest::char::range(' ', '~').prop_map(|c| Happening::Key(KeyCode::Char(c))),
        4 => proptest::sample::select(named.to_vec()).prop_map(Happening::Key),
        3 => (proptest::sample::select(mouse.to_vec()), 0..140u16, 0..50u16)
            .prop_map(|(kind, x, y)| Happening::Mouse(kind, x, y)),
        1 => (0..140u16, 0..50u16).prop_map(|(width, height)| Happening::Resize(width, height)),
        3 => (0..3000u64).prop_map(Happening::Time),
    ]
}

fn check_invariants(model: &Model, screen: Rect) -> Result<(), TestCaseError> {
    let episode = &model.episode;
    prop_assert!(episode.position() <= episode.known());
    prop_assert!(episode.known() <= model.timeline_steps());
    prop_assert!(episode.events().iter().all(|(before, _)| (*before as usize) < episode.known()));
    prop_assert!(episode.events().is_sorted_by_key(|(before, _)| *before));
    prop_assert!(model.policies.is_empty() || model.policy_index < model.policies.len());
    prop_assert!((0.1..=1e6).contains(&model.clock.speed()));
    let areas =
        [model.areas.header, model.areas.world, model.areas.panel, model.areas.timeline, model.areas.footer];
    prop_assert_eq!(areas.iter().map(|area| area.area()).sum::<u32>(), screen.area());
    prop_assert!(areas.iter().all(|area| area.is_empty() || screen.intersection(*area) == *area));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_happens_breaks_the_viewer(
        world in 0..6usize,
        ascii in any::<bool>(),
        happenings in proptest::collection::vec(happening(), 0..150),
    ) {
        let mut model = match world {
            0 => test_worlds::model(),
            1 => test_worlds::on(SlipperyGrid::world(60, 30)),
            2 => Model::new(Watch::new(test_worlds::steering())),
            // A takeover in the middle of a watched episode.
            3 => {
                let mut model = test_worlds::model();
                (0..4).for_each(|_| model.execute(keys::Command::Step));
                model.execute(keys::Command::TogglePlay);
                model
            }
            // Held keys in real time.
            4 => {
                let registry = crate::Registry::standard();
                let cartpole = registry.build_world("classic/cartpole", &toml::Table::new());
                Model::new(Watch { human: true, ..Watch::new(cartpole.unwrap()) })
            }
            _ => {
                let one: Arc<dyn freewheel_core::Policy> = Arc::new(test_worlds::TakeOne);
                Model::new(Watch::new(test_worlds::nim()).policy("one", one))
            }
        };
        model.ascii = ascii;
        let mut screen = Rect { x: 0, y: 0, width: 80, height: 24 };
        for happening in happenings {
            match happening {
                Happening::Key(code) => {
                    if let Some(command) = keys::command(KeyEvent::new(code, KeyModifiers::NONE), &model) {
                        model.execute(command);
                    }
                }
                Happening::Mouse(kind, column, row) => {
                    model.mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE });
                }
                Happening::Resize(width, height) => screen = Rect { width, height, ..screen },
                Happening::Time(milliseconds) => {
                    model.advance(Duration::from_millis(milliseconds));
                    for _ in 0..40 {
                        model.tick();
                    }
                    model.drop_step_debt();
                }
            }
            model.exit = None;
            model.fit(screen);
            check_invariants(&model, screen)?;
            let mut buf = Buffer::empty(screen);
            draw(&model, Palette::new(Depth::None), screen, &mut buf);
            prop_assert!(!ascii || buf.content.iter().all(|cell| cell.symbol().is_ascii()));
        }
    }
}
