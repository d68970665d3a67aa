//! Actions of a recorded game in the two-player world of its board.

use super::record::{EventKind, GameRecord};
use crate::go::rules::{Color, Point};

/// Actions of a game: numbers of points, and of the pass. Black moves first, and the players move in turn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GameActions {
    /// Actions that place the stones of the setup and leave the player of the first move to move, with passes between.
    pub opening: Vec<u32>,
    /// Moves of the game, with a pass of the other player between two moves of one player.
    pub moves: Vec<u32>,
    /// Whether a player moves twice in a row.
    pub has_double_moves: bool,
}

impl GameRecord {
    /// Actions of the game.
    ///
    /// # Errors
    /// Reason why the game is no sequence of actions, as text: stones that are placed or removed after its start.
    pub fn actions(&self) -> Result<GameActions, String> {
        let (mut all, pass) = (GameActions::default(), u32::from(self.pass()));
        let (mut black, mut white) = (Vec::new(), Vec::new());
        let first = self.moves().next().map_or(Color::Black, |first| first.color);
        let mut to_play = first;
        let mut started = false;
        for event in &self.events {
            match &event.kind {
                EventKind::Edit(edit) => {
                    let changes =
                        [&edit.black, &edit.white, &edit.empty].iter().any(|points| !points.is_empty());
                    if changes && (started || !edit.empty.is_empty()) {
                        return Err("stones are placed or removed by an edit after its start".into());
                    }
                    black.extend_from_slice(&edit.black);
                    white.extend_from_slice(&edit.white);
                }
                EventKind::Move(played) => {
                    started = true;
                    if played.color != to_play {
                        all.has_double_moves = true;
                        all.moves.push(pass);
                    }
                    all.moves.push(u32::from(played.point));
                    to_play = played.color.other();
                }
            }
        }
        all.opening = placed(&black, &white, self.pass(), first);
        Ok(all)
    }
}

/// Moves in turn, from Black, that place these stones and leave the player `next` to move.
fn placed(black: &[Point], white: &[Point], pass: Point, next: Color) -> Vec<u32> {
    let mut moves = Vec::new();
    for i in 0..black.len().max(white.len()) {
        for stones in [black, white] {
            moves.push(u32::from(stones.get(i).copied().unwrap_or(pass)));
        }
    }
    if next == Color::White {
        match moves.last() {
            // White's last pass is left out.
            Some(&last) if last == u32::from(pass) => drop(moves.pop()),
            _ => moves.push(u32::from(pass)),
        }
    }
    moves
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::go::sgf::read;

    fn actions(text: &str) -> Result<GameActions, String> {
        read(text).unwrap().remove(0).actions()
    }

    #[test]
    fn moves_are_actions_and_missing_turns_are_passes() {
        let of = |text: &str| {
            let GameActions { opening, moves, has_double_moves } = actions(text).unwrap();
            (opening, moves, has_double_moves)
        };
        // Rows of actions begin at the lower left: `aa` is the upper left corner.
        assert_eq!(of("(;SZ[3];B[ac];W[ba];B[])"), (vec![], vec![0, 7, 9], false));
        // Black plays twice: White passes between.
        assert_eq!(of("(;SZ[3];B[ac];B[ba])"), (vec![], vec![0, 9, 7], true));
        // White moves first: Black passes before.
        assert_eq!(of("(;SZ[3];W[ac];B[ba])"), (vec![9], vec![0, 7], false));
        // Two handicap stones, then White moves.
        assert_eq!(of("(;SZ[3]HA[2]AB[ac][ca];W[bb])"), (vec![0, 9, 8], vec![4], false));
        assert_eq!(of("(;SZ[3]AB[ac]AW[ca];B[bb])"), (vec![0, 8], vec![4], false));
        assert_eq!(of("(;SZ[3]AB[ac]AW[ca];W[bb])"), (vec![0, 8, 9], vec![4], false));
        assert_eq!(of("(;SZ[3]AB[ac];B[bb])"), (vec![0, 9], vec![4], false));
        assert!(actions("(;SZ[3];B[ac];AW[ca])").unwrap_err().contains("after its start"));
        assert!(actions("(;SZ[3]AE[ca];B[ac])").is_err());
    }
}
