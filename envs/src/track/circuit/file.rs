//! Circuits from text files: center-line points in the direction of travel, with the widths of the road.
//!
//! The format is that of the TUM race-track database, and its relatives; `columns` has the list. Empty lines and lines
//! that begin with `#` are skipped. Files may be gzipped.

use std::path::Path;

use freewheel_core::{Error, Result, input};

use super::columns::{self, DEGREES_MESSAGE, Fault, Point};
use super::{CenterLine, Circuit, Spline, Widths};

/// Minimum number of points in a file.
const MIN_POINTS: usize = 8;
/// Maximum number of points of a center line; between more points, the file is thinned.
const MAX_KNOTS: usize = 20_000;
/// Maximum ratio of the distance between neighboring points to the median distance; above it, points are missing.
const MAX_GAP_RATIO: f64 = 8.0;
/// Maximum ratio of a width to the median width; above it, the width is a typing error. Circuits of the TUM database
/// reach 2.2.
const MAX_WIDTH_RATIO: f64 = 5.0;
/// Maximum median width of a road, m; above it, the file is in another unit.
const MAX_WIDTH: f64 = 60.0;
/// Minimum ratio of the length of a circuit to its width; below it, the file is in another unit.
const MIN_LENGTH_RATIO: f64 = 1.0;
/// Minimum distance of points, as a fraction of the width of the road; points that are closer to each other are
/// thinned, because their rounding errors would bend the line.
const MIN_SPACING: f64 = 0.1;

/// Widths of roads without widths in the file, m: of full-size circuits, and of circuits at 1:10.
const FULL_WIDTH: f64 = 10.0;
const SMALL_WIDTH: f64 = 2.2;
/// Radius of the tightest bend below which a circuit is one at 1:10, m.
const SMALL_RADIUS: f64 = 5.0;

/// Options of reading a circuit from a file.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FileOptions {
    /// Whether the road may cross itself.
    pub bridges: bool,
    /// Width of the road in a file without widths, m. Default: 10 m, or 2.2 m if the line has a bend of a radius
    /// below 5 m.
    pub width: Option<f64>,
}

impl Circuit {
    /// Reads a circuit from a text file, plain or gzipped. With `bridges` the road may cross itself.
    ///
    /// # Errors
    /// [`Error::Input`] with file and line for invalid content; [`Error::Io`] if the file cannot be read.
    pub fn read(file: &Path, bridges: bool) -> Result<Self> {
        Circuit::read_with(file, FileOptions { bridges, ..FileOptions::default() })
    }

    /// Reads a circuit from a text file, plain or gzipped.
    ///
    /// # Errors
    /// As [`Circuit::read`]; [`Error::Setting`] for a width that the file has, too.
    pub fn read_with(file: &Path, options: FileOptions) -> Result<Self> {
        Circuit::parse(&input::read_text(file)?, file, options)
    }

    /// Parses a circuit from the text of a file. `file` is the path in error messages; the file name without extension
    /// is the name of the circuit.
    ///
    /// # Errors
    /// As [`Circuit::read_with`].
    pub fn parse(text: &str, file: &Path, options: FileOptions) -> Result<Self> {
        let input_error =
            |(line, column, message): Fault| Error::Input { file: file.to_path_buf(), line, column, message };
        let mut points = distinct(columns::points(text).map_err(input_error)?);
        enough(&points).map_err(input_error)?;
        if options.width.is_some() && points[0].widths.is_some() {
            let message = format!("{}: the file has widths; remove the setting `width`", file.display());
            return Err(Error::setting("width", message));
        }
        let median = median_width(&points, options.width);
        scale(&points, median).map_err(input_error)?;
        points = thinned(points, median);
        enough(&points).map_err(input_error)?;
        spacing(&points).map_err(input_error)?;
        let width = |point: &Point| point.widths.unwrap_or([0.5 * median; 2]);
        widths(&points, median).map_err(input_error)?;
        let places: Vec<[f64; 2]> = points.iter().map(|point| point.at).collect();
        let spline = Spline::through(&places);
        let lengths = spline.lengths().to_vec();
        let mark = |(&s, point): (&f64, &Point)| {
            let [right, left] = width(point);
            (s, right, left)
        };
        let marks = lengths.iter().zip(&points).map(mark).collect();
        let widths = Widths::between(marks, spline.length());
        Circuit::new(&name(file), CenterLine::Spline(spline), widths, options.bridges).map_err(|found| {
            let index = found
                .arc_length()
                .map_or(0, |s| lengths.partition_point(|&length| length <= s).saturating_sub(1));
            input_error((points[index.min(points.len() - 1)].line, 1, found.to_string()))
        })
    }
}

/// File name without the extension, and without `.gz`.
fn name(file: &Path) -> String {
    let stem =
        |file: &Path| file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    match file.extension() {
        Some(extension) if extension.eq_ignore_ascii_case("gz") => stem(Path::new(&stem(file))),
        _ => stem(file),
    }
}

fn distance(a: &Point, b: &Point) -> f64 {
    (b.at[0] - a.at[0]).hypot(b.at[1] - a.at[1])
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Distances from each point to the next one, and from the last one to the first, m.
fn distances(points: &[Point]) -> Vec<f64> {
    points.iter().zip(points.iter().cycle().skip(1)).map(|(a, b)| distance(a, b)).collect()
}

/// Points without those that repeat the point before them. The last point may repeat the first.
fn distinct(mut points: Vec<Point>) -> Vec<Point> {
    points.dedup_by(|next, before| next.at == before.at);
    while points.len() > 1 {
        let apart = distances(&points);
        if apart[points.len() - 1] > 1e-3 * median(apart) {
            break;
        }
        points.pop();
    }
    points
}

/// Checks that the file has enough points.
fn enough(points: &[Point]) -> Result<(), Fault> {
    if points.len() >= MIN_POINTS {
        return Ok(());
    }
    let last = points.last().map_or(1, |point| point.line);
    Err((last, 1, format!("a circuit has at least {MIN_POINTS} points; this file has {}", points.len())))
}

/// Median width of the road, m: of the file, else `given`, else by the tightest bend of the line.
fn median_width(points: &[Point], given: Option<f64>) -> f64 {
    let known: Vec<f64> = points.iter().filter_map(|point| point.widths).map(|[a, b]| a + b).collect();
    if !known.is_empty() {
        return median(known);
    }
    given.unwrap_or_else(|| {
        if tightest_radius(&thinned(points.to_vec(), SMALL_WIDTH)) < SMALL_RADIUS {
            SMALL_WIDTH
        } else {
            FULL_WIDTH
        }
    })
}

/// Radius of the tightest bend: minimum radius of the circles through three neighboring points, m.
fn tightest_radius(points: &[Point]) -> f64 {
    let count = points.len();
    let radius = |i: usize| {
        let [a, b, c] = [0, 1, 2].map(|j| &points[(i + j) % count]);
        let doubled_area =
            (b.at[0] - a.at[0]) * (c.at[1] - a.at[1]) - (b.at[1] - a.at[1]) * (c.at[0] - a.at[0]);
        0.5 * distance(a, b) * distance(b, c) * distance(a, c) / doubled_area.abs()
    };
    (0..count).map(radius).fold(f64::INFINITY, f64::min)
}

/// Checks that the file is in meters, by the length of the line and the width of the road.
fn scale(points: &[Point], width: f64) -> Result<(), Fault> {
    let length: f64 = distances(points).iter().sum();
    let line = points[0].line;
    let unit = "name the unit in the header, such as x_cm,y_cm,w_tr_right_cm,w_tr_left_cm";
    if length < MIN_LENGTH_RATIO * width {
        let message = format!(
            "the line is {length:.3} m long, and the road is {width:.2} m wide; a circuit is in meters: {unit}. If \
             these are degrees: {DEGREES_MESSAGE}"
        );
        return Err((line, 1, message));
    }
    if width > MAX_WIDTH {
        let message = format!(
            "the line is {length:.0} m long, and the road is {width:.0} m wide; for another unit than meters, {unit}"
        );
        return Err((line, 1, message));
    }
    Ok(())
}

/// Points at a distance of at least [`MIN_SPACING`] widths from each other.
fn thinned(points: Vec<Point>, width: f64) -> Vec<Point> {
    let length: f64 = distances(&points).iter().sum();
    let least = (MIN_SPACING * width).max(length / MAX_KNOTS as f64);
    // Few points are kept, whatever their distances: a small circuit need not be wide.
    if median(distances(&points)) >= least || points.len() <= 10 * MIN_POINTS {
        return points;
    }
    let mut kept: Vec<Point> = Vec::new();
    for point in points {
        if kept.last().is_none_or(|last| distance(last, &point) >= least) {
            kept.push(point);
        }
    }
    while kept.len() > 2 && distance(&kept[kept.len() - 1], &kept[0]) < 0.5 * least {
        kept.pop();
    }
    kept
}

/// Checks that no point is far wider than the median.
fn widths(points: &[Point], median: f64) -> Result<(), Fault> {
    let wide = |point: &Point| point.widths.map_or(median, |[right, left]| right + left);
    match points.iter().find(|point| wide(point) > MAX_WIDTH_RATIO * median) {
        None => Ok(()),
        Some(point) => {
            let [right, left] = point.widths.unwrap_or_default();
            let message = format!(
                "the road is {:.1} m wide here, and its median width is {median:.1} m; correct the widths {right} and \
                 {left} m",
                wide(point)
            );
            Err((point.line, 1, message))
        }
    }
}

/// Checks that there are no points in almost the same place, and no gaps.
fn spacing(points: &[Point]) -> Result<(), Fault> {
    let apart = distances(points);
    let median = median(apart.clone());
    for (i, &apart) in apart.iter().enumerate() {
        let (here, next) = (&points[i], &points[(i + 1) % points.len()]);
        if apart <= 1e-3 * median {
            let message = format!("this point repeats that of line {}; remove one of them", here.line);
            return Err((next.line, 1, message));
        }
        if apart > MAX_GAP_RATIO * median {
            let median = format!("the median distance is {median:.1} m; add the missing points");
            return Err(if i + 1 == points.len() {
                let message = format!(
                    "the line does not close: the last point is {apart:.1} m from the first (line {}), and {median}",
                    next.line
                );
                (here.line, 1, message)
            } else {
                let message =
                    format!("this point is {apart:.1} m from that of line {}, and {median}", here.line);
                (next.line, 1, message)
            });
        }
    }
    Ok(())
}
