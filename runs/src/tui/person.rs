//! The model's part of playing by hand.

use freewheel_core::{ActionBuffer, Spec};

use super::hand::{self, Hand, Input};
use super::model::Model;

impl Model {
    /// Whether the person is to move.
    pub(super) fn hand_to_move(&self) -> bool {
        self.hand.as_ref().is_some_and(|hand| hand.seat == self.episode.runner().to_play())
    }

    /// The person whom keys go to. One who types names has none to type once the episode is over: letters are commands
    /// again.
    pub(super) fn listening(&self) -> Option<&Hand> {
        let over = self.episode.over().is_some();
        self.hand.as_ref().filter(|hand| !(over && matches!(hand.input, Input::Words { .. })))
    }

    /// Gives the keys to the person, or back to the agent.
    pub(super) fn toggle_hand(&mut self) {
        match self.hand.take() {
            Some(hand) if self.cast.is_empty() => {
                self.hand = Some(hand);
                self.tell("there is no agent to give it back to");
            }
            Some(hand) => self.running = hand.was_running,
            None => {
                if self.episode.over().is_some() {
                    self.episode.begin(self.episode.number());
                }
                let seat = self.episode.runner().to_play();
                self.hand = Some(Hand::new(self.episode.spec(), seat, self.running));
                self.running = false;
            }
        }
        self.owed = 0.0;
    }

    /// Plays an action, or says why not.
    pub(super) fn play(&mut self, action: u32) {
        if !self.ready() {
            return;
        }
        let name = self.episode.spec().actions.names().get(action as usize).cloned();
        match (name, self.episode.runner().legal().get(action as usize)) {
            (Some(_), Some(true)) => self.make(ActionBuffer::Discrete(vec![action])),
            (Some(name), _) => self.tell(&format!("{name} is not allowed here")),
            (None, _) => self.tell(&format!("there is no action {}", action + 1)),
        }
    }

    /// Whether the person can make a move now; says why not.
    fn ready(&mut self) -> bool {
        if self.episode.over().is_some() {
            self.tell("the episode is over: N for the next one, R for this one again");
        } else if !self.hand_to_move() {
            self.tell("it is the agent's move");
        } else {
            return true;
        }
        false
    }

    /// One letter more of an action's name.
    pub(super) fn type_letter(&mut self, letter: char) {
        if let Some(typed) = self.typed()
            && typed.len() < 24
        {
            typed.push(letter);
        }
    }

    /// One letter less; with none left, one step back.
    pub(super) fn erase(&mut self) {
        if let Some(typed) = self.typed()
            && typed.pop().is_none()
        {
            self.back();
        }
    }

    /// Plays what is typed or held.
    pub(super) fn enter(&mut self) {
        if let Some(held) = self.hand.as_ref().and_then(Hand::held) {
            if self.ready() {
                self.make(held);
            }
        } else if let Some(typed) = self.typed().map(std::mem::take) {
            match hand::named(self.episode.spec().actions.names(), &typed) {
                Ok(action) => self.play(action),
                Err(why) => self.tell(&why),
            }
        }
    }

    fn typed(&mut self) -> Option<&mut String> {
        match self.hand.as_mut().map(|hand| &mut hand.input) {
            Some(Input::Words { typed }) => Some(typed),
            _ => None,
        }
    }

    /// Changes what the person holds.
    pub(super) fn with_hand(&mut self, change: impl FnOnce(&mut Hand, &Spec)) {
        if let Some(hand) = &mut self.hand {
            change(hand, self.episode.spec());
        }
    }
}
