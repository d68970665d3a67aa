//! List of the actions in the current state: keys for the user, numbers of the policy on their scale, continuous
//! actions within their bounds.

use crossterm::event::KeyCode;
use freewheel_core::{ActionBuffer, ActionSpace, Insight, InsightKind};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use crate::format::{beginning, compact, compact_column, pad, width as columns};
use crate::messages::screens::tr;
use crate::tui::held::Held;
use crate::tui::human_input::{Input, label};
use crate::tui::model::Model;
use crate::tui::palette::{Palette, Role};

/// Minimum width of a bar, in columns; a narrower bar is left out.
const MIN_BAR: usize = 5;

/// Heading of the actions, with the scale of their numbers.
pub(super) fn title(model: &Model) -> String {
    let kind = model.insight.shown().and_then(|insight| insight.kind);
    let what = match (kind, &model.episode.spec().actions) {
        (Some(InsightKind::ActionValues), _) => "Q(s,a)",
        (Some(InsightKind::Probabilities), _) => tr!("probability"),
        (Some(InsightKind::Visits), _) => tr!("visits"),
        (None, ActionSpace::Continuous { .. }) if model.insight.current.is_some() => tr!("next action"),
        (None, ActionSpace::Continuous { .. }) => tr!("last action"),
        (None, ActionSpace::Discrete { .. }) => tr!("actions"),
    };
    let scale = model.insight.range().map_or(String::new(), |(low, high)| {
        let [low, high] = [low, high].map(compact);
        format!(", {}", tr!("scale {} .. {}", low, high))
    });
    if let Some(cell) = &model.insight.cell {
        return format!("{what}, {}{scale}", cell.name);
    }
    match model.human {
        Some(_) if kind.is_some() => format!("{}: {what}{scale}", tr!("your move")),
        Some(_) => tr!("your move").to_owned(),
        None => format!("{what}{scale}"),
    }
}

/// Lines for the actions, at most `max_lines` of them.
pub(super) fn lines(model: &Model, palette: Palette, width: usize, max_lines: usize) -> Vec<Line<'static>> {
    let dim = palette.role(Role::Dim);
    match (&model.episode.spec().actions, model.human.as_ref().map(|human| &human.input)) {
        (ActionSpace::Continuous { .. }, Some(Input::Numbers { numbers, selected })) => {
            sliders(model, palette, numbers, Some(*selected), width)
        }
        (_, Some(Input::Held(held))) => held_keys(held, model, palette),
        (ActionSpace::Continuous { .. }, _) => {
            let insight = model.insight.current.as_ref().filter(|insight| !insight.continuous.is_empty());
            match (insight, model.episode.last().map(|last| &last.action)) {
                (Some(insight), _) => distributions(model, palette, insight, width),
                (None, Some(ActionBuffer::Continuous(all))) => sliders(model, palette, all, None, width),
                _ => sliders(model, palette, &[], None, width),
            }
        }
        (ActionSpace::Discrete { names }, Some(Input::Names { typed, .. })) => {
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
            if model.insight.shown().is_none() && human.is_none() {
                let why = match model.episode.over() {
                    Some(_) if model.insight.cell.is_none() => tr!("the episode is over"),
                    _ => tr!("this policy gives no numbers"),
                };
                return vec![Line::styled(why, dim)];
            }
            bars(model, palette, names, width, max_lines)
        }
    }
}

/// One line for each arrow key that has an effect: the key, its effect, and whether it is held.
fn held_keys(held: &Held, model: &Model, palette: Palette) -> Vec<Line<'static>> {
    let line = |(key, name, is_held): (KeyCode, String, bool)| {
        let (mark, role) = if is_held { (tr!("● held"), Role::Accent) } else { ("", Role::Text) };
        Line::from(vec![
            Span::styled(format!("{}  ", label(key)), palette.role(Role::Accent)),
            Span::styled(pad(&name, 12), palette.role(role)),
            Span::styled(mark, palette.role(Role::Accent)),
        ])
    };
    held.keys(model.episode.spec()).into_iter().map(line).collect()
}

/// Lines below the actions: the value of the state, further quantities, and the meaning of the marks.
pub(super) fn facts(model: &Model, palette: Palette, width: usize) -> Vec<Line<'static>> {
    let (text, dim) = (palette.role(Role::Text), palette.role(Role::Dim));
    let Some(insight) = model.insight.shown() else { return Vec::new() };
    let value = insight.value.filter(|value| value.is_finite());
    let value = value.map(|value| ("V(s)".to_owned(), compact(value.into())));
    let mut lines: Vec<Line<'static>> = Vec::new();
    let mut here = 0;
    for (name, content) in value.into_iter().chain(insight.rows.iter().cloned()) {
        let wide = Span::raw(&*name).width() + 1 + Span::raw(&*content).width();
        let room = beginning(&content, width.saturating_sub(Span::raw(&*name).width() + 1)).to_owned();
        let spans = [Span::styled(format!("{name} "), dim), Span::styled(room, text)];
        match lines.last_mut() {
            // Short quantities share a line.
            Some(line) if here + 3 + wide <= width => {
                line.spans.push(Span::raw("   "));
                line.spans.extend(spans);
                here += 3 + wide;
            }
            _ => {
                lines.push(Line::from(spans.to_vec()));
                here = wide;
            }
        }
    }
    lines
}

/// Words in at most `max_lines` lines; the last one gives the number of words left out.
fn wrap(words: &[&str], width: usize, max_lines: usize, style: Style) -> Vec<Line<'static>> {
    let mut lines = vec![String::new()];
    for (i, word) in words.iter().enumerate() {
        let left = format!("… {}", tr!("{} more", words.len() - i));
        let last = lines.len() == max_lines;
        let Some(line) = lines.last_mut() else { break };
        let needed = columns(line) + columns(word) + 1;
        let reserve = if last && i + 1 < words.len() { columns(&left) + 1 } else { 0 };
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

/// Texts of the numbers of the actions `order`, all with the same number of decimals.
fn texts(insight: Option<&Insight>, numbers: &[f64]) -> Vec<String> {
    match insight.and_then(|insight| insight.kind) {
        Some(InsightKind::Probabilities) => numbers.iter().map(|p| format!("{p:.3}")).collect(),
        _ => compact_column(numbers),
    }
}

/// One line for each action: keys or mark, name, bar on the stated scale, number. The mark is `▸` for the best action,
/// `●` for the one taken next if it is another one, and `×` for an illegal one.
fn bars(
    model: &Model,
    palette: Palette,
    names: &[String],
    width: usize,
    max_lines: usize,
) -> Vec<Line<'static>> {
    let legal = match &model.insight.cell {
        Some(cell) => &cell.legal,
        None => model.episode.runner().legal(),
    };
    let is_legal = |a: usize| legal.get(a).copied().unwrap_or(false);
    let insight = model.insight.shown();
    let value = |a: usize| insight.and_then(|insight| insight.per_action.get(a)).map(|&x| f64::from(x));
    let (low, high) = model.insight.range().unwrap_or_default();
    let top = (0..names.len()).filter(|&a| is_legal(a)).filter_map(value).fold(f64::NEG_INFINITY, f64::max);
    let all_equal = (0..names.len()).filter(|&a| is_legal(a)).filter_map(value).all(|x| x == top);
    let next = model.insight.next_action.map(|a| a as usize);
    let next = next.filter(|_| model.human.is_none() && model.insight.cell.is_none());
    let chosen = model.chosen_action().map(|a| a as usize);

    let mut order: Vec<usize> = (0..names.len()).collect();
    if order.len() > max_lines {
        // More actions than lines: only the best actions are shown, and the one that is taken.
        let rank = |a: usize| match value(a).filter(|x| is_legal(a) && x.is_finite()) {
            _ if next == Some(a) || chosen == Some(a) => f64::INFINITY,
            known => known.unwrap_or(f64::NEG_INFINITY),
        };
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
    let wide_key = longest(&keys).max(1);
    let numbers: Vec<f64> =
        order.iter().map(|&a| value(a).filter(|_| is_legal(a)).unwrap_or(f64::NAN)).collect();
    let texts = texts(insight, &numbers);
    // A minimum width, so that bars have the same length in most states.
    let wide_value = texts.iter().map(String::len).max().unwrap_or_default().max(7);
    // Names are whole; the bar gets the columns that are left.
    let wide_name = longest(&|a| names[a].clone()).min(width.saturating_sub(wide_key + wide_value + 2));
    let wide_bar = width.saturating_sub(wide_key + wide_name + wide_value + 4);
    let wide_bar = if wide_bar >= MIN_BAR { wide_bar } else { 0 };

    let mut lines: Vec<Line<'static>> = Vec::new();
    for (&a, number) in order.iter().zip(&texts) {
        let best = is_legal(a) && !all_equal && value(a) == Some(top);
        let role = |role| palette.role(if is_legal(a) { role } else { Role::Line });
        let mut key = keys(a);
        if key.is_empty() {
            key = match (is_legal(a), best, next == Some(a)) {
                (false, ..) => "×",
                (true, true, _) => "▸",
                (true, false, true) => "●",
                (true, false, false) => "",
            }
            .into();
        }
        let name = beginning(&names[a], wide_name);
        let taken = best || next == Some(a);
        let mut spans = vec![
            Span::styled(pad(&key, wide_key), role(if best { Role::Accent } else { Role::Warn })),
            Span::styled(
                format!(" {}", pad(name, wide_name)),
                role(if taken && best { Role::Accent } else { Role::Text }),
            ),
        ];
        if model.human.is_some() {
            spans[0].style = role(Role::Accent);
        }
        if chosen == Some(a) {
            spans[1].style = spans[1].style.add_modifier(Modifier::REVERSED);
        }
        match value(a) {
            _ if !is_legal(a) => {
                spans.push(Span::styled(format!("  {}", tr!("not legal")), palette.role(Role::Dim)))
            }
            Some(x) => {
                if wide_bar > 0 {
                    let share = if high > low { (x - low) / (high - low) } else { 0.0 };
                    spans.push(Span::raw("  "));
                    let tone = if best { Role::Accent } else { Role::Dim };
                    spans.push(Span::styled(bar(share, wide_bar), palette.role(tone)));
                }
                let used = wide_key + wide_name + 2;
                let space =
                    if wide_bar > 0 { wide_value } else { width.saturating_sub(used).min(wide_value) };
                spans.push(Span::styled(format!(" {number:>space$}"), role(Role::Text)));
            }
            None => {}
        }
        lines.push(Line::from(spans));
    }
    if order.len() < names.len() {
        let more = format!("  … {}", tr!("{} more", names.len() - order.len()));
        lines.push(Line::styled(more, palette.role(Role::Dim)));
    }
    lines
}

/// Bar that fills `share` (0 to 1) of `width` columns, in half columns; at least one half.
fn bar(share: f64, width: usize) -> String {
    let most = width * 2;
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    let halves = ((share * most as f64).round() as usize).clamp(1.min(most), most);
    let end = if halves % 2 == 1 { "╸" } else { "" };
    pad(&("━".repeat(halves / 2) + end), width)
}

/// Column of the value `x` on a track of `wide` columns between the bounds; `None` without finite bounds.
fn column(x: f32, low: f32, high: f32, wide: usize) -> Option<usize> {
    let share = (x - low) / (high - low);
    (share.is_finite() && wide > 0)
        .then(|| ((share.clamp(0.0, 1.0) * (wide - 1) as f32).round() as usize).min(wide - 1))
}

/// Columns for the names and the tracks of continuous actions.
fn track_widths(names: &[String], width: usize, number: usize) -> (usize, usize) {
    let wide_name = names.iter().map(|name| columns(name)).max().unwrap_or(0).min(width / 3);
    (wide_name, width.saturating_sub(wide_name + 5 + number))
}

/// One line for each component of a continuous action: mean `●` and one standard deviation `━` on both sides, between
/// its bounds, and both as numbers.
fn distributions(model: &Model, palette: Palette, insight: &Insight, width: usize) -> Vec<Line<'static>> {
    let ActionSpace::Continuous { names, low, high } = &model.episode.spec().actions else {
        return Vec::new();
    };
    // A narrow panel shows the deviation only on the track.
    let with_std = width >= 36;
    let (wide_name, wide) = track_widths(names, width, if with_std { 14 } else { 7 });
    let mut lines = Vec::new();
    for ((name, (&low, &high)), one) in names.iter().zip(low.iter().zip(high)).zip(&insight.continuous) {
        let at = |x: f32| column(x, low, high, wide);
        let (dot, zero) = (at(one.mean), if low < 0.0 && high > 0.0 { at(0.0) } else { None });
        let spread = (at(one.mean - one.std), at(one.mean + one.std));
        let mut spans = vec![Span::styled(
            format!("  {}  ", pad(beginning(name, wide_name), wide_name)),
            palette.role(Role::Text),
        )];
        for here in 0..wide {
            let near = one.std > 0.0
                && spread.0.is_some_and(|from| from <= here)
                && spread.1.is_some_and(|to| here <= to);
            let (glyph, role) = match Some(here) {
                here if here == dot => ("●", Role::Accent),
                _ if near => ("━", Role::Accent),
                here if here == zero => ("┼", Role::Line),
                _ => ("─", Role::Line),
            };
            spans.push(Span::styled(glyph, palette.role(role)));
        }
        spans.push(Span::styled(format!(" {:>6}", compact(one.mean.into())), palette.role(Role::Text)));
        if with_std {
            spans.push(Span::styled(format!(" ±{}", compact(one.std.into())), palette.role(Role::Dim)));
        }
        lines.push(Line::from(spans));
    }
    lines
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
    let (wide_name, wide) = track_widths(names, width, 7);
    let mut lines = Vec::new();
    for (i, (name, (&low, &high))) in names.iter().zip(low.iter().zip(high)).enumerate() {
        let x = numbers.get(i).copied();
        let at = |x: f32| column(x, low, high, wide);
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
        let name = beginning(name, wide_name);
        lines.push(Line::from(vec![
            Span::styled(mark, palette.role(Role::Accent)),
            Span::styled(format!(" {}  ", pad(name, wide_name)), palette.role(Role::Text)),
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
