//! Text of a file: the encoding is that of a byte order mark, of the property `CA`, or detected.
//!
//! Bytes are decoded before SGF is parsed: in GBK, Big5, Shift-JIS and EUC-KR the second byte of a character can be
//! that of `\` or `]`.

use std::path::Path;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, Encoding, GB18030, GBK, ISO_2022_JP, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE,
};
use freewheel_core::input;

use super::tree::{Location, Warning, quoted};

/// Text of a file of game records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// Text.
    pub text: String,
    /// Names of the encodings of its bytes, such as `GBK`: one, or more if games have another `CA`.
    pub encodings: Vec<&'static str>,
    /// Faults: a `CA` that is wrong or unknown, bytes that are no characters.
    pub warnings: Vec<Warning>,
}

/// Text of a file, plain or gzipped, with the size limit of [`input::max_bytes`].
///
/// # Errors
/// Errors of [`input::read_bytes`].
pub fn open(file: &Path) -> freewheel_core::Result<Decoded> {
    Ok(decode_bytes(&input::read_bytes(file)?))
}

/// Text of the bytes of a file; see [`decode_bytes`].
pub fn decode(bytes: &[u8]) -> String {
    decode_bytes(bytes).text
}

/// Text of the bytes of a file, with the encoding of a byte order mark, else of the property `CA`, else detected.
///
/// A `CA` that does not fit the bytes is not followed. Games of a collection may have different encodings. Bytes that
/// are no characters become U+FFFD.
pub fn decode_bytes(bytes: &[u8]) -> Decoded {
    let end = bytes.iter().rposition(|byte| !matches!(byte, 0 | 0x1a)).map_or(0, |last| last + 1);
    let mut decoded = Decoded::default();
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        // The last character of UTF-16 may end with a zero.
        let end = if encoding == UTF_8 { end } else { (end + 1).min(bytes.len()) };
        decoded.add(encoding, &bytes[mark..end.max(mark)]);
        while decoded.text.ends_with(['\0', '\u{1a}']) {
            decoded.text.pop();
        }
        return decoded;
    }
    if let Some(encoding) = utf16_without_mark(bytes) {
        decoded.add(encoding, &bytes[..(end + 1).min(bytes.len())]);
        return decoded;
    }
    let bytes = &bytes[..end];
    let mut start = 0;
    let mut current = None;
    for ca in charsets(bytes) {
        if current.is_some_and(|current: Charset| current.encoding == ca.encoding) {
            continue;
        }
        if current.is_some() {
            // The game of this `CA` begins with the last parenthesis before it.
            let Some(game) = bytes[start..ca.at].iter().rposition(|&byte| byte == b'(') else { continue };
            decoded.add_part(current, &bytes[start..start + game]);
            start += game;
        }
        current = Some(ca);
    }
    decoded.add_part(current, &bytes[start..]);
    decoded
}

/// Value of a property `CA`.
#[derive(Clone, Copy)]
struct Charset<'a> {
    /// Offset of the property's name in the bytes.
    at: usize,
    label: &'a str,
    /// Encoding with this name; `None` if there is none.
    encoding: Option<&'static Encoding>,
}

impl Decoded {
    /// Adds bytes of a known encoding.
    fn add(&mut self, encoding: &'static Encoding, bytes: &[u8]) {
        let (text, faults) = encoding.decode_without_bom_handling(bytes);
        let start = self.text.len();
        self.text.push_str(&text);
        if !self.encodings.contains(&encoding.name()) {
            self.encodings.push(encoding.name());
        }
        if faults {
            let fault = self.text[start..].find('\u{fffd}').unwrap_or(0);
            let message =
                format!("bytes here are no characters of {}; they are read as U+FFFD", encoding.name());
            self.warn(start + fault, message);
        }
    }

    /// Adds the bytes of one or more games with the same `CA`.
    fn add_part(&mut self, ca: Option<Charset>, bytes: &[u8]) {
        let encoding = match ca.and_then(|ca| ca.encoding) {
            Some(named) if fits(named, bytes) => named,
            named => detect(bytes, named),
        };
        let start = self.text.len();
        self.add(encoding, bytes);
        if let Some(ca) = ca.filter(|ca| ca.encoding != Some(encoding) && !self.text[start..].is_ascii()) {
            let label = quoted(ca.label);
            let why =
                if ca.encoding.is_some() { "does not fit the bytes" } else { "is not a known encoding" };
            let at = self.text[start..].find("CA").map_or(start, |at| start + at);
            self.warn(at, format!("CA[{label}] {why}; the text is read as {}", encoding.name()));
        }
    }

    fn warn(&mut self, offset: usize, message: String) {
        // Each warning takes time that grows with its offset.
        if self.warnings.len() < 10 {
            self.warnings.push(Warning { location: Location::of(&self.text, offset), message });
        }
    }
}

/// UTF-16 without a byte order mark: every other byte of the ASCII characters is 0.
fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let pairs = bytes.as_chunks::<2>().0;
    let pairs = &pairs[..pairs.len().min(2048)];
    let zeros = |n: usize| pairs.iter().filter(|pair| pair[n] == 0 && pair[1 - n] != 0).count();
    let (first, second) = (zeros(0), zeros(1));
    match pairs.len() {
        0..4 => None,
        _ if second * 3 > pairs.len() && first * 8 < second => Some(UTF_16LE),
        _ if first * 3 > pairs.len() && second * 8 < first => Some(UTF_16BE),
        _ => None,
    }
}

/// Values of the properties `CA`, in the order of the bytes.
fn charsets(bytes: &[u8]) -> impl Iterator<Item = Charset<'_>> {
    let brackets = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'[').map(|(at, _)| at);
    brackets.filter_map(|bracket| {
        let before = bytes[..bracket].trim_ascii_end();
        let name = before.iter().rev().take(20).take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let at = before.len() - name;
        if !before[at..].iter().filter(|byte| !byte.is_ascii_lowercase()).eq(b"CA") {
            return None;
        }
        let value = &bytes[bracket + 1..bytes.len().min(bracket + 41)];
        let value = &value[..value.iter().position(|&byte| byte == b']')?];
        let label = str::from_utf8(value).ok()?.trim();
        // An empty value names no encoding.
        (!label.is_empty()).then(|| Charset { at, label, encoding: named(label) })
    })
}

/// Encoding with the name `label`, in the spellings of the Encoding Standard and of Windows code pages.
fn named(label: &str) -> Option<&'static Encoding> {
    let plain: String =
        label.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let encoding = match plain.as_str() {
        "gb" | "gb2312" | "gb231280" | "euccn" | "gbk" => Some(GBK),
        "gb18030" => Some(GB18030),
        "big5" | "big5hkscs" => Some(BIG5),
        "sjis" | "shiftjis" | "xsjis" | "mskanji" => Some(SHIFT_JIS),
        "euckr" | "uhc" | "ksc5601" | "ksc56011987" => Some(EUC_KR),
        "eucjp" | "xeucjp" => Some(EUC_JP),
        "jis" | "iso2022jp" => Some(ISO_2022_JP),
        "utf" | "utf8" | "utf8n" => Some(UTF_8),
        _ => {
            let page = ["cp", "ms", "windows", "codepage"].iter().find_map(|name| plain.strip_prefix(name));
            match page.unwrap_or(&plain) {
                "936" => Some(GBK),
                "950" => Some(BIG5),
                "932" | "31j" => Some(SHIFT_JIS),
                "949" => Some(EUC_KR),
                "65001" => Some(UTF_8),
                page if page.starts_with("125") => Encoding::for_label(format!("windows-{page}").as_bytes()),
                _ => Encoding::for_label(label.as_bytes()),
            }
        }
    };
    // Text in UTF-16 cannot name its encoding in ASCII.
    encoding.filter(|encoding| encoding.is_ascii_compatible() || *encoding == ISO_2022_JP)
}

/// Whether `bytes` can be text in the encoding that `CA` names.
fn fits(encoding: &'static Encoding, bytes: &[u8]) -> bool {
    if bytes.is_ascii() {
        // ISO-2022-JP is ASCII with escape sequences.
        return encoding == ISO_2022_JP || !bytes.contains(&0x1b);
    }
    if encoding == UTF_8 {
        return mostly_utf8(bytes);
    }
    // Text in another encoding is UTF-8 by chance only where it is short.
    let utf8 = str::from_utf8(bytes).is_ok_and(|text| {
        let least = if encoding.is_single_byte() { 0x80 } else { 0x800 };
        text.chars().any(|c| u32::from(c) >= least)
    });
    // A character for private use comes of bytes of another encoding.
    let private = |text: &str| text.contains(|c| matches!(c, '\u{e000}'..='\u{f8ff}'));
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
    !utf8 && text.is_some_and(|text| !private(&text))
}

/// Whether `bytes` are UTF-8, at most a few of them damaged.
fn mostly_utf8(bytes: &[u8]) -> bool {
    let (mut characters, mut faults) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        characters += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        faults += usize::from(!chunk.invalid().is_empty());
    }
    faults == 0 || characters >= 4 * faults
}

/// Detected encoding of `bytes`; `named` is the one of `CA`, which does not fit.
fn detect(bytes: &[u8], named: Option<&'static Encoding>) -> &'static Encoding {
    // ISO-2022-JP is ASCII with escape sequences.
    let escapes = bytes.is_ascii() && bytes.contains(&0x1b);
    if !escapes && mostly_utf8(bytes) {
        return UTF_8;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(bytes, true);
    let guess = detector.guess(None, Utf8Detection::Deny);
    let readable = |encoding: &'static Encoding| {
        encoding.decode_without_bom_handling_and_without_replacement(bytes).is_some()
    };
    match named {
        // Damaged text in the named encoding is nearer than a single-byte encoding, in which any bytes are text.
        Some(named) if !readable(guess) || guess.is_single_byte() && named != UTF_8 => named,
        _ if bytes.is_ascii() && guess != ISO_2022_JP => UTF_8,
        _ if readable(GBK) && is_chance(guess, bytes) => GBK,
        _ if guess.is_single_byte() && named.is_none() => in_words(bytes).unwrap_or(guess),
        _ => guess,
    }
}

/// Maximum number of non-ASCII bytes in a text whose language the detector cannot tell surely.
const SHORT: usize = 40;

/// First syllables of Korean values: surnames of more than 99 % of the people, and of the words for the result.
const KOREAN: &str = "김이박최정강조윤장임한오서신권황안송전홍유고문양손배백허남심노하곽성차주우구나민진지엄채원천방공현함여염추도석선설마류맹변목단흑제국바";

/// East Asian encoding in which a short text has a word of Go.
fn in_words(bytes: &[u8]) -> Option<&'static Encoding> {
    let words = [
        (GBK, &["白", "黑", "段", "胜"][..]),
        (BIG5, &["白", "黑", "段", "勝"]),
        (SHIFT_JIS, &["白", "黒", "段", "級", "勝"]),
        (EUC_KR, &["백", "흑", "단", "승"]),
    ];
    let short = bytes.iter().filter(|byte| !byte.is_ascii()).count() <= SHORT;
    let fits = words.into_iter().filter(|(encoding, words)| {
        let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
        text.is_some_and(|text| words.iter().any(|word| text.contains(word)))
    });
    fits.map(|(encoding, _)| encoding).next().filter(|_| short)
}

/// Whether short text that is also valid GBK was detected as Korean or Japanese by chance: no value begins with a
/// Korean surname, no character is kana.
fn is_chance(guess: &'static Encoding, bytes: &[u8]) -> bool {
    if bytes.iter().filter(|byte| !byte.is_ascii()).count() > SHORT {
        return false;
    }
    let (text, _) = guess.decode_without_bom_handling(bytes);
    if guess == EUC_KR {
        return !text.split('[').any(|value| value.starts_with(|c| KOREAN.contains(c)));
    }
    guess == EUC_JP && !text.contains(|c| matches!(c, '\u{3040}'..='\u{30ff}'))
}
