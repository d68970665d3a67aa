//! Samples as people name them on the command line: by row, by class, by what they were drawn from.

use std::str::FromStr;

use freewheel_core::data::{Answers, DataSet, Part, Target};
use freewheel_core::settings::unknown;
use freewheel_core::{Error, Result, Samples};

use crate::seeds::Seeds;

/// Samples as people name a group of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// As it was written.
    pub text: String,
    of: Of,
}

/// Which samples.
#[derive(Clone, Debug, PartialEq)]
enum Of {
    /// By their rows: `0..50`.
    Rows(Seeds),
    /// By their class: `class=7`.
    Class(String),
    /// By what they were drawn from: `smile>0.5`, `smile<0`.
    Factor {
        /// The factor's name.
        name: String,
        /// Whether it is to be greater.
        above: bool,
        /// Than what, in the factor's unit.
        than: f32,
    },
}

impl FromStr for Group {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let of = if let Some(class) = text.strip_prefix("class=") {
            Of::Class(class.to_owned())
        } else if let Some(at) = text.find(['<', '>']) {
            let (name, than) = (text[..at].trim(), text[at + 1..].trim());
            let than = than.parse().map_err(|_| format!("`{than}` is no number, in `{text}`"))?;
            Of::Factor { name: name.to_owned(), above: text[at..].starts_with('>'), than }
        } else {
            let wrong = |_| format!("`{text}` names no samples; write 0..50, class=NAME, or FACTOR>NUMBER");
            Of::Rows(text.parse().map_err(wrong)?)
        };
        Ok(Group { text: text.to_owned(), of })
    }
}

impl Group {
    /// What it is about.
    pub fn name(&self) -> &str {
        match &self.of {
            Of::Rows(_) => "concept",
            Of::Class(name) | Of::Factor { name, .. } => name,
        }
    }

    /// Its samples among those that were learned from.
    ///
    /// # Errors
    /// [`Error::Config`] where there are none, and for rows, classes and factors that the set has not.
    pub fn samples(&self, set: &DataSet) -> Result<Samples> {
        let part = &set.train;
        let those = |wanted: &dyn Fn(usize) -> bool| (0..part.rows()).filter(|&i| wanted(i)).collect();
        let rows: Vec<usize> = match &self.of {
            Of::Rows(rows) => {
                rows_of(rows.as_slice().iter().map(|&row| row as usize), part, &set.name, "train")?
            }
            Of::Class(name) => match (&set.target, &part.answers) {
                (Target::Classes(names), Answers::Classes(of)) => {
                    let Some(class) = names.iter().position(|one| one == name) else {
                        return Err(Error::Config(unknown("class", name, names, &set.name)));
                    };
                    those(&|i| of[i] as usize == class)
                }
                _ => return Err(Error::Config(format!("{}: it has no classes", set.name))),
            },
            Of::Factor { name, above, than } => {
                let (which, known) = factor(set, name)?;
                those(&|i| if *above { known.row(i)[which] > *than } else { known.row(i)[which] < *than })
            }
        };
        if rows.is_empty() {
            return Err(Error::Config(format!("{}: no sample is such: {}", set.name, self.text)));
        }
        Ok(part.samples.select(&rows))
    }
}

/// Which column of the training part's factors `name` is, and these.
///
/// # Errors
/// [`Error::Config`] where there is none.
pub fn factor<'a>(set: &'a DataSet, name: &str) -> Result<(usize, &'a Samples)> {
    let known: Vec<&str> = set.factors.iter().map(|factor| factor.name.as_str()).collect();
    match (known.iter().position(|one| *one == name), &set.train.factors) {
        (Some(which), Some(factors)) => Ok((which, factors)),
        (_, Some(_)) if !known.is_empty() => Err(Error::Config(unknown("factor", name, &known, &set.name))),
        _ => {
            let message = format!(
                "{}: what its samples were made from is not known; name two groups of them, --with and --without",
                set.name
            );
            Err(Error::Config(message))
        }
    }
}

/// The rows that are named, of a part of the set `name` that is `called` so.
///
/// # Errors
/// [`Error::Config`] where one is not there.
pub fn rows_of(
    rows: impl Iterator<Item = usize>,
    part: &Part,
    name: &str,
    called: &str,
) -> Result<Vec<usize>> {
    let rows: Vec<usize> = rows.collect();
    match rows.iter().find(|&&row| row >= part.rows()) {
        None => Ok(rows),
        Some(row) => Err(Error::Config(format!(
            "there is no row {row}; {name} has {} {called} rows, counted from 0",
            part.rows()
        ))),
    }
}

/// Two rows as people write them: `3-17`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair(pub [usize; 2]);

impl FromStr for Pair {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let pair =
            text.split_once('-').and_then(|(a, b)| Some([a.trim().parse().ok()?, b.trim().parse().ok()?]));
        pair.map(Pair).ok_or_else(|| format!("`{text}` is no pair of rows; write 3-17"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_pairs_as_they_are_written() {
        let of = |text: &str| text.parse::<Group>().unwrap().of;
        assert_eq!(of("class=Ankle boot"), Of::Class("Ankle boot".into()));
        assert_eq!(of("0..3"), Of::Rows("0,1,2".parse().unwrap()));
        let smile = |above, than| Of::Factor { name: "smile".into(), above, than };
        assert_eq!(of("smile>0.5"), smile(true, 0.5));
        assert_eq!(of("smile < -0.5"), smile(false, -0.5));
        assert!("smile>much".parse::<Group>().unwrap_err().contains("no number"));
        assert!("smiling".parse::<Group>().unwrap_err().contains("class=NAME"));
        assert_eq!("3-17".parse(), Ok(Pair([3, 17])));
        assert!("3".parse::<Pair>().is_err() && "a-b".parse::<Pair>().is_err());
    }
}
