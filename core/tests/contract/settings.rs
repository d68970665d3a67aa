use freewheel_core::settings::{fields, nearest, read, unknown};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of an agent.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// The step size, in (0, 1].
    learning_rate: f64,
    /// Steps of look-ahead, 1..=64,
    /// the last of them bootstrapped.
    lookahead: u32,
    /// Hidden widths, in units.
    widths: Vec<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { learning_rate: 0.1, lookahead: 1, widths: vec![64, 64] }
    }
}

fn settings(text: &str) -> Result<Settings, String> {
    read(&text.parse().unwrap(), "agent dyna-q").map_err(|e| e.to_string())
}

#[test]
fn missing_settings_have_defaults() {
    assert_eq!(settings(""), Ok(Settings::default()));
    let expected = Settings { lookahead: 3, widths: vec![8], ..Settings::default() };
    assert_eq!(settings("lookahead = 3\nwidths = [8]"), Ok(expected));
}

#[test]
fn an_unknown_key_names_the_nearest_one() {
    let error = settings("learning-rate = 0.5").unwrap_err();
    assert_eq!(error, "agent dyna-q: unknown setting `learning-rate`; did you mean `learning_rate`?");
    let error = settings("zzz = 1").unwrap_err();
    assert_eq!(error, "agent dyna-q: unknown setting `zzz`; known are learning_rate, lookahead, widths");
}

#[test]
fn an_error_of_a_value_names_the_expected_type() {
    for text in ["lookahead = -1", "lookahead = 1.5", "lookahead = \"one\"", "widths = 3"] {
        let error = settings(text).unwrap_err();
        assert!(error.starts_with("agent dyna-q: "), "{error}");
        assert!(error.contains("expected"), "{error}");
    }
    // An integer is a valid number.
    assert_eq!(settings("learning_rate = 1").unwrap().learning_rate, 1.0);
}

#[test]
fn fields_come_in_order_with_meaning_and_default() {
    let fields = fields(&schemars::schema_for!(Settings));
    let names: Vec<&str> = fields.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["learning_rate", "lookahead", "widths"]);
    assert_eq!(fields[0].about, "The step size, in (0, 1].");
    assert_eq!(fields[1].about, "Steps of look-ahead, 1..=64, the last of them bootstrapped.");
    assert_eq!(fields[0].default, serde_json::json!(0.1));
    assert_eq!(fields[2].default, serde_json::json!([64, 64]));
}

#[test]
fn the_nearest_is_near_or_nothing() {
    let known = ["epsilon", "gamma", "lambda"];
    assert_eq!(nearest("epsilom", &known), Some("epsilon"));
    assert_eq!(nearest("lamda", &known), Some("lambda"));
    assert_eq!(nearest("xyz", &known), None);
    assert_eq!(unknown("world", "x", &[] as &[&str], ""), "unknown world `x`; there are none here");
}
