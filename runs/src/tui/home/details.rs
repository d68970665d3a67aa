//! Details of a world, built on a thread in the background: its picture while an episode is played, its rules, its
//! reference and its baseline.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use freewheel_core::{
    ActionBuffer, Actions, EpisodeRunner, Frame, ObservationSpace, Policy, Purpose, Spec, Stream, Streams,
};
use toml::Table;

use crate::Registry;
use crate::job::Evaluation;
use crate::messages::screens::tr;
use crate::score_scale::ScoreScale;

/// World that is shown beside the list.
pub(super) struct Details {
    /// Id of the world.
    pub(super) id: String,
    /// Specification of the world; an error for a world that needs settings.
    pub(super) spec: Result<Spec, String>,
    /// Score scale, once it is computed.
    pub(super) scale: Option<Scale>,
    /// Episode of the picture; `None` for a world that is too slow for one.
    episode: Option<Episode>,
}

/// Reference and baseline as text.
#[derive(Clone, Default)]
pub(super) struct Scale {
    /// Reference score with its certainty.
    pub(super) reference: Option<String>,
    /// Baseline score with the name of its policy.
    pub(super) baseline: Option<String>,
    /// Policy that reaches the reference.
    policy: Option<Arc<dyn Policy>>,
}

/// Episode that is played by the reference policy, before it is known by random actions.
struct Episode {
    runner: Box<dyn EpisodeRunner>,
    policy: Option<Arc<dyn Policy>>,
    memory: Vec<f32>,
    rng: Stream,
    actions: ActionBuffer,
    /// Number of turns for which the end of an episode has been shown.
    rest: u32,
    /// Whether a step has failed: the picture stays as it is.
    frozen: bool,
}

/// Message of the background.
enum Answer {
    World(Box<Details>),
    Scale(String, Scale),
}

/// Builder of details in the background.
pub(super) struct Builder {
    requests: Sender<String>,
    answers: Receiver<Answer>,
    /// Id of the last request.
    asked: String,
}

impl Builder {
    /// Builder of the worlds of `registry`. Its thread ends with the builder.
    pub(super) fn new(registry: &'static Registry) -> Self {
        let (requests, inbox) = channel::<String>();
        let (outbox, answers) = channel();
        let body = move || {
            while let Ok(mut id) = inbox.recv() {
                // Only the newest request counts.
                while let Ok(newer) = inbox.try_recv() {
                    id = newer;
                }
                let Some(()) = build(registry, &id, &outbox) else { return };
            }
        };
        // Without the thread, the details stay empty.
        let _ = std::thread::Builder::new().name("details".into()).spawn(body);
        Builder { requests, answers, asked: String::new() }
    }

    /// Asks for the world `id`, once.
    pub(super) fn ask(&mut self, id: &str) {
        if self.asked != id {
            id.clone_into(&mut self.asked);
            let _ = self.requests.send(id.to_owned());
        }
    }

    /// Takes what the background has finished into `details`; true if anything has changed.
    pub(super) fn receive(&mut self, details: &mut Option<Details>) -> bool {
        let mut changed = false;
        while let Ok(answer) = self.answers.try_recv() {
            match answer {
                Answer::World(world) if world.id == self.asked => *details = Some(*world),
                Answer::Scale(id, scale) => match details {
                    Some(details) if details.id == id => details.set_scale(scale),
                    _ => continue,
                },
                Answer::World(_) => continue,
            }
            changed = true;
        }
        changed
    }
}

/// Builds a world and then its score scale; `None` if nobody listens.
fn build(registry: &Registry, id: &str, outbox: &Sender<Answer>) -> Option<()> {
    let streams = Streams::new(0);
    let world = registry.build_world(id, &Table::new());
    let details = |spec: Result<Spec, String>, episode| {
        outbox.send(Answer::World(Box::new(Details { id: id.to_owned(), spec, scale: None, episode }))).ok()
    };
    let world = match world {
        Ok(world) => world,
        Err(e) => return details(Err(e.to_string()), None),
    };
    let episode = || Episode {
        runner: world.episode_runner(streams, Purpose::WatchEnvironment, 0),
        policy: None,
        memory: Vec::new(),
        rng: streams.stream(Purpose::WatchAction, 0, 0),
        actions: ActionBuffer::for_spec(world.spec(), 1),
        rest: 0,
        frozen: false,
    };
    details(Ok(world.spec().clone()), (!world.is_slow()).then(episode))?;
    let evaluated = world.evaluation_world().map_or(&*world, |other| &*other.world);
    let scale = ScoreScale::of(evaluated, Evaluation::default().max_steps).unwrap_or_default();
    // A policy of another world does not fit.
    let same = world.evaluation_world().is_none();
    let scale = Scale {
        reference: scale.reference.map(|reference| reference.to_text()),
        baseline: scale
            .baseline
            .map(|baseline| format!("{} ({})", crate::format::decimal(baseline.value), baseline.name)),
        policy: scale.policy.filter(|_| same),
    };
    outbox.send(Answer::Scale(id.to_owned(), scale)).ok()
}

impl Details {
    fn set_scale(&mut self, scale: Scale) {
        if let (Some(episode), Some(policy)) = (&mut self.episode, &scale.policy) {
            episode.policy = Some(Arc::clone(policy));
            episode.restart(0);
        }
        self.scale = Some(scale);
    }

    /// Makes one step of the picture's episode.
    pub(super) fn step(&mut self) {
        if let Some(episode) = self.episode.as_mut().filter(|episode| !episode.frozen) {
            episode.frozen = episode.step().is_none();
        }
    }

    /// Draws the world into `frame`; false without a picture.
    pub(super) fn draw(&self, frame: &mut Frame) -> bool {
        if let Some(episode) = &self.episode {
            episode.runner.draw(episode.policy.as_deref(), frame);
        }
        self.episode.is_some()
    }

    /// Facts about the world, as label and text.
    pub(super) fn facts(&self) -> Vec<(&'static str, String)> {
        let spec = match &self.spec {
            Ok(spec) => spec,
            Err(why) => return vec![(tr!("settings"), why.clone())],
        };
        let observation = match &spec.observation {
            ObservationSpace::Discrete { n } => tr!("one of {} states", n),
            ObservationSpace::Box { shape, .. } => {
                let sizes: Vec<String> = shape.iter().map(ToString::to_string).collect();
                tr!("{} numbers", sizes.join(" x "))
            }
        };
        let limit = spec.time_limit.map_or(tr!("none").into(), |n| tr!("{} steps", n));
        let pending = || tr!("computing").to_owned();
        let scale = |of: fn(&Scale) -> &Option<String>| match &self.scale {
            Some(scale) => of(scale).clone().unwrap_or_else(|| tr!("none").into()),
            None => pending(),
        };
        vec![
            (tr!("reference"), scale(|scale| &scale.reference)),
            (tr!("baseline"), scale(|scale| &scale.baseline)),
            (tr!("actions"), spec.actions.names().join(", ")),
            (tr!("observation"), observation),
            (tr!("time limit"), limit),
            (tr!("discount"), spec.gamma.to_string()),
        ]
    }
}

impl Episode {
    fn restart(&mut self, number: u64) {
        self.runner.reset(number);
        self.memory.clear();
        self.rest = 0;
    }

    /// Makes one step, or starts the next episode some turns after the end; `None` if the step fails.
    fn step(&mut self) -> Option<()> {
        if self.runner.ending().is_over() || self.runner.length() >= 2000 {
            self.rest += 1;
            if self.rest > 6 {
                self.restart(self.runner.episode().wrapping_add(1) % 1000);
            }
            return Some(());
        }
        if let Some(policy) = &self.policy {
            let mut actions = self.actions.clone();
            self.runner.select_action(&**policy, &mut self.memory, &mut self.rng, &mut actions).ok()?;
            return self.runner.step(actions.as_actions()).ok().map(drop);
        }
        match &self.actions {
            ActionBuffer::Discrete(_) => {
                let legal: Vec<u32> =
                    (0u32..).zip(self.runner.legal()).filter(|(_, l)| **l).map(|(a, _)| a).collect();
                let action = *legal.get(self.rng.below(legal.len().max(1) as u32) as usize)?;
                self.runner.step(Actions::Discrete(&[action])).ok().map(drop)
            }
            // The middle of the ranges of continuous actions.
            ActionBuffer::Continuous(middle) => self.runner.step(Actions::Continuous(middle)).ok().map(drop),
        }
    }
}
