//! Colors for terminals with 24-bit, 256, 16 or no colors.

use freewheel_core::{Cell, Rgb};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Span;

use super::theme::{Theme, brightness};

/// Color depth of a terminal: number of colors that it can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// 24-bit colors.
    True,
    /// 256 colors: the 6 x 6 x 6 color cube and the grays of xterm.
    Cube,
    /// 16 colors, in the shades that the user has configured.
    Sixteen,
    /// No colors: only glyphs, bold and dim.
    None,
}

impl Depth {
    /// Color depth from environment variables; `get` returns the value of a variable.
    pub fn detect(get: impl Fn(&str) -> Option<String>) -> Self {
        let term = get("TERM").unwrap_or_default();
        // https://no-color.org: set and not empty.
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

/// Choice of the purpose of a color.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Color of text.
    Text,
    /// Color of labels and secondary text.
    Dim,
    /// Color of lines.
    Line,
    /// Color of the current selection.
    Accent,
    /// Color of the reference, and of the end in a terminal state.
    Good,
    /// Color of a truncation, of the baseline, and of a message.
    Warn,
}

/// Colors of one terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Palette {
    /// Color depth of the terminal.
    pub(super) depth: Depth,
    /// Choice of the colors.
    pub(super) theme: Theme,
}

impl Palette {
    /// Dark colors for a terminal of this depth.
    pub(super) fn new(depth: Depth) -> Self {
        Palette { depth, theme: Theme::Dark }
    }

    /// Style of plain text on the background.
    pub(super) fn base(self) -> Style {
        match self.depth {
            // With the shades that the user has configured, the background is the user's, too.
            Depth::Sixteen | Depth::None => Style::reset(),
            _ => Style::reset()
                .fg(self.color(self.theme.text(Role::Text)))
                .bg(self.color(self.theme.background())),
        }
    }

    /// Style of the first and the last row.
    pub(super) fn bar(self) -> Style {
        match self.depth {
            Depth::Sixteen | Depth::None => Style::new(),
            _ => Style::new().bg(self.color(self.theme.bar())),
        }
    }

    /// Style of text for the purpose `role`.
    pub(super) fn role(self, role: Role) -> Style {
        let style = Style::new();
        if self.depth == Depth::None {
            return match role {
                Role::Text | Role::Line => style,
                Role::Dim => style.add_modifier(Modifier::DIM),
                Role::Accent | Role::Good | Role::Warn => style.add_modifier(Modifier::BOLD),
            };
        }
        if self.depth == Depth::Sixteen {
            return style.fg(match role {
                Role::Text => Color::Reset,
                Role::Dim | Role::Line => Color::DarkGray,
                Role::Accent => Color::Cyan,
                Role::Good => Color::Green,
                Role::Warn => Color::Yellow,
            });
        }
        style.fg(self.color(self.theme.text(role)))
    }

    /// Darker color for the purpose `role`; `None` if the terminal has no shades.
    pub(super) fn shade(self, role: Role) -> Option<Color> {
        let rgb = self.theme.shade(role)?;
        matches!(self.depth, Depth::True | Depth::Cube).then(|| self.color(rgb))
    }

    /// Style of the curve with this index in a plot of several curves; a curve that is not in `front` is dim where
    /// there are no colors.
    pub(super) fn series(self, index: usize, front: bool) -> Style {
        let style = Style::new();
        match (self.depth, front) {
            (Depth::None, true) => style.add_modifier(Modifier::BOLD),
            (Depth::None, false) => style.add_modifier(Modifier::DIM),
            _ => style.fg(self.color(self.theme.series(index))),
        }
    }

    /// Shade of the interval of the curve with this index; `None` if the terminal has no shades.
    pub(super) fn series_shade(self, index: usize) -> Option<Color> {
        let shade = self.theme.background().mix(self.theme.series(index), 0.3);
        matches!(self.depth, Depth::True | Depth::Cube).then(|| self.color(shade))
    }

    /// Glyph and style of a cell of the world's picture. If `blank`, the cell belongs to an area without any glyph;
    /// without colors, a glyph makes it visible.
    pub(super) fn cell(self, cell: &Cell, blank: bool) -> (char, Style) {
        let glyph = match cell.glyph {
            control if control.is_control() => ' ',
            // A white thing on a colored ground, such as a stone on a board: the glyph of an outline is for screens
            // without colors.
            '○' if self.depth != Depth::None && cell.bg != Rgb(0, 0, 0) && brightness(cell.fg) > 0.9 => '●',
            glyph => glyph,
        };
        // Black on black, the default, leaves the colors to the terminal.
        let default_colors = cell.fg == Rgb(0, 0, 0) && cell.bg == Rgb(0, 0, 0);
        if self.depth == Depth::None {
            let plain = default_colors || (glyph == ' ' && !blank);
            return (if plain { glyph } else { gray(glyph, cell) }, Style::reset());
        }
        if default_colors {
            return (glyph, self.base());
        }
        // A black background is the default: the terminal's own background stays.
        let (fg, bg) = match (cell.bg, self.depth) {
            (Rgb(0, 0, 0), Depth::Sixteen) => (self.theme.on_background(cell.fg), Color::Reset),
            (Rgb(0, 0, 0), _) => (self.theme.on_background(cell.fg), self.color(self.theme.background())),
            (bg, _) => (self.theme.of_picture(cell.fg), self.color(self.theme.of_picture(bg))),
        };
        (glyph, Style::reset().fg(self.color(fg)).bg(bg))
    }

    /// Draws a cell of the world's picture into a cell of the screen; see [`Palette::cell`].
    pub(super) fn draw_cell(self, cell: &Cell, blank: bool, out: &mut ratatui::buffer::Cell) {
        let (glyph, style) = self.cell(cell, blank);
        // A glyph must be one column wide; a wider glyph would shift the row.
        let narrow = !glyph.is_control()
            && (glyph.is_ascii() || Span::raw(glyph.encode_utf8(&mut [0; 4]) as &str).width() == 1);
        out.set_char(if narrow { glyph } else { '?' }).set_style(style);
    }

    fn color(self, rgb: Rgb) -> Color {
        match self.depth {
            Depth::True => Color::Rgb(rgb.0, rgb.1, rgb.2),
            Depth::Cube => Color::Indexed(cube(rgb)),
            Depth::Sixteen => sixteen(rgb),
            Depth::None => Color::Reset,
        }
    }
}

/// Glyph for a cell without colors: brightness becomes shading, and half blocks stay half blocks.
fn gray(glyph: char, cell: &Cell) -> char {
    match glyph {
        ' ' => match brightness(cell.bg) {
            l if l < 0.25 => ' ',
            l if l < 0.5 => '░',
            l if l < 0.75 => '▒',
            _ => '▓',
        },
        // The shape of a black or white thing on a colored ground.
        '▀' | '▄'
            if cell.bg != Rgb(0, 0, 0)
                && !(0.1..0.85).contains(&brightness(cell.fg))
                && (brightness(cell.fg) - brightness(cell.bg)).abs() > 0.1 =>
        {
            glyph
        }
        '▀' | '▄' => {
            let (fg, bg) = (brightness(cell.fg) > 0.45, brightness(cell.bg) > 0.45);
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

/// Squared distance of two colors, weighted by the sensitivity of the eye: most for green, least for blue.
fn distance(a: Rgb, b: Rgb) -> i32 {
    let d = |a: u8, b: u8| (i32::from(a) - i32::from(b)).pow(2);
    3 * d(a.0, b.0) + 6 * d(a.1, b.1) + d(a.2, b.2)
}

/// Difference to gray: the largest minus the smallest component.
fn chroma(rgb: Rgb) -> u8 {
    rgb.0.max(rgb.1).max(rgb.2) - rgb.0.min(rgb.1).min(rgb.2)
}

/// Nearest of xterm's colors 16 to 255.
pub(crate) fn cube(rgb: Rgb) -> u8 {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let nearest = |x: u8| (0..6u8).min_by_key(|&i| LEVELS[usize::from(i)].abs_diff(x)).unwrap_or_default();
    let [r, g, b] = [rgb.0, rgb.1, rgb.2].map(nearest);
    let [x, y, z] = [r, g, b].map(|i| LEVELS[usize::from(i)]);
    let mean = (u32::from(rgb.0) + u32::from(rgb.1) + u32::from(rgb.2)) / 3;
    let step = (mean.saturating_sub(3) / 10).min(23) as u8;
    let level = 8 + 10 * step;
    // Only nearly gray colors become gray: a dull blue stays blue.
    if chroma(rgb) < 24 && distance(rgb, Rgb(level, level, level)) < distance(rgb, Rgb(x, y, z)) {
        232 + step
    } else {
        16 + 36 * r + 6 * g + b
    }
}

/// Nearest of the 16 colors, assuming the shades of most terminals.
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
    fn depth_follows_the_environment() {
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
    fn without_colors_glyphs_show_brightness() {
        let plain = Palette::new(Depth::None);
        let shown = |glyph, fg, bg, blank| plain.cell(&Cell { glyph, fg, bg }, blank).0;
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
