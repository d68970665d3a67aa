use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::data::digits::parse;

fn read(text: &str) -> Result<Vec<f32>> {
    parse(Path::new("7.json"), text)
}

fn json(pixels: &[f32]) -> String {
    format!("{{ \"data\": [{}]}}", pixels.iter().map(f32::to_string).collect::<Vec<_>>().join(","))
}

#[test]
fn images_are_concatenated() {
    let mut pixels = vec![0.0; 2 * 784];
    pixels[784] = 0.996;
    assert_eq!(read(&json(&pixels)).unwrap(), pixels);
}

#[test]
fn invalid_digits_are_errors_with_line_and_correction() {
    let cases: [(&str, usize, usize, &str); 9] = [
        ("", 1, 1, "EOF"),
        ("{\"data\": [0, 1, ", 1, 16, "EOF"),
        ("{\"data\":\n [0,\n 2]}", 3, 2, "pixel 1 is 2"),
        ("{\"data\": [0, -0.5]}", 1, 17, "pixel 1 is -0.5"),
        ("{\"data\": [0, 1e99]}", 1, 17, "number out of range"),
        ("{\"data\": [0, null]}", 1, 17, "invalid type: null"),
        ("{\"data\": []}", 1, 11, "there are no pixels"),
        ("{\"data\": [0, 1]}", 1, 15, "2 pixels are not a whole number of 28x28 images"),
        ("{\"pixels\": []}", 1, 9, "unknown field `pixels`"),
    ];
    for (text, line, column, words) in cases {
        let (at, of, message) = at_line(read(text));
        assert!(message.contains(words) && message.contains("expected {\"data\""), "{text}: {message}");
        assert!(at == line && of.abs_diff(column) <= 1, "{text}: {at}:{of} {message}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in "[-0-9a-z{}\\[\\]:,.\" \n]{0,60}") {
        let _ = read(&text);
    }
}
