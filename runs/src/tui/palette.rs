//! Colors, for terminals with millions of them, with 256, with 16 and with none.

use freewheel_core::{Cell, Rgb};
use ratatui::style::{Color, Modifier, Style};

/// How many colors there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// 24 bits.
    True,
    /// The 6 x 6 x 6 cube and the greys of xterm.
    Cube,
    /// The 16 of old, in the user's own shades.
    Sixteen,
    /// None: glyphs, bold and dim must tell.
    None,
}

impl Depth {
    /// What the environment says; `get` looks up a variable.
    pub fn detect(get: impl Fn(&str) -> Option<String>) -> Self {
        let term = get("TERM").unwrap_or_default();
        // https://no-color.org: present and not empty.
        if get("NO_COLOR").is_some_and(|value| !value.is_empty()) || term == "dumb" {
            return Depth::None;
        }
        let many = get("COLORTERM").is_some_and(|value| value == "truecolor" || value == "24bit");
        if many || term.ends_with("-direct") {
            Depth::True
        } else if term.contains("256color") {
            Depth::Cube
        } else {
            Depth::Sixteen
        }
    }
}

/// What a color is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    /// What is read.
    Text,
    /// What explains what is read.
    Dim,
    /// Lines.
    Line,
    /// What is looked at now.
    Accent,
    /// The reference, and an ending by the rules.
    Good,
    /// A truncation, the baseline, something to tell.
    Warn,
}

/// Colors for one terminal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Palette(pub(super) Depth);

/// Behind everything.
const GROUND: Rgb = Rgb(20, 22, 28);
/// Behind the first and the last line.
const BAR: Rgb = Rgb(31, 34, 43);

impl Palette {
    /// Plain text on the ground.
    pub(super) fn ground(self) -> Style {
        match self.0 {
            // Where shades are the user's own, so is the ground.
            Depth::Sixteen | Depth::None => Style::reset(),
            _ => Style::reset().fg(self.color(Rgb(205, 209, 219))).bg(self.color(GROUND)),
        }
    }

    /// The first and the last line.
    pub(super) fn bar(self) -> Style {
        match self.0 {
            Depth::Sixteen | Depth::None => Style::new(),
            _ => Style::new().bg(self.color(BAR)),
        }
    }

    /// Text for a purpose.
    pub(super) fn ink(self, ink: Ink) -> Style {
        let style = Style::new();
        if self.0 == Depth::None {
            return match ink {
                Ink::Text | Ink::Line => style,
                Ink::Dim => style.add_modifier(Modifier::DIM),
                Ink::Accent | Ink::Good | Ink::Warn => style.add_modifier(Modifier::BOLD),
            };
        }
        if self.0 == Depth::Sixteen {
            return style.fg(match ink {
                Ink::Text => Color::Reset,
                Ink::Dim | Ink::Line => Color::DarkGray,
                Ink::Accent => Color::Cyan,
                Ink::Good => Color::Green,
                Ink::Warn => Color::Yellow,
            });
        }
        style.fg(self.color(match ink {
            Ink::Text => Rgb(205, 209, 219),
            Ink::Dim => Rgb(122, 128, 144),
            Ink::Line => Rgb(58, 63, 77),
            Ink::Accent => Rgb(125, 174, 232),
            Ink::Good => Rgb(148, 194, 117),
            Ink::Warn => Rgb(222, 178, 106),
        }))
    }

    /// The color of the same purpose, but further back; `None` where there are no shades.
    pub(super) fn shade(self, ink: Ink) -> Option<Color> {
        let rgb = match ink {
            Ink::Accent => Rgb(50, 68, 94),
            Ink::Warn => Rgb(88, 72, 46),
            _ => return None,
        };
        matches!(self.0, Depth::True | Depth::Cube).then(|| self.color(rgb))
    }

    /// A cell of a world's drawing: what is written, and how. A `bare` one belongs to ground on which nothing is
    /// written: without colors it needs a glyph to be seen.
    pub(super) fn cell(self, cell: &Cell, bare: bool) -> (char, Style) {
        let glyph = if cell.glyph.is_control() { ' ' } else { cell.glyph };
        // Black on black is what nobody chose: a world's way to leave colors to the screen.
        let unchosen = cell.fg == Rgb(0, 0, 0) && cell.bg == Rgb(0, 0, 0);
        if self.0 == Depth::None {
            let plain = unchosen || (glyph == ' ' && !bare);
            return (if plain { glyph } else { gray(glyph, cell) }, Style::reset());
        }
        if unchosen {
            return (glyph, self.ground());
        }
        // Black is what a world leaves where it paints nothing.
        let bg = match (cell.bg, self.0) {
            (Rgb(0, 0, 0), Depth::Sixteen) => Color::Reset,
            (Rgb(0, 0, 0), _) => self.color(GROUND),
            (bg, _) => self.color(bg),
        };
        (glyph, Style::reset().fg(self.color(cell.fg)).bg(bg))
    }

    fn color(self, rgb: Rgb) -> Color {
        match self.0 {
            Depth::True => Color::Rgb(rgb.0, rgb.1, rgb.2),
            Depth::Cube => Color::Indexed(cube(rgb)),
            Depth::Sixteen => sixteen(rgb),
            Depth::None => Color::Reset,
        }
    }
}

/// What stands for a cell whose colors cannot be shown: light and dark become shades, and halves stay halves.
fn gray(glyph: char, cell: &Cell) -> char {
    let light =
        |rgb: Rgb| (0.299 * f32::from(rgb.0) + 0.587 * f32::from(rgb.1) + 0.114 * f32::from(rgb.2)) / 255.0;
    match glyph {
        ' ' => match light(cell.bg) {
            l if l < 0.25 => ' ',
            l if l < 0.5 => '░',
            l if l < 0.75 => '▒',
            _ => '▓',
        },
        '▀' | '▄' => {
            let (fg, bg) = (light(cell.fg) > 0.45, light(cell.bg) > 0.45);
            let (top, bottom) = if glyph == '▀' { (fg, bg) } else { (bg, fg) };
            match (top, bottom) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            }
        }
        other => other,
    }
}

fn distance(a: Rgb, b: Rgb) -> i32 {
    let d = |a: u8, b: u8| (i32::from(a) - i32::from(b)).pow(2);
    // Eyes see green best and blue least.
    3 * d(a.0, b.0) + 6 * d(a.1, b.1) + d(a.2, b.2)
}

/// How far from gray.
fn chroma(rgb: Rgb) -> u8 {
    rgb.0.max(rgb.1).max(rgb.2) - rgb.0.min(rgb.1).min(rgb.2)
}

/// The nearest of xterm's colors 16 to 255.
pub(crate) fn cube(rgb: Rgb) -> u8 {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let nearest = |x: u8| (0..6u8).min_by_key(|&i| LEVELS[usize::from(i)].abs_diff(x)).unwrap_or_default();
    let [r, g, b] = [rgb.0, rgb.1, rgb.2].map(nearest);
    let [x, y, z] = [r, g, b].map(|i| LEVELS[usize::from(i)]);
    let mean = (u32::from(rgb.0) + u32::from(rgb.1) + u32::from(rgb.2)) / 3;
    let step = (mean.saturating_sub(3) / 10).min(23) as u8;
    let level = 8 + 10 * step;
    // A gray may be nearer than a dull blue of the cube, but it is no blue.
    if chroma(rgb) < 24 && distance(rgb, Rgb(level, level, level)) < distance(rgb, Rgb(x, y, z)) {
        232 + step
    } else {
        16 + 36 * r + 6 * g + b
    }
}

/// The nearest of the 16 colors, in the shades of most terminals.
fn sixteen(rgb: Rgb) -> Color {
    const ALL: [(Color, Rgb); 16] = [
        (Color::Black, Rgb(0, 0, 0)),
        (Color::Red, Rgb(170, 0, 0)),
        (Color::Green, Rgb(0, 170, 0)),
        (Color::Yellow, Rgb(170, 130, 0)),
        (Color::Blue, Rgb(0, 0, 170)),
        (Color::Magenta, Rgb(170, 0, 170)),
        (Color::Cyan, Rgb(0, 170, 170)),
        (Color::Gray, Rgb(190, 190, 190)),
        (Color::DarkGray, Rgb(95, 95, 95)),
        (Color::LightRed, Rgb(255, 90, 90)),
        (Color::LightGreen, Rgb(90, 255, 90)),
        (Color::LightYellow, Rgb(255, 255, 90)),
        (Color::LightBlue, Rgb(90, 90, 255)),
        (Color::LightMagenta, Rgb(255, 90, 255)),
        (Color::LightCyan, Rgb(90, 255, 255)),
        (Color::White, Rgb(255, 255, 255)),
    ];
    let colored = chroma(rgb) > 40;
    let like = ALL.iter().filter(|(_, other)| !colored || chroma(*other) > 0);
    like.min_by_key(|(_, other)| distance(rgb, *other)).map_or(Color::Reset, |(color, _)| *color)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth(all: &[(&str, &str)]) -> Depth {
        Depth::detect(|name| all.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn depth_is_what_the_environment_says() {
        assert_eq!(depth(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]), Depth::True);
        assert_eq!(depth(&[("TERM", "xterm-256color")]), Depth::Cube);
        assert_eq!(depth(&[("TERM", "linux")]), Depth::Sixteen);
        assert_eq!(depth(&[]), Depth::Sixteen);
        assert_eq!(depth(&[("COLORTERM", "truecolor"), ("NO_COLOR", "1")]), Depth::None);
        assert_eq!(depth(&[("COLORTERM", "truecolor"), ("NO_COLOR", "")]), Depth::True);
    }

    #[test]
    fn colors_go_to_the_nearest() {
        assert_eq!(cube(Rgb(255, 0, 0)), 196);
        assert_eq!(cube(Rgb(0, 0, 0)), 16);
        assert_eq!(cube(Rgb(128, 128, 128)), 244);
        assert_eq!(cube(Rgb(95, 135, 175)), 67);
        assert_eq!(sixteen(Rgb(250, 250, 245)), Color::White);
        assert_eq!(sixteen(Rgb(20, 22, 28)), Color::Black);
        assert_eq!(sixteen(Rgb(200, 30, 30)), Color::Red);
    }

    #[test]
    fn without_colors_glyphs_tell() {
        let plain = Palette(Depth::None);
        let shown = |glyph, fg, bg, bare| plain.cell(&Cell { glyph, fg, bg }, bare).0;
        let (dark, lit) = (Rgb(10, 10, 10), Rgb(250, 250, 250));
        assert_eq!(shown('A', lit, lit, true), 'A');
        assert_eq!(shown(' ', lit, dark, true), ' ');
        assert_eq!(shown(' ', lit, lit, true), '▓');
        assert_eq!(shown(' ', lit, lit, false), ' ');
        assert_eq!(shown('▀', lit, dark, true), '▀');
        assert_eq!(shown('▄', lit, dark, true), '▄');
        assert_eq!(shown('▀', lit, lit, true), '█');
        assert_eq!(shown('\n', lit, dark, true), ' ');
    }
}
