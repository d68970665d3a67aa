//! The program: everything that Freewheel ships, on the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    freewheel::Registry::standard().main()
}
