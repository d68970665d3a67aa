//! Frame of the tour's screen: scenes, text, picture, controls, keys; contents and help above them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;

use super::canvas::{Canvas, width};
use super::page::Control;
use super::plan::SCENES;
use super::screen::{Hit, Overlay, Tour};
use crate::messages::Language;
use crate::tui::boxes::{boxed, wrapped};
use crate::tui::palette::{Palette, Role};

/// Smallest screen, columns and rows.
pub(super) const LEAST: (u16, u16) = (70, 22);

/// Draws the tour into `screen`.
pub(super) fn draw(tour: &mut Tour, palette: Palette, screen: Rect, buf: &mut Buffer) {
    tour.hits.clear();
    tour.picture = Rect::ZERO;
    if screen.is_empty() {
        return;
    }
    buf.set_style(screen, palette.base());
    let language = tour.shared.language;
    let mut canvas = Canvas { buf, palette };
    if screen.width < LEAST.0 || screen.height < LEAST.1 {
        let values = [("columns", LEAST.0.to_string()), ("rows", LEAST.1.to_string())];
        let text = language.filled("view.small", &values);
        let lines = wrapped(&text, usize::from(screen.width));
        return canvas.lines(lines.iter().map(|line| (&**line, Role::Warn)), screen);
    }
    header(tour, &mut canvas, Rect { height: 1, ..screen });
    let footer_area = Rect { y: screen.bottom() - 1, height: 1, ..screen };
    let body = Rect { x: screen.x + 1, y: screen.y + 1, width: screen.width - 2, height: screen.height - 2 };
    let body = story(tour, &mut canvas, body);
    let body = outcome(tour, &mut canvas, body);
    scene(tour, &mut canvas, body);
    footer(tour, &mut canvas, footer_area);
    match tour.overlay {
        Overlay::None => {}
        Overlay::Contents(selected) => contents(tour, selected, &mut canvas, screen),
        Overlay::Help => help(language, &mut canvas, screen),
    }
}

/// First row: numbers of the scenes, the title of the present one, and its pages.
fn header(tour: &mut Tour, canvas: &mut Canvas<'_>, area: Rect) {
    canvas.buf.set_style(area, canvas.palette.bar());
    let (language, scene) = (tour.shared.language, tour.scene());
    let dim = canvas.role(Role::Dim);
    let mut x = canvas.text((area.x + 1, area.y), "freewheel tour", 20, dim.add_modifier(Modifier::BOLD)) + 2;
    for (number, one) in SCENES.iter().enumerate() {
        let text = match number == scene {
            true => format!(" {} {} ", number + 1, language.text(&format!("scene.{}", one.key))),
            false => format!(" {} ", number + 1),
        };
        let style = if number == scene { selected_style(canvas) } else { canvas.role(Role::Text) };
        let end = canvas.text((x, area.y), &text, area.right() - x, style);
        tour.hits.push((Rect { x, y: area.y, width: end - x, height: 1 }, Hit::Scene(number)));
        x = end;
    }
    let of_scene: Vec<usize> = (0..tour.all.len()).filter(|&page| tour.all[page].0 == scene).collect();
    let number = of_scene.iter().position(|&page| page == tour.at).unwrap_or(0) + 1;
    let pages = format!("{number}/{} ", of_scene.len());
    let wide = width(&pages) as u16;
    if x + wide < area.right() {
        canvas.text((area.right() - wide, area.y), &pages, wide, dim);
    }
}

fn selected_style(canvas: &Canvas<'_>) -> Style {
    let style = canvas.role(Role::Accent).add_modifier(Modifier::BOLD);
    match canvas.palette.shade(Role::Accent) {
        Some(shade) => style.bg(shade),
        None => style.add_modifier(Modifier::REVERSED),
    }
}

/// Title and text of the page, and what to try; returns the area below.
fn story(tour: &Tour, canvas: &mut Canvas<'_>, area: Rect) -> Rect {
    let (language, key) = (tour.shared.language, tour.all[tour.at].1.key);
    let columns = usize::from(area.width).min(110);
    let title = language.text(&format!("{key}.title"));
    canvas.text((area.x, area.y), title, area.width, canvas.role(Role::Accent).add_modifier(Modifier::BOLD));
    let mut y = area.y + 1;
    let text = wrapped(language.text(&format!("{key}.text")), columns);
    let hint = wrapped(language.text(&format!("{key}.try")), columns - 2);
    for line in &text {
        canvas.text((area.x, y), line, area.width, canvas.role(Role::Text));
        y += 1;
    }
    for (index, line) in hint.iter().enumerate() {
        let mark = if index == 0 { "▸ " } else { "  " };
        let x = canvas.text((area.x, y), mark, 2, canvas.role(Role::Good));
        canvas.text((x, y), line, area.width - 2, canvas.role(Role::Good));
        y += 1;
    }
    // An empty row where there is room.
    let y = if area.height >= 30 { y + 1 } else { y };
    Rect { y, height: area.bottom().saturating_sub(y), ..area }
}

/// Last rows of the body: what can be said about the present state; returns the area above.
fn outcome(tour: &mut Tour, canvas: &mut Canvas<'_>, area: Rect) -> Rect {
    let language = tour.shared.language;
    let (page, _) = tour.page();
    if page.is_wide() {
        return area;
    }
    let text = page.outcome().map(|(key, values)| language.filled(&format!("outcome.{key}"), &values));
    let lines = text.map_or(Vec::new(), |text| wrapped(&text, usize::from(area.width).min(110)));
    // Two rows stay free for it, so that the picture keeps its size.
    let height = (lines.len() as u16).max(2).min(area.height);
    let below = Rect { y: area.bottom() - height, height, ..area };
    canvas.lines(lines.iter().map(|line| (&**line, Role::Warn)), below);
    Rect { height: area.height - height, ..area }
}

/// Picture on the left, controls and numbers on the right.
fn scene(tour: &mut Tour, canvas: &mut Canvas<'_>, area: Rect) {
    let is_wide = tour.page().0.is_wide();
    let side = match () {
        () if is_wide => 0,
        () if area.width >= 100 => 44,
        () => 33,
    };
    let picture = Rect { width: area.width - side, ..area };
    let picture = Rect { width: picture.width.saturating_sub(u16::from(side > 0)), ..picture };
    if side > 0 {
        panel(tour, canvas, Rect { x: area.right() - side, width: side, ..area });
    }
    tour.picture = picture;
    let (page, shared) = tour.page();
    if !picture.is_empty() {
        page.draw(canvas, picture, shared);
    }
}

/// Controls, work in the background, and numbers.
fn panel(tour: &mut Tour, canvas: &mut Canvas<'_>, area: Rect) {
    let (language, selected) = (tour.shared.language, tour.selected[tour.at]);
    let (page, shared) = tour.page();
    let (controls, facts, progress) = (page.controls(), page.facts(shared), page.progress());
    let mut y = area.y;
    let mut hits = Vec::new();
    let labels = controls.iter().filter_map(|control| match control {
        Control::Slider { label, .. } => Some(width(language.text(&format!("control.{label}"))) as u16),
        _ => None,
    });
    // All tracks begin after the longest label.
    let left = (labels.max().unwrap_or(0) + 1).min(area.width / 2);
    for (index, control) in controls.iter().enumerate() {
        if y >= area.bottom() {
            break;
        }
        let row = Rect { y, height: 1, ..area };
        hits.push((row, Hit::Control(index)));
        let mark = if index == selected { "▸ " } else { "  " };
        let x = canvas.text((area.x, y), mark, 2, canvas.role(Role::Accent));
        let style = match index == selected {
            true => canvas.role(Role::Accent).add_modifier(Modifier::BOLD),
            false => canvas.role(Role::Text),
        };
        match control {
            Control::Button { label, key, on } => {
                let text = format!("[{key}] {}", language.text(&format!("control.{label}")));
                let end = canvas.text((x, y), &text, area.width - 2, style);
                if *on {
                    canvas.text((end + 1, y), "●", 1, canvas.role(Role::Good));
                }
            }
            Control::Board { label } => {
                canvas.text((x, y), language.text(&format!("control.{label}")), area.width - 2, style);
            }
            Control::Slider { label, value, range, step } => {
                let name = language.text(&format!("control.{label}"));
                canvas.text((x, y), name, left - 1, style);
                let number = slider_number(*value, *step);
                let track = Rect { x: area.x + 2 + left, y, width: area.width - left - 9, height: 1 };
                let share = ((value - range.0) / (range.1 - range.0)).clamp(0.0, 1.0);
                let knob = (share * f64::from(track.width - 1)).round() as u16;
                for column in 0..track.width {
                    let (glyph, role) = match column {
                        column if column == knob => ('●', Role::Accent),
                        column if column < knob => ('━', Role::Accent),
                        _ => ('─', Role::Line),
                    };
                    canvas.glyph((track.x + column, y), glyph, canvas.role(role));
                }
                canvas.text((track.right() + 1, y), &number, 6, style);
                hits.push((track, Hit::Track(index)));
            }
        }
        y += 1;
    }
    if let Some((name, share)) = progress.filter(|_| y + 1 < area.bottom()) {
        let text = format!("{} {:.0} %", language.text(&format!("work.{name}")), 100.0 * share);
        let cancel = language.text("view.cancel");
        canvas.text((area.x, y), &text, area.width, canvas.role(Role::Dim));
        canvas.bar((area.x, y + 1), area.width.saturating_sub(12), share, canvas.role(Role::Accent));
        let button = Rect { x: area.right() - 11, y: y + 1, width: 11, height: 1 };
        canvas.text((button.x, button.y), &format!("[x] {cancel}"), 11, canvas.role(Role::Text));
        hits.push((button, Hit::Cancel));
        y += 2;
    }
    // An empty row before the numbers, if all of them fit below it.
    let all: Vec<(&str, &str)> = facts.iter().map(|(key, text)| (*key, &**text)).collect();
    if !controls.is_empty() && usize::from(area.bottom().saturating_sub(y)) > all.len() {
        y += 1;
    }
    let names = all.iter().filter(|(key, _)| !key.is_empty());
    let name_of = |key: &str| language.text(&format!("fact.{key}")).to_owned();
    let wide = names.map(|(key, _)| width(&name_of(key))).max().unwrap_or(0).min(20) as u16;
    for (key, text) in all {
        if y >= area.bottom() {
            break;
        }
        match key {
            "" => {
                canvas.text((area.x, y), text, area.width, canvas.role(Role::Text));
            }
            _ => {
                canvas.text((area.x, y), &name_of(key), wide, canvas.role(Role::Dim));
                canvas.text((area.x + wide + 1, y), text, area.width - wide - 1, canvas.role(Role::Text));
            }
        }
        y += 1;
    }
    tour.hits.extend(hits);
}

/// Number of a slider with as many decimals as its step.
fn slider_number(value: f64, step: f64) -> String {
    let whole = |x: f64| (x - x.round()).abs() < 1e-9;
    let decimals = match step {
        step if whole(step) => 0,
        step if whole(10.0 * step) => 1,
        _ => 2,
    };
    format!("{value:.decimals$}")
}

/// Last row: keys, which also take clicks.
fn footer(tour: &mut Tour, canvas: &mut Canvas<'_>, area: Rect) {
    canvas.buf.set_style(area, canvas.palette.bar());
    let language = tour.shared.language;
    let keys: [(&str, &str, Option<Hit>); 7] = [
        ("b", "back", Some(Hit::Back)),
        ("n", "next", Some(Hit::Next)),
        ("c", "contents", Some(Hit::Contents)),
        ("tab ↑↓", "select", None),
        ("←→", "change", None),
        ("?", "help", Some(Hit::Help)),
        ("q", "quit", None),
    ];
    let mut x = area.x + 1;
    for (key, name, hit) in keys {
        let text = language.text(&format!("key.{name}"));
        let wide = (width(key) + width(text) + 1) as u16;
        if x + wide > area.right() {
            break;
        }
        let start = x;
        x = canvas.text((x, area.y), key, 12, canvas.role(Role::Text)) + 1;
        x = canvas.text((x, area.y), text, 20, canvas.role(Role::Dim));
        if let Some(hit) = hit {
            tour.hits.push((Rect { x: start, y: area.y, width: x - start, height: 1 }, hit));
        }
        x += 2;
    }
}

/// Box with a title; returns the area within.
fn overlay(canvas: &mut Canvas<'_>, title: &str, wanted: (u16, u16), screen: Rect) -> Rect {
    let title = Line::styled(format!(" {title} "), canvas.role(Role::Accent));
    boxed([title, Line::default()], wanted, canvas.palette, screen, canvas.buf)
}

/// List of the scenes.
fn contents(tour: &mut Tour, selected: usize, canvas: &mut Canvas<'_>, screen: Rect) {
    let language = tour.shared.language;
    let welcome = wrapped(language.text("view.welcome"), 62);
    let hint = wrapped(language.text("view.contents-keys"), 62);
    let height = welcome.len() + hint.len() + SCENES.len() + 4;
    let inside = overlay(canvas, language.text("view.title"), (68, height as u16), screen);
    canvas.lines(welcome.iter().map(|line| (&**line, Role::Text)), inside);
    let mut y = inside.y + welcome.len() as u16 + 1;
    tour.hits.push((inside, Hit::Contents));
    for (number, scene) in SCENES.iter().enumerate() {
        let title = language.text(&format!("scene.{}", scene.key));
        let text = format!("{} {}  {title} ", if number == selected { '▸' } else { ' ' }, number + 1);
        let style = if number == selected { selected_style(canvas) } else { canvas.role(Role::Text) };
        if y < inside.bottom() {
            canvas.text((inside.x, y), &text, inside.width, style);
            tour.hits.push((Rect { y, height: 1, ..inside }, Hit::Scene(number)));
        }
        y += 1;
    }
    let below = Rect { y: (y + 1).min(inside.bottom()), ..inside };
    let below = Rect { height: inside.bottom() - below.y, ..below };
    canvas.lines(hint.iter().map(|line| (&**line, Role::Dim)), below);
}

/// Names of the keys, and the keys of their effects without the prefix `help.`.
pub(super) const KEYS: [(&str, &str); 13] = [
    ("n b", "pages"),
    ("1 - 9", "scenes"),
    ("c esc", "contents"),
    ("tab ↑ ↓", "select"),
    ("← → - +", "change"),
    ("enter space", "press"),
    ("[a]", "letter"),
    ("x", "cancel"),
    ("r", "repeat"),
    ("L", "language"),
    ("T", "theme"),
    ("q ctrl-c", "quit"),
    ("mouse", "mouse"),
];

/// Keys of the tour.
fn help(language: Language, canvas: &mut Canvas<'_>, screen: Rect) {
    let wanted = (68, KEYS.len() as u16 + 2);
    let inside = overlay(canvas, language.text("key.help"), wanted, screen);
    for ((key, does), y) in KEYS.iter().zip(inside.top()..inside.bottom()) {
        let key = if *key == "mouse" { language.text("key.mouse") } else { *key };
        canvas.text((inside.x, y), key, 13, canvas.role(Role::Text));
        let text = language.text(&format!("help.{does}"));
        canvas.text((inside.x + 13, y), text, inside.width - 13, canvas.role(Role::Dim));
    }
}
