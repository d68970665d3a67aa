#[test]
#[ignore]
fn timing() {
    use super::worlds::*;
    use super::*;
    use std::time::Instant;
    for (name, mdp) in [("pay", slippery(100, 0.0)), ("cost", slippery(100, 0.01))] {
        for gamma in [0.99, 1.0] {
            for who in [Who::Best, Who::Random, Who::EpsilonGreedy(0.1), Who::EpsilonSoft(0.1)] {
                let t = Instant::now();
                let r = mdp.solve(&endless(who, gamma));
                println!("{name} {gamma} {who:?}: {:?} {:?}", r.map(|r| r.value), t.elapsed());
            }
        }
        for h in [150, 300, 1000] {
            let t = Instant::now();
            let r = solve(&mdp, within(Who::Best, 1.0, h, false));
            println!("{name} blind {h}: {:?} {:?} {:?}", r.value, r.upper, t.elapsed());
            let t = Instant::now();
            let r = solve(&mdp, within(Who::Best, 1.0, h, true));
            println!("{name} timed {h}: {:?} {:?} {:?}", r.value, r.upper, t.elapsed());
        }
    }
    let lake4 = lake(&LAKE_4);
    for h in [10, 20, 50, 100, 200] {
        let t = Instant::now();
        let r = solve(&lake4, within(Who::Best, 1.0, h, false));
        println!("lake4 blind {h}: {:?} {:?} {:?}", r.value, r.upper, t.elapsed());
    }
    let lake8 = lake(&LAKE_8);
    for h in [50, 100, 200, 1000] {
        let t = Instant::now();
        let r = solve(&lake8, within(Who::Best, 1.0, h, false));
        println!("lake8 blind {h}: {:?} {:?} {:?}", r.value, r.upper, t.elapsed());
    }
    let t = Instant::now();
    let r = solve(&taxi(), within(Who::Best, 1.0, 200, false));
    println!("taxi: {:?} {:?} {:?}", r.value, r.upper, t.elapsed());
    let t = Instant::now();
    let r = solve(&taxi(), endless(Who::Random, 1.0));
    println!("taxi: {:?} {:?} {:?}", r.value, r.upper, t.elapsed());
}
