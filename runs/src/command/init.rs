//! `init`: a commented experiment file to begin from, and the default experiment.

use freewheel_core::Error as Core;
use freewheel_core::checkpoint::write_atomically;

use crate::cli::Init;
use crate::error::{Error, Result};
use crate::output;

/// What `freewheel run` runs when no file is named.
pub(crate) const DEFAULT_EXPERIMENT: &str = include_str!("default.toml");

/// What `freewheel init` writes.
const STARTER: &str = include_str!("starter.toml");

pub(super) fn init(args: &Init) -> Result<()> {
    if args.file.exists() && !args.force {
        let message = format!("{} is there already; name another file, or say --force", args.file.display());
        return Err(Error::Core(Core::Config(message)));
    }
    write_atomically(&args.file, STARTER.as_bytes())?;
    let file = args.file.display();
    output::text(&format!("Wrote {file}. Change what you like, then: freewheel run {file}\n"))
}
