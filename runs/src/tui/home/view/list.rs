//! List of the tab: worlds by family, agents, or runs in a table.

use std::path::Path;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use crate::demonstrations::list::StoreEntry;
use crate::format::{compact, count, cut, pad, pad_left, width as columns};
use crate::messages::screens::{tr, translated};
use crate::run_list::{RunEntry, RunState};
use crate::tui::boxes::framed;
use crate::tui::home::model::{Focus, Home, Tab};
use crate::tui::palette::{Palette, Role};

/// Row of a list: the heading of a family, or the item with this place among those shown.
enum Row {
    Heading(String),
    Item(usize),
}

/// Draws the list, and scrolls it so that the selected item is visible.
pub(super) fn draw(model: &mut Home, palette: Palette, area: Rect, buf: &mut Buffer) {
    let shown = model.shown();
    let filter = model.list().filter.clone();
    let mut title =
        vec![Span::styled(format!(" {} ", model.tab.name().to_lowercase()), palette.role(Role::Accent))];
    if model.focus == Focus::Filter {
        title.push(Span::styled(format!("/{filter}▏ "), palette.role(Role::Warn)));
    } else if !filter.is_empty() {
        title.push(Span::styled(format!("/{filter} "), palette.role(Role::Warn)));
    }
    title.push(Span::styled(format!("{} ", shown.len()), palette.role(Role::Dim)));
    let mut inside = framed(Line::from(title), palette, area, buf);
    (model.places.columns, model.places.items) = (inside.left()..inside.right(), Vec::new());
    if inside.height == 0 {
        return;
    }
    let dim = palette.role(Role::Dim);
    if shown.is_empty() {
        let text = match (model.tab, &model.runs) {
            (Tab::Runs, None) => tr!("reading the folder").to_owned(),
            (Tab::Runs, Some(runs)) if runs.is_empty() => {
                tr!("no runs in {}; train an agent with t", model.folder.display())
            }
            (Tab::Demonstrations, _) if model.stores.as_ref().is_none_or(Vec::is_empty) => {
                tr!("no demonstrations in demos; play a world with p").to_owned()
            }
            _ => tr!("nothing contains `{}`", filter),
        };
        buf.set_stringn(inside.x, inside.y, text, usize::from(inside.width), dim);
        return;
    }
    let table = Columns::of(model, inside.width);
    if model.tab == Tab::Runs && inside.height > 3 {
        table.heads(palette).render(Rect { height: 1, ..inside }, buf);
        inside = Rect { y: inside.y + 1, height: inside.height - 1, ..inside };
    }
    let rows = rows(model, &shown);
    let height = usize::from(inside.height);
    let list = model.list_mut();
    list.selected = list.selected.min(shown.len() - 1);
    let at =
        rows.iter().position(|row| matches!(row, Row::Item(place) if *place == list.selected)).unwrap_or(0);
    // The heading above the selected item stays visible.
    let top = if matches!(rows.get(at.wrapping_sub(1)), Some(Row::Heading(_))) { at - 1 } else { at };
    list.scroll =
        list.scroll.min(top).max((at + 1).saturating_sub(height)).min(rows.len().saturating_sub(height));
    let (scroll, selected) = (list.scroll, list.selected);
    for (row, y) in rows.iter().skip(scroll).zip(inside.top()..inside.bottom()) {
        let line = Rect { y, height: 1, ..inside };
        match row {
            Row::Heading(name) => Line::styled(name.clone(), palette.role(Role::Accent)).render(line, buf),
            Row::Item(place) => {
                model.places.items.push((y, *place));
                if *place == selected {
                    let style = match palette.shade(Role::Accent) {
                        Some(shade) => Style::new().bg(shade),
                        None => Style::new().add_modifier(Modifier::REVERSED),
                    };
                    buf.set_style(line, style);
                }
                item(model, shown[*place], *place == selected, &table, palette).render(line, buf);
            }
        }
    }
}

/// Rows of the list; worlds have the headings of their families, stores of demonstrations those of their worlds.
fn rows(model: &Home, shown: &[usize]) -> Vec<Row> {
    let heading = |index: usize| match model.tab {
        Tab::Worlds => model.worlds[index].id.split('/').next().map(str::to_owned),
        Tab::Demonstrations => folder_and_name(model.stores.as_deref()?.get(index)?).0,
        Tab::Agents | Tab::Runs => None,
    };
    let mut rows = Vec::new();
    let mut last = None;
    for (place, &index) in shown.iter().enumerate() {
        let heading = heading(index);
        if heading != last {
            rows.extend(heading.clone().map(Row::Heading));
            last = heading;
        }
        rows.push(Row::Item(place));
    }
    rows
}

/// Folder of a store below `demos`, if it is not that folder itself, and name of the store.
fn folder_and_name(store: &StoreEntry) -> (Option<String>, String) {
    let below = store.folder.strip_prefix("demos").unwrap_or(&store.folder);
    let text = |path: &Path| path.display().to_string();
    let folder = below.parent().map(text).filter(|folder| !folder.is_empty());
    (folder, below.file_name().map_or_else(|| text(below), |name| text(Path::new(name))))
}

/// One item of the list.
fn item(model: &Home, index: usize, selected: bool, table: &Columns, palette: Palette) -> Line<'static> {
    let mark = Span::styled(if selected { "▸ " } else { "  " }, palette.role(Role::Accent));
    let text = palette.role(Role::Text);
    match model.tab {
        Tab::Worlds => {
            let id = &model.worlds[index].id;
            let name = id.split_once('/').map_or(id.as_str(), |(_, name)| name);
            Line::from(vec![mark, Span::styled(name.to_owned(), text)])
        }
        Tab::Agents => Line::from(vec![mark, Span::styled(model.agents[index].id.clone(), text)]),
        Tab::Runs => match model.runs.as_deref().unwrap_or_default().get(index) {
            Some(run) => table.row(run, selected, model.marked.contains(&run.folder), palette),
            None => Line::default(),
        },
        Tab::Demonstrations => {
            let Some(store) = model.stores.as_deref().unwrap_or_default().get(index) else {
                return Line::default();
            };
            let (_, name) = folder_and_name(store);
            let (note, style) = match &store.content {
                Ok(content) => {
                    (format!("  {}", tr!("{} episodes", content.episodes)), palette.role(Role::Dim))
                }
                Err(_) => (format!("  ✗ {}", tr!("damaged")), palette.role(Role::Warn)),
            };
            Line::from(vec![mark, Span::styled(name, text), Span::styled(note, style)])
        }
    }
}

/// Glyph and style of the state of a run.
pub(super) fn state(state: &RunState, palette: Palette) -> (char, Style) {
    let (glyph, role) = match state {
        RunState::Learning => ('●', Role::Accent),
        RunState::Stalled => ('◐', Role::Warn),
        RunState::Done => ('✓', Role::Good),
        RunState::Diverged(_) => ('≠', Role::Warn),
        RunState::Interrupted => ('‖', Role::Text),
        RunState::Damaged(_) => ('✗', Role::Warn),
    };
    (glyph, palette.role(role))
}

/// Widths of the columns of the table of runs; columns that do not fit are left out.
struct Columns {
    world: usize,
    agent: usize,
    steps: bool,
    age: bool,
    size: bool,
}

impl Columns {
    fn of(model: &Home, width: u16) -> Self {
        let width = usize::from(width);
        let runs = model.runs.as_deref().unwrap_or_default();
        let widest = |of: fn(&RunEntry) -> &str| {
            let wide = runs.iter().map(|run| Span::raw(of(run)).width()).max().unwrap_or(0);
            wide.clamp(5, (width / 4).max(8))
        };
        let (world, agent) = (widest(|run| &run.world), widest(|run| &run.agent).max(columns(tr!("agent"))));
        // Mark, state, seed and score are always there.
        let mut room = width.saturating_sub(2 + 14 + world + 2 + agent + 5 + 10);
        let mut take = |wide: usize| {
            let fits = room >= wide;
            room -= if fits { wide } else { 0 };
            fits
        };
        let (steps, age, size) = (take(8), take(7), take(9));
        Columns { world, agent, steps, age, size }
    }

    fn heads(&self, palette: Palette) -> Line<'static> {
        let Columns { world, agent, steps, age, size } = *self;
        let mut text = format!("  {}{}  ", pad(tr!("state"), 14), pad(tr!("world"), world));
        text += &pad(tr!("agent"), agent);
        text += &(pad_left(tr!("seed"), 5) + &pad_left(tr!("score"), 10));
        for (shown, head, wide) in [(steps, tr!("steps"), 8), (age, tr!("age"), 7), (size, tr!("size"), 9)] {
            if shown {
                text += &pad_left(head, wide);
            }
        }
        Line::styled(text, palette.role(Role::Dim))
    }

    fn row(&self, run: &RunEntry, selected: bool, marked: bool, palette: Palette) -> Line<'static> {
        let Columns { world, agent, steps, age, size } = *self;
        let (text, dim) = (palette.role(Role::Text), palette.role(Role::Dim));
        let (glyph, style) = state(&run.state, palette);
        let mark = match (marked, selected) {
            (true, _) => "◆ ",
            (false, true) => "▸ ",
            (false, false) => "  ",
        };
        let score = run.score.map_or("-".into(), compact);
        let stall = if run.stalled && run.state == RunState::Done { "◐" } else { "" };
        let mut spans = vec![
            Span::styled(mark, palette.role(if marked { Role::Warn } else { Role::Accent })),
            Span::styled(format!("{glyph} {}", pad(translated(run.state.name()), 12)), style),
            Span::styled(format!("{}  ", pad(&cut(&run.world, world), world)), text),
            Span::styled(pad(&cut(&run.agent, agent), agent), text),
            Span::styled(format!("{:>5}", run.seed), text),
            Span::styled(format!("{:>10}", format!("{stall}{score}")), text),
        ];
        if steps {
            spans.push(Span::styled(format!("{:>8}", count(run.steps.0 as f64)), dim));
        }
        if age {
            spans.push(Span::styled(format!("{:>7}", run.age.map_or("-".into(), age_text)), dim));
        }
        if size {
            spans.push(Span::styled(
                format!("{:>9}", freewheel_core::memory::size_text(run.size.into())),
                dim,
            ));
        }
        Line::from(spans)
    }
}

/// Age with one unit, such as `5m`.
pub(super) fn age_text(age: std::time::Duration) -> String {
    match age.as_secs() {
        s @ 0..60 => format!("{s}s"),
        s @ 60..3600 => format!("{}m", s / 60),
        s @ 3600..86_400 => format!("{}h", s / 3600),
        s => format!("{}d", s / 86_400),
    }
}
