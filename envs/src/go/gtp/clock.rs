//! Clock of the engine: the time that it may use for a move.
//!
//! GTP's `time_settings` gives a main time, and then periods of Canadian byo-yomi: a number of moves that have to be
//! played within the period. `time_left` corrects what the engine has measured itself.

use std::time::Duration;

use crate::go::rules::{Color, Game};

/// Share of the time that is used; the rest is lost between the programs.
const USED: f64 = 0.9;

/// Smallest number of own moves that the main time has to suffice for.
const MIN_MOVES: f64 = 12.0;

/// Time control of a game, and the time that both players have left.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Clock {
    control: Option<Control>,
    left: [Left; 2],
}

/// Time control.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Control {
    /// Main time, seconds.
    pub(super) main: f64,
    /// Length of a period of byo-yomi, seconds; 0 for none.
    pub(super) period: f64,
    /// Number of moves to play in a period.
    pub(super) moves: u32,
}

/// Time that a player has left.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Left {
    seconds: f64,
    /// Number of moves to play within `seconds`; 0 in main time.
    moves: u32,
}

impl Clock {
    /// Clock at the start of a game; without `control` there is no limit.
    pub(super) fn new(control: Option<Control>) -> Self {
        let mut clock = Clock { control, left: [Left::default(); 2] };
        clock.restart();
        clock
    }

    /// Gives both players the time of the start of a game.
    pub(super) fn restart(&mut self) {
        let start = self.control.map_or(Left::default(), |control| match control.main > 0.0 {
            true => Left { seconds: control.main, moves: 0 },
            false => Left { seconds: control.period, moves: control.moves },
        });
        self.left = [start; 2];
    }

    /// Sets the time that a player has left; `moves` is 0 in main time.
    pub(super) fn set_left(&mut self, color: Color, seconds: f64, moves: u32) {
        self.left[color as usize] = Left { seconds: seconds.max(0.0), moves };
    }

    /// Counts a move that took `used`.
    pub(super) fn count(&mut self, color: Color, used: Duration) {
        let Some(control) = self.control else { return };
        let left = &mut self.left[color as usize];
        left.seconds -= used.as_secs_f64();
        let period = Left { seconds: control.period, moves: control.moves };
        match left.moves {
            0 if left.seconds > 0.0 => {}
            0 => *left = Left { seconds: (period.seconds + left.seconds).max(0.0), ..period },
            1 => *left = period,
            _ => left.moves -= 1,
        }
    }

    /// Time for the next move of `color` in `game`; `None` without a limit.
    pub(super) fn time(&self, game: &Game, color: Color) -> Option<Duration> {
        let control = self.control?;
        let left = self.left[color as usize];
        let seconds = if left.moves > 0 {
            left.seconds / f64::from(left.moves)
        } else {
            // A game takes about 9 moves for 10 points, half of them by each player.
            let expected = 0.45 * game.area() as f64 - 0.5 * f64::from(game.move_number());
            let byo_yomi = if control.moves > 0 { control.period / f64::from(control.moves) } else { 0.0 };
            (left.seconds / expected.max(MIN_MOVES)).max(byo_yomi.min(left.seconds))
        };
        Some(Duration::from_secs_f64((USED * seconds).max(0.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::go::rules::Rules;

    fn seconds(clock: &Clock) -> f64 {
        let game = Game::new(Rules::tromp_taylor(9)).unwrap();
        clock.time(&game, Color::Black).unwrap().as_secs_f64()
    }

    /// By hand: 81 points are 36.45 own moves; 100 s of main time are 2.74 s a move, of which 90 % are used.
    #[test]
    fn main_time_is_shared_between_the_moves_to_come() {
        let clock = Clock::new(Some(Control { main: 100.0, period: 0.0, moves: 0 }));
        assert!((seconds(&clock) - 0.9 * 100.0 / 36.45).abs() < 1e-9);
    }

    #[test]
    fn byo_yomi_is_shared_between_its_moves() {
        let mut clock = Clock::new(Some(Control { main: 0.0, period: 30.0, moves: 3 }));
        assert!((seconds(&clock) - 9.0).abs() < 1e-9);
        clock.count(Color::Black, Duration::from_secs(20));
        assert!((seconds(&clock) - 0.9 * 5.0).abs() < 1e-9);
        clock.count(Color::Black, Duration::from_secs(1));
        clock.count(Color::Black, Duration::from_secs(1));
        assert!((seconds(&clock) - 9.0).abs() < 1e-9, "a new period");
        clock.set_left(Color::Black, 4.0, 2);
        assert!((seconds(&clock) - 1.8).abs() < 1e-9);
    }

    /// Two seconds of main time are left, and the move takes 5: the first period has 27 s left.
    #[test]
    fn main_time_ends_in_byo_yomi() {
        let mut clock = Clock::new(Some(Control { main: 2.0, period: 30.0, moves: 1 }));
        clock.count(Color::Black, Duration::from_secs(5));
        assert!((seconds(&clock) - 0.9 * 27.0).abs() < 1e-9);
        assert_eq!(Clock::new(None).time(&Game::new(Rules::tromp_taylor(9)).unwrap(), Color::Black), None);
    }
}
