//! Checkpoint files: the state of a run with a checksum that detects damaged files.
//!
//! | bytes | content |
//! |---|---|
//! | 8 | `FRWHCKPT` |
//! | 4 | format version, [`FORMAT`] |
//! | 4 | number of sections |
//! | 4 + n + 8 per section | length n of the section's name, the name in UTF-8, length of the section's content |
//! | 8 per section | in version 2: length of the content in the file, after the other length |
//! | | contents of the sections |
//! | 32 | BLAKE3 over all bytes before |
//!
//! Sections are sorted by name. All numbers are little-endian. Version 2 is written if a section is compressed (zlib):
//! one of 32 KiB to 16 MiB that becomes shorter by that, such as a table of values. Its two lengths differ.
//!
//! A file is written under a temporary name, synced and renamed, so that a complete file, the old or the new one,
//! exists at any moment.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::ops::RangeInclusive;
use std::path::Path;

use flate2::Compression;
use flate2::bufread::ZlibDecoder;
use flate2::write::ZlibEncoder;

use crate::{Error, Result};

mod store;

pub use store::{
    LatestCheckpoint, Store, Writer, create_atomically, remove_temporary_files, write_atomically,
};

const MAGIC: &[u8; 8] = b"FRWHCKPT";
const HASH: usize = blake3::OUT_LEN;

/// Newest version of the file format, raised whenever it changes.
pub const FORMAT: u32 = 2;
/// Version without compressed sections.
const PLAIN: u32 = 1;

/// Sizes of sections that are compressed: a smaller one is not worth it, and a larger one, such as a replay buffer,
/// would take longer to compress than to write.
const COMPRESSED: RangeInclusive<usize> = 1 << 15..=1 << 24;

/// Content of a checkpoint file: named sections of bytes, such as the agent, its environments, and the progress of a
/// run.
///
/// ```
/// use freewheel_core::checkpoint::{Checkpoint, Store};
///
/// let folder = tempfile::tempdir().unwrap();
/// let store = Store::new(folder.path(), 3);
/// let mut checkpoint = Checkpoint::new();
/// checkpoint.insert("agent", vec![1, 2, 3]);
/// store.save(1000, &checkpoint)?;
///
/// let latest = store.latest()?.unwrap();
/// assert_eq!(latest.step, 1000);
/// assert_eq!(latest.checkpoint.section("agent")?, [1, 2, 3]);
/// # Ok::<(), freewheel_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// Bytes of each section by its name.
    pub sections: BTreeMap<String, Vec<u8>>,
}

impl Checkpoint {
    /// A checkpoint without sections.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the section `name`; replaces an earlier one.
    pub fn insert(&mut self, name: impl Into<String>, bytes: Vec<u8>) {
        self.sections.insert(name.into(), bytes);
    }

    /// Bytes of the section `name`, if there is one.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.sections.get(name).map(Vec::as_slice)
    }

    /// Bytes of the section `name`.
    ///
    /// # Errors
    /// [`Error::Config`] for a missing section, with the most similar name of a section.
    pub fn section(&self, name: &str) -> Result<&[u8]> {
        self.get(name).ok_or_else(|| {
            let known: Vec<&String> = self.sections.keys().collect();
            Error::Config(crate::settings::unknown("section", name, &known, "checkpoint"))
        })
    }

    /// Writes the checkpoint to `out` in the file format, without a copy of the sections that are not compressed.
    ///
    /// # Errors
    /// Errors of `out`.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let stored = self.sections.values().map(|content| stored(content)).collect::<io::Result<Vec<_>>>()?;
        let lengths = || self.sections.values().map(Vec::len).zip(stored.iter().map(|bytes| bytes.len()));
        let version = if lengths().any(|(length, stored)| length != stored) { FORMAT } else { PLAIN };
        let mut head = MAGIC.to_vec();
        head.extend(version.to_le_bytes());
        head.extend((self.sections.len() as u32).to_le_bytes());
        for (name, (length, stored)) in self.sections.keys().zip(lengths()) {
            head.extend((name.len() as u32).to_le_bytes());
            head.extend(name.as_bytes());
            head.extend((length as u64).to_le_bytes());
            if version == FORMAT {
                head.extend((stored as u64).to_le_bytes());
            }
        }
        let mut hash = blake3::Hasher::new();
        // Hashes and writes in small pieces: a piece is still in the CPU cache when it is written.
        let parts = std::iter::once(&head[..]).chain(stored.iter().map(|bytes| &bytes[..]));
        let pieces = parts.flat_map(|part| part.chunks(1 << 18));
        for piece in pieces {
            hash.update(piece);
            out.write_all(piece)?;
        }
        out.write_all(hash.finalize().as_bytes())
    }

    /// Checkpoint from the bytes that [`Checkpoint::write`] wrote; `file` is the name in error messages.
    ///
    /// # Errors
    /// [`Error::Damaged`] for changed, missing or additional bytes, or for another version of the format.
    pub fn decode(file: &Path, bytes: &[u8]) -> Result<Self> {
        parse(bytes).map_err(|reason| Error::Damaged { file: file.to_path_buf(), reason })
    }

    /// Reads a checkpoint file.
    ///
    /// # Errors
    /// As [`Checkpoint::decode`]; [`Error::Io`].
    pub fn read(file: &Path) -> Result<Self> {
        let bytes = crate::input::read_raw(file)?;
        Checkpoint::decode(file, &bytes)
    }
}

/// Checkpoint in `bytes`. The checksum is checked before the content, and the format version before the fields.
fn parse(bytes: &[u8]) -> Result<Checkpoint, String> {
    if !bytes.starts_with(MAGIC) {
        return Err("it does not begin with FRWHCKPT, so it is not a checkpoint".into());
    }
    let (body, hash) = bytes.split_last_chunk::<HASH>().ok_or("it is cut short")?;
    if blake3::hash(body) != *hash {
        return Err("its checksum does not match its bytes: the file was changed or cut short".into());
    }
    let mut rest = Reader(body.get(MAGIC.len()..).ok_or("it is cut short")?);
    let version = u32::from_le_bytes(rest.array()?);
    if ![PLAIN, FORMAT].contains(&version) {
        return Err(format!(
            "it has format version {version}, and this program reads versions 1 and {FORMAT}"
        ));
    }
    let count = u32::from_le_bytes(rest.array()?);
    let mut table = Vec::new();
    for _ in 0..count {
        let len = u32::from_le_bytes(rest.array()?);
        let name = String::from_utf8(rest.take(u64::from(len))?.to_vec()).map_err(|e| e.to_string())?;
        let length = u64::from_le_bytes(rest.array()?);
        let stored = if version == PLAIN { length } else { u64::from_le_bytes(rest.array()?) };
        table.push((name, length, stored));
    }
    if !table.is_sorted_by(|a, b| a.0 < b.0) {
        return Err("its section names are not in order".into());
    }
    let mut sections = BTreeMap::new();
    for (name, length, stored) in table {
        let bytes = rest.take(stored)?;
        sections.insert(name, if length == stored { bytes.to_vec() } else { unpacked(bytes, length)? });
    }
    match rest.0.len() {
        0 => Ok(Checkpoint { sections }),
        more => Err(format!("{more} bytes follow its last section")),
    }
}

/// Content of a section as it stands in the file: compressed if that makes it shorter.
fn stored(content: &[u8]) -> io::Result<Cow<'_, [u8]>> {
    if !COMPRESSED.contains(&content.len()) {
        return Ok(Cow::Borrowed(content));
    }
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    packed.write_all(content)?;
    let packed = packed.finish()?;
    Ok(if packed.len() < content.len() { Cow::Owned(packed) } else { Cow::Borrowed(content) })
}

/// Content of `length` bytes of a compressed section.
fn unpacked(packed: &[u8], length: u64) -> Result<Vec<u8>, String> {
    let length = usize::try_from(length).ok().filter(|length| COMPRESSED.contains(length));
    let length = length.ok_or("a compressed section has a length that is not possible")?;
    let mut content = Vec::new();
    // One byte more shows that the section is too long; memory is limited in any case.
    let read = ZlibDecoder::new(packed).take(length as u64 + 1).read_to_end(&mut content);
    match read {
        Ok(read) if read == length => Ok(content),
        Ok(read) => Err(format!("a compressed section has {read} bytes or more in place of {length}")),
        Err(e) => Err(format!("a compressed section cannot be read: {e}")),
    }
}

/// Unread rest of a checkpoint file.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: u64) -> Result<&'a [u8], String> {
        let taken = usize::try_from(len).ok().and_then(|len| self.0.split_at_checked(len));
        let (taken, rest) = taken.ok_or("a section is longer than the file")?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (array, rest) = self.0.split_first_chunk::<N>().ok_or("its table of sections is cut short")?;
        self.0 = rest;
        Ok(*array)
    }
}
