use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::data::preparation::Scale;
use crate::data::table::{Decimal, Header, Kind, Layout, Missing, Table};
use crate::data::{DataSet, Shape, TargetSpec, Targets};

fn parse(text: &str, layout: Layout<'_>) -> Result<Table> {
    Table::parse(Path::new("a.csv"), text, layout)
}

/// Data set of the whole table.
fn read(text: &str, layout: Layout<'_>) -> Result<DataSet> {
    parse(text, layout)?.into_data_set("a.csv", layout)
}

fn columns(set: &DataSet) -> Vec<&str> {
    let Shape::Columns(names) = &set.shape else { panic!("no table") };
    names.iter().map(String::as_str).collect()
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
    let good = read("a,b,kind\n1,2,x\n3,4,y\n5,6,x\n", Layout::default()).unwrap();
    assert_eq!(columns(&good), ["a", "b"]);
    assert_eq!(good.train.samples.values(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    assert_eq!((&good.target, &good.train.targets), (&classes(&["x", "y"]), &Targets::Labels(vec![0, 1, 0])));
    let same = [
        ("a;b;kind\r\n1;2;x\r\n3; 4 ;y\r\n5;6;x", target("kind")),
        ("kind\ta\tb\n\nx\t1\t2\n\n\ny\t3\t4\nx\t5\t6\n", target("1")),
        ("a,b,kind\n1,2,\"x\"\n3,4e0,y\n5,+6.0,x\n", target("last")),
        ("a  b kind\n1  2 x\n 3 4 y\n5 6 x\n", target("kind")),
        ("sep=;\na;b;kind\n1,0;2;x\n3;4,00;y\n5;6;x\n", target("kind")),
    ];
    for (text, layout) in same {
        assert_eq!(read(text, layout).unwrap(), good, "{text}");
    }
    let bare = read("1,2,x\n3,4,y\n5,6,x\n", Layout::default()).unwrap();
    assert_eq!((columns(&bare), &bare.train), (vec!["x1", "x2"], &good.train));
    let none = parse("1\n2\n", target("none")).unwrap();
    assert_eq!((none.rows(), none.target, none.targets), (2, TargetSpec::None, Targets::None));
    let header = Layout { header: Header::Yes, ..target("none") };
    assert_eq!(parse("1\n2\n", header).unwrap().columns[0].name, "1");
    assert!(parse("a,b\n1,2\n", Layout { header: Header::No, ..target("none") }).is_err());
}

/// Names of the columns for each text; no names for a first row that is a sample, and an error for one that can be
/// both.
#[test]
fn a_header_of_numbers_is_compared_with_the_rows() {
    let header = |text: &str| parse(text, target("none")).map(|table| table.columns[0].name != "x1");
    let iris = "5.1,1.4,setosa\n4.9,1.4,setosa\n6.3,4.7,versicolor\n6.4,4.5,versicolor\n";
    for (names, text) in [
        ("0,1,species", iris),
        ("2019,2020,2021", "5.2,6.1,7.0\n5.5,6.6,7.1\n"),
        ("country,2019,2020", "France,1.2,3.4\nSpain,2.5,3.1\nItaly,2.2,3.3\n"),
        ("0,1,2,3", "0.5,2.1,3.0,1\n1.5,2.0,3.3,0\n"),
        ("id,2019", "1,5.5\n2,6.5\n"),
        ("color,size", "red,big\nblue,small\nred,small\n"),
    ] {
        assert!(header(&format!("{names}\n{text}")).unwrap(), "{names}");
    }
    for text in [iris, "p,x\ne,x\np,y\np,x\n", "1,2\n2,3.9\n3,6.1\n", "5,1\n7,0\n", "Ann,1,2\nBob,3,7\n"] {
        assert!(!header(text).unwrap(), "{text}");
    }
    for text in ["0,1\n1,2.5\n2,3.9\n", "1990,1991,1992\n5,6,7\n8,9,9\n", "1,2,3\n4,9,8\n7,2,1\n"] {
        let (line, column, message) = at_line(header(text));
        assert_eq!((line, column), (1, 1));
        assert!(message.contains("can be column names or a sample; set header = yes or no"), "{message}");
    }
}

#[test]
fn columns_are_left_out_and_texts_become_columns() {
    let text = "id,size,color,y\n7,1,red,1.5\n8,2,blue,2.5\n9,3,?,3.5\n10,,red,4.5\n";
    let leave_out = ["id".to_owned()];
    let layout = Layout { leave_out: &leave_out, ..Layout::default() };
    let set = read(text, layout).unwrap();
    assert_eq!(columns(&set), ["size", "color=blue", "color=red", "color missing"]);
    let expected = [
        [1.0, 0.0, 1.0, 0.0],
        [2.0, 1.0, 0.0, 0.0],
        [3.0, 0.0, 0.0, 1.0],
        // The missing size is the mean of 1, 2 and 3.
        [2.0, 0.0, 1.0, 0.0],
    ];
    assert_eq!(set.train.samples.values(), expected.concat());
    let dropped = read(text, Layout { missing: Missing::Drop, ..layout }).unwrap();
    assert_eq!(
        (dropped.train.rows(), &dropped.notes[0][..]),
        (2, "2 of 4 rows with a missing value left out")
    );
    let (line, column, message) = at_line(read(text, Layout { missing: Missing::Refuse, ..layout }));
    assert_eq!((line, column), (4, 5));
    assert!(message.contains("the value is missing"), "{message}");
    // A row without a target is left out of a fit, and kept for a prediction.
    let unlabeled = "size,color,y\n1,red,1.5\n2,green,NA\n3,red,3.5\n";
    let fitted = read(unlabeled, Layout::default()).unwrap();
    assert_eq!((fitted.train.rows(), fitted.train.targets), (2, Targets::Values(vec![1.5, 3.5])));
    let prepared = set.preparation.as_ref();
    let kept = read(unlabeled, Layout { prepared, ..layout }).unwrap();
    assert_eq!((kept.train.rows(), &kept.train.targets), (3, &Targets::None));
    assert_eq!(kept.train.samples.row(1), [2.0, 0.0, 0.0, 0.0]);
    assert!(kept.notes[0].contains("1 rows have a text that no training row has"), "{:?}", kept.notes);
    let codes = ["1".to_owned()];
    let coded =
        read("zip,y\n10,1.5\n20,2.5\n10,3.5\n", Layout { text: &codes, ..Layout::default() }).unwrap();
    assert_eq!(columns(&coded), ["zip=10", "zip=20"]);
    let names: String = (0..30).map(|i| format!("Name {i},{i}.5\n")).collect();
    let many = read(&format!("name,y\n{names}"), Layout::default()).unwrap_err().to_string();
    assert!(many.contains("column name has 30 different texts") && many.contains("data.leave_out"), "{many}");
}

/// Means and ends are those of the training rows.
#[test]
fn scales_are_fitted_to_the_training_rows() {
    let rows: String = (0..40).map(|i| format!("{},5,{i}.5\n", i * i)).collect();
    let text = format!("a,b,y\n{rows}");
    let open = |scale| read(&text, Layout { scale, test: (0.25, 3), ..Layout::default() }).unwrap();
    let (raw, standard, minmax) = (open(Scale::None), open(Scale::Standard), open(Scale::Minmax));
    assert_eq!((raw.train.rows(), raw.test.rows()), (30, 10));
    let column = |set: &DataSet| set.train.samples.iter().map(|row| row[0]).collect::<Vec<_>>();
    let a = column(&raw);
    let mean = a.iter().sum::<f64>() / 30.0;
    let deviation = (a.iter().map(|a| (a - mean).powi(2)).sum::<f64>() / 30.0).sqrt();
    let (low, high) = a.iter().fold((f64::MAX, f64::MIN), |(low, high), &a| (low.min(a), high.max(a)));
    for (part, scaled, ends) in
        [(&raw.train, &standard.train, &minmax.train), (&raw.test, &standard.test, &minmax.test)]
    {
        for i in 0..part.rows() {
            let a = part.samples.row(i)[0];
            assert!((scaled.samples.row(i)[0] - (a - mean) / deviation).abs() < 1e-12);
            assert!((ends.samples.row(i)[0] - (a - low) / (high - low)).abs() < 1e-12);
            assert_eq!((scaled.samples.row(i)[1], ends.samples.row(i)[1]), (0.0, 0.0));
        }
    }
}

#[test]
fn every_digit_is_kept() {
    let rows: String =
        (16_777_216..16_777_246).map(|i| format!("{i},{}\n", f64::from(i) - 16_777_214.5)).collect();
    let set = read(&format!("id,y\n{rows}"), Layout::default()).unwrap();
    assert_eq!(set.train.samples.row(1), [16_777_217.0]);
    let ids = read("id,y\n1234567890123456,1.5\n1234567890123457,2.5\n", Layout::default()).unwrap();
    assert_eq!(ids.train.samples.values(), [1_234_567_890_123_456.0, 1_234_567_890_123_457.0]);
    let (line, _, message) =
        at_line(parse("id,y\n9007199254740992,1.5\n9007199254740993,2.5\n", Layout::default()));
    assert!(line == 3 && message.contains("become one number of 64 bits"), "{message}");
    let comma =
        |text| read(text, Layout { decimal: Decimal::Auto, ..target("none") }).map(|set| set.train.samples);
    assert_eq!(comma("a;b\n1,5;40,973\n2;3\n").unwrap().values(), [1.5, 40.973, 2.0, 3.0]);
    assert_eq!(comma("a,b\n1.5,\"40,973\"\n2,3\n").unwrap().values(), [1.5, 40973.0, 2.0, 3.0]);
    assert!(at_line(comma("a;b\n15;40,973\n2;3\n")).2.contains("set decimal = comma or point"));
}

#[test]
fn targets_are_labels_or_values() {
    let parsed = |column: &str, kind: Kind| {
        let text: String = column.split(' ').map(|field| format!("0,{field}\n")).collect();
        parse(&text, Layout { kind, ..Layout::default() }).map(|table| (table.target, table.targets))
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
    assert_eq!((unit.target, unit.targets), (number("speed", "m/s"), Targets::Values(vec![2.5])));
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
        ("a,b,c\n1,,3\n", target(""), 2, 3, &["column b has no value", "leave_out"]),
        ("a,b,c\n1,inf,3\n", target(""), 2, 3, &["`inf` is not a finite number", "delete the row"]),
        ("1,2,3\n-inf,2,3\n", target(""), 2, 1, &["`-inf` is not a finite number"]),
        ("1,2,3\n12,1e400,3\n", target(""), 2, 4, &["`1e400` is not a finite number"]),
        ("1,2\n3,\n", Layout { missing: Missing::Refuse, ..target("") }, 2, 3, &["the target is missing"]),
        ("a,b\n3,nan\n", target(""), 2, 3, &["no row has a target"]),
        ("1,2\n3,4\n5,none\n", target(""), 3, 3, &["`none` is not a number"]),
        ("a,b\r\n\r\n1,2\r\n0x10,2\r\n3,4\r\n", target(""), 4, 1, &["`0x10` is not a number"]),
        ("a b\n1 2\n3\n", target(""), 3, 1, &["has 1 fields", "separate the fields by commas"]),
        (
            "1,a\n3,b\n5,a\n\n7,9\n",
            target(""),
            5,
            3,
            &["`9` is a number among class names", "kind = classes"],
        ),
        ("1,a\n3,b\n", target(""), 1, 1, &["every row has another class", "`target`"]),
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
        let layout = Layout { header: Header::No, ..target("none") };
        let table = parse(&lines.join("\n"), layout).unwrap();
        let set = table.into_data_set("a.csv", Layout::default()).unwrap();
        prop_assert_eq!(set.train.samples.values(), &rows.concat()[..]);
    }

    #[test]
    fn no_text_panics(text in "[-0-9a-z,;.\"\n\r\t ()]{0,80}", of in "[a-z0-9]{0,3}") {
        let _ = parse(&text, target(&of));
        let _ = parse(&text, target("none"));
    }
}
