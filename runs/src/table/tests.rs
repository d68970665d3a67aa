use super::*;

/// Layout of `width` columns without colors.
fn plain(width: usize) -> Layout {
    Layout { width: Some(width), colors: false }
}

fn widest(text: &str) -> usize {
    text.lines().map(UnicodeWidthStr::width).max().unwrap_or(0)
}

/// Three columns: of 5, 8 and 6 characters; the last has the accents.
fn example() -> Table {
    let mut table =
        Table::new(vec![Column::text("world", 0), Column::text("agent", 1), Column::number("score", 0)]);
    for [world, agent, score] in
        [["cliff", "sarsa", "-17.0"], ["cliff", "expected", "-13.0"], ["taxi", "sarsa", "7.9"]]
    {
        table.row([world, agent, score].map(str::to_owned));
    }
    table.accent(1, 2);
    table
}

#[test]
fn a_table_with_room_shows_all() {
    let shown = "\
┌────────────────────────────┐
│ world   agent        score │
╞════════════════════════════╡
│ cliff   sarsa      -17.0   │
│         expected   -13.0 * │
│ taxi    sarsa        7.9   │
└────────────────────────────┘
";
    assert_eq!(example().text(Layout::FILE), shown);
    assert_eq!(example().text(plain(30)), shown);
    assert_eq!(
        example().markdown(),
        "\
| world | agent    | score |
|-------|----------|-------|
| cliff | sarsa    | -17.0 |
| cliff | expected | -13.0 |
| taxi  | sarsa    |   7.9 |
"
    );
}

#[test]
fn columns_are_hidden_by_rank_and_named() {
    let text = example().text(plain(29));
    assert!(text.contains("│ cliff   -17.0   │\n│         -13.0 * │\n"), "{text}");
    assert!(text.ends_with("Hidden columns: agent.\n  --wide shows all.\n"), "{text}");
    assert!(widest(&text) <= 29);
}

#[test]
fn what_cannot_be_hidden_is_stacked() {
    let text = example().text(plain(18));
    assert!(text.starts_with("world  cliff\nagent  sarsa\nscore  -17.0\n\nworld  cliff\n"), "{text}");
    assert!(text.contains("score  -13.0 *\n"), "{text}");
    assert!(widest(&text) <= 18);
}

#[test]
fn colors_replace_the_star() {
    let text = example().text(Layout { width: Some(80), colors: true });
    assert!(text.contains("│         expected   \x1b[1;32m-13.0\x1b[0m │\n"), "{text}");
    assert!(!text.contains('*'));
}

#[test]
fn the_last_column_of_a_list_is_wrapped() {
    let rows = || [["a", "one two three four five six"], ["beta", ""]].map(|row| row.map(str::to_owned));
    assert_eq!(list(rows(), Layout::FILE), "a     one two three four five six\nbeta\n");
    assert_eq!(list(rows(), plain(30)), "a     one two three four five\n      six\nbeta\n");
    assert_eq!(list(rows(), plain(20)), "a\n  one two three four\n  five six\nbeta\n");
    let path = [["file".to_owned(), "x".repeat(50)]];
    assert_eq!(
        list(path, plain(30)),
        format!("file  {}\n      {}\n      xx\n", "x".repeat(24), "x".repeat(24))
    );
}

#[test]
fn prose_is_wrapped_with_an_indent() {
    let text = "a bc def\n  ghi jkl mno\n";
    assert_eq!(wrapped(text, 2, Layout::FILE), text);
    assert_eq!(wrapped(text, 2, plain(10)), "a bc def\n  ghi\n    jkl\n    mno\n");
}

#[test]
fn nothing_is_wider_than_the_terminal() {
    for width in 1..=60 {
        let mut table = example();
        table.row(["market/replay:prices.csv", "a very long name of an agent", "0.1"].map(str::to_owned));
        let text = table.text(plain(width));
        let least = width.max(3);
        assert!(widest(&text) <= least, "{width}: {text}");
        let letters: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        assert!(letters.contains("market/replay:prices.csv"), "{width}: {text}");
        assert!(letters.contains("sarsa") || letters.contains("Hiddencolumns:agent"), "{width}: {text}");
    }
}

#[test]
fn the_width_comes_from_the_terminal_or_the_environment() {
    let columns = |value: &'static str| move |name: &str| (name == "COLUMNS").then(|| value.to_owned());
    let width = |wide, terminal, value| Layout::of(wide, terminal, columns(value)).width;
    assert_eq!(width(false, Some(Some(80)), "40"), Some(80));
    assert_eq!(width(false, Some(None), "40"), Some(40));
    assert_eq!(width(false, Some(Some(0)), ""), Some(100));
    assert_eq!(width(false, None, "40"), Some(40));
    assert_eq!(width(false, None, "many"), None);
    assert_eq!(width(true, Some(Some(80)), "40"), None);
    assert!(Layout::of(false, Some(None), columns("")).colors);
    assert!(!Layout::of(false, None, columns("")).colors);
    assert!(!Layout::of(false, Some(None), |name| (name == "NO_COLOR").then(|| "1".into())).colors);
}
