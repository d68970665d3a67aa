//! Events of a step that a viewer marks: captures, passes, the end of a game.

use freewheel_core::Event;

use super::draw;
use crate::go::gtp::vertex::color_name;
use crate::go::rules::{Color, Game};

/// Event of the moves between the games `before` and `after`, from the point of view of `color`; `None` for ordinary
/// moves.
pub(super) fn between(before: &Game, after: &Game, color: Color) -> Option<Event> {
    let taken = |color| after.captures(color).saturating_sub(before.captures(color));
    if after.is_over() && !before.is_over() {
        return Some(Event::new("end", draw::status(after)));
    }
    let stones = |number| if number == 1 { "stone" } else { "stones" };
    let text = match (taken(color), taken(color.other())) {
        (0, 0) => {
            let mut new = after.moves().skip(before.moves().len());
            let passed = new.find(|played| played.point >= after.pass())?;
            return Some(Event::new("pass", format!("{} passes", color_name(passed.color))));
        }
        (0, lost) => format!("lost {lost} {}", stones(lost)),
        (taken, 0) => format!("captured {taken} {}", stones(taken)),
        (taken, lost) => format!("captured {taken} {}, lost {lost}", stones(taken)),
    };
    Some(Event::new("capture", text))
}
