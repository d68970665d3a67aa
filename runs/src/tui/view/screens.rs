//! Tests of whole screens as text.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::*;
use crate::tui::palette::Depth;
use crate::tui::test_worlds::{self, SlipperyGrid};
use crate::tui::{Watch, keys, snapshot};

fn screen(model: &mut Model, width: u16, height: u16) -> String {
    model.fit(Rect { x: 0, y: 0, width, height });
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let palette = Palette::new(Depth::True);
    terminal.draw(|frame| draw(model, palette, frame.area(), frame.buffer_mut())).unwrap();
    let buffer = terminal.backend().buffer();
    let rows = buffer.content.chunks(usize::from(width.max(1)));
    let line = |row: &[ratatui::buffer::Cell]| {
        row.iter().map(|cell| cell.symbol()).collect::<String>().trim_end().to_owned() + "\n"
    };
    rows.map(line).collect()
}

/// Snapshots of the model that `make` makes, in each size and mode.
fn modes(name: &str, make: impl Fn() -> Model) {
    snapshot::in_each_mode(name, |palette, ascii, area, buf| {
        let mut model = make();
        model.ascii = ascii;
        model.fit(area);
        draw(&model, palette, area, buf);
    });
}

fn press(model: &mut Model, keys: &str) {
    for c in keys.chars() {
        let key = match c {
            '↑' => KeyCode::Up,
            '→' => KeyCode::Right,
            '⏎' => KeyCode::Enter,
            c => KeyCode::Char(c),
        };
        if let Some(command) = keys::command(KeyEvent::new(key, KeyModifiers::NONE), model) {
            model.execute(command);
        }
        model.refresh();
    }
}

#[test]
fn a_usual_terminal() {
    let mut model = test_worlds::model();
    press(&mut model, "nnnnnnnnnNnnnn");
    insta::assert_snapshot!("usual", screen(&mut model, 80, 24));
}

#[test]
fn a_large_terminal() {
    let mut model = test_worlds::model();
    // Two episodes with each policy.
    press(&mut model, &format!("{n}N{n}]{n}b{n}", n = "n".repeat(30)));
    press(&mut model, &format!("{}nnnn", "N".repeat(5)));
    insta::assert_snapshot!("large", screen(&mut model, 120, 40));
}

#[test]
fn small_and_tiny_terminals() {
    let mut model = test_worlds::model();
    press(&mut model, "n");
    insta::assert_snapshot!("small", screen(&mut model, 50, 12));
    insta::assert_snapshot!("tiny", screen(&mut model, 20, 5));
}

#[test]
fn a_wide_world_has_the_panel_below() {
    let world = SlipperyGrid::world(24, 5);
    let mut model = test_worlds::on(Arc::clone(&world));
    model.note = Some("up is not legal here".into());
    insta::assert_snapshot!("wide", screen(&mut model, 80, 24));
}

#[test]
fn screens_in_korean() {
    let build = |id: &str| crate::Registry::standard().build_world(id, &toml::Table::new()).unwrap();
    let policy = test_worlds::GridPolicy { width: 12.0, noise: 0.0 };
    let policy: Arc<dyn freewheel_core::Policy> = Arc::new(policy);
    let cliff = || Model::new(Watch::new(build("grid/cliff")).policy("policy", Arc::clone(&policy)));
    let learner = |world: &Arc<dyn freewheel_core::DynWorld>| {
        Some(crate::tui::learner::tests::learn_here("q-learning", world.spec()))
    };
    let learning = || {
        let world = SlipperyGrid::world(5, 3);
        Model::new(Watch { learner: learner(&world), ..Watch::new(world) })
    };
    let all: [(&str, &dyn Fn() -> Model, &str); 7] = [
        ("watching", &test_worlds::model, "nnnnnnnnnNnnnn"),
        ("playing", &test_worlds::model, "p↑"),
        ("help", &cliff, "?"),
        ("update", &learning, "Lnnn"),
        ("neuron", &test_worlds::model, "iii"),
        ("observation", &test_worlds::model, "ni"),
        ("playing-go", &|| Model::new(Watch { human: true, ..Watch::new(build("go/9x9")) }), "e5⏎↑"),
    ];
    for (name, make, keys) in all {
        snapshot::in_korean(name, |palette, area, buf| {
            let mut model = make();
            press(&mut model, keys);
            model.fit(area);
            draw(&model, palette, area, buf);
        });
    }
}

#[test]
fn playing_shows_its_keys() {
    modes("playing", || {
        let mut model = test_worlds::model();
        press(&mut model, "p↑");
        model
    });
    let build = |id: &str| crate::Registry::standard().build_world(id, &toml::Table::new()).unwrap();
    modes("playing-go", || {
        let mut model = Model::new(Watch { human: true, ..Watch::new(build("go/9x9")) });
        press(&mut model, "e5⏎↑");
        model
    });
    modes("playing-track", || Model::new(Watch { human: true, ..Watch::new(build("track/club")) }));
    let world = test_worlds::nim();
    let mut model = Model::new(Watch::new(Arc::clone(&world)));
    press(&mut model, "t");
    let shown = screen(&mut model, 80, 24);
    assert!(shown.contains("t▏") && shown.contains("two three ten twelve"), "{shown}");
    let world = test_worlds::steering();
    let mut model = Model::new(Watch::new(Arc::clone(&world)));
    press(&mut model, "→→⏎");
    let shown = screen(&mut model, 80, 24);
    assert!(shown.contains("▸ steering  ────┼─●──   0.400"), "{shown}");
    assert!(shown.contains("  brake     ●────────       0"), "{shown}");
}

#[test]
fn the_two_endings_look_different() {
    let mut model = test_worlds::model();
    press(&mut model, &"n".repeat(30));
    while model.episode.over() != Some(EpisodeEnd::Terminal) {
        press(&mut model, "n");
    }
    assert!(screen(&mut model, 120, 40).contains("ending   ● terminal  by the rules"));
    assert!(screen(&mut model, 50, 12).contains("● terminal"));
    press(&mut model, "rp");
    // Up and down along the left edge, where there are no holes, until the time limit.
    while model.episode.over().is_none() {
        let at_the_bottom = model.episode.runner().obs()[0] == 21.0;
        press(&mut model, if at_the_bottom { "1" } else { "3" });
    }
    assert!(screen(&mut model, 120, 40).contains("ending   ◐ truncated  at the limit"));
    assert!(screen(&mut model, 50, 12).contains("◐ truncated"));
}

#[test]
fn the_help_lists_the_keys() {
    modes("help", || {
        let mut model = test_worlds::model();
        press(&mut model, "?");
        model
    });
}

#[test]
fn no_size_and_no_depth_panics() {
    let [steering, nim, wide] = [test_worlds::steering(), test_worlds::nim(), SlipperyGrid::world(60, 30)];
    let mut models = [
        test_worlds::model(),
        test_worlds::on(Arc::clone(&wide)),
        Model::new(Watch::new(Arc::clone(&steering))),
        Model::new(Watch::new(Arc::clone(&nim))),
    ];
    for model in &mut models {
        press(model, "nnn");
        let widths = [0, 1, 2, 5, 13, 20, 40, 63, 64, 80, 130];
        let heights = [0, 1, 2, 3, 5, 6, 8, 13, 14, 24, 45];
        for (width, height) in widths.into_iter().flat_map(|w| heights.map(|h| (w, h))) {
            model.help = width % 2 == 0;
            screen(model, width, height);
        }
        for depth in [Depth::Cube, Depth::Sixteen, Depth::None] {
            let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
            let palette = Palette::new(depth);
            terminal.draw(|frame| draw(model, palette, frame.area(), frame.buffer_mut())).unwrap();
        }
    }
}

#[test]
fn without_colors_no_color_is_used() {
    let mut model = test_worlds::model();
    press(&mut model, "nnn");
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    let palette = Palette::new(Depth::None);
    terminal.draw(|frame| draw(&model, palette, frame.area(), frame.buffer_mut())).unwrap();
    use ratatui::style::Color;
    assert!(
        terminal
            .backend()
            .buffer()
            .content
            .iter()
            .all(|cell| (cell.fg, cell.bg) == (Color::Reset, Color::Reset))
    );
}

#[test]
fn bars_do_not_overlap_labels() {
    let mut model = test_worlds::model();
    (0..9).for_each(|_| model.clock.faster());
    while model.returns().len() < 15 {
        model.advance(std::time::Duration::from_secs(1));
        model.tick();
    }
    let shown = screen(&mut model, 80, 24);
    assert!(!shown.contains("refer") && !shown.contains("ence"), "{shown}");
}

#[test]
fn the_picture_gets_its_maximum_size_and_its_focus_is_followed() {
    let world = test_worlds::large_picture();
    let mut model = Model::new(Watch::new(Arc::clone(&world)));
    // As large as possible beside the narrowest panel, with an empty column on both sides.
    screen(&mut model, 100, 30);
    assert_eq!((model.picture.width(), model.picture.height()), (66, 26));
    assert_eq!((model.areas.shape, model.viewport.size), (Shape::Side, (68, 26)));
    // A narrow screen has no panel beside the world.
    screen(&mut model, 50, 12);
    assert_eq!((model.picture.width(), model.picture.height(), model.areas.shape), (48, 8, Shape::Strip));
    // Too small for the picture: its focus is visible from the first picture on.
    screen(&mut model, 40, 10);
    assert_eq!(model.viewport.size, (40, 5));
    assert_eq!(model.viewport.origin, (0, 3));
}
