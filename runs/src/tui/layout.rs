//! Where things stand on a screen.
//!
//! A wide screen has the world on the left and the panel on the right, or below it where that shows a wide world better;
//! a narrow one has the world and two lines; a tiny one has the world and the keys.

use ratatui::layout::Rect;

/// What the panel looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// One column on the right.
    Side,
    /// Two columns below.
    Below,
    /// Two lines below.
    Strip,
}

/// The areas of a screen. One without cells means that there is no room for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Areas {
    pub(super) header: Rect,
    pub(super) world: Rect,
    pub(super) panel: Rect,
    pub(super) shape: Shape,
    pub(super) footer: Rect,
}

/// Columns of the panel on the right: at least, and where there are plenty.
const SIDE: (u16, u16) = (32, 44);

/// The shapes that a screen can have, the preferred one first. Of `actions` the panel shows the values.
pub(super) fn shapes(screen: Rect, actions: usize) -> &'static [Shape] {
    let (_, body, _) = rows(screen);
    match body.height {
        height if screen.width < 64 || height < 12 => &[Shape::Strip],
        // A world wants a few rows too.
        height if height < below(actions) + 3 => &[Shape::Side],
        _ => &[Shape::Side, Shape::Below],
    }
}

/// Columns and rows that a world's picture may take at most on a screen of this shape.
pub(super) fn room(screen: Rect, shape: Shape, actions: usize) -> (usize, usize) {
    let (_, body, _) = rows(screen);
    let (width, height) = match shape {
        Shape::Side => (body.width.saturating_sub(SIDE.0), body.height),
        Shape::Below => (body.width, body.height.saturating_sub(below(actions))),
        Shape::Strip => (body.width, body.height - strip(body)),
    };
    (usize::from(width), usize::from(height))
}

/// The areas of a screen of this shape, around a picture so many columns wide.
pub(super) fn areas(screen: Rect, shape: Shape, picture: usize, actions: usize) -> Areas {
    let (header, body, footer) = rows(screen);
    let (world, panel) = match shape {
        Shape::Side => {
            // The panel gives way to a world that needs the columns.
            let usual = (body.width * 2 / 5).clamp(SIDE.0, SIDE.1);
            let left = u16::try_from(usize::from(body.width).saturating_sub(picture)).unwrap_or(u16::MAX);
            let side = match left {
                // A column of air on both sides.
                left if left >= SIDE.0 + 2 => usual.min(left - 2),
                left if left >= SIDE.0 => usual.min(left),
                _ => usual.min(body.width),
            };
            let world = Rect { width: body.width - side, ..body };
            (world, Rect { x: world.right(), width: side, ..body })
        }
        Shape::Below | Shape::Strip => {
            let height = if shape == Shape::Strip { strip(body) } else { below(actions).min(body.height) };
            let world = Rect { height: body.height - height, ..body };
            (world, Rect { y: world.bottom(), height, ..body })
        }
    };
    Areas { header, world, panel, shape, footer }
}

/// The first row, what is between, the last row.
fn rows(screen: Rect) -> (Rect, Rect, Rect) {
    let row = |y: u16, height: u16| Rect { x: screen.x, y: screen.y + y, width: screen.width, height };
    let height = screen.height;
    let header = if height >= 6 { row(0, 1) } else { Rect::ZERO };
    let footer = if height >= 3 { row(height - 1, 1) } else { Rect::ZERO };
    (header, row(header.height, height - header.height - footer.height), footer)
}

/// Rows of the panel below.
fn below(actions: usize) -> u16 {
    9 + actions.clamp(4, 6) as u16
}

/// Rows of the strip.
fn strip(body: Rect) -> u16 {
    if body.height >= 6 { 2 } else { 0 }
}

/// How many cells of a picture can be seen in a room, and whether that is all of it.
pub(super) fn seen(picture: (usize, usize), room: (usize, usize)) -> (usize, bool) {
    let whole = picture.0 <= room.0 && picture.1 <= room.1;
    (picture.0.min(room.0).saturating_mul(picture.1.min(room.1)), whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_has_its_areas() {
        for (width, height) in (0..130).flat_map(|width| (0..50).map(move |height| (width, height))) {
            let screen = Rect { x: 0, y: 0, width, height };
            for &shape in shapes(screen, 4) {
                for picture in [0, 12, 72, 400, usize::MAX] {
                    let areas = areas(screen, shape, picture, 4);
                    let all = [areas.header, areas.world, areas.panel, areas.footer];
                    let cells: u32 = all.iter().map(|area| area.area()).sum();
                    assert_eq!(cells, screen.area(), "{width} x {height} {shape:?}");
                    let room = room(screen, shape, 4);
                    let world = (usize::from(areas.world.width), usize::from(areas.world.height));
                    assert!(
                        picture > room.0 || picture <= world.0 && room.1 == world.1,
                        "{room:?} {world:?}"
                    );
                }
            }
        }
    }
}
