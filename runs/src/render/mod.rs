//! Recorded screens of the viewer as files: asciicast, GIF, PNG, SVG and text. The same episode gives the same bytes.
//!
//! | file | content |
//! |---|---|
//! | `screen` | cells of a screen with their colors |
//! | `shapes`, `lines` | characters that must join: block elements, braille, box drawing |
//! | `tiles` | cells as pixels, PNG |
//! | `frame` | drawing of a world as pixels |
//! | `palette`, `gif` | palette and frames of a GIF |
//! | `ansi`, `cast` | text with the color sequences of terminals, terminal recordings |
//! | `tape` | terminal recordings as input |
//! | `svg` | SVG of one screen |

mod ansi;
mod cast;
pub(crate) mod cells;
mod frame;
mod gif;
mod lines;
mod palette;
mod screen;
mod shapes;
mod svg;
mod tape;
mod tiles;

use std::path::Path;

use freewheel_core::Result;
use ratatui::buffer::Buffer;

pub(crate) use self::ansi::{lines as colored_lines, text as plain_lines};
pub(crate) use self::cast::Cast;
pub use self::frame::FramePainter;
pub use self::tape::Tape;

use self::gif::Animation;
use self::screen::Screen;
use self::tiles::Tiles;
use crate::tui::{Offscreen, Theme};

/// Time for which the last screen of an animation stays, s.
const HOLD: f64 = 1.5;
/// Width of a cell of a GIF and of a PNG, in pixels.
const CELL: (usize, usize) = (10, 20);
/// Shades between the colors of a character and of its background. A GIF has few colors.
const SHADES: (u8, u8) = (4, 255);

/// Format of a rendered episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Terminal recording, asciicast v3.
    Cast,
    /// Animation.
    Gif,
    /// One screen as pixels.
    Png,
    /// One screen as vectors.
    Svg,
    /// One screen as text without colors.
    Txt,
}

impl Format {
    /// Format of the file name `path`; `None` for another extension.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_lowercase().as_str() {
            "cast" => Some(Format::Cast),
            "gif" => Some(Format::Gif),
            "png" => Some(Format::Png),
            "svg" => Some(Format::Svg),
            "txt" => Some(Format::Txt),
            _ => None,
        }
    }

    /// Whether the file shows the whole episode, not one step.
    pub(crate) fn is_animated(self) -> bool {
        matches!(self, Format::Cast | Format::Gif)
    }
}

/// Screens of an animation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Schedule {
    /// Number of steps before each screen, and the time of the screen in s.
    pub(crate) screens: Vec<(usize, f64)>,
    /// End of the last screen, s.
    pub(crate) end: f64,
}

impl Schedule {
    /// Screens of an episode of `steps` steps at `speed` steps a second, with at most `fps` screens a second. A longer
    /// episode is shown faster, so that its steps take `max_seconds`.
    pub(crate) fn new(steps: usize, speed: f64, fps: f64, max_seconds: f64) -> Self {
        let speed = speed.max(steps as f64 / max_seconds);
        let rate = speed.min(fps);
        let last = (steps as f64 * rate / speed - 1e-9).ceil().max(0.0) as usize;
        let screen = |i: usize| {
            let step = (i as f64 * speed / rate + 1e-9) as usize;
            (step.min(steps), i as f64 / rate)
        };
        Schedule { screens: (0..=last).map(screen).collect(), end: last as f64 / rate + HOLD }
    }
}

/// Settings of an animation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Timing {
    /// Maximum number of screens a second.
    pub(crate) fps: f64,
    /// Maximum time of all steps, s.
    pub(crate) max_seconds: f64,
}

/// File with the whole episode of `viewer`, or with the screen after `step` steps. `progress` gets the number of parts
/// that are done and of all parts.
///
/// # Errors
/// Errors of replaying the episode; [`Error::Unsupported`](freewheel_core::Error::Unsupported) if the encoder fails.
pub(crate) fn render(
    viewer: &mut Offscreen,
    format: Format,
    step: usize,
    timing: Timing,
    progress: &dyn Fn(usize, usize),
) -> Result<Vec<u8>> {
    if !format.is_animated() {
        return one(&viewer.draw(step)?, format, viewer.title(), viewer.theme());
    }
    let Schedule { screens, end } =
        Schedule::new(viewer.steps(), viewer.speed(), timing.fps, timing.max_seconds);
    // A screen of a GIF is drawn first and written at the end.
    let all = if format == Format::Gif { 2 * screens.len() } else { screens.len() };
    if format == Format::Cast {
        let (columns, rows) = viewer.size();
        let mut cast = Cast::new(viewer.title(), columns, rows);
        for (i, &(step, time)) in screens.iter().enumerate() {
            cast.push(time, viewer.draw(step)?);
            progress(i + 1, all);
        }
        return Ok(cast.finish(end).into_bytes());
    }
    let mut animation = Animation::new(Tiles::new(CELL.0, SHADES.0));
    for (i, &(step, time)) in screens.iter().enumerate() {
        animation.push(time, Screen::of(&viewer.draw(step)?, viewer.theme()));
        progress(i + 1, all);
    }
    animation.finish(end, &|written| progress(screens.len() + written, all))
}

/// File with one screen.
fn one(buf: &Buffer, format: Format, title: &str, theme: Theme) -> Result<Vec<u8>> {
    let screen = Screen::of(buf, theme);
    match format {
        Format::Png => Tiles::new(CELL.1, SHADES.1).png(&screen),
        Format::Svg => Ok(svg::write(&screen, title).into_bytes()),
        _ => Ok(ansi::text(buf).into_bytes()),
    }
}

/// File with the screens of a terminal recording: a GIF of all of them, `speed` times as fast, or the screen at the
/// time `at`, in s; by default the last one. `progress` gets the number of parts that are done and of all parts.
///
/// # Errors
/// [`Error::Unsupported`](freewheel_core::Error::Unsupported) if the encoder fails.
pub(crate) fn render_tape(
    tape: &Tape,
    format: Format,
    at: Option<f64>,
    (speed, timing): (f64, Timing),
    theme: Theme,
    progress: &dyn Fn(usize, usize),
) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if !format.is_animated() {
        let title = tape.title.as_deref().unwrap_or_default();
        tape.play([at.unwrap_or(tape.end())], |_, buf| {
            bytes = one(buf, format, title, theme)?;
            Ok(())
        })?;
        return Ok(bytes);
    }
    let speed = speed.max(tape.end() / timing.max_seconds);
    let last = (tape.end() / speed * timing.fps).ceil() as usize;
    let mut animation = Animation::new(Tiles::new(CELL.0, SHADES.0));
    let mut shown = 0;
    tape.play((0..=last).map(|i| i as f64 / timing.fps * speed), |time, buf| {
        animation.push(time / speed, Screen::of(buf, theme));
        shown += 1;
        progress(shown, 2 * (last + 1));
        Ok(())
    })?;
    animation.finish(tape.end() / speed + HOLD, &|written| progress(last + 1 + written, 2 * (last + 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_follow_from_names() {
        assert_eq!(Format::of(Path::new("a/b.GIF")), Some(Format::Gif));
        assert_eq!([Format::of(Path::new("a.mp4")), Format::of(Path::new("gif"))], [None, None]);
    }

    #[test]
    fn slow_worlds_have_a_screen_for_each_step() {
        let slow = Schedule::new(3, 4.0, 12.0, 60.0);
        assert_eq!(slow.screens, [(0, 0.0), (1, 0.25), (2, 0.5), (3, 0.75)]);
        assert_eq!(slow.end, 2.25);
    }

    #[test]
    fn fast_worlds_skip_steps_and_end_at_the_last_one() {
        let fast = Schedule::new(101, 50.0, 10.0, 60.0);
        assert_eq!(fast.screens[..3], [(0, 0.0), (5, 0.1), (10, 0.2)]);
        assert_eq!((fast.screens.len(), fast.screens.last()), (22, Some(&(101, 2.1))));
        // An episode that is too long is shown faster.
        let long = Schedule::new(1000, 10.0, 10.0, 20.0);
        assert_eq!((long.screens.len(), long.screens[1], long.end), (201, (5, 0.1), 21.5));
        assert_eq!(Schedule::new(0, 10.0, 10.0, 20.0).screens, [(0, 0.0)]);
    }
}
