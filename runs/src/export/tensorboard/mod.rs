//! Event file of a run for TensorBoard: metrics, settings with the final score, weights and pictures of episodes.
//!
//! | tab | tags |
//! |---|---|
//! | scalars | all metrics of `metrics.jsonl`, `evaluation/...`; `final/score` and measures of a finished run |
//! | hparams | settings of agent and world, one group for the seeds of a configuration |
//! | histograms | `weights/...`, the parameters in each checkpoint |
//! | images | `episode/...`, the last picture of each recorded episode |
//!
//! While a run is trained, each line of metrics gets the time of the clock. In a file that is written later, such a
//! time stays; a line without one gets a time between those of the run's files.

mod events;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use freewheel_core::checkpoint::{create_atomically, write_atomically};
use freewheel_core::graph::{Constant, Data};
use freewheel_core::input::read_raw;
use freewheel_core::{Error, Result};
use serde_json::{Map, Value as Json};

use self::events::{Event, Histogram, Image, Setting, Value};
use super::metrics::{lines, numbers, step};
use super::policy::graph_of;
use crate::checkpoints::{history_store, stores};
use crate::checksums::{CONFIG, EPISODES, METRICS};
use crate::job::{Job, JobConfig};
use crate::render::{self, Format, Timing};
use crate::tui::{Offscreen, Watch};
use crate::{Registry, output, recordings};

/// Name of the event file in the folder of a run. TensorBoard looks for `tfevents` in the name.
pub(crate) const FILE: &str = "events.out.tfevents.0.freewheel";
/// Buckets of a histogram.
const BUCKETS: usize = 30;
/// Maximum size of a picture, in columns and rows of characters.
const PICTURE: (u16, u16) = (100, 30);

/// Event file of a run that is trained.
pub(crate) struct EventLog {
    path: PathBuf,
    file: File,
}

impl EventLog {
    /// Begins the file anew, with the `kept` lines of metrics before the latest checkpoint.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(crate) fn open(job: &Job, directory: &Path, kept: &[Map<String, Json>]) -> Result<Self> {
        let (path, mut bytes) = (directory.join(FILE), Vec::new());
        beginning(job, directory, kept)?.iter().for_each(|event| event.write(&mut bytes));
        let file = create_atomically(&path, &bytes)?;
        Ok(EventLog { path, file })
    }

    /// Appends a line of metrics.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(crate) fn push(&mut self, line: &Map<String, Json>) -> Result<()> {
        let mut bytes = Vec::new();
        of_line(line, seconds(SystemTime::now())).write(&mut bytes);
        self.file.write_all(&bytes).map_err(Error::io(&self.path))
    }
}

/// Writes the event file of the run in `directory`, with all that the run's files tell; returns its path.
///
/// # Errors
/// Errors of reading the run's files; [`Error::Io`].
pub(crate) fn write(registry: &Registry, job: &Job, directory: &Path) -> Result<PathBuf> {
    let mut events = beginning(job, directory, &lines(directory)?)?;
    let times = FileTimes::of(&job.config, directory);
    weights(registry, job, directory, &times, &mut events)?;
    if let Some(result) = Job::result_in(directory)? {
        let time = times.last();
        let mut values = Vec::new();
        let mut add = |name: &str, number: Option<f64>| {
            values.extend(number.map(|number| Value::number(format!("final/{name}"), number)));
        };
        add("score", result.evaluation.score());
        add("score_std", result.evaluation.std());
        add("online_score", result.online.score());
        result.measures.iter().for_each(|measure| add(&measure.name, measure.mean));
        events.push(Event::new(time, result.steps, values));
        pictures(registry, directory, result.steps, time, &mut events);
        events.push(Event::end(time));
    }
    let mut bytes = Vec::new();
    events.iter().for_each(|event| event.write(&mut bytes));
    let path = directory.join(FILE);
    write_atomically(&path, &bytes)?;
    Ok(path)
}

/// Version, settings and the lines of metrics.
fn beginning(job: &Job, directory: &Path, lines: &[Map<String, Json>]) -> Result<Vec<Event>> {
    let before = match read_raw(&directory.join(FILE)) {
        Err(Error::Io { source, .. }) if source.kind() == ErrorKind::NotFound => Vec::new(),
        read => events::read(&read?),
    };
    let times = FileTimes::of(&job.config, directory);
    let start = before.first().map_or(times.first(), |event| event.wall_time);
    let mut events =
        vec![Event::version(start), Event::start(start, job.config.folder(), settings(&job.config))];
    // A line that was written before keeps its time.
    let mut known = before.iter().filter(|event| event.is_of_metrics()).peekable();
    for line in lines {
        let found = known.next_if(|event| u64::try_from(event.step) == Ok(step(line)));
        let time = found.map_or_else(|| times.at(step(line)), |event| event.wall_time);
        events.push(of_line(line, time));
    }
    Ok(events)
}

/// Event of a line of metrics.
fn of_line(line: &Map<String, Json>, time: f64) -> Event {
    let values = numbers(line, '/').into_iter().map(|(tag, number)| Value::number(tag, number));
    Event::new(time, step(line), values.collect())
}

/// Settings of a run, those of agent and world with a prefix.
fn settings(config: &JobConfig) -> BTreeMap<String, Setting> {
    let mut all = BTreeMap::from([
        ("world".to_owned(), Setting::of_text(&config.world_label)),
        ("agent".to_owned(), Setting::of_text(&config.agent_label)),
        ("steps".to_owned(), Setting::of_number(config.steps as f64)),
        ("num_envs".to_owned(), Setting::of_number(config.num_envs as f64)),
    ]);
    for (prefix, table) in [("world", &config.world_settings), ("agent", &config.agent_settings)] {
        all.extend(table.iter().map(|(key, value)| (format!("{prefix}.{key}"), Setting::of(value))));
    }
    all
}

/// Adds histograms of the parameters in each checkpoint, for a policy that can be exported.
fn weights(
    registry: &Registry,
    job: &Job,
    directory: &Path,
    times: &FileTimes,
    events: &mut Vec<Event>,
) -> Result<()> {
    for (step, policy) in job.history(registry, directory, &output::note)? {
        let Ok(graph) = graph_of(job, &*policy) else { return Ok(()) };
        let values: Vec<Value> = graph.constants.iter().filter_map(of_weights).collect();
        if !values.is_empty() {
            events.push(Event::new(times.at(step), step, values));
        }
    }
    Ok(())
}

/// Histogram of a parameter; `None` for a constant of an operation, and for one that is not learned by gradient steps
/// or updates of a table.
fn of_weights(constant: &Constant) -> Option<Value> {
    let name = constant.name.as_deref()?;
    let learned = !["normalizer.", "scale.", "states"].iter().any(|other| name.starts_with(other));
    let numbers: Vec<f64> = match &constant.data {
        Data::F32(all) => all.iter().map(|&x| f64::from(x)).collect(),
        Data::F64(all) => all.clone(),
        Data::I64(_) | Data::Bool(_) => return None,
    };
    let histogram = learned.then(|| histogram(&numbers)).flatten()?;
    Some(Value { tag: format!("weights/{name}"), histo: Some(histogram), ..Value::default() })
}

/// Histogram with buckets of equal width; `None` without finite numbers.
fn histogram(numbers: &[f64]) -> Option<Histogram> {
    let finite = || numbers.iter().copied().filter(|x| x.is_finite());
    let (min, max) = (finite().reduce(f64::min)?, finite().reduce(f64::max)?);
    let width = if max > min { (max - min) / BUCKETS as f64 } else { 1.0 };
    let mut bucket = vec![0.0; if max > min { BUCKETS } else { 1 }];
    for x in finite() {
        let at = ((x - min) / width) as usize;
        let last = bucket.len() - 1;
        bucket[at.min(last)] += 1.0;
    }
    let mut bucket_limit: Vec<f64> = (1..=bucket.len()).map(|i| min + i as f64 * width).collect();
    if let (Some(limit), true) = (bucket_limit.last_mut(), max > min) {
        *limit = max;
    }
    let (num, sum) = (finite().count() as f64, finite().sum());
    let sum_squares = finite().map(|x| x * x).sum();
    Some(Histogram { min, max, num, sum, sum_squares, bucket_limit, bucket })
}

/// Adds the last picture of each recorded episode. An episode that cannot be drawn, such as one against a program that
/// is not here, is reported and left out.
fn pictures(registry: &Registry, directory: &Path, step: u64, time: f64, events: &mut Vec<Event>) {
    let file = directory.join(EPISODES);
    let note = |e: Error| output::note(&format!("{}: no picture: {e}", file.display()));
    let all = match std::fs::metadata(&file).map(|found| found.len()) {
        Ok(1..) => recordings::read(registry, &file).map_err(note).unwrap_or_default(),
        _ => return,
    };
    for (i, recording) in all.into_iter().enumerate() {
        let world = std::sync::Arc::clone(&recording.world);
        let watch = Watch { recordings: vec![recording], ..Watch::new(world) };
        match picture(watch) {
            Ok(image) => {
                let value = Value { tag: format!("episode/{i}"), image: Some(image), ..Value::default() };
                events.push(Event::new(time, step, vec![value]));
            }
            Err(e) => note(e),
        }
    }
}

/// Last picture of a recorded episode.
fn picture(watch: Watch) -> Result<Image> {
    let mut viewer = Offscreen::new(watch, 0, PICTURE, true, &|_| {})?;
    let (last, timing) = (viewer.steps(), Timing { fps: 1.0, max_seconds: 1.0 });
    let png = render::render(&mut viewer, Format::Png, last, timing, &|_, _| {})?;
    // Width and height stand in the first chunk, after the signature, a length and a name.
    let size = |at: usize| png.get(at..at + 4)?.try_into().ok().map(i32::from_be_bytes);
    let (Some(width), Some(height)) = (size(16), size(20)) else {
        return Err(Error::Unsupported("this is no PNG".into()));
    };
    Ok(Image { height, width, colorspace: 3, encoded_image_string: png })
}

/// Times at which files of a run were written, by the step of the run.
struct FileTimes(Vec<(u64, f64)>);

impl FileTimes {
    fn of(config: &JobConfig, directory: &Path) -> Self {
        let modified =
            |file: &Path| std::fs::metadata(file).and_then(|found| found.modified()).ok().map(seconds);
        let mut all: Vec<(u64, f64)> = Vec::new();
        all.extend(modified(&directory.join(CONFIG)).map(|time| (0, time)));
        let history = history_store(directory, config.checkpoint.history);
        for store in stores(directory, config.checkpoint.keep).iter().chain([&history]) {
            let steps = store.steps().unwrap_or_default();
            all.extend(steps.into_iter().filter_map(|step| Some((step, modified(&store.path(step))?))));
        }
        all.extend(modified(&directory.join(METRICS)).map(|time| (config.steps, time)));
        all.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        // A file that was copied or restored may be newer than those after it.
        let mut least = f64::INFINITY;
        for (_, time) in all.iter_mut().rev() {
            least = least.min(*time);
            *time = least;
        }
        FileTimes(all)
    }

    fn first(&self) -> f64 {
        self.0.first().map_or_else(|| seconds(SystemTime::now()), |(_, time)| *time)
    }

    fn last(&self) -> f64 {
        self.0.last().map_or_else(|| seconds(SystemTime::now()), |(_, time)| *time)
    }

    /// Time of `step`, between those of the files before and after it.
    fn at(&self, step: u64) -> f64 {
        let after = self.0.partition_point(|(known, _)| *known < step);
        match (after.checked_sub(1).map(|i| self.0[i]), self.0.get(after)) {
            (Some((from, begin)), Some(&(to, end))) if to > from => {
                begin + (end - begin) * (step - from) as f64 / (to - from) as f64
            }
            (_, Some((_, time))) => *time,
            (Some((_, time)), None) => time,
            (None, None) => seconds(SystemTime::now()),
        }
    }
}

/// Seconds since 1970.
fn seconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_lie_between_the_times_of_files() {
        let times = FileTimes(vec![(0, 100.0), (10, 110.0), (20, 150.0)]);
        assert_eq!(
            [0, 5, 10, 15, 20, 30].map(|step| times.at(step)),
            [100.0, 105.0, 110.0, 130.0, 150.0, 150.0]
        );
        assert_eq!((times.first(), times.last()), (100.0, 150.0));
    }

    #[test]
    fn histograms_count_every_number() {
        let found = histogram(&[0.0, 1.0, 2.0, 3.0, f64::NAN]).unwrap();
        assert_eq!(
            (found.min, found.max, found.num, found.sum, found.sum_squares),
            (0.0, 3.0, 4.0, 6.0, 14.0)
        );
        assert_eq!((found.bucket.len(), found.bucket.iter().sum::<f64>()), (BUCKETS, 4.0));
        assert_eq!((found.bucket[0], found.bucket[10], found.bucket[29]), (1.0, 1.0, 1.0));
        assert_eq!(found.bucket_limit.last(), Some(&3.0));
        let equal = histogram(&[2.0, 2.0]).unwrap();
        assert_eq!((equal.bucket, equal.bucket_limit), (vec![2.0], vec![3.0]));
        assert_eq!(histogram(&[f64::INFINITY]), None);
    }
}
