//! Tests of the MiniGrid worlds: hand-worked grids, layouts, references, and golden playthroughs.
//! `FREEWHEEL_BLESS=1 cargo test -p freewheel-envs golden` writes the latter again.

use std::fmt::Write;

use freewheel_core::{
    Certainty, Ending, Env, Frame, NoPolicyLoader, Purpose, Scene, SolveQuery, Step, Stream, Streams, World,
    WorldFamily,
};

use super::rules::{DROP, FORWARD, LEFT, PICKUP, RIGHT, TOGGLE};
use super::search::{Obstacles, shortest};
use super::{Cell, MiniGrid, MiniGridFamily, Settings, State, WORLDS};
use crate::golden;

fn rng(episode: u64) -> Stream {
    Streams::new(1).stream(Purpose::WatchEnvironment, 0, episode)
}

fn world(name: &str, settings: &str) -> MiniGrid {
    MiniGrid::new(name, &Settings::read(&settings.parse().unwrap(), name).unwrap()).unwrap()
}

/// Cell of a letter: W wall, G goal, K yellow key, D closed and L locked yellow door, O open door, B ball.
fn cell(letter: char) -> Cell {
    match letter {
        'W' => Cell::WALL,
        'G' => Cell::GOAL,
        'K' => Cell::new(5, 4, 0),
        'O' => Cell::new(4, 4, 0),
        'D' => Cell::new(4, 4, 1),
        'L' => Cell::new(4, 4, 2),
        'B' => Cell::BALL,
        '?' => Cell::HIDDEN,
        _ => Cell::EMPTY,
    }
}

/// State of a map; the agent is `>`, `v`, `<` or `^`.
fn state(map: &str) -> State {
    let rows: Vec<Vec<char>> = map.split_whitespace().map(|row| row.chars().collect()).collect();
    let mut state = State::open(rows[0].len(), rows.len());
    for (y, row) in rows.iter().enumerate() {
        for (x, &letter) in row.iter().enumerate() {
            state.set([x as i32, y as i32], cell(letter));
            if let Some(direction) = ">v<^".find(letter) {
                (state.position, state.direction) = ([x as i32, y as i32], direction as u8);
            }
        }
    }
    state
}

fn view(state: &State, through_walls: bool) -> Vec<String> {
    let letter = |cell: &Cell| "WGKODLB?.".chars().find(|&letter| self::cell(letter) == *cell).unwrap_or('x');
    state.view(through_walls).iter().map(|row| row.iter().map(letter).collect()).collect()
}

/// The agent looks up in its view, whatever its direction in the grid; outside of the grid are walls.
#[test]
fn the_view_is_egocentric() {
    let map = "WWWWW W.K.W W.@.G W.B.W WDWWW";
    let seen = |agent: &str| view(&state(&map.replace('@', agent)), true);
    let up = ["WWWWWWW", "WWWWWWW", "WWWWWWW", "WWWWWWW", "WWWWWWW", "WW.K.WW", "WW...GW"];
    assert_eq!(seen("^")[4..], up[4..]);
    assert_eq!(seen("^")[..4], ["WWWWWWW"; 4]);
    assert_eq!(seen(">")[4..], ["WWWGWWW", "WW...WW", "WWK.BWW"]);
    assert_eq!(seen("v")[4..], ["WWWWDWW", "WW.B.WW", "WG...WW"]);
    assert_eq!(seen("<")[4..], ["WWWWWWW", "WD...WW", "WWB.KWW"]);
}

/// By hand: the agent stands in a room with a doorway. It sees its room and its walls; through the doorway it sees
/// cells behind the wall, and nothing if the door is closed.
#[test]
fn walls_and_closed_doors_hide() {
    let map = "WWWWWWW W.....W W..G..W WWW@WWW W.....W W..^..W WWWWWWW";
    let seen = |door: &str| view(&state(&map.replace('@', door)), false);
    assert_eq!(seen("D"), ["???????", "???????", "???????", "???????", "WWWDWWW", "W.....W", "W.....W"]);
    assert_eq!(seen("L")[4], "WWWLWWW");
    // MiniGrid spreads sight along each row, from a visible cell to both sides of the row above.
    assert_eq!(seen("O"), ["???????", "WWWWWWW", "W.....W", "W..G..W", "WWWOWWW", "W.....W", "W.....W"]);
}

#[test]
fn a_key_opens_its_door() {
    let mut state = state("WWWWWW W>KL.W WWWWWW");
    let mut act = |action| {
        let step = state.step(action, 100);
        assert_eq!(step, Step::transition(0.0));
        (state.at([2, 1]), state.at([3, 1]).state, state.carrying, state.position)
    };
    let key = Cell::new(5, 4, 0);
    // A key blocks the way and cannot be toggled.
    assert_eq!(act(FORWARD), (key, 2, None, [1, 1]));
    assert_eq!(act(TOGGLE), (key, 2, None, [1, 1]));
    assert_eq!(act(PICKUP), (Cell::EMPTY, 2, Some(key), [1, 1]));
    assert_eq!(act(FORWARD), (Cell::EMPTY, 2, Some(key), [2, 1]));
    // The locked door blocks the way; nothing is dropped on it.
    assert_eq!(act(FORWARD).3, [2, 1]);
    assert_eq!(act(DROP).2, Some(key));
    assert_eq!(act(TOGGLE).1, 0);
    // An unlocked door is closed and opened without the key.
    assert_eq!(act(TOGGLE).1, 1);
    assert_eq!(act(FORWARD).3, [2, 1]);
    assert_eq!(act(TOGGLE).1, 0);
    assert_eq!(act(FORWARD).3, [3, 1]);
    assert_eq!(act(FORWARD).3, [4, 1]);
    assert_eq!((act(LEFT), act(LEFT)).1.3, [4, 1]);
    // Behind the agent is the door: it is not a place for the key.
    assert_eq!(act(DROP).2, Some(key));
    act(FORWARD);
    assert_eq!(act(DROP), (key, 0, None, [3, 1]));
}

/// Without the key, or with a key of another color, the door stays locked.
#[test]
fn another_key_does_not_open() {
    for (held, expected) in [(None, 2), (Some(Cell::new(5, 0, 0)), 2), (Some(Cell::new(5, 4, 0)), 0)] {
        let mut state = State { carrying: held, ..state("WWWW W>LW WWWW") };
        state.step(TOGGLE, 100);
        assert_eq!(state.at([2, 1]).state, expected);
    }
}

#[test]
fn the_view_shows_what_is_carried() {
    let mut state = state("WWWW W>KW WWWW");
    assert_eq!(view(&state, false)[6].as_bytes()[3], b'.');
    state.step(PICKUP, 100);
    assert_eq!(view(&state, false)[6].as_bytes()[3], b'K');
}

/// The goal pays 1 - 0.9 * 4/100 in the fourth of 100 steps.
#[test]
fn the_goal_pays_less_with_every_step() {
    let mut state = state("WWWWW W>.GW WWWWW");
    assert_eq!(state.step(LEFT, 100), Step::transition(0.0));
    state.step(RIGHT, 100);
    state.step(FORWARD, 100);
    assert_eq!(state.step(FORWARD, 100), Step::termination(0.964));
    assert_eq!(state.success, Some(true));
}

#[test]
fn collisions_end_an_episode() {
    let ending = |map: &str, action| {
        let step = state(map).step_among_obstacles(action, 100, &mut rng(0));
        (step.reward, step.ending)
    };
    // Walls count as obstacles; a turn is safe, the goal too.
    assert_eq!(ending("WWW W>W WWW", FORWARD), (-1.0, Ending::Terminal));
    assert_eq!(ending("WWWW W>BW WWWW", FORWARD), (-1.0, Ending::Terminal));
    assert_eq!(ending("WWWW W>BW WWWW", LEFT), (0.0, Ending::Running));
    assert_eq!(ending("WWWW W>GW WWWW", FORWARD), (0.991, Ending::Terminal));
    assert_eq!(ending("WWWWW W>.BW WWWWW", LEFT).1, Ending::Running);
}

/// An obstacle in the middle of a 3 x 3 room moves to each of the free cells alike, but not onto the agent or the goal.
#[test]
fn obstacles_move_to_their_neighbors() {
    let start = state("WWWWW W>..W W.B.W W..GW WWWWW");
    let mut counts = [0u32; 25];
    for episode in 0..6000 {
        let mut state = start.clone();
        state.step_among_obstacles(LEFT, 100, &mut rng(episode));
        let at = state.cells.iter().position(|cell| cell.object == 6).unwrap();
        assert_eq!(state.cells.iter().filter(|cell| cell.object == 6).count(), 1);
        counts[at] += 1;
    }
    let free = [7, 8, 11, 13, 16, 17];
    assert!(free.iter().all(|&at| (counts[at] as i32 - 1000).abs() < 150), "{counts:?}");
    assert_eq!(free.iter().map(|&at| counts[at]).sum::<u32>(), 6000);
}

/// By hand: two steps to the key, which is picked up from the cell before it; then three turns and steps.
#[test]
fn shortest_paths_by_hand() {
    let length = |map: &str| shortest(&state(map), Obstacles::Blocking).map(|(steps, _)| steps);
    assert_eq!(length("WWWWW W>.GW WWWWW"), Some(2));
    assert_eq!(length("WWWWW W<.GW WWWWW"), Some(4));
    // pickup, forward, toggle, forward, forward.
    assert_eq!(length("WWWWWW W>KLGW WWWWWW"), Some(5));
    assert_eq!(length("WWWWWW W>.LGW WWWWWW"), None);
    assert_eq!(length("WWWWWW W>.DGW WWWWWW"), Some(4));
    assert_eq!(length("WWWWWW W>.BGW WWWWWW"), None);
    assert_eq!(shortest(&state("WWWWWW W>.BGW WWWWWW"), Obstacles::Ignored), Some((3, FORWARD)));
}

/// Every layout can be solved in its time limit; the script takes exactly the shortest path.
#[test]
fn every_layout_has_a_path() {
    for (name, layout) in WORLDS {
        let world = world(name, "");
        for episode in 0..40 {
            let mut state = Env::reset(&world, &mut rng(episode));
            let count = |object| state.cells.iter().filter(|cell| cell.object == object).count();
            assert_eq!(count(8), 1, "{name}");
            let (steps, _) = shortest(&state, Obstacles::Ignored).unwrap();
            if layout.has_obstacles() {
                continue;
            }
            let reward = (0..steps).map(|_| {
                let action = world.scripted(0, &state, &mut rng(0)).unwrap();
                Env::step(&world, &mut state, action, &mut rng(0)).reward
            });
            let reward = reward.last().unwrap();
            assert!(state.success == Some(true) && reward > 0.1, "{name} {steps}");
            assert_eq!(state.steps, steps);
        }
    }
}

/// Sizes of chains, numbers of doors, and colors of neighboring doors, as MiniGrid describes them.
#[test]
fn chains_have_their_rooms() {
    for (name, rooms) in [("multiroom-n2-s4", 2), ("multiroom-n4-s5", 4), ("multiroom-n6", 6)] {
        for episode in 0..50 {
            let state = Env::reset(&world(name, ""), &mut rng(episode));
            let doors = state.cells.iter().filter(|cell| cell.object == 4);
            assert_eq!(doors.clone().count(), rooms - 1);
            assert!(doors.clone().all(|door| door.state == 1));
        }
    }
    let state = Env::reset(&world("doorkey-8x8", ""), &mut rng(0));
    assert_eq!(
        state.cells.iter().filter(|cell| cell.is_key() || (cell.is_door() && cell.state == 2)).count(),
        2
    );
}

#[test]
fn references_and_baselines() {
    let solve = |name: &str| {
        let world = world(name, "");
        let query = SolveQuery::for_spec(Env::spec(&world));
        (World::solve(&world, &query).unwrap(), World::baseline(&world, &query).unwrap().value)
    };
    // 2 steps, a turn, 2 steps.
    let (best, random) = solve("empty-5x5");
    assert_eq!(best.certainty, Certainty::Exact);
    assert!((best.value - (1.0 - 0.9 * 5.0 / 100.0)).abs() < 1e-6 && random > 0.1 && random < best.value);
    let (best, random) = solve("doorkey-6x6");
    assert!(best.value > 0.95 && best.value < 0.99 && random < 0.5, "{} {random}", best.value);
    let (best, random) = solve("dynamic-obstacles-6x6");
    assert!(best.value > 0.9 && best.value < best.upper.unwrap() && random < -0.5, "{} {random}", best.value);
}

#[test]
fn observations_are_planes() {
    let (encoded, one_hot) = (world("doorkey-6x6", ""), world("doorkey-6x6", "observation = \"one-hot\""));
    let state = Env::reset(&encoded, &mut rng(3));
    let (mut numbers, mut planes) = (vec![9.0; 3 * 49], vec![9.0; 20 * 49]);
    encoded.observe(&state, &mut numbers);
    one_hot.observe(&state, &mut planes);
    assert_eq!(Env::spec(&one_hot).observation.len(), planes.len());
    for at in 0..49 {
        for (plane, (first, count)) in [(0, 11), (11, 6), (17, 3)].into_iter().enumerate() {
            let value = numbers[plane * 49 + at] as usize;
            for i in 0..count {
                assert_eq!(planes[(first + i) * 49 + at], f32::from(u8::from(i == value)));
            }
        }
    }
}

#[test]
fn wrong_names_and_settings() {
    let build =
        |name, settings: &str| MiniGridFamily.build(name, &settings.parse().unwrap(), &NoPolicyLoader);
    assert!(build("doorkey-7x7", "").unwrap().is_none());
    let error = build("doorkey-8x8", "time_limit = 0").err().unwrap().to_string();
    assert!(error.contains("minigrid/doorkey-8x8: time_limit = 0 is out of range"), "{error}");
    assert_eq!(build("doorkey-8x8", "").unwrap().unwrap().spec().time_limit, Some(640));
    assert_eq!(MiniGridFamily.list().len(), WORLDS.len());
}

/// Found by mutated checkpoints: a grid of width 0 was a division by zero.
#[test]
fn forged_states_are_refused() {
    let env = world("dynamic-obstacles-random-6x6", "");
    let state = env.reset(&mut rng(0));
    assert!(env.is_valid(&state));
    let forged = [
        State { width: 0, ..state.clone() },
        State { width: 5, ..state.clone() },
        State { cells: Vec::new(), ..state.clone() },
        State { direction: 4, ..state.clone() },
        State { position: [-1, 0], ..state.clone() },
        State { position: [0, 6], ..state.clone() },
    ];
    for state in forged {
        assert!(!env.is_valid(&state), "{state:?}");
    }
}

#[test]
fn a_state_is_plain_data() {
    let state = Env::reset(&world("multiroom-n4-s5", ""), &mut rng(0));
    let read: State = serde_json::from_str(&serde_json::to_string(&state).unwrap()).unwrap();
    assert_eq!(read, state);
    // A forged state is no reason to panic.
    let mut forged =
        State { width: 0, cells: Vec::new(), direction: 9, position: [i32::MAX - 9; 2], ..state };
    let world = world("multiroom-n4-s5", "");
    for action in 0..7 {
        Env::step(&world, &mut forged, action, &mut rng(0));
    }
    world.scripted(0, &forged, &mut rng(0));
    world.draw(&Scene::of(&forged), &mut Frame::default());
}

/// Text of an episode of the script, with random actions in between.
fn play(name: &str) -> String {
    let world = world(name, "");
    let mut rng = rng(7);
    let mut state = Env::reset(&world, &mut rng);
    let mut text = format!("{} version {}\n", Env::spec(&world).id, Env::spec(&world).version);
    let mut frame = Frame::default();
    for _ in 0..40 {
        world.draw(&Scene::of(&state), &mut frame);
        let seen = state.view(world.layout.through_walls());
        text += &frame.to_text();
        for row in seen {
            let cells = row.map(|cell| format!("{}{}{}", cell.object, cell.color, cell.state));
            writeln!(text, "  {}", cells.join(" ")).unwrap();
        }
        let count = Env::spec(&world).actions.count() as u32;
        let action =
            if rng.chance(0.3) { rng.below(count) } else { world.scripted(0, &state, &mut rng).unwrap() };
        let step = Env::step(&world, &mut state, action, &mut rng);
        writeln!(text, "{action} pays {} {:?}", step.reward, step.ending).unwrap();
        if step.ending.is_over() {
            break;
        }
    }
    world.draw(&Scene::of(&state), &mut frame);
    text + &frame.to_text()
}

#[test]
fn golden_playthroughs() {
    for name in ["doorkey-6x6", "multiroom-n2-s4", "dynamic-obstacles-5x5"] {
        golden::compare(&format!("src/minigrid/golden/{name}.txt"), &play(name));
    }
}

/// The drawing fills the window, and its text alone tells apart directions, doors, keys and their colors.
#[test]
fn the_text_shows_every_state() {
    let world = world("doorkey-6x6", "");
    let state = Env::reset(&world, &mut rng(0));
    for (room, size) in [((38, 20), (44, 19)), ((76, 36), (60, 31)), ((150, 55), (96, 49))] {
        let mut states: Vec<State> = (0..4).map(|direction| State { direction, ..state.clone() }).collect();
        let free = state.cells.iter().position(|cell| *cell == Cell::EMPTY).unwrap();
        for object in [4, 5, 6] {
            for (color, door) in [(0, 0), (1, 0), (5, 0), (0, 1), (0, 2)] {
                let mut changed = state.clone();
                changed.cells[free] = Cell::new(object, color, if object == 4 { door } else { 0 });
                states.push(changed);
            }
        }
        states.dedup();
        let mut texts = Vec::new();
        for state in &states {
            let mut frame = Frame::with_max_size(room.0, room.1);
            world.draw(&Scene::of(state), &mut frame);
            assert_eq!((frame.width(), frame.height()), size);
            texts.push(crate::golden::shown(&frame));
        }
        for (i, one) in texts.iter().enumerate() {
            let differs = |j: usize| states[i] == states[j] || texts[j] != *one;
            assert!((0..i).all(differs), "{room:?} {i}\n{one}");
        }
    }
}

#[test]
fn goals_keys_and_doors_are_events() {
    let world = world("doorkey-6x6", "");
    let mut rng = rng(1);
    let mut state = Env::reset(&world, &mut rng);
    let mut kinds = Vec::new();
    while state.success.is_none() {
        let (before, action) = (state.clone(), world.scripted(0, &state, &mut rng).unwrap());
        let step = Env::step(&world, &mut state, action, &mut rng);
        kinds.extend(world.event(&before, action, &state, step).map(|event| event.kind));
    }
    assert_eq!(kinds, ["pickup", "door", "goal"]);
}
