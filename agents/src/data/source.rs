//! Reading of plain or gzipped files.
//!
//! A reader of a format compares the sizes in the header of a file with [`Source::max_len`] before it allocates memory.
//! This bound is the length of a plain file, and 1,032 times the length of a gzipped file (the maximum ratio of
//! deflate).

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use freewheel_core::{Error, Result};

/// Maximum ratio of unpacked to packed bytes in deflate.
const MAX_RATIO: u64 = 1032;

/// Maximum number of unpacked bytes of a text.
const MAX_TEXT: u64 = 1 << 30;

/// Unpacked bytes of a file, read from start to end.
///
/// ```
/// use std::path::Path;
///
/// use freewheel_agents::data::source::Source;
///
/// let source = Source::of(Path::new("a.csv"), b"1,2\n3,4\n")?;
/// assert_eq!(source.text()?, "1,2\n3,4\n");
/// # Ok::<(), freewheel_core::Error>(())
/// ```
pub struct Source<'a> {
    file: &'a Path,
    bytes: Box<dyn Read + 'a>,
    max_len: u64,
    position: u64,
}

impl<'a> Source<'a> {
    /// Opens `file`. It is read as gzip if its first two bytes are those of gzip.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn open(file: &'a Path) -> Result<Self> {
        let opened = File::open(file).map_err(Error::io(file))?;
        let length = opened.metadata().map_err(Error::io(file))?.len();
        Source::new(file, BufReader::with_capacity(1 << 16, opened), length)
    }

    /// Source of `bytes` in memory, plain or gzipped; `file` is the name in error messages.
    ///
    /// # Errors
    /// None in practice: reading memory does not fail.
    pub fn of(file: &'a Path, bytes: &'a [u8]) -> Result<Self> {
        Source::new(file, bytes, bytes.len() as u64)
    }

    fn new(file: &'a Path, mut packed: impl BufRead + 'a, length: u64) -> Result<Self> {
        let gzipped = packed.fill_buf().map_err(Error::io(file))?.starts_with(&[0x1f, 0x8b]);
        let (bytes, max_len): (Box<dyn Read + 'a>, u64) = match gzipped {
            true => (Box::new(MultiGzDecoder::new(packed)), length.saturating_mul(MAX_RATIO)),
            false => (Box::new(packed), length),
        };
        Ok(Source { file, bytes, max_len, position: 0 })
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
    /// [`Error::Io`]; [`Error::Bytes`] for a damaged gzip stream.
    pub fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        let mut filled = 0;
        while filled < out.len() {
            match self.bytes.read(&mut out[filled..]) {
                Ok(0) => break,
                Ok(n) => (filled, self.position) = (filled + n, self.position + n as u64),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(self.read_error(e)),
            }
        }
        Ok(filled)
    }

    /// Rest of the file as text, without a byte order mark.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Bytes`] for a damaged gzip stream or more than 1 GiB; [`Error::Input`] for text that is
    /// not UTF-8.
    pub fn text(mut self) -> Result<String> {
        let mut bytes = Vec::new();
        if let Err(e) = self.bytes.by_ref().take(MAX_TEXT + 1).read_to_end(&mut bytes) {
            self.position = bytes.len() as u64;
            return Err(self.read_error(e));
        }
        if bytes.len() as u64 > MAX_TEXT {
            return Err(self.error_at(MAX_TEXT, "the text is longer than 1 GiB; split the file"));
        }
        if bytes.starts_with(b"\xef\xbb\xbf") {
            bytes.drain(..3);
        }
        String::from_utf8(bytes).map_err(|e| {
            let valid = &e.as_bytes()[..e.utf8_error().valid_up_to()];
            let last_line = valid.rsplit(|&byte| byte == b'\n').next().unwrap_or_default();
            Error::Input {
                file: self.file.to_path_buf(),
                line: valid.iter().filter(|&&byte| byte == b'\n').count() + 1,
                column: String::from_utf8_lossy(last_line).chars().count() + 1,
                message: "this is not UTF-8 text; save the file as UTF-8".to_owned(),
            }
        })
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
