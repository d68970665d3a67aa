//! A command line as words, as a shell would part it, without a shell.

/// Parts `line` at white space; `'...'` and `"..."` hold words together, and a backslash takes the next character as it is
/// (but not within `'...'`). `None` where a quote is not closed, or there is no word.
pub(super) fn split(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('\\', None | Some('"')) => word.get_or_insert_default().push(chars.next()?),
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    (quote.is_none() && !words.is_empty()).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn words_are_a_shells() {
        let is = |line: &str, words: &[&str]| assert_eq!(split(line).unwrap(), words, "{line}");
        is(" gnugo  --mode gtp ", &["gnugo", "--mode", "gtp"]);
        is(
            r#"'/my programs/go' -x "a 'b' \" c" d\ e '' f'g h'"#,
            &["/my programs/go", "-x", "a 'b' \" c", "d e", "", "fg h"],
        );
        for line in ["", "  ", "a 'b", "a \"b", "a \\"] {
            assert_eq!(split(line), None, "{line}");
        }
    }
}
