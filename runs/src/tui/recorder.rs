//! Recorder of the screens that the program shows, whichever they are: a terminal recording of a session.

use std::time::{Duration, Instant};

use ratatui::buffer::Buffer;

use crate::render::Cast;

/// Least time between two screens of a recording: 30 screens a second.
const PERIOD: Duration = Duration::from_millis(33);
/// Time for which the last screen stays.
const HOLD: Duration = Duration::from_millis(1500);

/// Recorder. Its time is that of the screens: a command that prints its results between two screens takes none.
pub(super) struct Recorder {
    title: String,
    /// Recording; `None` before the first screen.
    cast: Option<Cast>,
    /// Moment at which the screens began or went on, and the time of the recording until then.
    since: Option<Instant>,
    before: Duration,
    /// Time of the last screen, of the recording.
    last: Duration,
    /// Newest screen, if it came too soon after the one before.
    waiting: Option<(Duration, Buffer)>,
}

impl Recorder {
    /// Recorder of a session with this title.
    pub(super) fn new(title: &str) -> Self {
        Recorder {
            title: title.to_owned(),
            cast: None,
            since: None,
            before: Duration::ZERO,
            last: Duration::ZERO,
            waiting: None,
        }
    }

    /// The screens begin, or go on after a pause.
    pub(super) fn begin(&mut self, now: Instant) {
        self.pause(now);
        self.since = Some(now);
    }

    /// The screens end for now.
    pub(super) fn pause(&mut self, now: Instant) {
        self.before = self.time(now);
        self.since = None;
    }

    fn time(&self, now: Instant) -> Duration {
        self.before + self.since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }

    /// Adds the screen that is shown from `now` on.
    pub(super) fn add(&mut self, now: Instant, screen: &Buffer) {
        let time = self.time(now);
        // A screen that was replaced at once is left out.
        if let Some((from, waiting)) = self.waiting.take()
            && time.saturating_sub(from) >= PERIOD
        {
            self.push(from, waiting);
        }
        match self.cast.is_some() && time.saturating_sub(self.last) < PERIOD {
            true => self.waiting = Some((time, screen.clone())),
            false => self.push(time, screen.clone()),
        }
    }

    fn push(&mut self, time: Duration, screen: Buffer) {
        let size = screen.area;
        let cast = self.cast.get_or_insert_with(|| Cast::new(&self.title, size.width, size.height));
        cast.push(time.as_secs_f64(), screen);
        self.last = time;
    }

    /// The recording as an asciicast; `None` if no screen was shown.
    pub(super) fn finish(mut self, now: Instant) -> Option<String> {
        let end = self.time(now);
        if let Some((time, screen)) = self.waiting.take() {
            self.push(time, screen);
        }
        // A screen that has stayed for a while need not stay longer.
        let end = end.max(self.last + HOLD);
        self.cast.map(|cast| cast.finish(end.as_secs_f64()))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::render::{Tape, plain_lines};

    #[test]
    fn screens_have_the_times_at_which_they_were_shown() {
        let start = Instant::now();
        let at = |ms: u64| start + Duration::from_millis(ms);
        let mut recorder = Recorder::new("session");
        recorder.begin(at(0));
        // Between two screens, 200 s pass outside of the program's screens.
        for (ms, text) in [(100, "a"), (110, "b"), (120, "c"), (300, "d")] {
            recorder.add(at(ms), &Buffer::with_lines([text]));
        }
        recorder.pause(at(400));
        recorder.begin(at(200_400));
        recorder.add(at(200_500), &Buffer::with_lines(["e"]));
        recorder.add(at(200_510), &Buffer::with_lines(["f"]));
        let text = recorder.finish(at(200_600)).unwrap();
        let tape = Tape::read(&text, Path::new("a.cast")).unwrap();
        let mut shown = String::new();
        let times = [0.1, 0.119, 0.12, 0.299, 0.3, 0.499, 0.5, 0.51];
        tape.play(times, |_, screen| {
            shown += plain_lines(screen).trim();
            Ok(())
        })
        .unwrap();
        assert_eq!((shown.as_str(), tape.end()), ("aaccddef", 2.01));
    }

    #[test]
    fn without_screens_there_is_no_recording() {
        let mut recorder = Recorder::new("session");
        recorder.begin(Instant::now());
        assert_eq!(recorder.finish(Instant::now()), None);
    }
}
