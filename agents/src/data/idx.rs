//! Reader for IDX, the binary format of MNIST (LeCun, Cortes & Burges, *The MNIST database*).
//!
//! A file has two zero bytes, the element type, the number of dimensions K, K sizes as big-endian `u32`, and the
//! elements, big-endian and row-major.

use std::path::Path;

use freewheel_core::Result;
use freewheel_core::input::Source;

/// Element type of an IDX file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Element {
    /// Unsigned 8-bit integer.
    U8 = 0x08,
    /// Signed 8-bit integer.
    I8 = 0x09,
    /// Signed 16-bit integer.
    I16 = 0x0b,
    /// Signed 32-bit integer.
    I32 = 0x0c,
    /// 32-bit float.
    F32 = 0x0d,
    /// 64-bit float.
    F64 = 0x0e,
}

impl Element {
    /// All element types.
    pub const ALL: [Element; 6] =
        [Element::U8, Element::I8, Element::I16, Element::I32, Element::F32, Element::F64];

    /// Size of an element in bytes.
    pub fn size(self) -> usize {
        match self {
            Element::U8 | Element::I8 => 1,
            Element::I16 => 2,
            Element::I32 | Element::F32 => 4,
            Element::F64 => 8,
        }
    }

    /// Decodes the elements in `bytes` and appends them to `out`; the length of `bytes` is a multiple of the size.
    fn decode(self, bytes: &[u8], out: &mut Vec<f64>) {
        fn all<const K: usize>(bytes: &[u8], out: &mut Vec<f64>, of: impl Fn([u8; K]) -> f64) {
            out.extend(bytes.as_chunks().0.iter().map(|&element| of(element)));
        }
        match self {
            Element::U8 => all(bytes, out, |[byte]| f64::from(byte)),
            Element::I8 => all(bytes, out, |b| f64::from(i8::from_be_bytes(b))),
            Element::I16 => all(bytes, out, |b| f64::from(i16::from_be_bytes(b))),
            Element::I32 => all(bytes, out, |b| f64::from(i32::from_be_bytes(b))),
            Element::F32 => all(bytes, out, |b| f64::from(f32::from_be_bytes(b))),
            Element::F64 => all(bytes, out, f64::from_be_bytes),
        }
    }
}

/// Content of an IDX file.
///
/// ```
/// use std::path::Path;
///
/// use freewheel_agents::data::idx::Idx;
/// use freewheel_core::input::Source;
///
/// // Type 08 (unsigned bytes), two dimensions, 1 x 3.
/// let bytes = [0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 3, 7, 8, 9];
/// let idx = Idx::parse(Source::of(Path::new("example.idx"), &bytes)?)?;
/// assert_eq!((idx.shape, idx.values), (vec![1, 3], vec![7.0, 8.0, 9.0]));
/// # Ok::<(), freewheel_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Idx {
    /// Element type in the file.
    pub element: Element,
    /// Sizes of the dimensions, each at least 1.
    pub shape: Vec<usize>,
    /// Elements, finite, row-major.
    pub values: Vec<f64>,
}

impl Idx {
    /// Byte offset of element `i` in the file.
    pub fn offset(&self, i: usize) -> u64 {
        (4 + 4 * self.shape.len() + i * self.element.size()) as u64
    }

    /// Reads a file, plain or gzipped.
    ///
    /// # Errors
    /// [`Error::Io`](freewheel_core::Error::Io); [`Error::Bytes`](freewheel_core::Error::Bytes) with the offset of the
    /// error.
    pub fn read(file: &Path) -> Result<Idx> {
        Idx::parse(Source::open(file)?)
    }

    /// Reads an IDX file from a source.
    ///
    /// # Errors
    /// As [`Idx::read`].
    pub fn parse(mut source: Source<'_>) -> Result<Idx> {
        let mut magic = [0; 4];
        read_exactly(&mut source, &mut magic, "the magic number")?;
        let [zero, zero_too, kind, dimensions] = magic;
        if (zero, zero_too) != (0, 0) {
            return Err(source.error_at(
                0,
                format!(
                    "magic number {:#010x} is not of IDX, which starts with two zero bytes; check the file",
                    u32::from_be_bytes(magic)
                ),
            ));
        }
        let Some(element) = Element::ALL.into_iter().find(|&element| element as u8 == kind) else {
            return Err(source.error_at(
                2,
                format!("element type {kind:#04x} is not of IDX (08, 09, 0b, 0c, 0d, 0e); check the file"),
            ));
        };
        if dimensions == 0 {
            return Err(source.error_at(3, "the number of dimensions is 0; check the file"));
        }
        let mut shape = Vec::with_capacity(usize::from(dimensions));
        for k in 0..dimensions {
            let mut size = [0; 4];
            read_exactly(&mut source, &mut size, "the dimensions")?;
            match u32::from_be_bytes(size) {
                0 => {
                    return Err(source.error_at(4 + 4 * u64::from(k), "this dimension is 0; check the file"));
                }
                size => shape.push(size as usize),
            }
        }
        let values = elements(&mut source, element, &shape)?;
        Ok(Idx { element, shape, values })
    }
}

/// Fills `out`; `what` is the part of the file in the error message for a file that ends too early.
fn read_exactly(source: &mut Source<'_>, out: &mut [u8], what: &str) -> Result<()> {
    match source.read(out)? == out.len() {
        true => Ok(()),
        false => {
            Err(source.error_at(source.position(), format!("the file ends within {what}; download it again")))
        }
    }
}

/// Elements after the header; the file must end after the last one.
fn elements(source: &mut Source<'_>, element: Element, shape: &[usize]) -> Result<Vec<f64>> {
    let start = source.position();
    let announced = shape
        .iter()
        .try_fold(element.size() as u64, |all, &size| all.checked_mul(size as u64))
        .filter(|all| all.checked_add(start).is_some_and(|end| end <= source.max_len()));
    let sizes = shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(" x ");
    let Some(announced) = announced else {
        return Err(source.error_at(
            4,
            format!(
                "the header announces {sizes} elements of {} bytes, but there are at most {} bytes; \
                 download the file again",
                element.size(),
                source.max_len().saturating_sub(start)
            ),
        ));
    };
    // Twice, as a growing vector is copied.
    freewheel_core::memory::require(
        &format!("an IDX file of {sizes} elements"),
        16 * u128::from(announced / element.size() as u64),
    )?;
    // The vector grows while bytes are read: the header of a small gzipped file may claim a huge size.
    let mut values = Vec::new();
    let mut buffer = vec![0; (1 << 16).min(announced as usize)];
    let mut left = announced as usize;
    while left > 0 {
        let part = left.min(buffer.len());
        let out = &mut buffer[..part];
        if source.read(out)? < part {
            return Err(source.error_at(
                source.position(),
                format!(
                    "the file ends here, but its header announces {sizes} elements, to byte {}; download it again",
                    start + announced
                ),
            ));
        }
        element.decode(out, &mut values);
        left -= part;
    }
    if let Some(i) = values.iter().position(|value| !value.is_finite()) {
        let offset = start + (i * element.size()) as u64;
        return Err(
            source.error_at(offset, format!("element {i} is {}, not a finite number; correct it", values[i]))
        );
    }
    let end = source.position();
    if source.read(&mut [0])? > 0 {
        return Err(source.error_at(
            end,
            format!("the file continues after the {sizes} elements of its header; download it again"),
        ));
    }
    values.shrink_to_fit();
    Ok(values)
}
