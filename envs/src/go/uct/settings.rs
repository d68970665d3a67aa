//! Settings of a Monte-Carlo tree search.

use freewheel_core::{Error, Result, settings};

/// Settings of a Monte-Carlo tree search. The text form is the number of playouts and then options, separated by
/// commas: `1000`, `1000,rave`, `3000,rave,patterns,priors`, `500,c=0.7`, `2000,strong`.
#[derive(Clone, Debug, PartialEq)]
pub struct UctSettings {
    /// Playouts for each move, at least 1.
    pub playouts: u32,
    /// Exploration constant c of UCB1 in `Q + c sqrt(ln N / n)`, for values Q in 0..=1. Option `c=X`.
    pub exploration: f64,
    /// Bias b of MC-RAVE (Gelly & Silver 2011, equation 14): the larger b, the sooner all-moves-as-first counts lose
    /// their weight. `None` is plain UCT. Option `rave`, or `rave=X`.
    pub rave: Option<f64>,
    /// Whether playouts save and capture chains in atari and follow 3x3 patterns near the last move (Gelly et al.
    /// 2006), instead of uniform moves. Option `patterns`.
    pub patterns: bool,
    /// Whether new nodes start with prior counts: captures, escapes, patterns and moves near the last one are good,
    /// self-atari and the empty first line bad. Option `priors`.
    pub priors: bool,
    /// Visits after which a leaf is expanded, at least 1. Option `expand=N`.
    pub expand: u32,
    /// Value of an untried move, for values in 0..=1 (first-play urgency; Wang & Gelly 2007). Option `fpu=X`.
    pub first_play_urgency: f64,
}

/// RAVE bias at which playouts and all-moves-as-first counts have the same weight after 3,500 playouts.
const RAVE_BIAS: f64 = 0.00845;

/// Exploration constant with RAVE. With 0, as Gelly & Silver use, a good move with bad all-moves-as-first counts may
/// never be tried; this value tries every move eventually.
const RAVE_EXPLORATION: f64 = 0.02;

/// Options that may follow the number of playouts.
const OPTIONS: [&str; 7] = ["rave", "patterns", "priors", "strong", "c", "expand", "fpu"];

impl Default for UctSettings {
    fn default() -> Self {
        UctSettings {
            playouts: 1000,
            exploration: 0.5,
            rave: None,
            patterns: false,
            priors: false,
            expand: 2,
            first_play_urgency: 1.1,
        }
    }
}

impl UctSettings {
    /// Settings of plain UCT with `playouts` playouts for each move.
    pub fn plain(playouts: u32) -> Self {
        UctSettings { playouts, ..UctSettings::default() }
    }

    /// Settings with RAVE, patterns and priors.
    pub fn strong(playouts: u32) -> Self {
        UctSettings { patterns: true, priors: true, ..UctSettings::plain(playouts) }.with_rave(RAVE_BIAS)
    }

    fn with_rave(self, bias: f64) -> Self {
        UctSettings { rave: Some(bias), exploration: RAVE_EXPLORATION, ..self }
    }

    /// Parses the text form of the settings, such as `1000,rave`.
    ///
    /// # Errors
    /// [`Error::Config`] with the unknown option and the known ones.
    pub fn parse(text: &str) -> Result<Self> {
        let mut words = text.split(',').map(str::trim);
        let playouts = words.next().unwrap_or_default();
        let playouts = match playouts.parse() {
            Ok(number) if number > 0 => number,
            _ => {
                return Err(Error::Config(format!(
                    "uct: `{playouts}` is not a number of playouts; write an integer of at least 1, as in uct:1000"
                )));
            }
        };
        let mut settings = UctSettings::plain(playouts);
        let mut exploration = None;
        for word in words {
            let (name, value) =
                word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
            match (name, value) {
                ("rave", None) => settings = settings.with_rave(RAVE_BIAS),
                ("rave", Some(value)) => settings = settings.with_rave(number(name, value, 0.0)?),
                ("patterns", None) => settings.patterns = true,
                ("priors", None) => settings.priors = true,
                ("strong", None) => settings = UctSettings::strong(playouts),
                ("c", Some(value)) => exploration = Some(number(name, value, 0.0)?),
                ("expand", Some(value)) => settings.expand = number(name, value, 1.0)? as u32,
                ("fpu", Some(value)) => settings.first_play_urgency = number(name, value, 0.0)?,
                _ if OPTIONS.contains(&name) => {
                    let mend = if value.is_some() { "takes no value" } else { "needs a value, as in c=0.7" };
                    return Err(Error::Config(format!("uct: `{name}` {mend}")));
                }
                _ => return Err(Error::Config(settings::unknown("option", name, &OPTIONS, "uct"))),
            }
        }
        settings.exploration = exploration.unwrap_or(settings.exploration);
        Ok(settings)
    }
}

impl std::fmt::Display for UctSettings {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let usual = UctSettings::default();
        write!(out, "{}", self.playouts)?;
        match self.rave {
            Some(RAVE_BIAS) => write!(out, ",rave")?,
            Some(bias) => write!(out, ",rave={bias}")?,
            None => {}
        }
        for (on, word) in [(self.patterns, "patterns"), (self.priors, "priors")] {
            if on {
                write!(out, ",{word}")?;
            }
        }
        let exploration = if self.rave.is_some() { RAVE_EXPLORATION } else { usual.exploration };
        if self.exploration != exploration {
            write!(out, ",c={}", self.exploration)?;
        }
        if self.expand != usual.expand {
            write!(out, ",expand={}", self.expand)?;
        }
        if self.first_play_urgency != usual.first_play_urgency {
            write!(out, ",fpu={}", self.first_play_urgency)?;
        }
        Ok(())
    }
}

/// Value of the option `name`, parsed from `text`: a finite number, at least `least`.
fn number(name: &str, text: &str, least: f64) -> Result<f64> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value >= least => Ok(value),
        _ => Err(Error::Config(format!("uct: {name}={text}: must be a number of at least {least}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_round_trips() {
        for text in [
            "1",
            "1000",
            "1000,rave",
            "3000,rave,patterns,priors",
            "500,c=0.7",
            "20,rave=0.1,c=0.2,expand=5,fpu=0.6",
        ] {
            let settings = UctSettings::parse(text).unwrap();
            assert_eq!(settings.to_string(), text);
        }
        assert_eq!(UctSettings::parse("2000,strong").unwrap(), UctSettings::strong(2000));
        assert_eq!(UctSettings::parse("9, c=1 ,rave").unwrap().exploration, 1.0);
    }

    #[test]
    fn invalid_options_are_errors() {
        let error = |text: &str| UctSettings::parse(text).unwrap_err().to_string();
        assert!(error("").contains("uct:1000"));
        assert!(error("0").contains("at least 1"));
        assert!(error("10,rav").contains("did you mean `rave`"));
        assert!(error("10,c").contains("needs a value"));
        assert!(error("10,priors=1").contains("takes no value"));
        assert!(error("10,c=nan").contains("must be a number"));
        assert!(error("10,expand=0").contains("at least 1"));
    }
}
