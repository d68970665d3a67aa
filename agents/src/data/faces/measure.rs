//! Measurement of the factors of a face image, such as the output of a decoder: the factors of the most similar face
//! that can be drawn.
//!
//! The sum of squared differences of all pixels is minimized by the Levenberg-Marquardt method (Marquardt 1963). The
//! unknowns are the seven factors, the position, and a blur, with which a blurred image can be matched. The first
//! minimizations use blurred copies of both images, so that they converge from a distant starting point; the last one
//! uses the images themselves.

use super::draw::{FACTORS, Face, PIXELS, SIDE};
use super::{JITTER, RANGES};

/// Number of unknowns: seven factors, position x and y, blur.
const UNKNOWNS: usize = FACTORS + 3;

/// Maximum by which a measured factor may exceed its range, as a fraction of the range.
const MARGIN: f32 = 0.25;

/// Maximum of the blur parameter, a variance in square pixels.
const MAX_BLUR: f32 = 2.5;

/// Maximum number of iterations of one minimization.
const MAX_ITER: usize = 10;

/// Index of the factor `brows`, and three starting values of it: from a single start, the minimization may end in a
/// local minimum, with the brows between the eyes and the rims of the glasses.
const BROWS: (usize, [f32; 3]) = (2, [0.1, 0.5, 0.9]);

/// Unknowns of a face, each scaled so that its range is about 1.
type Point = [f32; UNKNOWNS];

/// Face whose drawing is most similar to `image`. A factor may exceed its range by up to a quarter of the range. For an
/// image with NaN or infinity, every factor is the middle of its range.
pub fn nearest(image: &[f32; PIXELS]) -> Face {
    let mut point = [0.5; UNKNOWNS];
    point[UNKNOWNS - 1] = 0.1;
    let blurred = |blur| {
        let mut copy = *image;
        add_blur(&mut copy, blur);
        copy
    };
    minimize(&blurred(5.0), 5.0, &mut point);
    let blurred = blurred(1.5);
    let starts = BROWS.1.map(|brows| {
        let mut point = point;
        point[BROWS.0] = brows;
        (minimize(&blurred, 1.5, &mut point), point)
    });
    if let Some((_, best)) = starts.into_iter().min_by(|a, b| a.0.total_cmp(&b.0)) {
        point = best;
    }
    minimize(image, 0.0, &mut point);
    face(&point)
}

fn face(point: &Point) -> Face {
    let mut factors = [0.0; FACTORS];
    for (k, (low, high)) in RANGES.into_iter().enumerate() {
        factors[k] = low + (high - low) * point[k];
    }
    let offset = |scaled: f32| JITTER * (2.0 * scaled - 1.0);
    let [.., x, y, _] = *point;
    Face { factors, x: offset(x), y: offset(y) }
}

/// Draws the face with the unknowns `point`, blurred by the blur in `point` and additionally by `blur`.
fn draw(point: &Point, blur: f32, out: &mut [f32; PIXELS]) {
    face(point).draw(out);
    add_blur(out, blur + MAX_BLUR * point[UNKNOWNS - 1]);
}

/// Blurs an image by a kernel with this `variance` in each direction, in square pixels.
fn add_blur(image: &mut [f32; PIXELS], variance: f32) {
    // The kernel (b, 1 - 2b, b) has variance 2b; it is applied repeatedly, with b at most 1/4.
    let passes = (2.0 * variance).ceil().max(4.0);
    if variance <= 0.0 {
        return;
    }
    let b = 0.5 * variance / passes;
    for _ in 0..passes as usize {
        for row in image.as_chunks_mut::<SIDE>().0 {
            let was = *row;
            for i in 1..SIDE - 1 {
                row[i] += b * (was[i - 1] - 2.0 * was[i] + was[i + 1]);
            }
            row[0] += b * (was[1] - was[0]);
            row[SIDE - 1] += b * (was[SIDE - 2] - was[SIDE - 1]);
        }
        let rows = image.as_chunks_mut::<SIDE>().0;
        let mut above = rows[0];
        for y in 0..SIDE {
            let (was, below) = (rows[y], rows[(y + 1).min(SIDE - 1)]);
            for (x, pixel) in rows[y].iter_mut().enumerate() {
                *pixel += b * (above[x] - 2.0 * was[x] + below[x]);
            }
            above = was;
        }
    }
}

/// Value of unknown `k`, clipped to its bounds.
fn bounded(k: usize, value: f32) -> f32 {
    match k {
        k if k < FACTORS => value.clamp(-MARGIN, 1.0 + MARGIN),
        k if k < UNKNOWNS - 1 => value.clamp(-2.0, 3.0),
        _ => value.clamp(0.0, 1.0),
    }
}

/// Minimizes the squared error, starting from `point` and updating it; returns the remaining error.
fn minimize(image: &[f32; PIXELS], blur: f32, point: &mut Point) -> f64 {
    let mut drawn = [0.0; PIXELS];
    let mut error = compare(image, blur, point, &mut drawn);
    let mut damping = 1e-2;
    let mut slopes = vec![[0.0; PIXELS]; UNKNOWNS];
    for _ in 0..MAX_ITER {
        if !error.is_finite() {
            break;
        }
        for (k, slope) in slopes.iter_mut().enumerate() {
            let mut beside = *point;
            let step = if beside[k] < 0.5 { 0.02 } else { -0.02 };
            beside[k] += step;
            draw(&beside, blur, slope);
            slope.iter_mut().zip(&drawn).for_each(|(slope, drawn)| *slope = (*slope - drawn) / step);
        }
        let mut normal = [[0.0; UNKNOWNS]; UNKNOWNS];
        let mut gradient = [0.0; UNKNOWNS];
        for a in 0..UNKNOWNS {
            for b in 0..=a {
                normal[a][b] = dot(&slopes[a], &slopes[b]);
            }
            gradient[a] = dot(&slopes[a], image) - dot(&slopes[a], &drawn);
        }
        // Increases the damping, which shortens the step, until the error decreases.
        let before = error;
        for _ in 0..6 {
            let step = solve(&normal, &gradient, damping);
            let mut next = *point;
            (0..UNKNOWNS).for_each(|k| next[k] = bounded(k, next[k] + step[k] as f32));
            let mut redrawn = [0.0; PIXELS];
            let after = compare(image, blur, &next, &mut redrawn);
            if after < error {
                (*point, drawn, error) = (next, redrawn, after);
                damping = (damping * 0.2).max(1e-6);
                break;
            }
            damping *= 6.0;
        }
        if error >= before * 0.999 {
            break;
        }
    }
    error
}

/// Squared error between `image` and the face with the unknowns `point`, which is drawn into `drawn`.
fn compare(image: &[f32; PIXELS], blur: f32, point: &Point, drawn: &mut [f32; PIXELS]) -> f64 {
    draw(point, blur, drawn);
    let mut difference = *image;
    difference.iter_mut().zip(drawn.iter()).for_each(|(image, drawn)| *image -= drawn);
    dot(&difference, &difference)
}

/// Inner product of two images, computed as sixteen partial sums, which the compiler vectorizes.
fn dot(a: &[f32; PIXELS], b: &[f32; PIXELS]) -> f64 {
    let mut sums = [0.0f32; 16];
    for (a, b) in a.as_chunks::<16>().0.iter().zip(b.as_chunks::<16>().0) {
        for i in 0..16 {
            sums[i] += a[i] * b[i];
        }
    }
    sums.iter().map(|&sum| f64::from(sum)).sum()
}

/// Step of the Levenberg-Marquardt method: solution of the damped normal equations by Cholesky decomposition. Only the
/// lower triangle of `normal` is read.
fn solve(normal: &[[f64; UNKNOWNS]; UNKNOWNS], gradient: &[f64; UNKNOWNS], damping: f64) -> [f64; UNKNOWNS] {
    let mut l = *normal;
    let mut x = *gradient;
    for i in 0..UNKNOWNS {
        // The constant 1e-3 keeps an unknown unchanged if it has no effect on the pixels.
        l[i][i] += damping * normal[i][i] + 1e-3;
        for j in 0..=i {
            let known: f64 = (0..j).map(|k| l[i][k] * l[j][k]).sum();
            l[i][j] = if i == j { (l[i][i] - known).max(1e-9).sqrt() } else { (l[i][j] - known) / l[j][j] };
        }
        let known: f64 = (0..i).map(|k| l[i][k] * x[k]).sum();
        x[i] = (x[i] - known) / l[i][i];
    }
    for i in (0..UNKNOWNS).rev() {
        let known: f64 = (i + 1..UNKNOWNS).map(|k| l[k][i] * x[k]).sum();
        x[i] = (x[i] - known) / l[i][i];
    }
    x
}
