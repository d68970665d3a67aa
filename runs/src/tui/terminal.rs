//! The loop: takes the terminal, shows the model, always gives the terminal back.

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
use super::{Parting, Watch, keys, view};

/// Time between two frames at least: sixty a second.
const FRAME: Duration = Duration::from_millis(16);
/// Of which so much may go into steps, so that keys are always answered at once.
const WORK: Duration = Duration::from_millis(12);
/// How long to wait for a key where nothing else happens: how soon a signal is noticed.
const IDLE: Duration = Duration::from_millis(100);
/// How long the loop has to leave after a signal.
const GRACE: Duration = Duration::from_millis(500);

pub(super) fn show(watch: Watch<'_>) -> Result<Parting> {
    if !io::stdout().is_terminal() {
        return Err(Error::Unsupported(
            "watching needs a terminal, and the output goes to a file or a pipe; run it without the redirection, or \
             use `freewheel eval`, which prints scores"
                .into(),
        ));
    }
    if std::env::var("TERM").is_ok_and(|term| term == "dumb") {
        return Err(Error::Unsupported(
            "watching needs a terminal that can move its cursor, and TERM is `dumb`; set TERM to what the terminal is, \
             such as xterm-256color, or use `freewheel eval`, which prints scores"
                .into(),
        ));
    }
    let palette = Palette(Depth::detect(|name| std::env::var(name).ok()));
    let held = Arc::new(AtomicBool::new(false));
    // Signals first: between taking the terminal and hearing them nothing may kill the program.
    let signals = Signals::listen(&held)?;
    let _taken = Taken::take(held)?;
    let backend = CrosstermBackend::new(BufWriter::with_capacity(1 << 16, io::stdout()));
    let mut terminal = Terminal::new(backend).map_err(failed)?;
    run(Model::new(watch), palette, &signals, &mut terminal)
}

fn run(
    mut model: Model,
    palette: Palette,
    signals: &Signals,
    terminal: &mut Terminal<CrosstermBackend<BufWriter<Stdout>>>,
) -> Result<Parting> {
    let mut then = Instant::now();
    let mut drawn: Option<Instant> = None;
    loop {
        let now = Instant::now();
        model.advance(now - then);
        then = now;
        while now.elapsed() < WORK && model.tick() {}
        model.forgive();

        let since = drawn.map_or(FRAME, |drawn| drawn.elapsed());
        if model.dirty && since >= FRAME {
            drawn = Some(Instant::now());
            paint(&mut model, palette, terminal).map_err(failed)?;
        }

        let mut wait = model.due().unwrap_or(IDLE).min(IDLE);
        if model.dirty {
            wait = wait.min(FRAME.saturating_sub(since));
        } else if model.speed > 60.0 && model.due().is_some() {
            // Above the frame rate steps are made a frame at a time.
            wait = wait.max(FRAME.saturating_sub(since));
        }
        while ready(wait)? {
            match event::read().map_err(failed)? {
                Event::Key(key) => {
                    if let Some(command) = keys::command(key, model.listening()) {
                        model.on(command);
                    }
                }
                Event::Resize(..) => model.dirty = true,
                _ => {}
            }
            if let Some(parting) = model.parting {
                return Ok(parting);
            }
            wait = Duration::ZERO;
        }
        if let Some(signal) = signals.heard() {
            return Ok(Parting::Signal(signal));
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
    // The terminal shows the frame when all of it has come: nothing tears. Sent at once, so that nothing lies in the
    // buffer should drawing panic.
    execute!(terminal.backend_mut(), BeginSynchronizedUpdate)?;
    terminal.draw(|frame| view::draw(model, palette, frame))?;
    execute!(terminal.backend_mut(), EndSynchronizedUpdate)
}

/// Whether a key or a new size has come within `wait`. A signal cuts the waiting short.
fn ready(wait: Duration) -> Result<bool> {
    match event::poll(wait) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(false),
        other => other.map_err(failed),
    }
}

fn failed(source: io::Error) -> Error {
    Error::io("the terminal")(source)
}

/// Signals that ask the program to leave, and a thread that sees to it.
///
/// The loop may not hear a signal: a policy may be thinking, and crossterm never returns from a terminal that has been
/// closed. After a while the thread then does what the loop should have done.
struct Signals {
    heard: Arc<AtomicI32>,
    handle: signal_hook::iterator::Handle,
    thread: Option<JoinHandle<()>>,
}

impl Signals {
    fn listen(held: &Arc<AtomicBool>) -> Result<Self> {
        let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT, SIGHUP]).map_err(failed)?;
        let (heard, handle) = (Arc::new(AtomicI32::new(0)), signals.handle());
        let (store, left, held) = (Arc::clone(&heard), handle.clone(), Arc::clone(held));
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
            give_back(&held);
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        };
        let thread = std::thread::Builder::new().name("signals".into()).spawn(body).map_err(failed)?;
        Ok(Signals { heard, handle, thread: Some(thread) })
    }

    fn heard(&self) -> Option<i32> {
        let signal = self.heard.load(Ordering::Relaxed);
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

/// The terminal, taken. Dropping gives it back; so does a panic, before its message is printed.
struct Taken {
    held: Arc<AtomicBool>,
    hook: Hook,
}

impl Taken {
    fn take(held: Arc<AtomicBool>) -> Result<Self> {
        held.store(true, Ordering::SeqCst);
        let hook: Hook = Arc::from(panic::take_hook());
        let (ours, before) = (Arc::clone(&held), Arc::clone(&hook));
        panic::set_hook(Box::new(move |info| {
            give_back(&ours);
            before(info);
        }));
        // From here on dropping undoes whatever has been done.
        let taken = Taken { held, hook };
        enable_raw_mode().map_err(failed)?;
        execute!(io::stdout(), EnterAlternateScreen, cursor::Hide).map_err(failed)?;
        Ok(taken)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        give_back(&self.held);
        // A panicking thread may not change its hook; ours does nothing more by then.
        if !std::thread::panicking() {
            let hook = Arc::clone(&self.hook);
            panic::set_hook(Box::new(move |info| hook(info)));
        }
    }
}

/// Once only, and whatever fails: the rest is still undone.
fn give_back(held: &AtomicBool) {
    if held.swap(false, Ordering::SeqCst) {
        let mut out = io::stdout();
        let _ = execute!(out, EndSynchronizedUpdate, LeaveAlternateScreen, cursor::Show);
        let _ = disable_raw_mode();
        let _ = out.flush();
    }
}
