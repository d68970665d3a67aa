//! Tests of whole screens of the tour, and of any sequence of keys, mouse events, sizes and times.

use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::canvas::width;
use super::plan::SCENES;
use super::screen::{Overlay, Tour};
use super::{Options, plan, printed, view};
use crate::Registry;
use crate::messages::Language;
use crate::tui::app::{Screen, Transition};
use crate::tui::palette::{Depth, Palette};
use crate::tui::snapshot;

const SIZES: [(u16, u16); 2] = [(80, 24), (120, 40)];

/// Registry that lives as long as the program, as that of the program does.
fn registry() -> &'static Registry {
    use std::sync::OnceLock;
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    REGISTRY.get_or_init(Registry::standard)
}

fn tour(language: Language, scene: Option<usize>, ascii: bool) -> Tour {
    Tour::new(registry(), Options { language, scene, ascii })
}

fn drawn(tour: &mut Tour, depth: Depth, (columns, rows): (u16, u16)) -> Buffer {
    let mut buf = Buffer::empty(Rect::new(0, 0, columns, rows));
    tour.draw(buf.area, &mut buf, Palette::new(depth));
    buf
}

fn press(tour: &mut Tour, code: KeyCode) -> Transition<'static> {
    tour.handle(&Event::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn keys(tour: &mut Tour, keys: &str) {
    keys.chars().for_each(|key| drop(press(tour, KeyCode::Char(key))));
}

/// Lets time pass, in ticks.
fn wait(tour: &mut Tour, ticks: usize) {
    (0..ticks).for_each(|_| drop(tour.advance(Duration::from_millis(40))));
}

/// Pages whose screens do not depend on the time that computing takes, with the keys before the snapshot.
const STEADY: [(&str, &str); 8] = [
    ("neuron", "l"),
    ("network", "l"),
    ("line", "sssv"),
    ("cat", ""),
    ("clusters", "ss"),
    ("grid", "sss"),
    ("sea", "sss"),
    ("habit", ""),
];

/// Goes to the page with this key.
fn go(tour: &mut Tour, key: &str) {
    let at = tour.all.iter().position(|(_, page)| page.key == key).unwrap();
    tour.overlay = Overlay::None;
    while tour.at > 0 {
        press(tour, KeyCode::PageUp);
    }
    while tour.at < at {
        press(tour, KeyCode::PageDown);
    }
}

#[test]
fn screens() {
    for language in Language::ALL {
        let mut all = String::new();
        for (key, pressed) in [("contents", ""), ("help", "")].iter().chain(&STEADY) {
            let mut tour = tour(language, None, false);
            match *key {
                "contents" => {}
                "help" => keys(&mut tour, "?"),
                page => {
                    go(&mut tour, page);
                    keys(&mut tour, pressed);
                    wait(&mut tour, 50);
                }
            }
            for size in SIZES {
                let buf = drawn(&mut tour, Depth::True, size);
                all += &format!("{key} {} x {}\n{}\n", size.0, size.1, snapshot::wide_text(&buf));
            }
        }
        insta::assert_snapshot!(format!("{language:?}").to_lowercase(), all);
    }
}

#[test]
fn without_colors_and_in_ascii() {
    for language in Language::ALL {
        let mut all = String::new();
        for (key, pressed) in STEADY {
            for ascii in [false, true] {
                let mut tour = tour(language, None, ascii);
                go(&mut tour, key);
                keys(&mut tour, pressed);
                wait(&mut tour, 50);
                let buf = drawn(&mut tour, Depth::None, (80, 24));
                let shown = snapshot::wide_text(&buf);
                // Hangul and Greek letters of the Korean texts stay.
                let stays = |letter: char| language == Language::Ko && letter.is_alphabetic();
                assert!(!ascii || shown.chars().all(|c| c.is_ascii() || stays(c)), "{key}: {shown}");
                let reset = ratatui::style::Color::Reset;
                assert!(buf.content.iter().all(|cell| (cell.fg, cell.bg) == (reset, reset)), "{key}");
                all += &format!("{key} {}\n{shown}\n", if ascii { "ascii" } else { "no color" });
            }
        }
        insta::assert_snapshot!(format!("plain-{}", format!("{language:?}").to_lowercase()), all);
    }
}

/// In every language and size, the texts of all pages leave at least ten rows for the picture, and Hangul is not cut.
#[test]
fn texts_fit() {
    for language in Language::ALL {
        let mut tour = tour(language, Some(1), false);
        for _ in 0..tour.all.len() {
            for size in SIZES {
                let buf = drawn(&mut tour, Depth::True, size);
                let key = tour.all[tour.at].1.key;
                assert!(tour.picture.height >= 10, "{language:?} {key} {size:?}: {:?}", tour.picture);
                let hint = language.text(&format!("{key}.try"));
                let last = hint.split(' ').next_back().unwrap();
                assert!(snapshot::wide_text(&buf).contains(last), "{key}: {last}");
            }
            press(&mut tour, KeyCode::PageDown);
        }
    }
}

/// No cell that a wide character covers has a glyph of its own, on no page and below no box.
#[test]
fn wide_characters_are_whole() {
    let mut tour = tour(Language::Ko, Some(1), false);
    for _ in 0..tour.all.len() {
        for overlay in [Overlay::None, Overlay::Contents(3), Overlay::Help] {
            tour.overlay = overlay;
            for size in SIZES {
                let buf = drawn(&mut tour, Depth::True, size);
                for row in buf.content.chunks(usize::from(size.0)) {
                    for pair in row.windows(2).filter(|pair| width(pair[0].symbol()) == 2) {
                        assert_eq!(pair[1].symbol(), " ", "{overlay:?} {}", pair[0].symbol());
                    }
                    assert!(width(row[row.len() - 1].symbol()) < 2);
                }
            }
        }
        tour.overlay = Overlay::None;
        press(&mut tour, KeyCode::PageDown);
    }
}

/// Every control has a label, and no two buttons of a page have the same letter or that of a key of the tour.
#[test]
fn letters_are_free() {
    let mut tour = tour(Language::En, Some(1), false);
    for _ in 0..tour.all.len() {
        let (page, _) = tour.page();
        let mut letters: Vec<char> = Vec::new();
        for control in page.controls() {
            if let super::page::Control::Button { key, .. } = control {
                assert!(!letters.contains(&key) && !"nbcrxqTL?".contains(key), "{key}");
                letters.push(key);
            }
        }
        press(&mut tour, KeyCode::PageDown);
    }
}

#[test]
fn pages_are_as_they_were_left() {
    let mut tour = tour(Language::En, Some(1), false);
    keys(&mut tour, "l");
    wait(&mut tour, 50);
    let before = snapshot::wide_text(&drawn(&mut tour, Depth::True, (80, 24)));
    keys(&mut tour, "n");
    wait(&mut tour, 50);
    keys(&mut tour, "b");
    assert_eq!(snapshot::wide_text(&drawn(&mut tour, Depth::True, (80, 24))), before);
    keys(&mut tour, "r");
    assert_ne!(snapshot::wide_text(&drawn(&mut tour, Depth::True, (80, 24))), before);
}

#[test]
fn the_mouse_presses_and_drags() {
    let mut tour = tour(Language::En, None, false);
    drawn(&mut tour, Depth::True, (80, 24));
    let mouse = |tour: &mut Tour, kind, (column, row)| {
        let event = MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
        tour.handle(&Event::Mouse(event))
    };
    let center = |tour: &Tour, hit| {
        let (area, _) = tour.hits.iter().rev().find(|(_, it)| *it == hit).copied().unwrap();
        (area.x + area.width / 2, area.y)
    };
    let down = MouseEventKind::Down(MouseButton::Left);
    // The third scene in the contents, then back to the first one by the header.
    let third = center(&tour, super::screen::Hit::Scene(2));
    mouse(&mut tour, down, third);
    assert_eq!((tour.scene(), tour.overlay), (2, Overlay::None));
    drawn(&mut tour, Depth::True, (80, 24));
    let first = center(&tour, super::screen::Hit::Scene(0));
    mouse(&mut tour, down, first);
    assert_eq!(tour.scene(), 0);
    drawn(&mut tour, Depth::True, (80, 24));
    let track = tour.hits.iter().find(|(_, hit)| *hit == super::screen::Hit::Track(0)).unwrap().0;
    mouse(&mut tour, down, (track.right() - 1, track.y));
    let value = |tour: &mut Tour| match tour.page().0.controls()[0] {
        super::page::Control::Slider { value, .. } => value,
        _ => panic!("a slider"),
    };
    assert_eq!(value(&mut tour), 10.0);
    mouse(&mut tour, MouseEventKind::Drag(MouseButton::Left), (track.x, 0));
    assert_eq!(value(&mut tour), -10.0);
    let next = center(&tour, super::screen::Hit::Next);
    mouse(&mut tour, down, next);
    assert_eq!(tour.at, 1);
}

#[test]
fn without_a_terminal_the_scenes_are_printed() {
    for language in Language::ALL {
        let text = printed(language);
        for scene in SCENES {
            assert!(text.contains(language.text(&format!("scene.{}", scene.key))));
            assert!(scene.commands.iter().all(|command| text.contains(command)));
        }
    }
    assert_eq!(plan::pages().filter(|(scene, _)| *scene == 8).count(), 1);
    assert_eq!(view::KEYS.len(), 13);
}

fn events() -> impl Strategy<Value = Vec<Step>> {
    let key = prop_oneof![
        6 => any::<u8>().prop_map(|byte| KeyCode::Char(char::from(b'!' + byte % 90))),
        6 => Just(KeyCode::Right),
        2 => Just(KeyCode::Left),
        3 => Just(KeyCode::Down),
        2 => Just(KeyCode::Up),
        2 => Just(KeyCode::Tab),
        2 => Just(KeyCode::Enter),
        3 => Just(KeyCode::PageDown),
        1 => Just(KeyCode::PageUp),
        1 => Just(KeyCode::Esc),
    ];
    let mouse = (0u16..130, 0u16..45, 0u8..3).prop_map(|(x, y, kind)| Step::Mouse(x, y, kind));
    let step = prop_oneof![
        5 => key.prop_map(Step::Key),
        3 => mouse,
        1 => (0u16..140, 0u16..50).prop_map(|(x, y)| Step::Size(x, y)),
        2 => (1usize..8).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..60)
}

#[derive(Clone, Debug)]
enum Step {
    Key(KeyCode),
    Mouse(u16, u16, u8),
    Size(u16, u16),
    Wait(usize),
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// No sequence of keys, mouse events, sizes and times panics.
    #[test]
    fn anything_may_happen(steps in events(), ascii: bool, korean: bool) {
        let mut tour = tour(if korean { Language::Ko } else { Language::En }, None, ascii);
        let mut size = (80, 24);
        for step in steps {
            match step {
                // `q` would only end the tour.
                Step::Key(KeyCode::Char('q')) => {}
                Step::Key(code) => drop(press(&mut tour, code)),
                Step::Mouse(column, row, kind) => {
                    let kind = match kind {
                        0 => MouseEventKind::Down(MouseButton::Left),
                        1 => MouseEventKind::Drag(MouseButton::Left),
                        _ => MouseEventKind::Up(MouseButton::Left),
                    };
                    let event = MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
                    drop(tour.handle(&Event::Mouse(event)));
                }
                Step::Size(columns, rows) => size = (columns, rows),
                Step::Wait(ticks) => wait(&mut tour, ticks),
            }
            drawn(&mut tour, Depth::True, size);
        }
    }
}
