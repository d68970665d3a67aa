//! Tests of the readers: valid files, and errors with file, position, cause and correction.

use std::io::Write;
use std::path::Path;

use freewheel_core::input::Source;
use freewheel_core::{Error, Result};

mod digits;
mod idx;
mod images;
mod sets;
mod table;

/// `bytes` compressed by gzip.
fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Offset and message of an error in a binary file.
fn at_byte<T>(result: Result<T>) -> (u64, String) {
    match result.err() {
        Some(Error::Bytes { offset, message, .. }) => (offset, message),
        Some(e) => panic!("unexpected error: {e}"),
        None => panic!("no error"),
    }
}

/// Line, column and message of an error in a text.
fn at_line<T>(result: Result<T>) -> (usize, usize, String) {
    match result.err() {
        Some(Error::Input { line, column, message, .. }) => (line, column, message),
        Some(e) => panic!("unexpected error: {e}"),
        None => panic!("no error"),
    }
}

#[test]
fn text_is_utf8_and_packing_whole() {
    let file = Path::new("a.csv.gz");
    assert_eq!(Source::of(file, "\u{feff}a".as_bytes()).unwrap().text().unwrap(), "a");
    let bytes = packed(b"1,2\n3,4\n");
    assert_eq!(Source::of(file, &bytes).unwrap().text().unwrap(), "1,2\n3,4\n");
    let (line, column, message) = at_line(Source::of(file, b"a\nb\xc3\xa9\xff").unwrap().text());
    assert_eq!((line, column), (2, 3));
    assert!(message.contains("save the file as UTF-8"), "{message}");
    for cut in 2..bytes.len() {
        let (_, message) = at_byte(Source::of(file, &bytes[..cut]).unwrap().text());
        assert!(message.contains("gzip stream ends too soon"), "{cut}: {message}");
    }
    let mut damaged = bytes.clone();
    let checksum = damaged.len() - 8;
    damaged[checksum] ^= 1;
    let (offset, message) = at_byte(Source::of(file, &damaged).unwrap().text());
    assert_eq!(offset, 8);
    assert!(message.contains("damaged"), "{message}");
}
