//! Gauss-Legendre quadrature with eight nodes.

/// Nodes and weights on [-1, 1], the positive half (Abramowitz & Stegun, table 25.4).
const NODES: [(f64, f64); 4] = [
    (0.183_434_642_495_649_8, 0.362_683_783_378_362),
    (0.525_532_409_916_329, 0.313_706_645_877_887_3),
    (0.796_666_477_413_626_7, 0.222_381_034_453_374_48),
    (0.960_289_856_497_536_3, 0.101_228_536_290_376_26),
];

/// The integral of `f` from `a` to `b`, in `steps` equal parts.
pub(super) fn integrate(a: f64, b: f64, steps: usize, f: impl Fn(f64) -> f64) -> f64 {
    let half = 0.5 * (b - a) / steps as f64;
    let part = |i: usize| {
        let middle = a + (2 * i + 1) as f64 * half;
        NODES
            .iter()
            .map(|(node, weight)| weight * (f(middle - half * node) + f(middle + half * node)))
            .sum::<f64>()
    };
    half * (0..steps).map(part).sum::<f64>()
}
