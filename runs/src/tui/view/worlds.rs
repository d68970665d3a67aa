//! Snapshots of the episode view for one world of each family, in color, without colors and in ASCII.

use std::fmt::Write;
use std::sync::Arc;

use freewheel_core::{ActionBuffer, Policy, Stream};
use ratatui::style::{Color, Modifier};

use super::*;
use crate::Registry;
use crate::tui::Watch;

/// Policy that takes the legal action in the middle, or neutral continuous actions.
struct Middle;

impl Policy for Middle {
    fn act(&self, _: &[f32], legal: &[bool], _: &mut [Stream], actions: &mut ActionBuffer) {
        match actions {
            ActionBuffer::Discrete(all) => {
                let may: Vec<usize> = (0..legal.len()).filter(|&action| legal[action]).collect();
                all[0] = may[may.len() / 2] as u32;
            }
            ActionBuffer::Continuous(all) => all.fill(0.0),
        }
    }
}

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (60, 16)];

/// Screens of the world `id` after 12 steps in three sizes.
fn screens(id: &str, depth: Depth, ascii: bool) -> String {
    let world = Registry::standard().build_world(id, &toml::Table::new()).unwrap();
    let watch = Watch { ascii, ..Watch::new(world).policy("middle", Arc::new(Middle) as Arc<dyn Policy>) };
    let mut model = Model::new(watch);
    for _ in 0..12 {
        model.execute(crate::tui::keys::Command::Step);
    }
    model.note = None;
    let mut text = String::new();
    for (width, height) in SIZES {
        let area = Rect { x: 0, y: 0, width, height };
        let mut buf = Buffer::empty(area);
        model.fit(area);
        draw(&model, Palette::new(depth), area, &mut buf);
        writeln!(text, "{width} x {height}").unwrap();
        for row in buf.content.chunks(usize::from(width)) {
            let line: String = row.iter().map(|cell| cell.symbol()).collect();
            writeln!(text, "{}", line.trim_end()).unwrap();
        }
        if depth == Depth::True {
            styles(&model, &buf, &mut text);
        } else {
            assert!(buf.content.iter().all(|cell| (cell.fg, cell.bg) == (Color::Reset, Color::Reset)));
        }
        assert!(!ascii || text.is_ascii(), "{text}");
    }
    text
}

/// Names of the styles of the first row, the timeline and the last row, each with the text it has.
fn styles(model: &Model, buf: &Buffer, text: &mut String) {
    let palette = Palette::new(Depth::True);
    let role = |color: Color| {
        let roles = [Role::Text, Role::Dim, Role::Line, Role::Accent, Role::Good, Role::Warn];
        roles.into_iter().find(|&role| palette.role(role).fg == Some(color)).map(|role| format!("{role:?}"))
    };
    for area in [model.areas.header, model.areas.timeline, model.areas.footer] {
        for y in area.top()..area.bottom() {
            let mut runs: Vec<(String, String)> = Vec::new();
            for x in area.left()..area.right() {
                let cell = &buf[(x, y)];
                let mut name = role(cell.fg).unwrap_or_else(|| "other".into());
                if cell.modifier.contains(Modifier::REVERSED) {
                    name.push_str(" reversed");
                }
                match runs.last_mut() {
                    Some((last, part)) if *last == name => part.push_str(cell.symbol()),
                    _ => runs.push((name, cell.symbol().to_owned())),
                }
            }
            let runs = runs.iter().filter(|(_, part)| !part.trim().is_empty());
            let line: Vec<String> = runs.map(|(name, part)| format!("{name} `{}`", part.trim())).collect();
            writeln!(text, "{}", line.join(", ")).unwrap();
        }
    }
}

#[test]
fn each_world_in_each_mode() {
    for (name, id) in [
        ("grid", "grid/cliff"),
        ("go", "go/9x9"),
        ("track", "track/club"),
        ("market", "market/regime"),
        ("cartpole", "classic/cartpole"),
    ] {
        insta::assert_snapshot!(format!("{name}-color"), screens(id, Depth::True, false));
        insta::assert_snapshot!(format!("{name}-no-color"), screens(id, Depth::None, false));
        insta::assert_snapshot!(format!("{name}-ascii"), screens(id, Depth::None, true));
    }
}
