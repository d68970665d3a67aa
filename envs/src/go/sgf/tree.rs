//! Game trees: nodes, properties and values, with their locations in the text.

use std::fmt;

/// Location in a text. Line and column count from 1; a column is a character.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// Line number.
    pub line: usize,
    /// Column number.
    pub column: usize,
}

/// Fault in a game record that prevents reading it, with its location.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{location}: {message}")]
pub struct SgfError {
    /// Location of the fault.
    pub location: Location,
    /// Fault and correction.
    pub message: String,
}

/// Fault in a game record that is read nevertheless, with its location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Location of the fault.
    pub location: Location,
    /// Fault, and how it was read.
    pub message: String,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.location, self.message)
    }
}

impl Location {
    /// Location of the byte `offset` of `text`, the start of a character.
    pub(super) fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let mut location = Location { line: 1, column: 1 };
        let mut chars = before.chars().peekable();
        while let Some(c) = chars.next() {
            location.advance(c, chars.peek() == Some(&'\n'));
        }
        location
    }

    /// Moves past the character `c`; `before_newline`: whether `\n` follows.
    pub(super) fn advance(&mut self, c: char, before_newline: bool) {
        if c == '\n' || c == '\r' && !before_newline {
            *self = Location { line: self.line + 1, column: 1 };
        } else {
            self.column += 1;
        }
    }

    /// Error with this location and the given message.
    pub(super) fn error(self, message: impl Into<String>) -> SgfError {
        SgfError { location: self, message: message.into() }
    }
}

/// Maximum number of warnings kept for one game.
const MAX_WARNINGS: usize = 100;

/// Adds a warning to a list, as far as the list is not full.
pub(super) fn warn(warnings: &mut Vec<Warning>, location: Location, message: impl FnOnce() -> String) {
    match warnings.len() {
        MAX_WARNINGS => {}
        n if n + 1 == MAX_WARNINGS => {
            warnings.push(Warning { location, message: "further warnings are not listed".to_owned() });
        }
        _ => warnings.push(Warning { location, message: message() }),
    }
}

/// Game tree: its nodes in the order of the text, the root first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GameTree {
    pub(super) nodes: Vec<Node>,
    /// Location of the game's first parenthesis.
    pub location: Location,
    /// Faults of syntax that were read nevertheless.
    pub warnings: Vec<Warning>,
}

/// Node of a game tree.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// Properties, in the order of the text.
    pub properties: Vec<Property>,
    /// Location of the node's semicolon.
    pub location: Location,
    /// Indices of the next nodes, the main line first.
    pub(super) children: Vec<usize>,
}

/// Property of a node, such as `AB[dd][pp]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Property {
    /// Identifier of the property, in capitals.
    pub name: String,
    /// Values of the property, at least one, with escapes as between the brackets.
    pub values: Vec<Value>,
    /// Location of the first character of the identifier.
    pub location: Location,
}

/// Value of a property.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Value {
    /// Text between the brackets, with escapes.
    pub raw: String,
    /// Location of the first character of the text.
    pub location: Location,
}

impl GameTree {
    /// Nodes of the main line: the first variation at each branch.
    pub fn main_line(&self) -> impl Iterator<Item = &Node> {
        let root = self.nodes.first();
        std::iter::successors(root, |node| node.children.first().and_then(|&child| self.nodes.get(child)))
    }

    /// First node.
    pub fn root(&self) -> Option<&Node> {
        self.nodes.first()
    }

    /// Number of nodes in all variations.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether the game tree has no nodes.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Number of variations: lines of play from the root to a last node.
    pub fn variations(&self) -> usize {
        self.nodes.iter().filter(|node| node.children.is_empty()).count()
    }
}

impl Node {
    /// Property with the name `name`.
    pub fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.name == name)
    }

    /// First value of the property `name`, in one line; empty if the property is missing.
    pub fn line(&self, name: &str) -> String {
        self.property(name).map(|property| property.first().line()).unwrap_or_default()
    }
}

impl Property {
    /// First value.
    pub fn first(&self) -> &Value {
        static NONE: Value = Value { raw: String::new(), location: Location { line: 0, column: 0 } };
        self.values.first().unwrap_or(&NONE)
    }
}

impl Value {
    /// Text of the value: escapes resolved, soft line breaks removed, other white space except line breaks replaced
    /// by spaces.
    pub fn text(&self) -> String {
        let mut out = String::with_capacity(self.raw.len());
        let mut chars = self.raw.chars().peekable();
        let mut escaped = false;
        while let Some(c) = chars.next() {
            match c {
                '\\' if !escaped => {
                    escaped = true;
                    continue;
                }
                '\n' | '\r' => {
                    // CR LF and LF CR are one line break.
                    let pair = if c == '\n' { '\r' } else { '\n' };
                    chars.next_if_eq(&pair);
                    if !escaped {
                        out.push('\n');
                    }
                }
                c if c.is_ascii_whitespace() || c == '\u{b}' => out.push(' '),
                c => out.push(c),
            }
            escaped = false;
        }
        out
    }

    /// Text of the value in one line, trimmed.
    pub fn line(&self) -> String {
        self.text().replace('\n', " ").trim().to_owned()
    }
}

/// `text` with `]` and `\` escaped.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, ']' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Whether a terminal could take `c` as a command or as a change of the writing direction.
pub fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        || ('\u{e0000}'..='\u{e007f}').contains(&c)
}

/// Start of `text` for a message or a terminal: at most `length` characters, [control characters](is_control) as `?`.
pub fn shown(text: &str, length: usize) -> String {
    let mut chars = text.chars().map(|c| if is_control(c) { '?' } else { c });
    let mut out: String = chars.by_ref().take(length).collect();
    if chars.next().is_some() {
        out.push_str("...");
    }
    out
}

/// Start of a property's value for a message.
pub(super) fn quoted(text: &str) -> String {
    shown(text, 40)
}
