//! Arguments of the commands that make files to share: `render`, `plot` and `export`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};

use super::{Output, Overrides, ProgramsOption, WideOption};
use crate::count;
use crate::tui::{Speed, Theme};

/// `freewheel render`
#[derive(Args, Debug)]
pub struct Render {
    /// File of recorded episodes (.jsonl), of games of Go (.sgf) or of a terminal recording (.cast), store of
    /// demonstrations, folder of a run, or world.
    pub what: String,
    /// File to write; its extension is the format: .gif, .cast, .svg, .png or .txt.
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
    /// Size of the screen in columns and rows, 40x10 to 400x200.
    #[arg(long, value_name = "COLUMNSxROWS", default_value = "100x30")]
    pub size: ScreenSize,
    /// Draw only the picture of the world, without the panel; --size is then its maximum size.
    #[arg(long)]
    pub picture: bool,
    /// Number of the episode, from 0.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub episode: u64,
    /// Number of steps before the screen of a PNG, SVG or text file; default: all steps.
    #[arg(long, value_name = "N")]
    pub step: Option<usize>,
    /// Time of the screen of a PNG, SVG or text file that is made of a terminal recording, in seconds; default: its
    /// end.
    #[arg(long, value_name = "SECONDS")]
    pub at: Option<f64>,
    /// Speed: a factor of the world's own clock, or of a terminal recording, such as 2x, or a number of steps a second.
    #[arg(long, default_value = "1x")]
    pub speed: Speed,
    /// Screens a second of an animation, 1 to 50; default: 12 for a GIF, 30 for a terminal recording.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=50))]
    pub fps: Option<u8>,
    /// Longest time of an animation, in seconds, 1 to 3600; a longer episode is shown faster.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub max_seconds: u32,
    /// Colors.
    #[arg(long, value_enum, default_value_t)]
    pub theme: Theme,
    /// Agent or scripted policy that acts in a world; default: the optimal policy, if the world has a solver.
    #[arg(long)]
    pub agent: Option<String>,
    /// Environment steps of training of the agent.
    #[arg(long, value_name = "STEPS", default_value_t = 50_000, value_parser = count::parse)]
    pub train: u64,
    /// Seed of the world and of the agent.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub overrides: Overrides,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub programs: ProgramsOption,
}

/// Size of a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScreenSize {
    /// Number of columns.
    pub columns: u16,
    /// Number of rows.
    pub rows: u16,
}

impl FromStr for ScreenSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once(['x', 'X', '×']).and_then(|(columns, rows)| {
            let size = ScreenSize { columns: columns.trim().parse().ok()?, rows: rows.trim().parse().ok()? };
            ((40..=400).contains(&size.columns) && (10..=200).contains(&size.rows)).then_some(size)
        });
        parsed.ok_or_else(|| "must be columns and rows such as 120x40, from 40x10 to 400x200".into())
    }
}

/// `freewheel plot`
#[derive(Args, Debug)]
pub struct Plot {
    /// Folders of runs, or folders that contain runs.
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// File to write instead of printing; its extension is the format: .svg, .png or .csv.
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
    /// Metric of metrics.jsonl: score (training episodes), evaluation (greedy episodes), or one of the agent.
    #[arg(long, value_name = "NAME", default_value = "score")]
    pub metric: String,
    /// Meaning of the horizontal axis.
    #[arg(long, value_enum, default_value_t = PlotX::Steps)]
    pub x: PlotX,
    /// Leave out the lines of the reference and of the baseline, for which the world is solved.
    #[arg(long)]
    pub no_reference: bool,
    /// Colors of a plot in the terminal; default: that of the variable FREEWHEEL_THEME, or dark.
    #[arg(long, value_enum)]
    pub theme: Option<Theme>,
}

/// `freewheel export`
#[derive(Args, Debug)]
pub struct Export {
    /// Folders of runs, or folders that contain runs.
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// Format: onnx, safetensors or tensorboard for a file in the folder of each run; or the name of a file that
    /// ends with .onnx or .safetensors (policy of one run), .csv or .parquet (metrics of all runs).
    #[arg(long, value_name = "FORMAT|FILE")]
    pub to: PathBuf,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: Output,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub wide: WideOption,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub programs: ProgramsOption,
}

/// Choice of the horizontal axis of learning curves.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlotX {
    /// Environment steps.
    Steps,
    /// Training episodes; their mean over the seeds.
    Episodes,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_from_text() {
        assert_eq!("120x40".parse(), Ok(ScreenSize { columns: 120, rows: 40 }));
        for wrong in ["", "120", "x", "39x40", "120x9", "401x40", "100x201", "-1x20"] {
            assert!(wrong.parse::<ScreenSize>().is_err(), "{wrong}");
        }
    }
}
