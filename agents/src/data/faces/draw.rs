//! Drawing of a face from shapes with soft edges, computed from the signed distance to the edge, so that each pixel is
//! a smooth function of each factor.

/// Width and height in pixels.
pub const SIDE: usize = 32;

/// Number of pixels.
pub const PIXELS: usize = SIDE * SIDE;

/// Number of factors.
pub const FACTORS: usize = 7;

/// Width of a soft edge, in pixels.
const EDGE: f32 = 1.6;

/// Parameters of a drawn face.
///
/// ```
/// use freewheel_agents::data::faces::{Face, PIXELS};
///
/// let face = Face { factors: [1.0, 2.0, 0.0, 0.5, 0.0, 10.0, 0.0], x: 0.0, y: 0.0 };
/// let mut image = [0.0; PIXELS];
/// face.draw(&mut image);
/// assert!(image.iter().all(|gray| (0.0..=1.0).contains(gray)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Face {
    /// Seven factors in the order and units of [`factors`](super::factors): smile, eyes, brows, hair, glasses, width,
    /// tilt.
    pub factors: [f32; FACTORS],
    /// Offset of the face to the right, in pixels.
    pub x: f32,
    /// Offset of the face downwards, in pixels.
    pub y: f32,
}

/// Gray values of the parts of a drawing.
const BACKGROUND: f32 = 0.42;
const SKIN: f32 = 0.80;
const SHADE: f32 = 0.60;
const INK: f32 = 0.08;
const WHITE: f32 = 1.0;

/// Half the height of a face, in pixels.
const HALF_HEIGHT: f32 = 12.2;

impl Face {
    /// Draws the face into `out [32, 32]`, with gray values from 0 to 1.
    pub fn draw(&self, out: &mut [f32; PIXELS]) {
        let [smile, eye, brow, hair, glasses, wide, tilt] = self.factors;
        let mut canvas = Canvas::new(self.x, self.y, tilt, out);
        // Eyes, brows and lenses are at u = -eye_x and eye_x: further apart in a wider face.
        let (eye_x, eye_y) = (0.4 * wide + 0.4, -0.6);

        let (hair_wide, hair_tall) = (wide + 2.0 * hair, HALF_HEIGHT + 2.2 * hair);
        canvas.paint(INK, 1.0, |u, v| {
            // Hair behind the face; its length increases with the factor `hair`.
            let fall = v - (-10.0 + 20.0 * hair);
            ellipse(u, v + 0.6 * hair, hair_wide + 0.3, hair_tall).max(fall)
        });
        canvas.paint(SHADE, 1.0, |u, v| ellipse(u.abs() - wide, v - 0.8, 1.8, 2.4));
        canvas.paint(SKIN, 1.0, |u, v| {
            // The chin is narrower than the forehead.
            let u = u * (1.0 + 0.018 * v.max(0.0));
            ellipse(u, v, wide, HALF_HEIGHT)
        });
        canvas.paint(INK, 1.0, |u, v| {
            let fringe = v - (-13.6 + 6.4 * hair) - (0.03 + 0.03 * hair) * u * u;
            ellipse(u, v + 0.6 * hair, hair_wide, hair_tall).max(fringe)
        });
        canvas.paint(WHITE, 1.0, |u, v| ellipse(u.abs() - eye_x, v - eye_y, eye, 1.05 * eye));
        canvas.paint(INK, 1.0, |u, v| {
            let pupil = 0.6 * eye;
            ellipse(u.abs() - eye_x + 0.15 * eye, v - eye_y - 0.1 * eye, pupil, pupil)
        });
        canvas.paint(INK, 0.9, |u, v| {
            // Factor -1, angry: inner ends down. Factor 1, surprised: inner ends up, and the brow raised.
            let (y, slope) = (eye_y - 4.1 - 0.6 * brow, 0.42 * brow);
            let along = u.abs() - eye_x;
            capsule(along, v - y, 2.5, slope, 0.6)
        });
        canvas.paint(SHADE, 1.0, |u, v| capsule(v - 2.6, u, 1.1, 0.0, 0.5));
        canvas.paint(INK, 0.9, |u, v| {
            let half = 0.46 * wide;
            let across = (u / half).clamp(-1.0, 1.0);
            // A smile raises the corners of the mouth; the open mouth is thickest in the middle.
            let curve = 7.2 + smile * 2.8 * (0.5 - across * across);
            let thick = 0.6 + 0.5 * smile.max(0.0) * smile * (1.0 - across * across);
            let slope = 5.6 * smile * across / half;
            let beyond = (u.abs() - half).max(0.0);
            let off = (v - curve) / (1.0 + slope * slope).sqrt();
            (beyond * beyond + off * off).sqrt() - thick
        });
        canvas.paint(INK, glasses, |u, v| {
            let lens = ellipse(u.abs() - eye_x, v - eye_y, 3.6, 3.5).abs() - 0.45;
            let bridge = capsule(u, v - eye_y, eye_x - 3.6, 0.0, 0.45);
            let temple = capsule(
                u.abs() - (0.5 * (eye_x + 3.6 + wide)),
                v - eye_y,
                0.5 * (wide - eye_x - 3.6),
                0.0,
                0.45,
            );
            lens.min(bridge).min(temple)
        });
    }
}

/// Image with the coordinates of each pixel relative to the face: `u` to the right and `v` downwards from the center of
/// the face, in pixels, rotated by the tilt.
struct Canvas<'a> {
    u: [f32; PIXELS],
    v: [f32; PIXELS],
    gray: &'a mut [f32; PIXELS],
}

impl<'a> Canvas<'a> {
    /// Empty canvas for a face at the offset (x, y), tilted by `tilt` degrees to the right.
    fn new(x: f32, y: f32, tilt: f32, gray: &'a mut [f32; PIXELS]) -> Self {
        let (sin, cos) = libm::sincosf(tilt.to_radians());
        let (mut u, mut v) = ([0.0; PIXELS], [0.0; PIXELS]);
        for i in 0..PIXELS {
            let right = (i % SIDE) as f32 - 15.5 - x;
            let down = (i / SIDE) as f32 - 16.5 - y;
            u[i] = cos * right + sin * down;
            v[i] = cos * down - sin * right;
        }
        gray.fill(BACKGROUND);
        Canvas { u, v, gray }
    }

    /// Paints a shape with the gray value `shade` and the opacity `strength`. `distance(u, v)` is the signed distance
    /// to the edge of the shape, below 0 inside.
    #[inline]
    fn paint(&mut self, shade: f32, strength: f32, distance: impl Fn(f32, f32) -> f32) {
        for ((gray, &u), &v) in self.gray.iter_mut().zip(&self.u).zip(&self.v) {
            let t = (0.5 - distance(u, v) * (1.0 / EDGE)).clamp(0.0, 1.0);
            let cover = t * t * (3.0 - 2.0 * t) * strength;
            *gray += cover * (shade - *gray);
        }
    }
}

/// Signed distance to the edge of the ellipse around the origin with the semi-axes `a` and `b`, in pixels, to first
/// order.
#[inline]
fn ellipse(u: f32, v: f32, a: f32, b: f32) -> f32 {
    let (p, q) = (u / (a * a), v / (b * b));
    (u * p + v * q - 1.0) / (2.0 * (p * p + q * q).sqrt() + 1e-3)
}

/// Signed distance to the edge of a stroke of radius `r` from `(-half, -slope * half)` to `(half, slope * half)`, in
/// pixels.
#[inline]
fn capsule(u: f32, v: f32, half: f32, slope: f32, r: f32) -> f32 {
    let along = ((u + slope * v) / (1.0 + slope * slope)).clamp(-half.abs(), half.abs());
    let (du, dv) = (u - along, v - slope * along);
    (du * du + dv * dv).sqrt() - r
}
