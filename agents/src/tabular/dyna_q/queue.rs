//! Priority queue of state-action pairs, for prioritized sweeping.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Priority queue that holds each state-action pair at most once; a second `push` of a pair can only increase its
/// priority. The order of `pop` depends on pairs and priorities only, not on the order of `push`.
#[derive(Default)]
pub(super) struct Queue {
    heap: BinaryHeap<Entry>,
    /// Priority of each pair; 0 for a pair that is not in the queue.
    priority: Vec<f64>,
    /// Number of pairs in the queue.
    len: usize,
}

struct Entry {
    priority: f64,
    pair: usize,
}

impl Ord for Entry {
    /// Order of the queue: higher priority first, then lower pair index.
    fn cmp(&self, other: &Self) -> Ordering {
        self.priority.total_cmp(&other.priority).then(other.pair.cmp(&self.pair))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Entry {}

impl Queue {
    /// Adds `pair` if `priority` is above `theta` and above the priority of `pair` in the queue.
    pub(super) fn push(&mut self, pair: usize, priority: f64, theta: f64) {
        if priority > theta {
            if pair >= self.priority.len() {
                self.priority.resize(pair + 1, 0.0);
            }
            if priority > self.priority[pair] {
                self.len += usize::from(self.priority[pair] == 0.0);
                self.priority[pair] = priority;
                self.heap.push(Entry { priority, pair });
                self.compact();
            }
        }
    }

    /// Removes the pair of highest priority.
    pub(super) fn pop(&mut self) -> Option<usize> {
        while let Some(Entry { priority, pair }) = self.heap.pop() {
            // Skip entries replaced by one of higher priority.
            if self.priority[pair] == priority {
                self.priority[pair] = 0.0;
                self.len -= 1;
                return Some(pair);
            }
        }
        None
    }

    /// Removes replaced entries when they are the majority.
    fn compact(&mut self) {
        if self.heap.len() > 2 * self.len + 1024 {
            let priority = &self.priority;
            self.heap.retain(|entry| priority[entry.pair] == entry.priority);
        }
    }

    /// Pairs and priorities in the order of the pairs, for a checkpoint.
    pub(super) fn entries(&self) -> Vec<(u64, f64)> {
        let entries = self.priority.iter().enumerate().filter(|(_, priority)| **priority > 0.0);
        entries.map(|(pair, &priority)| (pair as u64, priority)).collect()
    }

    /// Queue of the given pairs and priorities.
    pub(super) fn from_entries(entries: &[(u64, f64)]) -> Self {
        let mut queue = Queue::default();
        entries.iter().for_each(|&(pair, priority)| queue.push(pair as usize, priority, 0.0));
        queue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(mut queue: Queue) -> Vec<usize> {
        std::iter::from_fn(|| queue.pop()).collect()
    }

    #[test]
    fn pops_by_priority_and_each_pair_once() {
        let mut queue = Queue::default();
        for (pair, priority) in [(3, 1.0), (1, 2.0), (2, 2.0), (3, 4.0), (1, 0.5), (0, 0.1), (9, f64::NAN)] {
            queue.push(pair, priority, 0.2);
        }
        assert_eq!(queue.entries(), [(1, 2.0), (2, 2.0), (3, 4.0)]);
        assert_eq!(drain(Queue::from_entries(&queue.entries())), [3, 1, 2]);
        assert_eq!(drain(queue), [3, 1, 2]);
    }

    proptest::proptest! {
        #[test]
        fn agrees_with_a_sorted_list(pushes in proptest::collection::vec((0usize..40, 0.0..9.0f64), 0..4000)) {
            let (mut queue, mut greatest) = (Queue::default(), vec![0.0f64; 40]);
            for (pair, priority) in pushes {
                queue.push(pair, priority, 0.5);
                if priority > 0.5 { greatest[pair] = greatest[pair].max(priority); }
            }
            let mut order: Vec<usize> = (0..40).filter(|&pair| greatest[pair] > 0.0).collect();
            order.sort_by(|&a, &b| greatest[b].total_cmp(&greatest[a]).then(a.cmp(&b)));
            proptest::prop_assert_eq!(drain(queue), order);
        }
    }
}
