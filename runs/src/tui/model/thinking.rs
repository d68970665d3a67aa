//! Steps of slow players, made in a thread: see [`Thinking`].

use std::sync::Arc;
use std::time::Duration;

use freewheel_core::{ActionBuffer, Policy};

use super::Model;
use super::source::PATIENCE;
use crate::messages::screens::tr;
use crate::tui::episode::Thinking;

/// Time for which the viewer waits for a step, so that quick steps are made at once.
const QUICK: Duration = Duration::from_millis(5);

/// Time between two looks at a step that is being made.
pub(super) const POLL: Duration = Duration::from_millis(20);

/// Place in which a step was begun: seed, episode, recording, position, policy, whether the user plays.
type Place = (u64, u64, Option<usize>, usize, usize, bool);

/// Step that is being made, the place in which it was begun, and the time since then.
pub(super) struct Begun {
    thinking: Thinking,
    place: Place,
    elapsed: Duration,
}

impl Model {
    fn place(&self) -> Place {
        let Model { seed, recording, policy_index, .. } = *self;
        (seed, self.episode.number(), recording, self.episode.position(), policy_index, self.human.is_some())
    }

    /// Whether a step of this policy or world may take long.
    fn may_take_long(&self, policy: Option<&dyn Policy>) -> bool {
        let searches = |policy: &dyn Policy| {
            policy.plans() || (policy.script().is_some() && self.episode.spec().players == 2)
        };
        self.world.is_slow() || policy.is_some_and(searches)
    }

    /// Begins a step in a thread, with `action` of the user or else one of `policy`; false if the step is to be made at
    /// once.
    pub(super) fn think(&mut self, policy: Option<Arc<dyn Policy>>, action: Option<ActionBuffer>) -> bool {
        if !self.in_threads || !self.may_take_long(policy.as_deref()) {
            return false;
        }
        let Some(thinking) = self.episode.think(policy, action) else { return false };
        self.begun = Some(Begun { thinking, place: self.place(), elapsed: Duration::ZERO });
        self.receive_step(QUICK);
        true
    }

    /// Takes over a step that a thread has made, after waiting for it for at most `patience`. A step that was begun
    /// elsewhere is dropped.
    pub(super) fn receive_step(&mut self, patience: Duration) {
        let place = self.place();
        if self.begun.take_if(|begun| begun.place != place).is_some() {
            self.dirty = true;
        }
        let Some(made) = self.begun.as_ref().and_then(|begun| begun.thinking.wait(patience)) else { return };
        self.begun = None;
        let done = made.map(|made| self.episode.take(made));
        self.finish_step(done);
    }

    /// Adds the time `elapsed` to the step that is being made.
    pub(super) fn think_on(&mut self, elapsed: Duration) {
        if let Some(begun) = &mut self.begun {
            let before = begun.elapsed;
            begun.elapsed += elapsed;
            // Tenths of a second are shown.
            let tenths = |time: Duration| time.as_millis() / 100;
            self.dirty |= begun.elapsed >= PATIENCE && tenths(before) != tenths(begun.elapsed);
        }
        self.receive_step(Duration::ZERO);
    }

    /// Drops the step that is being made; false if there is none.
    pub(super) fn stop_thinking(&mut self) -> bool {
        let stopped = self.begun.take().is_some();
        if stopped {
            (self.running, self.skip, self.dirty) = (false, None, true);
            self.set_note(tr!("stopped; space goes on"));
        }
        stopped
    }

    /// Whether a step is being made in a thread.
    pub(in crate::tui) fn is_thinking(&self) -> bool {
        self.begun.is_some()
    }

    /// Time for which a step is being made, once it is worth showing.
    pub(in crate::tui) fn thinking_time(&self) -> Option<Duration> {
        self.begun.as_ref().map(|begun| begun.elapsed).filter(|elapsed| *elapsed >= PATIENCE)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use freewheel_core::{Simulator, Stream};

    use super::*;
    use crate::tui::Watch;
    use crate::tui::keys::Command;
    use crate::tui::test_worlds;

    /// Takes one while the gate is open, and waits for it otherwise.
    struct Gated(Mutex<()>);

    impl Policy for Gated {
        fn act(&self, _: &[f32], _: &[bool], _: &mut [Stream], _: &mut ActionBuffer) {}

        fn plans(&self) -> bool {
            true
        }

        fn plan(&self, _: &mut [Box<dyn Simulator>], _: &mut [Stream], actions: &mut ActionBuffer) {
            let _open = self.0.lock().unwrap();
            *actions = ActionBuffer::Discrete(vec![0]);
        }
    }

    fn model() -> (Model, Arc<Gated>) {
        let gated = Arc::new(Gated(Mutex::new(())));
        let policy = Arc::clone(&gated) as Arc<dyn Policy>;
        (Model::new(Watch::new(test_worlds::nim()).policy("gated", policy)), gated)
    }

    /// Lets time pass until the step that is being made is there.
    fn finish(model: &mut Model) {
        while model.is_thinking() {
            std::thread::sleep(Duration::from_millis(1));
            model.advance(Duration::ZERO);
        }
    }

    #[test]
    fn the_viewer_goes_on_while_a_player_thinks() {
        let (mut model, gated) = model();
        model.in_threads = true;
        let closed = gated.0.lock().unwrap();
        model.execute(Command::Step);
        assert!(model.is_thinking() && model.due() == Some(POLL) && !model.tick());
        model.advance(Duration::from_millis(299));
        assert_eq!((model.thinking_time(), model.episode.position()), (None, 0));
        model.advance(Duration::from_millis(1));
        assert_eq!(model.thinking_time(), Some(PATIENCE));
        drop(closed);
        finish(&mut model);
        let (mut waiting, _) = self::model();
        waiting.execute(Command::Step);
        assert_eq!((model.episode.position(), waiting.episode.position()), (1, 1));
        assert_eq!(model.episode.runner().obs(), waiting.episode.runner().obs());
        // Back to the start, which the copied episode knows.
        model.execute(Command::Back);
        assert_eq!(model.episode.position(), 0);
    }

    #[test]
    fn a_step_is_stopped_by_the_user_and_dropped_elsewhere() {
        let (mut model, gated) = model();
        model.in_threads = true;
        for leave in [Command::Escape, Command::Next, Command::Seed, Command::TogglePlay] {
            let closed = gated.0.lock().unwrap();
            model.execute(Command::Step);
            assert!(model.is_thinking());
            model.execute(leave);
            model.advance(Duration::ZERO);
            assert!(!model.is_thinking() && model.episode.position() == 0, "{leave:?}");
            drop(closed);
        }
        assert!(model.exit.is_none());
    }

    #[test]
    fn all_steps_to_the_end_are_made_one_after_another() {
        let (mut model, _) = model();
        model.in_threads = true;
        model.execute(Command::End);
        while model.is_skipping() {
            model.tick();
            finish(&mut model);
        }
        assert!(model.episode.over().is_some() && model.returns().len() == 1);
    }
}
