//! Insight of a search: visits of each move, win rate, score, principal variation.

use freewheel_core::{Insight, InsightKind};

use super::search::Search;
use crate::go::gtp::vertex;
use crate::go::rules::Color;

/// Number of moves of the principal variation in a description.
const VARIATION: usize = 6;

impl Search {
    /// Visits of each move, and the win rate, the score and the principal variation of the move with most visits.
    pub fn insight(&self) -> Insight {
        let candidates = self.candidates();
        let mut visits = vec![0.0; self.root.area() + 1];
        for candidate in &candidates {
            if let Some(slot) = visits.get_mut(usize::from(candidate.point)) {
                *slot = candidate.visits as f32;
            }
        }
        let mut courses = Vec::new();
        let mut rows = vec![("playouts".to_owned(), self.playouts().to_string())];
        if let Some(best) = candidates.first() {
            let rules = self.root.rules();
            let names: Vec<String> =
                best.variation.iter().take(VARIATION).map(|&point| vertex::name(rules, point)).collect();
            rows.push(("win rate".to_owned(), format!("{:.1} %", 100.0 * best.win_rate)));
            rows.push((
                "score".to_owned(),
                format!("{:+.1} points, deviation {:.1}", best.score_lead, best.score_deviation),
            ));
            rows.push(("variation".to_owned(), names.join(" ")));
            let black = self.root.to_play() == Color::Black;
            courses.push(("win rate of ●", if black { best.win_rate } else { 1.0 - best.win_rate } as f32));
            courses
                .push(("lead of ● in points", if black { best.score_lead } else { -best.score_lead } as f32));
        }
        Insight { kind: Some(InsightKind::Visits), per_action: visits, rows, courses, ..Insight::default() }
    }
}
