//! Small boards as bit sets: one bit for each point.

/// Largest number of points of a board that the solver supports.
pub(super) const MAX_AREA: usize = 16;

/// Set of points, one bit each.
pub(super) type Points = u32;

/// Size of a board, and its symmetries.
pub(super) struct Shape {
    pub(super) area: usize,
    width: u32,
    full: Points,
    first_column: Points,
    last_column: Points,
    suicide: bool,
    /// For each symmetry, the image of every set of points as a table.
    symmetries: Vec<Vec<u16>>,
}

/// Stones of a position: those of the mover, who is the player to move, and those of the opponent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stones {
    pub(super) own: Points,
    pub(super) other: Points,
}

/// Result of placing a stone.
pub(super) struct Placed {
    /// Stones after the move, with the same mover as before.
    pub(super) stones: Stones,
    /// Captured stones of the opponent.
    pub(super) captured: Points,
    /// Whether the move captured stones of the mover.
    pub(super) suicide: bool,
    /// Point that simple ko forbids after the move, as a set.
    pub(super) ko: Points,
}

impl Stones {
    /// Stones with the mover and the opponent exchanged.
    pub(super) fn swap(self) -> Self {
        Stones { own: self.other, other: self.own }
    }
}

impl Shape {
    /// Board of at most [`MAX_AREA`] points.
    pub(super) fn new(width: usize, height: usize, suicide: bool) -> Self {
        let area = width * height;
        let full = (1 << area) - 1;
        let column = |c: usize| (0..height).fold(0, |set, row| set | 1 << (row * width + c));
        let symmetries = (0..8)
            .filter(|symmetry| symmetry & 4 == 0 || width == height)
            .map(|symmetry| {
                let image = |point: usize| {
                    let (mut row, mut column) = (point / width, point % width);
                    if symmetry & 1 != 0 {
                        column = width - 1 - column;
                    }
                    if symmetry & 2 != 0 {
                        row = height - 1 - row;
                    }
                    if symmetry & 4 != 0 {
                        (row, column) = (column, row);
                    }
                    row * width + column
                };
                let images: Vec<u16> = (0..area).map(|p| 1 << image(p)).collect();
                let image = |set: u32| (0..area).filter(|p| set >> p & 1 != 0).fold(0, |s, p| s | images[p]);
                (0..=full).map(image).collect()
            })
            .collect();
        let (first_column, last_column) = (column(0), column(width - 1));
        Shape { area, width: width as u32, full, first_column, last_column, suicide, symmetries }
    }

    /// `set` and all adjacent points.
    #[inline]
    fn grow(&self, set: Points) -> Points {
        let across = (set & !self.last_column) << 1 | (set & !self.first_column) >> 1;
        (set | across | set << self.width | set >> self.width) & self.full
    }

    /// All points of `within` that are connected with points of `from`.
    #[inline]
    fn flood(&self, mut from: Points, within: Points) -> Points {
        loop {
            let more = self.grow(from) & within | from;
            if more == from {
                return from;
            }
            from = more;
        }
    }

    pub(super) fn empty(&self, stones: Stones) -> Points {
        self.full & !(stones.own | stones.other)
    }

    /// Plays a stone of the mover on an empty point; `None` for suicide if the rules forbid it. The caller checks ko.
    #[inline]
    pub(super) fn place(&self, stones: Stones, point: usize) -> Option<Placed> {
        let stone = 1 << point;
        let Stones { mut own, mut other } = stones;
        own |= stone;
        let mut captured = 0;
        let mut near = self.grow(stone) & other;
        while near != 0 {
            let chain = self.flood(near & near.wrapping_neg(), other);
            near &= !chain;
            if self.grow(chain) & !own & !other == 0 {
                captured |= chain;
            }
        }
        other &= !captured;
        let chain = self.flood(stone, own);
        let liberties = self.grow(chain) & !own & !other;
        let suicide = liberties == 0;
        if suicide {
            if !self.suicide {
                return None;
            }
            own &= !chain;
        }
        let is_ko = chain == stone && liberties == captured && captured.count_ones() == 1;
        let ko = if is_ko { captured } else { 0 };
        Some(Placed { stones: Stones { own, other }, captured, suicide, ko })
    }

    /// Mover's area minus the opponent's, points.
    pub(super) fn score(&self, stones: Stones) -> i8 {
        let empty = self.empty(stones);
        let own = self.flood(self.grow(stones.own) & empty, empty);
        let other = self.flood(self.grow(stones.other) & empty, empty);
        let count = |set: Points| set.count_ones() as i8;
        count(stones.own | own & !other) - count(stones.other | other & !own)
    }

    /// Canonical key, one number that all symmetric positions share: stones and the point forbidden by ko.
    #[inline]
    pub(super) fn canonical(&self, stones: Stones, ko: Points) -> u64 {
        let image = |map: &Vec<u16>| {
            let of = |set: Points| u64::from(map[set as usize]);
            of(stones.own) | of(stones.other) << 16 | of(ko) << 32
        };
        self.symmetries.iter().map(image).min().unwrap_or(0)
    }
}
