//! Golden playthroughs: what a world did once, kept as text, so that any change of behavior is seen.

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
