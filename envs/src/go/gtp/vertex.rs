//! Text form of points and colors in GTP: `D4`, `pass`, `black`.

use crate::go::rules::{Color, Point, Rules};

/// Column letters; I is not used.
const COLUMNS: &[u8] = b"ABCDEFGHJKLMNOPQRST";

/// Letter of a column, counted from 0; `?` beyond the largest board.
pub fn column(x: usize) -> char {
    COLUMNS.get(x).map_or('?', |&letter| char::from(letter))
}

/// GTP name of a point, such as `D4`, or `pass`.
pub fn name(rules: &Rules, point: Point) -> String {
    let width = Point::from(rules.width).max(1);
    match point < rules.pass() {
        true => format!("{}{}", column(usize::from(point % width)), point / width + 1),
        false => "pass".into(),
    }
}

/// Point with the GTP name `name`, upper or lower case; `None` if the point is not on the board.
pub fn parse(rules: &Rules, name: &str) -> Option<Point> {
    if name.eq_ignore_ascii_case("pass") {
        return Some(rules.pass());
    }
    let (letter, row) = name.split_at_checked(1)?;
    let letter = letter.bytes().next()?.to_ascii_uppercase();
    let column = COLUMNS.iter().position(|&column| column == letter)?;
    // Digits only: `D+4` is not a vertex.
    let row: Point = row.bytes().all(|byte| byte.is_ascii_digit()).then(|| row.parse().ok())??;
    let on = column < usize::from(rules.width) && (1..=Point::from(rules.height)).contains(&row);
    on.then(|| (row - 1) * Point::from(rules.width) + column as Point)
}

/// Name of a color: `black` or `white`.
pub fn color_name(color: Color) -> &'static str {
    match color {
        Color::Black => "black",
        Color::White => "white",
    }
}

/// Color with the name `name`: `b`, `black`, `w`, `white`, upper or lower case.
pub fn parse_color(name: &str) -> Option<Color> {
    match name.to_ascii_lowercase().as_str() {
        "b" | "black" => Some(Color::Black),
        "w" | "white" => Some(Color::White),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_gtps() {
        let rules = Rules::tromp_taylor(19);
        for (text, point) in [("A1", 0), ("T19", 360), ("J9", 160), ("h8", 140), ("PASS", 361), ("Q16", 300)]
        {
            assert_eq!(parse(&rules, text), Some(point), "{text}");
            assert_eq!(
                name(&rules, point),
                if point == 361 { "pass".into() } else { text.to_ascii_uppercase() }
            );
        }
        for text in ["", "I5", "U1", "A0", "A20", "A", "4D", "A+1", "A-1", "é1", "A99999999", "resign"] {
            assert_eq!(parse(&rules, text), None, "{text}");
        }
        assert_eq!(
            ["B", "black", "w", "White"].map(|text| parse_color(text).map(color_name)),
            ["black", "black", "white", "white"].map(Some)
        );
        assert_eq!(parse_color("gray"), None);
    }

    proptest! {
        #[test]
        fn names_come_back(width in 1..=19u8, height in 1..=19u8, point in 0..400u16) {
            let rules = Rules { width, height, ..Rules::tromp_taylor(9) };
            let point = point.min(rules.pass());
            prop_assert_eq!(parse(&rules, &name(&rules, point)), Some(point));
        }
    }
}
