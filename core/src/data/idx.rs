//! IDX, the binary format of MNIST and its relatives (LeCun, Cortes & Burges, *The MNIST database*).
//!
//! Two zero bytes, the type of the elements, the number of dimensions K; then K sizes, big-endian `u32`; then the
//! elements, big-endian, the last dimension fastest; and nothing after them.

use std::path::Path;

use super::source::Source;
use crate::Result;

/// The type of an IDX file's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Element {
    /// 8 bits, 0 to 255.
    U8 = 0x08,
    /// 8 bits with a sign.
    I8 = 0x09,
    /// 16 bits with a sign.
    I16 = 0x0b,
    /// 32 bits with a sign; beyond 2^24 rounded to an `f32`.
    I32 = 0x0c,
    /// IEEE 754, 32 bits.
    F32 = 0x0d,
    /// IEEE 754, 64 bits, rounded to an `f32`.
    F64 = 0x0e,
}

impl Element {
    /// All of them.
    pub const ALL: [Element; 6] =
        [Element::U8, Element::I8, Element::I16, Element::I32, Element::F32, Element::F64];

    /// Bytes of one.
    pub fn size(self) -> usize {
        match self {
            Element::U8 | Element::I8 => 1,
            Element::I16 => 2,
            Element::I32 | Element::F32 => 4,
            Element::F64 => 8,
        }
    }

    /// Appends what `bytes`, whole elements, say.
    fn read(self, bytes: &[u8], out: &mut Vec<f32>) {
        fn all<const K: usize>(bytes: &[u8], out: &mut Vec<f32>, of: impl Fn([u8; K]) -> f32) {
            out.extend(bytes.as_chunks().0.iter().map(|&element| of(element)));
        }
        match self {
            Element::U8 => all(bytes, out, |[byte]| f32::from(byte)),
            Element::I8 => all(bytes, out, |b| f32::from(i8::from_be_bytes(b))),
            Element::I16 => all(bytes, out, |b| f32::from(i16::from_be_bytes(b))),
            Element::I32 => all(bytes, out, |b| i32::from_be_bytes(b) as f32),
            Element::F32 => all(bytes, out, f32::from_be_bytes),
            Element::F64 => all(bytes, out, |b| f64::from_be_bytes(b) as f32),
        }
    }
}

/// What an IDX file holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Idx {
    /// The type that its elements had.
    pub element: Element,
    /// Its dimensions, each at least 1.
    pub shape: Vec<usize>,
    /// Its elements, finite, the last dimension fastest.
    pub values: Vec<f32>,
}

impl Idx {
    /// The byte at which element `i` stands.
    pub fn offset(&self, i: usize) -> u64 {
        (4 + 4 * self.shape.len() + i * self.element.size()) as u64
    }

    /// Reads a file, plain or gzipped.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io); [`Error::Bytes`](crate::Error::Bytes) with the offset of what is wrong.
    pub fn read(file: &Path) -> Result<Idx> {
        Idx::parse(Source::open(file)?)
    }

    /// Reads what a source holds.
    ///
    /// # Errors
    /// As [`Idx::read`].
    pub fn parse(mut source: Source<'_>) -> Result<Idx> {
        let mut magic = [0; 4];
        exactly(&mut source, &mut magic, "the magic number")?;
        let [zero, zero_too, kind, dimensions] = magic;
        if (zero, zero_too) != (0, 0) {
            return Err(source.wrong(
                0,
                format!(
                    "magic number {:#010x} is not of IDX, which begins with two zero bytes; is this another file?",
                    u32::from_be_bytes(magic)
                ),
            ));
        }
        let Some(element) = Element::ALL.into_iter().find(|&element| element as u8 == kind) else {
            return Err(source.wrong(
                2,
                format!(
                    "element type {kind:#04x} is not of IDX (08, 09, 0b, 0c, 0d, 0e); is this another file?"
                ),
            ));
        };
        if dimensions == 0 {
            return Err(source.wrong(3, "an array of no dimension holds no samples; is this another file?"));
        }
        let mut shape = Vec::with_capacity(usize::from(dimensions));
        for k in 0..dimensions {
            let mut size = [0; 4];
            exactly(&mut source, &mut size, "the dimensions")?;
            match u32::from_be_bytes(size) {
                0 => {
                    return Err(
                        source.wrong(4 + 4 * u64::from(k), "this dimension is 0: there is nothing here")
                    );
                }
                size => shape.push(size as usize),
            }
        }
        let values = elements(&mut source, element, &shape)?;
        Ok(Idx { element, shape, values })
    }
}

/// Fills `out` or says that `what` is cut off.
fn exactly(source: &mut Source<'_>, out: &mut [u8], what: &str) -> Result<()> {
    match source.take(out)? == out.len() {
        true => Ok(()),
        false => {
            Err(source
                .wrong(source.at(), format!("the file ends within {what}; bring it again, it is cut off")))
        }
    }
}

/// The elements after the header, to the end of the file.
fn elements(source: &mut Source<'_>, element: Element, shape: &[usize]) -> Result<Vec<f32>> {
    let begin = source.at();
    let announced = shape
        .iter()
        .try_fold(element.size() as u64, |all, &size| all.checked_mul(size as u64))
        .filter(|all| all.checked_add(begin).is_some_and(|end| end <= source.most()));
    let sizes = shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(" x ");
    let Some(announced) = announced else {
        return Err(source.wrong(
            4,
            format!(
                "the header announces {sizes} elements of {} bytes and at most {} bytes are here; \
                 the file is cut off, or its header is damaged: bring it again",
                element.size(),
                source.most().saturating_sub(begin)
            ),
        ));
    };
    // Grown while bytes come: a packed file may announce a thousand times what it holds.
    let mut values = Vec::new();
    let mut buffer = vec![0; (1 << 16).min(announced as usize)];
    let mut left = announced as usize;
    while left > 0 {
        let part = left.min(buffer.len());
        let out = &mut buffer[..part];
        if source.take(out)? < part {
            return Err(source.wrong(
                source.at(),
                format!(
                    "the file ends here; its header announces {sizes} elements, to byte {}: bring it again",
                    begin + announced
                ),
            ));
        }
        element.read(out, &mut values);
        left -= part;
    }
    if let Some(i) = values.iter().position(|value| !value.is_finite()) {
        let offset = begin + (i * element.size()) as u64;
        return Err(source.wrong(offset, format!("element {i} is {}, no finite number; mend it", values[i])));
    }
    let end = source.at();
    if source.take(&mut [0])? > 0 {
        return Err(source.wrong(
            end,
            format!("the file goes on after the {sizes} elements that its header announces; bring it again"),
        ));
    }
    values.shrink_to_fit();
    Ok(values)
}
