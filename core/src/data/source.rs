//! Files, plain or gzipped.
//!
//! What a file claims is checked against what it can hold before room is made for it: a plain file holds its length, and
//! deflate packs at most 1,032 bytes into one.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::{Error, Result};

/// The most that deflate can make of one byte.
const DEFLATE: u64 = 1032;

/// Bytes of text that are read at most, unpacked.
const LONGEST_TEXT: u64 = 1 << 30;

/// The unpacked bytes of a file, from first to last.
pub struct Source<'a> {
    file: &'a Path,
    bytes: Box<dyn Read + 'a>,
    most: u64,
    at: u64,
}

impl<'a> Source<'a> {
    /// Opens `file`; whether it is packed is read off its first two bytes.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn open(file: &'a Path) -> Result<Self> {
        let opened = File::open(file).map_err(Error::io(file))?;
        let length = opened.metadata().map_err(Error::io(file))?.len();
        Source::new(file, BufReader::with_capacity(1 << 16, opened), length)
    }

    /// The same of bytes in memory; `file` is what errors call them.
    ///
    /// # Errors
    /// None that come from memory.
    pub fn of(file: &'a Path, bytes: &'a [u8]) -> Result<Self> {
        Source::new(file, bytes, bytes.len() as u64)
    }

    fn new(file: &'a Path, mut packed: impl BufRead + 'a, length: u64) -> Result<Self> {
        let gzipped = packed.fill_buf().map_err(Error::io(file))?.starts_with(&[0x1f, 0x8b]);
        let (bytes, most): (Box<dyn Read + 'a>, u64) = match gzipped {
            true => (Box::new(MultiGzDecoder::new(packed)), length.saturating_mul(DEFLATE)),
            false => (Box::new(packed), length),
        };
        Ok(Source { file, bytes, most, at: 0 })
    }

    /// How many bytes there can be in all, at most.
    pub fn most(&self) -> u64 {
        self.most
    }

    /// How many have been read.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// The error at byte `offset`.
    pub fn wrong(&self, offset: u64, message: impl Into<String>) -> Error {
        Error::Bytes { file: self.file.to_path_buf(), offset, message: message.into() }
    }

    /// Fills `out` as far as there are bytes, and says how far.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Bytes`] where the packing is damaged.
    pub fn take(&mut self, out: &mut [u8]) -> Result<usize> {
        let mut filled = 0;
        while filled < out.len() {
            match self.bytes.read(&mut out[filled..]) {
                Ok(0) => break,
                Ok(n) => (filled, self.at) = (filled + n, self.at + n as u64),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(self.unreadable(e)),
            }
        }
        Ok(filled)
    }

    /// All that is left, as text without its byte order mark.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Bytes`] for damaged packing, for more than 1 GiB, or where it is not UTF-8.
    pub fn text(mut self) -> Result<String> {
        let mut bytes = Vec::new();
        if let Err(e) = self.bytes.by_ref().take(LONGEST_TEXT + 1).read_to_end(&mut bytes) {
            self.at = bytes.len() as u64;
            return Err(self.unreadable(e));
        }
        if bytes.len() as u64 > LONGEST_TEXT {
            return Err(self.wrong(LONGEST_TEXT, "more than 1 GiB of text; cut the file"));
        }
        if bytes.starts_with(b"\xef\xbb\xbf") {
            bytes.drain(..3);
        }
        String::from_utf8(bytes).map_err(|e| {
            let (at, before) = (e.utf8_error().valid_up_to(), e.as_bytes());
            let last_line = before[..at].rsplit(|&byte| byte == b'\n').next().unwrap_or_default();
            Error::Input {
                file: self.file.to_path_buf(),
                line: before[..at].iter().filter(|&&byte| byte == b'\n').count() + 1,
                column: String::from_utf8_lossy(last_line).chars().count() + 1,
                message: "this is no UTF-8 text; save the file as UTF-8".to_owned(),
            }
        })
    }

    /// What the unpacking says of its input is an error in the file; all else is the operating system's.
    fn unreadable(&self, error: std::io::Error) -> Error {
        match error.kind() {
            ErrorKind::UnexpectedEof => {
                self.wrong(self.at, "the gzip stream ends too soon; bring the file again")
            }
            ErrorKind::InvalidInput | ErrorKind::InvalidData => {
                self.wrong(self.at, format!("the gzip stream is damaged ({error}); bring the file again"))
            }
            _ => Error::io(self.file)(error),
        }
    }
}
