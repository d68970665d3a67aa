//! One episode on the screen: stepped, taken back, replayed. The same number always gives the same episode.

use std::sync::Arc;

use freewheel_core::{
    ActionBuffer, DynWorld, Ending, EpisodeRunner, Error, Player, Policy, Purpose, Result, Spec, Stream,
    Streams,
};

/// One move that was made.
#[derive(Clone, Debug)]
pub(super) struct Move {
    /// What was done.
    pub(super) action: ActionBuffer,
    /// The mover's reward.
    pub(super) reward: f32,
    /// Who did it.
    pub(super) mover: Player,
    /// Whether a person chose it.
    pub(super) by_hand: bool,
    /// The agents' dice before it, so that taking it back takes back the dice too.
    dice: Stream,
}

/// Why an episode is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// By the rules: nothing can be earned after this.
    Terminal,
    /// Cut short by the world's time limit, or by the world itself.
    Truncated,
    /// Cut short by the viewer, which shows only so many steps.
    Cut,
}

/// An episode and its past.
pub(super) struct Episode {
    runner: Box<dyn EpisodeRunner>,
    streams: Streams,
    max_steps: u32,
    dice: Stream,
    past: Vec<Move>,
    choice: ActionBuffer,
}

impl Episode {
    /// Begins episode `number` of `world`.
    pub(super) fn new(world: &dyn DynWorld, streams: Streams, number: u64, max_steps: u32) -> Self {
        let mut episode = Episode {
            runner: world.episode_runner(streams, Purpose::WatchEnvironment, 0),
            streams,
            max_steps,
            dice: streams.stream(Purpose::WatchAction, 0, number),
            past: Vec::new(),
            choice: ActionBuffer::for_spec(world.spec(), 1),
        };
        episode.begin(number);
        episode
    }

    /// Begins episode `number`, with its own dice.
    pub(super) fn begin(&mut self, number: u64) {
        self.runner.begin(number);
        self.dice = self.streams.stream(Purpose::WatchAction, 0, number);
        self.past.clear();
    }

    /// One action of `policy`.
    pub(super) fn act(&mut self, policy: &dyn Policy) -> Result<()> {
        let dice = self.dice.clone();
        let mut choice = self.choice.clone();
        self.runner.select_action(policy, &mut self.dice, &mut choice)?;
        self.make(choice, false, dice)
    }

    /// One action of a person.
    pub(super) fn play(&mut self, action: ActionBuffer) -> Result<()> {
        let dice = self.dice.clone();
        self.make(action, true, dice)
    }

    fn make(&mut self, action: ActionBuffer, by_hand: bool, dice: Stream) -> Result<()> {
        let mover = self.runner.to_play();
        let step = self.runner.step(action.actions())?;
        self.past.push(Move { action, reward: step.reward, mover, by_hand, dice });
        Ok(())
    }

    /// Takes the last move back, by playing all others again; whether there was one.
    ///
    /// # Errors
    /// [`Error::Config`] where the world does not repeat itself: then its dice are not all in its stream.
    pub(super) fn back(&mut self) -> Result<bool> {
        let Some(last) = self.past.pop() else { return Ok(false) };
        let number = self.runner.episode();
        self.runner.begin(number);
        for made in &self.past {
            let again = self.runner.step(made.action.actions())?;
            if again.reward.to_bits() != made.reward.to_bits() {
                return Err(Error::Config(format!(
                    "{} does not repeat itself: a reward of {} became {} when episode {number} was played again",
                    self.spec().id,
                    made.reward,
                    again.reward
                )));
            }
        }
        self.dice = last.dice;
        Ok(true)
    }

    /// Why it is over; `None` while it runs.
    pub(super) fn over(&self) -> Option<Over> {
        match self.runner.ending() {
            Ending::Terminal => Some(Over::Terminal),
            Ending::Truncated => Some(Over::Truncated),
            Ending::Running if self.max_steps > 0 && self.runner.length() >= self.max_steps => {
                Some(Over::Cut)
            }
            Ending::Running => None,
        }
    }

    /// The last move.
    pub(super) fn last(&self) -> Option<&Move> {
        self.past.last()
    }

    /// Whether a person made any of its moves.
    pub(super) fn by_hand(&self) -> bool {
        self.past.iter().any(|made| made.by_hand)
    }

    /// Its number.
    pub(super) fn number(&self) -> u64 {
        self.runner.episode()
    }

    /// The world as it stands.
    pub(super) fn runner(&self) -> &dyn EpisodeRunner {
        &*self.runner
    }

    /// The world's.
    pub(super) fn spec(&self) -> &Spec {
        self.runner.spec()
    }

    /// The steps after which it will be cut, whoever cuts; `None` is never.
    pub(super) fn limit(&self) -> Option<u32> {
        let own = (self.max_steps > 0).then_some(self.max_steps);
        match (own, self.spec().time_limit) {
            (Some(own), Some(world)) => Some(own.min(world)),
            (own, world) => own.or(world),
        }
    }
}

/// Who plays, in the order in which they are flipped through.
pub(super) type Cast = Vec<(String, Arc<dyn Policy>)>;
