//! Workers of a sweep: they claim runs, train them, and write their results into the journal.
//!
//! A run is claimed by a lock on a file, which the system releases when the process ends, however it ends. So any
//! number of processes work on a sweep, also one after the other: what a killed process has begun, another one claims
//! and continues from its checkpoint.

use std::collections::{HashMap, HashSet};
use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use freewheel_core::checkpoint::{remove_temporary_files, write_atomically};
use freewheel_core::input::read_raw;
use freewheel_core::{Error, Result};

use super::definition::Definition;
use super::journal::{Key, Reader, Writer};
use super::outcome::Summary;
use super::search::{Search, Step, Task};
use super::{FILE, TaskId};
use crate::experiment::{pool, without_panic};
use crate::folders::{create_folder, open_file};
use crate::format::decimal_or_dash;
use crate::output;
use crate::registry::Registry;
use crate::score_scale::ScoreScales;
use crate::training::{Control, Outcome};

/// First line of the file [`FILE`].
const HEADER: &str = "# Definition of the sweep in this folder. Do not edit it.\n";

/// Folder of the lock files in that of the sweep.
const CLAIMS: &str = "claims";

/// Shortest and longest time between two looks at the results of other workers.
const WAIT: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(500)];

/// A sweep in a folder, with the means to work on it.
pub(crate) struct Work<'a> {
    /// Worlds and agents.
    pub(crate) registry: &'a Registry,
    /// Definition of the search.
    pub(crate) definition: &'a Definition,
    /// Folder of the sweep.
    pub(crate) root: &'a Path,
    /// Number of this process.
    pub(crate) task: TaskId,
    /// Number of threads.
    pub(crate) threads: usize,
    /// Stop flag.
    pub(crate) stop: &'a AtomicBool,
    /// Whether finished runs are told to the user.
    pub(crate) tells: bool,
}

/// End of the work of a process.
pub(crate) enum End {
    /// All results are there.
    Done(Box<Summary>),
    /// The user interrupted; all is saved.
    Interrupted,
    /// Runs failed, with their names and errors; all other runs are made.
    Failed(Vec<(String, Error)>),
}

/// State that the workers share.
struct Shared<'a> {
    search: Search<'a>,
    reader: Reader,
    writer: Writer,
    /// Runs of this process.
    running: HashSet<Key>,
    failed: HashMap<Key, (String, Error)>,
    /// Error that ends the work.
    error: Option<Error>,
    done: bool,
}

/// Next task of a worker.
enum Next {
    Run(Box<Task>, File),
    Wait,
    End,
}

impl Work<'_> {
    /// Works until all results are there, or until the user interrupts.
    ///
    /// # Errors
    /// [`Error::Config`] if the folder has another sweep, or another process is this task; [`Error::Damaged`] for a
    /// damaged journal; [`Error::Io`].
    pub(crate) fn run(&self) -> Result<End> {
        let claims = self.root.join(CLAIMS);
        create_folder(self.root, &claims)?;
        {
            let _alone = self.alone()?;
            remove_temporary_files(self.root)?;
            self.write_definition()?;
        }
        let shared = Mutex::new(Shared {
            search: Search::new(self.registry, self.definition),
            reader: Reader::new(self.root),
            writer: Writer::open(self.root, self.task)?,
            running: HashSet::new(),
            failed: HashMap::new(),
            error: None,
            done: false,
        });
        let score_scales = ScoreScales::default();
        let pools = (0..self.threads.max(1)).map(|_| pool(1)).collect::<Result<Vec<_>>>()?;
        std::thread::scope(|scope| {
            for pool in &pools {
                let (shared, score_scales) = (&shared, &score_scales);
                scope.spawn(move || self.work(shared, pool, score_scales));
            }
        });
        let Shared { search, reader, failed, error, done, .. } =
            shared.into_inner().unwrap_or_else(PoisonError::into_inner);
        match error {
            Some(error) => Err(error),
            None if done => {
                let summary = Summary::new(self.registry, &search, &reader.results)?;
                let _alone = self.alone()?;
                summary.write(self.root)?;
                Ok(End::Done(Box::new(summary)))
            }
            None if self.stop.load(Ordering::Relaxed) => Ok(End::Interrupted),
            None => {
                let mut failed: Vec<_> = failed.into_iter().collect();
                failed.sort_by(|a, b| a.0.cmp(&b.0));
                Ok(End::Failed(failed.into_iter().map(|(_, failure)| failure).collect()))
            }
        }
    }

    /// Lock that one process holds at a time, while it writes files that all share.
    fn alone(&self) -> Result<File> {
        let path = self.root.join(CLAIMS).join("shared-files.lock");
        let file = open_file(&path)?;
        match file.lock() {
            Err(e) if self.task.count > 1 => Err(no_locks(self.root, &e)),
            _ => Ok(file),
        }
    }

    /// Writes the definition of the sweep into its folder, or compares it with the one there.
    fn write_definition(&self) -> Result<()> {
        let path = self.root.join(FILE);
        let text = format!("{HEADER}{}", self.definition.text);
        match read_raw(&path) {
            Ok(found) if found == text.as_bytes() => Ok(()),
            Ok(_) => Err(Error::Config(format!(
                "{}: this folder has a sweep with other settings ({FILE}); name another folder with --out, or remove \
                 this one",
                self.root.display()
            ))),
            Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                write_atomically(path, text.as_bytes())
            }
            Err(error) => Err(error),
        }
    }

    /// Work of one thread.
    fn work(&self, shared: &Mutex<Shared<'_>>, pool: &rayon::ThreadPool, score_scales: &ScoreScales) {
        let mut wait = WAIT[0];
        while !self.stop.load(Ordering::Relaxed) {
            let next = {
                let mut shared = locked(shared);
                let next = self.next(&mut shared);
                next.unwrap_or_else(|error| {
                    shared.error.get_or_insert(error);
                    Next::End
                })
            };
            let (task, claim) = match next {
                Next::End => return,
                Next::Wait => {
                    std::thread::sleep(wait);
                    wait = (2 * wait).min(WAIT[1]);
                    continue;
                }
                Next::Run(task, claim) => (task, claim),
            };
            wait = WAIT[0];
            let control = Control {
                stop: self.stop,
                progress: &|_| {},
                resumed: &|_| {},
                note: &output::note,
                score_scales,
                requests: None,
            };
            let outcome = pool.install(|| without_panic(|| task.job.run(self.registry, self.root, &control)));
            self.record(&mut locked(shared), &task, outcome);
            // The result is on disk before another process can claim the run.
            drop(claim);
        }
    }

    /// Claims a run. With several processes, each begins at another place of the list.
    fn next(&self, shared: &mut Shared<'_>) -> Result<Next> {
        if shared.done || shared.error.is_some() {
            return Ok(Next::End);
        }
        shared.reader.read()?;
        let tasks = match shared.search.next(&shared.reader.results)? {
            Step::Work(tasks) => tasks,
            Step::Done => {
                shared.done = true;
                return Ok(Next::End);
            }
        };
        let start = tasks.len() * (self.task.index - 1) as usize / self.task.count as usize;
        let mut open = false;
        let order = (start..tasks.len()).chain(0..start);
        let mut tasks: Vec<Option<Task>> = tasks.into_iter().map(Some).collect();
        for at in order {
            let Some(task) = tasks[at].take() else { continue };
            if shared.failed.contains_key(&task.key) {
                continue;
            }
            open = true;
            if shared.running.contains(&task.key) {
                continue;
            }
            let Some(claim) = self.claim(&task.key)? else { continue };
            // Another process may have finished it just before its claim was released.
            shared.reader.read()?;
            if !shared.reader.results.contains_key(&task.key) {
                shared.running.insert(task.key.clone());
                return Ok(Next::Run(Box::new(task), claim));
            }
        }
        Ok(if open { Next::Wait } else { Next::End })
    }

    /// Lock of the run of `key`; `None` if another process has it.
    fn claim(&self, key: &Key) -> Result<Option<File>> {
        let name = format!("{}.lock", key.run.replace('/', "-"));
        let file = open_file(&self.root.join(CLAIMS).join(name))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            // A single process needs no locks.
            Err(TryLockError::Error(_)) if self.task.count == 1 => Ok(Some(file)),
            Err(TryLockError::Error(e)) => Err(no_locks(self.root, &e)),
        }
    }

    /// Writes the result of a run into the journal.
    fn record(&self, shared: &mut Shared<'_>, task: &Task, outcome: Result<Outcome>) {
        shared.running.remove(&task.key);
        let score = match outcome {
            Ok(Outcome::Done(result)) => result.evaluation.score(),
            Ok(Outcome::Diverged(why)) => {
                output::note(&format!("{}: {why}", task.title));
                None
            }
            Ok(Outcome::Interrupted) => return,
            Err(_) if self.stop.load(Ordering::Relaxed) => return,
            Err(error) => {
                output::note(&format!("{}: failed: {error}", task.title));
                shared.failed.insert(task.key.clone(), (task.title.clone(), error));
                return;
            }
        };
        match shared.writer.append(&task.key, score) {
            Ok(()) if self.tells => {
                output::note(&format!("{}: score {}", task.title, decimal_or_dash(score)));
            }
            Ok(()) => {}
            Err(error) => {
                shared.error.get_or_insert(error);
            }
        }
    }
}

fn no_locks(root: &Path, error: &std::io::Error) -> Error {
    Error::Unsupported(format!(
        "{}: this file system has no locks ({error}), which a sweep of several processes needs",
        root.display()
    ))
}

fn locked<'g, 'a>(shared: &'g Mutex<Shared<'a>>) -> MutexGuard<'g, Shared<'a>> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
