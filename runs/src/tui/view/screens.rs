//! Tests of whole screens as text.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::*;
use crate::tui::palette::Depth;
use crate::tui::test_worlds::{self, SlipperyGrid};
use crate::tui::{Watch, keys};

fn screen(model: &mut Model, width: u16, height: u16) -> String {
    model.fit(Rect { x: 0, y: 0, width, height });
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(model, Palette(Depth::True), frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let rows = buffer.content.chunks(usize::from(width.max(1)));
    let line = |row: &[ratatui::buffer::Cell]| {
        row.iter().map(|cell| cell.symbol()).collect::<String>().trim_end().to_owned() + "\n"
    };
    rows.map(line).collect()
}

fn press(model: &mut Model, keys: &str) {
    for c in keys.chars() {
        let key = match c {
            '↑' => KeyCode::Up,
            '→' => KeyCode::Right,
            '⏎' => KeyCode::Enter,
            c => KeyCode::Char(c),
        };
        if let Some(command) = keys::command(KeyEvent::new(key, KeyModifiers::NONE), model.active_input()) {
            model.execute(command);
        }
        model.refresh();
    }
}

fn check(got: &str, expected: &str) {
    let expected = expected.strip_prefix("\n").unwrap_or(expected);
    assert!(got.trim_end() == expected.trim_end(), "\n{got}\n--- is not ---\n{expected}");
}

#[test]
fn a_usual_terminal() {
    let mut model = test_worlds::model();
    press(&mut model, "nnnnnnnnnNnnnn");
    check(&screen(&mut model, 80, 24), USUAL);
}
const USUAL: &str = r"
 test/grid   step 100  1 of 2                                    ‖ paused  10/s
                                                │ episode  2  seed 3
                                                │ step     2 of 30
                                                │ action   → right
                                                │ reward   -1
                                                │ return   -2
                                                │ ending   —
                                                │
                                                │ action values ───────────────
                                                │ ▸ up     ━━━━━━━━━━━━   -4.00
              →  →  →  →  →  →  ↓               │   right  ╸              -8.50
              ↑  ↑  ↑  ↑  ↑  ↑  ↓               │   down   ━━━━━━         -6.25
              ↑  @  ↑  ↑  ↑  ↑  ↓               │   left   ━━━━           -7.00
              ↑  ○  ○  ○  ○  ○  *               │
                                                │ returns ─────────────────────
                                                │ -5.50 ╌╌╌╌╌╌╌╌╌╌╌╌╌ reference
                                                │
                                                │
                                                │
                                                │
                                                │
                                                │ ↓ -21 ▆
                                                │ score 0.71  mean -10 over 1
 space resume  ← → step  + - speed  [ ] policy  b N episode  ? help  q quit
";

#[test]
fn a_large_terminal() {
    let mut model = test_worlds::model();
    // Two episodes with each policy.
    press(&mut model, &format!("{n}N{n}]{n}b{n}", n = "n".repeat(30)));
    press(&mut model, &format!("{}nnnn", "N".repeat(5)));
    check(&screen(&mut model, 120, 40), LARGE);
}
const LARGE: &str = r"
 test/grid   step 9000  2 of 2                                                                           ‖ paused  10/s
                                                                            │
                                                                            │ episode  12  seed 3
                                                                            │ step     4 of 30
                                                                            │ action   → right
                                                                            │ reward   -1
                                                                            │ return   -4
                                                                            │ ending   —
                                                                            │
                                                                            │ action values ───────────────────────────
                                                                            │   up     not legal
                                                                            │ ▸ right  ━━━━━━━━━━━━━━━━━━━━━━━━   -1.00
                                                                            │   down   ━━━                        -6.25
                                                                            │   left   ╸                          -7.00
                                                                            │
                                                                            │ returns ─────────────────────────────────
                                                                            │ -5.50 ╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌ reference
                                                                            │
                            →  @  →  →  →  →  ↓                             │
                            ↑  ↑  ↑  ↑  ↑  ↑  ↓                             │
                            ↑  ↑  ↑  ↑  ↑  ↑  ↓                             │
                            ↑  ○  ○  ○  ○  ○  *                             │
                                                                            │
                                                                            │
                                                                            │    -6 ▁▁▁
                                                                            │ ↓ -21 ███
                                                                            │ score 0.97  mean -6 over 3
                                                                            │
                                                                            │
                                                                            │
                                                                            │
                                                                            │
                                                                            │
                                                                            │
                                                                            │
                                                                            │
                                                                            │
                                                                            │
                                                                            │
 space resume  ← → step  + - speed  [ ] policy  b N episode  r restart  v values  p play  ? help  q quit
";

#[test]
fn small_and_tiny_terminals() {
    let mut model = test_worlds::model();
    press(&mut model, "n");
    check(&screen(&mut model, 50, 12), SMALL);
    check(&screen(&mut model, 20, 5), TINY);
}
const SMALL: &str = r"
 test/grid   step 100  1 of 2      ‖ paused  10/s


               →  →  →  →  →  →  ↓
               ↑  ↑  ↑  ↑  ↑  ↑  ↓
               @  ↑  ↑  ↑  ↑  ↑  ↓
               ↑  ○  ○  ○  ○  ○  *


 episode 0  step 1  return -1
 ↑ up  reward -1
 space resume  ← → step  ? help  q quit
";
const TINY: &str = r"
 →  →  →  →  →  →  ↓
 ↑  ↑  ↑  ↑  ↑  ↑  ↓
 @  ↑  ↑  ↑  ↑  ↑  ↓
 ↑  ○  ○  ○  ○  ○  *
 ? help  q quit
";

#[test]
fn a_wide_world_has_the_panel_below() {
    let world = SlipperyGrid::world(24, 5);
    let mut model = test_worlds::on(&*world);
    model.note = Some("up is not legal here".into());
    check(&screen(&mut model, 80, 24), WIDE);
}
const WIDE: &str = r"
 test/grid   step 100  1 of 2                                            ► 10/s


     →  →  →  →  →  →  ↓  ↓  ↓  ←  ←  ←  ←  ↓  ↓  ↓  ←  ←  ←  ←  ↓  ↓  ↓  ←
     ↑  ↑  ↑  ↓  ↓  ↑  ↑  ↑  ↑  ↑  ↓  ↓  ↓  ←  ←  ←  ←  ↓  ↓  ↓  ←  ←  ←  ←
     ↓  ↓  ↓  ←  ←  ←  ←  ←  ↓  ↓  ←  ←  ←  ←  ←  ↓  ↓  ←  ←  ←  ←  ←  ↓  ↓
     ↓  ←  ←  ←  ←  ↓  ↓  ←  ←  ←  ←  ←  ↓  ↓  ←  ←  ←  ←  ←  ↓  ↓  ←  ←  ←
     @  ○  ○  ○  ○  ○  ○  ○  ○  ○  ○  ○  ○  ○  ○  ○  ○  ○  ○  ○  ○  ○  ○  *


────────────────────────────────────────────────────────────────────────────────
 episode  0  seed 3                       returns ─────────────────────────────
 step     0 of 30                         -5.50 ╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌ reference
 action   —
 reward   —
 return   0
 ending   —

 action values ───────────────────────
   up     ╸                     -11.00
 ▸ right  ━━━━━━━━━━━━━━━━━━━━   -8.50      -21 ╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌ baseline
   down   not legal
   left   not legal                       no episode has ended yet
 up is not legal here
";

#[test]
fn playing_shows_its_keys() {
    let mut model = test_worlds::model();
    press(&mut model, "p↑");
    check(&screen(&mut model, 80, 24), HAND);
    let world = test_worlds::nim();
    let mut model = Model::new(Watch::new(&*world));
    press(&mut model, "t");
    let shown = screen(&mut model, 80, 24);
    assert!(shown.contains("t▏") && shown.contains("two three ten twelve"), "{shown}");
    let world = test_worlds::steering();
    let mut model = Model::new(Watch::new(&*world));
    press(&mut model, "→→⏎");
    let shown = screen(&mut model, 80, 24);
    assert!(shown.contains("▸ steering  ────┼─●──   0.400"), "{shown}");
    assert!(shown.contains("  brake     ●────────       0"), "{shown}");
}
const HAND: &str = r"
 test/grid   step 100  1 of 2                                        ● you play
                                                │ episode  0  seed 3
                                                │ step     1 of 30
                                                │ action   ↑ up  by you
                                                │ reward   -1
                                                │ return   -1
                                                │ ending   —
                                                │
                                                │ your move ───────────────────
                                                │ 1 ↑ u up     ━━━━━━━━   -5.00
              →  →  →  →  →  →  ↓               │ 2 → r right  ╸          -8.50
              ↑  ↑  ↑  ↑  ↑  ↑  ↓               │ 3 ↓ d down   ━━━━━      -6.25
              @  ↑  ↑  ↑  ↑  ↑  ↓               │ 4 ← l left   not legal
              ↑  ○  ○  ○  ○  ○  *               │
                                                │ your returns ────────────────
                                                │ -5.50 ╌╌╌╌╌╌╌╌╌╌╌╌╌ reference
                                                │
                                                │
                                                │
                                                │
                                                │
                                                │   -21 ╌╌╌╌╌╌╌╌╌╌╌╌╌╌ baseline
                                                │ no episode has ended yet
 R restart  N next episode  p stop playing  n policy step  ? help  q quit
";

#[test]
fn the_two_endings_look_different() {
    let mut model = test_worlds::model();
    press(&mut model, &"n".repeat(30));
    while model.episode.over() != Some(EpisodeEnd::Terminal) {
        press(&mut model, "n");
    }
    assert!(screen(&mut model, 120, 40).contains("ending   ● terminal  by the rules"));
    assert!(screen(&mut model, 50, 12).contains("● terminal"));
    press(&mut model, "rp");
    // Up and down along the left edge, where there are no holes, until the time limit.
    while model.episode.over().is_none() {
        let at_the_bottom = model.episode.runner().obs()[0] == 21.0;
        press(&mut model, if at_the_bottom { "1" } else { "3" });
    }
    assert!(screen(&mut model, 120, 40).contains("ending   ◐ truncated  at the limit"));
    assert!(screen(&mut model, 50, 12).contains("◐ truncated"));
}

#[test]
fn the_help_lists_the_keys() {
    let mut model = test_worlds::model();
    press(&mut model, "?");
    check(&screen(&mut model, 80, 24), KEYS);
}
const KEYS: &str = r"
 test/grid   step╭ keys ──────────────────────────────────────╮          ► 10/s
                 │ time                                       │eed 3
                 │   space    pause, resume                   │ 30
                 │   →  n     one step                        │
                 │   ←        one step back                   │
                 │   +  -     faster, slower                  │
                 │ episodes                                   │
                 │   r        restart                         │
                 │   N  b     next, previous                  │ ───────────────
                 │ policies                                   │━━━━━━━━   -6.00
              →  │   ]  [     next, previous                  │           -8.50
              ↑  │   v        action values on the picture    │legal
              ↑  │ play                                       │legal
              @  │   p        play yourself, or stop playing  │
                 │   n        one step of the policy          │────────────────
                 │   R        restart, where r is an action   │╌╌╌╌╌╌ reference
                 │ view                                       │
                 │   ↑  ↓     scroll; shift: all directions   │
                 │   f        follow the focus                │
                 │                                            │
                 │   ?  h     this help                       │
                 │   q  esc   quit                            │╌╌╌╌╌╌╌ baseline
                 ╰────────────────────────────────────────────╯s ended yet
 space pause  ← → step  + - speed  [ ] policy  b N episode  ? help  q quit
";

#[test]
fn no_size_and_no_depth_panics() {
    let [steering, nim, wide] = [test_worlds::steering(), test_worlds::nim(), SlipperyGrid::world(60, 30)];
    let mut models = [
        test_worlds::model(),
        test_worlds::on(&*wide),
        Model::new(Watch::new(&*steering)),
        Model::new(Watch::new(&*nim)),
    ];
    for model in &mut models {
        press(model, "nnn");
        let widths = [0, 1, 2, 5, 13, 20, 40, 63, 64, 80, 130];
        let heights = [0, 1, 2, 3, 5, 6, 8, 13, 14, 24, 45];
        for (width, height) in widths.into_iter().flat_map(|w| heights.map(|h| (w, h))) {
            model.help = width % 2 == 0;
            screen(model, width, height);
        }
        for depth in [Depth::Cube, Depth::Sixteen, Depth::None] {
            let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
            terminal.draw(|frame| draw(model, Palette(depth), frame)).unwrap();
        }
    }
}

#[test]
fn without_colors_no_color_is_used() {
    let mut model = test_worlds::model();
    press(&mut model, "nnn");
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    terminal.draw(|frame| draw(&model, Palette(Depth::None), frame)).unwrap();
    use ratatui::style::Color;
    assert!(
        terminal
            .backend()
            .buffer()
            .content
            .iter()
            .all(|cell| (cell.fg, cell.bg) == (Color::Reset, Color::Reset))
    );
}

#[test]
fn bars_do_not_overlap_labels() {
    let mut model = test_worlds::model();
    model.speed = 1e5;
    model.advance(std::time::Duration::from_secs(1));
    while model.returns().len() < 15 {
        model.tick();
    }
    let shown = screen(&mut model, 80, 24);
    assert!(!shown.contains("refer") && !shown.contains("ence"), "{shown}");
}

#[test]
fn the_picture_gets_its_maximum_size_and_its_focus_is_followed() {
    let world = test_worlds::large_picture();
    let mut model = Model::new(Watch::new(&*world));
    // As large as possible beside the narrowest panel, with an empty column on both sides.
    screen(&mut model, 100, 30);
    assert_eq!((model.picture.width(), model.picture.height()), (66, 28));
    assert_eq!((model.shape, model.viewport.size), (layout::Shape::Side, (68, 28)));
    // A narrow screen has no panel beside the world.
    screen(&mut model, 50, 12);
    assert_eq!((model.picture.width(), model.picture.height(), model.shape), (48, 8, layout::Shape::Strip));
    // Too small for the picture: its focus is visible from the first picture on.
    screen(&mut model, 20, 5);
    assert_eq!(model.viewport.origin, (20, 4));
}
