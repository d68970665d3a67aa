//! Moves of the position in the episode: by keys, by the mouse on the timeline, and to events.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Rect;

use super::Model;
use crate::messages::screens::tr;
use crate::tui::keys::Command;

/// Goal of steps that are made as fast as possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Skip {
    /// The event after this number of events.
    Event(usize),
    /// The state after this number of steps, or the end of the episode.
    Step(usize),
}

/// Largest number of digits of a step.
const DIGITS: usize = 9;

impl Model {
    /// Number of steps of the whole timeline: the length of the episode, or a round number above it while its end is
    /// not known.
    pub(in crate::tui) fn timeline_steps(&self) -> usize {
        let known = self.episode.known().max(1);
        if self.episode.is_complete() {
            return known;
        }
        let limit = self.episode.limit().map_or(usize::MAX, |limit| limit as usize).max(known);
        round_above(known.max(20)).min(limit)
    }

    /// Column of the timeline, of `width` columns, for the state after `step` steps.
    pub(in crate::tui) fn timeline_column(&self, step: usize, width: u16) -> u16 {
        let last = u64::from(width.saturating_sub(1));
        let all = self.timeline_steps() as u64;
        ((step as u64).min(all) * last).checked_div(all).unwrap_or(0) as u16
    }

    /// Step of the timeline for the column `x` of the screen.
    fn timeline_step(&self, bar: Rect, x: u16) -> usize {
        let last = u64::from(bar.width.saturating_sub(1)).max(1);
        let column = u64::from(x.clamp(bar.left(), bar.right().saturating_sub(1)) - bar.left());
        let all = self.timeline_steps() as u64;
        ((column * all + last / 2) / last) as usize
    }

    /// Goes to the state after `step` steps, as far as they are known, without pausing.
    pub(super) fn go_to_step(&mut self, step: usize) {
        self.dirty = true;
        if let Err(error) = self.episode.go_to(step) {
            self.running = false;
            self.set_note(&error.to_string());
        }
    }

    /// Goes to the state after `step` steps and pauses; steps that are not known are made as fast as possible.
    pub(in crate::tui) fn go_to(&mut self, step: usize) {
        self.running = false;
        self.step_debt = 0.0;
        self.go_to_step(step);
        if self.episode.position() < step && self.episode.over().is_none() && self.can_continue() {
            self.skip = Some(Skip::Step(step));
        }
    }

    /// Whether steps are made as fast as possible, up to a goal.
    pub(in crate::tui) fn is_skipping(&self) -> bool {
        self.skip.is_some()
    }

    /// Goes one step back and pauses.
    pub(in crate::tui) fn back(&mut self) {
        match self.episode.position().checked_sub(1) {
            Some(step) => self.go_to(step),
            None => {
                self.running = false;
                self.set_note(tr!("this is the start of the episode"));
            }
        }
    }

    /// Goes forward by a share of the timeline, in percent, within the known steps.
    pub(super) fn go_by_percent(&mut self, share: i8) {
        let by = (self.timeline_steps() * usize::from(share.unsigned_abs())).div_ceil(100);
        let now = self.episode.position();
        let step = if share < 0 { now.saturating_sub(by) } else { (now + by).min(self.episode.known()) };
        self.go_to(step);
    }

    /// Goes to the end of the episode.
    pub(super) fn go_to_end(&mut self) {
        let end = if self.episode.is_complete() { self.episode.known() } else { usize::MAX };
        self.go_to(end);
    }

    /// Goes to the state after the next event; steps that are not known are made as fast as possible.
    pub(super) fn next_event(&mut self) {
        let now = self.episode.position();
        let next = self.episode.events().iter().map(|(before, _)| *before as usize + 1).find(|&at| at > now);
        match next {
            Some(step) => self.go_to(step),
            None if self.episode.over().is_none() && (self.can_continue() || self.episode.has_next()) => {
                self.go_to(self.episode.known());
                self.skip = self.can_continue().then(|| Skip::Event(self.episode.events().len()));
                if self.skip.is_none() {
                    self.set_note(tr!("there is no later event"));
                }
            }
            None => self.set_note(tr!("there is no later event")),
        }
    }

    /// Goes to the state after the previous event.
    pub(super) fn previous_event(&mut self) {
        let now = self.episode.position();
        let earlier = self.episode.events().iter().rev().map(|(before, _)| *before as usize + 1);
        match earlier.into_iter().find(|&at| at < now) {
            Some(step) => self.go_to(step),
            None => self.set_note(tr!("there is no earlier event")),
        }
    }

    /// Whether the policy can make the steps that are not known.
    fn can_continue(&self) -> bool {
        self.human.is_none() && self.policy().is_some() && self.episode.over().is_none()
    }

    /// Makes one step towards the goal of the skip; false at the goal.
    pub(super) fn skip_step(&mut self) -> bool {
        let Some(skip) = self.skip else { return false };
        let over = self.episode.over().is_some();
        let reached = match skip {
            Skip::Step(goal) => self.episode.position() >= goal,
            Skip::Event(known) => self.episode.events().len() > known,
        };
        if reached || over || self.note.is_some() {
            self.skip = None;
            if !reached && over && matches!(skip, Skip::Event(_)) {
                self.set_note(tr!("no event until the end of the episode"));
            }
            return false;
        }
        self.next_step();
        true
    }

    /// Handles a command while the user types a step; false for a command with its usual effect.
    pub(super) fn enter_step(&mut self, command: Command) -> bool {
        let Some(digits) = &mut self.entry else { return false };
        match command {
            Command::Type(c) if c.is_ascii_digit() && digits.len() < DIGITS => digits.push(c),
            Command::Type(_) => {}
            Command::Erase => drop(digits.pop()),
            Command::Enter => {
                let step = digits.parse::<usize>();
                self.entry = None;
                if let Ok(step) = step {
                    self.go_to(step);
                }
            }
            Command::Escape => self.entry = None,
            _ => return false,
        }
        true
    }

    /// Handles an event of the mouse: clicks and drags on the timeline, and the wheel, which zooms. False if the event
    /// has no effect.
    pub(in crate::tui) fn mouse(&mut self, event: MouseEvent) -> bool {
        let at = (event.column, event.row).into();
        let bar = self.areas.bar();
        match event.kind {
            _ if self.help => match event.kind {
                MouseEventKind::ScrollUp => self.execute(Command::Scroll(0, -2)),
                MouseEventKind::ScrollDown => self.execute(Command::Scroll(0, 2)),
                MouseEventKind::Down(_) => self.execute(Command::Escape),
                _ => return false,
            },
            MouseEventKind::ScrollUp if self.areas.world.contains(at) => self.execute(Command::Zoom(1)),
            MouseEventKind::ScrollDown if self.areas.world.contains(at) => self.execute(Command::Zoom(-1)),
            MouseEventKind::ScrollUp if self.areas.timeline.contains(at) => self.execute(Command::Back),
            MouseEventKind::ScrollDown if self.areas.timeline.contains(at) && self.episode.has_next() => {
                self.execute(Command::Step);
            }
            MouseEventKind::Down(MouseButton::Left) if bar.contains(at) => {
                self.dragging = true;
                self.drag_to(bar, event.column);
            }
            MouseEventKind::Drag(MouseButton::Left) if self.dragging => self.drag_to(bar, event.column),
            MouseEventKind::Up(_) if self.dragging => self.dragging = false,
            MouseEventKind::Down(MouseButton::Left) if self.areas.world.contains(at) => {
                return self.click(event.column, event.row);
            }
            _ => return false,
        }
        self.dirty = true;
        true
    }

    /// Plays the action of the clicked cell, or shows its values while a policy plays; false for a cell without any.
    fn click(&mut self, column: u16, row: u16) -> bool {
        let (left, top) = self.viewport.origin;
        let x = left + i32::from(column) - i32::from(self.areas.world.x);
        let y = top + i32::from(row) - i32::from(self.areas.world.y);
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { return false };
        if self.human.is_none() {
            return self.choose_cell(x, y);
        }
        match self.episode.runner().action_at(&self.picture, x, y) {
            Some(action) => {
                (self.note, self.skip) = (None, None);
                self.play(action);
                self.dirty = true;
                true
            }
            None => false,
        }
    }

    /// Goes to the step at the column `x` of the timeline, as far as it is known.
    fn drag_to(&mut self, bar: Rect, x: u16) {
        (self.note, self.skip) = (None, None);
        let step = self.timeline_step(bar, x).min(self.episode.known());
        self.go_to(step);
    }
}

/// Smallest of 20, 50, 100, 200, 500 … that is above `steps`.
fn round_above(steps: usize) -> usize {
    let mut power = 10usize;
    loop {
        for digit in [2, 5, 10] {
            let round = power.saturating_mul(digit);
            if round > steps || round == usize::MAX {
                return round;
            }
        }
        power = power.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_numbers_leave_room() {
        assert_eq!([0, 19, 20, 49, 50, 100, 2940].map(round_above), [20, 20, 50, 50, 100, 200, 5000]);
        assert_eq!(round_above(usize::MAX), usize::MAX);
    }
}
