//! `Rows`: environments with episodes of their own, for the automatic resets that a `Batch` does not have.

use std::time::Instant;

use freewheel::core::{
    ActionBuffer, Actions, DynWorld, Ending, EpisodeRunner, Error, Player, Purpose, Result, Streams,
};
use rayon::prelude::*;

/// Time of a step of all environments, in nanoseconds, from which it is split over threads.
const PARALLEL_NS: f64 = 150_000.0;
/// Number of steps after which the time on one thread is measured again.
const TIMING_INTERVAL: u32 = 64;

/// Environments that are reset in the step after the end of their episode (`NEXT_STEP`), or in the same step, each with
/// random streams of its own.
pub(crate) struct Rows {
    rows: Vec<Row>,
    next_step: bool,
    /// Time of a step on one thread, in nanoseconds.
    serial_ns: f64,
    steps: u32,
}

/// One environment with the results of its last step.
pub(crate) struct Row {
    pub(crate) runner: Box<dyn EpisodeRunner>,
    pub(crate) reward: f32,
    pub(crate) ending: Ending,
    /// Last observation `[D]`, mask `[A]`, measures and player to move of the episode that ended in the last step, if
    /// the environment has been reset already.
    pub(crate) last: Option<Last>,
}

/// End of an episode.
pub(crate) struct Last {
    pub(crate) obs: Vec<f32>,
    pub(crate) legal: Vec<bool>,
    pub(crate) measures: Vec<f64>,
    pub(crate) to_play: Player,
}

impl Row {
    #[inline]
    fn step(&mut self, action: Actions<'_>, next_step: bool) -> Result<()> {
        self.last = None;
        if next_step && self.ending.is_over() {
            // This step only resets: its action is ignored.
            let next = self.runner.episode() + 1;
            self.runner.reset(next);
            (self.reward, self.ending) = (0.0, Ending::Running);
            return Ok(());
        }
        let step = self.runner.step(action)?;
        (self.reward, self.ending) = (step.reward, step.ending);
        if !next_step && step.ending.is_over() {
            let runner = &mut self.runner;
            let (obs, legal) = (runner.obs().to_vec(), runner.legal().to_vec());
            let (measures, to_play) = (runner.measures(), runner.to_play());
            self.last = Some(Last { obs, legal, measures, to_play });
            runner.reset(runner.episode() + 1);
        }
        Ok(())
    }
}

impl Rows {
    /// One environment for each of `streams` and stream index, at the start of its first episode.
    pub(crate) fn new(world: &dyn DynWorld, streams: &[(Streams, u64)], next_step: bool) -> Self {
        let row = |&(streams, index): &(Streams, u64)| Row {
            runner: world.episode_runner(streams, Purpose::Environment, index),
            reward: 0.0,
            ending: Ending::Running,
            last: None,
        };
        Rows { rows: streams.iter().map(row).collect(), next_step, serial_ns: 0.0, steps: 0 }
    }

    pub(crate) fn all(&self) -> &[Row] {
        &self.rows
    }

    /// Steps all environments. After an error about an action, no environment has changed.
    pub(crate) fn step(&mut self, actions: &ActionBuffer, dimensions: usize) -> Result<()> {
        self.check(actions)?;
        let action = |i: usize| match actions {
            ActionBuffer::Discrete(all) => Actions::Discrete(&all[i..=i]),
            ActionBuffer::Continuous(all) => Actions::Continuous(&all[i * dimensions..(i + 1) * dimensions]),
        };
        let next_step = self.next_step;
        self.steps = self.steps.wrapping_add(1);
        let timed = self.steps.is_multiple_of(TIMING_INTERVAL) || self.steps < 8;
        if self.serial_ns > PARALLEL_NS && !timed && rayon::current_num_threads() > 1 {
            let rows = self.rows.par_iter_mut().with_min_len(4).enumerate();
            return rows.try_for_each(|(i, row)| row.step(action(i), next_step));
        }
        let start = timed.then(Instant::now);
        self.rows.iter_mut().enumerate().try_for_each(|(i, row)| row.step(action(i), next_step))?;
        if let Some(start) = start {
            self.serial_ns = start.elapsed().as_nanos() as f64;
        }
        Ok(())
    }

    /// Error for an illegal action, before any environment has changed.
    fn check(&self, actions: &ActionBuffer) -> Result<()> {
        let resets = |row: &Row| self.next_step && row.ending.is_over();
        let illegal = |row, action: String| Err(Error::IllegalAction { row, action });
        match actions {
            ActionBuffer::Discrete(all) => {
                for (i, (row, &action)) in self.rows.iter().zip(all).enumerate() {
                    let legal = row.runner.legal().get(action as usize).copied().unwrap_or(false);
                    if !legal && !resets(row) {
                        return illegal(i, action.to_string());
                    }
                }
            }
            ActionBuffer::Continuous(all) => {
                let dimensions = all.len() / self.rows.len().max(1);
                for (i, row) in self.rows.iter().enumerate() {
                    let action = &all[i * dimensions..(i + 1) * dimensions];
                    if !resets(row) && !action.iter().all(|x| x.is_finite()) {
                        return illegal(i, format!("{action:?}"));
                    }
                }
            }
        }
        Ok(())
    }

    /// States of all environments as one list of bytes.
    pub(crate) fn save(&self) -> Result<Vec<u8>> {
        let mut bytes = vec![u8::from(self.next_step)];
        for row in &self.rows {
            let state = row.runner.save()?;
            bytes.extend((state.len() as u64).to_le_bytes());
            bytes.extend(row.reward.to_le_bytes());
            bytes.push(row.ending as u8);
            bytes.extend(state);
        }
        Ok(bytes)
    }

    /// Restores the states of [`Rows::save`].
    pub(crate) fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let wrong = || Error::Config("these are not saved states of these environments".into());
        let mut rest = match bytes.split_first() {
            Some((&mode, rest)) if mode == u8::from(self.next_step) => rest,
            _ => return Err(wrong()),
        };
        let mut parts = Vec::with_capacity(self.rows.len());
        for _ in &self.rows {
            let (length, after) = rest.split_first_chunk::<8>().ok_or_else(wrong)?;
            let (reward, after) = after.split_first_chunk::<4>().ok_or_else(wrong)?;
            let (&ending, after) = after.split_first().ok_or_else(wrong)?;
            let ending = match ending {
                0 => Ending::Running,
                1 => Ending::Terminal,
                2 => Ending::Truncated,
                _ => return Err(wrong()),
            };
            let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| wrong())?;
            let (state, after) = after.split_at_checked(length).ok_or_else(wrong)?;
            parts.push((f32::from_le_bytes(*reward), ending, state));
            rest = after;
        }
        if !rest.is_empty() {
            return Err(wrong());
        }
        // The states before, so that an error changes nothing.
        let before = self.rows.iter().map(|row| row.runner.save()).collect::<Result<Vec<_>>>()?;
        let loaded = self.rows.iter_mut().zip(&parts).try_for_each(|(row, part)| row.runner.load(part.2));
        if let Err(error) = loaded {
            self.rows.iter_mut().zip(&before).try_for_each(|(row, state)| row.runner.load(state))?;
            return Err(error);
        }
        for (row, (reward, ending, _)) in self.rows.iter_mut().zip(parts) {
            (row.reward, row.ending, row.last) = (reward, ending, None);
        }
        Ok(())
    }
}
