//! Texts of the screens in several languages, in plain tables in `runs/messages/LANGUAGE`.
//!
//! | table | content |
//! |---|---|
//! | `pages.toml`, `labels.toml` | texts of the tour and of the exercises, by key, in every language |
//! | `viewer.toml` | texts of the other screens by their English text, see `screens` |
//! | `help.toml` | help texts of the command line by command and argument, see `help` |
//!
//! English has the first two only: its other texts are in the source. A text may have placeholders, such as `{steps}`.
//! Tests check that all tables are complete.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::OnceLock;

pub(crate) mod help;
pub(crate) mod screens;

/// Choice of the language of texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Korean.
    Ko,
}

/// Texts by key.
type Table = BTreeMap<String, String>;

impl Language {
    /// All languages.
    pub const ALL: [Language; 2] = [Language::En, Language::Ko];

    /// Language of a locale from environment variables; `get` returns the value of a variable. The first of `LC_ALL`,
    /// `LC_MESSAGES` and `LANG` that is set and not empty counts. Without UTF-8 it is English.
    pub fn detect(get: impl Fn(&str) -> Option<String>) -> Self {
        let first = |names: [&str; 3]| names.into_iter().find_map(|name| get(name).filter(|v| !v.is_empty()));
        let messages = first(["LC_ALL", "LC_MESSAGES", "LANG"]).unwrap_or_default();
        let characters = first(["LC_ALL", "LC_CTYPE", "LANG"]).unwrap_or_default().to_lowercase();
        let has_utf8 = characters.contains("utf-8") || characters.contains("utf8");
        match messages.split(['_', '.', '@']).next() {
            Some("ko") if has_utf8 => Language::Ko,
            _ => Language::En,
        }
    }

    /// Language of a command line: that of the option `--lang`, else that of the locale. A value that is no language
    /// is left to the parser.
    pub(crate) fn of_arguments(args: &[OsString]) -> Self {
        let mut words = args.iter().map(|arg| arg.to_string_lossy()).take_while(|arg| arg != "--");
        let mut named = None;
        while let Some(word) = words.next() {
            if word == "--lang" {
                named = words.next();
            } else if let Some(value) = word.strip_prefix("--lang=") {
                named = Some(value.to_owned().into());
            }
        }
        let named = named.and_then(|name| <Self as clap::ValueEnum>::from_str(&name, false).ok());
        named.unwrap_or_else(Self::of_locale)
    }

    /// Language of the locale of this process.
    pub(crate) fn of_locale() -> Self {
        Self::detect(|name| std::env::var(name).ok())
    }

    /// Language of the screens: that of [`Language::choose`], by default English.
    pub(crate) fn chosen() -> Self {
        chosen::get()
    }

    /// Makes this language that of all screens.
    pub(crate) fn choose(self) {
        chosen::set(self);
    }

    /// The next language, in a cycle.
    pub(crate) fn next(self) -> Self {
        match self {
            Language::En => Language::Ko,
            Language::Ko => Language::En,
        }
    }

    fn sources(self) -> [&'static str; 2] {
        match self {
            Language::En => {
                [include_str!("../messages/en/pages.toml"), include_str!("../messages/en/labels.toml")]
            }
            Language::Ko => {
                [include_str!("../messages/ko/pages.toml"), include_str!("../messages/ko/labels.toml")]
            }
        }
    }

    /// Table of this language.
    fn table(self) -> &'static Table {
        static TABLES: [OnceLock<Table>; 2] = [OnceLock::new(), OnceLock::new()];
        TABLES[self as usize].get_or_init(|| {
            let mut all = Table::new();
            for source in self.sources() {
                let table: toml::Table = source.parse().unwrap_or_default();
                flatten("", &table, &mut all);
            }
            all
        })
    }

    /// Text of `key`; `?` if there is none.
    pub(crate) fn text(self, key: &str) -> &'static str {
        let found = self.table().get(key);
        #[cfg(test)]
        assert!(found.is_some(), "no text for {key}");
        found.map_or("?", String::as_str)
    }

    /// Text of `key` with `values` for its placeholders.
    pub(crate) fn filled(self, key: &str, values: &[(&str, String)]) -> String {
        let mut text = self.text(key).to_owned();
        for (name, value) in values {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        text
    }
}

/// Language of the screens, for the whole process.
#[cfg(not(test))]
mod chosen {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::Language;

    static IS_KOREAN: AtomicBool = AtomicBool::new(false);

    pub(super) fn get() -> Language {
        if IS_KOREAN.load(Ordering::Relaxed) { Language::Ko } else { Language::En }
    }

    pub(super) fn set(language: Language) {
        IS_KOREAN.store(language == Language::Ko, Ordering::Relaxed);
    }
}

/// Language of the screens of a test: tests run on threads of one process.
#[cfg(test)]
mod chosen {
    use std::cell::Cell;

    use super::Language;

    thread_local! {
        static CHOSEN: Cell<Language> = const { Cell::new(Language::En) };
    }

    pub(super) fn get() -> Language {
        CHOSEN.get()
    }

    pub(super) fn set(language: Language) {
        CHOSEN.set(language);
    }
}

/// Adds all texts of `table` to `all`, with keys such as `neuron.title`.
fn flatten(prefix: &str, table: &toml::Table, all: &mut Table) {
    for (key, value) in table {
        let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            toml::Value::Table(inner) => flatten(&key, inner, all),
            toml::Value::String(text) => {
                all.insert(key, text.split_whitespace().collect::<Vec<_>>().join(" "));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placeholders(text: &str) -> Vec<&str> {
        let mut found: Vec<&str> =
            text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
        found.sort_unstable();
        found
    }

    #[test]
    fn all_tables_have_the_same_keys_and_placeholders() {
        for language in Language::ALL {
            let sections = language.sources().map(|source| source.parse::<toml::Table>().unwrap());
            assert!(sections[0].keys().all(|key| !sections[1].contains_key(key)), "{language:?}");
        }
        let english = Language::En.table();
        for language in Language::ALL {
            let other = language.table();
            let keys = |table: &'static Table| table.keys().collect::<Vec<_>>();
            assert_eq!(keys(english), keys(other), "{language:?}");
            for (key, text) in english {
                assert!(!other[key].is_empty(), "{key}");
                assert_eq!(placeholders(text), placeholders(&other[key]), "{language:?} {key}");
            }
        }
    }

    #[test]
    fn korean_is_korean() {
        let hangul = |text: &str| text.chars().any(|c| ('가'..='힣').contains(&c));
        let without: Vec<&String> =
            Language::Ko.table().iter().filter(|(_, text)| !hangul(text)).map(|(key, _)| key).collect();
        // Symbols, and names that are the same everywhere.
        let same = |key: &str| Language::Ko.table()[key] == Language::En.table()[key];
        assert!(without.iter().all(|key| same(key)), "{without:?}");
    }

    #[test]
    fn the_locale_decides() {
        let language = |all: &[(&str, &str)]| {
            Language::detect(|name| all.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
        };
        assert_eq!(language(&[]), Language::En);
        assert_eq!(language(&[("LANG", "ko_KR.UTF-8")]), Language::Ko);
        assert_eq!(language(&[("LANG", "ko_KR.eucKR")]), Language::En);
        assert_eq!(language(&[("LANG", "ko_KR.UTF-8"), ("LC_MESSAGES", "en_US.UTF-8")]), Language::En);
        assert_eq!(language(&[("LC_ALL", "ko_KR.utf8"), ("LC_MESSAGES", "en_US.UTF-8")]), Language::Ko);
        assert_eq!(language(&[("LC_ALL", "C"), ("LANG", "ko_KR.UTF-8")]), Language::En);
        assert_eq!(language(&[("LANG", "kok_IN.UTF-8")]), Language::En);
    }

    #[test]
    fn the_option_decides_before_the_locale() {
        let language =
            |line: &str| Language::of_arguments(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        for line in
            ["freewheel --lang ko", "freewheel watch --lang=ko grid/cliff", "freewheel --lang en x --lang ko"]
        {
            assert_eq!(language(line), Language::Ko, "{line}");
        }
        // Words after `--` are no options, and a name that is no language is none.
        for line in ["freewheel", "freewheel watch -- --lang ko", "freewheel --lang", "freewheel --lang xx"] {
            assert_eq!(language(line), Language::of_locale(), "{line}");
        }
    }

    #[test]
    fn placeholders_are_filled() {
        let filled = Language::En.filled("view.small", &[("columns", "3".into()), ("rows", "4".into())]);
        assert!(filled.contains("3 x 4") && !filled.contains('{'), "{filled}");
    }
}
