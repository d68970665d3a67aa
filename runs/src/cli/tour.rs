//! Command lines of `tour` and `check`.

use clap::Args;

use super::RecordOption;

/// `freewheel tour`
#[derive(Args, Debug)]
pub struct Tour {
    /// Number of the first scene, 1 to 9; default: the contents.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=9))]
    pub scene: Option<u8>,
    /// Colors; default: that of the variable FREEWHEEL_THEME, or dark.
    #[arg(long, value_enum)]
    pub theme: Option<crate::tui::Theme>,
    /// Draw symbols with ASCII characters only, as in a locale without UTF-8; letters stay as they are.
    #[arg(long)]
    pub ascii: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub record: RecordOption,
}

/// `freewheel check`
#[derive(Args, Debug)]
pub struct Check {
    /// Exercise, such as exercise-3; without one, the exercises are listed.
    pub exercise: Option<String>,
    /// Your answer, a number; without one, the question is shown.
    #[arg(allow_negative_numbers = true)]
    pub answer: Option<f64>,
}
