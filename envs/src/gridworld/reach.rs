//! Whether a map can be solved at all: what can be reached from the starts, and what the goals can be reached from.

use super::fault::{Fault, MapError};
use super::map::Map;
use super::rules::Rules;
use super::table::Table;

/// Refuses a map with a goal that cannot be reached, a start that reaches none, or no end at all. Chance counts as a
/// way: what has a positive probability can be reached. Keys and doors are honored, since states hold the keys.
pub(super) fn check(map: &Map, rules: &Rules, table: &Table) -> Result<(), MapError> {
    let starts: Vec<u32> = rules.starts.iter().map(|&cell| rules.observation(cell, 0)).collect();
    let reached = walk(table.states(), &starts, |state, open| open.extend(successors(table, state)));
    let legend = map.legend();
    let states = || (0u32..).zip(&reached).filter(|(_, reached)| **reached).map(|(state, _)| state);
    let tile = |state: u32| &rules.tiles[rules.locate(state).0 as usize];
    let endless = legend.gamma == 1.0 && legend.time_limit == 0;
    if endless && !states().any(|state| tile(state).terminal) {
        let goal = rules.tiles.iter().position(|tile| tile.goal);
        return Err(match goal {
            Some(cell) => map.at_cell(cell, Fault::UnreachableGoal),
            None => map.at_cell(0, Fault::Endless),
        });
    }
    let combinations = 1u32 << rules.keys.len();
    let goals: Vec<u32> = (0u32..).zip(&rules.tiles).filter(|(_, t)| t.goal).map(|(cell, _)| cell).collect();
    for &cell in &goals {
        let wall = rules.tiles[cell as usize].wall;
        if wall || !(0..combinations).any(|keys| reached[rules.observation(cell, keys) as usize]) {
            return Err(map.at_cell(cell as usize, Fault::UnreachableGoal));
        }
    }
    if goals.is_empty() || starts.len() == 1 {
        return Ok(());
    }
    let all_goals: Vec<u32> = states().filter(|&state| tile(state).goal).collect();
    let backward = Predecessors::new(table);
    let solves = walk(table.states(), &all_goals, |state, open| open.extend(backward.of(state)));
    match starts.iter().find(|&&start| !solves[start as usize]) {
        Some(&start) => Err(map.at_cell(rules.locate(start).0 as usize, Fault::StrandedStart)),
        None => Ok(()),
    }
}

/// The states that `state` may lead to.
fn successors(table: &Table, state: u32) -> impl Iterator<Item = u32> + '_ {
    let of = move |action| table.outcomes(state, action).filter(|(p, _)| *p > 0.0);
    (0..table.actions()).flat_map(of).map(|(_, landing)| landing.next)
}

/// Which of `states` states a walk comes to from `starts`, `[states]`; `expand` adds the neighbors of one.
fn walk(states: usize, starts: &[u32], expand: impl Fn(u32, &mut Vec<u32>)) -> Vec<bool> {
    let mut reached = vec![false; states];
    let mut open = starts.to_vec();
    while let Some(state) = open.pop() {
        if !std::mem::replace(&mut reached[state as usize], true) {
            expand(state, &mut open);
        }
    }
    reached
}

/// The states that may lead to each state; compressed sparse rows.
struct Predecessors {
    offsets: Vec<u32>,
    states: Vec<u32>,
}

impl Predecessors {
    fn new(table: &Table) -> Self {
        let mut offsets = vec![0u32; table.states() + 2];
        for state in 0..table.states() as u32 {
            successors(table, state).for_each(|next| offsets[next as usize + 2] += 1);
        }
        for i in 2..offsets.len() {
            offsets[i] += offsets[i - 1];
        }
        let mut states = vec![0; offsets[offsets.len() - 1] as usize];
        for state in 0..table.states() as u32 {
            for next in successors(table, state) {
                let slot = &mut offsets[next as usize + 1];
                states[*slot as usize] = state;
                *slot += 1;
            }
        }
        Predecessors { offsets, states }
    }

    fn of(&self, state: u32) -> &[u32] {
        &self.states[self.offsets[state as usize] as usize..self.offsets[state as usize + 1] as usize]
    }
}
