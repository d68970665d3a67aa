//! Pairs that wait to be updated, the most urgent first.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A priority queue in which a pair stands once; pushing it again can only make it more urgent.
///
/// What comes out depends on the pairs and their priorities alone, never on the order in which they went in.
#[derive(Default)]
pub(super) struct Queue {
    heap: BinaryHeap<Entry>,
    /// By pair; 0 is not waiting.
    priority: Vec<f64>,
    waiting: usize,
}

struct Entry {
    priority: f64,
    pair: usize,
}

impl Ord for Entry {
    /// The greater priority, then the lower pair.
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
    /// Queues `pair`, if `priority` is above `theta` and above what it already waits with.
    pub(super) fn push(&mut self, pair: usize, priority: f64, theta: f64) {
        if priority > theta {
            if pair >= self.priority.len() {
                self.priority.resize(pair + 1, 0.0);
            }
            if priority > self.priority[pair] {
                self.waiting += usize::from(self.priority[pair] == 0.0);
                self.priority[pair] = priority;
                self.heap.push(Entry { priority, pair });
                self.tidy();
            }
        }
    }

    /// Takes out the most urgent pair.
    pub(super) fn pop(&mut self) -> Option<usize> {
        while let Some(Entry { priority, pair }) = self.heap.pop() {
            // An entry that is not the pair's priority any more was overtaken by a more urgent one.
            if self.priority[pair] == priority {
                self.priority[pair] = 0.0;
                self.waiting -= 1;
                return Some(pair);
            }
        }
        None
    }

    /// Drops overtaken entries once they are the most.
    fn tidy(&mut self) {
        if self.heap.len() > 2 * self.waiting + 1024 {
            let priority = &self.priority;
            self.heap.retain(|entry| priority[entry.pair] == entry.priority);
        }
    }

    /// What waits, by pair: all that a checkpoint needs.
    pub(super) fn waiting(&self) -> Vec<(u64, f64)> {
        let waiting = self.priority.iter().enumerate().filter(|(_, priority)| **priority > 0.0);
        waiting.map(|(pair, &priority)| (pair as u64, priority)).collect()
    }

    pub(super) fn from_waiting(waiting: &[(u64, f64)]) -> Self {
        let mut queue = Queue::default();
        waiting.iter().for_each(|&(pair, priority)| queue.push(pair as usize, priority, 0.0));
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
    fn the_most_urgent_comes_first_and_each_once() {
        let mut queue = Queue::default();
        for (pair, priority) in [(3, 1.0), (1, 2.0), (2, 2.0), (3, 4.0), (1, 0.5), (0, 0.1), (9, f64::NAN)] {
            queue.push(pair, priority, 0.2);
        }
        assert_eq!(queue.waiting(), [(1, 2.0), (2, 2.0), (3, 4.0)]);
        assert_eq!(drain(Queue::from_waiting(&queue.waiting())), [3, 1, 2]);
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
