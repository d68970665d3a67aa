use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::data::table::{Header, Kind, Layout, Table};
use crate::data::{Answers, Target};

fn parse(text: &str, layout: Layout<'_>) -> Result<Table> {
    Table::parse(Path::new("a.csv"), text, layout)
}

fn answer(answer: &str) -> Layout<'_> {
    Layout { answer, ..Layout::default() }
}

fn number(name: &str, unit: &str) -> Target {
    Target::Number { name: name.into(), unit: unit.into() }
}

fn classes(names: &[&str]) -> Target {
    Target::Classes(names.iter().map(ToString::to_string).collect())
}

#[test]
fn tables_come_in_many_forms() {
    let good = parse("a,b,kind\n1,2,x\n3,4,y\n5,6,x\n", Layout::default()).unwrap();
    assert_eq!(good.columns, ["a", "b"]);
    assert_eq!(good.all.samples.values(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    assert_eq!((&good.target, &good.all.answers), (&classes(&["x", "y"]), &Answers::Classes(vec![0, 1, 0])));
    let same = [
        ("a;b;kind\r\n1;2;x\r\n3; 4 ;y\r\n5;6;x", answer("kind")),
        ("kind\ta\tb\n\nx\t1\t2\n\n\ny\t3\t4\nx\t5\t6\n", answer("1")),
        ("a,b,kind\n1,2,\"x\"\n3,4e0,y\n5,+6.0,x\n", answer("last")),
    ];
    for (text, layout) in same {
        assert_eq!(parse(text, layout).unwrap(), good, "{text}");
    }
    let bare = parse("1,2,x\n3,4,y\n5,6,x\n", Layout::default()).unwrap();
    assert_eq!((bare.columns, bare.all), (vec!["x1".to_owned(), "x2".to_owned()], good.all));
    let none = parse("1\n2\n", answer("none")).unwrap();
    assert_eq!((none.all.rows(), none.target, none.all.answers), (2, Target::None, Answers::None));
    let header = Layout { header: Header::Yes, ..answer("none") };
    assert_eq!(parse("1\n2\n", header).unwrap().columns, ["1"]);
    assert!(parse("a,b\n1,2\n", Layout { header: Header::No, ..answer("none") }).is_err());
}

#[test]
fn answers_are_classes_or_numbers() {
    let target = |answers: &str, kind: Kind| {
        let text: String = answers.split(' ').map(|answer| format!("0,{answer}\n")).collect();
        parse(&text, Layout { kind, ..Layout::default() }).map(|table| (table.target, table.all.answers))
    };
    let auto = |answers| target(answers, Kind::Auto).unwrap();
    assert_eq!(auto("0 1 1 0"), (classes(&["0", "1"]), Answers::Classes(vec![0, 1, 1, 0])));
    assert_eq!(auto("1 2 2 1"), (classes(&["1", "2"]), Answers::Classes(vec![0, 1, 1, 0])));
    assert_eq!(auto("b a a b"), (classes(&["a", "b"]), Answers::Classes(vec![1, 0, 0, 1])));
    // A gap, a fraction, a sign, or hardly two rows each: numbers.
    for numbers in ["0 2 2 0", "0 1 1 0.5", "0 -1 -1 0", "0 1 2", "2 3 2 3", "1e9 0 0 0"] {
        assert_eq!(auto(numbers).0, number("x2", ""), "{numbers}");
    }
    let all = target("10 9 9 10", Kind::Classes).unwrap();
    assert_eq!(all, (classes(&["9", "10"]), Answers::Classes(vec![1, 0, 0, 1])));
    assert_eq!(target("0 1 1 0", Kind::Number).unwrap().1, Answers::Numbers(vec![0.0, 1.0, 1.0, 0.0]));
    let unit = parse("a,speed (m/s)\n1,2.5\n", answer("speed")).unwrap();
    assert_eq!((unit.target, unit.all.answers), (number("speed", "m/s"), Answers::Numbers(vec![2.5])));
}

#[test]
fn bad_tables_are_refused_with_line_and_mend() {
    let cases: &[(&str, Layout<'_>, usize, usize, &[&str])] = &[
        ("", answer(""), 1, 1, &["no row of numbers"]),
        ("\n\n", answer("none"), 1, 1, &["no row of numbers"]),
        ("a,b\n", answer(""), 1, 1, &["no row of numbers"]),
        ("1\n2\n", answer(""), 1, 1, &["no column beside the answer", "answer = none"]),
        ("a,b\n1,2\n", answer("c"), 1, 1, &["unknown column `c`", "known are a, b"]),
        ("height,b\n1,2\n", answer("heigth"), 1, 1, &["did you mean `height`"]),
        ("a,a\n1,2\n", answer("a"), 1, 1, &["two columns are called `a`", "number"]),
        ("a,b\n1,2\n", answer("3"), 1, 1, &["no column 3, only 1..=2"]),
        ("a,b\n1,2\n\n\n3\n", answer(""), 5, 1, &["has 1 fields and the first one 2", "mend the row"]),
        ("a,b\n1,2\n3,4,5\n", answer(""), 3, 1, &["has 3 fields"]),
        ("a,b,c\r\n1,2,3\r\n4,red,6\r\n", answer(""), 3, 3, &["`red` is no number", "`answer`"]),
        ("a,b,c\n1,,3\n", answer(""), 2, 3, &["no value here"]),
        ("a,b,c\n1,NaN,3\n", answer(""), 2, 3, &["`NaN` is no finite number", "delete the row"]),
        ("1,2,3\n-inf,2,3\n", answer(""), 2, 1, &["`-inf` is no finite number"]),
        ("1,2,3\n12,1e39,3\n", answer(""), 2, 4, &["`1e39` is no finite number"]),
        ("1,2\n3,\n", answer(""), 2, 3, &["no answer here"]),
        ("1,2\n3,nan\n", answer(""), 2, 3, &["`nan` is no finite number"]),
        ("1,2\n3,4\n5,n/a\n", answer(""), 3, 3, &["`n/a` is no number"]),
        ("1,a\n3,b\n5,a\n\n7,9\n", answer(""), 5, 3, &["`9` is a number among classes", "kind = classes"]),
        ("1,a\n3,b\n", answer(""), 1, 3, &["a class of its own", "`answer`"]),
        ("1,a\n3,a\n", Layout { kind: Kind::Number, ..answer("") }, 1, 3, &["`a` is no number"]),
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
    fn what_is_written_is_read(
        rows in prop::collection::vec(prop::collection::vec(-1e6f32..1e6, 3), 1..20),
        delimiter in prop::sample::select(vec![",", ";", "\t"]),
    ) {
        let lines: Vec<String> =
            rows.iter().map(|row| row.iter().map(f32::to_string).collect::<Vec<_>>().join(delimiter)).collect();
        let table = parse(&lines.join("\n"), answer("none")).unwrap();
        prop_assert_eq!(table.all.samples.values(), &rows.concat()[..]);
    }

    #[test]
    fn no_text_panics(text in "[-0-9a-z,;.\"\n\r\t ()]{0,80}", of in "[a-z0-9]{0,3}") {
        let _ = parse(&text, answer(&of));
        let _ = parse(&text, answer("none"));
    }
}
