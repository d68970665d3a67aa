//! SGF syntax: from the text of a collection to its game trees.
//!
//! * **Source**: A. Hollosi, *SGF FF\[4\]* (red-bean.com/sgf), and the older formats FF\[1\] to FF\[3\], in which
//!   identifiers may contain lower-case letters (`CoPyright`); these letters are dropped.
//! * Text around the games, such as a mail header, is skipped, as the standard requires.
//! * Faults that leave the moves clear are read with a [`Warning`]: a root without `;`, missing parentheses and
//!   brackets, a name in lower-case letters, a node after variations, characters between properties.
//! * Parsing is not recursive and takes linear time: a game of a million nodes can be read.

use std::collections::HashMap;

use freewheel_core::memory;

use super::tree::{GameTree, Location, Node, Property, SgfError, Value, Warning, quoted, warn};

/// Estimated memory of a node, a property or a value, bytes.
const BYTES_OF_PART: u64 = 120;

/// Number of properties in a node from which on they are found by a map.
const MANY: usize = 16;

/// Parses all game trees of a collection.
///
/// # Errors
/// [`SgfError`] for the first game that cannot be read, and for a text without a game; see [`Games`].
pub fn parse(text: &str) -> Result<Vec<GameTree>, SgfError> {
    Games::new(text).collect()
}

/// Iterator over the games of a collection. A game that cannot be read is an error, and the games after it are read.
/// A text without a game is one error.
pub struct Games<'a> {
    reader: Reader<'a>,
    found: bool,
    after: Option<Location>,
}

impl<'a> Games<'a> {
    /// Games of `text`.
    pub fn new(text: &'a str) -> Self {
        let limit = memory::max_bytes().unwrap_or(u64::MAX);
        let location = Location { line: 1, column: 1 };
        let reader = Reader { rest: text, location, limit, parts: 0, warnings: Vec::new() };
        Games { reader, found: false, after: None }
    }

    /// Location of text after the last game, which is skipped; `None` before the iterator has ended.
    pub fn text_after(&self) -> Option<Location> {
        self.after
    }
}

impl Iterator for Games<'_> {
    type Item = Result<GameTree, SgfError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.reader.skip_space();
        let start = self.reader.location;
        if self.reader.find_game(!self.found) {
            self.found = true;
            return Some(self.reader.game());
        }
        if self.found {
            self.after = self.after.or((self.reader.location != start).then_some(start));
            return None;
        }
        self.found = true;
        Some(Err(start.error("no game found; a game begins with `(;`")))
    }
}

struct Reader<'a> {
    rest: &'a str,
    location: Location,
    /// Maximum memory of a game, bytes.
    limit: u64,
    /// Number of nodes, properties and values of the game so far.
    parts: u64,
    /// Warnings of the game so far.
    warnings: Vec<Warning>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.rest = &self.rest[c.len_utf8()..];
        self.location.advance(c, self.rest.starts_with('\n'));
        Some(c)
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(|c| c.is_whitespace() || c == '\u{feff}') {
            self.next();
        }
    }

    fn warn(&mut self, location: Location, message: impl FnOnce() -> String) {
        warn(&mut self.warnings, location, message);
    }

    /// Skips to the `(` of the next game, which a node or a property follows. The parenthesis of the first game may be
    /// missing.
    fn find_game(&mut self, first: bool) -> bool {
        self.warnings.clear();
        let (start, mut skipped) = (self.location, false);
        if first && self.rest.starts_with(';') && begins_with_property(&self.rest[1..]) {
            return true;
        }
        while let Some(c) = self.peek() {
            if c == '(' && begins_with_node(&self.rest[1..]) {
                if skipped {
                    self.warn(start, || "the text before the game is skipped".to_owned());
                }
                return true;
            }
            skipped |= !c.is_whitespace();
            self.next();
        }
        false
    }

    /// Parses one game tree, from its `(` to its `)`.
    fn game(&mut self) -> Result<GameTree, SgfError> {
        self.parts = 0;
        let began = self.location;
        let mut tree = GameTree { location: began, ..GameTree::default() };
        // Node before each open parenthesis.
        let mut open: Vec<Option<usize>> = Vec::new();
        let mut last = None;
        // Whether a variation has just ended: a tree's nodes must come before its variations.
        let mut varied = false;
        loop {
            self.skip_space();
            let location = self.location;
            match self.peek() {
                Some('(') => {
                    if !open.is_empty() && begins_game(&self.rest[1..]) {
                        self.warn(location, || {
                            format!(
                                "a new game begins within the game of {began}; a `)` is missing before it"
                            )
                        });
                        break;
                    }
                    self.next();
                    open.push(last);
                    varied = false;
                    self.skip_space();
                    if self.peek().is_some_and(|c| c.is_ascii_alphanumeric()) {
                        let location = self.location;
                        self.warn(location, || "a `;` is missing before this node".to_owned());
                        last = Some(self.node(&mut tree, last, location)?);
                    }
                }
                Some(')') => {
                    self.next();
                    last = open.pop().flatten();
                    varied = true;
                    if open.is_empty() {
                        break;
                    }
                }
                Some(';') => {
                    if open.is_empty() {
                        self.warn(location, || "the game has no `(`".to_owned());
                        open.push(None);
                    }
                    if varied {
                        self.warn(location, || {
                            "a node after the variations of its tree; it is read as a variation of its own, \
                             `(;...)`"
                                .to_owned()
                        });
                        varied = false;
                    }
                    self.next();
                    last = Some(self.node(&mut tree, last, location)?);
                }
                Some(c) if c.is_ascii_alphanumeric() => {
                    // Properties after a `)`, which belong to no node.
                    self.warn(location, || format!("`{c}` is not expected here; a node begins with `;`"));
                    let mut skipped = Node::default();
                    self.properties(&mut skipped)?;
                }
                Some(c) => {
                    self.warn(location, || {
                        format!("`{}` is not expected here; a node begins with `;`", quoted(&c.to_string()))
                    });
                    self.next();
                }
                None => {
                    self.warn(location, || {
                        format!("the file ends within the game of {began}; a `)` is missing")
                    });
                    break;
                }
            }
        }
        tree.warnings = std::mem::take(&mut self.warnings);
        Ok(tree)
    }

    /// Parses the properties of a node that follows the node `parent`, and adds the node; returns its index.
    fn node(
        &mut self,
        tree: &mut GameTree,
        parent: Option<usize>,
        location: Location,
    ) -> Result<usize, SgfError> {
        self.count(location)?;
        let mut node = Node { location, ..Node::default() };
        self.properties(&mut node)?;
        node.properties.shrink_to_fit();
        let index = tree.nodes.len();
        if let Some(parent) = parent.and_then(|parent| tree.nodes.get_mut(parent)) {
            if parent.children.is_empty() {
                parent.children.reserve_exact(1);
            }
            parent.children.push(index);
        }
        tree.nodes.push(node);
        Ok(index)
    }

    /// Counts a part of the game.
    fn count(&mut self, location: Location) -> Result<(), SgfError> {
        self.parts += 1;
        if self.parts * BYTES_OF_PART <= self.limit {
            return Ok(());
        }
        let size = memory::size_text(u128::from(self.limit));
        Err(location.error(format!("the game needs more than {size} of memory; split it")))
    }

    /// Parses properties into `node`.
    fn properties(&mut self, node: &mut Node) -> Result<(), SgfError> {
        let mut found: HashMap<String, usize> = HashMap::new();
        loop {
            self.skip_space();
            let location = self.location;
            let mut written = String::new();
            while let Some(c) = self.peek().filter(char::is_ascii_alphanumeric) {
                written.push(c);
                self.next();
            }
            if written.is_empty() {
                match self.peek() {
                    None | Some('(' | ')' | ';') => return Ok(()),
                    Some(c) => {
                        self.warn(location, || format!("`{}` is skipped", quoted(&c.to_string())));
                        if c == '[' {
                            self.values("")?;
                        } else {
                            self.next();
                        }
                    }
                }
                continue;
            }
            self.count(location)?;
            let mut name: String = written.chars().filter(|c| !c.is_ascii_lowercase()).collect();
            if name.is_empty() {
                name = written.to_ascii_uppercase();
                self.warn(location, || {
                    format!("`{}` has no capital letter; it is read as `{}`", quoted(&written), quoted(&name))
                });
            }
            name.shrink_to_fit();
            let values = self.values(&name)?;
            if values.is_empty() {
                let name = quoted(&name);
                self.warn(location, || {
                    format!("the property {name} has no value and is skipped; write `{name}[]`")
                });
                continue;
            }
            // Many programs repeat a property in a node, which is invalid; the values are merged.
            let properties = &mut node.properties;
            if properties.len() == MANY && found.is_empty() {
                found.extend(properties.iter().enumerate().map(|(n, property)| (property.name.clone(), n)));
            }
            let earlier = match properties.len() < MANY {
                true => properties.iter().position(|property| property.name == name),
                false => found.get(&name).copied(),
            };
            match earlier.and_then(|n| properties.get_mut(n)) {
                Some(property) => property.values.extend(values),
                None => {
                    if properties.len() >= MANY {
                        found.insert(name.clone(), properties.len());
                    }
                    properties.push(Property { name, values, location });
                }
            }
        }
    }

    /// Parses the values of the property `name`.
    fn values(&mut self, name: &str) -> Result<Vec<Value>, SgfError> {
        // A point has none of `(`, `)`, `;` and `[`: a bracket is missing before them.
        let point = matches!(name, "B" | "W" | "AB" | "AW" | "AE");
        let mut values = Vec::new();
        loop {
            self.skip_space();
            let bracket = self.location;
            if self.peek() != Some('[') {
                return Ok(values);
            }
            self.count(bracket)?;
            self.next();
            let location = self.location;
            let mut raw = String::new();
            let closed = loop {
                match self.peek() {
                    Some('(' | ')' | ';' | '[') if point => break false,
                    None => break false,
                    Some(']') => {
                        self.next();
                        break true;
                    }
                    Some('\\') => {
                        self.next();
                        raw.push('\\');
                        raw.extend(self.next());
                    }
                    Some(c) => {
                        self.next();
                        raw.push(c);
                    }
                }
            };
            if !closed && self.rest.is_empty() {
                self.warn(bracket, || {
                    "the file ends within this value, which is skipped; a `]` is missing".to_owned()
                });
                return Ok(values);
            }
            if !closed {
                self.warn(bracket, || "a `]` is missing after this value".to_owned());
            }
            raw.shrink_to_fit();
            if values.is_empty() {
                values.reserve_exact(1);
            }
            values.push(Value { raw, location });
        }
    }
}

/// Whether `text` begins with a node, or with the properties of a node without its `;`.
fn begins_with_node(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with(';') || begins_with_property(text)
}

/// Whether `text` begins with a property's name in at least one capital letter, and a value.
fn begins_with_property(text: &str) -> bool {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    end <= 32
        && text[..end].contains(|c: char| c.is_ascii_uppercase())
        && text[end..].trim_start().starts_with('[')
}

/// Whether `text` begins with the root of a game: a node whose first property is `FF` or `GM`.
fn begins_game(text: &str) -> bool {
    let Some(text) = text.trim_start().strip_prefix(';') else { return false };
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    let name = text[..end].chars().filter(char::is_ascii_uppercase);
    end <= 32 && (name.clone().eq("FF".chars()) || name.eq("GM".chars()))
}

#[cfg(test)]
mod tests {
    use super::super::decode;
    use super::super::tree::escape;
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
    fn faults_have_a_location() {
        let faults = |text: &str| {
            let warnings = parse(text).unwrap().remove(0).warnings;
            warnings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        };
        assert_eq!(
            parse("hello").unwrap_err().to_string(),
            "line 1, column 1: no game found; a game begins with `(;`"
        );
        assert!(faults("(;C[aa]\n;C[bb").starts_with(
            "line 2, column 3: the file ends within this value, which is skipped; a `]` is missing"
        ));
        assert_eq!(
            faults("(;B[aa]\n (;W[bb]"),
            "line 2, column 9: the file ends within the game of line 1, column 1; a `)` is missing"
        );
        assert!(faults("(;B)").starts_with("line 1, column 3: the property B has no value"));
        assert!(faults("(;b[aa])").starts_with("line 1, column 3: `b` has no capital letter"));
        assert!(faults("(;B[aa]?)").starts_with("line 1, column 8: `?` is skipped"));
        assert!(
            faults("(;SZ[9](;B[dd])\n(;B[ed]);W[zz])")
                .starts_with("line 2, column 9: a node after the variations")
        );
        assert!(faults("(;B[aa](;W[bb](;B[cc]);W[dd]))").starts_with("line 1, column 23: a node after"));
        assert!(faults("(;B[aa]\r(;W[bb]\r\n;W[dd]").starts_with("line 3, column 7: "));
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
