//! The program `freewheel` on the command line, with all built-in worlds, agents and estimators.

use std::process::ExitCode;

fn main() -> ExitCode {
    freewheel::Registry::standard().main()
}
