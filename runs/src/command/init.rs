//! `init`: writes a commented experiment file. This file also contains the default experiment of `run`.

use freewheel_core::Error as Core;
use freewheel_core::checkpoint::write_atomically;

use crate::cli::Init;
use crate::error::{Error, Result};
use crate::{Registry, output};

/// Experiment that `freewheel run` runs without a file.
pub(crate) const DEFAULT_EXPERIMENT: &str = include_str!("default.toml");

/// Experiment file that `freewheel init` writes.
const STARTER: &str = include_str!("starter.toml");

pub(super) fn init(registry: &Registry, args: &Init) -> Result<()> {
    if args.file.exists() && !args.force {
        let file = args.file.display();
        let message = format!("{file}: this file exists; choose another name, or overwrite it with --force");
        return Err(Error::Core(Core::Config(message)));
    }
    write_atomically(&args.file, STARTER.as_bytes())?;
    let file = args.file.display();
    output::text(&format!("Wrote {file}. Edit it, then run it with: {} run {file}\n", registry.name()))
}
