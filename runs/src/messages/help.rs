//! Help texts of the command line in other languages: the English ones are in the source, the Korean ones in
//! `messages/ko/help.toml`, by command and argument. Examples, and the other lines below the options, are English
//! unless a command has `notes`.

use std::sync::OnceLock;

use super::Language;

/// Korean texts: a section for each command, such as `demos record`, with its summary `about`, perhaps `notes`, and its
/// arguments; a section `options` of arguments that mean the same in several commands; a section `words` of what the
/// library of the command line writes.
const KOREAN: &str = include_str!("../../messages/ko/help.toml");

/// Name of the section of the program itself.
const PROGRAM: &str = "program";

fn korean() -> &'static toml::Table {
    static TABLE: OnceLock<toml::Table> = OnceLock::new();
    TABLE.get_or_init(|| KOREAN.parse().unwrap_or_default())
}

/// Korean text of a section, in one paragraph; a text with empty lines keeps all of its lines.
fn text(section: &str, key: &str) -> Option<String> {
    let text = korean().get(section)?.get(key)?.as_str()?;
    Some(match text.contains("\n\n") {
        true => text.to_owned(),
        false => text.split_whitespace().collect::<Vec<_>>().join(" "),
    })
}

/// `command` with the help texts of `language`, and so its subcommands. Its names, values and defaults are the same.
pub(crate) fn translated(command: clap::Command, language: Language) -> clap::Command {
    match language {
        Language::En => command,
        Language::Ko => in_korean(command, PROGRAM),
    }
}

fn in_korean(mut command: clap::Command, section: &str) -> clap::Command {
    if let Some(about) = text(section, "about") {
        command = command.about(about);
    }
    if let Some(notes) = text(section, "notes") {
        command = command.after_help(notes);
    }
    let command = command.mut_args(|argument| {
        let id = argument.get_id().as_str();
        let Some(help) = text(section, id).or_else(|| text("options", id)) else { return argument };
        // Values with explanations would be listed with them, in English.
        let values = argument.get_possible_values();
        let is_explained = values.iter().any(|value| value.get_help().is_some());
        let names: Vec<&str> = values.iter().map(clap::builder::PossibleValue::get_name).collect();
        let help = if is_explained { format!("{help} [가능한 값: {}]", names.join(", ")) } else { help };
        argument.hide_possible_values(is_explained).long_help(help.clone()).help(help)
    });
    command.mut_subcommands(|subcommand| {
        let name = subcommand.get_name().to_owned();
        let section = if section == PROGRAM { name } else { format!("{section} {name}") };
        in_korean(subcommand, &section)
    })
}

/// Rendered help text with the words of the library of the command line in `language`.
pub(crate) fn with_words(rendered: &str, language: Language) -> String {
    let words = korean().get("words").and_then(toml::Value::as_table).filter(|_| language == Language::Ko);
    let mut words: Vec<(&String, &str)> =
        words.into_iter().flatten().filter_map(|(english, text)| Some((english, text.as_str()?))).collect();
    // A word that is part of another one comes later.
    words.sort_by_key(|(english, _)| std::cmp::Reverse(english.len()));
    words.iter().fold(rendered.to_owned(), |text, (english, korean)| text.replace(*english, korean))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    /// Section, key and English text of all commands and arguments.
    fn english(command: &clap::Command, section: &str, all: &mut Vec<(String, String, String)>) {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        all.push((section.to_owned(), "about".into(), about));
        for argument in command.get_arguments() {
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            all.push((section.to_owned(), argument.get_id().to_string(), help));
        }
        for subcommand in command.get_subcommands() {
            let name = subcommand.get_name();
            let section = if section == PROGRAM { name.to_owned() } else { format!("{section} {name}") };
            english(subcommand, &section, all);
        }
    }

    #[test]
    fn every_command_and_argument_has_a_korean_text_and_no_other_is_there() {
        KOREAN.parse::<toml::Table>().unwrap();
        let mut all = Vec::new();
        english(&Cli::command(), PROGRAM, &mut all);
        let mut used = BTreeSet::from([("concept".to_owned(), "notes".to_owned())]);
        used.insert((PROGRAM.to_owned(), "notes".to_owned()));
        let mut shared: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut missing = Vec::new();
        for (section, key, english) in &all {
            assert!(!english.is_empty(), "{section} {key} has no English text");
            if text(section, key).is_some() {
                used.insert((section.clone(), key.clone()));
            } else if key != "about" && text("options", key).is_some() {
                used.insert(("options".into(), key.clone()));
                shared.entry(key).or_default().insert(english);
            } else {
                missing.push(format!("{section} {key}: {english}"));
            }
        }
        assert!(missing.is_empty(), "{missing:#?}");
        // One text stands for one meaning.
        shared.retain(|_, texts| texts.len() > 1);
        assert!(shared.is_empty(), "{shared:#?}");
        let sections = korean().iter().filter(|(section, _)| *section != "words");
        let keys = sections.flat_map(|(section, table)| {
            table.as_table().unwrap().keys().map(|key| (section.clone(), key.clone()))
        });
        let stale: Vec<(String, String)> = keys.filter(|key| !used.contains(key)).collect();
        assert!(stale.is_empty(), "{stale:?}");
    }

    fn help(path: &[&str], language: Language) -> String {
        let line = ["freewheel"].iter().chain(path).chain(&["--help"]);
        let command = translated(Cli::command(), language);
        let error = command.try_get_matches_from(line).unwrap_err();
        with_words(&error.render().to_string(), language)
    }

    #[test]
    fn help_is_korean_from_the_first_to_the_last_option() {
        let english = help(&["train"], Language::En);
        let korean = help(&["train"], Language::Ko);
        assert!(english.contains("Usage:") && english.contains("Print help"), "{english}");
        for word in ["Usage:", "Options:", "Arguments:", "Print ", "[default", "Examples:"] {
            assert!(!korean.contains(word), "{word}: {korean}");
        }
        // The same options, examples and values.
        let options = |text: &str| -> Vec<String> {
            let lines = text
                .lines()
                .map(str::trim_start)
                .filter(|line| line.starts_with('-') && !line.starts_with("- "));
            lines.map(|line| line.split("  ").next().unwrap_or(line).to_owned()).collect()
        };
        let (in_english, in_korean) = (options(&english), options(&korean));
        assert!(in_english.len() > 10);
        assert_eq!(in_english, in_korean);
        let program = help(&[], Language::Ko);
        assert!(program.contains("종료 코드") && !program.contains("Exit codes"), "{program}");
    }

    #[test]
    fn no_line_is_wider_than_the_width_of_the_help() {
        let mut all = Vec::new();
        english(&Cli::command(), PROGRAM, &mut all);
        let sections: BTreeSet<&String> = all.iter().map(|(section, ..)| section).collect();
        for section in sections {
            let path: Vec<&str> = section.split(' ').filter(|name| *name != PROGRAM).collect();
            for line in help(&path, Language::Ko).lines().take_while(|line| !line.starts_with("예:")) {
                let wide = crate::format::width(line);
                // Usage lines and notes are not wrapped.
                assert!(wide <= 120, "{section}: {wide}: {line}");
            }
        }
    }
}
