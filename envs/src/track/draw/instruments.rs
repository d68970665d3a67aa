//! Text below the map: state of the lap, gauges, and traces of speed, gap to the ghost, steering and pedals over
//! distance.

use freewheel_core::{Frame, Rgb};

use super::View;
use super::cars::{CAR, GHOST, THROTTLE};
use super::raster::GROUND;
use crate::dots::Dots;
use crate::track::vehicle::Car;
use crate::track::world::State;

const TEXT: Rgb = Rgb(210, 214, 222);
const FAINT: Rgb = Rgb(120, 126, 138);
const ALARM: Rgb = Rgb(255, 110, 100);
const STEERING: Rgb = Rgb(230, 180, 255);

/// Columns between two parts of a row.
const GAP: usize = 3;
/// Columns from which the distance to the ghost is written in words.
const FULL_STATUS: usize = 100;
/// Columns from which the gauges have names.
const NAMED_GAUGES: usize = 70;
/// Distance that the traces show, as a fraction of the lap; the part of it that is ahead of the car.
const TRACE_SHARE: f64 = 0.25;
const AHEAD: f64 = 0.2;
/// Columns of a trace with its scale, at least.
const MIN_TRACE: usize = 28;
/// Columns left of a trace, for its scale.
const SCALE_COLUMNS: usize = 4;

/// Number of rows of the instruments in a drawing of this size.
pub(super) fn rows(columns: usize, rows: usize) -> usize {
    2 + match rows {
        _ if columns < 40 => 0,
        ..26 => 0,
        26..34 => 4,
        34..46 => 5,
        _ => 7,
    }
}

/// Draws the instruments into `rows` rows from the row `top`.
pub(super) fn draw(view: &View<'_>, frame: &mut Frame, top: usize, rows: usize) {
    status(view, frame, top);
    gauges(view, frame, top + 1);
    if rows > 3 {
        traces(view, frame, top + 2, rows - 3);
    }
}

/// Writes parts from the left, `GAP` columns apart; a part for which there is no room is left out.
fn write_parts(frame: &mut Frame, row: usize, parts: &[(String, Rgb)]) {
    let mut x = 0;
    for (text, color) in parts {
        let width = text.chars().count();
        if x + width <= frame.width() && width > 0 {
            frame.write(x, row, text, *color, GROUND);
            x += width + GAP;
        }
    }
}

/// Writes lap, time, progress, distance to the ghost, best lap, and the end of the episode.
fn status(view: &View<'_>, frame: &mut Frame, row: usize) {
    let (rules, state) = (view.rules, view.scene.state);
    let total = rules.circuit.length() * f64::from(rules.laps);
    let seconds = rules.seconds(state);
    let mut parts = vec![
        (rules.circuit.name().to_owned(), TEXT),
        (format!("lap {}/{}", (state.laps + 1).min(rules.laps), rules.laps), TEXT),
        (format!("{seconds:.2} s"), TEXT),
    ];
    if state.off_road {
        parts.push(("× off the road".into(), ALARM));
    }
    let share = 100.0 * (state.progress / total).clamp(0.0, 1.0);
    parts.push((format!("{:.0} of {total:.0} m, {share:.0} %", state.progress), TEXT));
    if let Some(ghost) = view.ghost {
        let delay = ghost.delay(state, seconds);
        let meters = ghost.distance(state, seconds) - ghost.distance_of(state);
        let side = if delay > 0.0 { "behind" } else { "ahead of" };
        let text = if frame.width() >= FULL_STATUS {
            format!("{:.2} s, {:.0} m {side} the ghost ▷", delay.abs(), meters.abs())
        } else {
            format!("{delay:+.2} s ▷")
        };
        parts.push((text, GHOST));
    }
    if let Some(best) = state.best_lap {
        parts.push((format!("best lap {best:.3} s"), TEXT));
    }
    // On narrow roads the small car is the default.
    if rules.vehicle.parameters == Car::Small.parameters() {
        parts.push(("small car".into(), FAINT));
    }
    write_parts(frame, row, &parts);
}

/// Writes speed, steering and pedals.
fn gauges(view: &View<'_>, frame: &mut Frame, row: usize) {
    let state = view.scene.state;
    let (speed, named) = (state.speed(), frame.width() >= NAMED_GAUGES);
    let [steering, pedals] = state.controls.map(f64::from);
    let mut x = 0;
    let mut put = |text: &str, color: Rgb| {
        frame.write(x, row, text, color, GROUND);
        x += text.chars().count();
    };
    put(&format!("{speed:5.1} m/s "), TEXT);
    let cells = if named { 10 } else { 0 };
    if named {
        put(&format!("{:3.0} km/h ", 3.6 * speed), TEXT);
        put(&bar(speed / view.scale.high, cells), view.scale.color(speed));
        put("   steer ", FAINT);
    }
    let place = (5.0 - 5.0 * steering).round() as usize;
    let gauge: String = (0..11).map(|i| if i == 5 { '┼' } else { '─' }).collect();
    let split =
        |range: std::ops::Range<usize>| gauge.chars().skip(range.start).take(range.len()).collect::<String>();
    put(&split(0..place), FAINT);
    put("●", STEERING);
    put(&split(place + 1..11), FAINT);
    put(if named { "   brake " } else { " " }, FAINT);
    if named {
        let brake: String = bar((-pedals).max(0.0), 5).chars().rev().collect();
        put(&brake, CAR);
        put("│", FAINT);
        put(&bar(pedals.max(0.0), 5), THROTTLE);
        put(" throttle", FAINT);
    } else {
        let (name, color) = if pedals < 0.0 { (" brake", CAR) } else { (" throttle", THROTTLE) };
        put(&bar(pedals.abs(), 5), color);
        put(name, color);
    }
}

/// Bar of `cells` characters, of which the share `share` is filled.
fn bar(share: f64, cells: usize) -> String {
    let filled = (cells as f64 * share.clamp(0.0, 1.0)).round() as usize;
    (0..cells).map(|i| if i < filled { '█' } else { '░' }).collect()
}

/// Series of a trace: value and color in a state.
type Series<'a> = &'a dyn Fn(&State) -> (f64, Rgb);

/// Place and scale of a trace.
struct Trace<'a> {
    name: String,
    low: f64,
    high: f64,
    /// Columns of the frame.
    left: usize,
    columns: usize,
    series: Series<'a>,
}

/// Draws as many traces as fit beside each other: speed, gap to the ghost, steering, pedals.
fn traces(view: &View<'_>, frame: &mut Frame, top: usize, rows: usize) {
    let distance = TRACE_SHARE * view.rules.circuit.length();
    let count = (frame.width() / MIN_TRACE).clamp(1, 4);
    let width = (frame.width() - GAP * (count - 1)) / count;
    let gap = |state: &State| {
        let delay = view.ghost.map_or(0.0, |ghost| ghost.delay(state, view.rules.seconds(state)));
        (delay, if delay > 0.0 { CAR } else { THROTTLE })
    };
    let (ahead, behind) = visible(view, distance).iter().chain(std::iter::once(view.scene.state)).fold(
        (0.0f64, 0.1f64),
        |(low, high), state| {
            let (delay, _) = gap(state);
            (low.min(delay), high.max(delay))
        },
    );
    let all: [(String, f64, f64, Series<'_>); 4] = [
        (
            if width < 40 {
                "speed (m/s)".to_owned()
            } else {
                format!("speed (m/s), last {:.0} m", (1.0 - AHEAD) * distance)
            },
            0.0,
            view.scale.high.max(1.0),
            &|state| (state.speed(), view.scale.color(state.speed())),
        ),
        ("s behind the ghost".into(), ahead, behind, &gap),
        ("steering, left up".into(), -1.0, 1.0, &|state| (f64::from(state.controls[0]), STEERING)),
        ("throttle up, brake down".into(), -1.0, 1.0, &|state| {
            let pedals = f64::from(state.controls[1]);
            (pedals, if pedals < 0.0 { CAR } else { THROTTLE })
        }),
    ];
    // Without a ghost there is no gap.
    let shown =
        all.into_iter().enumerate().filter(|(i, _)| *i != 1 || view.ghost.is_some()).map(|(_, one)| one);
    for (i, (name, low, high, series)) in shown.take(count).enumerate() {
        let left = i * (width + GAP);
        let trace = Trace { name, low, high, left, columns: width - SCALE_COLUMNS, series };
        draw_trace(view, frame, &trace, (top, rows), distance, i == 0);
    }
}

/// Earlier states that a trace over `distance` m shows.
fn visible<'a>(view: &View<'a>, distance: f64) -> &'a [State] {
    let from = view.scene.state.progress - (1.0 - AHEAD) * distance;
    let past = view.scene.past;
    &past[past.partition_point(|state| state.progress < from).saturating_sub(1)..]
}

/// Draws a trace over `distance` m in `rows` rows below its name; `with_ghost`: also the speed of the ghost.
fn draw_trace(
    view: &View<'_>,
    frame: &mut Frame,
    trace: &Trace<'_>,
    (top, rows): (usize, usize),
    distance: f64,
    with_ghost: bool,
) {
    let mut dots = Dots::new(trace.columns, rows);
    let (width, height) = dots.size();
    let now = view.scene.state.progress;
    let from = now - (1.0 - AHEAD) * distance;
    let x = |progress: f64| (progress - from) / distance * width;
    let y = |value: f64| (trace.high - value) / (trace.high - trace.low) * (height - 1.0) + 0.5;
    for row in 0..rows * crate::dots::DOWN / 2 {
        dots.set((x(now), 2.0 * row as f64), FAINT);
    }
    if trace.low < 0.0 {
        (0..trace.columns).for_each(|column| dots.set((2.0 * column as f64, y(0.0)), FAINT));
    }
    let mut legend = String::new();
    if let Some(ghost) = view.ghost.filter(|_| with_ghost) {
        let origin = ghost.distance_of(view.scene.state) - now;
        for dot in (0..width as usize).step_by(2) {
            let progress = from + dot as f64 / width * distance;
            if progress >= 0.0 {
                dots.set((dot as f64, y(ghost.speed(origin + progress))), GHOST);
            }
        }
        legend = "  ▷ ghost".into();
    }
    let states = visible(view, distance).iter().chain(std::iter::once(view.scene.state));
    let mut last: Option<(f64, f64)> = None;
    for state in states {
        let (value, color) = (trace.series)(state);
        let place = (x(state.progress), y(value.clamp(trace.low, trace.high)));
        dots.line(last.unwrap_or(place), place, color);
        last = Some(place);
    }
    let name: String = trace.name.chars().take(trace.columns).collect();
    frame.write(trace.left + SCALE_COLUMNS, top, &name, FAINT, GROUND);
    let after = name.chars().count();
    if after + legend.chars().count() <= trace.columns {
        frame.write(trace.left + SCALE_COLUMNS + after, top, &legend, GHOST, GROUND);
    }
    for (row, value) in [(top + 1, trace.high), (top + rows, trace.low)] {
        let value = if value == 0.0 { 0.0 } else { value };
        let text = if (trace.high - trace.low) < 10.0 && trace.high.fract() != 0.0 {
            format!("{value:3.1}")
        } else {
            format!("{value:3.0}")
        };
        frame.write(trace.left, row, &text, FAINT, GROUND);
    }
    dots.draw(frame, trace.left + SCALE_COLUMNS, top + 1);
}
