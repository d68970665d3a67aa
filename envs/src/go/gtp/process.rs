//! Programs as child processes that never outlive this one.
//!
//! Each program leads a process group of its own. The group, with all that the program has started, is killed when the
//! program is no longer needed. A second process, a shell that waits for the end of its input, kills the group when
//! this process has ended in any way, even by a kill signal. Both need Unix; elsewhere only the program is killed.

use std::collections::BTreeSet;
use std::io;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Process ids of the running programs.
static RUNNING: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// Whether [`interrupt`] was called.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Interrupts the players that are choosing a move: kills all programs, starts no other, and ends tree searches. Every
/// player then fails with an error. For a process that is about to end, as after Ctrl-C; it cannot be undone.
pub fn interrupt() {
    let running = running();
    INTERRUPTED.store(true, Ordering::Relaxed);
    running.iter().for_each(|&id| kill_group(id));
}

/// Whether [`interrupt`] was called.
pub fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

fn running() -> MutexGuard<'static, BTreeSet<u32>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Running program. Dropping it kills its process group.
pub(super) struct Process {
    child: Child,
    /// Shell that kills the process group after the end of this process.
    guard: Option<Child>,
    status: Option<ExitStatus>,
}

impl Process {
    /// Starts the program `name`, with pipes for its input and outputs.
    pub(super) fn start(name: &str, arguments: &[String]) -> io::Result<Self> {
        let mut command = Command::new(name);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        own_group(&mut command);
        let mut running = running();
        if is_interrupted() {
            return Err(io::Error::other("this program has been interrupted"));
        }
        let child = command.spawn()?;
        running.insert(child.id());
        drop(running);
        let guard = start_guard(child.id());
        Ok(Process { child, guard, status: None })
    }

    /// Ends of the pipes; `None` if they were taken before.
    pub(super) fn pipes(&mut self) -> (Option<ChildStdin>, Option<ChildStdout>, Option<ChildStderr>) {
        (self.child.stdin.take(), self.child.stdout.take(), self.child.stderr.take())
    }

    /// Whether the program has exited. Its process id stays in use until [`Process::end`].
    pub(super) fn has_exited(&mut self) -> bool {
        self.status.is_some() || has_exited(&mut self.child)
    }

    /// Kills the process group and waits for the program.
    pub(super) fn end(&mut self) -> Option<ExitStatus> {
        if self.status.is_none() {
            let mut running = running();
            running.remove(&self.child.id());
            kill_group(self.child.id());
            let _ = self.child.kill();
            drop(running);
            if let Some(mut guard) = self.guard.take() {
                let _ = guard.kill();
                let _ = guard.wait();
            }
            self.status = self.child.wait().ok();
        }
        self.status
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// Starts the shell that kills the process group `id` when the pipe from this process is closed.
#[cfg(unix)]
fn start_guard(id: u32) -> Option<Child> {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "read _; kill -9 \"-$1\"", "sh", &id.to_string()]);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    own_group(&mut command);
    command.spawn().ok()
}

#[cfg(not(unix))]
fn start_guard(_id: u32) -> Option<Child> {
    None
}

#[cfg(unix)]
fn own_group(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

#[cfg(not(unix))]
fn own_group(_command: &mut Command) {}

/// Whether the child has exited, without releasing its process id.
#[cfg(unix)]
fn has_exited(child: &mut Child) -> bool {
    use rustix::process::{WaitId, WaitIdOptions, waitid};
    let Some(id) = process_id(child.id()) else { return true };
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    !matches!(waitid(WaitId::Pid(id), options), Ok(None))
}

#[cfg(not(unix))]
fn has_exited(child: &mut Child) -> bool {
    !matches!(child.try_wait(), Ok(None))
}

#[cfg(unix)]
fn process_id(id: u32) -> Option<rustix::process::Pid> {
    rustix::process::Pid::from_raw(i32::try_from(id).ok()?)
}

#[cfg(unix)]
fn kill_group(id: u32) {
    if let Some(id) = process_id(id) {
        let _ = rustix::process::kill_process_group(id, rustix::process::Signal::KILL);
    }
}

#[cfg(not(unix))]
fn kill_group(_id: u32) {}
