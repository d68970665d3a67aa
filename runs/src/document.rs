//! TOML document with positions, so that an error message can contain the line.

use std::path::{Path, PathBuf};

use freewheel_core::{Error, Result, input};
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

/// TOML document with overrides from the command line.
#[derive(Clone, Debug)]
pub struct Document {
    file: PathBuf,
    text: String,
    /// Table of the document after all overrides.
    pub table: Table,
    /// Overrides: the path of each key, and the text given on the command line.
    overrides: Vec<(Vec<String>, String)>,
}

impl Document {
    /// Reads a document from a file.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Input`] if the text is not TOML.
    pub fn read(file: &Path) -> Result<Self> {
        let text = input::read_text(file)?;
        Self::parse(file, text)
    }

    /// Parses a document from `text`; messages call the document `file`.
    ///
    /// # Errors
    /// [`Error::Input`] if the text is not TOML.
    pub fn parse(file: impl Into<PathBuf>, text: impl Into<String>) -> Result<Self> {
        let (file, text) = (file.into(), text.into());
        match text.parse::<Table>() {
            Ok(table) => Ok(Document { file, text, table, overrides: Vec::new() }),
            Err(e) => {
                let (line, column) = position(&text, e.span().map_or(0, |span| span.start));
                Err(Error::Input { file, line, column, message: e.message().replace('\n', "; ") })
            }
        }
    }

    /// Document of an experiment with one agent in one world; without `steps`, the preset gives their number.
    pub fn one_run(world: &str, agent: &str, steps: Option<u64>, seeds: &str) -> Self {
        let list = |name: &str| Value::Array(vec![Value::String(name.to_owned())]);
        let mut table = Table::from_iter([
            ("name".to_owned(), Value::String("train".into())),
            ("worlds".to_owned(), list(world)),
            ("agents".to_owned(), list(agent)),
            ("seeds".to_owned(), Value::String(seeds.to_owned())),
        ]);
        if let Some(steps) = steps {
            table.insert("steps".to_owned(), Value::Integer(i64::try_from(steps).unwrap_or(i64::MAX)));
        }
        Document { file: "the command line".into(), text: String::new(), table, overrides: Vec::new() }
    }

    /// Folder that relative paths in this document start from; `None` if the document is not a file.
    pub fn folder(&self) -> Option<&Path> {
        self.file.parent().filter(|_| self.file.is_file())
    }

    /// Applies an override `key=value`. The key is dotted (`a.b.c`); a value that is not TOML is a string.
    ///
    /// # Errors
    /// [`Error::Config`] if there is no `=`, or if a part of the key is already a value that is not a table.
    pub fn set(&mut self, assignment: &str) -> Result<()> {
        let wrong = |why: &str| Error::Config(format!("--set {assignment}: {why}"));
        let (key, value) = assignment.split_once('=').ok_or_else(|| wrong("write it as KEY=VALUE"))?;
        let keys = split_key(key.trim()).ok_or_else(|| wrong("the key is not a dotted TOML key"))?;
        let value = value_of(value);
        let (last, parents) = keys.split_last().ok_or_else(|| wrong("the key is empty"))?;
        let mut table = &mut self.table;
        for parent in parents {
            let slot = table.entry(parent.clone()).or_insert_with(|| Value::Table(Table::new()));
            table = slot.as_table_mut().ok_or_else(|| wrong(&format!("`{parent}` is not a table")))?;
        }
        table.insert(last.clone(), value);
        self.overrides.push((keys, format!("--set {assignment}")));
        Ok(())
    }

    /// Error about the value at `path`, with the line and column of the value, or with the override that set it.
    pub fn error(&self, path: &[&str], message: impl Into<String>) -> Error {
        if let Some((_, set)) = self.overrides.iter().rev().find(|(keys, _)| keys == path) {
            return Error::Config(format!("{set}: {}", message.into()));
        }
        match self.locate(path) {
            Some((line, column)) => {
                Error::Input { file: self.file.clone(), line, column, message: message.into() }
            }
            None => Error::Config(message.into()),
        }
    }

    /// Line and column, from 1, of the value at `path`, or of the longest prefix of `path` that is in the text. The
    /// path gives an array element by its index.
    fn locate(&self, path: &[&str]) -> Option<(usize, usize)> {
        let root = DeTable::parse(&self.text).ok()?;
        let (first, rest) = path.split_first()?;
        let (key, value) = root.get_ref().iter().find(|(key, _)| key.get_ref() == first)?;
        let (mut at, mut value) = (key.span().start, value.get_ref());
        for name in rest {
            match value {
                DeValue::Table(table) => match table.iter().find(|(key, _)| key.get_ref() == name) {
                    Some((key, inner)) => (at, value) = (key.span().start, inner.get_ref()),
                    None => break,
                },
                DeValue::Array(array) => match name.parse::<usize>().ok().and_then(|i| array.get(i)) {
                    Some(inner) => (at, value) = (inner.span().start, inner.get_ref()),
                    None => break,
                },
                _ => break,
            }
        }
        Some(position(&self.text, at))
    }
}

/// Value of a text in TOML; a text that is not TOML is a string.
pub(crate) fn value_of(text: &str) -> Value {
    format!("value = {text}")
        .parse::<Table>()
        .ok()
        .filter(|table| table.len() == 1)
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| Value::String(text.trim().to_owned()))
}

/// Parts of a dotted key such as `a.b."c/d"`.
fn split_key(key: &str) -> Option<Vec<String>> {
    let mut keys = Vec::new();
    let mut table = format!("{key} = 0").parse::<Table>().ok()?;
    loop {
        let (key, value) = table.into_iter().next()?;
        keys.push(key);
        match value {
            Value::Table(inner) => table = inner,
            _ => return Some(keys),
        }
    }
}

/// Line and column, from 1, of the byte `offset` of `text`.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overrides_and_positions() {
        let mut doc = Document::parse("x.toml", "steps = 5\n[agent]\nlearning_rate = 0.5\n").unwrap();
        doc.set("agent.learning_rate=0.1").unwrap();
        doc.set("world.\"grid/cliff\".time_limit = 7").unwrap();
        doc.set("agent.exploration=softmax").unwrap();
        assert_eq!(doc.table["agent"]["learning_rate"].as_float(), Some(0.1));
        assert_eq!(doc.table["agent"]["exploration"].as_str(), Some("softmax"));
        assert_eq!(doc.table["world"]["grid/cliff"]["time_limit"].as_integer(), Some(7));
        assert!(doc.set("steps.x=1").unwrap_err().to_string().contains("`steps` is not a table"));
        assert!(doc.set("steps").unwrap_err().to_string().contains("KEY=VALUE"));
        // A value set by an override has no line in the file.
        assert_eq!(
            doc.error(&["agent", "learning_rate"], "bad").to_string(),
            "--set agent.learning_rate=0.1: bad"
        );
        assert_eq!(doc.error(&["steps"], "bad").to_string(), "x.toml:1:1: bad");
        assert_eq!(doc.error(&["agent", "beta"], "bad").to_string(), "x.toml:2:2: bad");
        assert_eq!(doc.error(&["other"], "bad").to_string(), "bad");
        let e = Document::parse("x.toml", "a = 1\nb = = 2\n").unwrap_err().to_string();
        assert!(e.starts_with("x.toml:2:5"), "{e}");
    }
}
