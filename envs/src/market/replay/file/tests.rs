//! Dates and formats of price files, each as its vendor or program writes it.

use std::path::Path;

use freewheel_core::Error;
use jiff::civil::{DateTime, date};

use super::super::{Bars, Settings};
use super::moment::{self, Order};

fn at(text: &str) -> Result<(DateTime, Option<i32>), String> {
    moment::parse(text, Order::default()).map(|moment| (moment.civil, moment.offset))
}

#[test]
fn every_form_of_a_date_is_read() {
    let day = date(2017, 2, 1).at(0, 0, 0, 0);
    let days = [
        "2017-02-01",
        "20170201",
        "01.02.2017",
        "1.2.2017",
        "2/1/2017",
        "2017/02/01",
        " 2/1/2017 ",
        "2-1-2017",
        "2017-2-1",
        "2017.02.01",
        "2/1/17",
        "1.2.17",
        "1-Feb-17",
        "01-Feb-2017",
        "1 Feb 2017",
        "Feb 1, 2017",
        "February 1, 2017",
        "Wed, 1 February 2017",
        "Wed Feb 01 2017",
        "2017-Feb-01",
        "2017 Feb 01",
        "01FEB2017",
        "2017-W05-3",
        "2017W053",
        "2017-02",
        "201702",
        "2017M02",
        "Feb 2017",
        "\"2017-02-01\"",
        "'2017-02-01'",
    ];
    for text in days {
        assert_eq!(at(text), Ok((day, None)), "{text}");
    }
    assert_eq!(at("2017-Q2"), Ok((date(2017, 4, 1).at(0, 0, 0, 0), None)));
    assert_eq!(at("2017"), Ok((date(2017, 1, 1).at(0, 0, 0, 0), None)));
    assert_eq!(at("2017-W05"), Ok((date(2017, 1, 30).at(0, 0, 0, 0), None)));
    assert_eq!(at("3-Jan-69"), Ok((date(1969, 1, 3).at(0, 0, 0, 0), None)));
    for (text, order) in
        [("1/2/2017", Order::DayFirst), ("1-2-2017", Order::DayFirst), ("2.1.2017", Order::MonthFirst)]
    {
        assert_eq!(moment::parse(text, order).unwrap().civil, day, "{text}");
    }
}

#[test]
fn every_form_of_a_time_is_read() {
    let hour = date(2017, 2, 1).at(21, 30, 0, 0);
    let civil = [
        "2017-02-01 21:30",
        "2017-02-01T21:30:00",
        "01.02.2017 21:30:00.000",
        "2/1/2017 21:30",
        "2/1/2017 9:30 PM",
        "2/1/2017 9:30:00PM",
        "2/1/2017, 9:30 p.m.",
        "20170201 2130",
        "20170201 213000",
        "20170201 213000000",
        "20170201213000",
        "201702012130",
        "20170201T213000",
        "2017.02.01 21:30",
        "2017-02-01_21:30",
        "2017-02-01  21:30:00,000",
        "1-Feb-17 21:30",
        "Wed Feb 01 21:30:00 2017",
    ];
    for text in civil {
        assert_eq!(at(text), Ok((hour, None)), "{text}");
    }
    assert_eq!(at("2017-02-01 09-PM"), Ok((date(2017, 2, 1).at(21, 0, 0, 0), None)));
    assert_eq!(at("2017-02-01 24:00"), Ok((date(2017, 2, 2).at(0, 0, 0, 0), None)));
    let instants = [
        ("2017-02-01 21:30:00+00:00", 0),
        ("2017-02-01T21:30:00Z", 0),
        ("2017-02-01 21:30:00 UTC", 0),
        ("2017-02-01 21:30:00-0500", -18_000),
        ("2017-02-01 21:30:00 -05:00", -18_000),
        ("20170201T213000Z", 0),
        ("01.02.2017 21:30:00.000 GMT+0100", 3600),
        ("2017-02-01T21:30:00-05:00[America/New_York]", -18_000),
        ("2017-02-01 21:30+0530", 19_800),
        ("1485984600", 0),
        ("1485984600.0", 0),
        ("1485984600000", 0),
        ("1485984600000000", 0),
        ("1485984600000000000", 0),
    ];
    for (text, offset) in instants {
        assert_eq!(at(text), Ok((hour, Some(offset))), "{text}");
    }
    assert_eq!(at("-86400"), Ok((date(1969, 12, 31).at(0, 0, 0, 0), Some(0))));
}

#[test]
fn other_texts_are_refused_with_the_remedy() {
    let says = |text: &str, words: &str| {
        let message = at(text).unwrap_err();
        assert!(message.contains(words), "{text}: {message}");
    };
    for text in [
        "",
        "yesterday",
        "2017-13-40x",
        "1/2",
        "1/x/2017",
        "180105",
        "2017-W60-1",
        "2017-Q5",
        "3-Foo-22",
        "12:30",
    ] {
        says(text, "write it as 2017-01-31");
    }
    says("1-2-17", "four digits");
    says("31/1/2017", "day_first");
    says("2/30/2017", "day 30 of month 2");
    says("2017-02-30", "day 30 of month 2");
    says("1/2/2017 25:00", "no such time of day");
    says("1/2/2017 9:3:x", "time of day is not readable");
    says("2017-02-01 09:30 EST", "write the offset");
    says("2017-02-01T09:30[America/New_York]", "write the offset");
    says("43105", "spreadsheet");
    says("43105.395833", "spreadsheet");
}

/// Bars of a text, or the error.
fn parse(text: &str, more: &str) -> Result<Bars, Error> {
    let mut table: toml::Table = more.parse().unwrap();
    table.insert("file".into(), "a.csv".into());
    Bars::parse(Path::new("a.csv"), text.as_bytes(), &Settings::read(&table, "a").unwrap())
}

/// Two days of prices that every format below contains.
fn expected() -> (Vec<DateTime>, [Vec<f64>; 4], Vec<f64>) {
    let prices = [vec![1168.5, 1181.25], vec![1190.0, 1185.0], vec![1160.0, 1170.25], vec![1186.75, 1171.0]];
    (vec![date(2018, 1, 4).at(0, 0, 0, 0), date(2018, 1, 5).at(0, 0, 0, 0)], prices, vec![40_973.0, 1500.0])
}

const FORMATS: [(&str, &str, &str); 26] = [
    (
        "plain",
        "Date,Open,High,Low,Close,Volume\n2018-01-04,1168.5,1190,1160,1186.75,40973\n2018-01-05,1181.25,1185,1170.25,1171,1500\n",
        "",
    ),
    (
        "newest first",
        "Date,Open,High,Low,Close,Volume\n2018-01-05,1181.25,1185,1170.25,1171,1500\n2018-01-04,1168.5,1190,1160,1186.75,40973\n",
        "",
    ),
    (
        "nameless first column",
        ",Open,High,Low,Close,Volume\n2018-01-04,1168.5,1190,1160,1186.75,40973\n2018-01-05,1181.25,1185,1170.25,1171,1500\n",
        "",
    ),
    (
        "nameless column saved again",
        "Unnamed: 0,Open,High,Low,Close,Volume\n2018-01-04,1168.5,1190,1160,1186.75,40973\n2018-01-05,1181.25,1185,1170.25,1171,1500\n",
        "",
    ),
    (
        "yfinance",
        "Price,Close,High,Low,Open,Volume\nTicker,600000.SS,600000.SS,600000.SS,600000.SS,600000.SS\nDate,,,,,\n2018-01-04,1186.75,1190,1160,1168.5,40973\n2018-01-05,1171,1185,1170.25,1181.25,1500\n",
        "",
    ),
    (
        "yfinance by ticker, missing day",
        ",GOOGL,GOOGL,GOOGL,GOOGL,GOOGL,GOOGL\nDate,Open,High,Low,Close,Adj Close,Volume\n2018-01-03,,,,,,\n2018-01-04,1168.5,1190,1160,1186.75,1186.75,40973\n2018-01-05,1181.25,1185,1170.25,1171,1171,1500\n2018-01-08,null,null,null,null,null,null\n",
        "",
    ),
    (
        "MetaTrader 5",
        "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<SPREAD>\n2018.01.04\t00:00:00\t1168.5\t1190\t1160\t1186.75\t40973\t2\n2018.01.05\t00:00:00\t1181.25\t1185\t1170.25\t1171\t1500\t2\n",
        "",
    ),
    (
        "Stooq",
        "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\nGOOGL.US,D,20180104,000000,1168.5,1190,1160,1186.75,40973,0\nGOOGL.US,D,20180105,000000,1181.25,1185,1170.25,1171,1500,0\n",
        "",
    ),
    (
        "epoch seconds",
        "unix,symbol,open,high,low,close,Volume BTC,Volume USD\n1515024000,X,1168.5,1190,1160,1186.75,40973,1\n1515110400,X,1181.25,1185,1170.25,1171,1500,1\n",
        "",
    ),
    (
        "epoch milliseconds, short names",
        "t,o,h,l,c,v\n1515024000000,1168.5,1190,1160,1186.75,40973\n1515110400000,1181.25,1185,1170.25,1171,1500\n",
        "",
    ),
    (
        "Binance klines in microseconds",
        "1515024000000000,1168.5,1190,1160,1186.75,40973,1515110399999999,1,2,3,4,0\n1515110400000000,1181.25,1185,1170.25,1171,1500,1515196799999999,1,2,3,4,0\n",
        "columns = [\"date\", \"open\", \"high\", \"low\", \"close\", \"volume\"]",
    ),
    (
        "MetaTrader 4, no header",
        "2018.01.04,00:00,1168.5,1190,1160,1186.75,40973\n2018.01.05,00:00,1181.25,1185,1170.25,1171,1500\n",
        "columns = [\"date\", \"time\", \"open\", \"high\", \"low\", \"close\", \"volume\"]",
    ),
    (
        "separator line, decimal commas",
        "sep=;\r\nDatum;Eröffnung;Hoch;Tief;Schluss;Umsatz\r\n04.01.2018;1.168,50;1.190,00;1.160,00;1.186,75;40.973\r\n05.01.2018;1.181,25;1.185,00;1.170,25;1.171,00;1.500\r\n",
        "columns = [\"date\", \"open\", \"high\", \"low\", \"close\", \"volume\"]",
    ),
    (
        "banner",
        "https://www.example.com\nPrices of X, all rights reserved\n\nDate,Symbol,Open,High,Low,Close,Volume\n2018-01-04,X,1168.5,1190,1160,1186.75,40973\n2018-01-05,X,1181.25,1185,1170.25,1171,1500\n\nSource: example.com\nAll rights reserved, 2018\n",
        "",
    ),
    (
        "thousands",
        "\"Date\",\"Open\",\"High\",\"Low\",\"Close\",\"Volume\"\n\"Jan 04, 2018\",\"1,168.50\",\"1,190\",\"1,160\",\"1,186.75\",\"40,973\"\n\"Jan 05, 2018\",\"1,181.25\",\"1,185\",\"1,170.25\",\"1,171\",\"1,500\"\n",
        "",
    ),
    (
        "Alpha Vantage",
        "timestamp,1. open,2. high,3. low,4. close,5. volume\n2018-01-05,1181.25,1185,1170.25,1171,1500\n2018-01-04,1168.5,1190,1160,1186.75,40973\n",
        "",
    ),
    (
        "Nasdaq",
        "Date,Close/Last,Volume,Open,High,Low\n01/05/2018,$1171.00,1500,$1181.25,$1185.00,$1170.25\n01/04/2018,$1186.75,40973,$1168.50,$1190.00,$1160.00\n",
        "",
    ),
    (
        "Investing",
        "\u{feff}\"Date\",\"Price\",\"Open\",\"High\",\"Low\",\"Vol.\",\"Change %\"\n\"01/05/2018\",\"1,171.00\",\"1,181.25\",\"1,185.00\",\"1,170.25\",\"1.50K\",\"-1.33%\"\n\"01/04/2018\",\"1,186.75\",\"1,168.50\",\"1,190.00\",\"1,160.00\",\"40.973K\",\"1.2%\"\n",
        "",
    ),
    (
        "one digit",
        "Date,Open,High,Low,Close,Volume\n2018-1-4,1168.5,1190,1160,1186.75,40973\n2018-1-5,1181.25,1185,1170.25,1171,1500\n",
        "",
    ),
    (
        "names of months",
        "Date,Open,High,Low,Close,Volume\n4-Jan-18,1168.5,1190,1160,1186.75,40973\n5-Jan-18,1181.25,1185,1170.25,1171,1500\n",
        "",
    ),
    (
        "midnight in New York",
        "Date,Open,High,Low,Close,Volume,Dividends,Stock Splits\n2018-01-04 00:00:00-05:00,1168.5,1190,1160,1186.75,40973,0.0,0.0\n2018-01-05 00:00:00-05:00,1181.25,1185,1170.25,1171,1500,0.0,0.0\n",
        "",
    ),
    (
        "quantmod",
        "\"\",\"GOOGL.Open\",\"GOOGL.High\",\"GOOGL.Low\",\"GOOGL.Close\",\"GOOGL.Volume\",\"GOOGL.Adjusted\"\n\"2018-01-04\",1168.5,1190,1160,1186.75,40973,1186.75\n\"2018-01-05\",1181.25,1185,1170.25,1171,1500,1171\n",
        "",
    ),
    (
        "spaces, trailing delimiters, repeated header",
        "Date Open High Low Close Volume\n2018-01-04  1168.5 1190 1160 1186.75 40973 \nDate Open High Low Close Volume\n2018-01-05  1181.25 1185 1170.25 1171 1500\n",
        "",
    ),
    (
        "comments, extra delimiter",
        "# prices of X\n#Date|Open|High|Low|Close*|Adj Close**|Volume|\n2018-01-04|1168.5|1190|1160|1186.75|1186.75|40973|\n\n# a holiday\n2018-01-05|1181.25|1185|1170.25|1171|1171|1500\n",
        "",
    ),
    (
        "Quandl",
        "Date,Open,High,Low,Close,Volume,Ex-Dividend,Split Ratio,Adj. Open,Adj. High,Adj. Low,Adj. Close,Adj. Volume\n2018-01-04,1168.5,1190,1160,1186.75,40973,0,1,1,1,1,1186.75,1\n2018-01-05,1181.25,1185,1170.25,1171,1500,0,1,1,1,1,1171,1\n",
        "",
    ),
    (
        "National Stock Exchange",
        "\"Date \",\"series \",\"OPEN \",\"HIGH \",\"LOW \",\"PREV. CLOSE \",\"ltp \",\"close \",\"vwap \",\"52W H \",\"VOLUME \"\n\"05-Jan-2018\",\"EQ\",\"1,181.25\",\"1,185.00\",\"1,170.25\",\"1\",\"2\",\"1,171.00\",\"\",\"3\",\"1,500\"\n\"04-Jan-2018\",\"EQ\",\"1,168.50\",\"1,190.00\",\"1,160.00\",\"1\",\"2\",\"1,186.75\",\"\",\"3\",\"40,973\"\n",
        "",
    ),
];

#[test]
fn every_format_has_the_same_bars() {
    let (times, prices, volume) = expected();
    for (name, text, more) in FORMATS {
        for end in ["\n", "\r\n"] {
            let text = text.replace("\r\n", "\n").replace('\n', end);
            let bars =
                parse(&text, &format!("{more}\nvolume = [2]")).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(bars.times.civil, times, "{name}");
            assert_eq!([bars.open, bars.high, bars.low, bars.close], prices, "{name}");
            assert_eq!(bars.volume, volume, "{name}");
        }
    }
}

#[test]
fn intraday_formats_have_the_same_times() {
    let hours = [9, 10].map(|hour| date(2018, 1, 5).at(hour, 30, 0, 0)).to_vec();
    let row = |date: &str| format!("{date},1,1,1,1\n");
    let rows = [
        ["1/5/2018 9:30", "1/5/2018 10:30"],
        ["1/5/2018 9:30:00 AM", "1/5/2018 10:30:00 AM"],
        ["2018-01-05 09:30:00.000", "2018-01-05 10:30:00.000"],
        ["20180105 093000", "20180105 103000"],
        ["1515144600", "1515148200"],
    ];
    for [a, b] in rows {
        let bars = parse(&format!("date,open,high,low,close\n{}{}", row(a), row(b)), "").unwrap();
        assert_eq!(bars.times.civil, hours, "{a}");
    }
    let two = "Date,Time,Open,High,Low,Close\n01/05/2018,0930,1,1,1,1\n01/05/2018,1030,1,1,1,1\n";
    let bracketed =
        "<DATE>;<TIME>;<OPEN>;<HIGH>;<LOW>;<CLOSE>\n20180105;93000;1;1;1;1\n20180105;103000;1;1;1;1\n";
    for text in [two, bracketed] {
        assert_eq!(parse(text, "").unwrap().times.civil, hours);
    }
    // A column of times that is not one of times of day is not used.
    let epoch =
        "date,time,open,high,low,close\n2018-01-04,1515024000,1,1,1,1\n2018-01-05,1515110400,1,1,1,1\n";
    assert!(parse(epoch, "").unwrap().times.are_dates());
}

#[test]
fn what_is_not_used_blocks_nothing() {
    let text = "Date,Open,High,Low,Close,Volume,Name,Close time,Adj Close,Adj Close\n\
        2018-01-04,1,1,1,1,,Soci\u{e9}t\u{e9},x,,\n2018-01-05,1,1,1,1,\"40,973\",\"a\nb\",,null,\n";
    let bars = parse(text, "adjust = false").unwrap();
    assert!(bars.volume.is_empty() && bars.times.len() == 2);
    let latin: Vec<u8> = text.chars().map(|c| c as u8).collect();
    let settings = Settings { adjust: false, ..Settings::default() };
    assert_eq!(Bars::parse(Path::new("a.csv"), &latin, &settings).unwrap(), bars);
    let used = parse(text, "adjust = false\nvolume = [2]").unwrap_err().to_string();
    assert!(
        used.starts_with("a.csv:2:20: `` is not a volume") && used.contains("remove the setting"),
        "{used}"
    );
    let used = parse(text, "").unwrap_err().to_string();
    assert!(used.contains("both read as `adjclose`"), "{used}");
    let one = text.replacen(",Adj Close", "", 1).replace("null,", "null").replace("x,,", "x,");
    let used = parse(&one, "").unwrap_err().to_string();
    assert!(used.contains("is not a price") && used.contains("adjust = false"), "{used}");
}

#[test]
fn what_cannot_be_read_is_refused_with_the_remedy() {
    let header = "date,open,high,low,close\n";
    let cases = [
        ("2018-01-04,1,1,1,1\n2018-01-05,1,1,1,1\n".to_owned(), 1, "setting columns"),
        ("Date,Close\n2018-01-04,1\n".to_owned(), 1, "column `open` is missing"),
        ("Datum;Offen;Hoch;Tief;Schluss\n1;1;1;1;1\n".to_owned(), 1, "setting columns"),
        ("Date,Open,High,Low,Close,Open,High,Low,Close\n".to_owned(), 1, "prices of one asset"),
        (format!("{header}2018-01-04,1,5,1,5,1,5,1,5\n"), 2, "numbers with commas need quotes"),
        (format!("{header}2018-01-04,1,1,1,1\nnote\n2018-01-05,1,1,1,1\n"), 3, "1 fields and the header 5"),
        (format!("{header}2018-01-04,1,1,1,1\n2018-01-05;1;1;1;1\n"), 3, "1 fields and the header 5"),
        (format!("{header}2018-01-04,1.5,1.5,1.5,\"1,5\"\n"), 2, "decimal_comma"),
        (format!("{header}2018-01-04,1,1,1,-\n2018-01-05,1,1,1,1\n"), 2, "`-` is not a price"),
        (format!("{header}2018-01-04,\"1,1,1,1\n"), 2, "close the quote"),
        (format!("{header}2018-01-04 09:30,1,1,1,1\n2018-01-04 10:30Z,1,1,1,1\n"), 3, "in every row"),
        (format!("{header}2018-01-04T09:30Z,1,1,1,1\n2018-01-04 10:30,1,1,1,1\n"), 3, "in every row"),
    ];
    for (text, line, words) in cases {
        let Err(Error::Input { line: at, message, .. }) = parse(&text, "") else {
            panic!("{text}: {:?}", parse(&text, ""))
        };
        assert!(message.contains(words), "{text}: {message}");
        assert_eq!(at, line, "{text}: {message}");
    }
    // The settings decide where the prices do not.
    let dots =
        "date;open;high;low;close\n2018-01-04;1.250;1.250;1.250;1.250\n2018-01-05;1.250;1.250;1.250;1.250\n";
    assert_eq!(parse(dots, "").unwrap().close, [1.25; 2]);
    assert_eq!(parse(dots, "decimal_comma = true").unwrap().close, [1250.0; 2]);
    assert_eq!(parse(&dots.replace('.', ","), "").unwrap().close, [1.25; 2]);
    assert_eq!(parse(&dots.replace('.', ","), "decimal_comma = false").unwrap().close, [1250.0; 2]);
}

/// Long lines are refused in time and with a short message.
#[test]
fn long_lines_are_refused_with_a_short_message() {
    let rows = "2018-01-04,1,1,1,1\n2018-01-05,1,1,1,1\n";
    let cases = [
        "x,".repeat(1 << 21),
        "x,".repeat(5000),
        "open high ".repeat(1000),
        format!("date,open,high,low,close\n{rows}{}", "1,".repeat(1 << 21)),
        format!("date,open,high,low,close\n{rows}{},1,1,1,1\n", "9".repeat(1 << 20)),
        format!("date,open,high,low,close\n{rows}2018-01-08,{},1,1,1\n", "x".repeat(1 << 20)),
        "\"".repeat(1 << 20),
    ];
    for text in cases {
        let error = parse(&text, "").unwrap_err().to_string();
        assert!(error.len() < 600, "{} bytes: {}", error.len(), &error[..200]);
    }
}

/// The error names the line of the file for each kind of line end, with blank lines and lines within quotes before it.
#[test]
fn errors_name_the_line() {
    let rows = [
        "Date,Open,High,Low,Close,Note",
        "",
        "2019-01-01,1,1,1,1,\"a",
        "b\"",
        "",
        "2019-01-02,1,1,1,oops,",
        "",
    ];
    for end in ["\n", "\r\n", "\r"] {
        let error = parse(&rows.join(end), "").unwrap_err().to_string();
        assert!(error.starts_with("a.csv:6:18: `oops`"), "{error}");
    }
}
