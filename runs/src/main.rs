//! The program: everything that Freewheel ships, on the command line.

use std::process::ExitCode;

/// Training allocates little but often; this allocator keeps pages instead of returning them.
fn main() -> ExitCode {
    freewheel::Catalogue::standard().main()
}
