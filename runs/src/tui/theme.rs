//! Themes: the colors of text and the changes of a picture's colors.

use std::sync::atomic::{AtomicU8, Ordering};

use freewheel_core::Rgb;

use super::palette::Role;

/// Choice of the colors of the program, for the background of the terminal and the eyes of the user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Theme {
    /// Light text on a dark background.
    #[default]
    Dark,
    /// Dark text on a light background.
    Light,
    /// Dark background, and colors that are different for all kinds of color vision: blue and orange for green and red.
    ColorBlind,
}

/// Theme that the user has chosen for all screens; `NOT_CHOSEN` before.
static CHOSEN: AtomicU8 = AtomicU8::new(NOT_CHOSEN);
const NOT_CHOSEN: u8 = u8::MAX;

impl Theme {
    const ALL: [Theme; 3] = [Theme::Dark, Theme::Light, Theme::ColorBlind];

    /// Theme of the screens: that of the last key, or of the variable `FREEWHEEL_THEME`, by default dark.
    pub(crate) fn chosen() -> Self {
        if let Some(theme) = Self::ALL.get(usize::from(CHOSEN.load(Ordering::Relaxed))) {
            return *theme;
        }
        let name = std::env::var("FREEWHEEL_THEME").unwrap_or_default();
        Self::ALL.into_iter().find(|theme| theme.name() == name).unwrap_or_default()
    }

    /// Makes this theme that of all screens.
    pub(crate) fn choose(self) {
        CHOSEN.store(self as u8, Ordering::Relaxed);
    }

    /// The next theme, in a cycle.
    pub(super) fn next(self) -> Self {
        match self {
            Theme::Dark => Theme::Light,
            Theme::Light => Theme::ColorBlind,
            Theme::ColorBlind => Theme::Dark,
        }
    }

    /// Name of the theme, as on the command line.
    pub(super) fn name(self) -> &'static str {
        match self {
            Theme::Dark => "dark",
            Theme::Light => "light",
            Theme::ColorBlind => "color-blind",
        }
    }

    /// Colors of text and of the background.
    pub(crate) fn base(self) -> [Rgb; 2] {
        [self.text(Role::Text), self.background()]
    }

    /// Background of the screen.
    pub(super) fn background(self) -> Rgb {
        if self == Theme::Light { Rgb(248, 248, 245) } else { Rgb(20, 22, 28) }
    }

    /// Background of the first and the last row.
    pub(super) fn bar(self) -> Rgb {
        if self == Theme::Light { Rgb(228, 230, 234) } else { Rgb(31, 34, 43) }
    }

    /// Color of text for the purpose `role`.
    pub(super) fn text(self, role: Role) -> Rgb {
        match (self, role) {
            (Theme::Light, Role::Text) => Rgb(34, 38, 48),
            (Theme::Light, Role::Dim) => Rgb(101, 107, 121),
            (Theme::Light, Role::Line) => Rgb(190, 194, 203),
            (Theme::Light, Role::Accent) => Rgb(24, 92, 168),
            (Theme::Light, Role::Good) => Rgb(44, 116, 28),
            (Theme::Light, Role::Warn) => Rgb(156, 87, 0),
            (_, Role::Text) => Rgb(205, 209, 219),
            (_, Role::Dim) => Rgb(122, 128, 144),
            (_, Role::Line) => Rgb(58, 63, 77),
            (_, Role::Accent) => Rgb(125, 174, 232),
            // Sky blue and orange of Okabe and Ito, https://jfly.uni-koeln.de/color.
            (Theme::ColorBlind, Role::Good) => Rgb(86, 180, 233),
            (Theme::ColorBlind, Role::Warn) => Rgb(230, 159, 0),
            (_, Role::Good) => Rgb(148, 194, 117),
            (_, Role::Warn) => Rgb(222, 178, 106),
        }
    }

    /// Darker color, in the light theme a lighter one, for the purpose `role`; `None` without one.
    pub(super) fn shade(self, role: Role) -> Option<Rgb> {
        match (self, role) {
            (Theme::Light, Role::Accent) => Some(Rgb(190, 211, 236)),
            (Theme::Light, Role::Warn) => Some(Rgb(243, 217, 178)),
            (_, Role::Accent) => Some(Rgb(50, 68, 94)),
            (_, Role::Warn) => Some(Rgb(88, 72, 46)),
            _ => None,
        }
    }

    /// Color of the curve with this index in a plot of several curves; six colors repeat.
    pub(super) fn series(self, index: usize) -> Rgb {
        const DARK: [Rgb; 6] = [
            Rgb(125, 174, 232),
            Rgb(214, 139, 214),
            Rgb(110, 200, 196),
            Rgb(232, 139, 110),
            Rgb(176, 160, 240),
            Rgb(214, 214, 214),
        ];
        const LIGHT: [Rgb; 6] = [
            Rgb(24, 92, 168),
            Rgb(150, 40, 150),
            Rgb(0, 112, 108),
            Rgb(176, 66, 28),
            Rgb(88, 66, 190),
            Rgb(80, 80, 80),
        ];
        // Without sky blue and orange, which are the reference and the baseline: Okabe and Ito.
        const COLOR_BLIND: [Rgb; 6] = [
            Rgb(240, 228, 66),
            Rgb(204, 121, 167),
            Rgb(0, 158, 115),
            Rgb(213, 94, 0),
            Rgb(150, 160, 230),
            Rgb(214, 214, 214),
        ];
        let all = match self {
            Theme::Dark => DARK,
            Theme::Light => LIGHT,
            Theme::ColorBlind => COLOR_BLIND,
        };
        all[index % all.len()]
    }

    /// Color of a world's picture in this theme. For color-blind eyes, the difference of red and green moves into the
    /// blue component: greens turn to blue, reds to orange.
    pub(super) fn of_picture(self, Rgb(r, g, b): Rgb) -> Rgb {
        if self != Theme::ColorBlind {
            return Rgb(r, g, b);
        }
        let blue = f32::from(b) - 0.7 * (f32::from(r) - f32::from(g));
        Rgb(r, g, blue.round().clamp(0.0, 255.0) as u8)
    }

    /// Color of glyphs that a picture draws on the background of the screen.
    pub(super) fn on_background(self, rgb: Rgb) -> Rgb {
        // Light glyphs are for a dark background: the light theme darkens them and keeps their hue.
        let light = brightness(rgb);
        if self != Theme::Light || light < 0.5 {
            return self.of_picture(rgb);
        }
        let darker = |x: u8| (f32::from(x) * 0.42 / light).round().min(255.0) as u8;
        Rgb(darker(rgb.0), darker(rgb.1), darker(rgb.2))
    }
}

/// Brightness of a color, 0 to 1 (ITU-R BT.601).
pub(super) fn brightness(Rgb(r, g, b): Rgb) -> f32 {
    (0.299 * f32::from(r) + 0.587 * f32::from(g) + 0.114 * f32::from(b)) / 255.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Contrast ratio of two colors by the Web Content Accessibility Guidelines 2.2, 1 to 21.
    fn contrast(a: Rgb, b: Rgb) -> f64 {
        let linear = |x: u8| match f64::from(x) / 255.0 {
            x if x <= 0.04045 => x / 12.92,
            x => ((x + 0.055) / 1.055).powf(2.4),
        };
        let light = |Rgb(r, g, b): Rgb| 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
        let (a, b) = (light(a), light(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_is_readable_in_every_theme() {
        // Black on white has the ratio 21.
        assert!((contrast(Rgb(0, 0, 0), Rgb(255, 255, 255)) - 21.0).abs() < 1e-9);
        for theme in [Theme::Dark, Theme::Light, Theme::ColorBlind] {
            for role in [Role::Text, Role::Accent, Role::Good, Role::Warn, Role::Dim] {
                let ratio = contrast(theme.text(role), theme.background());
                let least = if role == Role::Dim { 4.3 } else { 4.5 };
                assert!(ratio >= least, "{theme:?} {role:?}: {ratio}");
            }
            for index in 0..6 {
                let ratio = contrast(theme.series(index), theme.background());
                assert!(ratio >= 4.0, "{theme:?} {index}: {ratio}");
            }
            // Glyphs of pictures on the background of the screen.
            for glyph in [Rgb(250, 250, 250), Rgb(220, 220, 220), Rgb(120, 200, 120), Rgb(230, 200, 90)] {
                let ratio = contrast(theme.on_background(glyph), theme.background());
                assert!(ratio >= 3.0, "{theme:?} {glyph:?}: {ratio}");
            }
        }
    }

    #[test]
    fn themes_form_a_cycle() {
        assert_eq!(Theme::Dark.next().next().next(), Theme::Dark);
        assert_eq!(Theme::ColorBlind.of_picture(Rgb(60, 60, 200)), Rgb(60, 60, 200));
        assert_eq!(Theme::ColorBlind.of_picture(Rgb(200, 80, 80)), Rgb(200, 80, 0));
        assert_eq!(Theme::ColorBlind.of_picture(Rgb(80, 200, 80)), Rgb(80, 200, 164));
        assert_eq!(Theme::Dark.of_picture(Rgb(80, 200, 80)), Rgb(80, 200, 80));
    }
}
