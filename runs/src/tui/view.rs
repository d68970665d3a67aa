//! The model to characters. Nothing here changes anything.

mod actions;
mod chart;
mod help;
mod panel;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::episode::Over;
use super::hand::Input;
use super::layout::{self, Shape};
use super::model::Model;
use super::palette::{Depth, Ink, Palette};

/// Draws everything.
pub(super) fn draw(model: &Model, palette: Palette, frame: &mut ratatui::Frame<'_>) {
    let screen = frame.area();
    let buf = frame.buffer_mut();
    buf.set_style(screen, palette.ground());
    let actions = model.episode.spec().actions.names().len();
    let areas = layout::areas(screen, model.shape, model.picture.width(), actions);
    header(model, palette, areas.header, buf);
    world(model, palette, areas.world, buf);
    match areas.shape {
        Shape::Strip => strip(model, palette, areas.panel, buf),
        shape => panel::draw(model, palette, shape, areas.panel, buf),
    }
    footer(model, palette, areas.footer, buf);
    if model.help {
        help::draw(palette, screen, buf);
    }
}

fn header(model: &Model, palette: Palette, area: Rect, buf: &mut Buffer) {
    buf.set_style(area, palette.bar());
    let mut left = vec![
        Span::raw(" "),
        Span::styled(model.title.clone(), palette.ink(Ink::Text).add_modifier(Modifier::BOLD)),
        Span::raw("   "),
    ];
    if let Some((name, _)) = model.cast.get(model.shown) {
        left.push(Span::styled(name.clone(), palette.ink(Ink::Accent)));
        if model.cast.len() > 1 {
            let place = format!("  {} of {}", model.shown + 1, model.cast.len());
            left.push(Span::styled(place, palette.ink(Ink::Dim)));
        }
    }
    let right = Line::from(badge(model, palette));
    let width = (right.width() as u16).min(area.width);
    Line::from(left).render(Rect { width: area.width - width, ..area }, buf);
    right.render(Rect { x: area.right() - width, width, ..area }, buf);
}

/// Whether time runs, how fast, and who plays.
fn badge(model: &Model, palette: Palette) -> Vec<Span<'static>> {
    let speed = format!("{}/s", number(model.speed));
    if let Some(hand) = &model.hand {
        let runs = model.running && matches!(hand.input, Input::Numbers { .. });
        let text = if runs { format!(" ● you play  {speed} ") } else { " ● you play ".into() };
        return vec![Span::styled(text, palette.ink(Ink::Accent))];
    }
    if !model.running {
        return vec![Span::styled(format!(" ‖ paused  {speed} "), palette.ink(Ink::Warn))];
    }
    let text = if model.breathless { format!(" ► up to {speed} ") } else { format!(" ► {speed} ") };
    vec![Span::styled(text, palette.ink(Ink::Good))]
}

fn world(model: &Model, palette: Palette, area: Rect, buf: &mut Buffer) {
    let (left, top) = model.camera.origin;
    // Without colors, ground on which nothing is written needs a glyph to be seen.
    let bare = if palette.0 == Depth::None { bare(&model.picture) } else { Vec::new() };
    for row in 0..area.height {
        for column in 0..area.width {
            let at = |origin: i32, cell: u16| usize::try_from(origin + i32::from(cell)).ok();
            let (Some(x), Some(y)) = (at(left, column), at(top, row)) else { continue };
            let Some(cell) = model.picture.get(x, y) else { continue };
            let (glyph, style) =
                palette.cell(cell, bare.get(y * model.picture.width() + x).is_some_and(|bare| *bare));
            // The contract says one column; a screen that believed a wider one would tear.
            let narrow = glyph.is_ascii() || Span::raw(glyph.encode_utf8(&mut [0; 4]) as &str).width() == 1;
            if let Some(out) = buf.cell_mut((area.x + column, area.y + row)) {
                out.set_char(if narrow { glyph } else { '?' }).set_style(style);
            }
        }
    }
    if !model.camera.fits(&model.picture) && area.height >= 6 {
        let hint = if model.camera.following { " shift+arrows scroll " } else { " f follows " };
        let width = area.width.min(hint.len() as u16);
        let at = Rect { y: area.bottom() - 1, height: 1, width, ..area };
        // A label of its own: the world goes on behind it.
        buf.set_style(at, palette.ground().patch(palette.bar()));
        Line::styled(hint, palette.ink(Ink::Dim)).render(at, buf);
    }
}

/// Which cells belong to a patch of equal ground on which nothing at all is written, row-major.
fn bare(picture: &freewheel_core::Frame) -> Vec<bool> {
    let (width, height) = (picture.width(), picture.height());
    let (mut seen, mut bare) = (vec![false; width * height], vec![false; width * height]);
    let mut patch = Vec::new();
    for start in 0..width * height {
        if seen[start] {
            continue;
        }
        patch.clear();
        patch.push(start);
        seen[start] = true;
        let (mut next, mut blank) = (0, true);
        while let Some(&cell) = patch.get(next) {
            next += 1;
            let (x, y) = (cell % width, cell / width);
            let Some(here) = picture.get(x, y) else { continue };
            blank &= here.glyph == ' ';
            // Before the first there is none: the greatest number lies outside of any picture.
            let (left, up) = (x.checked_sub(1).unwrap_or(usize::MAX), y.checked_sub(1).unwrap_or(usize::MAX));
            for (x, y) in [(x + 1, y), (left, y), (x, y + 1), (x, up)] {
                if picture.get(x, y).is_some_and(|there| there.bg == here.bg) && !seen[y * width + x] {
                    seen[y * width + x] = true;
                    patch.push(y * width + x);
                }
            }
        }
        patch.iter().for_each(|&cell| bare[cell] = blank);
    }
    bare
}

/// The panel of a narrow screen.
fn strip(model: &Model, palette: Palette, area: Rect, buf: &mut Buffer) {
    if area.height < 2 {
        return;
    }
    let (runner, dim) = (model.episode.runner(), palette.ink(Ink::Dim));
    let text = palette.ink(Ink::Text);
    let first = Line::from(vec![
        Span::styled(" episode ", dim),
        Span::styled(model.episode.number().to_string(), text),
        Span::styled("  step ", dim),
        Span::styled(runner.length().to_string(), text),
        Span::styled("  return ", dim),
        Span::styled(number(runner.score()), text),
    ]);
    let mut second = vec![Span::raw(" ")];
    if let Some(last) = model.episode.last() {
        second.push(Span::styled(panel::action(model, last), text));
        second.push(Span::styled("  reward ", dim));
        second.push(Span::styled(format!("{}  ", number(last.reward.into())), text));
    }
    if let Some(over) = model.episode.over() {
        let (words, ink) = ending(over);
        second.push(Span::styled(words, palette.ink(ink)));
    }
    first.render(Rect { height: 1, ..area }, buf);
    Line::from(second).render(Rect { y: area.y + 1, height: 1, ..area }, buf);
}

/// How an episode ended, in words.
fn ending(over: Over) -> (&'static str, Ink) {
    match over {
        Over::Terminal => ("● terminal", Ink::Good),
        Over::Truncated => ("◐ truncated", Ink::Warn),
        Over::Cut => ("○ cut here", Ink::Warn),
    }
}

fn footer(model: &Model, palette: Palette, area: Rect, buf: &mut Buffer) {
    buf.set_style(area, palette.bar());
    if let Some(note) = &model.note {
        return Line::styled(format!(" {note}"), palette.ink(Ink::Warn)).render(area, buf);
    }
    let keys = keys(model);
    let wide = |(key, does): &(&str, &str)| {
        Span::raw(*key).width() + Span::raw(*does).width() + if does.is_empty() { 2 } else { 3 }
    };
    // The last two, help and the way out, always stand there; of the others as many as there is room for.
    let mut room = usize::from(area.width).saturating_sub(1);
    let (others, always) = keys.split_at(keys.len().saturating_sub(2));
    room = room.saturating_sub(always.iter().map(wide).sum());
    let shown = others.iter().take_while(|key| {
        let fits = wide(key) <= room;
        room = room.saturating_sub(wide(key));
        fits
    });
    let mut spans = vec![Span::raw(" ")];
    for (key, does) in shown.chain(always) {
        spans.push(Span::styled(*key, palette.ink(Ink::Text)));
        spans.push(Span::styled(format!(" {does}  "), palette.ink(Ink::Dim)));
    }
    Line::from(spans).render(area, buf);
}

/// The keys that matter now, the most useful first.
fn keys(model: &Model) -> Vec<(&'static str, &'static str)> {
    let over = model.episode.over().is_some();
    let mut keys = Vec::new();
    match model.hand.as_ref().map(|hand| &hand.input) {
        None => {
            keys.push(("space", if model.running { "pause" } else { "go on" }));
            keys.extend([("← →", "step"), ("+ -", "speed")]);
            if model.cast.len() > 1 {
                keys.push(("[ ]", "agent"));
            }
            keys.extend([("b N", "episode"), ("r", "again"), ("v", "thoughts"), ("p", "play")]);
        }
        Some(Input::Keys(_) | Input::Words { .. }) if over => {
            keys.extend([("N", "next episode"), ("R", "again")])
        }
        Some(Input::Keys(_)) => keys.extend([("R", "again"), ("N", "next episode")]),
        Some(Input::Words { .. }) => keys.extend([("enter", "plays what you type"), ("←", "step back")]),
        Some(Input::Numbers { .. }) => keys.extend([
            ("← →", "change"),
            ("↑ ↓", "choose"),
            ("0", "rest"),
            ("enter", "step"),
            ("space", if model.running { "pause" } else { "go" }),
        ]),
    }
    if model.hand.is_some() && !model.cast.is_empty() {
        let typing = matches!(model.hand.as_ref().map(|hand| &hand.input), Some(Input::Words { .. }));
        keys.push((if typing { "esc" } else { "p" }, "give back"));
        if !typing {
            keys.push(("n", "let it move"));
        }
    }
    let typing = matches!(model.hand.as_ref().map(|hand| &hand.input), Some(Input::Words { .. }));
    keys.extend([("?", "help"), (if typing { "ctrl-c" } else { "q" }, "quit")]);
    keys
}

/// A number as short as it can be read: about four digits.
pub(super) fn number(x: f64) -> String {
    alike(&[x]).swap_remove(0)
}

/// Numbers as short as they can be read, all with the same decimals, so that they stand below each other.
pub(super) fn alike(all: &[f64]) -> Vec<String> {
    let finite = || all.iter().filter(|x| x.is_finite());
    let largest = finite().fold(0.0f64, |largest, x| largest.max(x.abs()));
    let whole = finite().all(|x| x.fract() == 0.0);
    let text = |x: &f64| match (*x, largest) {
        (x, _) if !x.is_finite() => format!("{x}"),
        (x, largest) if largest >= 1e6 || (largest > 0.0 && largest < 1e-3) => {
            if x == 0.0 {
                "0".into()
            } else {
                format!("{x:.2e}")
            }
        }
        (x, _) if whole => format!("{:.0}", x + 0.0),
        (x, largest) if largest >= 1000.0 => format!("{x:.0}"),
        (x, largest) if largest >= 100.0 => format!("{x:.1}"),
        (x, largest) if largest >= 1.0 => format!("{x:.2}"),
        (x, _) => format!("{x:.3}"),
    };
    all.iter().map(text).collect()
}

#[cfg(test)]
mod screens;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let all = [0.0, -0.0, -13.0, 0.25, 3.456, -123.456, 1234.5, 1e7, 0.00012, f64::NAN, f64::INFINITY];
        let text = all.map(number);
        assert_eq!(
            text,
            ["0", "0", "-13", "0.250", "3.46", "-123.5", "1234", "1.00e7", "1.20e-4", "NaN", "inf"]
        );
    }

    #[test]
    fn numbers_in_a_column_have_the_same_decimals() {
        assert_eq!(alike(&[-5.0, -8.5, f64::NAN, -16.25]), ["-5.00", "-8.50", "NaN", "-16.25"]);
        assert_eq!(alike(&[-5.0, 1234.5]), ["-5", "1234"]);
        assert_eq!(alike(&[0.0, 0.25]), ["0.000", "0.250"]);
        assert_eq!(alike(&[0.0, -5.42e-5]), ["0", "-5.42e-5"]);
        assert!(alike(&[]).is_empty());
    }
}
