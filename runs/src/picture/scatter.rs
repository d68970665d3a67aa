//! Points in a plane, colored by what they are.

use freewheel_core::{Result, Rgb, Samples};

use super::characters::{Canvas, colored, letter};
use super::colors::{self, DIM};
use super::letters;
use super::plane::{Axis, Field, Plane, written};
use super::scene::{Anchor, Mark, NAME, SMALL, Scene};
use super::{Depth, Picture, as_many, finite, some};

/// What colors say.
#[derive(Clone, Debug, PartialEq)]
enum By {
    Nothing,
    Class { of: Vec<u32>, names: Vec<String> },
    Value { of: Vec<f32>, name: String, low: f64, high: f64 },
}

/// A map.
#[derive(Clone, Debug, PartialEq)]
pub struct Scatter {
    title: String,
    points: Samples,
    x: Axis,
    y: Axis,
    by: By,
    centers: Option<Samples>,
}

impl Scatter {
    /// The `points [N, 2]`; `axes` says what goes across and what goes up.
    ///
    /// # Errors
    /// [`Error::Config`](freewheel_core::Error::Config) where there are none, or they are not two finite numbers each.
    pub fn new(title: &str, points: Samples, axes: [&str; 2]) -> Result<Self> {
        some(title, "points", points.rows())?;
        as_many(title, ("numbers of a point", points.width()), ("axes", 2))?;
        finite(title, points.values().iter().map(|&x| f64::from(x)))?;
        let along = |i: usize| Axis::over(axes[i], points.iter().map(move |point| f64::from(point[i])));
        let (x, y) = (along(0), along(1));
        Ok(Scatter { title: title.to_owned(), points, x, y, by: By::Nothing, centers: None })
    }

    /// Colored by class, `[N]`, an index into `names`.
    ///
    /// # Errors
    /// [`Error::Config`](freewheel_core::Error::Config) where there are not as many, here and below; and for a class without a name.
    pub fn by_class(mut self, of: &[u32], names: &[String]) -> Result<Self> {
        as_many(&self.title, ("classes", of.len()), ("points", self.points.rows()))?;
        let most = of.iter().max().map_or(0, |&most| most as usize + 1);
        as_many(&self.title, ("names", names.len().min(most)), ("classes", most))?;
        self.by = By::Class { of: of.to_vec(), names: names.to_vec() };
        Ok(self)
    }

    /// Colored by the finite values of `of`, `[N]`; `name` is what they are.
    ///
    /// # Errors
    /// See [`Scatter::by_class`].
    pub fn by_value(mut self, of: &[f32], name: &str) -> Result<Self> {
        as_many(&self.title, ("values", of.len()), ("points", self.points.rows()))?;
        finite(&self.title, of.iter().map(|&x| f64::from(x)))?;
        let low = of.iter().copied().fold(f32::MAX, f32::min);
        let high = of.iter().copied().fold(f32::MIN, f32::max);
        let (low, high) = (f64::from(low), f64::from(high));
        self.by = By::Value { of: of.to_vec(), name: name.to_owned(), low, high };
        Ok(self)
    }

    /// With the `centers [K, 2]` of its groups, each in the color of its class.
    ///
    /// # Errors
    /// [`Error::Config`](freewheel_core::Error::Config) where they are not two finite numbers each.
    pub fn with_centers(mut self, centers: Samples) -> Result<Self> {
        as_many(&self.title, ("numbers of a center", centers.width()), ("axes", 2))?;
        finite(&self.title, centers.values().iter().map(|&x| f64::from(x)))?;
        self.centers = Some(centers);
        Ok(self)
    }

    fn color(&self, i: usize) -> Rgb {
        match &self.by {
            By::Nothing => colors::class(0),
            By::Class { of, .. } => colors::class(of[i] as usize),
            By::Value { of, low, high, .. } => {
                colors::value((f64::from(of[i]) - low) / (high - low).max(f64::MIN_POSITIVE))
            }
        }
    }

    fn legend(&self) -> Vec<(String, Rgb, char)> {
        match &self.by {
            By::Class { names, .. } => {
                let one = |(i, name): (usize, &String)| (name.clone(), colors::class(i), letter(i));
                names.iter().enumerate().map(one).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The points in an order that has nothing to do with theirs: of points that lie on each other no class is always above.
    fn order(&self) -> impl Iterator<Item = usize> {
        let n = self.points.rows() as u64;
        // A prime (Knuth's, for hashing) goes through all rows of any n that it does not divide.
        const STRIDE: u64 = 2_654_435_761;
        (0..n).map(move |i| (i * STRIDE % n) as usize)
    }
}

impl Picture for Scatter {
    fn scene(&self) -> Scene {
        let mut scene = Scene::new(&self.title);
        let plane = Plane::draw(&mut scene, [&self.x, &self.y], [720.0, 560.0], None);
        let n = self.points.rows();
        let (r, alpha) = match n {
            0..=200 => (4.0, 0.85),
            201..=2000 => (3.0, 0.75),
            2001..=6000 => (2.2, 0.7),
            _ => (1.8, 0.6),
        };
        for i in self.order() {
            let (x, y) = plane.at(f64::from(self.points.row(i)[0]), f64::from(self.points.row(i)[1]));
            scene.marks.push(Mark::Disc { x, y, r, fill: self.color(i), alpha, rim: 0.0 });
        }
        for (i, center) in self.centers.iter().flat_map(Samples::iter).enumerate() {
            let (x, y) = plane.at(f64::from(center[0]), f64::from(center[1]));
            scene.marks.push(Mark::Disc { x, y, r: 5.5, fill: colors::class(i), alpha: 1.0, rim: 1.5 });
        }
        plane.legend(&mut scene, &self.legend());
        if let By::Value { name, low, high, .. } = &self.by {
            bar(&mut scene, &plane, name, *low, *high);
        }
        scene
    }

    fn text(&self, width: u16, depth: Depth) -> String {
        let mut canvas = Canvas::new(width);
        canvas.title(&self.title);
        let field = Field::draw(&mut canvas, &self.x, &self.y);
        // A cell without colors is one character: its two halves count together.
        let tall = if colored(depth) { 1 } else { 2 };
        let mut within: Vec<Vec<usize>> = vec![Vec::new(); field.columns * field.halves];
        for i in 0..self.points.rows() {
            if let Some((x, y)) = field.at(f64::from(self.points.row(i)[0]), f64::from(self.points.row(i)[1]))
            {
                within[y / tall * tall * field.columns + x].push(i);
            }
        }
        for (at, points) in within.iter().enumerate().filter(|(_, points)| !points.is_empty()) {
            let (rgb, plain) = self.together(points);
            field.pixel(&mut canvas, (at % field.columns, at / field.columns), rgb, plain);
        }
        for (i, center) in self.centers.iter().flat_map(Samples::iter).enumerate() {
            if let Some(at) = field.at(f64::from(center[0]), f64::from(center[1])) {
                let rgb = colors::class(i).mix(colors::PAPER, 0.5);
                field.pixel(&mut canvas, at, rgb, '+');
            }
        }
        match &self.by {
            By::Value { name, low, high, .. } => {
                let y = canvas.height();
                let from = format!("{name}: {} ", number(*low));
                canvas.write(0, y, &from, Some(DIM), None);
                let start = from.chars().count();
                let plain = |i: usize| char::from(b'0' + (i / 2) as u8);
                (0..20).for_each(|i| {
                    let rgb = colors::value(i as f64 / 19.0);
                    (0..2).for_each(|half| canvas.pixel(start + i, 2 * y + half, rgb, Some(plain(i))));
                });
                canvas.write(start + 21, y, &number(*high), Some(DIM), None);
            }
            _ => Field::legend(&mut canvas, &self.legend(), depth),
        }
        canvas.finish(depth)
    }
}

impl Scatter {
    /// What stands for points that lie in one place: their most frequent class, the mean of their values.
    fn together(&self, points: &[usize]) -> (Rgb, char) {
        match &self.by {
            By::Nothing => (colors::class(0), if points.len() > 1 { 'o' } else { '.' }),
            By::Class { of, names } => {
                let mut counts = vec![0usize; names.len()];
                points.iter().for_each(|&i| counts[of[i] as usize] += 1);
                let most = (0..counts.len()).rev().max_by_key(|&class| counts[class]).unwrap_or(0);
                (colors::class(most), letter(most))
            }
            By::Value { of, low, high, .. } => {
                let mean = points.iter().map(|&i| f64::from(of[i])).sum::<f64>() / points.len() as f64;
                let share = (mean - low) / (high - low).max(f64::MIN_POSITIVE);
                (colors::value(share), char::from(b'0' + ((share * 10.0) as u8).min(9)))
            }
        }
    }
}

/// Which color is which value.
fn bar(scene: &mut Scene, plane: &Plane<'_>, name: &str, low: f64, high: f64) {
    let [_, top, right, bottom] = plane.sides();
    let (x, y, h) = (right + 20.0, top + 24.0, (bottom - top - 24.0).min(260.0));
    scene.text(x, y - 10.0, NAME, Anchor::Start, colors::INK, name);
    let pixels = (0..=255u8).rev().map(|i| colors::value(f64::from(i) / 255.0)).collect();
    scene.marks.push(Mark::Image { x, y, w: 14.0, h, columns: 1, pixels });
    let axis = Axis { low, high: if high > low { high } else { low + 1.0 }, name: String::new() };
    for (value, text) in axis.ticks(5) {
        let at = y + h * (1.0 - ((value - axis.low) / (axis.high - axis.low)) as f32);
        scene.text(x + 20.0, at + 4.0, SMALL, Anchor::Start, DIM, &text);
        scene.covers(x + 20.0 + letters::width(&text, SMALL), at);
    }
    scene.covers(x + letters::width(name, NAME), y + h);
}

fn number(value: f64) -> String {
    written(value, if value.abs() >= 100.0 { 0 } else { 2 })
}
