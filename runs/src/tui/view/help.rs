//! Help of the viewer: the keys, in a box over the screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear, Padding, Widget};

use crate::tui::keys::HELP;
use crate::tui::palette::{Palette, Role};

/// Draws the help.
pub(super) fn draw(palette: Palette, screen: Rect, buf: &mut Buffer) {
    let (width, height) = (46.min(screen.width), (HELP.len() as u16 + 2).min(screen.height));
    let area = Rect {
        x: screen.x + (screen.width - width) / 2,
        y: screen.y + (screen.height - height) / 2,
        width,
        height,
    };
    Clear.render(area, buf);
    buf.set_style(area, palette.base().patch(palette.bar()));
    let block = Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(palette.role(Role::Line))
        .title(Line::styled(" keys ", palette.role(Role::Dim)))
        .padding(Padding::horizontal(1));
    let inside = block.inner(area);
    block.render(area, buf);
    for ((key, does), y) in HELP.iter().zip(inside.top()..inside.bottom()) {
        let line = if key.is_empty() {
            Line::styled(*does, palette.role(Role::Accent))
        } else {
            Line::from(vec![
                Span::styled(format!("  {key:<9}"), palette.role(Role::Text)),
                Span::styled(*does, palette.role(Role::Dim)),
            ])
        };
        line.render(Rect { y, height: 1, ..inside }, buf);
    }
}
