//! The text of SGF: collections, game trees, nodes, properties, and where each of them stands.
//!
//! * **Source**: A. Hollosi, *SGF FF\[4\]* (red-bean.com/sgf), with the older FF\[1\] to FF\[3\] as far as they differ in text:
//!   identifiers with lower-case letters (`CoPyright`), which are dropped.
//! * A text that stands around the games, such as the header of a mail, is passed over, as the standard asks.
//! * Nothing here recurses: a game of a million nodes is read like any other.

use std::fmt;

/// Where something stands in a file; both count from 1, columns in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

/// What is wrong with a text, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct SgfError {
    /// Where.
    pub place: Place,
    /// What, and how to mend it.
    pub message: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

impl Place {
    /// An error here.
    pub(super) fn error(self, message: impl Into<String>) -> SgfError {
        SgfError { place: self, message: message.into() }
    }
}

/// One game tree: its nodes in the order of the text, the root first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GameTree {
    nodes: Vec<Node>,
}

/// One node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// Its properties, in the order of the text.
    pub properties: Vec<Property>,
    /// Where its semicolon stands.
    pub place: Place,
    /// The nodes that may follow, the main line first.
    children: Vec<usize>,
}

/// One property: `AB[dd][pp]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Property {
    /// Its identifier in capitals.
    pub name: String,
    /// Its values, at least one, as they stand between the brackets: still escaped.
    pub values: Vec<Value>,
    /// Where its identifier begins.
    pub place: Place,
}

/// One value of a property.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// The text between the brackets, still escaped.
    pub raw: String,
    /// Where its first character stands.
    pub place: Place,
}

impl GameTree {
    /// The nodes of the main line: the first variation everywhere.
    pub fn main_line(&self) -> impl Iterator<Item = &Node> {
        let root = self.nodes.first();
        std::iter::successors(root, |node| node.children.first().and_then(|&child| self.nodes.get(child)))
    }

    /// How many nodes there are in all variations together.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is no node at all.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}

impl Node {
    /// The property of this name.
    pub fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.name == name)
    }
}

impl Value {
    /// The value as text: escapes resolved, soft line breaks gone, every other white space but line breaks a space.
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

    /// The value as one line without white space at its ends.
    pub fn line(&self) -> String {
        self.text().replace('\n', " ").trim().to_owned()
    }
}

/// `text` with everything escaped that would end a value or begin an escape.
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

/// Bytes of a file as text: UTF-8, or where they are not that, Latin-1, which SGF takes where nothing is said.
pub fn decode(bytes: &[u8]) -> String {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_or_else(|_| bytes.iter().copied().map(char::from).collect(), str::to_owned)
}

/// Reads all game trees of a collection.
///
/// # Errors
/// [`SgfError`] where the text is not SGF, or holds no game at all.
pub fn parse(text: &str) -> Result<Vec<GameTree>, SgfError> {
    let mut reader = Reader { rest: text, place: Place { line: 1, column: 1 } };
    let mut games = Vec::new();
    while reader.find_game() {
        games.push(reader.game()?);
    }
    if games.is_empty() {
        return Err(reader.place.error("there is no game here; a game begins with `(;`"));
    }
    Ok(games)
}

struct Reader<'a> {
    rest: &'a str,
    place: Place,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.rest = &self.rest[c.len_utf8()..];
        if c == '\n' {
            self.place = Place { line: self.place.line + 1, column: 1 };
        } else {
            self.place.column += 1;
        }
        Some(c)
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.next();
        }
    }

    /// Goes on to the next `(` that a `;` follows.
    fn find_game(&mut self) -> bool {
        while let Some(c) = self.peek() {
            if c == '(' && self.rest[1..].trim_start().starts_with(';') {
                return true;
            }
            self.next();
        }
        false
    }

    /// Reads one game tree, from its `(` to its `)`.
    fn game(&mut self) -> Result<GameTree, SgfError> {
        let mut tree = GameTree::default();
        // For every open bracket the node it follows, and where it stands.
        let mut open: Vec<(Option<usize>, Place)> = Vec::new();
        let mut last = None;
        // Whether a variation has just ended: the nodes of a tree come before its variations.
        let mut varied = false;
        loop {
            self.skip_space();
            let place = self.place;
            match self.peek() {
                Some('(') => {
                    if last.is_none() && !open.is_empty() {
                        return Err(place.error("a variation before any node; a game begins with `(;`"));
                    }
                    self.next();
                    open.push((last, place));
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
                    let mend = "write it before them, or as `(;...)`, a variation of its own";
                    return Err(place.error(format!("a node after the variations of its tree; {mend}")));
                }
                Some(';') => {
                    self.next();
                    let properties = self.properties()?;
                    let index = tree.nodes.len();
                    if let Some(parent) = last.and_then(|parent: usize| tree.nodes.get_mut(parent)) {
                        parent.children.push(index);
                    }
                    tree.nodes.push(Node { properties, place, children: Vec::new() });
                    last = Some(index);
                }
                Some(c) => {
                    return Err(place.error(format!("`{c}` is not expected here; a node begins with `;`")));
                }
                None => {
                    let began = open.first().map_or(place, |(_, began)| *began);
                    return Err(
                        place.error(format!("the file ends within the game of {began}; a `)` is missing"))
                    );
                }
            }
        }
    }

    /// Reads the properties of one node.
    fn properties(&mut self) -> Result<Vec<Property>, SgfError> {
        let mut properties: Vec<Property> = Vec::new();
        loop {
            self.skip_space();
            let place = self.place;
            let mut name = String::new();
            while let Some(c) = self.peek().filter(char::is_ascii_alphanumeric) {
                if !c.is_ascii_lowercase() {
                    name.push(c);
                }
                self.next();
            }
            if self.place == place {
                return Ok(properties);
            }
            let values = self.values()?;
            if name.is_empty() {
                return Err(place.error("a property's name needs a capital letter"));
            }
            if values.is_empty() {
                return Err(place
                    .error(format!("the property {name} has no value; write `{name}[]` for an empty one")));
            }
            // A property said twice in a node is an error of many programs; its values belong together.
            match properties.iter_mut().find(|property| property.name == name) {
                Some(property) => property.values.extend(values),
                None => properties.push(Property { name, values, place }),
            }
        }
    }

    fn values(&mut self) -> Result<Vec<Value>, SgfError> {
        let mut values = Vec::new();
        loop {
            self.skip_space();
            let bracket = self.place;
            if self.peek() != Some('[') {
                return Ok(values);
            }
            self.next();
            let place = self.place;
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
            values.push(Value { raw, place });
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
        assert_eq!(root.property("AB").unwrap().values[1].place, Place { line: 5, column: 2 });
        assert_eq!(root.place, Place { line: 3, column: 3 });
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
    fn faults_are_placed() {
        let fault = |text: &str| parse(text).unwrap_err().to_string();
        assert_eq!(fault("hello"), "line 1, column 6: there is no game here; a game begins with `(;`");
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
