//! Strongly connected components (Tarjan 1972), without recursion.

/// Calls `visit` with each component, those that others lead to first. `visit` may reorder what it is given.
pub(super) fn each<'a>(
    states: usize,
    successors: impl Fn(usize) -> &'a [u32],
    mut visit: impl FnMut(&mut [u32]),
) {
    const NEW: u32 = u32::MAX;
    // The number of each state in the order of discovery; DONE once its component is known.
    const DONE: u32 = u32::MAX - 1;
    let mut number = vec![NEW; states];
    let mut low = vec![0; states];
    let mut found = 0;
    // The path being followed: a state and how many of its successors were seen.
    let mut path: Vec<(u32, u32)> = Vec::new();
    let mut pending: Vec<u32> = Vec::new();
    for root in 0..states as u32 {
        if number[root as usize] != NEW {
            continue;
        }
        path.push((root, 0));
        while let Some((s, at)) = path.last_mut() {
            let state = *s as usize;
            if *at == 0 {
                number[state] = found;
                low[state] = found;
                found += 1;
                pending.push(*s);
            }
            if let Some(&to) = successors(state).get(*at as usize) {
                *at += 1;
                match number[to as usize] {
                    NEW => path.push((to, 0)),
                    DONE => {}
                    seen => low[state] = low[state].min(seen),
                }
                continue;
            }
            path.pop();
            if let Some(&(parent, _)) = path.last() {
                low[parent as usize] = low[parent as usize].min(low[state]);
            }
            if low[state] == number[state] {
                let begin = pending.iter().rposition(|&t| t as usize == state).unwrap_or(0);
                for &t in &pending[begin..] {
                    number[t as usize] = DONE;
                }
                visit(&mut pending[begin..]);
                pending.truncate(begin);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_cycles_and_a_tail() {
        // 0 <-> 1 -> 2 -> 3 -> 4 -> 2, 5 alone with itself, 6 -> 0
        let graph: [&[u32]; 7] = [&[1], &[0, 2], &[3], &[4], &[2], &[5], &[0]];
        let mut found = Vec::new();
        each(
            7,
            |s| graph[s],
            |component| {
                component.sort_unstable();
                found.push(component.to_vec());
            },
        );
        assert_eq!(found, [vec![2, 3, 4], vec![0, 1], vec![5], vec![6]]);
    }
}
