use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::data::table::{Header, Kind, Layout, Table};
use crate::data::{TargetSpec, Targets};

fn parse(text: &str, layout: Layout<'_>) -> Result<Table> {
    Table::parse(Path::new("a.csv"), text, layout)
}

fn target(target: &str) -> Layout<'_> {
    Layout { target, ..Layout::default() }
}

fn number(name: &str, unit: &str) -> TargetSpec {
    TargetSpec::Number { name: name.into(), unit: unit.into() }
}

fn classes(names: &[&str]) -> TargetSpec {
    TargetSpec::Classes(names.iter().map(ToString::to_string).collect())
}

#[test]
fn tables_come_in_many_forms() {
    let good = parse("a,b,kind\n1,2,x\n3,4,y\n5,6,x\n", Layout::default()).unwrap();
    assert_eq!(good.columns, ["a", "b"]);
    assert_eq!(good.all.samples.values(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    assert_eq!((&good.target, &good.all.targets), (&classes(&["x", "y"]), &Targets::Labels(vec![0, 1, 0])));
    let same = [
        ("a;b;kind\r\n1;2;x\r\n3; 4 ;y\r\n5;6;x", target("kind")),
        ("kind\ta\tb\n\nx\t1\t2\n\n\ny\t3\t4\nx\t5\t6\n", target("1")),
        ("a,b,kind\n1,2,\"x\"\n3,4e0,y\n5,+6.0,x\n", target("last")),
    ];
    for (text, layout) in same {
        assert_eq!(parse(text, layout).unwrap(), good, "{text}");
    }
    let bare = parse("1,2,x\n3,4,y\n5,6,x\n", Layout::default()).unwrap();
    assert_eq!((bare.columns, bare.all), (vec!["x1".to_owned(), "x2".to_owned()], good.all));
    let none = parse("1\n2\n", target("none")).unwrap();
    assert_eq!((none.all.rows(), none.target, none.all.targets), (2, TargetSpec::None, Targets::None));
    let header = Layout { header: Header::Yes, ..target("none") };
    assert_eq!(parse("1\n2\n", header).unwrap().columns, ["1"]);
    assert!(parse("a,b\n1,2\n", Layout { header: Header::No, ..target("none") }).is_err());
}

#[test]
fn targets_are_labels_or_values() {
    let parsed = |column: &str, kind: Kind| {
        let text: String = column.split(' ').map(|field| format!("0,{field}\n")).collect();
        parse(&text, Layout { kind, ..Layout::default() }).map(|table| (table.target, table.all.targets))
    };
    let auto = |column| parsed(column, Kind::Auto).unwrap();
    assert_eq!(auto("0 1 1 0"), (classes(&["0", "1"]), Targets::Labels(vec![0, 1, 1, 0])));
    assert_eq!(auto("1 2 2 1"), (classes(&["1", "2"]), Targets::Labels(vec![0, 1, 1, 0])));
    assert_eq!(auto("b a a b"), (classes(&["a", "b"]), Targets::Labels(vec![1, 0, 0, 1])));
    // Not labels: integers with a gap, a fraction, a negative number, fewer than two rows per integer, a start at 2.
    for numbers in ["0 2 2 0", "0 1 1 0.5", "0 -1 -1 0", "0 1 2", "2 3 2 3", "1e9 0 0 0"] {
        assert_eq!(auto(numbers).0, number("x2", ""), "{numbers}");
    }
    let all = parsed("10 9 9 10", Kind::Classes).unwrap();
    assert_eq!(all, (classes(&["9", "10"]), Targets::Labels(vec![1, 0, 0, 1])));
    assert_eq!(parsed("0 1 1 0", Kind::Number).unwrap().1, Targets::Values(vec![0.0, 1.0, 1.0, 0.0]));
    let unit = parse("a,speed (m/s)\n1,2.5\n", target("speed")).unwrap();
    assert_eq!((unit.target, unit.all.targets), (number("speed", "m/s"), Targets::Values(vec![2.5])));
}

#[test]
fn invalid_tables_are_errors_with_line_and_correction() {
    let cases: &[(&str, Layout<'_>, usize, usize, &[&str])] = &[
        ("", target(""), 1, 1, &["no row of numbers"]),
        ("\n\n", target("none"), 1, 1, &["no row of numbers"]),
        ("a,b\n", target(""), 1, 1, &["no row of numbers"]),
        ("1\n2\n", target(""), 1, 1, &["the target is the only column", "target = none"]),
        ("a,b\n1,2\n", target("c"), 1, 1, &["unknown column `c`", "known are a, b"]),
        ("height,b\n1,2\n", target("heigth"), 1, 1, &["did you mean `height`"]),
        ("a,a\n1,2\n", target("a"), 1, 1, &["two columns have the name `a`", "number"]),
        ("a,b\n1,2\n", target("3"), 1, 1, &["no column 3, only 1..=2"]),
        ("a,b\n1,2\n\n\n3\n", target(""), 5, 1, &["has 1 fields, and the first row 2", "correct the row"]),
        ("a,b\n1,2\n3,4,5\n", target(""), 3, 1, &["has 3 fields"]),
        ("a,b,c\r\n1,2,3\r\n4,red,6\r\n", target(""), 3, 3, &["`red` is not a number", "`target`"]),
        ("a,b,c\n1,,3\n", target(""), 2, 3, &["the value is missing"]),
        ("a,b,c\n1,NaN,3\n", target(""), 2, 3, &["`NaN` is not a finite number", "delete the row"]),
        ("1,2,3\n-inf,2,3\n", target(""), 2, 1, &["`-inf` is not a finite number"]),
        ("1,2,3\n12,1e400,3\n", target(""), 2, 4, &["`1e400` is not a finite number"]),
        ("1,2\n3,\n", target(""), 2, 3, &["the target is missing"]),
        ("1,2\n3,nan\n", target(""), 2, 3, &["`nan` is not a finite number"]),
        ("1,2\n3,4\n5,n/a\n", target(""), 3, 3, &["`n/a` is not a number"]),
        (
            "1,a\n3,b\n5,a\n\n7,9\n",
            target(""),
            5,
            3,
            &["`9` is a number among class names", "kind = classes"],
        ),
        ("1,a\n3,b\n", target(""), 1, 3, &["every row has another class", "`target`"]),
        ("1,a\n3,a\n", Layout { kind: Kind::Number, ..target("") }, 1, 3, &["`a` is not a number"]),
    ];
    for &(text, layout, line, column, words) in cases {
        let (at, of, message) = at_line(parse(text, layout));
        assert_eq!((at, of), (line, column), "{text:?}: {message}");
        for word in words {
            assert!(message.contains(word), "{text:?}: {message}");
        }
    }
}

proptest! {
    #[test]
    fn written_tables_are_read_back(
        rows in prop::collection::vec(prop::collection::vec(-1e6f64..1e6, 3), 1..20),
        delimiter in prop::sample::select(vec![",", ";", "\t"]),
    ) {
        let lines: Vec<String> =
            rows.iter().map(|row| row.iter().map(f64::to_string).collect::<Vec<_>>().join(delimiter)).collect();
        let table = parse(&lines.join("\n"), target("none")).unwrap();
        prop_assert_eq!(table.all.samples.values(), &rows.concat()[..]);
    }

    #[test]
    fn no_text_panics(text in "[-0-9a-z,;.\"\n\r\t ()]{0,80}", of in "[a-z0-9]{0,3}") {
        let _ = parse(&text, target(&of));
        let _ = parse(&text, target("none"));
    }
}
