//! Parsing of price files, and errors with their line, problem and remedy.

use std::path::Path;

use freewheel_core::{Error, NoPolicyLoader, WorldFamily};
use proptest::prelude::*;

use super::super::{Bars, Prices, Split, Splits, build, open, sources};
use super::*;
use crate::market::MarketFamily;

const GOOD: &str = "\
Date,Open,High,Low,Close,Adj Close,Volume
2020-01-02,10,12,9,11,5.5,100
2020-01-03,11,13,10,12,6,0
";

fn parse(text: &str) -> Result<Bars, Error> {
    let settings = Settings { volume: vec![2], ..Settings::default() };
    Bars::parse(Path::new("x/GOOGL.csv.gz"), text.as_bytes(), &settings)
}

#[test]
fn columns_come_in_any_order_and_case() {
    let good = parse(GOOD).unwrap();
    assert_eq!((good.asset.as_str(), good.times.len()), ("GOOGL", 2));
    assert_eq!((good.open.clone(), good.close.clone()), (vec![5.0, 5.5], vec![5.5, 6.0]));
    assert_eq!(
        (good.high.clone(), good.low.clone(), good.volume.clone()),
        (vec![6.0, 6.5], vec![4.5, 5.0], vec![100.0, 0.0])
    );
    let others = [
        "\u{feff}VOLUME;close;LOW;high;open;adjclose;TIME;note\r\n100;11;9;12;10;5.5;02.01.2020;a\r\n\
         0;12;10;13;11;6;03.01.2020;b\r\n",
        "time\topen\thigh\tlow\tclose\tadj_close\tvolume\n1/2/2020\t10\t12\t9\t11\t5.5\t100\n\n\
         1/3/2020 \t 11\t13\t10\t12\t6\t0\n",
    ];
    for text in others {
        assert_eq!(parse(text).unwrap(), good, "{text}");
    }
    let raw = Settings { adjust: false, ..Settings::default() };
    assert_eq!(Bars::parse(Path::new("a.csv"), GOOD.as_bytes(), &raw).unwrap().close, [11.0, 12.0]);
    let without = "date,open,high,low,close\n2020-01-02,1,1,1,1\n2020-01-03,1,1,1,1\n";
    assert!(parse(without).unwrap().volume.is_empty());
}

#[test]
fn bad_files_are_refused_with_line_and_remedy() {
    let third = |row: &str| format!("{GOOD}{row}\n");
    let cases: Vec<(String, usize, usize, &[&str])> = vec![
        (String::new(), 1, 1, &["column `date` is missing", "names nothing"]),
        ("date,open,high,low\n".into(), 1, 1, &["column `close` is missing", "date, open, high, low"]),
        ("date,open,close,high,low,Close\n".into(), 1, 1, &["columns 3 and 6", "keep one"]),
        ("date,open,high,low,close\n".into(), 1, 1, &["0 bars", "more rows"]),
        (GOOD.lines().take(2).collect::<Vec<_>>().join("\n"), 1, 1, &["1 bars", "more rows"]),
        (third("2020-01-03,11,13,10,12,6,0"), 4, 1, &["2020-01-03", "twice", "delete one"]),
        (third("2020-01-01,11,13,10,12,6,0"), 4, 1, &["after 2020-01-03", "sort"]),
        (third("2020-01-24,11,13,10,12,6,0"), 4, 1, &["14.0 days", "weekends left out", "largest_gap = 14"]),
        (third("soon,11,13,10,12,6,0"), 4, 1, &["`soon` is not a date", "2017-01-31"]),
        (third("2020-01-06,0,13,10,12,6,0"), 4, 12, &["`0` is not a price", "from 1e-15"]),
        (third("2020-01-06,11,NaN,10,12,6,0"), 4, 15, &["`NaN` is not a price"]),
        (third("2020-01-06,11,13,,12,6,0"), 4, 18, &["`` is not a price", "correct or delete"]),
        (third("2020-01-06,11,13,10,null,6,0"), 4, 21, &["`null` is not a price"]),
        (third("2020-01-06,11,13,10,12,-6,0"), 4, 24, &["`-6` is not a price"]),
        (third("2020-01-06,11,9,10,11,6,0"), 4, 15, &["high 9 is below low 10"]),
        (third("2020-01-06,9,13,10,12,6,0"), 4, 12, &["open 9 lies outside", "tolerance"]),
        (third("2020-01-06,11,13,10,14,6,0"), 4, 21, &["close 14 lies outside", "tolerance"]),
        (third("2020-01-06,11,13,10,12,6,-1"), 4, 26, &["`-1` is not a volume"]),
        (third("2020-01-06,11,13,10,12,6"), 4, 1, &["6 fields and the header 7"]),
    ];
    for (text, line, column, words) in cases {
        let Err(Error::Input { line: at, column: of, message, .. }) = parse(&text) else {
            panic!("{text:?} was accepted: {:?}", parse(&text).err())
        };
        assert_eq!((at, of), (line, column), "{text}: {message}");
        for word in words {
            assert!(message.contains(word), "{text}: {message}");
        }
    }
    let latin = [GOOD.as_bytes(), b"2020-01-06,\xff,13,10,12,6,1\n"].concat();
    let error = Bars::parse(Path::new("a.csv"), &latin, &Settings::default()).unwrap_err();
    assert!(error.to_string().starts_with("a.csv:4:12: `\u{fffd}` is not a price"), "{error}");
}

#[test]
fn settings_widen_the_checks() {
    let read = |text: &str, more: &str| Bars::parse(Path::new("a.csv"), text.as_bytes(), &settings(more));
    assert!(read(&format!("{GOOD}2020-01-24,11,13,10,12,6,0\n"), "largest_gap = 14").is_ok());
    assert!(read(&format!("{GOOD}2020-01-06,9.9,13,10,12,6,0\n"), "tolerance = 0.011").is_ok());
    assert!(
        read(&GOOD.replace("2020-01-02", "2/1/2020").replace("2020-01-03", "3/1/2020"), "day_first = true")
            .is_ok()
    );
}

#[test]
fn settings_out_of_range_are_refused_by_name() {
    let cases = [
        ("file = \"\"", "file must name"),
        ("largest_gap = 0", "largest_gap"),
        ("tolerance = 2", "tolerance"),
        ("folds = 0", "folds"),
        ("fold = 5", "fold"),
        ("columns = [\"date\", \"close\"]", "columns"),
        ("splits = \"ignore\"", "ignore"),
        ("length = 0", "length"),
        ("leverage = 0", "leverage"),
        ("levels = []", "levels"),
        ("levels = [1, 1]", "levels"),
        ("levels = [nan]", "levels"),
        ("levels = [2]", "leverage"),
        ("short = false\nlevels = [-1]", "short"),
        ("commission = 1", "commission"),
        ("fee = -1", "fee"),
        ("spread = -1", "spread"),
        ("slippage = inf", "slippage"),
        ("slippage = 9999", "times leverage"),
        ("equity = 0", "equity"),
        ("ruin = 1", "ruin"),
        ("periods = 0", "periods"),
        ("returns = [0]", "returns"),
        ("volatility = [1]", "volatility"),
        ("clip = 0", "clip"),
        ("levle = [1]", "did you mean `levels`"),
        ("others = [\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\"]", "others"),
        ("split = \"valid\"", "valid"),
        ("embargo = -1", "-1"),
    ];
    for (text, word) in cases {
        let mut table: toml::Table = text.parse().unwrap();
        table.entry("file").or_insert("a.csv".into());
        let error = Settings::read(&table, "market/replay").unwrap_err().to_string();
        assert!(error.starts_with("market/replay: ") && error.contains(word), "{text}: {error}");
    }
    let many: Vec<String> = (0..9).map(|i| format!("{}", 0.01 * f64::from(i))).collect();
    let text = format!("levels = [{}]", many.join(", "));
    let refused = Replay::<u32>::new("m", several(110, 0..4), &short(&text)).err().unwrap().to_string();
    assert!(refused.contains("4096 combinations"), "{refused}");
    let refused =
        Replay::<u32>::new("m", several(110, 0..2), &short("levels = [1]")).err().unwrap().to_string();
    assert!(refused.contains("add 0 or raise leverage"), "{refused}");
    let without = prices(&walk(110, 1, [0.0, 0.01]).replace("Volume", "Other"));
    let refused = Replay::<u32>::new("m", without, &short("volume = [3]")).err().unwrap().to_string();
    assert!(refused.contains("no") && refused.contains("volume"), "{refused}");
}

#[test]
fn several_assets_keep_their_common_dates() {
    let kept = Settings { splits: Splits::Keep, ..Settings::default() };
    let a =
        bars("date,open,high,low,close\n2020-01-02,1,1,1,1\n2020-01-03,2,2,2,2\n2020-01-06,3,3,3,3\n", &kept);
    let b =
        bars("date,open,high,low,close\n2020-01-03,4,4,4,4\n2020-01-04,5,5,5,5\n2020-01-06,6,6,6,6\n", &kept);
    let both = Prices::align(&[a.clone(), b.clone()], 10.0).unwrap();
    assert_eq!((both.close, both.dropped, both.dates.len()), (vec![2.0, 4.0, 3.0, 6.0], 2, 2));
    let file = |days: &[&str]| {
        let rows: String = days.iter().map(|day| format!("2020-01-{day},1,1,1,1\n")).collect();
        bars(&format!("date,open,high,low,close\n{rows}"), &Settings::default())
    };
    let holes = [file(&["02", "03", "06", "14", "15"]), file(&["02", "03", "06", "07", "08", "14", "15"])];
    let gap = Prices::align(&holes, 2.0).unwrap_err().to_string();
    assert!(gap.contains("2020-01-06") && gap.contains("largest_gap = 5"), "{gap}");
    let later = bars("date,open,high,low,close\n2021-01-03,4,4,4,4\n2021-01-04,5,5,5,5\n", &kept);
    let none = Prices::align(&[a, later], 10.0).unwrap_err().to_string();
    assert!(none.contains("0 dates in common"), "{none}");
}

/// Worlds by settings and by file, plain and gzipped, are the same; both splits are built.
#[test]
fn worlds_are_built_from_files() {
    let folder = std::env::temp_dir().join(format!("freewheel-replay-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (plain, packed) = (folder.join("a.csv"), folder.join("b.csv.gz"));
    let text = walk(900, 1, [0.005, 0.01]);
    std::fs::write(&plain, &text).unwrap();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut gz, text.as_bytes()).unwrap();
    std::fs::write(&packed, gz.finish().unwrap()).unwrap();
    let settings = Settings::default();
    let (a, b) = (Bars::read(&plain, &settings).unwrap(), Bars::read(&packed, &settings).unwrap());
    assert_eq!((a.close, a.times, a.volume), (b.close, b.times, b.volume));

    let table = |text: String| text.parse::<toml::Table>().unwrap();
    let named = build(&table(format!("file = {plain:?}"))).unwrap();
    assert_eq!((named.spec().id.as_str(), named.spec().time_limit), ("market/replay", Some(252)));
    let (family, settings) = (MarketFamily, table(format!("file = {plain:?}")));
    assert_eq!(family.build("replay", &settings, &NoPolicyLoader).unwrap().unwrap().spec(), named.spec());
    let by_file = family.open(&plain, &toml::Table::new()).unwrap();
    assert_eq!(by_file.spec().id, format!("market:{}", plain.display()));
    assert_eq!(by_file.spec().observation, named.spec().observation);
    assert_eq!(family.sources(&plain, &toml::Table::new()).unwrap(), std::slice::from_ref(&plain));
    assert!(family.list().iter().any(|info| info.id == "market/replay"));
    let settings = Settings::default();
    let opened =
        open(&packed, &table(format!("others = [{plain:?}]\nactions = \"continuous\"\nsplit = \"test\"")))
            .unwrap();
    assert_eq!(opened.spec().actions.dimensions(), 2);
    assert_eq!(opened.spec().id, format!("market:{}", packed.display()));
    assert_eq!(
        sources(&packed, &table(format!("others = [{plain:?}]"))).unwrap(),
        [packed.clone(), plain.clone()]
    );
    assert!(
        open(&packed, &table(format!("file = {plain:?}")))
            .err()
            .unwrap()
            .to_string()
            .contains("`file` must not be set")
    );
    // Policies are evaluated on the test, whose observations have the scale of the training.
    let evaluated = named.evaluation_world().unwrap();
    assert_eq!(evaluated.settings["split"].as_str(), Some("test"));
    assert!(evaluated.world.spec().time_limit < named.spec().time_limit);
    assert_eq!(evaluated.world.spec().observation, named.spec().observation);
    assert!(evaluated.world.evaluation_world().is_none() && opened.evaluation_world().is_none());
    let same = build(&table(format!("file = {plain:?}\nevaluation_split = \"train\""))).unwrap();
    assert!(same.evaluation_world().is_none());
    std::fs::write(&packed, &std::fs::read(&packed).unwrap()[..500]).unwrap();
    assert!(matches!(Bars::read(&packed, &settings), Err(Error::Bytes { .. })));
    assert!(matches!(Bars::read(&folder.join("none.csv"), &settings), Err(Error::Io { .. })));
    std::fs::remove_dir_all(folder).unwrap();
    assert_eq!(settings.split, Split::Train);
}

proptest! {
    /// Any bytes give bars or an error, never a panic.
    #[test]
    fn any_bytes_are_parsed_or_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0usize..100, at in 0usize..100,
    ) {
        let _ = Bars::parse(Path::new("a.csv"), &bytes, &Settings::default());
        let mut mixed = GOOD.as_bytes().to_vec();
        mixed.splice(at.min(mixed.len())..(at + cut).min(mixed.len()).max(at.min(mixed.len())), bytes);
        let _ = Bars::parse(Path::new("a.csv"), &mixed, &Settings::default());
    }
}
