//! Prints every transition of a grid-world as JSON, for comparison with other programs:
//! `cargo run --release --example transitions -- frozenlake-4x4 'slippery = false'`

#![allow(clippy::print_stdout)]

use freewheel_core::{Error, Result};
use freewheel_envs::gridworld::Grids;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "frozenlake-4x4".to_owned());
    let settings = arguments.next().unwrap_or_default();
    let settings = settings.parse().map_err(|e: toml::de::Error| Error::Config(e.to_string()))?;
    match Grids.world(&name, &settings)? {
        Some(world) => println!("{}", world.transitions_json()),
        None => return Err(Error::Config(format!("there is no world grid/{name}"))),
    }
    Ok(())
}
