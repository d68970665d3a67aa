//! Estimators on the command line: `fit`, `predict`, `concept` and `interpolate`.

use std::path::Path;

use freewheel_tests::{Program, files};

const PROGRAM: Program = Program(env!("CARGO_BIN_EXE_freewheel-test-program"));

fn fit(out: &Path, estimator: &str, more: &[&str]) -> serde_json::Value {
    let words = ["fit", estimator, "--out", out.to_str().unwrap(), "--json", "--quiet"];
    PROGRAM.json(&[&words[..], more].concat())
}

fn score(report: &serde_json::Value, name: &str, part: &str) -> f64 {
    let scores = report["report"]["scores"].as_array().unwrap();
    let found = scores.iter().find(|score| score["name"] == name && score["part"] == part);
    found.unwrap_or_else(|| panic!("{name} {part}: {report}"))["value"].as_f64().unwrap()
}

#[test]
fn a_linear_regression_equals_that_of_r() {
    let folder = tempfile::tempdir().unwrap();
    let report = fit(folder.path(), "linear", &["--data", "women"]);
    // Expected slope: `lm(weight ~ height, women)` in R.
    assert!((score(&report, "slope of height (in)", "") - 3.45).abs() < 1e-9);
    assert!((score(&report, "intercept", "") + 87.516_666_666_666_67).abs() < 1e-6);
    assert!((score(&report, "R²", "train") - 0.991_01).abs() < 5e-6);
    let said = PROGRAM.json(&["predict", folder.path().to_str().unwrap(), "--rows", "0..2", "--json"]);
    let predicted = said["rows"][1]["prediction"].as_f64().unwrap();
    assert!((predicted - (3.45 * 59.0 - 87.516_666)).abs() < 1e-3, "{said}");
}

#[test]
fn the_same_bytes_for_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let small: &[(&str, &[&str])] = &[
        ("linear", &["--data", "women"]),
        ("ridge", &["--data", "women"]),
        ("softmax", &[]),
        ("knn", &[]),
        ("tree", &[]),
        ("forest", &["--set", "estimator.n_estimators=8"]),
        ("mlp", &["--set", "estimator.num_epochs=2"]),
        ("cnn", &["--set", "estimator.num_epochs=1"]),
        ("kmeans", &["--set", "estimator.n_init=2"]),
        ("pca", &[]),
        ("vae", &["--set", "estimator.num_epochs=1"]),
    ];
    for (estimator, more) in small {
        let made = ["1", "2"].map(|threads| {
            let out = folder.path().join(format!("{estimator}-{threads}"));
            fit(&out, estimator, &[more, &["--threads", threads][..]].concat());
            let mut made = files(&out);
            made.retain(|name, _| !name.ends_with("cost.json"));
            assert!(made.len() >= 2, "{estimator}: {:?}", made.keys());
            made
        });
        assert!(made[0] == made[1], "{estimator}");
    }
}

/// Classifiers that are regressors too take a target of numbers.
#[test]
fn regression_by_every_estimator() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("waves.csv");
    let y = |i: i32| 20.0 + 10.0 * (f64::from(i % 25) / 4.0).sin() + f64::from(i % 7);
    let rows: String = (0..500).map(|i| format!("{},{},{}\n", i % 25, i % 7, y(i))).collect();
    std::fs::write(&file, format!("a,b,y\n{rows}")).unwrap();
    let data = ["--data", file.to_str().unwrap(), "--set", "data.kind=number"];
    let small: [(&str, &[&str]); 5] = [
        ("tree", &[]),
        ("forest", &["--set", "estimator.n_estimators=20"]),
        ("knn", &["--set", "estimator.n_neighbors=2"]),
        ("knn", &["--set", "estimator.weights=distance"]),
        ("mlp", &["--set", "estimator.num_epochs=200", "--set", "estimator.learning_rate=0.01"]),
    ];
    for (at, (estimator, more)) in small.into_iter().enumerate() {
        let out = folder.path().join(format!("{estimator}-{at}"));
        let report = fit(&out, estimator, &[&data[..], more].concat());
        let [r2, rmse, mae] =
            ["R²", "root mean square error", "mean absolute error"].map(|name| score(&report, name, "test"));
        assert!(r2 > 0.9 && mae <= rmse && rmse < 3.0, "{estimator}: {report}");
        let said = PROGRAM.json(&["predict", out.to_str().unwrap(), "--json", "--rows", "0..40"]);
        let rows = said["rows"].as_array().unwrap();
        let errors =
            rows.iter().map(|row| row["target"].as_f64().unwrap() - row["prediction"].as_f64().unwrap());
        assert!(errors.map(f64::abs).sum::<f64>() / 40.0 < 2.0, "{estimator}: {said}");
    }
}

/// One line of many columns: no matrix of columns times columns is taken.
#[test]
fn a_line_of_many_columns() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wide.csv");
    let line: Vec<String> = (0..40_000).map(|i| (i % 97).to_string()).collect();
    std::fs::write(&file, format!("{}\n", line.join(","))).unwrap();
    let set = ["data.kind=number", "data.target=1", "data.header=no", "data.test_size=0"];
    let words: Vec<&str> = set.iter().flat_map(|set| ["--set", set]).collect();
    let report = fit(
        &folder.path().join("fit"),
        "linear",
        &[&["--data", file.to_str().unwrap()], &words[..]].concat(),
    );
    assert_eq!(score(&report, "root mean square error", "train"), 0.0);
}

#[test]
fn a_fitted_estimator_predicts_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("two.csv");
    let rows: String =
        (0..40).map(|i| format!("{i},{},{}\n", i * i, if i < 20 { "low" } else { "high" })).collect();
    std::fs::write(&table, format!("a,b,level\n{rows}")).unwrap();
    let out = folder.path().join("fit");
    fit(&out, "tree", &["--data", table.to_str().unwrap()]);
    let bare = folder.path().join("bare.csv");
    std::fs::write(&bare, "a,b\n1,1\n39,1521\n").unwrap();
    let words = [
        "predict",
        out.to_str().unwrap(),
        "--data",
        bare.to_str().unwrap(),
        "--set",
        "data.target=none",
        "--json",
    ];
    let said = PROGRAM.json(&words);
    let predicted: Vec<_> =
        said["rows"].as_array().unwrap().iter().map(|row| row["prediction"].clone()).collect();
    assert_eq!(predicted, ["low", "high"]);
}

#[test]
fn invalid_data_is_an_error_with_its_position() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("fit");
    let refused = |name: &str, bytes: &[u8], words: &[&str]| {
        let file = folder.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        let data = ["fit", "kmeans", "--out", out.to_str().unwrap(), "--data", file.to_str().unwrap()];
        let (code, said) = PROGRAM.fails(&[&data[..], words].concat());
        assert_eq!(code, 3, "{said}");
        assert!(said.contains(name), "{said}");
        assert!(!out.exists(), "{name}: a folder was created");
        said
    };
    // IDX file of two images of 2x2, cut off after the first image.
    let header = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2];
    let cut = [&header[..], &[1, 2, 3, 4]].concat();
    assert!(refused("cut-idx3-ubyte", &cut, &[]).contains("byte 4: the header announces 2 x 2 x 2"));
    let magic = [&[7, 0, 8, 3][..], &header[4..], &[0; 8]].concat();
    assert!(refused("magic-idx3-ubyte", &magic, &[]).contains("byte 0: magic number 0x07000803"));
    assert!(refused("empty.csv", b"", &[]).contains("empty.csv:1:1: the file has no row"));
    let infinite = refused("inf.csv", b"a,b\r\n1,2\r\n\r\n3,inf\r\n", &["--set", "data.target=none"]);
    assert!(infinite.contains("inf.csv:4:3"), "{infinite}");
    let open = refused("open.csv", b"a,b\n1,x\n2,\"y\n3,z\n4,x\n", &[]);
    assert!(open.contains("open.csv:3:3") && open.contains("close its quote"), "{open}");
    // A label out of range, among the four files of a folder.
    let set = folder.path().join("fashion-mnist");
    std::fs::create_dir(&set).unwrap();
    let images = [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2][..], &[9; 8]].concat();
    for (name, labels) in [("train", [0, 200]), ("t10k", [0, 1])] {
        std::fs::write(set.join(format!("{name}-images-idx3-ubyte")), &images).unwrap();
        let labels = [&[0, 0, 8, 1, 0, 0, 0, 2][..], &labels].concat();
        std::fs::write(set.join(format!("{name}-labels-idx1-ubyte")), labels).unwrap();
    }
    let (code, said) = PROGRAM.fails(&["fit", "softmax", "--data", set.to_str().unwrap()]);
    assert!(code == 3 && said.contains("label 200") && said.contains("byte 9"), "{said}");
}

#[test]
fn predictions_for_another_table() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name).to_str().unwrap().to_owned()
    };
    let row = |i: usize| format!("{},{},{}\n", 2 * i + 1, i, if i < 20 { "low" } else { "high" });
    let rows: String = (0..40).map(row).collect();
    let first = write("first.csv", &format!("y,x,class\n{rows}"));
    let (tree, line) = (folder.path().join("tree"), folder.path().join("line"));
    fit(&tree, "tree", &["--data", &first]);
    // Class names come from the file that is predicted: its only class is not the first class of the estimator.
    let alone = write("alone.csv", "y,x,class\n71,35,high\n75,37,high\n");
    let said = PROGRAM.json(&["predict", tree.to_str().unwrap(), "--data", &alone, "--json"]);
    assert!(
        (0..2).all(|i| said["rows"][i]["target"] == "high" && said["rows"][i]["prediction"] == "high"),
        "{said}"
    );
    // A table has the layout of the training table: here the target is the first column.
    let numbers = write(
        "numbers.csv",
        &format!("y,x\n{}", (0..40).map(|i| format!("{},{i}\n", 2 * i + 1)).collect::<String>()),
    );
    fit(&line, "linear", &["--data", &numbers, "--set", "data.target=1"]);
    let predict = |data: &str, more: &[&str]| {
        let words = ["predict", line.to_str().unwrap(), "--data", data];
        PROGRAM.output(&[&words[..], more, &["--json"]].concat())
    };
    let said: serde_json::Value = serde_json::from_slice(&predict(&numbers, &[]).stdout).unwrap();
    let third = &said["rows"][3];
    assert!(third["target"] == 7.0 && (third["prediction"].as_f64().unwrap() - 7.0).abs() < 1e-9, "{said}");
    // Columns in another order are an error.
    let other = write("other.csv", "x,y\n1,3\n2,5\n");
    let refused = predict(&other, &[]);
    let why = String::from_utf8(refused.stderr).unwrap();
    assert!(
        refused.status.code() == Some(3) && why.contains("its columns are y") && why.contains("fitted to x"),
        "{why}"
    );
    assert!(predict(&other, &["--set", "data.target=y"]).status.success());
}

#[test]
fn a_picture_that_cannot_be_drawn_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("few.csv");
    std::fs::write(&file, "a,b\n1,2\n3,4\n5,6\n7,8\n9,1\n2,3\n4,5\n6,7\n8,9\n0,1\n").unwrap();
    let data =
        ["--data", file.to_str().unwrap(), "--set", "data.target=none", "--set", "estimator.n_clusters=2"];
    fit(&folder.path().join("few"), "kmeans", &data);
    let many = ["--set", "estimator.n_clusters=400", "--set", "estimator.n_init=1"];
    fit(&folder.path().join("many"), "kmeans", &many);
    assert!(folder.path().join("many/pictures/centers.png").exists());
    let out = folder.path().join("shown");
    let words = ["fit", "pca", "--out", out.to_str().unwrap(), "--show", "map", "--show", "mop"];
    let shown = PROGRAM.output(&words);
    assert!(String::from_utf8_lossy(&shown.stdout).contains("component 1 ("));
    assert!(String::from_utf8_lossy(&shown.stderr).contains("did you mean `map`"));
}

#[test]
fn invalid_combinations_are_errors() {
    let fails = |words: &[&str]| {
        let (code, said) = PROGRAM.fails(words);
        assert_eq!(code, 3, "{said}");
        said
    };
    assert!(
        fails(&["fit", "softmax", "--data", "women"]).contains("softmax is a classifier and needs classes")
    );
    assert!(fails(&["fit", "sofmax"]).contains("did you mean `softmax`"));
    assert!(fails(&["fit", "softmax", "--set", "estimator.k=2"]).contains("unknown setting `k`"));
    assert!(fails(&["fit", "softmax", "--data", "digit"]).contains("did you mean `digits`"));
    assert!(fails(&["fit", "softmax", "--set", "data.noise=0.5"]).contains("leave faces and noise out"));
    assert!(fails(&["predict", "."]).contains("no fitted estimator"));
    assert_eq!(PROGRAM.fails(&["fit", "softmax", "--set", "agent.k=2"]).0, 2);
}

#[test]
fn interpolation_and_concepts() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let small = [
        "--set",
        "estimator.latent_dim=4",
        "--set",
        "estimator.hidden_sizes=[32]",
        "--set",
        "estimator.num_epochs=3",
    ];
    fit(folder, "vae", &[&["--data", "faces", "--set", "data.faces=400"][..], &small].concat());
    let path = folder.to_str().unwrap();
    let asked = |words: &[&str]| PROGRAM.json(&[&words[..1], &[path], &words[1..], &["--json"]].concat());
    let by_factor = asked(&["concept", "--factor", "smile", "--steps", "3"]);
    let by_groups = asked(&["concept", "--with", "smile>0.3", "--without", "smile<-0.3", "--rows", "0..2"]);
    for said in [&by_factor, &by_groups] {
        assert_eq!(said["concept"]["name"], "smile");
        assert_eq!(said["concept"]["direction"].as_array().unwrap().len(), 4);
        assert_eq!(said["effect"]["factors"].as_array().unwrap().len(), 7);
        assert_eq!(said["files"].as_array().unwrap().len(), 4);
    }
    let named = asked(&["concept", "--with", "0..20", "--without", "20..40", "--steps", "2", "--reach", "1"]);
    assert_eq!(
        (&named["concept"]["name"], &named["effect"]["steps"][0]),
        (&"concept".into(), &(-1.0).into())
    );
    assert_eq!(asked(&["interpolate", "0-1", "3-2", "--steps", "5"])["files"].as_array().unwrap().len(), 2);
    assert!(PROGRAM.text(&["interpolate", path, "0-1"]).contains("interpolation-0-1.png"));

    let refused = |words: &[&str], code: i32, why: &str| {
        let (found, said) = PROGRAM.fails(&[&words[..1], &[path], &words[1..]].concat());
        assert!(found == code && said.contains(why), "{words:?}: {found} {said}");
    };
    refused(&["concept", "--factor", "smil"], 3, "did you mean `smile`");
    refused(&["concept", "--with", "class=7", "--without", "0..5"], 3, "no classes");
    refused(
        &["concept", "--with", "smile>3", "--without", "0..5"],
        3,
        "no training sample is in the group smile>3",
    );
    refused(&["concept", "--factor", "smile", "--reach", "0"], 2, "not a number above 0");
    refused(&["concept", "--with", "smiling", "--without", "0..5"], 2, "class=NAME");
    refused(&["concept"], 2, "--factor");
    refused(&["interpolate", "0-4000"], 3, "no row 4000");
    refused(&["interpolate", "04000"], 2, "write 3-17");
    // A concept from one class to another, in the components of PCA.
    let digits = folder.join("digits");
    fit(&digits, "pca", &["--set", "estimator.n_components=8"]);
    let digits = digits.to_str().unwrap();
    let seven = PROGRAM.json(&["concept", digits, "--with", "class=7", "--without", "class=1", "--json"]);
    assert_eq!((&seven["concept"]["name"], &seven["effect"]), (&"7".into(), &serde_json::Value::Null));
    PROGRAM.json(&["interpolate", digits, "0-1", "--json"]);
    fit(&folder.join("k"), "kmeans", &[]);
    let (code, said) = PROGRAM.fails(&["interpolate", folder.join("k").to_str().unwrap(), "0-1"]);
    assert!(code == 3 && said.contains("fit a vae or pca"), "{code} {said}");
}

/// Right values of scikit-learn 1.9: softmax over years far from 0, and ids beyond the digits of f32.
#[test]
fn columns_far_from_0() {
    let folder = tempfile::tempdir().unwrap();
    let years = folder.path().join("years.csv");
    let rows: String =
        (1990..2020).map(|y| format!("{y},{}\n", if y < 2005 { "old" } else { "new" })).collect();
    std::fs::write(&years, format!("year,cls\n{rows}")).unwrap();
    let words = ["--data", years.to_str().unwrap(), "--set", "data.test_size=0"];
    let report = fit(&folder.path().join("softmax"), "softmax", &words);
    assert_eq!(score(&report, "accuracy", "train"), 1.0);
    assert!((score(&report, "log loss", "train") - 0.034_074_071_139_745_47).abs() < 1e-9, "{report}");
    assert!(score(&report, "largest entry of the gradient", "train") < 1e-9);
    let few = [&words[..], &["--set", "estimator.max_iter=2"]].concat();
    let report = fit(&folder.path().join("few"), "softmax", &few);
    let note = report["report"]["notes"][0].as_str().unwrap();
    assert!(note.contains("not reached in 2 iterations") && note.contains("gradient"), "{note}");
    let ids = folder.path().join("ids.csv");
    let rows: String = (0..30).map(|i| format!("{},{}.5\n", 16_777_216 + i, i + 1)).collect();
    std::fs::write(&ids, format!("id,y\n{rows}")).unwrap();
    let words = ["--data", ids.to_str().unwrap(), "--set", "data.test_size=0"];
    let report = fit(&folder.path().join("linear"), "linear", &words);
    assert!((score(&report, "slope of id", "") - 1.0).abs() < 1e-12, "{report}");
    assert_eq!(score(&report, "R²", "train"), 1.0);
}

/// A prediction uses the mean, the scale and the texts of the training rows.
#[test]
fn another_table_is_prepared_as_the_training_rows() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name).to_str().unwrap().to_owned()
    };
    let row = |i: usize| {
        let color = if i.is_multiple_of(2) { "red" } else { "blue" };
        format!("{i},{i},{color},{}\n", 3 * i + 10 * (i % 2))
    };
    let rows: String = (0..40).map(row).collect();
    let train = write("train.csv", &format!("id,size,color,price\n{rows}"));
    let out = folder.path().join("fit");
    let set = ["--set", "data.leave_out=[\"id\"]", "--set", "data.scale=standard"];
    fit(&out, "linear", &[&["--data", &train][..], &set].concat());
    let other = write("other.csv", "id,size,color,price\nx,100,blue,?\ny,,red,?\n");
    let said = PROGRAM.json(&["predict", out.to_str().unwrap(), "--data", &other, "--json"]);
    let predicted = |i: usize| said["rows"][i]["prediction"].as_f64().unwrap();
    assert!((predicted(0) - 310.0).abs() < 1e-6, "{said}");
    let report: serde_json::Value =
        serde_json::from_slice(&std::fs::read(out.join("report.json")).unwrap()).unwrap();
    let mean = report["preparation"]["columns"][0]["encoding"]["number"]["fill"].as_f64().unwrap();
    assert!((predicted(1) - 3.0 * mean).abs() < 1e-6, "{said}");
}

/// Files of two fits are never taken for one, and a folder has one process.
#[test]
fn files_of_two_fits_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let [one, other] = ["one", "other"].map(|name| folder.path().join(name));
    fit(&one, "linear", &["--data", "women"]);
    fit(&other, "ridge", &["--data", "women"]);
    std::fs::copy(other.join("report.json"), one.join("report.json")).unwrap();
    let (code, said) = PROGRAM.fails(&["predict", one.to_str().unwrap()]);
    assert!(code == 5 && said.contains("not the report of model.fit"), "{code} {said}");
    let lock = std::fs::File::create(other.join(".lock")).unwrap();
    lock.lock().unwrap();
    let words = ["fit", "linear", "--data", "women", "--out", other.to_str().unwrap()];
    let (code, said) = PROGRAM.fails(&words);
    assert!(code == 3 && said.contains("another freewheel process uses this folder"), "{code} {said}");
}
