//! Arguments of the commands about finished runs: `compare` and `report`.

use std::path::PathBuf;

use clap::Args;

use super::{Output, ProgramsOption, WideOption};

/// `freewheel compare`
#[derive(Args, Debug)]
pub struct Compare {
    /// Folders of runs, or folders that contain runs.
    #[arg(required = true, value_name = "RUNS")]
    pub runs: Vec<PathBuf>,
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

/// `freewheel report`
#[derive(Args, Debug)]
pub struct ReportArgs {
    /// Folders of runs, or folders that contain runs.
    #[arg(required = true, value_name = "RUNS")]
    pub runs: Vec<PathBuf>,
    /// File to write; its extension is the format: .html or .md.
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
    /// Question that the report answers, its first paragraph.
    #[arg(long, value_name = "TEXT")]
    pub question: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub programs: ProgramsOption,
}
