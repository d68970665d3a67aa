//! SGF syntax: collections, game trees, nodes and properties, with their locations.
//!
//! * **Source**: A. Hollosi, *SGF FF\[4\]* (red-bean.com/sgf), and the older formats FF\[1\] to FF\[3\], in which
//!   identifiers may contain lower-case letters (`CoPyright`); these letters are dropped.
//! * Text around the games, such as a mail header, is skipped, as the standard requires.
//! * Parsing is not recursive, so that a game of a million nodes can be read.

use std::fmt;

/// Location in a file. Line and column count from 1; a column is a character.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Location {
    /// Line number.
    pub line: usize,
    /// Column number.
    pub column: usize,
}

/// Syntax error or invalid value, with its location.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{location}: {message}")]
pub struct SgfError {
    /// Location of the error.
    pub location: Location,
    /// Message: the problem and its solution.
    pub message: String,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

impl Location {
    /// Error with this location and the given message.
    pub(super) fn error(self, message: impl Into<String>) -> SgfError {
        SgfError { location: self, message: message.into() }
    }
}

/// Game tree: its nodes in the order of the text, the root first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GameTree {
    nodes: Vec<Node>,
}

/// Node of a game tree.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// Properties, in the order of the text.
    pub properties: Vec<Property>,
    /// Location of the node's semicolon.
    pub location: Location,
    /// Indices of the next nodes, the main line first.
    children: Vec<usize>,
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
#[derive(Clone, Debug, PartialEq)]
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

    /// Number of nodes in all variations.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether the game tree has no nodes.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}

impl Node {
    /// Property with the name `name`.
    pub fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.name == name)
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

/// Text of a file: UTF-8, or if invalid, Latin-1, the default of SGF.
pub fn decode(bytes: &[u8]) -> String {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_or_else(|_| bytes.iter().copied().map(char::from).collect(), str::to_owned)
}

/// Parses all game trees of a collection.
///
/// # Errors
/// [`SgfError`] if the text is not SGF, or contains no game.
pub fn parse(text: &str) -> Result<Vec<GameTree>, SgfError> {
    let mut reader = Reader { rest: text, location: Location { line: 1, column: 1 } };
    let mut games = Vec::new();
    while reader.find_game() {
        games.push(reader.game()?);
    }
    if games.is_empty() {
        return Err(reader.location.error("no game found; a game begins with `(;`"));
    }
    Ok(games)
}

struct Reader<'a> {
    rest: &'a str,
    location: Location,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.rest = &self.rest[c.len_utf8()..];
        if c == '\n' {
            self.location = Location { line: self.location.line + 1, column: 1 };
        } else {
            self.location.column += 1;
        }
        Some(c)
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.next();
        }
    }

    /// Skips to the next `(` followed by `;`.
    fn find_game(&mut self) -> bool {
        while let Some(c) = self.peek() {
            if c == '(' && self.rest[1..].trim_start().starts_with(';') {
                return true;
            }
            self.next();
        }
        false
    }

    /// Parses one game tree, from its `(` to its `)`.
    fn game(&mut self) -> Result<GameTree, SgfError> {
        let mut tree = GameTree::default();
        // For each open parenthesis: the node before the parenthesis, and the parenthesis's location.
        let mut open: Vec<(Option<usize>, Location)> = Vec::new();
        let mut last = None;
        // Whether a variation has just ended: a tree's nodes must come before its variations.
        let mut varied = false;
        loop {
            self.skip_space();
            let location = self.location;
            match self.peek() {
                Some('(') => {
                    if last.is_none() && !open.is_empty() {
                        return Err(location.error("a variation before any node; a game begins with `(;`"));
                    }
                    self.next();
                    open.push((last, location));
                    varied = false;
                }
                Some(')') => {
                    self.next();
                    last = open.pop().and_then(|(before, _)| before);
                    varied = true;
                    if open.is_empty() {
                        return Ok(tree);
                    }
                }
                Some(';') if varied => {
                    let fix = "write it before them, or as `(;...)`, a variation of its own";
                    return Err(location.error(format!("a node after the variations of its tree; {fix}")));
                }
                Some(';') => {
                    self.next();
                    let properties = self.properties()?;
                    let index = tree.nodes.len();
                    if let Some(parent) = last.and_then(|parent: usize| tree.nodes.get_mut(parent)) {
                        parent.children.push(index);
                    }
                    tree.nodes.push(Node { properties, location, children: Vec::new() });
                    last = Some(index);
                }
                Some(c) => {
                    return Err(location.error(format!("`{c}` is not expected here; a node begins with `;`")));
                }
                None => {
                    let began = open.first().map_or(location, |(_, began)| *began);
                    return Err(
                        location.error(format!("the file ends within the game of {began}; a `)` is missing"))
                    );
                }
            }
        }
    }

    /// Parses the properties of one node.
    fn properties(&mut self) -> Result<Vec<Property>, SgfError> {
        let mut properties: Vec<Property> = Vec::new();
        loop {
            self.skip_space();
            let location = self.location;
            let mut name = String::new();
            while let Some(c) = self.peek().filter(char::is_ascii_alphanumeric) {
                if !c.is_ascii_lowercase() {
                    name.push(c);
                }
                self.next();
            }
            if self.location == location {
                return Ok(properties);
            }
            let values = self.values()?;
            if name.is_empty() {
                return Err(location.error("a property's name needs a capital letter"));
            }
            if values.is_empty() {
                return Err(location
                    .error(format!("the property {name} has no value; write `{name}[]` for an empty one")));
            }
            // Many programs repeat a property in a node, which is invalid; the values are merged.
            match properties.iter_mut().find(|property| property.name == name) {
                Some(property) => property.values.extend(values),
                None => properties.push(Property { name, values, location }),
            }
        }
    }

    fn values(&mut self) -> Result<Vec<Value>, SgfError> {
        let mut values = Vec::new();
        loop {
            self.skip_space();
            let bracket = self.location;
            if self.peek() != Some('[') {
                return Ok(values);
            }
            self.next();
            let location = self.location;
            let mut raw = String::new();
            loop {
                match self.next() {
                    Some(']') => break,
                    Some('\\') => {
                        raw.push('\\');
                        raw.extend(self.next());
                    }
                    Some(c) => raw.push(c),
                    None => return Err(bracket.error("the file ends within a value; a `]` is missing")),
                }
            }
            values.push(Value { raw, location });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(text: &str) -> Vec<Vec<String>> {
        let node =
            |node: &Node| node.properties.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(" ");
        parse(text).unwrap().iter().map(|game| game.main_line().map(node).collect()).collect()
    }

    #[test]
    fn reads_collections_variations_and_old_names() {
        let text =
            "From: me (hello)\n(;FF[3]GaMe[1](;B[aa](;W[bb])(;W[dd]))(;B[cc]))\n( ;\nAB [aa]\n[bb]C[]) bye";
        assert_eq!(names(text), [vec!["FF GM", "B", "W"], vec!["AB C"]]);
        let games = parse(text).unwrap();
        assert_eq!((games[0].len(), games[1].len()), (5, 1));
        let root = games[1].main_line().next().unwrap();
        assert_eq!(root.property("AB").unwrap().values[1].location, Location { line: 5, column: 2 });
        assert_eq!(root.location, Location { line: 3, column: 3 });
    }

    #[test]
    fn text_is_read_as_the_standard_says() {
        let games = parse("(;C[a\\]b\\\\ \\:\tc\r\nd\\\r\ne])").unwrap();
        let value = &games[0].main_line().next().unwrap().properties[0].values[0];
        assert_eq!(value.text(), "a]b\\ : c\nde");
        assert_eq!(value.line(), "a]b\\ : c de");
        assert_eq!(decode(b"\xef\xbb\xbf(;PB[\xc3\xa9])"), "(;PB[é])");
        assert_eq!(decode(b"(;PB[\xe9])"), "(;PB[é])");
    }

    #[test]
    fn errors_have_a_location() {
        let fault = |text: &str| parse(text).unwrap_err().to_string();
        assert_eq!(fault("hello"), "line 1, column 6: no game found; a game begins with `(;`");
        assert_eq!(
            fault("(;B[aa]\n;W[bb"),
            "line 2, column 3: the file ends within a value; a `]` is missing"
        );
        assert!(
            fault("(;B[aa]\n (;W[bb]")
                .starts_with("line 2, column 9: the file ends within the game of line 1")
        );
        assert!(fault("(;B)").starts_with("line 1, column 3: the property B has no value"));
        assert!(fault("(;b[aa])").starts_with("line 1, column 3: a property's name needs a capital letter"));
        assert!(fault("(;B[aa]?)").starts_with("line 1, column 8: `?` is not expected here"));
        assert!(
            fault("(;SZ[9](;B[dd])\n(;B[ed]);W[zz])")
                .starts_with("line 2, column 9: a node after the variations")
        );
        assert!(fault("(;B[aa](;W[bb](;B[cc]);W[dd]))").starts_with("line 1, column 23: a node after"));
    }

    #[test]
    fn depth_is_no_danger() {
        let deep = format!("{}{}", "(;B[]".repeat(200_000), ")".repeat(200_000));
        assert_eq!(parse(&deep).unwrap()[0].main_line().count(), 200_000);
    }

    proptest! {
        #[test]
        fn never_panics(text in "[();\\[\\]\\\\A-Ba-b:\n ]{0,60}") {
            let _ = parse(&text);
        }

        #[test]
        fn text_survives(text in "[^\t\r\u{b}\u{c}]{0,40}") {
            let written = format!("(;C[{}])", escape(&text));
            let games = parse(&written).unwrap();
            let node = games[0].main_line().next().unwrap();
            prop_assert_eq!(node.property("C").unwrap().values[0].text(), text);
        }
    }
}
