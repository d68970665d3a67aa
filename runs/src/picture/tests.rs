use freewheel_agents::Samples;
use freewheel_agents::data::{self, Options, Shape, faces};
use freewheel_agents::estimator::{AnyEstimator, no_callback};
use freewheel_agents::supervised;
use freewheel_agents::unsupervised;
use freewheel_core::Streams;

use super::estimators::{self, Concept, Effect, latent};
use super::*;

fn samples(values: &[f64], width: usize) -> Samples {
    Samples::new(values.to_vec(), width).unwrap()
}

fn named(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// One picture of each kind.
fn gallery() -> Vec<Box<dyn Picture>> {
    let ramp: Vec<f64> = (0..32u8).map(|i| f64::from(i) / 31.0).collect();
    let images = samples(&ramp, 4);
    let grid = ImageGrid::new("Ramps", &Shape::gray(2, 2), &images, 4).unwrap();
    let grid = grid.with_captions((1..=8).map(|i| format!("{i} → <&>")).collect()).unwrap();
    let signed = samples(&[-1.0, 0.0, 0.5, 1.0], 4);
    let signed = ImageGrid::signed("Signs", &Shape::gray(2, 2), &signed, 1)
        .unwrap()
        .with_axis_labels("across", "down")
        .touching();
    let cats = named(&["cat", "dog"]);
    let confusion_matrix =
        ConfusionMatrix::confusion("Animals", &cats, &[0, 0, 0, 1], &[0, 0, 1, 1]).unwrap();
    let points = samples(&[0.0, 0.0, 1.0, 1.0, 2.0, 4.0], 2);
    let scatter = Scatter::new("Points", points.clone(), ["x", "y"]).unwrap();
    let by_class =
        scatter.clone().by_class(&[0, 1, 1], &cats).unwrap().with_centers(points.select(&[0])).unwrap();
    let by_value = scatter.by_value(&[1.0, 2.0, 3.0], "value").unwrap();
    let chart = Chart::new("Line", ["x", "y"]).points("data", vec![(0.0, 0.0), (1.0, 2.0)]).unwrap();
    let chart = chart.line("line", vec![(0.0, 0.0), (1.0, 1.0)]).unwrap();
    let bars = Chart::new("Bars", ["n", "%"]).bars("each", &[60.0, 30.0]).unwrap();
    vec![
        Box::new(grid),
        Box::new(signed),
        Box::new(confusion_matrix),
        Box::new(by_class),
        Box::new(by_value),
        Box::new(chart),
        Box::new(bars),
    ]
}

#[test]
fn svg_is_xml_and_png_has_its_size() {
    for picture in gallery() {
        let (scene, svg) = (picture.scene(), picture.svg());
        let tree = roxmltree::Document::parse(&svg).unwrap();
        assert_eq!(tree.root_element().attribute("width"), Some(scene.width.to_string().as_str()));
        let texts = tree.descendants().filter(|node| node.has_tag_name("text")).count();
        let format_number =
            scene.marks.iter().filter(|mark| matches!(mark, scene::Mark::Text { .. })).count();
        assert_eq!(texts, format_number, "{}", scene.title);
        let png = picture.png().unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&png)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height), (scene.width as u32 * SCALE, scene.height as u32 * SCALE));
        assert!(pixels[..3] == [255; 3] && pixels.iter().any(|&gray| gray < 60), "{}", scene.title);
    }
}

#[test]
fn the_same_numbers_give_the_same_bytes() {
    for (a, b) in gallery().iter().zip(gallery()) {
        assert!(a.svg() == b.svg() && a.png().unwrap() == b.png().unwrap());
        for depth in [Depth::True, Depth::Cube, Depth::None] {
            assert_eq!(a.text(60, depth), b.text(60, depth));
        }
    }
}

/// All marks lie on the canvas.
#[test]
fn everything_is_on_the_paper() {
    for picture in gallery() {
        let scene = picture.scene();
        let within = |x: f32, y: f32| {
            assert!(x >= 0.0 && x <= scene.width && y >= 0.0 && y <= scene.height, "{x} {y}: {}", scene.title)
        };
        for mark in &scene.marks {
            match mark {
                scene::Mark::Rect { x, y, w, h, .. } | scene::Mark::Image { x, y, w, h, .. } => {
                    within(*x, *y);
                    within(x + w, y + h);
                }
                scene::Mark::Circle { x, y, .. } => within(*x, *y),
                scene::Mark::Line { points, .. } | scene::Mark::Area { points, .. } => {
                    points.iter().for_each(|&(x, y)| within(x, y))
                }
                scene::Mark::Text { x, y, size, anchor, rotated, text, .. } => {
                    let wide = font::text_width(text, *size);
                    let before = match anchor {
                        scene::Anchor::Start => 0.0,
                        scene::Anchor::Middle => wide / 2.0,
                        scene::Anchor::End => wide,
                    };
                    if *rotated {
                        within(*x, y + before - wide);
                        within(*x, y + before);
                    } else {
                        within(x - before, *y);
                        within(x - before + wide, *y);
                    }
                }
            }
        }
    }
}

#[test]
fn a_matrix_in_characters() {
    let names = named(&["cat", "dog"]);
    let confusion_matrix =
        ConfusionMatrix::confusion("Animals", &names, &[0, 0, 0, 1], &[0, 0, 1, 1]).unwrap();
    assert_eq!(confusion_matrix.counts(), [2, 1, 0, 1]);
    let shown = "Animals\n75.00 % of 4 are right\n    cat dog\ncat   2   1\ndog   ·   1\n";
    assert_eq!(confusion_matrix.text(40, Depth::None), shown);
    assert!(confusion_matrix.text(40, Depth::True).contains("\x1b[48;2;"));
}

fn holds(text: &str, parts: &[&str]) {
    parts.iter().for_each(|part| assert!(text.contains(part), "{part}:\n{text}"));
}

#[test]
fn a_sheet_in_characters() {
    let images = samples(&[0.0, 0.5, 1.0, 0.5, 1.0, 1.0, 0.0, 0.0], 4);
    let grid = ImageGrid::new("Two", &Shape::gray(2, 2), &images, 2).unwrap();
    let grid = grid.with_captions(named(&["a", "b"])).unwrap();
    assert_eq!(grid.text(40, Depth::None), "Two\n++ ++\na  b\n");
    assert!(grid.text(40, Depth::True).contains("\x1b[38;2;0;0;0m\x1b[48;2;255;255;255m▀"));
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    let refused = |result: Result<()>, what: &str| {
        let error = result.unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    };
    let gray = Shape::gray(2, 2);
    let none = Samples::new(Vec::new(), 4).unwrap();
    refused(ImageGrid::new("a", &gray, &none, 4).map(drop), "no images to draw");
    refused(
        ImageGrid::new("a", &gray, &samples(&[0.0; 3], 3), 4).map(drop),
        "a: 3 numbers of an image for 4 pixels of its shape",
    );
    refused(
        ImageGrid::new("a", &Shape::Columns(named(&["x"])), &samples(&[0.0], 1), 1).map(drop),
        "are not images",
    );
    refused(
        ImageGrid::new("a", &gray, &samples(&[0.0, f64::NAN, 0.0, 0.0], 4), 4).map(drop),
        "number 2 is NaN",
    );
    refused(ConfusionMatrix::confusion("a", &named(&["x"]), &[], &[]).map(drop), "no samples to draw");
    refused(ConfusionMatrix::confusion("a", &named(&["x"]), &[1], &[0]).map(drop), "class 1 has no name");
    refused(
        ConfusionMatrix::confusion("a", &named(&["x"]), &[0], &[]).map(drop),
        "0 predictions for 1 labels",
    );
    refused(
        Scatter::new("a", Samples::new(Vec::new(), 2).unwrap(), ["x", "y"]).map(drop),
        "no points to draw",
    );
    refused(
        Scatter::new("a", samples(&[0.0; 2], 2), ["x", "y"]).unwrap().by_class(&[3], &[]).map(drop),
        "names",
    );
    refused(Chart::new("a", ["x", "y"]).line("b", Vec::new()).map(drop), "no points to draw");
    refused(Chart::new("a", ["x", "y"]).line("b", vec![(f64::INFINITY, 0.0)]).map(drop), "infinite");
}

#[test]
fn files_stand_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    let paths = write(folder.path().join("pictures"), "first", &*gallery()[0]).unwrap();
    assert!(paths[0].ends_with("pictures/first.svg") && paths[1].ends_with("pictures/first.png"));
    assert!(std::fs::read(&paths[1]).unwrap().starts_with(b"\x89PNG"));
}

fn build(id: &str, settings: &str) -> AnyEstimator {
    let kinds = supervised::all().into_iter().chain(unsupervised::all());
    let kind = kinds.into_iter().find(|kind| kind.id() == id).unwrap();
    kind.build(&settings.parse().unwrap(), Streams::new(0)).unwrap()
}

fn prior_samples(set: &str, id: &str, settings: &str) -> Vec<String> {
    let set = data::open(set, &Options::default()).unwrap();
    let mut estimator = build(id, settings);
    let x = &set.train.samples;
    match &mut estimator {
        AnyEstimator::Classifier(it) => {
            it.fit_with(x, set.train.targets.labels().unwrap(), 10, &mut no_callback).unwrap()
        }
        AnyEstimator::Regressor(it) => {
            let y = Samples::new(set.train.targets.values().unwrap().to_vec(), 1).unwrap();
            it.fit(x, &y).unwrap();
        }
        AnyEstimator::Transformer(it) => it.fit(x).unwrap(),
    }
    let all = estimators::all(&estimator, &set).unwrap();
    all.iter().for_each(|it| {
        assert!(it.picture.scene().marks.len() > 5 && !it.picture.text(80, Depth::None).is_empty())
    });
    all.into_iter().map(|it| it.name).collect()
}

#[test]
fn every_estimator_has_its_pictures() {
    assert_eq!(prior_samples("digits", "tree", "max_depth = 4"), ["confusion", "mistakes"]);
    assert_eq!(prior_samples("women", "linear", ""), ["regression"]);
    assert_eq!(prior_samples("digits", "pca", ""), ["explained", "components", "map"]);
    assert_eq!(prior_samples("digits", "kmeans", "n_clusters = 10\nn_init = 1"), ["centers", "clusters"]);
    let vae = prior_samples("digits", "vae", "hidden_sizes = [16]\nnum_epochs = 1");
    assert_eq!(vae, ["latents", "samples", "reconstructions", "interpolations", "map"]);
}

#[test]
fn the_line_through_women_is_written_above_it() {
    let set = data::open("women", &Options::default()).unwrap();
    let mut it = build("linear", "");
    let AnyEstimator::Regressor(it) = &mut it else { unreachable!() };
    let y = Samples::new(set.train.targets.values().unwrap().to_vec(), 1).unwrap();
    it.fit(&set.train.samples, &y).unwrap();
    let chart = estimators::supervised::regression(&**it, &set, &set.train).unwrap();
    let title = chart.scene().title;
    holds(&title, &["= 3.450 · ", " − 87.517", "R² = 0.99101"]);
}

/// The concept from two groups and the one from the known factor have similar directions; its effect is measured.
#[test]
fn a_concept_is_added_and_measured() {
    let set = faces::generate(400, 0, 0.0, 0.1, "none").unwrap();
    let settings: toml::Table = "latent_dim = 4\nhidden_sizes = [32]\nnum_epochs = 4".parse().unwrap();
    let kinds = unsupervised::all();
    let kind = kinds.iter().find(|kind| kind.id() == "vae").unwrap();
    let AnyEstimator::Transformer(mut vae) = kind.build(&settings, Streams::new(0)).unwrap() else {
        panic!("no encoder")
    };
    vae.fit(&set.train.samples).unwrap();
    let vae = &*vae;
    let (x, known) = (&set.train.samples, set.train.factors.as_ref().unwrap());
    let smile: Vec<f64> = known.iter().map(|row| row[0]).collect();
    let which = |with: bool| (0..x.rows()).filter(|&i| (smile[i] > 0.0) == with).collect::<Vec<_>>();
    let groups =
        Concept::from_groups("smile", vae, &x.select(&which(true)), &x.select(&which(false))).unwrap();
    let fitted = Concept::from_factor(vae, x, known, 0, &set.factors[0]).unwrap();
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let cosine = dot(&groups.direction, &fitted.direction)
        / (dot(&groups.direction, &groups.direction) * dot(&fitted.direction, &fitted.direction)).sqrt();
    assert!(cosine > 0.5, "{cosine}");

    let few = set.test.samples.select(&[0, 1]);
    let effect = Effect::measure(&fitted, vae, &few, &[-0.5, 0.0, 0.5]).unwrap();
    assert_eq!((effect.factors.len(), effect.factors[0].path.len()), (7, 3));
    assert!(effect.chart().is_ok() && effect.table().lines().count() == 8);
    assert!(fitted.image_grid(vae, &set.shape, &few, &[-0.5, 0.0, 0.5]).is_ok());
    assert!(Effect::measure(&fitted, vae, &few, &[0.5, 0.5]).is_err());
    assert!(Concept::from_groups("smile", vae, x, &x.select(&[])).is_err());
    assert_eq!(latent::largest_std_axes(&samples(&[0.0, 9.0, 1.0, 1.0, 0.0, 3.0], 3)), [1, 2]);
}
