//! Scene 8: what learning cost and what one answer costs, of everything that ran on the screen; and the last page, the
//! commands that show each scene in earnest.

use std::time::Duration;

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::format::count;
use crate::tui::boxes::wrapped;
use crate::tui::palette::Role;
use crate::tui::tour::canvas::{Canvas, cut, width};
use crate::tui::tour::page::{Control, Page, Shared};
use crate::tui::tour::plan::SCENES;

/// Page of costs.
pub(in crate::tui::tour) struct Costs;

/// Text padded to `columns` columns, at the left or at the right.
fn padded(text: &str, columns: usize, right: bool) -> String {
    let text = cut(text, columns);
    let space = " ".repeat(columns - width(text));
    if right { format!("{space}{text}") } else { format!("{text}{space}") }
}

/// Time with a unit.
fn time(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match seconds {
        s if s >= 1.0 => format!("{s:.1} s"),
        s if s >= 1e-3 => format!("{:.1} ms", 1e3 * s),
        s if s >= 1e-6 => format!("{:.1} µs", 1e6 * s),
        s => format!("{:.0} ns", 1e9 * s),
    }
}

impl Page for Costs {
    fn controls(&self) -> Vec<Control> {
        Vec::new()
    }

    fn is_wide(&self) -> bool {
        true
    }

    fn outcome(&self) -> Option<(&'static str, Vec<(&'static str, String)>)> {
        None
    }

    fn draw(&mut self, canvas: &mut Canvas<'_>, area: Rect, shared: &Shared) {
        let language = shared.language;
        let wide = usize::from(area.width);
        let name = wide.saturating_sub(56).clamp(12, 34);
        let columns = [name, 7, 7, 9, 9, 19];
        let row = |texts: [&str; 6]| {
            let cells = texts.iter().zip(columns).enumerate();
            cells.map(|(i, (text, wide))| padded(text, wide, i > 0)).collect::<Vec<_>>().join(" ")
        };
        let head = ["name", "examples", "weights", "learning", "answer", "score"]
            .map(|key| language.text(&format!("cost.head-{key}")));
        canvas.text(
            (area.x, area.y),
            &row(head),
            area.width,
            canvas.role(Role::Dim).add_modifier(Modifier::BOLD),
        );
        let costs = shared.ledger.costs();
        if costs.is_empty() {
            let text = wrapped(language.text("view.no-costs"), wide.max(8));
            let below = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
            return canvas.lines(text.iter().map(|line| (&**line, Role::Dim)), below);
        }
        let mut y = area.y + 1;
        for cost in costs {
            if y + 2 >= area.bottom() {
                break;
            }
            let learning = if cost.learning.is_zero() { "-".into() } else { time(cost.learning) };
            let parameters = if cost.parameters == 0 { "-".into() } else { count(cost.parameters as f64) };
            let score = match &cost.score {
                (mine, best) if best == "-" => mine.clone(),
                (mine, best) => format!("{mine} / {best}"),
            };
            let texts = [
                language.text(&format!("cost.{}", cost.name)),
                &count(cost.examples as f64),
                &parameters,
                &learning,
                &cost.answer.map_or("-".into(), time),
                &score,
            ];
            canvas.text((area.x, y), &row(texts), area.width, canvas.role(Role::Text));
            y += 1;
        }
        // The largest ratio of learning to one answer.
        let ratio = costs.iter().filter_map(|cost| {
            let answer = cost.answer?.as_secs_f64();
            (answer > 0.0 && !cost.learning.is_zero())
                .then(|| (cost.learning.as_secs_f64() / answer, cost.name))
        });
        if let Some((ratio, name)) = ratio.max_by(|a, b| a.0.total_cmp(&b.0)) {
            let values =
                [("ratio", count(ratio)), ("name", language.text(&format!("cost.{name}")).to_owned())];
            let text = wrapped(&language.filled("view.ratio", &values), wide.max(8));
            let below = Rect { y: (y + 1).min(area.bottom()), ..area };
            let below = Rect { height: area.bottom() - below.y, ..below };
            canvas.lines(text.iter().map(|line| (&**line, Role::Warn)), below);
        }
    }
}

/// Last page: commands.
pub(in crate::tui::tour) struct Commands;

impl Page for Commands {
    fn controls(&self) -> Vec<Control> {
        Vec::new()
    }

    fn is_wide(&self) -> bool {
        true
    }

    fn draw(&mut self, canvas: &mut Canvas<'_>, area: Rect, shared: &Shared) {
        let language = shared.language;
        let scenes: Vec<_> =
            SCENES.iter().enumerate().filter(|(_, scene)| !scene.commands.is_empty()).collect();
        let all: usize = scenes.iter().map(|(_, scene)| scene.commands.len()).sum();
        // The titles have rows of their own where there is room.
        let roomy = usize::from(area.height) >= all + scenes.len();
        let mut y = area.y;
        for (number, scene) in scenes {
            let title = format!("{}  {}", number + 1, language.text(&format!("scene.{}", scene.key)));
            let style = canvas.role(Role::Text).add_modifier(Modifier::BOLD);
            if y >= area.bottom() {
                return;
            }
            if roomy {
                canvas.text((area.x, y), &title, area.width, style);
                y += 1;
            }
            let shown = if roomy { scene.commands.len() } else { 1 };
            for command in &scene.commands[..shown] {
                if y < area.bottom() {
                    let x = if roomy {
                        area.x + 3
                    } else {
                        canvas.text((area.x, y), &padded(&title, 24, false), 24, style) + 1
                    };
                    // A command that is too long goes on in the next row.
                    let room = area.right().saturating_sub(x + 2).max(1);
                    for (row, part) in wrapped(command, usize::from(room)).iter().enumerate() {
                        let x = if row == 0 { x } else { x + 2 };
                        if y < area.bottom() {
                            canvas.text((x, y), part, room, canvas.role(Role::Accent));
                        }
                        y += 1;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_times_have_their_width() {
        assert_eq!((padded("학습", 6, true), padded("학습률", 5, false)), ("  학습".into(), "학습 ".into()));
        let times = [1.25, 0.0021, 3.4e-6, 9e-9].map(|s| time(Duration::from_secs_f64(s)));
        assert_eq!(times, ["1.2 s", "2.1 ms", "3.4 µs", "9 ns"]);
    }
}
