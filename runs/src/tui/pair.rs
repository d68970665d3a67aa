//! Two agents side by side on the same episodes: both make their steps together, and the step at which their actions
//! part is marked.

use std::time::Duration;

use crossterm::event::Event;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::app::{Screen, Transition, pressed};
use super::keys::{self, Command};
use super::model::Model;
use super::palette::Palette;
use super::{Exit, view};
use crate::messages::screens::tr;

/// Minimum number of columns for two areas beside each other; else they are above each other.
const BESIDE: u16 = 80;

/// Two viewers, the left or upper one first. The first one has the clock.
pub(super) struct Pair([Model; 2]);

impl Pair {
    /// Pair of viewers of the same world and streams.
    pub(super) fn new(models: [Model; 2]) -> Self {
        Pair(models)
    }

    /// Executes a command in both viewers.
    fn execute(&mut self, command: Command) {
        let [first, second] = &mut self.0;
        match command {
            Command::TogglePlay => first.set_note(tr!("watch one agent alone to take over")),
            // The help is that of the first viewer, over its area, and so is the step that is typed.
            _ if first.help => first.execute(command),
            Command::Escape if first.entry.is_some() => first.execute(command),
            // The first episode is saved: both would have the same file.
            Command::Help | Command::Save => first.execute(command),
            // The shorter episode waits for the longer one.
            Command::Step => {
                let runs = self.0.each_ref().map(|model| model.episode.over().is_none());
                for (model, runs_on) in self.0.iter_mut().zip(runs) {
                    if runs_on || runs == [false; 2] {
                        model.execute(command);
                    }
                    model.running = false;
                }
            }
            // One viewer takes the position from the other.
            Command::NextEvent
            | Command::PreviousEvent
            | Command::Enter
            | Command::AskStep
            | Command::Type(_)
            | Command::Erase => {
                first.execute(command);
                if !first.is_skipping() {
                    self.align();
                }
            }
            _ => {
                first.execute(command);
                second.execute(command);
                second.running = first.running;
            }
        }
    }

    /// Brings the second viewer to the position of the first one.
    fn align(&mut self) {
        let [first, second] = &mut self.0;
        let position = first.episode.position();
        if second.episode.position() != position {
            second.go_to(position);
        }
        second.running = first.running;
    }

    /// Number of steps before the first step in which the actions differ; `None` if there is none so far.
    fn parting(&self) -> Option<usize> {
        let [first, second] = &self.0;
        let (a, b) = (first.episode.steps(), second.episode.steps());
        a.iter().zip(b).position(|(a, b)| a.action != b.action)
    }

    /// Areas of the two viewers.
    fn halves(area: Rect) -> [Rect; 2] {
        if area.width >= BESIDE {
            let left = Rect { width: area.width / 2, ..area };
            return [left, Rect { x: left.right(), width: area.width - left.width, ..area }];
        }
        let top = Rect { height: area.height / 2, ..area };
        [top, Rect { y: top.bottom(), height: area.height - top.height, ..area }]
    }
}

impl<'a> Screen<'a> for Pair {
    fn handle(&mut self, event: &Event) -> Transition<'a> {
        if let Event::Mouse(mouse) = event {
            let [first, second] = &mut self.0;
            if second.mouse(*mouse) {
                let position = second.episode.position();
                if first.episode.position() != position {
                    first.go_to(position);
                }
                first.running = second.running;
            } else if first.mouse(*mouse) && !first.help {
                self.align();
            }
            return Transition::Stay;
        }
        let Some(command) = pressed(event).and_then(|key| keys::command(key, &self.0[0])) else {
            return Transition::Stay;
        };
        if command == Command::Suspend {
            return Transition::Suspend;
        }
        self.execute(command);
        if self.0[0].exit == Some(Exit::Quit) { Transition::Close } else { Transition::Stay }
    }

    fn advance(&mut self, elapsed: Duration) -> Transition<'a> {
        for model in &mut self.0 {
            model.advance(elapsed);
        }
        self.0[1].step_debt = 0.0;
        Transition::Stay
    }

    fn work(&mut self) -> bool {
        if self.0[0].is_skipping() {
            let made = self.0[0].tick();
            if !self.0[0].is_skipping() {
                self.align();
            }
            return made;
        }
        let [first, second] = &mut self.0;
        if second.is_skipping() {
            return second.tick();
        }
        if first.step_debt < 1.0 {
            return false;
        }
        first.step_debt -= 1.0;
        if first.episode.over().is_some() && second.episode.over().is_some() {
            for model in [first, second] {
                model.follow_the_end();
            }
            return true;
        }
        for model in [&mut *first, second] {
            if model.episode.over().is_none() {
                model.next_step();
            }
        }
        if self.0.iter().all(|model| model.episode.over().is_some()) {
            let first = &mut self.0[0];
            first.step_debt -= (1.5 * first.clock.speed()).min(10.0);
        }
        true
    }

    fn rest(&mut self) {
        self.0[0].drop_step_debt();
    }

    fn due(&self) -> Option<Duration> {
        self.0.iter().filter_map(Model::due).min()
    }

    fn is_dirty(&self) -> bool {
        self.0.iter().any(|model| model.dirty)
    }

    fn draw(&mut self, area: Rect, buf: &mut Buffer, palette: Palette) {
        let parting = self.parting();
        let palette = Palette { theme: self.0[0].theme, ..palette };
        for (model, half) in self.0.iter_mut().zip(Pair::halves(area)) {
            model.parting = Some(parting);
            model.fit(half);
            model.dirty = false;
            view::draw(model, palette, half, buf);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    use freewheel_core::{Policy, Streams};

    use super::*;
    use proptest::prelude::*;

    use crate::tui::snapshot;
    use crate::tui::test_worlds::{GridPolicy, SlipperyGrid};
    use crate::tui::view::properties::{Happening, happening};
    use crate::tui::{Depth, Watch};

    fn pair() -> Pair {
        let model = |noise| {
            let policy: Arc<dyn Policy> = Arc::new(GridPolicy { width: 7.0, noise });
            let watch = Watch::new(SlipperyGrid::world(7, 4)).policy(format!("noise {noise}"), policy);
            Model::new(Watch { streams: Streams::new(3), ..watch })
        };
        Pair::new([model(0.0), model(0.4)])
    }

    fn press(pair: &mut Pair, key: KeyCode) {
        pair.handle(&Event::Key(KeyEvent::new(key, KeyModifiers::NONE)));
        for _ in 0..100 {
            pair.work();
        }
    }

    #[test]
    fn both_agents_make_their_steps_together_until_they_part() {
        let mut pair = pair();
        press(&mut pair, KeyCode::End);
        let parting = pair.parting().unwrap();
        let [first, second] = &pair.0;
        let same = |i: usize| first.episode.steps()[i].action == second.episode.steps()[i].action;
        assert!((0..parting).all(same) && !same(parting));
        for step in [0, 1, parting] {
            press(&mut pair, KeyCode::Char('g'));
            step.to_string().chars().for_each(|c| press(&mut pair, KeyCode::Char(c)));
            press(&mut pair, KeyCode::Enter);
            assert_eq!(pair.0.each_ref().map(|model| model.episode.position()), [step; 2]);
        }
        // Up to the parting the episodes are equal.
        assert_eq!(pair.0[0].episode.runner().obs(), pair.0[1].episode.runner().obs());
        press(&mut pair, KeyCode::Char('N'));
        assert_eq!(pair.0.each_ref().map(|model| model.episode.number()), [1; 2]);
    }

    #[test]
    fn the_shorter_episode_waits_for_the_longer_one() {
        let mut pair = pair();
        for _ in 0..400 {
            pair.advance(Duration::from_millis(100));
            while pair.work() {}
            pair.rest();
            let [first, second] = pair.0.each_ref().map(|model| &model.episode);
            assert_eq!(first.number(), second.number());
            let over = [first.over(), second.over()].map(|over| over.is_some());
            assert!(first.position() == second.position() || over[0] || over[1]);
        }
        assert!(pair.0[0].episode.number() > 1);
    }

    #[test]
    fn two_areas_cover_every_screen() {
        let mut pair = pair();
        for (width, height) in [(0, 0), (30, 7), (60, 40), (80, 24), (121, 41)] {
            let area = Rect::new(0, 0, width, height);
            let [a, b] = Pair::halves(area);
            assert_eq!(a.area() + b.area(), area.area());
            pair.draw(area, &mut Buffer::empty(area), Palette::new(Depth::None));
        }
    }

    #[test]
    fn screens() {
        snapshot::in_each_mode("pair", |palette, ascii, area, buf| {
            let mut pair = pair();
            press(&mut pair, KeyCode::End);
            pair.0.iter_mut().for_each(|model| model.ascii = ascii);
            pair.draw(area, buf, palette);
        });
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn nothing_that_happens_breaks_the_pair(happenings in prop::collection::vec(happening(), 0..80)) {
            let mut pair = pair();
            let mut area = Rect::new(0, 0, 80, 24);
            for happening in happenings {
                match happening {
                    Happening::Resize(width, height) => area = Rect { width, height, ..area },
                    Happening::Time(milliseconds) => {
                        pair.advance(Duration::from_millis(milliseconds));
                        for _ in 0..40 {
                            pair.work();
                        }
                        pair.rest();
                    }
                    other => drop(other.event().map(|event| pair.handle(&event))),
                }
                pair.0.iter_mut().for_each(|model| model.exit = None);
                pair.draw(area, &mut Buffer::empty(area), Palette::new(Depth::None));
                // Both show the same episode, and each is at one of its steps.
                let [first, second] = pair.0.each_ref().map(|model| &model.episode);
                prop_assert_eq!(first.number(), second.number());
                prop_assert!(pair.0.iter().all(|model| model.episode.position() <= model.episode.known()));
                prop_assert!(pair.0.iter().all(|model| model.human.is_none()));
            }
        }
    }

    #[test]
    fn the_parting_is_marked() {
        let mut pair = pair();
        press(&mut pair, KeyCode::End);
        let area = Rect::new(0, 0, 120, 40);
        let mut buf = Buffer::empty(area);
        pair.draw(area, &mut buf, Palette::new(Depth::None));
        let text: String = buf.content.iter().map(|cell| cell.symbol()).collect();
        let expected = format!("the actions part at step {}", pair.parting().unwrap() + 1);
        assert_eq!(text.matches(&expected).count(), 2, "{text}");
        assert!(text.contains('╳'));
    }
}
