//! Terminal recordings: those of `--record`, and the files that `render` makes of them.

use std::path::{Path, PathBuf};

use freewheel_core::checkpoint::write_atomically;
use freewheel_core::{Error as Core, Result as CoreResult};

use crate::cli::Render;
use crate::error::{Error, Result};
use crate::output;
use crate::progress::LateBar;
use crate::render::{Format, Tape, Timing, render_tape};
use crate::tui::{self, Speed, Theme};

/// Recording of all screens of a command.
pub(super) struct Recording(Option<(PathBuf, Format)>);

impl Recording {
    /// Begins to record for `file`, if there is one.
    ///
    /// # Errors
    /// [`Error::Usage`] for a file of another format; an error of the system for a folder that does not exist: a long
    /// session would be lost.
    pub(super) fn begin(file: Option<&Path>, program: &str) -> Result<Self> {
        let Some(file) = file else { return Ok(Recording(None)) };
        let Some(format) = Format::of(file) else {
            return Err(Error::Usage(format!(
                "--record {}: the format follows from the extension, which must be .cast, .gif, .svg, .png or .txt",
                file.display()
            )));
        };
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder {
            std::fs::metadata(folder).map_err(Core::io(folder))?;
        }
        tui::record(program);
        Ok(Recording(Some((file.to_owned(), format))))
    }

    /// Writes the file, whatever the result `done` of the command is. An error of the command counts more than one of
    /// the file.
    ///
    /// # Errors
    /// That of `done`, or else that of writing.
    pub(super) fn end(self, done: Result<()>) -> Result<()> {
        let Some((file, format)) = self.0 else { return done };
        let written = match tui::recorded() {
            None => {
                output::note(&format!("no screen was shown, so that {} is not written", file.display()));
                Ok(())
            }
            Some(cast) => write(&file, format, cast).map(|()| {
                output::note(&format!("recorded: {}", file.display()));
            }),
        };
        done.and(written.map_err(Error::from))
    }
}

fn write(file: &Path, format: Format, cast: String) -> CoreResult<()> {
    let bytes = match format {
        Format::Cast => cast.into_bytes(),
        _ => {
            let tape = Tape::read(&cast, file)?;
            let timing = Timing { fps: f64::from(super::render::FPS.0), max_seconds: tape.end().max(1.0) };
            let bar = LateBar::new("drawing");
            let progress = |done: usize, all: usize| bar.set(done as u64, all as u64);
            render_tape(&tape, format, None, (1.0, timing), Theme::default(), &progress)?
        }
    };
    write_atomically(file, &bytes)
}

/// File of the terminal recording `args.what`.
pub(super) fn render(args: &Render, format: Format) -> Result<()> {
    let file = Path::new(&args.what);
    let refused = [
        ("--step", args.step.is_some(), "; --at chooses the time of the screen"),
        ("--picture", args.picture, ""),
        ("--agent", args.agent.is_some(), ""),
    ];
    if let Some((option, _, more)) = refused.iter().find(|(_, given, _)| *given) {
        return Err(Error::Usage(format!("{option}: {} is a terminal recording{more}", file.display())));
    }
    let speed = match args.speed {
        Speed::Factor(factor) => factor,
        Speed::StepsPerSecond(_) => {
            return Err(Error::Usage(
                "--speed: a terminal recording has no steps; give a factor such as 2x".into(),
            ));
        }
    };
    if format == Format::Cast {
        return Err(Error::Usage(format!(
            "--to: {} is a .cast already; choose another format",
            file.display()
        )));
    }
    if format.is_animated() && args.at.is_some() {
        return Err(Error::Usage("--at chooses the screen of a PNG, SVG or text file".into()));
    }
    let tape = Tape::open(file)?;
    if let Some(at) = args.at.filter(|at| !(0.0..=tape.end()).contains(at)) {
        return Err(Error::Usage(format!("--at {at}: the recording has {:.3} seconds", tape.end())));
    }
    let fps = args.fps.unwrap_or(super::render::FPS.0);
    let timing = Timing { fps: f64::from(fps), max_seconds: f64::from(args.max_seconds) };
    let bar = LateBar::new("drawing");
    let progress = |done: usize, all: usize| bar.set(done as u64, all as u64);
    let bytes = render_tape(&tape, format, args.at, (speed, timing), args.theme, &progress)?;
    drop(bar);
    write_atomically(&args.to, &bytes)?;
    output::text(&format!("{}\n", args.to.display()))
}
