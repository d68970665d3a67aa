//! Columns of a circuit file: separators, headers, units.
//!
//! | columns | meaning |
//! |---|---|
//! | 2 | x, y |
//! | 3 | x, y, width of the road |
//! | 4 | x, y, width to the right, width to the left |
//! | 7 | race line: arc length, x, y, heading, curvature, speed, acceleration |
//!
//! A header before the first point, with or without `#`, may name the columns in another order, with further columns
//! between them, and with other units than m.

use freewheel_core::input;

/// Fault of a file: line, column and message.
pub(super) type Fault = (usize, usize, String);

/// Names of a coordinate or a width in headers, without unit.
const X: &[&str] = &["x", "x_ref", "x_center", "x_pos", "pos_x", "east", "easting"];
const Y: &[&str] = &["y", "y_ref", "y_center", "y_pos", "pos_y", "north", "northing"];
const RIGHT: &[&str] = &["w_tr_right", "width_right", "right_width", "w_right", "right"];
const LEFT: &[&str] = &["w_tr_left", "width_left", "left_width", "w_left", "left"];
const WIDTH: &[&str] = &["width", "w_tr", "road_width", "track_width", "w"];
/// Names of geographic coordinates.
const DEGREES: &[&str] = &["lat", "latitude", "lon", "long", "lng", "longitude"];

/// Units of headers: suffix of a name, and length in m.
const UNITS: &[(&str, f64)] = &[("m", 1.0), ("cm", 0.01), ("mm", 0.001), ("km", 1_000.0), ("ft", 0.3048)];

/// Maximum number of points of a file.
const MAX_POINTS: usize = 1_000_000;
/// Maximum absolute value of a coordinate or width.
const MAX_VALUE: f64 = 1e9;

/// Center-line point of one line of a file; lengths in m.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    /// Number of the line in the file, from 1.
    pub(super) line: usize,
    pub(super) at: [f64; 2],
    /// Distances from the center line to the right and to the left edge; `None` in a file without widths.
    pub(super) widths: Option<[f64; 2]>,
}

/// Separator of the fields of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Separator {
    Character(char),
    Blanks,
}

impl Separator {
    fn of(line: &str) -> Self {
        let found = [';', '\t', ','].into_iter().find(|&character| line.contains(character));
        found.map_or(Separator::Blanks, Separator::Character)
    }

    /// Fields of a line, each with its column in the line, from 1. A separator at the end of the line is ignored.
    fn split(self, line: &str) -> Vec<(usize, &str)> {
        let mut fields = Vec::new();
        let (mut column, mut begin) = (1, 0);
        let mut add = |field: &'_ str, from: usize, column: usize| {
            let lead = field.len() - field.trim_start().len();
            fields.push((column + field[..lead].chars().count(), from, from + field.len()));
        };
        match self {
            Separator::Character(separator) => {
                for (at, _) in line.match_indices(separator).chain([(line.len(), "")]) {
                    let field = &line[begin..at];
                    add(field, begin, column);
                    column += field.chars().count() + 1;
                    begin = (at + separator.len_utf8()).min(line.len());
                }
            }
            Separator::Blanks => {
                for word in line.split(char::is_whitespace) {
                    if !word.is_empty() {
                        add(word, begin, column);
                    }
                    column += word.chars().count() + 1;
                    let end = begin + word.len();
                    begin = end + line[end..].chars().next().map_or(0, char::len_utf8);
                }
            }
        }
        let mut fields: Vec<(usize, &str)> = fields
            .into_iter()
            .map(|(column, from, to)| (column, line[from..to].trim().trim_matches('"')))
            .collect();
        if fields.len() > 1 && fields.last().is_some_and(|(_, field)| field.is_empty()) {
            fields.pop();
        }
        fields
    }

    /// Number of a field. Where fields are not separated by commas, a comma is a decimal point.
    fn number(self, field: &str) -> Option<f64> {
        let read = match self {
            Separator::Character(',') => field.parse::<f64>(),
            _ => field.replace(',', ".").parse::<f64>(),
        };
        read.ok().filter(|value| value.is_finite() && value.abs() < MAX_VALUE)
    }
}

/// Place of a quantity in a line, and its unit in m.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Column {
    index: usize,
    unit: f64,
}

/// Meaning of the columns of a file.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Columns {
    count: usize,
    at: [Column; 2],
    /// Columns of the widths to the right and to the left; the same column for the width of the whole road.
    widths: Option<[Column; 2]>,
}

/// Header of a file, as far as it is known.
enum Header {
    Columns(Columns),
    /// Latitude and longitude.
    Degrees,
    Unknown,
}

impl Header {
    fn of(text: &str) -> Self {
        let names: Vec<(String, f64)> =
            Separator::of(text).split(text).into_iter().map(|(_, name)| name_and_unit(name)).collect();
        let find = |known: &[&str]| {
            let index = names.iter().position(|(name, _)| known.contains(&name.as_str()))?;
            Some(Column { index, unit: names[index].1 })
        };
        match [find(X), find(Y)] {
            [Some(x), Some(y)] => {
                let halves = |column: Column| [column; 2];
                let widths = find(RIGHT).zip(find(LEFT)).map(|(right, left)| [right, left]);
                let widths = widths.or_else(|| find(WIDTH).map(halves));
                Header::Columns(Columns { count: names.len(), at: [x, y], widths })
            }
            _ if find(DEGREES).is_some() => Header::Degrees,
            _ => Header::Unknown,
        }
    }
}

/// Name without its unit, in lower case, and the unit in m: `("x", 0.01)` for `X_cm` and `x [cm]`.
fn name_and_unit(name: &str) -> (String, f64) {
    let plain: String = name
        .to_lowercase()
        .chars()
        .filter(|character| !"])\"'".contains(*character))
        .map(|character| if " -[(".contains(character) { '_' } else { character })
        .collect();
    if let Some((rest, suffix)) = plain.rsplit_once('_')
        && let Some((_, unit)) = UNITS.iter().find(|(known, _)| *known == suffix)
    {
        return (rest.trim_end_matches('_').to_owned(), *unit);
    }
    (plain, 1.0)
}

impl Columns {
    /// Columns of a file without a header; `None` for an unknown number of columns.
    fn of_count(count: usize) -> Option<Self> {
        let [a, b, c, d] = [0, 1, 2, 3].map(|index| Column { index, unit: 1.0 });
        let (at, widths) = match count {
            2 => ([a, b], None),
            3 => ([a, b], Some([c, c])),
            4 => ([a, b], Some([c, d])),
            7 => ([b, c], None),
            _ => return None,
        };
        Some(Columns { count, at, widths })
    }

    /// Point of the numbers of one line.
    fn point(&self, line: usize, numbers: &[f64]) -> Result<Point, Fault> {
        let value = |column: Column| column.unit * numbers[column.index];
        let widths = self.widths.map(|columns| match columns {
            [whole, same] if whole == same => [0.5 * value(whole); 2],
            columns => columns.map(value),
        });
        match widths {
            Some([right, left]) if right <= 0.0 || left <= 0.0 => {
                Err((line, 1, format!("the widths {right} and {left} m must both be above 0")))
            }
            _ => Ok(Point { line, at: self.at.map(value), widths }),
        }
    }

    /// Message for a line with `found` numbers.
    fn count_error(&self, found: usize) -> String {
        if *self == Columns::of_count(4).unwrap_or(*self) {
            return format!(
                "a point is four numbers, x_m,y_m,w_tr_right_m,w_tr_left_m; this line has {found}"
            );
        }
        format!("the lines of this file have {} columns; this line has {found}", self.count)
    }
}

/// Points of the file with the content `text`, in its order.
pub(super) fn points(text: &str) -> Result<Vec<Point>, Fault> {
    let mut points: Vec<Point> = Vec::new();
    let mut header: Option<Columns> = None;
    let mut format: Option<(Separator, Columns)> = None;
    let mut numbers = Vec::new();
    for (line, content) in input::lines(text) {
        let content = content.trim_end();
        let start = content.trim_start();
        if start.is_empty() {
            continue;
        }
        let comment = start.strip_prefix(['#', '%']);
        if format.is_none() {
            match Header::of(comment.unwrap_or(start).trim()) {
                Header::Columns(columns) => {
                    header = Some(columns);
                    continue;
                }
                Header::Degrees => return Err((line, 1, DEGREES_MESSAGE.to_owned())),
                Header::Unknown => {}
            }
        }
        if comment.is_some() {
            continue;
        }
        let separator = format.map_or_else(|| Separator::of(content), |(separator, _)| separator);
        let fields = separator.split(content);
        let columns = match format {
            Some((_, columns)) => columns,
            None if fields.iter().all(|(_, field)| separator.number(field).is_none()) => {
                return Err((
                    line,
                    1,
                    format!("`{}` is neither a point nor a header; {COLUMNS}", content.trim()),
                ));
            }
            None => header.or_else(|| Columns::of_count(fields.len())).ok_or_else(|| {
                (
                    line,
                    1,
                    format!("this line has {} columns, and no header names them; {COLUMNS}", fields.len()),
                )
            })?,
        };
        format = Some((separator, columns));
        if fields.len() != columns.count {
            return Err((line, 1, columns.count_error(fields.len())));
        }
        numbers.clear();
        for &(column, field) in &fields {
            numbers.push(separator.number(field).ok_or_else(|| {
                (line, column, format!("`{field}` is not a number of meters; write one such as 12.5"))
            })?);
        }
        points.push(columns.point(line, &numbers)?);
        if points.len() > MAX_POINTS {
            return Err((line, 1, format!("a circuit has at most {MAX_POINTS} points; remove some")));
        }
    }
    Ok(points)
}

/// Correction of unknown columns.
const COLUMNS: &str =
    "write the header `x_m,y_m,w_tr_right_m,w_tr_left_m` above the points, with a name for each column";

/// Correction of geographic coordinates.
pub(super) const DEGREES_MESSAGE: &str = "latitude and longitude are angles, and a circuit is in meters; convert them to \
                                          a map projection in meters, such as UTM, as the columns x_m and y_m";
