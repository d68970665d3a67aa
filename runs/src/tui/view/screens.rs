//! Whole screens, as plain text.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::*;
use crate::tui::palette::Depth;
use crate::tui::pond::{self, Pond};
use crate::tui::{Watch, keys};

fn screen(model: &mut Model, width: u16, height: u16) -> String {
    model.refresh();
    let (columns, rows) = pane(model, Rect { x: 0, y: 0, width, height });
    model.resize(columns, rows);
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(model, Palette(Depth::True), frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let rows = buffer.content.chunks(usize::from(width.max(1)));
    let line = |row: &[ratatui::buffer::Cell]| {
        row.iter().map(|cell| cell.symbol()).collect::<String>().trim_end().to_owned() + "\n"
    };
    rows.map(line).collect()
}

fn press(model: &mut Model, keys: &str) {
    for c in keys.chars() {
        let key = match c {
            '↑' => KeyCode::Up,
            '→' => KeyCode::Right,
            '⏎' => KeyCode::Enter,
            c => KeyCode::Char(c),
        };
        if let Some(command) = keys::command(KeyEvent::new(key, KeyModifiers::NONE), model.hand.as_ref()) {
            model.on(command);
        }
        model.refresh();
    }
}

fn check(got: &str, expected: &str) {
    assert!(got.trim_end() == expected.trim_end(), "\n{got}\n--- is not ---\n{expected}");
}

#[test]
fn probe() {
    let mut m = pond::model();
    press(&mut m, "nnnnnnnnnNnnn");
    println!("{}", screen(&mut m, 80, 24));
    press(
        &mut m,
        "]nnnnnnnnnnnnnnnNnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn",
    );
    println!("{}", screen(&mut m, 120, 40));
    println!("{}", screen(&mut m, 50, 14));
    println!("{}", screen(&mut m, 20, 5));
    press(&mut m, "rp↑");
    println!("{}", screen(&mut m, 80, 24));
    press(&mut m, "?");
    println!("{}", screen(&mut m, 80, 24));
    let w = pond::wheel();
    let mut m = Model::new(Watch::new(&*w));
    press(&mut m, "→→⏎⏎");
    println!("{}", screen(&mut m, 80, 24));
    let w = pond::matches();
    let mut m = Model::new(Watch::new(&*w));
    press(&mut m, "t");
    println!("{}", screen(&mut m, 80, 24));
}
