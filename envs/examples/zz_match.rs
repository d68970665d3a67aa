//! scratch: not committed
#![allow(
    clippy::all,
    clippy::pedantic,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    missing_docs
)]
use freewheel_core::*;
use freewheel_envs::go::players::{self, Turn};
use freewheel_envs::go::rules::*;
use std::io::{BufRead, BufReader, Write};
use std::process::*;
struct Gtp {
    child: Child,
    out: BufReader<ChildStdout>,
}
impl Gtp {
    fn new(cmd: &str) -> Self {
        let mut w = cmd.split_whitespace();
        let mut child = Command::new(w.next().unwrap())
            .args(w)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Gtp { child, out }
    }
    fn send(&mut self, c: &str) -> String {
        let i = self.child.stdin.as_mut().unwrap();
        writeln!(i, "{c}").unwrap();
        i.flush().unwrap();
        let mut r = String::new();
        loop {
            let mut l = String::new();
            if self.out.read_line(&mut l).unwrap() == 0 {
                panic!("died on {c}")
            }
            if l.trim().is_empty() {
                if r.is_empty() {
                    continue;
                }
                break;
            }
            r += &l;
        }
        r.trim().trim_start_matches('=').trim().to_owned()
    }
}
fn name(p: u16, n: u16) -> String {
    if p == n * n {
        "pass".into()
    } else {
        format!("{}{}", b"ABCDEFGHJKLMNOPQRST"[(p % n) as usize] as char, p / n + 1)
    }
}
fn point(s: &str, n: u16) -> u16 {
    let s = s.to_uppercase();
    if s == "PASS" {
        return n * n;
    }
    let c = "ABCDEFGHJKLMNOPQRST".find(&s[..1]).unwrap() as u16;
    let r: u16 = s[1..].parse().unwrap();
    (r - 1) * n + c
}
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let (n, games, seed): (u16, u32, u64) =
        (a[3].parse().unwrap(), a[4].parse().unwrap(), a[5].parse().unwrap());
    let p = players::parse(&a[1]).unwrap();
    let gtp = a[2].strip_prefix("gtp:");
    let mut g = gtp.map(|c| Gtp::new(c));
    let q = if gtp.is_none() { Some(players::parse(&a[2]).unwrap()) } else { None };
    let mut won = 0.0;
    let mut t = 0.0;
    let mut moves = 0;
    for k in 0..games {
        let mut rng = Streams::new(seed).stream(Purpose::Action, 0, k as u64);
        let mut game = Game::new(Rules { suicide: false, ..Rules::tromp_taylor(n as u8) }).unwrap();
        if let Some(g) = &mut g {
            g.send(&format!("boardsize {n}"));
            g.send("clear_board");
            g.send("komi 7.5");
        }
        let mine = Colour::BOTH[(k % 2) as usize];
        let opening = if n >= 9 { 0 } else { 0 };
        let _ = opening;
        while !game.is_over() && !game.is_truncated() {
            let col = if game.to_play() == Colour::Black { "b" } else { "w" };
            if game.to_play() == mine {
                let s = std::time::Instant::now();
                let Turn::Play(m) = p.choose(&game, &mut rng).unwrap() else { panic!() };
                t += s.elapsed().as_secs_f64();
                moves += 1;
                game.play(m).unwrap();
                if let Some(g) = &mut g {
                    g.send(&format!("play {col} {}", name(m, n)));
                }
            } else if let Some(g) = &mut g {
                let r = g.send(&format!("genmove {col}"));
                if r.eq_ignore_ascii_case("resign") {
                    println!("resign");
                    break;
                }
                if game.play(point(&r, n)).is_err() {
                    println!("illegal {r}");
                    break;
                }
            } else {
                let Turn::Play(m) = q.as_ref().unwrap().choose(&game, &mut rng).unwrap() else { panic!() };
                game.play(m).unwrap();
            }
        }
        let s = game.score() * mine.sign() as f32;
        won += if s > 0.0 {
            1.0
        } else if s == 0.0 {
            0.5
        } else {
            0.0
        };
        eprint!("{}{s} ", if mine == Colour::Black { "B" } else { "W" });
    }
    println!("\n{} vs {} {n}x{n}: {won}/{games}  {:.1} ms/move", a[1], a[2], 1e3 * t / moves as f64);
}
