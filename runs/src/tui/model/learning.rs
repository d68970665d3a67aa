//! Learning in the viewer: an agent makes the steps and learns from them.

use super::Model;
use crate::messages::screens::tr;
use crate::tui::insight::Page;
use crate::tui::learner::Learner;

impl Model {
    /// Agent that learns now.
    pub(in crate::tui) fn learner(&self) -> Option<&Learner> {
        self.learn_here.as_ref().filter(|learner| learner.is_active())
    }

    /// Begins to learn at the start of the present episode, or ends learning.
    pub(super) fn toggle_learning(&mut self) {
        if self.learner().is_some() {
            self.stop_learning();
            return self.set_note(tr!("learning has ended; L begins again"));
        }
        let (index, name) =
            (self.policy_index, self.policies.get(self.policy_index).map(|(name, _)| name.clone()));
        if self.recording.is_some() {
            return self.set_note(tr!("a recording has its own actions: an agent cannot learn here"));
        }
        let Some(learner) = &mut self.learn_here else {
            return self
                .set_note(tr!("only tabular agents with num_envs = 1 learn here: --agent q-learning"));
        };
        match learner.start(index, name.as_deref()) {
            Ok(()) => {
                if let Some(human) = self.human.take() {
                    self.running = human.was_running;
                }
                self.insight.page = Page::Update;
                self.begin(self.episode.number());
            }
            Err(error) => self.set_note(&error.to_string()),
        }
    }

    /// Ends learning; the present episode begins again with the policy.
    pub(super) fn stop_learning(&mut self) {
        if let Some(learner) = self.learn_here.as_mut().filter(|learner| learner.is_active()) {
            learner.stop();
            self.insight.page = Page::Actions;
            self.begin(self.episode.number());
            if self.policies.is_empty() && self.human.is_none() {
                self.toggle_human();
            }
        }
    }

    /// Makes one step of the agent that learns, if there is one and the step is not known; false otherwise.
    pub(super) fn learn_step(&mut self) -> bool {
        let Some(learner) = self.learn_here.as_mut().filter(|learner| learner.is_active()) else {
            return false;
        };
        if self.episode.has_next() {
            return false;
        }
        let done = learner.step(&mut self.episode);
        self.finish_step(done);
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use freewheel_core::Policy;

    use crate::tui::Watch;
    use crate::tui::insight::Page;
    use crate::tui::keys::Command;
    use crate::tui::learner::tests::learn_here;
    use crate::tui::model::Model;
    use crate::tui::test_worlds::{self, SlipperyGrid};

    fn model() -> Model {
        let world = SlipperyGrid::world(5, 3);
        let learner = Some(learn_here("q-learning", world.spec()));
        Model::new(Watch {
            learner,
            ..Watch::new(Arc::clone(&world))
                .policy("up", Arc::new(test_worlds::GridPolicy { width: 5.0, noise: 0.0 }) as Arc<dyn Policy>)
        })
    }

    #[test]
    fn the_shown_update_is_that_of_the_shown_step() {
        let mut model = model();
        model.execute(Command::Learn);
        assert_eq!(model.insight.page, Page::Update);
        for _ in 0..60 {
            if model.episode.over().is_some() {
                model.execute(Command::Step);
                continue;
            }
            let state = model.episode.runner().obs()[0];
            model.execute(Command::Step);
            let last = model.episode.last().unwrap().clone();
            let learner = model.learner().unwrap();
            let [update] = learner.updates() else { panic!() };
            assert_eq!((update.state as f32, Some(update.action)), (state, last.action.discrete()));
            assert_eq!(update.terms[0], ("r", f64::from(last.reward)));
            let mut q = [0.0; 4];
            learner.policy().action_values(&[state], &[true; 4], &mut q);
            assert_eq!(q[update.action as usize], update.new as f32);
        }
        assert!(model.learner().unwrap().steps() > 50);
    }

    #[test]
    fn going_back_and_stopping_are_possible() {
        let mut model = model();
        model.execute(Command::Learn);
        model.execute(Command::Step);
        model.execute(Command::Back);
        // A known step is shown again, without learning.
        model.execute(Command::Step);
        assert_eq!((model.learner().unwrap().steps(), model.episode.position()), (1, 1));
        model.execute(Command::Back);
        model.execute(Command::Next);
        model.execute(Command::Step);
        assert_eq!(model.learner().unwrap().steps(), 2);
        model.execute(Command::Learn);
        assert!(model.learner().is_none());
        model.execute(Command::Step);
        assert_eq!(model.episode.position(), 1);
    }

    #[test]
    fn without_an_agent_a_message_says_why() {
        let mut model = test_worlds::model();
        model.execute(Command::Learn);
        assert!(model.note.as_deref().unwrap().contains("only tabular agents"));
    }
}
