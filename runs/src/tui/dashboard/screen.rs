//! Screen of the dashboard: it feeds the model from the board and the files of the jobs, and answers the keys.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crossterm::event::{Event, MouseEventKind};
use freewheel_core::{Policy, PolicyMode, Streams};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::keys::{self, Key};
use super::model::{Command, Dashboard, JobInfo};
use super::{Training, view};
use crate::board::JobState;
use crate::checksums::METRICS;
use crate::curves::CurveReader;
use crate::job::Job;
use crate::messages::screens::tr;
use crate::tui::app::{Screen, Transition, pressed};
use crate::tui::model::Model;
use crate::tui::palette::Palette;
use crate::tui::{Theme, Watch, ascii, needs_ascii};

/// Minimum time between two frames: 20 frames a second.
const FRAME: Duration = Duration::from_millis(50);
/// Time between two looks at the board.
const POLL: Duration = Duration::from_millis(100);
/// Time between two readings of the metrics.
const READ: Duration = Duration::from_millis(500);

/// Reference and baseline score of the world of a job, with the index of the job.
type Scale = (usize, Option<f64>, Option<f64>);

/// Screen of the dashboard.
pub(super) struct DashboardScreen<'a> {
    training: Training<'a>,
    model: Dashboard,
    /// Whether the training has ended.
    over: &'a AtomicBool,
    /// Readers of the metrics of the jobs; `None` once the last line has been read.
    readers: Vec<Option<CurveReader>>,
    /// Score scales, computed in the background.
    scales: Receiver<Scale>,
    /// Job whose policy has been asked for.
    opening: Option<usize>,
    /// Number of messages of the board that have been shown.
    notes: usize,
    /// Whether all glyphs are ASCII.
    ascii: bool,
    /// Times since the last look at the board, and since the last reading.
    since_poll: Duration,
    since_read: Duration,
}

impl<'a> DashboardScreen<'a> {
    /// Screen of `training`; the flag `over` is set at the end of the training.
    pub(super) fn new(training: Training<'a>, over: &'a AtomicBool) -> Self {
        let info = |job: &Job| JobInfo {
            world: job.config.world_label.clone(),
            agent: job.config.agent_label.clone(),
            seed: job.config.seed,
            steps: job.config.steps,
            lower_is_better: job.evaluation_world().spec().lower_is_better(),
        };
        let reader = |job: &Job| Some(CurveReader::new(job.directory(training.out).join(METRICS)));
        let mut screen = DashboardScreen {
            training,
            model: Dashboard::new(training.title, training.jobs.iter().map(info).collect()),
            over,
            readers: training.jobs.iter().map(reader).collect(),
            scales: scales(training),
            opening: None,
            notes: 0,
            ascii: needs_ascii(),
            since_poll: Duration::ZERO,
            since_read: Duration::ZERO,
        };
        screen.poll();
        screen.read();
        screen
    }

    /// Looks at the board.
    fn poll(&mut self) {
        for (index, entry) in self.training.board.jobs.iter().enumerate() {
            self.model.set_progress(index, entry.state(), entry.steps());
        }
        for note in self.training.board.notes_from(self.notes) {
            self.notes += 1;
            self.model.add_note(&note);
        }
        while let Ok((index, reference, baseline)) = self.scales.try_recv() {
            self.model.set_scale(index, reference, baseline);
        }
        if self.training.stop.load(Ordering::Relaxed) {
            self.model.set_stopping();
        }
    }

    /// Reads the new lines of the metrics of all jobs that run or have just ended.
    fn read(&mut self) {
        for (index, entry) in self.training.board.jobs.iter().enumerate() {
            let state = entry.state();
            if state == JobState::Waiting {
                continue;
            }
            let Some(reader) = &mut self.readers[index] else { continue };
            match reader.read() {
                Ok(true) => self.model.set_curves(index, reader.curves()),
                // The state was read before the file: no line follows.
                Ok(false) if state.is_over() => self.readers[index] = None,
                Ok(false) => {}
                Err(e) => {
                    self.model.add_note(&e.to_string());
                    self.readers[index] = None;
                }
            }
        }
        self.model.set_memory(memory());
    }

    /// Opens the newest policy of the selected job: a job in training is asked for it.
    fn open(&mut self) -> Transition<'a> {
        let index = self.model.selected;
        let Some((job, entry)) = self.training.jobs.get(index).zip(self.training.board.jobs.get(index))
        else {
            return Transition::Stay;
        };
        match entry.state() {
            JobState::Waiting => self.model.say(tr!("this job has not started yet")),
            state if state.is_running() => {
                entry.requests.ask_policy();
                self.opening = Some(index);
                self.model.say(tr!("waiting for the policy"));
            }
            _ => {
                let directory = job.directory(self.training.out);
                let note = |text: &str| self.training.board.note(text);
                match job.trained(self.training.registry, &directory, &note) {
                    Ok(Some((step, agent))) => {
                        return self.episode(job, step, Arc::from(agent.policy(PolicyMode::Greedy)));
                    }
                    Ok(None) => self.model.say(tr!("this job has no checkpoint")),
                    Err(e) => self.model.say(&e.to_string()),
                }
            }
        }
        Transition::Stay
    }

    /// Episode view of a policy.
    fn episode(&mut self, job: &'a Job, step: u64, policy: Arc<dyn Policy>) -> Transition<'a> {
        self.model.message = None;
        let group = self.model.group();
        let watch = Watch {
            title: job.config.world_label.clone(),
            policies: vec![(tr!("{} after {} steps", job.config.agent_label, step), policy)],
            streams: Streams::new(job.config.seed),
            max_steps: job.max_steps(),
            reference: group.and_then(|group| group.reference),
            baseline: group.and_then(|group| group.baseline),
            ascii: self.ascii,
            theme: Theme::chosen(),
            ..Watch::new(Arc::clone(&job.world))
        };
        Transition::Open(Box::new(Model::new(watch)))
    }

    /// Policy that a job has handed over.
    fn handed_over(&mut self) -> Option<Transition<'a>> {
        let index = self.opening?;
        let (job, entry) = self.training.jobs.get(index).zip(self.training.board.jobs.get(index))?;
        if let Some((step, policy)) = entry.requests.take_policy() {
            self.opening = None;
            return Some(self.episode(job, step, policy));
        }
        if entry.state().is_over() {
            // The job has ended before it could answer: its last checkpoint has the policy.
            self.opening = None;
            return Some(self.open());
        }
        None
    }
}

impl<'a> Screen<'a> for DashboardScreen<'a> {
    fn handle(&mut self, event: &Event) -> Transition<'a> {
        if let Event::Mouse(mouse) = event {
            match mouse.kind {
                MouseEventKind::ScrollUp => self.model.execute(Command::Job(-1)),
                MouseEventKind::ScrollDown => self.model.execute(Command::Job(1)),
                _ => {}
            }
        }
        let Some(key) = pressed(event).and_then(keys::effect) else { return Transition::Stay };
        if self.model.help && !matches!(key, Key::Interrupt | Key::Suspend) {
            self.model.execute(Command::Help);
            return Transition::Stay;
        }
        match key {
            Key::Model(command) => self.model.execute(command),
            Key::Checkpoint => match self.training.board.jobs.get(self.model.selected) {
                Some(entry) if entry.state().is_running() => {
                    entry.requests.ask_checkpoint();
                    self.model.say(tr!("checkpoint asked for"));
                }
                _ => self.model.say(tr!("only a job in training saves a checkpoint")),
            },
            Key::Open => return self.open(),
            Key::Stop => {
                self.training.stop.store(true, Ordering::Relaxed);
                self.model.set_stopping();
            }
            Key::Interrupt => {
                // The handler of the signal sets the flag; a second one ends the program at once.
                let _ = signal_hook::low_level::raise(signal_hook::consts::SIGINT);
            }
            Key::Theme => {
                Theme::chosen().next().choose();
                self.model.dirty = true;
            }
            Key::Suspend => return Transition::Suspend,
        }
        Transition::Stay
    }

    fn advance(&mut self, elapsed: Duration) -> Transition<'a> {
        self.model.advance(elapsed);
        self.since_poll += elapsed;
        self.since_read += elapsed;
        let over = self.over.load(Ordering::Relaxed);
        if self.since_poll >= POLL || over {
            self.since_poll = Duration::ZERO;
            self.poll();
        }
        if self.since_read >= READ {
            self.since_read = Duration::ZERO;
            self.read();
        }
        match self.handed_over() {
            Some(transition) => transition,
            // After an interruption the program ends, whatever is shown above the dashboard.
            None if over && self.training.stop.load(Ordering::Relaxed) => Transition::Quit,
            None if over => Transition::Close,
            None => Transition::Stay,
        }
    }

    fn due(&self) -> Option<Duration> {
        Some(POLL.saturating_sub(self.since_poll))
    }

    fn is_dirty(&self) -> bool {
        self.model.dirty
    }

    fn frame(&self) -> Duration {
        FRAME
    }

    fn draw(&mut self, area: Rect, buf: &mut Buffer, palette: Palette) {
        self.model.dirty = false;
        let palette = Palette { theme: Theme::chosen(), ..palette };
        view::draw(&mut self.model, palette, area, buf);
        if self.ascii {
            ascii::convert(area, buf);
        }
    }
}

/// Score scales of the worlds of the jobs, one job a world, computed on a thread in the background. The results table
/// needs the same scales, so that no work is lost.
fn scales(training: Training<'_>) -> Receiver<Scale> {
    let (send, receive) = channel();
    let mut firsts: Vec<(usize, Job)> = Vec::new();
    for (index, job) in training.jobs.iter().enumerate() {
        if firsts.iter().all(|(_, first)| first.config.world_label != job.config.world_label) {
            firsts.push((index, job.clone()));
        }
    }
    let scales = Arc::clone(training.score_scales);
    let compute = move || {
        for (index, job) in firsts {
            let Ok(scale) = scales.of(&job) else { continue };
            let reference = scale.reference.map(|reference| reference.value);
            if send.send((index, reference, scale.baseline.map(|baseline| baseline.value))).is_err() {
                return;
            }
        }
    };
    // Without the thread, the lines of the scales are missing.
    let _ = std::thread::Builder::new().name("score scales".into()).spawn(compute);
    receive
}

/// Memory that the program takes, bytes; `None` where the system does not tell.
fn memory() -> Option<u64> {
    // The second number is the resident set, in pages of 4 KiB.
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    statm.split(' ').nth(1)?.parse::<u64>().ok().map(|pages| pages * 4096)
}
