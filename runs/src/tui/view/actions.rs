//! What can be done now: keys for a person, what an agent expects of it, real numbers between their bounds.

use freewheel_core::{ActionBuffer, ActionSpace};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::{alike, number};
use crate::tui::episode::Over;
use crate::tui::hand::{Input, label};
use crate::tui::model::Model;
use crate::tui::palette::{Ink, Palette};

/// What stands above them.
pub(super) fn title(model: &Model) -> &'static str {
    if model.hand.is_some() {
        return "your move";
    }
    match &model.episode.spec().actions {
        ActionSpace::Continuous { .. } => "last action",
        ActionSpace::Discrete { .. } => "what the agent expects",
    }
}

/// What can be done now: keys for a person, expectations of an agent.
pub(super) fn lines(model: &Model, palette: Palette, width: usize, room: usize) -> Vec<Line<'static>> {
    let dim = palette.ink(Ink::Dim);
    match (&model.episode.spec().actions, model.hand.as_ref().map(|hand| &hand.input)) {
        (ActionSpace::Continuous { .. }, Some(Input::Numbers { held, chosen })) => {
            sliders(model, palette, held, Some(*chosen), width)
        }
        (ActionSpace::Continuous { .. }, _) => match model.episode.last().map(|last| &last.action) {
            Some(ActionBuffer::Continuous(all)) => sliders(model, palette, all, None, width),
            _ => sliders(model, palette, &[], None, width),
        },
        (ActionSpace::Discrete { names }, Some(Input::Words { typed })) => {
            let mut lines = vec![Line::from(vec![
                Span::styled(typed.clone(), palette.ink(Ink::Text)),
                Span::styled("▏", palette.ink(Ink::Accent)),
            ])];
            let begins = |name: &&String| name.to_lowercase().starts_with(&typed.to_lowercase());
            let legal = model.episode.runner().legal();
            let possible = names.iter().zip(legal).filter(|(_, legal)| **legal).map(|(name, _)| name);
            let possible: Vec<&str> = possible.filter(begins).map(String::as_str).collect();
            lines.extend(wrap(&possible, width, room.saturating_sub(1).max(1), dim));
            lines
        }
        (ActionSpace::Discrete { names }, hand) => {
            if model.values.is_none() && hand.is_none() {
                return vec![Line::styled("this agent does not say", dim)];
            }
            bars(model, palette, names, width, room)
        }
    }
}

/// Words in lines, the last of which says how many are left.
fn wrap(words: &[&str], width: usize, room: usize, style: Style) -> Vec<Line<'static>> {
    let mut lines = vec![String::new()];
    for (i, word) in words.iter().enumerate() {
        let left = format!("… {} more", words.len() - i);
        let last = lines.len() == room;
        let Some(line) = lines.last_mut() else { break };
        let needed = line.chars().count() + word.chars().count() + 1;
        let reserve = if last && i + 1 < words.len() { left.chars().count() + 1 } else { 0 };
        if needed + reserve <= width {
            line.push_str(word);
            line.push(' ');
        } else if last {
            line.push_str(&left);
            break;
        } else {
            lines.push(format!("{word} "));
        }
    }
    lines.into_iter().map(|line| Line::styled(line, style)).collect()
}

/// A line an action: keys, name, bar, value. Bars run from the worst to the best of what is allowed here.
fn bars(model: &Model, palette: Palette, names: &[String], width: usize, room: usize) -> Vec<Line<'static>> {
    let legal = model.episode.runner().legal();
    let allowed = |a: usize| legal.get(a).copied().unwrap_or(false);
    // After the last step by the rules there is nothing left to expect.
    let values = model.values.as_ref().filter(|_| model.episode.over() != Some(Over::Terminal));
    let value = |a: usize| values.and_then(|all| all.get(a)).map(|&x| f64::from(x));
    let (low, high) =
        range((0..names.len()).filter(|&a| allowed(a)).filter_map(value).filter(|x| x.is_finite()).collect());

    let mut order: Vec<usize> = (0..names.len()).collect();
    if order.len() > room {
        // Too many to show all: the best ones.
        let rank = |a: usize| value(a).filter(|x| allowed(a) && x.is_finite()).unwrap_or(f64::NEG_INFINITY);
        order.sort_by(|&a, &b| rank(b).total_cmp(&rank(a)));
        order.truncate(room.saturating_sub(1).max(1));
    }
    let keys = |a: usize| match model.hand.as_ref().map(|hand| &hand.input) {
        Some(Input::Keys(all)) => all.get(a).map_or(String::new(), |binding| {
            binding.keys.iter().map(|&key| label(key)).collect::<Vec<_>>().join(" ")
        }),
        _ => String::new(),
    };
    let longest = |text: &dyn Fn(usize) -> String| {
        order.iter().map(|&a| Span::raw(text(a)).width()).max().unwrap_or_default()
    };
    let (wide_key, wide_name) = (longest(&keys), longest(&|a| names[a].clone()).min(width / 3));
    let texts = alike(
        &order.iter().map(|&a| value(a).filter(|_| allowed(a)).unwrap_or(f64::NAN)).collect::<Vec<_>>(),
    );
    // Never narrower than most numbers are, so that bars keep their length from state to state.
    let wide_value = texts.iter().map(String::len).max().unwrap_or_default().max(7);
    let wide_bar = width.saturating_sub(wide_key.max(1) + wide_name + wide_value + 4);

    let mut lines: Vec<Line<'static>> = Vec::new();
    for (&a, number) in order.iter().zip(&texts) {
        let best = allowed(a) && high > low && value(a) == Some(high);
        let ink = |ink| palette.ink(if allowed(a) { ink } else { Ink::Line });
        let mut key = keys(a);
        if key.is_empty() && best {
            key = "▸".into();
        }
        let name: String = names[a].chars().take(wide_name).collect();
        let mut spans = vec![
            Span::styled(pad(&key, wide_key.max(1)), ink(Ink::Accent)),
            Span::styled(
                format!(" {}", pad(&name, wide_name)),
                ink(if best { Ink::Accent } else { Ink::Text }),
            ),
        ];
        match value(a) {
            _ if !allowed(a) => spans.push(Span::styled("  not allowed", palette.ink(Ink::Dim))),
            Some(x) => {
                let share = if high > low { (x - low) / (high - low) } else { 0.5 };
                spans.push(Span::raw("  "));
                let tone = if best { Ink::Accent } else { Ink::Dim };
                spans.push(Span::styled(bar(share, wide_bar), palette.ink(tone)));
                spans.push(Span::styled(format!(" {number:>wide_value$}"), ink(Ink::Text)));
            }
            None => {}
        }
        lines.push(Line::from(spans));
    }
    if order.len() < names.len() {
        let more = format!("  … {} more", names.len() - order.len());
        lines.push(Line::styled(more, palette.ink(Ink::Dim)));
    }
    lines
}

/// What the bars' length means: from the worst value to the best. One that is far below all others, such as a fall
/// from a cliff, would make those look equal; then the bars begin further up.
fn range(mut values: Vec<f64>) -> (f64, f64) {
    values.sort_by(f64::total_cmp);
    let (Some(&low), Some(&high)) = (values.first(), values.last()) else { return (0.0, 0.0) };
    match values.get(1) {
        Some(&second) if second < high && high - low > 6.0 * (high - second) => {
            (high - 3.0 * (high - second), high)
        }
        _ => (low, high),
    }
}

/// `share` (0..=1) of `width` columns, in halves; never quite nothing.
fn bar(share: f64, width: usize) -> String {
    let most = width * 2;
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    let halves = ((share * most as f64).round() as usize).clamp(1.min(most), most);
    let end = if halves % 2 == 1 { "╸" } else { "" };
    pad(&("━".repeat(halves / 2) + end), width)
}

fn pad(text: &str, width: usize) -> String {
    format!("{text:<width$}")
}

/// A line a number: where it stands between its bounds, where there is one yet.
fn sliders(
    model: &Model,
    palette: Palette,
    held: &[f32],
    chosen: Option<usize>,
    width: usize,
) -> Vec<Line<'static>> {
    let ActionSpace::Continuous { names, low, high } = &model.episode.spec().actions else {
        return Vec::new();
    };
    let wide_name = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).min(width / 3);
    let wide = width.saturating_sub(wide_name + 12);
    let mut lines = Vec::new();
    for (i, (name, (&low, &high))) in names.iter().zip(low.iter().zip(high)).enumerate() {
        let x = held.get(i).copied();
        let at = |x: f32| {
            let share = (x - low) / (high - low);
            (share.is_finite() && wide > 0)
                .then(|| ((share.clamp(0.0, 1.0) * (wide - 1) as f32).round() as usize).min(wide - 1))
        };
        let (dot, zero) = (x.and_then(at), if low < 0.0 && high > 0.0 { at(0.0) } else { None });
        let track: String = (0..wide)
            .map(|column| match Some(column) {
                here if here == dot => '●',
                here if here == zero => '┼',
                _ => '─',
            })
            .collect();
        let (before, after) = match dot {
            Some(dot) => (track.chars().take(dot).collect(), track.chars().skip(dot + 1).collect()),
            None => (track, String::new()),
        };
        let marked = chosen == Some(i);
        let mark = if marked { "▸" } else { " " };
        let ink = palette.ink(if marked || chosen.is_none() { Ink::Accent } else { Ink::Text });
        let name: String = name.chars().take(wide_name).collect();
        lines.push(Line::from(vec![
            Span::styled(mark, palette.ink(Ink::Accent)),
            Span::styled(format!(" {}  ", pad(&name, wide_name)), palette.ink(Ink::Text)),
            Span::styled(before, palette.ink(Ink::Line)),
            Span::styled(if dot.is_some() { "●" } else { "" }, ink),
            Span::styled(after, palette.ink(Ink::Line)),
            Span::styled(
                format!(" {:>7}", x.map_or("—".to_owned(), |x| number(x.into()))),
                palette.ink(Ink::Text),
            ),
        ]));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_fall_does_not_hide_the_differences_of_the_others() {
        assert_eq!(range(vec![-5.0, -3.0, -113.0, -5.0]), (-9.0, -3.0));
        assert_eq!(range(vec![-5.0, -3.0, -7.0]), (-7.0, -3.0));
        assert_eq!(range(vec![2.0, 2.0, -50.0]), (-50.0, 2.0));
        assert_eq!(range(vec![4.0]), (4.0, 4.0));
        assert_eq!(range(Vec::new()), (0.0, 0.0));
    }

    #[test]
    fn bars_fill_their_width_and_no_more() {
        assert_eq!(bar(1.0, 4), "━━━━");
        assert_eq!(bar(0.6, 4), "━━╸ ");
        assert_eq!(bar(0.0, 4), "╸   ");
        assert_eq!(bar(f64::NAN, 2), "╸ ");
        assert_eq!(bar(0.5, 0), "");
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let words = ["A1", "B2", "C3", "D4", "E5", "F6"];
        let text = |room| -> Vec<String> {
            wrap(&words, 12, room, Style::new())
                .iter()
                .map(|line| line.to_string().trim_end().into())
                .collect()
        };
        assert_eq!(text(2), ["A1 B2 C3 D4", "E5 F6"]);
        assert_eq!(text(1), ["A1 … 5 more"]);
        assert!(wrap(&[], 12, 1, Style::new()).len() == 1);
    }
}
