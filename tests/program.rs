//! The program `freewheel`, built again for the tests.

use std::process::ExitCode;

fn main() -> ExitCode {
    freewheel::Registry::standard().main()
}
