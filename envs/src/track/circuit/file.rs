//! Circuits from CSV files in the format of the TUM race-track database.
//!
//! A header `# x_m,y_m,w_tr_right_m,w_tr_left_m`, then one center-line point per line, in the direction of travel and
//! not closed (the last point differs from the first). Empty lines and lines that begin with `#` are skipped.

use std::fs;
use std::path::Path;

use freewheel_core::{Error, Result};

use super::{CenterLine, Circuit, Spline, Widths};

/// Minimum number of points in a file.
const MIN_POINTS: usize = 8;
/// Maximum number of points in a file.
const MAX_POINTS: usize = 20_000;
/// Maximum ratio of the distance between neighboring points to the median distance; above it, points are missing.
const MAX_GAP_RATIO: f64 = 8.0;
/// Maximum ratio of a width to the median width; above it, the width is a typing error. Circuits of the TUM database
/// reach 2.2.
const MAX_WIDTH_RATIO: f64 = 5.0;

/// Center-line point of one line of the file; lengths in m.
struct Point {
    line: usize,
    at: [f64; 2],
    right: f64,
    left: f64,
}

impl Circuit {
    /// Reads a circuit from a CSV file. With `bridges` the road may cross itself.
    ///
    /// # Errors
    /// [`Error::Input`] with file and line for invalid content; [`Error::Io`] if the file cannot be read.
    pub fn read(file: &Path, bridges: bool) -> Result<Self> {
        let text = fs::read_to_string(file).map_err(Error::io(file))?;
        Circuit::parse(&text, file, bridges)
    }

    /// Parses a circuit from the text of a CSV file. `file` is the path in error messages; the file name without
    /// extension is the name of the circuit.
    ///
    /// # Errors
    /// [`Error::Input`] with file and line for invalid content.
    pub fn parse(text: &str, file: &Path, bridges: bool) -> Result<Self> {
        let input_error = |line: usize, column: usize, message: String| Error::Input {
            file: file.to_path_buf(),
            line,
            column,
            message,
        };
        let points = points(text).map_err(|(line, column, message)| input_error(line, column, message))?;
        spacing(&points).map_err(|(line, message)| input_error(line, 1, message))?;
        widths(&points).map_err(|(line, message)| input_error(line, 1, message))?;
        let places: Vec<[f64; 2]> = points.iter().map(|point| point.at).collect();
        let spline = Spline::through(&places);
        let lengths = spline.lengths().to_vec();
        let marks = lengths.iter().zip(&points).map(|(&s, point)| (s, point.right, point.left)).collect();
        let widths = Widths::between(marks, spline.length());
        let name = file.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        Circuit::new(&name, CenterLine::Spline(spline), widths, bridges).map_err(|found| {
            let index = found
                .arc_length()
                .map_or(0, |s| lengths.partition_point(|&length| length <= s).saturating_sub(1));
            input_error(points[index.min(points.len() - 1)].line, 1, found.to_string())
        })
    }
}

/// Parses the points; the error is `(line, column, message)`.
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
                "a point is four numbers, x_m,y_m,w_tr_right_m,w_tr_left_m; this line has {}",
                fields.len()
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
        if points.len() > MAX_POINTS {
            return Err((line, 1, format!("a circuit has at most {MAX_POINTS} points; remove some")));
        }
    }
    if points.len() < MIN_POINTS {
        let last = points.last().map_or(1, |point| point.line);
        return Err((
            last,
            1,
            format!("a circuit has at least {MIN_POINTS} points; this file has {}", points.len()),
        ));
    }
    Ok(points)
}

/// Checks that no point is far wider than the median; else the error is `(line, message)`.
fn widths(points: &[Point]) -> Result<(), (usize, String)> {
    let wide = |point: &Point| point.right + point.left;
    let mut sorted: Vec<f64> = points.iter().map(wide).collect();
    sorted.sort_by(f64::total_cmp);
    let median = sorted[points.len() / 2];
    match points.iter().find(|point| wide(point) > MAX_WIDTH_RATIO * median) {
        None => Ok(()),
        Some(point) => Err((
            point.line,
            format!(
                "the road is {:.1} m wide here, and its median width is {median:.1} m; correct the widths {} and {} m",
                wide(point),
                point.right,
                point.left
            ),
        )),
    }
}

/// Checks that there are no repeated points and no gaps; else the error is `(line, message)`.
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
                    "the last point repeats the first; remove it, the line closes automatically".to_owned(),
                )
            } else {
                (next.line, format!("this point repeats that of line {}; remove one of them", here.line))
            });
        }
        if apart > MAX_GAP_RATIO * median {
            return Err(if closing {
                let line = points[0].line;
                let message = format!(
                    "the line does not close: the last point is {apart:.1} m from the first (line {line}), and the \
                     median distance is {median:.1} m; add the missing points"
                );
                (here.line, message)
            } else {
                let line = here.line;
                let message = format!(
                    "this point is {apart:.1} m from that of line {line}, and the median distance is {median:.1} m; \
                     add the missing points"
                );
                (next.line, message)
            });
        }
    }
    Ok(())
}
