//! Event loop: it prepares the terminal, shows the screens of an [`App`] and restores the terminal.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::panic::{self, PanicHookInfo};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossterm::event::{
    self, DisableMouseCapture, EnableMouseCapture, KeyboardEnhancementFlags, PopKeyboardEnhancementFlags,
    PushKeyboardEnhancementFlags,
};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute};
use freewheel_core::{Error, Result};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use super::Exit;
use super::app::App;
use super::palette::{Depth, Palette};
use super::recorder::Recorder;
use super::signals::Signals;

/// Maximum time for work between two frames, so that keys are handled at once.
const WORK: Duration = Duration::from_millis(12);
/// Maximum time to wait for a key; after it, signals are checked.
const IDLE: Duration = Duration::from_millis(100);

/// Recorder of the screens, if the command line asks for one. The program has one terminal, whichever command uses it.
static RECORDER: Mutex<Option<Recorder>> = Mutex::new(None);

/// Calls `change` with the recorder and the present moment, if there is a recorder.
fn with_recorder(change: impl FnOnce(&mut Recorder, Instant)) {
    if let Some(recorder) = &mut *RECORDER.lock().unwrap_or_else(PoisonError::into_inner) {
        change(recorder, Instant::now());
    }
}

/// Records all screens from now on, under this title.
pub(crate) fn record(title: &str) {
    *RECORDER.lock().unwrap_or_else(PoisonError::into_inner) = Some(Recorder::new(title));
}

/// Ends recording; returns the asciicast, or `None` if no screen was shown.
pub(crate) fn recorded() -> Option<String> {
    let recorder = RECORDER.lock().unwrap_or_else(PoisonError::into_inner).take()?;
    recorder.finish(Instant::now())
}

/// Shows `app` while a training runs, until its last screen closes. The training handles the signals that end the
/// program; `active` tells their handler whether the terminal has to be restored.
///
/// # Errors
/// Errors of the terminal.
pub(super) fn show_training(app: App<'_>, active: &Arc<AtomicBool>) -> Result<()> {
    let palette = Palette::new(Depth::detect(|name| std::env::var(name).ok()));
    let signals = Signals::listen_to_suspension()?;
    let raw = RawTerminal::enter(Arc::clone(active))?;
    run(app, palette, &signals, &raw, &mut new_terminal()?).map(drop)
}

/// Whether the program can show screens: both outputs and the input are terminals that can move their cursor.
pub(crate) fn is_interactive() -> bool {
    let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
    io::stdout().is_terminal() && io::stderr().is_terminal() && io::stdin().is_terminal() && !dumb
}

/// Shows `app` until its last screen closes. Same errors as [`watch`](super::watch).
pub(super) fn show(app: App<'_>) -> Result<Exit> {
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
    let palette = Palette::new(Depth::detect(|name| std::env::var(name).ok()));
    let active = Arc::new(AtomicBool::new(false));
    // Signal handlers are set first, so that no signal can kill the program after the terminal has been changed.
    let signals = Signals::listen(&active)?;
    let raw = RawTerminal::enter(active)?;
    run(app, palette, &signals, &raw, &mut new_terminal()?)
}

/// Terminal with buffered output, whose first frame draws the whole screen.
fn new_terminal() -> Result<Terminal<CrosstermBackend<BufWriter<Stdout>>>> {
    let backend = CrosstermBackend::new(BufWriter::with_capacity(1 << 16, io::stdout()));
    Terminal::new(backend).map_err(failed)
}

/// Shows `app` until it ends, and records it if there is a recorder.
fn run(
    app: App<'_>,
    palette: Palette,
    signals: &Signals,
    raw: &RawTerminal,
    terminal: &mut Terminal<CrosstermBackend<BufWriter<Stdout>>>,
) -> Result<Exit> {
    with_recorder(Recorder::begin);
    let exit = event_loop(app, palette, signals, raw, terminal);
    with_recorder(Recorder::pause);
    exit
}

fn event_loop(
    mut app: App<'_>,
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
            with_recorder(Recorder::pause);
            signals.stop()?;
            with_recorder(Recorder::begin);
        }
        if signals.was_continued() {
            raw.prepare()?;
            // A new one draws the whole screen.
            *terminal = new_terminal()?;
            app.invalidate();
            // The time in which the program was stopped does not count.
            then = Instant::now();
        }
        let now = Instant::now();
        if app.advance(now - then) {
            signals.request_suspend();
        }
        if app.is_over() {
            return Ok(Exit::Quit);
        }
        then = now;
        while now.elapsed() < WORK && app.work() {}
        app.rest();

        let frame = app.frame();
        let since = drawn.map_or(frame, |drawn| drawn.elapsed());
        if app.is_dirty() && since >= frame {
            drawn = Some(Instant::now());
            paint(&mut app, palette, terminal).map_err(failed)?;
        }

        let due = app.due();
        let mut wait = due.unwrap_or(IDLE).min(IDLE);
        if app.is_dirty() {
            wait = wait.min(frame.saturating_sub(since));
        } else if due.is_some_and(|due| due < frame) {
            // Above the frame rate, the steps of one frame are made together.
            wait = wait.max(frame.saturating_sub(since));
        }
        while ready(wait)? {
            if app.handle(&event::read().map_err(failed)?) {
                signals.request_suspend();
            }
            if app.is_over() {
                return Ok(Exit::Quit);
            }
            wait = Duration::ZERO;
        }
        if let Some(signal) = signals.received() {
            return Ok(Exit::Signal(signal));
        }
    }
}

fn paint(
    app: &mut App<'_>,
    palette: Palette,
    terminal: &mut Terminal<CrosstermBackend<BufWriter<Stdout>>>,
) -> io::Result<()> {
    // Synchronized update: the terminal shows a frame only when it is complete. The sequence is sent at once, so that
    // the buffer is empty if drawing panics.
    execute!(terminal.backend_mut(), BeginSynchronizedUpdate)?;
    let shown = terminal.draw(|frame| app.draw(frame.area(), frame.buffer_mut(), palette))?;
    with_recorder(|recorder, now| recorder.add(now, shown.buffer));
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
        execute!(io::stdout(), EnterAlternateScreen, EnableMouseCapture, Clear(ClearType::All), cursor::Hide)
            .map_err(failed)?;
        // Releases of keys, for held keys; a terminal without them ignores the sequence.
        let flags = KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES
            | KeyboardEnhancementFlags::REPORT_EVENT_TYPES;
        let _ = execute!(io::stdout(), PushKeyboardEnhancementFlags(flags));
        Ok(())
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
pub(crate) fn restore(active: &AtomicBool) {
    if active.swap(false, Ordering::SeqCst) {
        let mut out = io::stdout();
        let _ = execute!(out, PopKeyboardEnhancementFlags);
        let _ = execute!(out, EndSynchronizedUpdate, DisableMouseCapture, LeaveAlternateScreen, cursor::Show);
        let _ = disable_raw_mode();
        let _ = out.flush();
    }
}
