//! Formats of files.

use std::io::Write;

use freewheel_core::{Error, Frame, SolveQuery, WorldFamily};

use super::*;
use crate::track::TrackFamily;

/// Points of an oval of 60 x 40 m, without the last one, `[64]`.
fn oval() -> Vec<[f64; 2]> {
    let angle = |i: usize| TAU * i as f64 / 64.0;
    (0..64).map(|i| [60.0 * angle(i).cos(), 40.0 * angle(i).sin()]).collect()
}

/// Text with one line of each point of the oval.
fn lines(line: impl Fn([f64; 2]) -> String) -> String {
    oval().into_iter().map(|point| line(point) + "\n").collect()
}

fn parse(text: &str) -> freewheel_core::Result<Circuit> {
    Circuit::parse(text, Path::new("oval.csv"), FileOptions::default())
}

#[test]
fn formats_with_the_same_points_are_the_same_circuit() {
    let wide = parse(&lines(|[x, y]| format!("{x},{y},3,4"))).unwrap().samples(100);
    let even = parse(&lines(|[x, y]| format!("{x},{y},5,5"))).unwrap().samples(100);
    let data = lines(|[x, y]| format!("{x},{y},3,4"));
    let race = lines(|[x, y]| format!("0.5; {x}; {y}; 0.1; 0.02; 20.0; -1.5"));
    let closed = format!("{data}60,0,3,4\n");
    let expected = [
        (format!("# x_m,y_m,w_tr_right_m,w_tr_left_m\n{data}"), &wide),
        (format!("x_m,y_m,w_tr_right_m,w_tr_left_m\n{data}"), &wide),
        (format!("\"x\",\"y\",\"right\",\"left\"\r\n\r\n{}", data.replace('\n', "\r\n\r\n")), &wide),
        (data.replace(',', "; "), &wide),
        (data.replace(',', "\t"), &wide),
        (data.replace(',', "  "), &wide),
        (data.replace('\n', ",\n"), &wide),
        (data.replace(',', ";").replace('.', ","), &wide),
        (closed, &wide),
        (data.replacen('\n', "\n60,0,3,4\n", 1), &wide),
        (format!("w_left,w_right,y,id,x\n{}", lines(|[x, y]| format!("4,3,{y},7,{x}"))), &wide),
        (
            format!(
                "# x_cm, y_cm, w_tr_right_cm, w_tr_left_cm\n{}",
                lines(|[x, y]| { format!("{}, {}, 300, 400", 100.0 * x, 100.0 * y) })
            ),
            &wide,
        ),
        (format!("x [m] y\n{}", lines(|[x, y]| format!("{x} {y}"))).replacen(" [m]", "[m]", 1), &even),
        (lines(|[x, y]| format!("{x},{y}")), &even),
        (lines(|[x, y]| format!("{x},{y},10")), &even),
        (format!("x,y,width\n{}", lines(|[x, y]| format!("{x},{y},10"))), &even),
        (race.clone(), &even),
        (format!("# 603fd39\n# s_m; x_m; y_m; psi_rad; kappa_radpm; vx_mps; ax_mps2\n{race}"), &even),
    ];
    for (text, expected) in expected {
        let found = parse(&text).unwrap_or_else(|e| panic!("{e}\n{}", &text[..200])).samples(100);
        for (a, b) in found.iter().zip(expected) {
            let apart = (a.x - b.x).hypot(a.y - b.y) + (a.left - b.left).abs() + (a.right - b.right).abs();
            assert!(apart < 1e-6, "{a:?} {b:?}\n{}", &text[..200]);
        }
    }
}

#[test]
fn files_are_read_packed_and_with_a_byte_order_mark() {
    let folder = std::env::temp_dir().join(format!("freewheel-track-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let text = lines(|[x, y]| format!("{x},{y},3,4"));
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    let bytes = [packed.finish().unwrap(), format!("\u{feff}{text}\u{1a}").into_bytes()];
    let expected = parse(&text).unwrap();
    for (name, bytes) in ["oval.csv.gz", "oval.csv"].into_iter().zip(bytes) {
        std::fs::write(folder.join(name), bytes).unwrap();
        let circuit = Circuit::read(&folder.join(name), false).unwrap();
        assert_eq!((circuit.name(), circuit.length()), ("oval", expected.length()));
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

/// Points at 1 cm, rounded to 1 mm, are thinned: their rounding errors do not bend the line.
#[test]
fn dense_points_are_thinned() {
    let text: String = (0..25_000)
        .map(|i| {
            let (sin, cos) = (TAU * f64::from(i) / 25_000.0).sin_cos();
            format!("{:.3},{:.3},1.1,1.1\n", 40.0 * cos, 40.0 * sin)
        })
        .collect();
    let circuit = parse(&text).unwrap();
    assert!((circuit.length() - 80.0 * PI).abs() < 0.05, "{}", circuit.length());
    assert!(circuit.samples(1_000).iter().all(|at| (at.curvature - 0.025).abs() < 0.1));
}

#[test]
fn the_width_of_a_file_without_widths_is_a_setting() {
    let text = lines(|[x, y]| format!("{x},{y}"));
    let options = FileOptions { width: Some(7.0), ..FileOptions::default() };
    let circuit = Circuit::parse(&text, Path::new("oval.csv"), options).unwrap();
    assert_eq!((circuit.width_left(1.0), circuit.width_right(1.0)), (3.5, 3.5));
    // At 1:10, the default is 2.2 m.
    let small = parse(&lines(|[x, y]| format!("{},{}", 0.1 * x, 0.1 * y))).unwrap();
    assert!((small.width_right(0.1) - 1.1).abs() < 1e-9);
    let error = Circuit::parse(&lines(|[x, y]| format!("{x},{y},3,4")), Path::new("oval.csv"), options);
    assert!(matches!(error, Err(Error::Setting { .. })), "{error:?}");
}

#[test]
fn files_in_other_units_name_the_correction() {
    let error = |text: String| parse(&text).map_or_else(|e| e.to_string(), |_| "read".into());
    let expected = [
        (lines(|[x, y]| format!("{},{},800,800", 100.0 * x, 100.0 * y)), "oval.csv:1:1: the line is"),
        (lines(|[x, y]| format!("{},{},800,800", 100.0 * x, 100.0 * y)), "such as x_cm,y_cm"),
        (
            lines(|[x, y]| format!("{},{},5,5", 11.5 + 1e-5 * x, 48.1 + 1e-5 * y)),
            "convert them to a map projection",
        ),
        (format!("lat,lon\n{}", lines(|[x, y]| format!("{x},{y}"))), "oval.csv:1:1: latitude and longitude"),
        (
            format!("a,b,c,d\n{}", lines(|[x, y]| format!("{x},{y},3,4"))),
            "oval.csv:1:1: `a,b,c,d` is neither",
        ),
        (lines(|[x, y]| format!("{x},{y},3,4,5")), "oval.csv:1:1: this line has 5 columns"),
    ];
    for (found, expected) in expected {
        let found = error(found);
        assert!(found.contains(expected), "{found}\n  instead of\n{expected}");
    }
}

#[test]
fn two_laps_in_one_file_name_the_correction() {
    let shifted =
        |shift: f64| lines(move |[x, y]| format!("{},{},3,3", x * (1.0 + shift), y * (1.0 + shift)));
    let spiral: String = (0..128)
        .map(|i| {
            let (sin, cos) = (TAU * f64::from(i) / 64.0).sin_cos();
            let out = 1.0 + 2e-4 * f64::from(i);
            format!("{},{},3,3\n", 60.0 * out * cos, 40.0 * out * sin)
        })
        .collect();
    assert!(parse(&shifted(0.01)).is_ok());
    let error = parse(&spiral).unwrap_err().to_string();
    assert!(error.contains("oval.csv:") && error.contains("the road "), "{error}");
}

/// On a road of 2.2 m the default car is the 1:10 car, on a hairpin of 12.8 m the club car; both finish a lap.
#[test]
fn the_car_fits_the_road_and_finishes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/track/circuit/tests/data");
    for (file, small) in [("hairpin.csv", false), ("small-with-bom.csv", true)] {
        let world = TrackFamily.open(&folder.join(file), &toml::Table::new()).unwrap();
        let lap = world.solve(&SolveQuery::for_spec(world.spec())).unwrap().value;
        let limit = f64::from(world.spec().time_limit.unwrap()) / 20.0;
        assert!(lap < 0.6 * limit, "{file}: {lap} of {limit} s");
        let mut frame = Frame::default();
        world.episode_runner(Streams::new(0), Purpose::WatchEnvironment, 0).draw(None, &mut frame);
        assert_eq!(frame.to_text().contains("small car"), small, "{file}");
    }
}

/// Error lines count blank lines and CRLF.
#[test]
fn lines_of_errors_count_blank_lines() {
    for end in ["\n", "\r\n", "\r"] {
        let text = format!("# x{end}{end}{end}{}", lines(|[x, y]| format!("{x},{y},3,4")).replace('\n', end));
        let place = text.match_indices(end).nth(6).unwrap().0 + end.len();
        let text = format!("{}1,2,3,oops{end}{}", &text[..place], &text[place..]);
        let error = parse(&text).unwrap_err().to_string();
        assert!(error.starts_with("oval.csv:8:7: `oops`"), "{error}");
    }
}

/// Files that were refused before: a hairpin of radius 6 m on a road of 12.8 m, and a circuit of 2.2 m width with a
/// byte order mark.
#[test]
fn a_tight_hairpin_and_a_byte_order_mark_are_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/track/circuit/tests/data");
    let hairpin = Circuit::read(&folder.join("hairpin.csv"), false).unwrap();
    assert!(hairpin.samples(500).iter().any(|at| at.left < 6.3 || at.right < 6.3));
    let small = Circuit::read(&folder.join("small-with-bom.csv"), false).unwrap();
    assert!(small.samples(500).iter().all(|at| (at.left - 1.1).abs() < 1e-9));
}
