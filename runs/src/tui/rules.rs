//! Rules of the built-in worlds in short, and the meaning of the glyphs in their pictures. The pages in `docs/worlds`
//! have all of it.

/// Heading and text of each rule.
pub(super) type Rules = &'static [(&'static str, &'static str)];

const GRID: Rules = &[
    ("task", "walk to a goal"),
    ("reward", "-1 a step, unless the map sets others"),
    ("end", "terminal at a goal, in a hole, or in another terminal cell of the map"),
    (
        "picture",
        "● agent  S start  ⚑ goal  ○ hole  █ wall  number: value of the best action  arrow: this action",
    ),
];
const CLIFF: Rules = &[
    ("task", "walk to the goal along a cliff"),
    ("reward", "-1 a step, -100 for a step into the cliff, which leads back to the start"),
    ("end", "terminal at the goal"),
    ("picture", "● agent, S start, ⚑ goal, red: cliff, number: value of the best action, arrow: this action"),
];
const FROZEN_LAKE: Rules = &[
    ("task", "walk over slippery ice to the goal"),
    ("reward", "1 at the goal, else 0"),
    ("ice", "a move goes in its direction with probability 1/3, else to the left or right of it"),
    ("end", "terminal at the goal and in a hole"),
    ("picture", "● agent, S start, ⚑ goal, ○ hole, number: value of the best action, arrow: this action"),
];
const DEEP_SEA: Rules = &[
    ("task", "go right in every row to reach the treasure"),
    ("reward", "1 at the treasure, -0.01 / N for a step to the right, else 0"),
    ("end", "terminal after N steps"),
    ("picture", "● agent, ◆ treasure, number: value of the best action, arrow: this action"),
];
const TAXI: Rules = &[
    ("task", "fetch the passenger, and set them down at the destination"),
    ("reward", "-1 a step, 20 at the destination, -10 for picking up or setting down at a wrong place"),
    ("end", "terminal when the passenger is at the destination"),
    ("picture", "● taxi, ☻ passenger, ⚑ destination, R G Y B: places, thick line: wall"),
];
const GO: Rules = &[
    ("task", "surround more of the board than the other player"),
    (
        "rules",
        "area scoring; a stone without liberties is captured; no position may come again (setting `ruleset`)",
    ),
    ("reward", "at the end: 1 a win, -1 a loss"),
    ("end", "terminal after two passes; truncated after 2 moves a point"),
    (
        "picture",
        "black and white stones  ◉ ◎ last move  ◆ star point  v: values, visits, liberties, territory, moves",
    ),
];
const TRACK: Rules = &[
    ("task", "drive a lap in the shortest time"),
    ("reward", "progress along the center line, m"),
    ("car", "its tires provide at most 9.81 m/s² for turns and pedals together"),
    ("end", "terminal after the last lap, and where the middle of the rear axle leaves the road"),
    (
        "picture",
        "red: car  ▷ or dotted: ghost, a quick estimate of a fast lap  trail: orange slow, blue fast",
    ),
];
const MARKET: Rules = &[
    ("task", "choose the position of each step"),
    ("reward", "gain after costs, or growth of its utility"),
    ("end", "after the steps of an episode"),
    (
        "picture",
        "▲ buy  ▼ sell  price: green long, red short  below: position, wealth beside hold and reference",
    ),
];
const CARTPOLE: Rules = &[
    ("task", "keep the pole up by pushing the cart with 10 N to the left or right"),
    ("reward", "1 a step"),
    ("end", "terminal beyond 2.4 m or 12 degrees; truncated at the time limit, 500 steps"),
    ("picture", "┊ limit of the pole, ┃ end of the track, ━► force, lowest line: the whole track, ◆ cart"),
];
const ACROBOT: Rules = &[
    ("task", "swing the free end of two links 1 m above the fixed one, by a torque between them"),
    ("reward", "-1 a step, 0 for the last one"),
    ("end", "terminal when the free end is up; truncated at the time limit"),
];
const MOUNTAIN_CAR: Rules = &[
    ("task", "swing a weak car out of a valley"),
    ("reward", "-1 a step; with a force as action -0.1 force², and 100 at the goal"),
    ("end", "terminal at the flag; truncated at the time limit"),
];
const PENDULUM: Rules = &[
    ("task", "swing a rod up and hold it upright"),
    ("reward", "-(angle² + 0.1 velocity² + 0.001 torque²)"),
    ("end", "truncated at the time limit"),
];
const MINIGRID: Rules = &[
    ("task", "go to the goal; the agent sees 7 x 7 cells in front of it"),
    ("reward", "1 - 0.9 steps / time limit at the goal; -1 for a collision with a moving obstacle"),
    ("end", "terminal at the goal and in a collision; truncated at the time limit"),
];
const BREAKOUT: Rules = &[
    ("task", "return the ball with the paddle"),
    ("reward", "1 for each brick"),
    ("end", "terminal when the ball is lost; truncated at the time limit"),
];

/// Rules by the beginning of the ids of worlds, the longest first.
const ALL: &[(&str, Rules)] = &[
    ("grid/cliff", CLIFF),
    ("grid/frozenlake", FROZEN_LAKE),
    ("grid/taxi", TAXI),
    ("grid/deepsea", DEEP_SEA),
    ("grid", GRID),
    ("go/", GO),
    ("track", TRACK),
    ("market", MARKET),
    ("classic/cartpole", CARTPOLE),
    ("classic/acrobot", ACROBOT),
    ("classic/mountain-car", MOUNTAIN_CAR),
    ("classic/pendulum", PENDULUM),
    ("minigrid/", MINIGRID),
    ("minatar/breakout", BREAKOUT),
];

/// Rules of the world with this id, by the longest beginning that is known; empty for a world that is not built in.
pub(super) fn of(id: &str) -> Rules {
    ALL.iter().find(|(beginning, _)| id.starts_with(beginning)).map_or(&[], |(_, rules)| rules)
}

/// Headings and texts of all rules.
#[cfg(test)]
pub(super) fn texts() -> impl Iterator<Item = &'static str> {
    ALL.iter().flat_map(|(_, rules)| rules.iter().flat_map(|(heading, text)| [*heading, *text]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Registry;

    #[test]
    fn every_built_in_world_has_rules() {
        for world in Registry::standard().worlds() {
            let rules = of(&world.id);
            assert!(rules.iter().any(|(heading, _)| *heading == "reward"), "{}", world.id);
        }
        assert!(of("own/world").is_empty());
    }

    /// The statements about numbers that a world can confirm.
    #[test]
    fn the_rules_agree_with_the_worlds() {
        use freewheel_core::{ActionBuffer, Purpose, Streams};
        let registry = Registry::standard();
        let first = |id: &str, action: u32| {
            let world = registry.build_world(id, &toml::Table::new()).unwrap();
            let mut runner = world.episode_runner(Streams::new(0), Purpose::WatchEnvironment, 0);
            runner.step(ActionBuffer::Discrete(vec![action]).as_actions()).unwrap().reward
        };
        // Up, and right into the cliff; a push; a setting down of nobody.
        assert_eq!([first("grid/cliff", 0), first("grid/cliff", 1)], [-1.0, -100.0]);
        assert_eq!([first("classic/cartpole", 0), first("grid/taxi", 5)], [1.0, -10.0]);
        let limit = |id: &str| registry.build_world(id, &toml::Table::new()).unwrap().spec().time_limit;
        assert_eq!(limit("classic/cartpole"), Some(500));
    }
}
