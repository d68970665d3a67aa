//! Observation of the current state: its numbers by name, or the state in words.

use freewheel_core::ObservationSpace;
use ratatui::text::{Line, Span};

use crate::format::{beginning, compact_column, pad, width as columns};
use crate::messages::screens::tr;
use crate::tui::model::Model;
use crate::tui::palette::{Palette, Role};

/// Largest number of numbers without names that are listed; of a larger observation only those that are not 0 are.
const LISTED: usize = 64;

/// Index of the state and its description, for a world with a discrete observation.
pub(super) fn state(model: &Model) -> Option<(String, String)> {
    let runner = model.episode.runner();
    // Without names, the world's own observation is an index.
    let [index] = runner.world_obs() else { return None };
    let named = !runner.observation_names().is_empty();
    let description = runner.describe();
    let discrete = matches!(runner.spec().observation, ObservationSpace::Discrete { .. });
    (!named && (discrete || description.is_some()))
        .then(|| (format!("{index}"), description.unwrap_or_default()))
}

/// Heading of the observation.
pub(super) fn title(model: &Model) -> String {
    let runner = model.episode.runner();
    match (runner.world_obs().len(), runner.obs().len()) {
        (1, 1) => tr!("observation").to_owned(),
        (world, policy) if world == policy => tr!("observation, {} numbers", world),
        (world, policy) => tr!("observation, {} numbers; the agent gets {}", world, policy),
    }
}

/// Lines for the numbers of the observation, at most `max_lines` of them.
pub(super) fn lines(model: &Model, palette: Palette, width: usize, max_lines: usize) -> Vec<Line<'static>> {
    let (text, dim) = (palette.role(Role::Text), palette.role(Role::Dim));
    let runner = model.episode.runner();
    if let Some((index, description)) = state(model) {
        let spans = [Span::styled(format!("{} ", tr!("state")), dim), Span::styled(index, text)];
        return [Line::from(spans.to_vec()), Line::styled(description, text)]
            .into_iter()
            .take(max_lines)
            .collect();
    }
    let (obs, names) = (runner.world_obs(), runner.observation_names());
    let shape = match &runner.spec().observation {
        ObservationSpace::Box { shape, .. } if shape.iter().product::<usize>() == obs.len() => shape.clone(),
        _ => vec![obs.len()],
    };
    let named = names.len() == obs.len();
    let sparse = !named && obs.len() > LISTED;
    let listed: Vec<usize> = (0..obs.len()).filter(|&i| !sparse || obs[i] != 0.0).collect();
    let mut lines = Vec::new();
    if sparse {
        let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
        let note = tr!("{}: {} are not 0", sizes.join(" x "), listed.len());
        lines.push(Line::styled(note, dim));
    }
    let room = max_lines.saturating_sub(lines.len());
    let shown = &listed[..listed.len().min(room)];
    let name = |i: usize| if named { names[i].clone() } else { place(i, &shape) };
    let numbers = compact_column(&shown.iter().map(|&i| f64::from(obs[i])).collect::<Vec<_>>());
    let wide_number = numbers.iter().map(String::len).max().unwrap_or_default().max(7);
    let wide_name = shown.iter().map(|&i| columns(&name(i))).max().unwrap_or_default();
    let wide_name = wide_name.min(width.saturating_sub(wide_number + 1));
    for (row, (&i, number)) in shown.iter().zip(&numbers).enumerate() {
        let left = listed.len() - row;
        if row + 1 == room && left > 1 {
            lines.push(Line::styled(format!("… {}", tr!("{} more", left)), dim));
            break;
        }
        let name = pad(beginning(&name(i), wide_name), wide_name);
        lines.push(Line::from(vec![
            Span::styled(format!("{name} "), dim),
            Span::styled(format!("{number:>wide_number$}"), text),
        ]));
    }
    lines
}

/// Place of the number `i` in an array of this shape, row-major, such as `[3, 0, 7]`.
fn place(i: usize, shape: &[usize]) -> String {
    let mut rest = i;
    let mut indices: Vec<String> = Vec::new();
    for &size in shape.iter().rev() {
        indices.push((rest % size.max(1)).to_string());
        rest /= size.max(1);
    }
    indices.reverse();
    format!("[{}]", indices.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_row_major() {
        assert_eq!(place(7, &[12]), "[7]");
        assert_eq!(place(3 * 12 + 1, &[5, 4, 3]), "[3, 0, 1]");
        assert_eq!(place(5 * 81 + 9 * 2 + 7, &[17, 9, 9]), "[5, 2, 7]");
    }
}
