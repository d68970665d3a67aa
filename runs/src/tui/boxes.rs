//! Boxes with a frame, and text in lines.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear, Padding, Widget};

use super::layout::centered;
use super::palette::{Palette, Role};

/// Draws a frame with a title; returns the area within.
pub(super) fn framed(title: Line<'_>, palette: Palette, area: Rect, buf: &mut Buffer) -> Rect {
    let block = frame(title, palette, area);
    let inside = block.inner(area);
    block.render(area, buf);
    inside
}

/// Draws an empty box of at most the size `wanted` in the middle of `screen`, with a title and a line in its lower
/// border; returns the area within.
pub(super) fn boxed(
    [title, bottom]: [Line<'_>; 2],
    wanted: (u16, u16),
    palette: Palette,
    screen: Rect,
    buf: &mut Buffer,
) -> Rect {
    let area = centered(wanted, screen);
    over(area, palette, buf);
    let block = frame(title, palette, area).title_bottom(bottom.right_aligned());
    let inside = block.inner(area);
    block.render(area, buf);
    inside
}

/// Clears an area for a box over the screen. A wide character that its left border would cut in two goes.
pub(super) fn over(area: Rect, palette: Palette, buf: &mut Buffer) {
    for y in area.top()..area.bottom() {
        let left = area.left().checked_sub(1).and_then(|x| buf.cell_mut((x, y)));
        if let Some(cell) = left.filter(|cell| Span::raw(cell.symbol()).width() > 1) {
            cell.set_char(' ');
        }
    }
    Clear.render(area, buf);
    buf.set_style(area, palette.base().patch(palette.bar()));
}

fn frame<'a>(title: Line<'a>, palette: Palette, area: Rect) -> Block<'a> {
    Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(palette.role(Role::Line))
        .title(title)
        .padding(Padding::horizontal(u16::from(area.width > 20)))
}

/// Draws lines of text from the top of `area`, as many as fit; returns the rows that are left.
pub(super) fn write_lines<'a>(
    lines: impl IntoIterator<Item = Line<'a>>,
    area: Rect,
    buf: &mut Buffer,
) -> Rect {
    let mut left = area;
    for line in lines {
        if left.height == 0 {
            break;
        }
        line.render(Rect { height: 1, ..left }, buf);
        left = Rect { y: left.y + 1, height: left.height - 1, ..left };
    }
    left
}

/// Text in lines of at most `width` columns, broken at spaces; a longer word, such as a path, is broken anywhere.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace().flat_map(|word| pieces(word, width)) {
        let Some(line) = lines.last_mut() else { break };
        let needed = Span::raw(&**line).width() + 1 + Span::raw(word).width();
        if line.is_empty() {
            line.push_str(word);
        } else if needed <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// Pieces of a word of at most `width` columns, at least one character each.
fn pieces(word: &str, width: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = word;
    while Span::raw(rest).width() > width {
        let fits = |end: &usize| Span::raw(&rest[..*end]).width() <= width;
        let ends = rest.char_indices().map(|(at, _)| at).skip(1);
        let end = ends.take_while(fits).last().or_else(|| rest.chars().next().map(char::len_utf8));
        let Some((piece, after)) = end.and_then(|end| rest.split_at_checked(end)) else { break };
        pieces.push(piece);
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(rest);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces() {
        let equation = wrapped("Q(s,a) ← Q(s,a) + α [r − Q(s,a)]", 18);
        assert_eq!(equation, ["Q(s,a) ← Q(s,a) +", "α [r − Q(s,a)]"]);
        assert_eq!(wrapped("", 5), [""]);
        assert_eq!(wrapped("longer than five", 5), ["longe", "r", "than", "five"]);
        assert_eq!(wrapped("a/path/of/folders", 7), ["a/path/", "of/fold", "ers"]);
        assert_eq!(wrapped("äöü", 0), ["ä", "ö", "ü"]);
    }
}
