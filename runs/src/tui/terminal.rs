//! Event loop of the viewer: it prepares the terminal, shows the model and restores the terminal.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::panic::{self, PanicHookInfo};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossterm::event::{self, Event};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute};
use freewheel_core::{Error, Result};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;

use super::keys::Command;
use super::model::Model;
use super::palette::{Depth, Palette};
use super::signals::Signals;
use super::{Exit, Watch, keys, view};

/// Minimum time between two frames: 60 frames a second.
const FRAME: Duration = Duration::from_millis(16);
/// Maximum time for steps between two frames, so that keys are handled at once.
const WORK: Duration = Duration::from_millis(12);
/// Maximum time to wait for a key; after it, signals are checked.
const IDLE: Duration = Duration::from_millis(100);

/// Runs the viewer. Same errors as [`watch`](super::watch).
pub(super) fn show(watch: Watch<'_>) -> Result<Exit> {
    if !io::stdout().is_terminal() {
        return Err(Error::Unsupported(
            "the viewer needs a terminal, but the output is a file or a pipe; remove the redirection, or use the \
             command `eval`, which prints scores"
                .into(),
        ));
    }
    if std::env::var("TERM").is_ok_and(|term| term == "dumb") {
        return Err(Error::Unsupported(
            "the viewer needs a terminal that can move its cursor, but TERM is `dumb`; set TERM to the type of the \
             terminal, such as xterm-256color, or use the command `eval`, which prints scores"
                .into(),
        ));
    }
    let palette = Palette(Depth::detect(|name| std::env::var(name).ok()));
    let active = Arc::new(AtomicBool::new(false));
    // Signal handlers are set first, so that no signal can kill the program after the terminal has been changed.
    let signals = Signals::listen(&active)?;
    let raw = RawTerminal::enter(active)?;
    run(Model::new(watch), palette, &signals, &raw, &mut new_terminal()?)
}

/// Terminal with buffered output, whose first frame draws the whole screen.
fn new_terminal() -> Result<Terminal<CrosstermBackend<BufWriter<Stdout>>>> {
    let backend = CrosstermBackend::new(BufWriter::with_capacity(1 << 16, io::stdout()));
    Terminal::new(backend).map_err(failed)
}

fn run(
    mut model: Model,
    palette: Palette,
    signals: &Signals,
    raw: &RawTerminal,
    terminal: &mut Terminal<CrosstermBackend<BufWriter<Stdout>>>,
) -> Result<Exit> {
    let mut then = Instant::now();
    let mut drawn: Option<Instant> = None;
    loop {
        if signals.suspend_requested() {
            // The screen of the shell comes back, and the program stops here until the shell continues it.
            restore(&raw.active);
            signals.stop()?;
        }
        if signals.was_continued() {
            raw.prepare()?;
            // A new one draws the whole screen.
            *terminal = new_terminal()?;
            model.dirty = true;
            // The time in which the program was stopped does not count.
            then = Instant::now();
        }
        let now = Instant::now();
        model.advance(now - then);
        then = now;
        while now.elapsed() < WORK && model.tick() {}
        model.drop_step_debt();

        let since = drawn.map_or(FRAME, |drawn| drawn.elapsed());
        if model.dirty && since >= FRAME {
            drawn = Some(Instant::now());
            paint(&mut model, palette, terminal).map_err(failed)?;
        }

        let mut wait = model.due().unwrap_or(IDLE).min(IDLE);
        if model.dirty {
            wait = wait.min(FRAME.saturating_sub(since));
        } else if model.speed > 60.0 && model.due().is_some() {
            // Above the frame rate, the steps of one frame are made together.
            wait = wait.max(FRAME.saturating_sub(since));
        }
        while ready(wait)? {
            match event::read().map_err(failed)? {
                Event::Key(key) => match keys::command(key, model.active_input()) {
                    Some(Command::Suspend) => signals.request_suspend(),
                    Some(command) => model.execute(command),
                    None => {}
                },
                Event::Resize(..) => model.dirty = true,
                _ => {}
            }
            if let Some(exit) = model.exit {
                return Ok(exit);
            }
            wait = Duration::ZERO;
        }
        if let Some(signal) = signals.received() {
            return Ok(Exit::Signal(signal));
        }
    }
}

fn paint(
    model: &mut Model,
    palette: Palette,
    terminal: &mut Terminal<CrosstermBackend<BufWriter<Stdout>>>,
) -> io::Result<()> {
    terminal.autoresize()?;
    let size = terminal.size()?;
    model.fit(Rect { x: 0, y: 0, width: size.width, height: size.height });
    model.dirty = false;
    // Synchronized update: the terminal shows a frame only when it is complete. The sequence is sent at once, so that
    // the buffer is empty if drawing panics.
    execute!(terminal.backend_mut(), BeginSynchronizedUpdate)?;
    terminal.draw(|frame| view::draw(model, palette, frame))?;
    execute!(terminal.backend_mut(), EndSynchronizedUpdate)
}

/// Waits up to `wait` for an event of the terminal; false if there is none. A signal ends the wait.
fn ready(wait: Duration) -> Result<bool> {
    match event::poll(wait) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(false),
        other => other.map_err(failed),
    }
}

pub(super) fn failed(source: io::Error) -> Error {
    Error::io("the terminal")(source)
}

type Hook = Arc<dyn Fn(&PanicHookInfo<'_>) + Send + Sync>;

/// Terminal in raw mode. Dropping restores it; a panic restores it before its message is printed.
struct RawTerminal {
    active: Arc<AtomicBool>,
    hook: Hook,
}

impl RawTerminal {
    fn enter(active: Arc<AtomicBool>) -> Result<Self> {
        active.store(true, Ordering::SeqCst);
        let hook: Hook = Arc::from(panic::take_hook());
        let (ours, before) = (Arc::clone(&active), Arc::clone(&hook));
        panic::set_hook(Box::new(move |info| {
            restore(&ours);
            before(info);
        }));
        // After this line, dropping `raw` restores the terminal.
        let raw = RawTerminal { active, hook };
        raw.prepare()?;
        Ok(raw)
    }

    /// Switches to raw mode and to the viewer's screen, at the start and after the program was continued.
    fn prepare(&self) -> Result<()> {
        self.active.store(true, Ordering::SeqCst);
        enable_raw_mode().map_err(failed)?;
        execute!(io::stdout(), EnterAlternateScreen, Clear(ClearType::All), cursor::Hide).map_err(failed)
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        restore(&self.active);
        // A panicking thread cannot change the panic hook; the terminal is restored already, so the hook does nothing.
        if !std::thread::panicking() {
            let hook = Arc::clone(&self.hook);
            panic::set_hook(Box::new(move |info| hook(info)));
        }
    }
}

/// Restores the terminal, at most once. A step that fails does not prevent the others.
pub(super) fn restore(active: &AtomicBool) {
    if active.swap(false, Ordering::SeqCst) {
        let mut out = io::stdout();
        let _ = execute!(out, EndSynchronizedUpdate, LeaveAlternateScreen, cursor::Show);
        let _ = disable_raw_mode();
        let _ = out.flush();
    }
}
