//! Settings of a Monte-Carlo tree search.

use freewheel_core::{Error, Result, settings};

/// Settings of a Monte-Carlo tree search. The text form is the number of playouts and then options, separated by
/// commas: `1000`, `1000,rave`, `3000,rave,patterns,priors`, `500,c=0.7`, `2000,strong`,
/// `2000,strong,-ladders`: a minus sign turns an option off.
#[derive(Clone, Debug, PartialEq)]
pub struct UctSettings {
    /// Playouts for each move, at least 1.
    pub playouts: u32,
    /// Time for each move, seconds, instead of a number of playouts. Written `1.5s` in the place of the playouts.
    /// Results then depend on the speed of the machine.
    pub seconds: Option<f64>,
    /// Number of independent trees, each on a thread of its own with its share of the playouts; the visits of their
    /// root moves are added up. Option `trees=N`.
    pub trees: u32,
    /// Win rate below which the player resigns, after as many moves as a quarter of the points; 0: never. Option
    /// `resign=X`.
    pub resign: f64,
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
    /// Whether playouts look around the last two moves, not only the last one. Option `last-two`.
    pub last_two: bool,
    /// Whether playouts and priors read ladders. Option `ladders`.
    pub ladders: bool,
    /// Whether playouts play the vital points of small eye spaces. Option `nakade`.
    pub nakade: bool,
    /// Whether priors measure the distance from the last move over chains (common fate graph), instead of by rows and
    /// columns. Option `fate`.
    pub fate: bool,
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
const OPTIONS: [&str; 13] = [
    "rave", "patterns", "priors", "last-two", "ladders", "nakade", "fate", "strong", "c", "expand", "fpu",
    "trees", "resign",
];

/// Largest time for a move: a day.
const MAX_SECONDS: f64 = 86_400.0;

/// Largest number of trees.
const MAX_TREES: u32 = 64;

impl Default for UctSettings {
    fn default() -> Self {
        UctSettings {
            playouts: 1000,
            seconds: None,
            trees: 1,
            resign: 0.0,
            exploration: 0.5,
            rave: None,
            patterns: false,
            priors: false,
            last_two: false,
            ladders: false,
            nakade: false,
            fate: false,
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
        let mut settings = UctSettings::plain(playouts).with_rave(RAVE_BIAS);
        settings.switches().into_iter().for_each(|(_, on)| *on = true);
        settings
    }

    /// Options that are on or off, with their names.
    fn switches(&mut self) -> [(&'static str, &mut bool); 6] {
        [
            ("patterns", &mut self.patterns),
            ("priors", &mut self.priors),
            ("last-two", &mut self.last_two),
            ("ladders", &mut self.ladders),
            ("nakade", &mut self.nakade),
            ("fate", &mut self.fate),
        ]
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
        let budget = words.next().unwrap_or_default();
        let seconds = budget.strip_suffix('s').and_then(|seconds| seconds.parse::<f64>().ok());
        let seconds = seconds.filter(|&seconds| seconds > 0.0 && seconds <= MAX_SECONDS);
        let playouts = match (budget.parse(), seconds) {
            (Ok(number), _) if number > 0 => number,
            (_, Some(_)) => u32::MAX,
            _ => {
                return Err(Error::Config(format!(
                    "uct: `{budget}` is not a number of playouts; write an integer of at least 1, as in uct:1000, or \
                     the seconds for each move, as in uct:1.5s"
                )));
            }
        };
        let mut settings = UctSettings { seconds, ..UctSettings::plain(playouts) };
        let mut exploration = None;
        for word in words {
            let (name, value) =
                word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
            let (off, switch) = word.strip_prefix('-').map_or((false, word), |switch| (true, switch));
            if let Some((_, on)) = settings.switches().into_iter().find(|(known, _)| *known == switch) {
                *on = !off;
                continue;
            }
            match (name, value) {
                ("rave", None) => settings = settings.with_rave(RAVE_BIAS),
                ("rave", Some(value)) => settings = settings.with_rave(number(name, value, 0.0)?),
                ("strong", None) => {
                    settings = UctSettings {
                        seconds,
                        trees: settings.trees,
                        resign: settings.resign,
                        ..UctSettings::strong(playouts)
                    }
                }
                ("trees", Some(value)) => {
                    let trees = number(name, value, 1.0)?;
                    if trees.fract() != 0.0 || trees > f64::from(MAX_TREES) {
                        return Err(Error::Config(format!(
                            "uct: trees={value}: must be an integer from 1 to {MAX_TREES}"
                        )));
                    }
                    settings.trees = trees as u32;
                }
                ("resign", Some(value)) => {
                    settings.resign = number(name, value, 0.0)?;
                    if settings.resign >= 0.5 {
                        return Err(Error::Config(format!("uct: resign={value}: must be below 0.5")));
                    }
                }
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
        match self.seconds {
            Some(seconds) => write!(out, "{seconds}s")?,
            None => write!(out, "{}", self.playouts)?,
        }
        match self.rave {
            Some(RAVE_BIAS) => write!(out, ",rave")?,
            Some(bias) => write!(out, ",rave={bias}")?,
            None => {}
        }
        for (word, on) in self.clone().switches() {
            if *on {
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
        if self.trees != usual.trees {
            write!(out, ",trees={}", self.trees)?;
        }
        if self.resign != usual.resign {
            write!(out, ",resign={}", self.resign)?;
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
            "1.5s,rave,patterns,trees=2,resign=0.05",
        ] {
            let settings = UctSettings::parse(text).unwrap();
            assert_eq!(settings.to_string(), text);
        }
        assert_eq!(UctSettings::parse("2000,strong").unwrap(), UctSettings::strong(2000));
        let without = UctSettings::parse("50,strong,-ladders").unwrap();
        assert_eq!(without, UctSettings { ladders: false, ..UctSettings::strong(50) });
        assert_eq!(UctSettings::parse(&without.to_string()).unwrap(), without);
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
        assert!(error("0s").contains("uct:1.5s"));
        assert!(error("10,trees=1.5").contains("integer from 1 to 64"));
        assert!(error("10,resign=0.7").contains("below 0.5"));
    }
}
