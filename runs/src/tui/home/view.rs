//! Drawing of the home screen: tabs, list, details of the selected item, keys.

mod details;
mod list;
mod overlay;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::details::Details;
use super::keys;
use super::model::{Focus, Home, Tab};
use crate::messages::screens::tr;
use crate::tui::palette::{Palette, Role};

/// Smallest screen, columns and rows.
const LEAST: (u16, u16) = (40, 10);

/// Draws the home screen into the area `screen`.
pub(super) fn draw(
    model: &mut Home,
    world: Option<&Details>,
    palette: Palette,
    screen: Rect,
    buf: &mut Buffer,
) {
    if screen.is_empty() {
        return;
    }
    buf.set_style(screen, palette.base());
    if screen.width < LEAST.0 || screen.height < LEAST.1 {
        let text = tr!("too small; at least {} x {}", LEAST.0, LEAST.1);
        buf.set_stringn(screen.x, screen.y, text, usize::from(screen.width), palette.role(Role::Warn));
        return;
    }
    let header = Rect { height: 1, ..screen };
    let footer = Rect { y: screen.bottom() - 1, height: 1, ..screen };
    let body = Rect { y: screen.y + 1, height: screen.height - 2, ..screen };
    tabs(model, palette, header, buf);
    // Details need a wide screen; on a narrow one they are below the list, if they fit.
    let (list, details) = if model.tab == Tab::Runs && body.width < 110 || body.width < 64 {
        let height = if body.height >= 18 { body.height * 2 / 5 } else { 0 };
        let list = Rect { height: body.height - height, ..body };
        (list, Rect { y: list.bottom(), height, ..body })
    } else {
        let width = if model.tab == Tab::Runs { body.width * 3 / 5 } else { (body.width * 2 / 5).min(44) };
        let list = Rect { width, ..body };
        (list, Rect { x: list.right(), width: body.width - width, ..body })
    };
    list::draw(model, palette, list, buf);
    if details.height > 2 {
        details::draw(model, world, palette, details, buf);
    }
    footer_line(model, palette, footer, buf);
    match model.focus {
        Focus::Form => overlay::form(model, palette, body, buf),
        Focus::Compare => overlay::compare(model, palette, body, buf),
        Focus::List | Focus::Filter => {}
    }
    if model.rules {
        overlay::rules(model, world, palette, screen, buf);
    }
    if model.help {
        overlay::help(model, palette, screen, buf);
    }
}

/// First row: the tabs.
fn tabs(model: &mut Home, palette: Palette, area: Rect, buf: &mut Buffer) {
    buf.set_style(area, palette.bar());
    (model.places.top, model.places.tabs) = (area.y, Vec::new());
    let mut spans = vec![Span::styled(" freewheel  ", palette.role(Role::Dim).add_modifier(Modifier::BOLD))];
    for (tab, number) in Tab::ALL.into_iter().zip(1..) {
        let style = match (tab == model.tab, palette.shade(Role::Accent)) {
            (true, Some(shade)) => palette.role(Role::Accent).add_modifier(Modifier::BOLD).bg(shade),
            (true, None) => palette.role(Role::Accent).add_modifier(Modifier::BOLD | Modifier::REVERSED),
            (false, _) => palette.role(Role::Text),
        };
        let from = area.x + spans.iter().map(|span| span.width() as u16).sum::<u16>();
        spans.push(Span::styled(format!(" {number} {} ", tab.name()), style));
        let wide = spans.last().map_or(0, |span| span.width() as u16);
        model.places.tabs.push((from, from + wide));
        spans.push(Span::raw(" "));
    }
    Line::from(spans).render(area, buf);
    let folder = format!("{} ", model.folder.display());
    let wide = Span::raw(&*folder).width() as u16;
    if model.tab == Tab::Runs && wide + 66 < area.width {
        buf.set_string(area.right() - wide, area.y, folder, palette.role(Role::Dim));
    }
}

/// Last row: a message, the filter, or the keys.
fn footer_line(model: &Home, palette: Palette, area: Rect, buf: &mut Buffer) {
    buf.set_style(area, palette.bar());
    if let Some(message) = &model.message {
        return Line::styled(format!(" {message}"), palette.role(Role::Warn)).render(area, buf);
    }
    let mut spans = vec![Span::raw(" ")];
    let mut room = usize::from(area.width).saturating_sub(1);
    let keys = keys::help(model);
    let wide = |(key, does): &(&str, &str)| Span::raw(*key).width() + Span::raw(*does).width() + 3;
    // The last two keys, help and quit, are always shown.
    let (others, always) = keys.split_at(keys.len().saturating_sub(2));
    room = room.saturating_sub(always.iter().map(wide).sum());
    let shown = others.iter().take_while(|key| {
        let fits = wide(key) <= room;
        room = room.saturating_sub(wide(key));
        fits
    });
    for (key, does) in shown.chain(always) {
        spans.push(Span::styled(*key, palette.role(Role::Text)));
        spans.push(Span::styled(format!(" {does}  "), palette.role(Role::Dim)));
    }
    Line::from(spans).render(area, buf);
}
