//! State of the training dashboard, changed by keys, elapsed time and the progress of the jobs; it uses no terminal, no
//! clock and no thread.

use std::collections::VecDeque;
use std::time::Duration;

use super::groups::{Group, groups_of};
use crate::board::JobState;
use crate::curves::Curves;

/// Time over which the speed of a job is averaged.
const RATE_WINDOW: Duration = Duration::from_secs(8);
/// Maximum number of messages that are kept.
const NOTES: usize = 500;

/// Job at the start of the dashboard.
#[derive(Clone, Debug)]
pub(in crate::tui) struct JobInfo {
    /// Label of the world.
    pub(in crate::tui) world: String,
    /// Label of the agent.
    pub(in crate::tui) agent: String,
    /// Seed of the run.
    pub(in crate::tui) seed: u64,
    /// Environment steps of the run.
    pub(in crate::tui) steps: u64,
    /// Whether a lower score is better in the world.
    pub(in crate::tui) lower_is_better: bool,
}

/// Job in the table.
pub(in crate::tui) struct JobRow {
    /// Labels, seed and number of steps.
    pub(super) info: JobInfo,
    /// Index of the group of the job.
    pub(super) group: usize,
    /// State of the job.
    pub(super) state: JobState,
    /// Number of environment steps made.
    pub(super) step: u64,
    /// Number of environment steps made by this call of the program.
    new_steps: u64,
    /// Newest score.
    pub(super) score: Option<f64>,
    /// Whether the newest evaluation shows a stall.
    pub(super) stalled: bool,
    /// Speed of the job.
    pub(super) rate: Rate,
}

/// Speed over the last seconds.
#[derive(Clone, Debug, Default)]
pub(in crate::tui) struct Rate {
    /// Times since the start, with the number of steps made until then.
    samples: VecDeque<(Duration, u64)>,
}

impl Rate {
    /// Adds the number of steps made until the time `now`.
    fn add(&mut self, now: Duration, steps: u64) {
        // Ten samples a second would be more than the eye can use.
        if self.samples.back().is_none_or(|(then, _)| now.saturating_sub(*then) >= Duration::from_millis(250))
        {
            self.samples.push_back((now, steps));
        }
        while self.samples.len() > 2 && now.saturating_sub(self.samples[1].0) >= RATE_WINDOW {
            self.samples.pop_front();
        }
    }

    /// Steps a second; `None` before anything was measured.
    pub(super) fn per_second(&self) -> Option<f64> {
        let (first, last) = (self.samples.front()?, self.samples.back()?);
        let time = last.0.saturating_sub(first.0).as_secs_f64();
        (time > 0.0).then(|| last.1.saturating_sub(first.1) as f64 / time)
    }
}

/// Command of the user to the dashboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tui) enum Command {
    /// Select the job at this distance.
    Job(isize),
    /// Select the first job of the group at this distance.
    Group(isize),
    /// Select the metric of the large chart at this distance.
    Metric(isize),
    /// Show or hide the help.
    Help,
}

/// State of the dashboard.
pub(in crate::tui) struct Dashboard {
    /// Name of the experiment.
    pub(super) title: String,
    /// Jobs in the order of the experiment.
    pub(super) jobs: Vec<JobRow>,
    /// Groups of jobs that differ in their seeds only.
    pub(super) groups: Vec<Group>,
    /// Index of the selected job.
    pub(super) selected: usize,
    /// First row of the table that is shown.
    pub(super) scroll: usize,
    /// Name of the metric in the large chart.
    pub(super) metric: String,
    /// Messages with the time at which they came.
    pub(super) notes: VecDeque<(Duration, String)>,
    /// Time since the start of the dashboard.
    pub(super) elapsed: Duration,
    /// Speed of all jobs together.
    pub(super) rate: Rate,
    /// Memory that the program takes, bytes.
    pub(super) memory: Option<u64>,
    /// Whether the help is open.
    pub(super) help: bool,
    /// Whether the training is being stopped.
    pub(super) stopping: bool,
    /// Short message in the last row, until the next key.
    pub(super) message: Option<String>,
    /// Whether the screen must be drawn.
    pub(super) dirty: bool,
}

impl Dashboard {
    /// Dashboard of an experiment.
    pub(in crate::tui) fn new(title: &str, jobs: Vec<JobInfo>) -> Self {
        let (groups, group_of) = groups_of(&jobs);
        let row = |(info, group): (JobInfo, usize)| JobRow {
            info,
            group,
            state: JobState::Waiting,
            step: 0,
            new_steps: 0,
            score: None,
            stalled: false,
            rate: Rate::default(),
        };
        Dashboard {
            title: title.to_owned(),
            jobs: jobs.into_iter().zip(group_of).map(row).collect(),
            groups,
            selected: 0,
            scroll: 0,
            metric: Group::SCORE.to_owned(),
            notes: VecDeque::new(),
            elapsed: Duration::ZERO,
            rate: Rate::default(),
            memory: None,
            help: false,
            stopping: false,
            message: None,
            dirty: true,
        }
    }

    /// Executes a command.
    pub(in crate::tui) fn execute(&mut self, command: Command) {
        self.dirty = true;
        self.message = None;
        if std::mem::take(&mut self.help) {
            // Any key closes the help.
            return;
        }
        match command {
            Command::Help => self.help = true,
            Command::Job(by) => self.select_job(by),
            Command::Group(by) => self.select_group(by),
            Command::Metric(by) => {
                let names = self.metrics();
                let now = names.iter().position(|name| *name == self.metric).unwrap_or(0);
                if let Some(next) = names.get(wrapped(now, by, names.len())) {
                    self.metric = (*next).to_owned();
                }
            }
        }
    }

    fn select_job(&mut self, by: isize) {
        let last = self.jobs.len().saturating_sub(1);
        self.selected = self.selected.saturating_add_signed(by).min(last);
        self.keep_metric();
    }

    fn select_group(&mut self, by: isize) {
        let Some(now) = self.group_index() else { return };
        let next = wrapped(now, by, self.groups.len());
        if let Some(&job) = self.groups.get(next).and_then(|group| group.jobs.first()) {
            self.selected = job;
        }
        self.keep_metric();
    }

    /// Shows the score if the selected group does not have the metric.
    fn keep_metric(&mut self) {
        if !self.metrics().contains(&&*self.metric) {
            self.metric = Group::SCORE.to_owned();
        }
    }

    /// Index of the group of the selected job.
    pub(super) fn group_index(&self) -> Option<usize> {
        self.jobs.get(self.selected).map(|job| job.group)
    }

    /// Group of the selected job.
    pub(super) fn group(&self) -> Option<&Group> {
        self.groups.get(self.group_index()?)
    }

    /// Names of the metrics of the selected group, the score first.
    pub(super) fn metrics(&self) -> Vec<&str> {
        let others = self.group().into_iter().flat_map(Group::names);
        std::iter::once(Group::SCORE).chain(others.filter(|name| *name != Group::SCORE)).collect()
    }

    /// Takes the elapsed time.
    pub(in crate::tui) fn advance(&mut self, elapsed: Duration) {
        let before = self.elapsed.as_millis() / 250;
        self.elapsed += elapsed;
        self.dirty |= self.elapsed.as_millis() / 250 != before;
    }

    /// Takes the state and the steps of the job `index`: all steps, and those of this call.
    pub(in crate::tui) fn set_progress(
        &mut self,
        index: usize,
        state: JobState,
        (step, new_steps): (u64, u64),
    ) {
        let now = self.elapsed;
        let Some(job) = self.jobs.get_mut(index) else { return };
        let state = if state == JobState::Learning && job.stalled { JobState::Stalled } else { state };
        self.dirty |= job.state != state;
        (job.state, job.step, job.new_steps) = (state, step.min(job.info.steps), new_steps);
        if state.is_running() {
            job.rate.add(now, new_steps);
        }
        if index + 1 == self.jobs.len() {
            let all = self.jobs.iter().fold(0, |sum: u64, job| sum.saturating_add(job.new_steps));
            self.rate.add(now, all);
        }
    }

    /// Takes the learning curves of the job `index`.
    pub(in crate::tui) fn set_curves(&mut self, index: usize, curves: &Curves) {
        let Some(job) = self.jobs.get_mut(index) else { return };
        (job.score, job.stalled) = (curves.score(), curves.stalled);
        if let Some(group) = self.groups.get_mut(job.group) {
            group.set_curves(index, curves);
        }
        self.dirty = true;
    }

    /// Takes reference and baseline score of the group of the job `index`.
    pub(in crate::tui) fn set_scale(&mut self, index: usize, reference: Option<f64>, baseline: Option<f64>) {
        let Some(world) = self.jobs.get(index).map(|job| job.info.world.clone()) else { return };
        for group in self.groups.iter_mut().filter(|group| group.world == world) {
            (group.reference, group.baseline) = (reference, baseline);
        }
        self.dirty = true;
    }

    /// Adds a message to the log.
    pub(in crate::tui) fn add_note(&mut self, text: &str) {
        if self.notes.len() == NOTES {
            self.notes.pop_front();
        }
        self.notes.push_back((self.elapsed, crate::output::plain(text).into_owned()));
        self.dirty = true;
    }

    /// Shows a short message in the last row.
    pub(in crate::tui) fn say(&mut self, text: &str) {
        self.message = Some(text.to_owned());
        self.dirty = true;
    }

    /// Sets the memory that the program takes, bytes.
    pub(in crate::tui) fn set_memory(&mut self, bytes: Option<u64>) {
        self.memory = bytes;
    }

    /// Shows that the training is being stopped.
    pub(in crate::tui) fn set_stopping(&mut self) {
        self.dirty |= !self.stopping;
        self.stopping = true;
    }

    /// Steps made and steps of all jobs.
    pub(super) fn steps(&self) -> (u64, u64) {
        let sum =
            |of: fn(&JobRow) -> u64| self.jobs.iter().fold(0u64, |sum, job| sum.saturating_add(of(job)));
        (sum(|job| job.step), sum(|job| job.info.steps))
    }

    /// Steps that are still to be made: diverged and failed jobs make no more.
    pub(super) fn steps_left(&self) -> u64 {
        let left = self.jobs.iter().filter(|job| !job.state.is_over());
        left.fold(0u64, |sum, job| sum.saturating_add(job.info.steps - job.step))
    }

    /// Number of jobs in a state.
    pub(super) fn count(&self, state: JobState) -> usize {
        self.jobs.iter().filter(|job| job.state == state).count()
    }
}

/// Index at the distance `by` of `now` in a cycle of `n`; 0 for an empty cycle.
fn wrapped(now: usize, by: isize, n: usize) -> usize {
    (now as isize + by).checked_rem_euclid(n as isize).unwrap_or(0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_speed_is_that_of_the_last_seconds() {
        let mut rate = Rate::default();
        assert_eq!(rate.per_second(), None);
        for second in 0..20u64 {
            // 100 steps a second at first, 500 later.
            let steps = if second < 10 { 100 * second } else { 1000 + 500 * (second - 10) };
            rate.add(Duration::from_secs(second), steps);
        }
        assert_eq!(rate.per_second(), Some(500.0));
    }

    #[test]
    fn cycles_wrap() {
        assert_eq!([wrapped(0, -1, 3), wrapped(2, 1, 3), wrapped(0, 1, 0)], [2, 0, 0]);
    }
}
