//! Area scoring, as Tromp and Taylor define it.

use super::board::{Board, EMPTY};
use super::geometry::{Geometry, MAX_VERTICES};
use super::{Color, Game, Point};

impl Game {
    /// Black's area minus White's, points; komi not counted.
    pub fn area_score(&self) -> i32 {
        self.board.area(&self.shared.geometry, |_, _| {})
    }

    /// Black's score minus White's: area, komi and what White is given for a handicap.
    pub fn score(&self) -> f32 {
        let rules = &self.shared.rules;
        self.area_score() as f32 - rules.komi - rules.compensation_for(self.shared.setup.handicap)
    }

    /// Writes whose each point is, `[area]`: 1 Black's, -1 White's, 0 nobody's.
    pub fn ownership(&self, out: &mut [i8]) {
        self.board.area(&self.shared.geometry, |point, owner| {
            if let Some(out) = out.get_mut(usize::from(point)) {
                *out = owner;
            }
        });
    }
}

impl Board {
    /// The points that are Black's minus those that are White's (Tromp-Taylor: stones, and empty regions that reach
    /// one color only). `owner` is called for each point with 1 for Black, -1 for White, 0 for nobody.
    pub(super) fn area(&self, geometry: &Geometry, mut owner: impl FnMut(Point, i8)) -> i32 {
        // Regions that reach Black and regions that reach White, by flooding the empty vertices from the stones.
        let mut reach = [0u8; MAX_VERTICES];
        let mut queue = [0; MAX_VERTICES];
        for color in Color::BOTH {
            let bit = 1 << color as u8;
            let mut length = 0;
            for &v in self.empties() {
                let touches = self.neighbors(v).into_iter().any(|n| self.stone(n) == color as u8);
                if touches {
                    reach[usize::from(v)] |= bit;
                    queue[length] = v;
                    length += 1;
                }
            }
            while length > 0 {
                length -= 1;
                for n in self.neighbors(queue[length]) {
                    if self.is_empty(n) && reach[usize::from(n)] & bit == 0 {
                        reach[usize::from(n)] |= bit;
                        queue[length] = n;
                        length += 1;
                    }
                }
            }
        }
        let mut score = 0;
        for (p, &v) in geometry.vertex.iter().enumerate() {
            let own = match (self.stone(v), reach[usize::from(v)]) {
                (0, _) | (EMPTY, 1) => 1,
                (1, _) | (EMPTY, 2) => -1,
                _ => 0,
            };
            owner(p as Point, own);
            score += i32::from(own);
        }
        score
    }

    /// Black's area minus White's where every empty point is surrounded by one color, as playouts leave it mostly.
    #[inline]
    pub(super) fn quick_area(&self) -> Option<i32> {
        let mut score = i32::from(self.stones(Color::Black)) - i32::from(self.stones(Color::White));
        for &v in self.empties() {
            let [black, white] = Color::BOTH.map(|color| self.is_surrounded(v, color));
            if !black && !white {
                return None;
            }
            score += i32::from(black) - i32::from(white);
        }
        Some(score)
    }
}
