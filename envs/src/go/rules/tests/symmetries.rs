//! The eight symmetries are a group, and the rules are invariant under them.

use freewheel_core::{Purpose, Streams};
use proptest::prelude::*;

use super::rules;
use crate::go::rules::{Game, Ko, Symmetry};

proptest! {
    #[test]
    fn a_group(side in 1u8..=19, point: u16, a in 0usize..8, b in 0usize..8) {
        let (a, b) = (Symmetry::ALL[a], Symmetry::ALL[b]);
        let area = u16::from(side) * u16::from(side);
        let point = point % (area + 1);
        prop_assert!(a.point(side, point) <= area);
        prop_assert_eq!(a.point(side, area), area);
        prop_assert_eq!(a.inverse().point(side, a.point(side, point)), point);
        prop_assert_eq!(a.then(b).point(side, point), b.point(side, a.point(side, point)));
        prop_assert_eq!(Symmetry::ALL[0].point(side, point), point);
    }

    /// The image of a game under a symmetry is a valid game.
    #[test]
    fn rules_are_invariant(side in 2u8..=5, which in 0usize..8, seed: u64) {
        let symmetry = Symmetry::ALL[which];
        let mut rng = Streams::new(seed).stream(Purpose::Environment, 0, 0);
        let mut here = Game::new(rules(side, side, Ko::Positional, true)).unwrap();
        let mut there = here.clone();
        let planes = here.area() + 1;
        let [mut mask, mut moved, mut expected] = [vec![false; planes], vec![false; planes], vec![false; planes]];
        for _ in 0..40 {
            here.legal_mask(&mut mask);
            there.legal_mask(&mut expected);
            symmetry.planes(side, planes, &mask, &mut moved);
            prop_assert_eq!(&moved, &expected);
            let point = rng.below(planes as u32) as u16;
            prop_assert_eq!(here.play(point).is_ok(), there.play(symmetry.point(side, point)).is_ok());
            prop_assert_eq!(here.area_score(), there.area_score());
        }
    }
}

/// All eight differ from 2x2 on, and transform the planes of a batch alike.
#[test]
fn eight_of_them() {
    let board: Vec<u32> = (0..8).collect();
    let mut images = std::collections::BTreeSet::new();
    for symmetry in Symmetry::ALL {
        let mut out = vec![0; 8];
        symmetry.planes(2, 4, &board, &mut out);
        assert!((0..4).all(|p| out[p] + 4 == out[p + 4]));
        images.insert(out);
    }
    assert_eq!(images.len(), 8);
}
