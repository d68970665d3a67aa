//! Naive implementation of Go: flood fill, and a list of all earlier boards.

use crate::go::rules::{Color, Ko, Rules};

pub(super) type Stones = Vec<Option<Color>>;

pub(super) struct Oracle {
    rules: Rules,
    pub(super) stones: Stones,
    pub(super) to_play: Color,
    /// All boards so far, each with the player to move and the player whose move led to the board.
    pub(super) boards: Vec<(Stones, Color, Option<Color>)>,
    pub(super) captures: [u32; 2],
}

impl Oracle {
    pub(super) fn new(rules: Rules) -> Self {
        let stones = vec![None; rules.area()];
        let boards = vec![(stones.clone(), Color::Black, None)];
        Oracle { rules, stones, to_play: Color::Black, boards, captures: [0; 2] }
    }

    pub(super) fn neighbors(&self, point: usize) -> Vec<usize> {
        let (width, height) = (usize::from(self.rules.width), usize::from(self.rules.height));
        let (row, column) = (point / width, point % width);
        let mut all = Vec::new();
        if row > 0 {
            all.push(point - width);
        }
        if row + 1 < height {
            all.push(point + width);
        }
        if column > 0 {
            all.push(point - 1);
        }
        if column + 1 < width {
            all.push(point + 1);
        }
        all
    }

    /// Points of the same content connected with `point`, and all other points adjacent to these.
    pub(super) fn flood(&self, stones: &Stones, point: usize) -> (Vec<usize>, Vec<usize>) {
        let (mut inside, mut border) = (vec![point], Vec::new());
        let mut next = 0;
        while next < inside.len() {
            for n in self.neighbors(inside[next]) {
                let list = if stones[n] == stones[point] { &mut inside } else { &mut border };
                if !list.contains(&n) {
                    list.push(n);
                }
            }
            next += 1;
        }
        (inside, border)
    }

    pub(super) fn liberties(&self, stones: &Stones, point: usize) -> Vec<usize> {
        let mut all = self.flood(stones, point).1;
        all.retain(|&n| stones[n].is_none());
        all.sort_unstable();
        all
    }

    /// Board after a stone, and the numbers of the opponent's and of the mover's captured stones.
    fn after(&self, point: usize) -> (Stones, u32, u32) {
        let mut stones = self.stones.clone();
        stones[point] = Some(self.to_play);
        let mut taken = [0, 0];
        for (which, color) in [self.to_play.other(), self.to_play].into_iter().enumerate() {
            let dead: Vec<usize> = (0..stones.len())
                .filter(|&p| stones[p] == Some(color) && self.liberties(&stones, p).is_empty())
                .collect();
            taken[which] = dead.len() as u32;
            for p in dead {
                stones[p] = None;
            }
        }
        (stones, taken[0], taken[1])
    }

    pub(super) fn legal(&self, point: usize) -> bool {
        if point == self.stones.len() {
            return true;
        }
        if self.stones[point].is_some() {
            return false;
        }
        let (stones, opponents, own) = self.after(point);
        if own > 0 && !self.rules.suicide {
            return false;
        }
        let turn = self.to_play.other();
        match self.rules.ko {
            Ko::Positional => !self.boards.iter().any(|(board, _, _)| *board == stones),
            Ko::Situational => {
                !self.boards.iter().any(|(board, to_play, _)| *board == stones && *to_play == turn)
            }
            // Retaking the one stone gives the board before the opponent's last move.
            Ko::Simple => {
                let [.., (before, _, _), (_, _, Some(last))] = &self.boards[..] else { return true };
                !(opponents == 1 && *last == turn && *before == stones)
            }
        }
    }

    pub(super) fn play(&mut self, point: usize) {
        let mover = self.to_play;
        if point < self.stones.len() {
            let (stones, opponents, own) = self.after(point);
            self.captures[mover as usize] += opponents;
            self.captures[mover.other() as usize] += own;
            self.stones = stones;
        }
        self.to_play = mover.other();
        self.boards.push((self.stones.clone(), self.to_play, Some(mover)));
    }

    pub(super) fn owner(&self, point: usize) -> i8 {
        let sign = |color: Option<Color>| color.map_or(0, |c| c.sign() as i8);
        if self.stones[point].is_some() {
            return sign(self.stones[point]);
        }
        let border = self.flood(&self.stones, point).1;
        let reaches = |color| border.iter().any(|&p| self.stones[p] == Some(color));
        i8::from(reaches(Color::Black)) - i8::from(reaches(Color::White))
    }
}
