//! Layout of the viewer's screen.
//!
//! A large screen shows the world on the left and a panel on the right, or the panel below if more of a wide world is
//! then visible. A narrow screen shows the world and two lines, a very small screen the world and the keys.

use ratatui::layout::Rect;

/// Choice of the position and shape of the panel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Shape {
    /// Panel as a column on the right of the world.
    #[default]
    Side,
    /// Panel of two columns below the world.
    Below,
    /// Panel of two lines below the world.
    Strip,
}

/// Areas of a screen. An empty area means that the screen has no space for the part.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Areas {
    pub(super) header: Rect,
    pub(super) world: Rect,
    pub(super) panel: Rect,
    pub(super) shape: Shape,
    /// One or two rows: the names of the events, and the bar with its labels.
    pub(super) timeline: Rect,
    pub(super) footer: Rect,
}

impl Areas {
    /// Bar of the timeline, between the labels on its left and right.
    pub(super) fn bar(&self) -> Rect {
        let area = self.timeline;
        if area.height == 0 {
            return Rect::ZERO;
        }
        let (left, right) = if area.width < 60 { (10, 1) } else { (13, 15) };
        let width = area.width.saturating_sub(left + right);
        Rect { x: area.x + left.min(area.width), y: area.bottom() - 1, width, height: 1 }
    }
}

/// Minimum and maximum number of columns of the panel on the right.
const SIDE: (u16, u16) = (32, 44);

/// Minimum number of columns of a narrow screen with a panel below the world.
const HALF: u16 = 56;

/// Possible panel shapes for a screen, the preferred one first. `actions` is the number of actions shown in the panel.
pub(super) fn shapes(screen: Rect, actions: usize) -> &'static [Shape] {
    let [_, body, ..] = rows(screen);
    match body.height {
        // The halves of a wide screen, for two agents.
        height if (HALF..64).contains(&screen.width) && height >= below(actions) + 14 => {
            &[Shape::Below, Shape::Strip]
        }
        height if screen.width < 64 || height < 12 => &[Shape::Strip],
        // The world needs at least three rows.
        height if height < below(actions) + 3 => &[Shape::Side],
        _ => &[Shape::Side, Shape::Below],
    }
}

/// Maximum columns and rows of the world's picture on a screen with the given panel shape.
pub(super) fn max_picture_size(screen: Rect, shape: Shape, actions: usize) -> (usize, usize) {
    let [_, body, ..] = rows(screen);
    let (width, height) = match shape {
        Shape::Side => (body.width.saturating_sub(SIDE.0), body.height),
        Shape::Below => (body.width, body.height.saturating_sub(below(actions))),
        Shape::Strip => (body.width, body.height - strip(body)),
    };
    (usize::from(width), usize::from(height))
}

/// Areas of a screen with the given panel shape, for a picture of `picture` columns.
pub(super) fn areas(screen: Rect, shape: Shape, picture: usize, actions: usize) -> Areas {
    let [header, body, timeline, footer] = rows(screen);
    let (world, panel) = match shape {
        Shape::Side => {
            // The panel shrinks for a wide picture.
            let usual = (body.width * 2 / 5).clamp(SIDE.0, SIDE.1);
            let left = u16::try_from(usize::from(body.width).saturating_sub(picture)).unwrap_or(u16::MAX);
            let side = match left {
                // One empty column on both sides of the picture.
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
    Areas { header, world, panel, shape, timeline, footer }
}

/// First row, the rows of world and panel, the timeline, and the last row of the screen.
fn rows(screen: Rect) -> [Rect; 4] {
    let row = |y: u16, height: u16| Rect { x: screen.x, y: screen.y + y, width: screen.width, height };
    let height = screen.height;
    let header = u16::from(height >= 6);
    let footer = u16::from(height >= 3);
    let timeline = match height {
        20.. => 2,
        10.. => 1,
        _ => 0,
    };
    let body = height - header - timeline - footer;
    [row(0, header), row(header, body), row(header + body, timeline), row(height - footer, footer)]
}

/// Number of rows of the panel below the world.
fn below(actions: usize) -> u16 {
    10 + actions.clamp(4, 6) as u16
}

/// Number of rows of the panel on a narrow screen.
fn strip(body: Rect) -> u16 {
    if body.height >= 6 { 2 } else { 0 }
}

/// Area of at most the size `wanted`, in columns and rows, in the middle of `screen`.
pub(super) fn centered(wanted: (u16, u16), screen: Rect) -> Rect {
    let (width, height) = (wanted.0.min(screen.width), wanted.1.min(screen.height));
    Rect {
        x: screen.x + (screen.width - width) / 2,
        y: screen.y + (screen.height - height) / 2,
        width,
        height,
    }
}

/// Number of cells of a picture that are visible within `max_size`, and whether that is the whole picture.
pub(super) fn visible_cells(picture: (usize, usize), max_size: (usize, usize)) -> (usize, bool) {
    let whole = picture.0 <= max_size.0 && picture.1 <= max_size.1;
    (picture.0.min(max_size.0).saturating_mul(picture.1.min(max_size.1)), whole)
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
                    let all = [areas.header, areas.world, areas.panel, areas.timeline, areas.footer];
                    let cells: u32 = all.iter().map(|area| area.area()).sum();
                    assert_eq!(cells, screen.area(), "{width} x {height} {shape:?}");
                    let bar = areas.bar();
                    assert!(bar.is_empty() || bar.intersection(areas.timeline) == bar, "{bar:?}");
                    let max_size = max_picture_size(screen, shape, 4);
                    let world = (usize::from(areas.world.width), usize::from(areas.world.height));
                    assert!(
                        picture > max_size.0 || picture <= world.0 && max_size.1 == world.1,
                        "{max_size:?} {world:?}"
                    );
                }
            }
        }
    }
}
