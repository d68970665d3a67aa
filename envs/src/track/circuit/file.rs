//! Circuits from CSV files.
//!
//! The format of the TUM race-track database: a line `# x_m,y_m,w_tr_right_m,w_tr_left_m`, then one point of the center line
//! a line, in the direction of travel, not closed (the last point is not the first). Lines that begin with `#` and empty
//! ones are skipped.

use std::fs;
use std::path::Path;

use freewheel_core::{Error, Result};

use super::{Circuit, Line, Spline, Widths};

/// Points at least.
const FEWEST: usize = 8;
/// Points at most.
const MOST: usize = 20_000;
/// The longest distance between neighbors over the median one: where it is larger a part of the line is missing.
const WIDEST_GAP: f64 = 8.0;
/// The widest place of a road over its median width: where it is more, a width is a slip. Circuits of the TUM database reach 2.2.
const WIDEST_ROAD: f64 = 5.0;

/// One line of a file.
struct Point {
    line: usize,
    at: [f64; 2],
    right: f64,
    left: f64,
}

impl Circuit {
    /// Reads a circuit from a CSV file. With `bridges` it may cross itself.
    ///
    /// # Errors
    /// [`Error::Input`] with file and line; [`Error::Io`].
    pub fn read(file: &Path, bridges: bool) -> Result<Self> {
        let text = fs::read_to_string(file).map_err(Error::io(file))?;
        Circuit::parse(&text, file, bridges)
    }

    /// Reads a circuit from the text of a CSV file; `file` is what errors call it, and its stem the circuit's name.
    ///
    /// # Errors
    /// [`Error::Input`] with file and line.
    pub fn parse(text: &str, file: &Path, bridges: bool) -> Result<Self> {
        let fault = |line: usize, column: usize, message: String| Error::Input {
            file: file.to_path_buf(),
            line,
            column,
            message,
        };
        let points = points(text).map_err(|(line, column, message)| fault(line, column, message))?;
        spacing(&points).map_err(|(line, message)| fault(line, 1, message))?;
        widths(&points).map_err(|(line, message)| fault(line, 1, message))?;
        let places: Vec<[f64; 2]> = points.iter().map(|point| point.at).collect();
        let spline = Spline::through(&places);
        let lengths = spline.lengths().to_vec();
        let marks = lengths.iter().zip(&points).map(|(&s, point)| (s, point.right, point.left)).collect();
        let widths = Widths::between(marks, spline.length());
        let name = file.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        Circuit::new(&name, Line::Spline(spline), widths, bridges).map_err(|found| {
            let index =
                found.place().map_or(0, |s| lengths.partition_point(|&length| length <= s).saturating_sub(1));
            fault(points[index.min(points.len() - 1)].line, 1, found.to_string())
        })
    }
}

/// Reads the points; a fault is `(line, column, message)`.
fn points(text: &str) -> Result<Vec<Point>, (usize, usize, String)> {
    let mut points = Vec::new();
    for (line, content) in (1..).zip(text.lines()) {
        let content = content.trim_end();
        if content.trim_start().starts_with('#') || content.trim().is_empty() {
            continue;
        }
        let fields: Vec<&str> = content.split(',').collect();
        if fields.len() != 4 {
            let message = format!(
                "a point is four numbers, x_m,y_m,w_tr_right_m,w_tr_left_m; here {} with commas between",
                match fields.len() {
                    1 => "is 1".to_owned(),
                    count => format!("are {count}"),
                }
            );
            return Err((line, 1, message));
        }
        let mut numbers = [0.0; 4];
        let mut column = 1;
        for (number, field) in numbers.iter_mut().zip(&fields) {
            let read =
                field.trim().parse::<f64>().ok().filter(|value| value.is_finite() && value.abs() < 1e7);
            *number = read.ok_or_else(|| {
                (
                    line,
                    column,
                    format!("`{}` is not a number of meters; write one such as 12.5", field.trim()),
                )
            })?;
            column += field.chars().count() + 1;
        }
        let [x, y, right, left] = numbers;
        if right <= 0.0 || left <= 0.0 {
            let message = format!("the widths {right} and {left} m must both be above 0");
            return Err((line, 1, message));
        }
        points.push(Point { line, at: [x, y], right, left });
        if points.len() > MOST {
            return Err((line, 1, format!("a circuit has at most {MOST} points; leave some out")));
        }
    }
    if points.len() < FEWEST {
        let last = points.last().map_or(1, |point| point.line);
        return Err((last, 1, format!("a circuit has at least {FEWEST} points; here are {}", points.len())));
    }
    Ok(points)
}

/// Looks for places that are far wider than the rest; a fault is `(line, message)`.
fn widths(points: &[Point]) -> Result<(), (usize, String)> {
    let wide = |point: &Point| point.right + point.left;
    let mut sorted: Vec<f64> = points.iter().map(wide).collect();
    sorted.sort_by(f64::total_cmp);
    let median = sorted[points.len() / 2];
    match points.iter().find(|point| wide(point) > WIDEST_ROAD * median) {
        None => Ok(()),
        Some(point) => Err((
            point.line,
            format!(
                "the road is {:.1} m wide here, and {median:.1} m at most places; mend the widths {} and {} m",
                wide(point),
                point.right,
                point.left
            ),
        )),
    }
}

/// Looks for repeated points and for gaps; a fault is `(line, message)`.
fn spacing(points: &[Point]) -> Result<(), (usize, String)> {
    let count = points.len();
    let distance = |i: usize| {
        let ([x0, y0], [x1, y1]) = (points[i].at, points[(i + 1) % count].at);
        (x1 - x0).hypot(y1 - y0)
    };
    let mut sorted: Vec<f64> = (0..count).map(distance).collect();
    sorted.sort_by(f64::total_cmp);
    let median = sorted[count / 2];
    for i in 0..count {
        let (here, next, apart) = (&points[i], &points[(i + 1) % count], distance(i));
        let closing = i + 1 == count;
        if apart <= 1e-3 * median {
            return Err(if closing {
                (
                    here.line,
                    "the last point is the first again; leave it out, the line closes by itself".to_owned(),
                )
            } else {
                (next.line, format!("this point repeats that of line {}; leave one of them out", here.line))
            });
        }
        if apart > WIDEST_GAP * median {
            return Err(if closing {
                let line = points[0].line;
                let message = format!(
                    "the line does not close: from this last point to the first (line {line}) it is {apart:.1} m, and {median:.1} m \
                     between most others; add the points that are missing"
                );
                (here.line, message)
            } else {
                let line = here.line;
                let message = format!(
                    "this point is {apart:.1} m from that of line {line}, and most are {median:.1} m apart; add the points between"
                );
                (next.line, message)
            });
        }
    }
    Ok(())
}
