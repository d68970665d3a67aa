//! Sources of episodes and policies: recordings, and work in the background.

use std::time::Duration;

use freewheel_core::Streams;

use super::{Episode, Model};
use crate::messages::screens::tr;
use crate::tui::background::{Progress, Update};
use crate::tui::returns::Returns;

/// Time that work in the background, or a step, may take before its progress is shown.
pub(super) const PATIENCE: Duration = Duration::from_millis(300);

impl Model {
    /// Restarts the present episode.
    pub(super) fn restart(&mut self) {
        match self.recording {
            Some(index) => self.load(index),
            None => self.begin(self.episode.number()),
        }
    }

    /// Starts the episode at the distance `by` of the present one.
    pub(in crate::tui) fn change_episode(&mut self, by: i64) {
        let (now, all) = match self.recording {
            Some(index) => (index as u64, self.recordings.len() as u64),
            None => (self.episode.number(), u64::MAX),
        };
        match now.checked_add_signed(by).filter(|next| *next < all) {
            Some(next) if self.recording.is_some() => self.load(next as usize),
            Some(next) => {
                self.take_newest();
                self.begin(next);
            }
            None => {
                self.running &= by < 0;
                self.set_note(match by {
                    ..0 => tr!("this is the first episode"),
                    _ => tr!("this is the last episode"),
                });
            }
        }
    }

    /// Starts the present episode with the next seed, of the world and of the policy.
    pub(super) fn next_seed(&mut self) {
        if self.recording.is_some() {
            return self.set_note(tr!("a recording has its own seed"));
        }
        if self.on_episode.is_some() {
            return self.set_note(tr!("the episodes of this store have one seed: start again with --seed"));
        }
        self.stop_learning();
        self.seed = self.seed.wrapping_add(1);
        self.episode = self.episode.with_streams(&*self.world, Streams::new(self.seed));
        // The scores are those of another seed.
        self.returns.iter_mut().for_each(|returns| *returns = Returns::default());
        self.insight.forget();
        self.begin(self.episode.number());
        self.set_note(&tr!("seed {}", self.seed));
    }

    /// Starts the recording with this index.
    pub(in crate::tui) fn load(&mut self, index: usize) {
        let Some(recording) = self.recordings.get(index) else { return };
        self.recording = Some(index);
        self.world = recording.world.clone();
        self.episode = Episode::of_recording(&*recording.world, &recording.record);
        self.seed = recording.record.seed;
        self.insight.forget();
        (self.step_debt, self.fitted_to, self.dirty) = (0.0, None, true);
        // The events of the whole recording are marked from the start, unless an opponent in the world must think.
        if !self.world.is_slow() {
            let played = self.episode.go_to(usize::MAX).and_then(|()| self.episode.go_to(0));
            if let Err(error) = played {
                self.running = false;
                self.set_note(&error.to_string());
            }
        }
    }

    /// Exchanges the returns of the finished episodes for `other`, or for none if there are no others.
    pub(in crate::tui) fn swap_returns(&mut self, other: &mut Vec<Returns>) {
        other.resize(self.returns.len(), Returns::default());
        std::mem::swap(&mut self.returns, other);
    }

    /// Title of the recording that is shown.
    pub(in crate::tui) fn recording_title(&self) -> Option<&str> {
        self.recording.and_then(|index| self.recordings.get(index)).map(|recording| recording.title.as_str())
    }

    /// Switches to the newest policy, if the user has not chosen another one.
    fn take_newest(&mut self) {
        if self.follows_newest {
            self.policy_index = self.policies.len().saturating_sub(1);
        }
    }

    /// Takes the messages of work in the background, and counts its time.
    pub(super) fn receive(&mut self, elapsed: Duration) {
        while let Some(update) = self.background.as_ref().and_then(|background| background.next()) {
            self.dirty = true;
            match update {
                Update::Policy(name, policy) => {
                    let first = self.policies.is_empty();
                    if !first {
                        self.note = Some(tr!("new policy: {}", name));
                    }
                    self.policies.push((name, policy));
                    self.returns.insert(self.policies.len() - 1, Returns::default());
                    // An episode that has not begun yet is shown with the newest policy.
                    if first || self.episode.position() == 0 {
                        self.take_newest();
                    }
                }
                Update::Scale { reference, baseline } => {
                    self.reference = reference.filter(|x| x.is_finite()).or(self.reference);
                    self.baseline = baseline.filter(|x| x.is_finite()).or(self.baseline);
                }
                Update::Progress(progress) => self.work = Some(progress),
                Update::Done(message) => {
                    (self.background, self.work) = (None, None);
                    if let Some(message) = message {
                        self.set_note(&message);
                    }
                    if self.policies.is_empty() && self.human.is_none() && self.recording.is_none() {
                        self.toggle_human();
                    }
                }
            }
        }
        if self.background.is_some() {
            self.waited += elapsed;
        }
    }

    /// Progress of work in the background that is shown above the world.
    pub(in crate::tui) fn shown_work(&self) -> Option<&Progress> {
        self.work.as_ref().filter(|_| self.waited >= PATIENCE)
    }

    /// Ends work in the background whose progress is shown; false without such work.
    pub(super) fn cancel_work(&mut self) -> bool {
        match (&self.background, self.work.is_some()) {
            (Some(background), true) => {
                background.stop();
                self.work = None;
                self.set_note(tr!("stopped; what there is, is shown"));
                if self.policies.is_empty() && self.human.is_none() && self.recording.is_none() {
                    self.toggle_human();
                }
                true
            }
            _ => false,
        }
    }
}
