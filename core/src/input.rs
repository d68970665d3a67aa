//! Reading of input files: plain or gzipped, text in UTF-8 or UTF-16, never more than [`max_bytes`].
//!
//! Every reader of a format opens its file here, so that all formats accept the same text: with or without a byte order
//! mark, with a NUL or ^Z at the end. [`lines`] numbers the lines of a text, with `\n`, `\r\n` or `\r` at their ends.
//!
//! A reader of a binary format compares the sizes in the header of a file with [`Source::max_len`] before it allocates
//! memory. This bound is the length of a plain file, and 1,032 times the length of a gzipped file (the maximum ratio of
//! deflate), but no more than [`max_bytes`].

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::memory::size_variable;
use crate::{Error, Result};

/// Maximum ratio of unpacked to packed bytes in deflate.
const MAX_RATIO: u64 = 1032;

/// Variable of the environment that sets [`max_bytes`].
pub const MAX_INPUT: &str = "FREEWHEEL_MAX_INPUT";

/// Maximum number of unpacked bytes of an input file: 1 GiB, or the value of the environment variable
/// `FREEWHEEL_MAX_INPUT`, such as `500MB` or `4GiB`.
///
/// # Errors
/// [`Error::Config`] for a value of the variable that is not a size.
pub fn max_bytes() -> Result<u64> {
    Ok(size_variable(MAX_INPUT)?.unwrap_or(1 << 30))
}

/// Unpacked bytes of `file`, plain or gzipped.
///
/// # Errors
/// [`Error::Io`]; [`Error::Bytes`] for a damaged gzip stream; [`Error::Unsupported`] for more than [`max_bytes`].
pub fn read_bytes(file: &Path) -> Result<Vec<u8>> {
    Source::open(file)?.bytes()
}

/// Bytes of `file` as they are on disk, also of a gzipped file: for checksums, and for files of Freewheel itself.
///
/// # Errors
/// [`Error::Io`]; [`Error::Unsupported`] for something else than a regular file, such as a device or a pipe, or for a
/// file larger than the memory.
pub fn read_raw(file: &Path) -> Result<Vec<u8>> {
    // A pipe is refused before it is opened, since opening waits for a writer.
    let found = std::fs::metadata(file).map_err(Error::io(file))?;
    if !found.is_file() {
        return Err(Error::Unsupported(format!("{}: this is not a regular file", file.display())));
    }
    crate::memory::require(&file.display().to_string(), u128::from(found.len()))?;
    std::fs::read(file).map_err(Error::io(file))
}

/// Text of `file`, plain or gzipped, as [`text_of`].
///
/// # Errors
/// As [`read_bytes`] and [`text_of`].
pub fn read_text(file: &Path) -> Result<String> {
    Source::open(file)?.text()
}

/// Text of `bytes` in UTF-8, or in UTF-16 with a byte order mark; without the byte order mark and without NUL and ^Z at
/// the end. `file` is the name in error messages.
///
/// # Errors
/// [`Error::Input`] for bytes that are not such text.
pub fn text_of(file: &Path, mut bytes: Vec<u8>) -> Result<String> {
    let utf16: Option<fn([u8; 2]) -> u16> = match bytes.get(..2) {
        Some([0xff, 0xfe]) => Some(u16::from_le_bytes),
        Some([0xfe, 0xff]) => Some(u16::from_be_bytes),
        _ => None,
    };
    let text = if let Some(unit) = utf16 {
        let units: Vec<u16> = bytes[2..].as_chunks().0.iter().copied().map(unit).collect();
        String::from_utf16(&units).map_err(|_| {
            let message = "this is not UTF-16 text, as its byte order mark says; save the file as UTF-8";
            Error::Input { file: file.to_path_buf(), line: 1, column: 1, message: message.to_owned() }
        })
    } else {
        if bytes.starts_with(b"\xef\xbb\xbf") {
            bytes.drain(..3);
        }
        String::from_utf8(bytes).map_err(|e| {
            let valid = &e.as_bytes()[..e.utf8_error().valid_up_to()];
            let last_line = valid.rsplit(|&byte| byte == b'\n').next().unwrap_or_default();
            Error::Input {
                file: file.to_path_buf(),
                line: valid.iter().filter(|&&byte| byte == b'\n').count() + 1,
                column: String::from_utf8_lossy(last_line).chars().count() + 1,
                message: "this is not UTF-8 text; save the file as UTF-8".to_owned(),
            }
        })
    };
    let mut text = text?;
    text.truncate(text.trim_end_matches(['\0', '\x1a']).len());
    Ok(text)
}

/// Lines of `text` with their numbers from 1, blank lines included. A line ends with `\n`, `\r\n` or `\r`; the end is
/// not part of the line.
pub fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut rest = (!text.is_empty()).then_some(text);
    let next = move || {
        let text = rest?;
        let Some(end) = text.find(['\n', '\r']) else {
            rest = None;
            return Some(text);
        };
        let (line, tail) = text.split_at(end);
        let tail = tail.strip_prefix("\r\n").unwrap_or(&tail[1..]);
        rest = (!tail.is_empty()).then_some(tail);
        Some(line)
    };
    (1..).zip(std::iter::from_fn(next))
}

/// Unpacked bytes of a file, read from start to end.
///
/// ```
/// use std::path::Path;
///
/// use freewheel_core::input::Source;
///
/// let source = Source::of(Path::new("a.csv"), b"1,2\n3,4\n")?;
/// assert_eq!(source.text()?, "1,2\n3,4\n");
/// # Ok::<(), freewheel_core::Error>(())
/// ```
pub struct Source<'a> {
    file: &'a Path,
    bytes: Box<dyn Read + 'a>,
    max_len: u64,
    limit: u64,
    position: u64,
}

impl<'a> Source<'a> {
    /// Opens `file`. It is read as gzip if its first two bytes are those of gzip.
    ///
    /// # Errors
    /// [`Error::Io`]; errors of [`max_bytes`].
    pub fn open(file: &'a Path) -> Result<Self> {
        let opened = File::open(file).map_err(Error::io(file))?;
        let metadata = opened.metadata().map_err(Error::io(file))?;
        // A pipe or a device has no length: the limit bounds it.
        let length = if metadata.is_file() { metadata.len() } else { u64::MAX };
        Source::new(file, BufReader::with_capacity(1 << 16, opened), length)
    }

    /// Source of `bytes` in memory, plain or gzipped; `file` is the name in error messages.
    ///
    /// # Errors
    /// Errors of [`max_bytes`].
    pub fn of(file: &'a Path, bytes: &'a [u8]) -> Result<Self> {
        Source::new(file, bytes, bytes.len() as u64)
    }

    fn new(file: &'a Path, mut packed: impl BufRead + 'a, length: u64) -> Result<Self> {
        let limit = max_bytes()?;
        let gzipped = packed.fill_buf().map_err(Error::io(file))?.starts_with(&[0x1f, 0x8b]);
        let (bytes, max_len): (Box<dyn Read + 'a>, u64) = match gzipped {
            true => (Box::new(MultiGzDecoder::new(packed)), length.saturating_mul(MAX_RATIO)),
            false => (Box::new(packed), length),
        };
        Ok(Source { file, bytes, max_len: max_len.min(limit), limit, position: 0 })
    }

    /// Upper bound on the number of unpacked bytes.
    pub fn max_len(&self) -> u64 {
        self.max_len
    }

    /// Number of unpacked bytes read so far.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// [`Error::Bytes`] at byte `offset` of the unpacked bytes.
    pub fn error_at(&self, offset: u64, message: impl Into<String>) -> Error {
        Error::Bytes { file: self.file.to_path_buf(), offset, message: message.into() }
    }

    /// Reads bytes into `out` until it is full or the file ends; returns the number of bytes read.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Bytes`] for a damaged gzip stream; [`Error::Unsupported`] if the bytes read so far are
    /// more than [`max_bytes`].
    pub fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        let mut filled = 0;
        while filled < out.len() {
            match self.bytes.read(&mut out[filled..]) {
                Ok(0) => break,
                Ok(n) => (filled, self.position) = (filled + n, self.position + n as u64),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(self.read_error(e)),
            }
            self.within_limit()?;
        }
        Ok(filled)
    }

    /// Rest of the bytes.
    ///
    /// # Errors
    /// As [`Source::read`].
    pub fn bytes(mut self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let left = self.limit.saturating_sub(self.position).saturating_add(1);
        let read = self.bytes.by_ref().take(left).read_to_end(&mut bytes);
        self.position += bytes.len() as u64;
        read.map_err(|e| self.read_error(e))?;
        self.within_limit()?;
        Ok(bytes)
    }

    /// Rest of the bytes as text, as [`text_of`].
    ///
    /// # Errors
    /// As [`Source::read`] and [`text_of`].
    pub fn text(self) -> Result<String> {
        let file = self.file;
        text_of(file, self.bytes()?)
    }

    fn within_limit(&self) -> Result<()> {
        if self.position <= self.limit {
            return Ok(());
        }
        Err(Error::Unsupported(format!(
            "{}: the file has more than {} of content, the limit for input files; split it, or set the environment \
             variable {MAX_INPUT} to a larger size, such as 4GiB",
            self.file.display(),
            crate::memory::size_text(u128::from(self.limit)),
        )))
    }

    /// [`Error::Bytes`] for an error in the gzip stream, [`Error::Io`] for an error of the operating system.
    fn read_error(&self, error: std::io::Error) -> Error {
        match error.kind() {
            ErrorKind::UnexpectedEof => {
                self.error_at(self.position, "the gzip stream ends too soon; download the file again")
            }
            ErrorKind::InvalidInput | ErrorKind::InvalidData => self.error_at(
                self.position,
                format!("the gzip stream is damaged ({error}); download the file again"),
            ),
            _ => Error::io(self.file)(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn text(bytes: &[u8]) -> Result<String> {
        text_of(Path::new("a.txt"), bytes.to_vec())
    }

    #[test]
    fn text_has_no_byte_order_mark_and_no_end_mark() {
        assert_eq!(text(b"\xef\xbb\xbfa\r\nb\x1a").unwrap(), "a\r\nb");
        assert_eq!(text(b"a\0\0").unwrap(), "a");
        assert_eq!(text(b"\xff\xfea\0\xe4\0").unwrap(), "a\u{e4}");
        assert_eq!(text(b"\xfe\xff\0a").unwrap(), "a");
        let error = text(b"ab\nc\xff").unwrap_err().to_string();
        assert!(error.starts_with("a.txt:2:2: "), "{error}");
    }

    #[test]
    fn lines_are_numbered_for_each_kind_of_line_end() {
        for text in ["a\n\nb\n", "a\r\n\r\nb\r\n", "a\r\rb\r", "a\n\nb"] {
            assert_eq!(lines(text).collect::<Vec<_>>(), [(1, "a"), (2, ""), (3, "b")], "{text:?}");
        }
        assert_eq!(lines("").count(), 0);
    }

    #[test]
    fn a_gzip_bomb_is_refused() {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        let zeros = vec![0; 1 << 20];
        for _ in 0..1025 {
            packed.write_all(&zeros).unwrap();
        }
        let packed = packed.finish().unwrap();
        let file = Path::new("bomb.gz");
        let error = Source::of(file, &packed).unwrap().bytes().unwrap_err();
        assert!(matches!(error, Error::Unsupported(_)), "{error}");
        assert!(error.to_string().contains("more than 1 GiB"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn an_endless_device_is_refused() {
        let error = read_text(Path::new("/dev/zero")).unwrap_err();
        assert!(matches!(error, Error::Unsupported(_)), "{error}");
    }
}
