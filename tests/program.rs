//! The program `freewheel` as the tests run it.

use std::process::ExitCode;

fn main() -> ExitCode {
    freewheel::Registry::standard().main()
}
