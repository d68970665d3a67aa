//! List of the actions in the current state: keys for the user, action values of the policy, continuous actions within
//! their bounds.

use freewheel_core::{ActionBuffer, ActionSpace};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::format::{compact, compact_column};
use crate::tui::episode::EpisodeEnd;
use crate::tui::human_input::{Input, label};
use crate::tui::model::Model;
use crate::tui::palette::{Palette, Role};

/// Heading of the actions.
pub(super) fn title(model: &Model) -> &'static str {
    if model.human.is_some() {
        return "your move";
    }
    match &model.episode.spec().actions {
        ActionSpace::Continuous { .. } => "last action",
        ActionSpace::Discrete { .. } => "action values",
    }
}

/// Lines for the actions, at most `max_lines` of them.
pub(super) fn lines(model: &Model, palette: Palette, width: usize, max_lines: usize) -> Vec<Line<'static>> {
    let dim = palette.role(Role::Dim);
    match (&model.episode.spec().actions, model.human.as_ref().map(|human| &human.input)) {
        (ActionSpace::Continuous { .. }, Some(Input::Numbers { numbers, selected })) => {
            sliders(model, palette, numbers, Some(*selected), width)
        }
        (ActionSpace::Continuous { .. }, _) => match model.episode.last().map(|last| &last.action) {
            Some(ActionBuffer::Continuous(all)) => sliders(model, palette, all, None, width),
            _ => sliders(model, palette, &[], None, width),
        },
        (ActionSpace::Discrete { names }, Some(Input::Names { typed })) => {
            let mut lines = vec![Line::from(vec![
                Span::styled(typed.clone(), palette.role(Role::Text)),
                Span::styled("▏", palette.role(Role::Accent)),
            ])];
            let begins = |name: &&String| name.to_lowercase().starts_with(&typed.to_lowercase());
            let legal = model.episode.runner().legal();
            let possible = names.iter().zip(legal).filter(|(_, legal)| **legal).map(|(name, _)| name);
            let possible: Vec<&str> = possible.filter(begins).map(String::as_str).collect();
            lines.extend(wrap(&possible, width, max_lines.saturating_sub(1).max(1), dim));
            lines
        }
        (ActionSpace::Discrete { names }, human) => {
            if model.values.is_none() && human.is_none() {
                return vec![Line::styled("this policy has no action values", dim)];
            }
            bars(model, palette, names, width, max_lines)
        }
    }
}

/// Words in at most `max_lines` lines; the last one gives the number of words left out.
fn wrap(words: &[&str], width: usize, max_lines: usize, style: Style) -> Vec<Line<'static>> {
    let mut lines = vec![String::new()];
    for (i, word) in words.iter().enumerate() {
        let left = format!("… {} more", words.len() - i);
        let last = lines.len() == max_lines;
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

/// One line for each action: keys, name, bar, value. Bars range from the lowest to the highest value of a legal action.
fn bars(
    model: &Model,
    palette: Palette,
    names: &[String],
    width: usize,
    max_lines: usize,
) -> Vec<Line<'static>> {
    let legal = model.episode.runner().legal();
    let is_legal = |a: usize| legal.get(a).copied().unwrap_or(false);
    // In a terminal state the values have no meaning.
    let values = model.values.as_ref().filter(|_| model.episode.over() != Some(EpisodeEnd::Terminal));
    let value = |a: usize| values.and_then(|all| all.get(a)).map(|&x| f64::from(x));
    let (low, high) = range(
        (0..names.len()).filter(|&a| is_legal(a)).filter_map(value).filter(|x| x.is_finite()).collect(),
    );

    let mut order: Vec<usize> = (0..names.len()).collect();
    if order.len() > max_lines {
        // More actions than lines: only the best actions are shown.
        let rank = |a: usize| value(a).filter(|x| is_legal(a) && x.is_finite()).unwrap_or(f64::NEG_INFINITY);
        order.sort_by(|&a, &b| rank(b).total_cmp(&rank(a)));
        order.truncate(max_lines.saturating_sub(1).max(1));
    }
    let keys = |a: usize| match model.human.as_ref().map(|human| &human.input) {
        Some(Input::Keys(all)) => all.get(a).map_or(String::new(), |binding| {
            binding.keys.iter().map(|&key| label(key)).collect::<Vec<_>>().join(" ")
        }),
        _ => String::new(),
    };
    let longest = |text: &dyn Fn(usize) -> String| {
        order.iter().map(|&a| Span::raw(text(a)).width()).max().unwrap_or_default()
    };
    let (wide_key, wide_name) = (longest(&keys), longest(&|a| names[a].clone()).min(width / 3));
    let texts = compact_column(
        &order.iter().map(|&a| value(a).filter(|_| is_legal(a)).unwrap_or(f64::NAN)).collect::<Vec<_>>(),
    );
    // A minimum width, so that bars have the same length in most states.
    let wide_value = texts.iter().map(String::len).max().unwrap_or_default().max(7);
    let wide_bar = width.saturating_sub(wide_key.max(1) + wide_name + wide_value + 4);

    let mut lines: Vec<Line<'static>> = Vec::new();
    for (&a, number) in order.iter().zip(&texts) {
        let best = is_legal(a) && high > low && value(a) == Some(high);
        let role = |role| palette.role(if is_legal(a) { role } else { Role::Line });
        let mut key = keys(a);
        if key.is_empty() && best {
            key = "▸".into();
        }
        let name: String = names[a].chars().take(wide_name).collect();
        let mut spans = vec![
            Span::styled(pad(&key, wide_key.max(1)), role(Role::Accent)),
            Span::styled(
                format!(" {}", pad(&name, wide_name)),
                role(if best { Role::Accent } else { Role::Text }),
            ),
        ];
        match value(a) {
            _ if !is_legal(a) => spans.push(Span::styled("  not legal", palette.role(Role::Dim))),
            Some(x) => {
                let share = if high > low { (x - low) / (high - low) } else { 0.5 };
                spans.push(Span::raw("  "));
                let tone = if best { Role::Accent } else { Role::Dim };
                spans.push(Span::styled(bar(share, wide_bar), palette.role(tone)));
                spans.push(Span::styled(format!(" {number:>wide_value$}"), role(Role::Text)));
            }
            None => {}
        }
        lines.push(Line::from(spans));
    }
    if order.len() < names.len() {
        let more = format!("  … {} more", names.len() - order.len());
        lines.push(Line::styled(more, palette.role(Role::Dim)));
    }
    lines
}

/// Range of the bars: from the lowest value to the highest. One value far below all others, such as a fall from a
/// cliff, would make the others look equal; the range then starts at a higher value.
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

/// Bar that fills `share` (0 to 1) of `width` columns, in half columns; at least one half.
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

/// One line for each component of a continuous action: a slider between its bounds.
fn sliders(
    model: &Model,
    palette: Palette,
    numbers: &[f32],
    selected: Option<usize>,
    width: usize,
) -> Vec<Line<'static>> {
    let ActionSpace::Continuous { names, low, high } = &model.episode.spec().actions else {
        return Vec::new();
    };
    let wide_name = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).min(width / 3);
    let wide = width.saturating_sub(wide_name + 12);
    let mut lines = Vec::new();
    for (i, (name, (&low, &high))) in names.iter().zip(low.iter().zip(high)).enumerate() {
        let x = numbers.get(i).copied();
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
        let marked = selected == Some(i);
        let mark = if marked { "▸" } else { " " };
        let role = palette.role(if marked || selected.is_none() { Role::Accent } else { Role::Text });
        let name: String = name.chars().take(wide_name).collect();
        lines.push(Line::from(vec![
            Span::styled(mark, palette.role(Role::Accent)),
            Span::styled(format!(" {}  ", pad(&name, wide_name)), palette.role(Role::Text)),
            Span::styled(before, palette.role(Role::Line)),
            Span::styled(if dot.is_some() { "●" } else { "" }, role),
            Span::styled(after, palette.role(Role::Line)),
            Span::styled(
                format!(" {:>7}", x.map_or("—".to_owned(), |x| compact(x.into()))),
                palette.role(Role::Text),
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
    fn words_left_out_are_counted() {
        let words = ["A1", "B2", "C3", "D4", "E5", "F6"];
        let text = |max_lines| -> Vec<String> {
            wrap(&words, 12, max_lines, Style::new())
                .iter()
                .map(|line| line.to_string().trim_end().into())
                .collect()
        };
        assert_eq!(text(2), ["A1 B2 C3 D4", "E5 F6"]);
        assert_eq!(text(1), ["A1 … 5 more"]);
        assert!(wrap(&[], 12, 1, Style::new()).len() == 1);
    }
}
