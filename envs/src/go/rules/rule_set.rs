//! Rule sets by name: the one table that the command line, GTP and game records read.

use freewheel_core::{Error, Result, settings};

use super::{Compensation, Ko, Rules};

/// Rule set with a name. All of them score by area: stones and the empty regions of one color, all stones alive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RuleSet {
    /// Name, as read by [`RuleSet::from_str`](std::str::FromStr::from_str).
    pub name: &'static str,
    /// Name in game records (`RU`).
    pub title: &'static str,
    /// Ko rule.
    pub ko: Ko,
    /// Whether suicide is legal.
    pub suicide: bool,
    /// Compensation for handicap stones.
    pub compensation: Compensation,
    /// Usual komi of an even game on 9x9 and larger boards.
    pub komi: f32,
}

/// All rule sets.
///
/// | name | ko | suicide | compensation | komi | source |
/// |---|---|---|---|---|---|
/// | `chinese` | positional superko | no | one point for each handicap stone | 7.5 | Chinese rules, section 6 |
/// | `japanese` | simple | no | none | 6.5 | Japanese rules; here scored by area |
/// | `tromp-taylor` | positional superko | yes | none | 7.5 | tromp.github.io/go.html |
/// | `aga` | situational superko | no | one point for each stone but the first | 7.5 | American Go Association |
/// | `new-zealand` | situational superko | yes | none | 7 | New Zealand Go Society |
/// | `cgos` | positional superko | no | none | 7.5 | Computer Go Server |
/// | `kgs` | positional superko | no | one point for each handicap stone | 7.5 | Chinese rules of the server KGS |
pub const RULE_SETS: [RuleSet; 7] = {
    use Compensation::{None, Stones, StonesLessOne};
    use Ko::{Positional, Simple, Situational};
    [
        set("chinese", "Chinese", Positional, false, Stones, 7.5),
        set("japanese", "Japanese", Simple, false, None, 6.5),
        set("tromp-taylor", "Tromp-Taylor", Positional, true, None, 7.5),
        set("aga", "AGA", Situational, false, StonesLessOne, 7.5),
        set("new-zealand", "New Zealand", Situational, true, None, 7.0),
        set("cgos", "CGOS", Positional, false, None, 7.5),
        set("kgs", "KGS", Positional, false, Stones, 7.5),
    ]
};

const fn set(
    name: &'static str,
    title: &'static str,
    ko: Ko,
    suicide: bool,
    compensation: Compensation,
    komi: f32,
) -> RuleSet {
    RuleSet { name, title, ko, suicide, compensation, komi }
}

/// Other names of rule sets, in lower case without other characters than letters, and the names of [`RULE_SETS`].
const OTHER_NAMES: [(&str, &str); 8] = [
    ("korean", "japanese"),
    ("territory", "japanese"),
    ("area", "chinese"),
    ("bga", "aga"),
    ("french", "aga"),
    ("nz", "new-zealand"),
    ("tromp", "tromp-taylor"),
    ("tt", "tromp-taylor"),
];

impl RuleSet {
    /// Names of all rule sets.
    pub const NAMES: [&str; RULE_SETS.len()] =
        ["chinese", "japanese", "tromp-taylor", "aga", "new-zealand", "cgos", "kgs"];

    /// Rule set that a text such as `Chinese`, `chinese-ogs`, `NZ`, `new_zealand` or `AGA rules` begins with, in lower
    /// or upper case; `None` for an unknown one.
    pub fn find(text: &str) -> Option<RuleSet> {
        let letters = |text: &str| -> String {
            text.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect()
        };
        let given = letters(text);
        let other = OTHER_NAMES.iter().find(|(name, _)| given.starts_with(name)).map(|(_, name)| *name);
        let is = |set: &&RuleSet| given.starts_with(&letters(set.name)) || Some(set.name) == other;
        RULE_SETS.iter().find(is).copied()
    }

    /// `rules` with the ko rule, the rule for suicide and the compensation of this rule set.
    pub fn apply(&self, rules: Rules) -> Rules {
        let RuleSet { ko, suicide, compensation, .. } = *self;
        Rules { ko, suicide, compensation, ..rules }
    }

    /// First rule set of the table with the ko rule, the rule for suicide and the compensation of `rules`.
    pub fn of(rules: &Rules) -> Option<RuleSet> {
        RULE_SETS.into_iter().find(|set| set.apply(*rules) == *rules)
    }
}

impl std::str::FromStr for RuleSet {
    type Err = Error;

    /// # Errors
    /// [`Error::Config`] for an unknown name; the message lists the known names.
    fn from_str(name: &str) -> Result<Self> {
        RULE_SETS
            .into_iter()
            .find(|set| set.name == name)
            .ok_or_else(|| Error::Config(settings::unknown("rule set", name, &RuleSet::NAMES, "")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_table() {
        assert_eq!(RULE_SETS.map(|set| set.name), RuleSet::NAMES);
        for name in RuleSet::NAMES {
            assert_eq!(name.parse::<RuleSet>().unwrap().name, name);
            assert_eq!(RuleSet::find(name).unwrap().name, name);
        }
        assert!("chines".parse::<RuleSet>().unwrap_err().to_string().contains("did you mean `chinese`"));
    }

    #[test]
    fn names_of_other_programs_are_found() {
        let found = |text: &str| RuleSet::find(text).map(|set| set.name);
        for (text, name) in [
            ("Chinese", "chinese"),
            ("chinese-ogs", "chinese"),
            ("Tromp-Taylor", "tromp-taylor"),
            ("tromptaylor", "tromp-taylor"),
            ("NZ", "new-zealand"),
            ("New Zealand", "new-zealand"),
            ("new_zealand", "new-zealand"),
            ("AGA rules", "aga"),
            ("BGA", "aga"),
            ("Korean", "japanese"),
        ] {
            assert_eq!(found(text), Some(name), "{text}");
        }
        assert_eq!((found(""), found("GOE"), found("\u{4e2d}")), (None, None, None));
    }

    /// The rules of a set are those of the constructors.
    #[test]
    fn rules_are_found_again() {
        let rules = Rules::tromp_taylor(9);
        assert_eq!(RuleSet::find("chinese").unwrap().apply(rules), Rules::chinese(9));
        assert_eq!(RuleSet::of(&Rules::chinese(9)).unwrap().name, "chinese");
        assert_eq!(RuleSet::of(&rules).unwrap().name, "tromp-taylor");
        let odd = Rules { ko: Ko::Simple, suicide: true, ..rules };
        assert_eq!(RuleSet::of(&odd), None);
    }
}
