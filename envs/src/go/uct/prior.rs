//! Probabilities of moves as the prior of a tree search.

use freewheel_core::Result;

use super::tree::Node;
use crate::go::rules::Game;

/// Virtual playouts, all of them won, of a move with probability 1; those of a move with probability p are sqrt(p)
/// times as many, so that a move that the prior finds unlikely is still tried.
const CERTAIN: f32 = 100.0;

/// Probabilities of moves, such as those of a policy that was trained on human records. They become virtual playouts of
/// the new nodes of a tree search.
pub trait MovePrior: Send + Sync {
    /// Writes the probabilities of the moves of the player to move in `game` to `out`, `[N² + 1]`; false if there are
    /// none.
    fn probabilities(&self, game: &Game, out: &mut [f32]) -> bool;

    /// Checks that the prior knows the board of `start`.
    ///
    /// # Errors
    /// [`freewheel_core::Error::Config`] for a board of another size.
    fn check_board(&self, start: &Game) -> Result<()>;
}

/// Adds the virtual playouts of `prior` for the position of `game` to its `children`.
pub(super) fn add(prior: &dyn MovePrior, game: &Game, probabilities: &mut Vec<f32>, children: &mut [Node]) {
    probabilities.clear();
    probabilities.resize(game.area() + 1, 0.0);
    if !prior.probabilities(game, probabilities) {
        return;
    }
    for node in children {
        let p = probabilities.get(usize::from(node.point)).copied().unwrap_or(0.0).clamp(0.0, 1.0);
        let playouts = (CERTAIN * p.sqrt()).round() as u16;
        node.prior_visits += playouts;
        node.prior_wins += 2 * playouts;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::go::rules::Rules;

    /// The prior plays a1 with probability 0.81, and b1 with 0.09.
    struct Corner;

    impl MovePrior for Corner {
        fn probabilities(&self, _: &Game, out: &mut [f32]) -> bool {
            (out[0], out[1]) = (0.81, 0.09);
            true
        }

        fn check_board(&self, _: &Game) -> Result<()> {
            Ok(())
        }
    }

    #[test]
    fn probabilities_become_won_playouts() {
        let game = Game::new(Rules::tromp_taylor(5)).unwrap();
        let mut children = [0, 1, 7].map(|point| Node { point, prior_visits: 10, ..Node::default() });
        add(&Corner, &game, &mut Vec::new(), &mut children);
        let counts = children.map(|node| (node.prior_visits, node.prior_wins));
        assert_eq!(counts, [(100, 180), (40, 60), (10, 0)]);
    }
}
