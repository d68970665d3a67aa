//! Mutations of inputs: bytes, tokens, numbers, lines and whole parts.

use freewheel_core::Stream;

/// Texts that formats give a meaning, and numbers at the ends of types.
const TOKENS: [&str; 44] = [
    "0",
    "-1",
    "1e308",
    "-1e308",
    "1e-320",
    "nan",
    "inf",
    "-0.0",
    "255",
    "65536",
    "4294967295",
    "9223372036854775807",
    "18446744073709551616",
    "0.1",
    "1,000",
    "\n",
    "\r\n",
    "\r",
    "\0",
    "\t",
    " ",
    "\x1a",
    "\u{feff}",
    "\x1b[2J",
    "é",
    "\"",
    "'",
    "\\",
    ",",
    ";",
    ":",
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    "=",
    "#",
    "..",
    "true",
    "null",
    "=\"\"",
    "\n\n",
];

/// Changes `input` in one to four places. `other` is another seed of the same format, for splices.
pub fn mutate(input: &[u8], other: &[u8], rng: &mut Stream) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=rng.below(4) {
        mutate_once(&mut bytes, other, rng);
    }
    bytes.truncate(1 << 20);
    bytes
}

fn mutate_once(bytes: &mut Vec<u8>, other: &[u8], rng: &mut Stream) {
    let at = place(bytes.len(), rng);
    let end = (at + 1 + below(rng, 1 + bytes.len().min(64))).min(bytes.len());
    match rng.below(12) {
        0 if at < bytes.len() => bytes[at] ^= 1 << rng.below(8),
        1 if at < bytes.len() => bytes[at] = rng.bits() as u8,
        2 => drop(bytes.drain(at..end)),
        3 => bytes.truncate(at),
        4 => insert(bytes, at, TOKENS[below(rng, TOKENS.len())].as_bytes()),
        5 => {
            let part = bytes[at..end].to_vec();
            insert(bytes, at, &part.repeat(1 << rng.below(8)));
        }
        6 => {
            let from = place(other.len(), rng);
            bytes.splice(at.., other[from..].iter().copied());
        }
        7 => number(bytes, at, rng),
        8 => lines(bytes, rng),
        9 if at + 8 <= bytes.len() => {
            // Length fields and floats of binary formats.
            let value = [
                0u64,
                1,
                u64::MAX,
                1 << 31,
                1 << 62,
                f64::NAN.to_bits(),
                0x7ff0 << 48,
                0x8080_8080_8080_8080,
            ];
            let width = 1 << rng.below(4);
            bytes[at..at + width].copy_from_slice(&value[below(rng, value.len())].to_le_bytes()[..width]);
        }
        10 => {
            let part: Vec<u8> = bytes[at..end].to_vec();
            let to = place(bytes.len(), rng);
            insert(bytes, to, &part);
        }
        _ => insert(bytes, at, &[rng.bits() as u8]),
    }
}

/// Replaces the number at or after `at` by another one.
fn number(bytes: &mut Vec<u8>, at: usize, rng: &mut Stream) {
    let Some(start) = bytes[at..].iter().position(u8::is_ascii_digit).map(|offset| at + offset) else {
        return;
    };
    let length = bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let token = TOKENS[below(rng, 15)];
    bytes.splice(start..start + length, token.bytes());
}

/// Removes, doubles or swaps lines.
fn lines(bytes: &mut Vec<u8>, rng: &mut Stream) {
    let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
    if lines.is_empty() {
        return;
    }
    let (a, b) = (below(rng, lines.len()), below(rng, lines.len()));
    match rng.below(3) {
        0 => drop(lines.remove(a)),
        1 => lines.insert(b, lines[a].clone()),
        _ => lines.swap(a, b),
    }
    *bytes = lines.concat();
}

fn insert(bytes: &mut Vec<u8>, at: usize, part: &[u8]) {
    drop(bytes.splice(at..at, part.iter().copied()));
}

fn place(len: usize, rng: &mut Stream) -> usize {
    below(rng, len + 1)
}

fn below(rng: &mut Stream, n: usize) -> usize {
    rng.below(u32::try_from(n).unwrap_or(u32::MAX)) as usize
}
