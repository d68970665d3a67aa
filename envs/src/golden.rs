//! Golden playthroughs: what a world did once, kept as text, so that any change of behavior is seen.

use std::io::Write;
use std::path::Path;

/// Compares `played` with the text in `file`, a path below this crate, and names the first line that differs. With
/// `FREEWHEEL_BLESS` set it is written there instead.
pub(crate) fn compare(file: &str, played: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("FREEWHEEL_BLESS").is_some() {
        return std::fs::write(&path, played).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    if let Some((line, (was, is))) = (1..).zip(golden.lines().zip(played.lines())).find(|(_, (a, b))| a != b)
    {
        panic!("{}:{line}\n  was {was}\n  is  {is}", path.display());
    }
    assert_eq!(golden.len(), played.len(), "{}", path.display());
}

/// Drawing with its colors as escape sequences, to look at.
fn ansi(frame: &freewheel_core::Frame) -> String {
    let mut text = String::new();
    for y in 0..frame.height() {
        for cell in (0..frame.width()).filter_map(|x| frame.get(x, y)) {
            let (fg, bg) = (cell.fg, cell.bg);
            text += &format!("\x1b[38;2;{};{};{}m\x1b[48;2;{};{};{}m", fg.0, fg.1, fg.2, bg.0, bg.1, bg.2);
            text.push(cell.glyph);
        }
        text += "\x1b[0m\n";
    }
    text
}

/// Text of a drawing without colors. With `FREEWHEEL_SHOW` set, the drawing is also printed with its colors.
pub(crate) fn shown(frame: &freewheel_core::Frame) -> String {
    if std::env::var_os("FREEWHEEL_SHOW").is_some() {
        std::io::stdout().write_all(ansi(frame).as_bytes()).unwrap();
    }
    frame.to_text()
}
