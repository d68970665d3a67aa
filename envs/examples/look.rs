//! Prints a grid-world in colour, as its optimal player sees it:
//! `cargo run --release --example look -- cliff-slippery [settings] [actions...]`

#![allow(clippy::print_stdout)]

use std::sync::Arc;

use freewheel_core::{Actions, DynWorld, Error, Frame, Purpose, Question, Result, Rgb, Streams};
use freewheel_envs::gridworld::Grids;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "cliff".to_owned());
    let settings = arguments.next().unwrap_or_default();
    let settings = settings.parse().map_err(|e: toml::de::Error| Error::Config(e.to_string()))?;
    let Some(world) = Grids.world(&name, &settings)? else {
        return Err(Error::Config(format!("there is no world grid/{name}")));
    };
    let world = Arc::new(world);
    let best =
        DynWorld::solve(&world, &Question { horizon: None, ..Question::as_played(DynWorld::spec(&world)) });
    let mut stage = world.stage(Streams::new(1), Purpose::WatchEnvironment, 0);
    for action in arguments {
        let action: u32 = action.parse().map_err(|_| Error::Config(format!("`{action}` is no action")))?;
        stage.step(Actions::Discrete(&[action]))?;
    }
    let mut frame = Frame::default();
    stage.draw(None, &mut frame);
    show(&frame);
    match best {
        Ok(best) => {
            println!("best return: {}", best.value);
            stage.draw(best.policy.as_deref(), &mut frame);
            show(&frame);
        }
        Err(error) => println!("{error}"),
    }
    Ok(())
}

fn show(frame: &Frame) {
    for y in 0..frame.height() {
        for cell in (0..frame.width()).filter_map(|x| frame.get(x, y)) {
            let (Rgb(r, g, b), Rgb(br, bg, bb)) = (cell.fg, cell.bg);
            print!("\x1b[38;2;{r};{g};{b};48;2;{br};{bg};{bb}m{}", cell.glyph);
        }
        println!("\x1b[0m");
    }
}
