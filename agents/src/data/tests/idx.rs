use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::data::idx::{Element, Idx};

/// Bytes of an IDX file with this shape and these elements.
fn encode(element: Element, shape: &[usize], bytes: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, element as u8, shape.len() as u8];
    for &size in shape {
        file.extend((size as u32).to_be_bytes());
    }
    file.extend(bytes);
    file
}

fn parse(bytes: &[u8]) -> Result<Idx> {
    Idx::parse(Source::of(Path::new("x.idx"), bytes)?)
}

/// Bytes written by hand from the description of the format.
#[test]
fn every_element_type_is_read() {
    let cases: [(Element, &[u8], [f64; 2]); 6] = [
        (Element::U8, &[0, 255], [0.0, 255.0]),
        (Element::I8, &[0x80, 0x7f], [-128.0, 127.0]),
        (Element::I16, &[0xff, 0xfe, 0x01, 0x00], [-2.0, 256.0]),
        (Element::I32, &[0xff, 0xff, 0xff, 0xfd, 0, 1, 0, 0], [-3.0, 65536.0]),
        (Element::F32, &[0x3f, 0xc0, 0, 0, 0xbf, 0, 0, 0], [1.5, -0.5]),
        (Element::F64, &[0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0], [1.5, -2.0]),
    ];
    for (element, bytes, values) in cases {
        let idx = parse(&encode(element, &[2, 1], bytes)).unwrap();
        assert_eq!((idx.element, &idx.shape[..], &idx.values[..]), (element, &[2, 1][..], &values[..]));
        assert_eq!(idx.offset(1), 12 + element.size() as u64);
    }
}

#[test]
fn invalid_files_are_errors_with_offset_and_correction() {
    let good = encode(Element::U8, &[2, 3], &[1, 2, 3, 4, 5, 6]);
    let changed = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        bytes
    };
    let nan = [0.5f32.to_be_bytes(), f32::NAN.to_be_bytes()].concat();
    let huge = f64::INFINITY.to_be_bytes();
    let cases: Vec<(Vec<u8>, u64, &[&str])> = vec![
        (vec![], 0, &["ends within the magic number"]),
        (vec![0, 0, 8], 3, &["ends within the magic number", "download it again"]),
        (changed(0, 1), 0, &["magic number 0x01000802", "two zero bytes"]),
        (changed(2, 0x0a), 2, &["element type 0x0a", "check the file"]),
        (changed(3, 0), 3, &["number of dimensions is 0"]),
        (changed(7, 0), 4, &["this dimension is 0"]),
        (changed(11, 0), 8, &["this dimension is 0"]),
        (changed(3, 255), 18, &["ends within the dimensions"]),
        (changed(4, 0xff), 4, &["4278190082 x 3 elements of 1 bytes", "there are at most 6 bytes"]),
        (good[..17].to_vec(), 4, &["2 x 3 elements", "at most 5 bytes"]),
        ([&good[..], &[7]].concat(), 18, &["continues after the 2 x 3 elements"]),
        (encode(Element::F32, &[2], &nan), 12, &["element 1 is NaN"]),
        (encode(Element::F64, &[1], &huge), 8, &["element 0 is inf"]),
        (encode(Element::F64, &[usize::MAX; 8], &[]), 4, &["at most 0 bytes"]),
    ];
    for (bytes, place, words) in cases {
        let (offset, message) = at_byte(parse(&bytes));
        assert_eq!(offset, place, "{message}");
        for word in words {
            assert!(message.contains(word), "{message}");
        }
    }
    let error = parse(&changed(0, 1)).unwrap_err().to_string();
    assert!(error.starts_with("x.idx: byte 0: magic number"), "{error}");
}

/// A file that is cut at any byte is an error, also a cut gzipped file and a gzipped cut file.
#[test]
fn a_cut_is_an_error() {
    let file = encode(Element::I16, &[3, 2], &[7; 12]);
    let gzipped = packed(&file);
    assert!((0..file.len()).all(|cut| parse(&packed(&file[..cut])).is_err()));
    assert!((0..gzipped.len()).all(|cut| parse(&gzipped[..cut]).is_err()));
}

/// The unpacked length of a gzipped file is unknown at first, so that a wrong length is found at the end.
#[test]
fn invalid_packed_files_are_errors() {
    let good = encode(Element::U8, &[2, 3], &[1, 2, 3, 4, 5, 6]);
    assert_eq!(parse(&packed(&good)).unwrap(), parse(&good).unwrap());
    let (offset, message) = at_byte(parse(&packed(&good[..17])));
    assert_eq!(offset, 17);
    assert!(message.contains("ends here") && message.contains("to byte 18"), "{message}");
    let (offset, message) = at_byte(parse(&packed(&[&good[..], &[7]].concat())));
    assert_eq!(offset, 18);
    assert!(message.contains("continues after"), "{message}");
    // A gzipped file of thirty bytes whose header claims 2^32 elements.
    let huge = packed(&encode(Element::U8, &[1 << 31, 2], &[]));
    let (offset, message) = at_byte(parse(&huge));
    assert_eq!(offset, 4);
    assert!(message.contains("2147483648 x 2 elements"), "{message}");
}

proptest! {
    #[test]
    fn encoded_files_are_read_back(shape in prop::collection::vec(1usize..5, 1..4), kind in 0usize..6, seed: u64) {
        let element = Element::ALL[kind];
        let n: usize = shape.iter().product();
        let mut rng = freewheel_core::Streams::new(seed).stream(freewheel_core::Purpose::Data, 0, 0);
        let values: Vec<f64> = (0..n).map(|_| f64::from(rng.below(128))).collect();
        let bytes: Vec<u8> = values.iter().flat_map(|&v| match element {
            Element::U8 | Element::I8 => vec![v as u8],
            Element::I16 => (v as i16).to_be_bytes().to_vec(),
            Element::I32 => (v as i32).to_be_bytes().to_vec(),
            Element::F32 => (v as f32).to_be_bytes().to_vec(),
            Element::F64 => v.to_be_bytes().to_vec(),
        }).collect();
        let file = encode(element, &shape, &bytes);
        let idx = parse(&file).unwrap();
        prop_assert_eq!(&idx, &Idx { element, shape, values });
        prop_assert_eq!(&parse(&packed(&file)).unwrap(), &idx);
        // A file that is cut at any byte is an error.
        for cut in 0..file.len() {
            prop_assert!(parse(&file[..cut]).is_err());
        }
    }

    #[test]
    fn no_bytes_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..64), kind in 0usize..8) {
        let _ = parse(&bytes);
        // Random bytes after an almost valid header.
        if let Some(head) = bytes.first_chunk_mut::<4>() {
            *head = [0, 0, [8, 9, 0x0b, 0x0c, 0x0d, 0x0e, 8, 8][kind], head[3] % 4];
        }
        let _ = parse(&bytes);
        let _ = parse(&packed(&bytes));
    }
}
