//! Glyphs in ASCII, for terminals and fonts without others. The whole screen is drawn first and then converted, so that
//! no part of it can forget its glyphs.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;

use crate::messages::Language;

/// Whether a locale from environment variables has no UTF-8; `get` returns the value of a variable. The first of
/// `LC_ALL`, `LC_CTYPE` and `LANG` that is set and not empty counts; without any, the terminal is assumed to have
/// UTF-8.
pub(super) fn is_needed(get: impl Fn(&str) -> Option<String>) -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| get(name).filter(|v| !v.is_empty()));
    set.is_some_and(|locale| {
        let locale = locale.to_lowercase();
        !(locale.contains("utf-8") || locale.contains("utf8"))
    })
}

/// Replaces all glyphs in `area` that are not ASCII; on screens in Korean, Hangul stays.
pub(super) fn convert(area: Rect, buf: &mut Buffer) {
    if Language::chosen() == Language::Ko {
        return convert_symbols(area, buf);
    }
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            let Some(cell) = buf.cell_mut((x, y)) else { continue };
            if !cell.symbol().is_ascii() {
                let glyph = cell.symbol().chars().next().map_or(' ', ascii);
                cell.set_char(glyph);
            }
        }
    }
}

/// Replaces all glyphs in `area` that are not ASCII, but keeps letters of two columns, such as Hangul, which have no
/// ASCII glyph.
pub(super) fn convert_symbols(area: Rect, buf: &mut Buffer) {
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            let Some(cell) = buf.cell_mut((x, y)) else { continue };
            if !cell.symbol().is_ascii() && Span::raw(cell.symbol()).width() == 1 {
                let glyph = cell.symbol().chars().next().map_or(' ', ascii);
                cell.set_char(glyph);
            }
        }
    }
}

/// ASCII glyph with the meaning of `glyph`: its shape, its direction, or its brightness.
fn ascii(glyph: char) -> char {
    match glyph {
        _ if glyph.is_ascii() => glyph,
        '─' | '━' | '╌' | '╍' | '┄' | '┅' | '╴' | '╶' | '╸' | '╺' | '╼' | '╾' | '–' | '—' | '−' => {
            '-'
        }
        '═' => '=',
        '│' | '┃' | '║' | '┆' | '▏' | '▎' | '▍' | '▌' | '▐' | '▕' | '╵' | '╷' | '┊' | '┇' => {
            '|'
        }
        '╱' | '⟋' => '/',
        '╲' | '⟍' => '\\',
        '╳' | '✕' | '×' | '✗' => 'x',
        '\u{2500}'..='\u{257f}' => '+',
        '←' | '◀' | '◂' | '◄' | '⇐' | '‹' => '<',
        '→' | '▶' | '▸' | '►' | '⇒' | '›' => '>',
        '↑' | '▲' | '△' | '▴' | '⇑' => '^',
        '↓' | '▼' | '▽' | '▾' | '⇓' => 'v',
        '↗' | '↙' => '/',
        '↖' | '↘' => '\\',
        '●' | '⬤' | '◉' | '⚫' => '@',
        '○' | '◯' | '◌' | '⚪' | '◎' => 'O',
        '◐' | '◑' | '◒' | '◓' => 'o',
        '◆' | '◈' => '#',
        '◇' => 'o',
        '★' | '☆' | '✦' | '✶' => '*',
        '⚑' | '⚐' => 'P',
        '■' | '█' | '◼' => '#',
        '□' | '◻' => 'o',
        '▓' => '%',
        '▒' => ':',
        '░' | '·' | '•' | '∙' | '⋅' => '.',
        '▀' | '▔' => '"',
        '▄' | '▁' | '▂' => '_',
        '▃' | '▅' => '=',
        '▆' | '▇' => '#',
        '▖' | '▗' => '.',
        '▘' | '▝' => '\'',
        '▙' | '▛' | '▜' | '▟' | '▚' | '▞' => '#',
        '‖' => '=',
        '≈' | '∼' => '~',
        '…' => '.',
        '±' => '+',
        '°' => 'o',
        '✓' => 'v',
        'α' => 'a',
        'γ' => 'g',
        'ε' => 'e',
        'σ' => 's',
        'Σ' => 'S',
        // Braille: more dots are darker.
        '\u{2800}'..='\u{28ff}' => match (glyph as u32 - 0x2800).count_ones() {
            0 => ' ',
            1 => '.',
            2 => ':',
            3 => '+',
            4 | 5 => '*',
            _ => '#',
        },
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_decides() {
        let needed = |all: &[(&str, &str)]| {
            is_needed(|name| all.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
        };
        assert!(!needed(&[]));
        assert!(!needed(&[("LANG", "en_US.UTF-8")]));
        assert!(!needed(&[("LANG", "C.utf8")]));
        assert!(needed(&[("LANG", "C")]));
        assert!(needed(&[("LC_ALL", "POSIX"), ("LANG", "en_US.UTF-8")]));
        assert!(!needed(&[("LC_ALL", ""), ("LANG", "de_DE.UTF-8")]));
    }

    #[test]
    fn directions_and_stones_stay_different() {
        let shown: String = "←→↑↓●○━│┼█·⣿⠁".chars().map(ascii).collect();
        assert_eq!(shown, "<>^v@O-|+#.#.");
        let mut buf = Buffer::with_lines(["→ a ●"]);
        convert(Rect::new(0, 0, 2, 1), &mut buf);
        assert_eq!(buf, Buffer::with_lines(["> a ●"]));
    }
}
