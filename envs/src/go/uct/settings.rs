//! What a search may spend and how it weighs what it finds.

use freewheel_core::{Error, Result, settings};

/// How a search goes. As text it is the number of playouts and then words, with commas: `1000`, `1000,rave`,
/// `3000,rave,patterns,priors`, `500,c=0.7`, `2000,strong`.
#[derive(Clone, Debug, PartialEq)]
pub struct UctSettings {
    /// Playouts a move, at least 1.
    pub playouts: u32,
    /// The exploration constant c of UCB1 in `Q + c sqrt(ln N / n)`, for values Q in 0..=1. `c=X`.
    pub exploration: f64,
    /// The bias b of MC-RAVE (Gelly & Silver 2011, equation 14): the larger, the sooner are all-moves-as-first counts
    /// given up for real ones. `None` is plain UCT. `rave`, or `rave=X`.
    pub rave: Option<f64>,
    /// Whether playouts save and capture chains in atari and follow 3x3 patterns near the last move (Gelly et al.
    /// 2006), instead of uniformly random moves. `patterns`.
    pub patterns: bool,
    /// Whether new nodes begin with what is believed of their moves: captures, escapes, patterns and nearness to the
    /// last move good, self-atari and the empty first line bad. `priors`.
    pub priors: bool,
    /// Visits after which a leaf gets its children, at least 1. `expand=N`.
    pub expand: u32,
    /// The value of a move that was never tried, for values in 0..=1 (first-play urgency; Wang & Gelly 2007). `fpu=X`.
    pub first_play: f64,
}

/// The bias that goes with an equivalence of 3,500 playouts, at which both counts weigh the same.
const RAVE_BIAS: f64 = 0.00845;

/// With RAVE the counts themselves explore. A c of 0, as Gelly & Silver use, may never try the one good move whose
/// all-moves-as-first count is bad; this much of it is enough to try every move some day.
const RAVE_EXPLORATION: f64 = 0.02;

/// The words after the number of playouts.
const WORDS: [&str; 7] = ["rave", "patterns", "priors", "strong", "c", "expand", "fpu"];

impl Default for UctSettings {
    fn default() -> Self {
        UctSettings {
            playouts: 1000,
            exploration: 0.5,
            rave: None,
            patterns: false,
            priors: false,
            expand: 2,
            first_play: 1.1,
        }
    }
}

impl UctSettings {
    /// Plain UCT of so many playouts.
    pub fn plain(playouts: u32) -> Self {
        UctSettings { playouts, ..UctSettings::default() }
    }

    /// Everything that helps: RAVE, patterns, priors.
    pub fn strong(playouts: u32) -> Self {
        UctSettings { patterns: true, priors: true, ..UctSettings::plain(playouts) }.with_rave(RAVE_BIAS)
    }

    fn with_rave(self, bias: f64) -> Self {
        UctSettings { rave: Some(bias), exploration: RAVE_EXPLORATION, ..self }
    }

    /// Reads settings as written above.
    ///
    /// # Errors
    /// [`Error::Config`], naming the word and those that are known.
    pub fn parse(text: &str) -> Result<Self> {
        let mut words = text.split(',').map(str::trim);
        let playouts = words.next().unwrap_or_default();
        let playouts = match playouts.parse() {
            Ok(number) if number > 0 => number,
            _ => {
                return Err(Error::Config(format!(
                    "uct: `{playouts}` is no number of playouts; write a whole number from 1 on, as in uct:1000"
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
                ("fpu", Some(value)) => settings.first_play = number(name, value, 0.0)?,
                _ if WORDS.contains(&name) => {
                    let mend = if value.is_some() { "takes no value" } else { "needs a value, as in c=0.7" };
                    return Err(Error::Config(format!("uct: `{name}` {mend}")));
                }
                _ => return Err(Error::Config(settings::unknown("word", name, &WORDS, "uct"))),
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
        if self.first_play != usual.first_play {
            write!(out, ",fpu={}", self.first_play)?;
        }
        Ok(())
    }
}

/// A finite number not below `least`.
fn number(name: &str, text: &str, least: f64) -> Result<f64> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value >= least => Ok(value),
        _ => Err(Error::Config(format!("uct: {name}={text}: must be a number from {least} on"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
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
    fn what_makes_no_sense_is_named() {
        let error = |text: &str| UctSettings::parse(text).unwrap_err().to_string();
        assert!(error("").contains("uct:1000"));
        assert!(error("0").contains("from 1 on"));
        assert!(error("10,rav").contains("did you mean `rave`"));
        assert!(error("10,c").contains("needs a value"));
        assert!(error("10,priors=1").contains("takes no value"));
        assert!(error("10,c=nan").contains("must be a number"));
        assert!(error("10,expand=0").contains("from 1 on"));
    }
}
