//! One neuron of the policy's network as a lecture draws it: inputs, weights, sum, bias, activation.

use ratatui::text::{Line, Span};

use crate::format::{beginning, compact, pad};
use crate::messages::screens::tr;
use crate::tui::model::Model;
use crate::tui::palette::{Palette, Role};

/// Heading of the neuron.
pub(super) fn title(model: &Model) -> String {
    match &model.insight.neuron {
        None => tr!("neuron").to_owned(),
        Some(n) => tr!("{}, largest |w x|", n.name),
    }
}

/// Lines for the neuron, at most `max_lines` of them.
pub(super) fn lines(model: &Model, palette: Palette, width: usize, max_lines: usize) -> Vec<Line<'static>> {
    let (text, dim, accent) = (palette.role(Role::Text), palette.role(Role::Dim), palette.role(Role::Accent));
    let Some(neuron) = &model.insight.neuron else {
        return vec![Line::styled(tr!("this policy has no network"), dim)];
    };
    let (layer, unit) = (neuron.layer + 1, neuron.unit + 1);
    let keys = tr!("< > layer {}/{}  , . neuron {}/{}", layer, neuron.layers, unit, neuron.units);
    let mut lines = vec![Line::styled(keys, dim), Line::default()];
    let names = model.episode.runner().observation_names();
    let name = |index: usize| match names.get(index) {
        Some(name) if neuron.reads_observation && names.len() == neuron.inputs.len() => name.clone(),
        _ => format!("x[{index}]"),
    };
    // Heading, sum of the others, bias, skip connection, sum, output.
    let room = max_lines.saturating_sub(lines.len() + 7).max(1);
    let largest = neuron.largest(room);
    // A narrow panel has shorter numbers.
    let column = if width < 36 { 7 } else { 8 };
    let wide = width.saturating_sub(3 * column);
    let row = |name: &str, x: String, w: String, product: String| {
        let name = pad(beginning(name, wide), wide);
        Line::from(vec![
            Span::styled(name, dim),
            Span::styled(format!("{x:>column$}{w:>column$}"), dim),
            Span::styled(format!("{product:>column$}"), text),
        ])
    };
    let number = |x: f32| match compact(x.into()) {
        long if long.len() >= column => format!("{x:.0e}"),
        text => text,
    };
    lines.push(row(tr!("input"), "x".into(), "w".into(), "w x".into()));
    for input in &largest {
        let [x, w, product] = [input.value, input.weight, input.product()].map(number);
        lines.push(row(&name(input.index), x, w, product));
    }
    let left = neuron.inputs.len() - largest.len();
    if left > 0 {
        let shown: f32 = largest.iter().map(|input| input.product()).sum();
        let all: f32 = neuron.inputs.iter().map(|input| input.product()).sum();
        lines.push(row(&tr!("{} rest", left), String::new(), String::new(), number(all - shown)));
    }
    lines.push(row(tr!("bias b"), String::new(), String::new(), number(neuron.bias)));
    if let Some(skip) = neuron.skip {
        lines.push(row(tr!("skip"), String::new(), String::new(), number(skip)));
    }
    lines.push(row(tr!("sum z"), String::new(), String::new(), number(neuron.sum)));
    lines.push(Line::styled(
        format!("{}({}) = {}", neuron.activation, number(neuron.sum), number(neuron.output)),
        accent,
    ));
    lines.truncate(max_lines);
    lines
}
