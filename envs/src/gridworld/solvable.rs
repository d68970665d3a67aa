//! Check that a map can be solved, by search for the states reachable from the starts, and for those from which a goal
//! is reachable.

use super::error::{MapError, MapErrorKind};
use super::map::Map;
use super::rules::Rules;
use super::table::TransitionTable;

/// Checks that every goal is reachable, that a goal is reachable from every start, and that episodes can end (else
/// [`MapError`]). An outcome of positive probability counts as a path. Keys and doors are taken into account, since
/// states include the keys.
pub(super) fn check_solvable(map: &Map, rules: &Rules, table: &TransitionTable) -> Result<(), MapError> {
    let starts: Vec<u32> = rules.starts.iter().map(|&cell| rules.observation(cell, 0)).collect();
    let reached = reachable(table.states(), &starts, |state, stack| stack.extend(successors(table, state)));
    let legend = map.legend();
    let states = || (0u32..).zip(&reached).filter(|(_, reached)| **reached).map(|(state, _)| state);
    let tile = |state: u32| &rules.tiles[rules.locate(state).0 as usize];
    let endless = legend.gamma == 1.0 && legend.time_limit == 0;
    if endless && !states().any(|state| tile(state).terminal) {
        let goal = rules.tiles.iter().position(|tile| tile.goal);
        return Err(match goal {
            Some(cell) => map.at_cell(cell, MapErrorKind::UnreachableGoal),
            None => map.at_cell(0, MapErrorKind::NeverEnds),
        });
    }
    let combinations = 1u32 << rules.keys.len();
    let goals: Vec<u32> = (0u32..).zip(&rules.tiles).filter(|(_, t)| t.goal).map(|(cell, _)| cell).collect();
    for &cell in &goals {
        let wall = rules.tiles[cell as usize].wall;
        if wall || !(0..combinations).any(|keys| reached[rules.observation(cell, keys) as usize]) {
            return Err(map.at_cell(cell as usize, MapErrorKind::UnreachableGoal));
        }
    }
    if goals.is_empty() || starts.len() == 1 {
        return Ok(());
    }
    let all_goals: Vec<u32> = states().filter(|&state| tile(state).goal).collect();
    let predecessors = Predecessors::new(table);
    let reaches_goal =
        reachable(table.states(), &all_goals, |state, stack| stack.extend(predecessors.of(state)));
    match starts.iter().find(|&&start| !reaches_goal[start as usize]) {
        Some(&start) => Err(map.at_cell(rules.locate(start).0 as usize, MapErrorKind::StartWithoutGoal)),
        None => Ok(()),
    }
}

/// States to which any action in `state` may lead.
fn successors(table: &TransitionTable, state: u32) -> impl Iterator<Item = u32> + '_ {
    let of = move |action| table.outcomes(state, action).filter(|(p, _)| *p > 0.0);
    (0..table.actions()).flat_map(of).map(|(_, landing)| landing.next)
}

/// Whether each state is reachable from `starts`, `[states]`; `expand` adds the neighbors of a state to the stack.
fn reachable(states: usize, starts: &[u32], expand: impl Fn(u32, &mut Vec<u32>)) -> Vec<bool> {
    let mut reached = vec![false; states];
    let mut stack = starts.to_vec();
    while let Some(state) = stack.pop() {
        if !std::mem::replace(&mut reached[state as usize], true) {
            expand(state, &mut stack);
        }
    }
    reached
}

/// Predecessors of each state, in compressed sparse rows.
struct Predecessors {
    offsets: Vec<u32>,
    states: Vec<u32>,
}

impl Predecessors {
    fn new(table: &TransitionTable) -> Self {
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
