//! Texts of the screens other than the tour: English in the source, in other languages by this English text.
//!
//! `tr!("no score yet")` is a text, and `tr!("{} of {}", 3, 5)` one with values. A translation can give the values
//! another order, as in `{1} {0}`. A test collects all of these texts from the source, and those of the tables of keys
//! and rules, and checks that `messages/ko/viewer.toml` has each of them and no other.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::OnceLock;

use super::Language;

/// Text in the language of the screens: an English literal, and the values of its placeholders.
macro_rules! tr {
    ($english:literal) => {
        $crate::messages::screens::translated($english)
    };
    ($english:literal, $($value:expr),+ $(,)?) => {
        $crate::messages::screens::filled($english, &[$(&$value as &dyn std::fmt::Display),+])
    };
}
pub(crate) use tr;

/// Table of Korean texts by English text, in sections.
const KOREAN: &str = include_str!("../../messages/ko/viewer.toml");

/// Text in the language of the screens; `english` itself where there is no translation, as for names of worlds.
pub(crate) fn translated(english: &str) -> &str {
    match Language::chosen() {
        Language::En => english,
        Language::Ko => korean().get(english).map_or(english, String::as_str),
    }
}

/// Same as [`translated`], with values for its placeholders: `{}` for the next value, `{0}` for the first one.
pub(crate) fn filled(english: &str, values: &[&dyn Display]) -> String {
    let mut text = String::new();
    let mut rest = translated(english);
    let mut next = 0;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        text.push_str(before);
        let index = name.parse().unwrap_or_else(|_| {
            next += 1;
            next - 1
        });
        if let Some(value) = values.get(index) {
            text.push_str(&value.to_string());
        }
        rest = after;
    }
    text + rest
}

/// Korean texts by English text.
fn korean() -> &'static HashMap<String, String> {
    static TABLE: OnceLock<HashMap<String, String>> = OnceLock::new();
    TABLE.get_or_init(|| texts().collect())
}

/// All entries of the Korean table.
fn texts() -> impl Iterator<Item = (String, String)> {
    let table: toml::Table = KOREAN.parse().unwrap_or_default();
    let sections = table.into_iter().filter_map(|(_, section)| match section {
        toml::Value::Table(section) => Some(section),
        _ => None,
    });
    sections.flatten().filter_map(|(english, text)| Some((english, text.as_str()?.to_owned())))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// Literals of all calls of `tr!` in a source file.
    fn literals(source: &str) -> Vec<String> {
        let mut all = Vec::new();
        for (at, call) in source.match_indices("tr!(") {
            // Not the end of another name.
            let is_call = !source[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            let after = source[at + call.len()..].trim_start().strip_prefix('"');
            let Some(literal) = after.filter(|_| is_call) else { continue };
            let (mut text, mut chars) = (String::new(), literal.chars());
            while let Some(c) = chars.next().filter(|c| *c != '"') {
                match (c, c == '\\') {
                    (_, true) => match chars.next() {
                        Some('n') => text.push('\n'),
                        Some(escaped) => text.push(escaped),
                        None => break,
                    },
                    (c, false) => text.push(c),
                }
            }
            all.push(text);
        }
        all
    }

    fn sources(folder: &Path, all: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, all);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !path.ends_with("messages/screens.rs")
            {
                all.extend(literals(&std::fs::read_to_string(&path).unwrap()));
            }
        }
    }

    /// English texts of all screens.
    fn english() -> BTreeSet<String> {
        let mut all = Vec::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
        all.extend(crate::tui::texts_of_tables().into_iter().map(str::to_owned));
        all.into_iter().collect()
    }

    #[test]
    fn the_korean_table_has_the_texts_of_the_screens_and_no_other() {
        KOREAN.parse::<toml::Table>().unwrap();
        let english = english();
        assert!(english.len() > 250, "{}", english.len());
        let translated: Vec<String> = texts().map(|(english, _)| english).collect();
        let unique: BTreeSet<String> = translated.iter().cloned().collect();
        assert_eq!(unique.len(), translated.len(), "a text stands in two sections");
        let missing: Vec<&String> = english.difference(&unique).collect();
        let stale: Vec<&String> = unique.difference(&english).collect();
        assert!(missing.is_empty() && stale.is_empty(), "missing: {missing:#?}\nstale: {stale:#?}");
    }

    /// Numbers of the values of a text, in their order.
    fn values(text: &str) -> Vec<usize> {
        let names = text.split('{').skip(1).filter_map(|rest| rest.split('}').next());
        let mut all: Vec<usize> =
            names.enumerate().map(|(index, name)| name.parse().unwrap_or(index)).collect();
        all.sort_unstable();
        all
    }

    #[test]
    fn translations_have_the_same_values_and_are_korean() {
        for (english, text) in texts() {
            assert_eq!(values(&english), values(&text), "{english}");
            let has_hangul = text.chars().any(|c| ('가'..='힣').contains(&c));
            assert!(has_hangul || english == text, "{english}: {text}");
        }
    }

    #[test]
    fn values_have_the_order_of_the_language() {
        assert_eq!((tr!("no score yet"), tr!("{} of {}", 3, 5)), ("no score yet", "3 of 5".to_owned()));
        Language::Ko.choose();
        assert_eq!(translated("grid/cliff"), "grid/cliff");
        assert_ne!(tr!("no score yet"), "no score yet");
        let text = tr!("{} of {}", 3, 5);
        assert!(text.find('5').unwrap() < text.find('3').unwrap(), "{text}");
    }
}
