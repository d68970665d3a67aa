//! Event loop of the viewer: it prepares the terminal, shows the model and restores the terminal.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::panic::{self, PanicHookInfo};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossterm::event::{self, Event};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute};
use freewheel_core::{Error, Result};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::model::Model;
use super::palette::{Depth, Palette};
use super::{Exit, Watch, keys, view};

/// Minimum time between two frames: 60 frames a second.
const FRAME: Duration = Duration::from_millis(16);
/// Maximum time for steps between two frames, so that keys are handled at once.
const WORK: Duration = Duration::from_millis(12);
/// Maximum time to wait for a key; after it, signals are checked.
const IDLE: Duration = Duration::from_millis(100);
/// Time that the event loop has to end after a signal.
const GRACE: Duration = Duration::from_millis(500);

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
    let _raw = RawTerminal::enter(active)?;
    let backend = CrosstermBackend::new(BufWriter::with_capacity(1 << 16, io::stdout()));
    let mut terminal = Terminal::new(backend).map_err(failed)?;
    run(Model::new(watch), palette, &signals, &mut terminal)
}

fn run(
    mut model: Model,
    palette: Palette,
    signals: &Signals,
    terminal: &mut Terminal<CrosstermBackend<BufWriter<Stdout>>>,
) -> Result<Exit> {
    let mut then = Instant::now();
    let mut drawn: Option<Instant> = None;
    loop {
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
                Event::Key(key) => {
                    if let Some(command) = keys::command(key, model.active_input()) {
                        model.execute(command);
                    }
                }
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

fn failed(source: io::Error) -> Error {
    Error::io("the terminal")(source)
}

/// Handler of the signals that end the program.
///
/// The event loop may not notice a signal: a policy may be computing, and crossterm never returns from a closed
/// terminal. A thread therefore restores the terminal and ends the program after the time [`GRACE`].
struct Signals {
    received: Arc<AtomicI32>,
    handle: signal_hook::iterator::Handle,
    thread: Option<JoinHandle<()>>,
}

impl Signals {
    fn listen(active: &Arc<AtomicBool>) -> Result<Self> {
        let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT, SIGHUP]).map_err(failed)?;
        let (received, handle) = (Arc::new(AtomicI32::new(0)), signals.handle());
        let (store, left, active) = (Arc::clone(&received), handle.clone(), Arc::clone(active));
        let body = move || {
            let Some(signal) = signals.forever().next() else { return };
            store.store(signal, Ordering::Relaxed);
            let then = Instant::now();
            while then.elapsed() < GRACE {
                if left.is_closed() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            restore(&active);
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        };
        let thread = std::thread::Builder::new().name("signals".into()).spawn(body).map_err(failed)?;
        Ok(Signals { received, handle, thread: Some(thread) })
    }

    fn received(&self) -> Option<i32> {
        let signal = self.received.load(Ordering::Relaxed);
        (signal != 0).then_some(signal)
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.handle.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
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
        enable_raw_mode().map_err(failed)?;
        execute!(io::stdout(), EnterAlternateScreen, cursor::Hide).map_err(failed)?;
        Ok(raw)
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
fn restore(active: &AtomicBool) {
    if active.swap(false, Ordering::SeqCst) {
        let mut out = io::stdout();
        let _ = execute!(out, EndSynchronizedUpdate, LeaveAlternateScreen, cursor::Show);
        let _ = disable_raw_mode();
        let _ = out.flush();
    }
}
