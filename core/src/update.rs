//! Update of one number of an agent as an equation with its numbers, as a lecture writes it on the board.

/// One change of an action value: `Q(s,a) ← Q(s,a) + α [target − Q(s,a)]`.
///
/// ```
/// use freewheel_core::Update;
///
/// let update = Update {
///     cell: "Q(s,a)",
///     state: 36,
///     action: 0,
///     old: -4.0,
///     step_size: 0.5,
///     error: 1.0,
///     new: -3.5,
///     target: "r + γ max Q(s',·)".into(),
///     terms: vec![("r", -1.0), ("γ", 1.0), ("max Q(s',·)", -2.0)],
///     note: String::new(),
/// };
/// assert_eq!(update.symbols(), "Q(s,a) ← Q(s,a) + α [r + γ max Q(s',·) − Q(s,a)]");
/// assert_eq!(update.numbers(|x| format!("{x}")), "-4 + 0.5 [-1 + 1 · (-2) − (-4)] = -3.5");
/// assert_eq!(update.target_value(), -3.0);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// Symbol of the changed number, such as `Q(s,a)` or `Q₁(s,a)`.
    pub cell: &'static str,
    /// Row of the table: the index of the state.
    pub state: usize,
    /// Column of the table: the action.
    pub action: u32,
    /// Value before the update, in units of return.
    pub old: f64,
    /// Factor of the error: the learning rate, times an eligibility trace if there is one.
    pub step_size: f64,
    /// TD error: target minus old value; with traces, that of the last step.
    pub error: f64,
    /// Value after the update.
    pub new: f64,
    /// Target in symbols, such as `r + γ max Q(s',·)`; empty if the error belongs to another number.
    pub target: String,
    /// Symbols of the target with their numbers, in the order in which they stand in `target`.
    pub terms: Vec<(&'static str, f64)>,
    /// Explanation, such as `terminal: no next value`; empty if there is none.
    pub note: String,
}

impl Update {
    /// Value of the target, `old + error`.
    pub fn target_value(&self) -> f64 {
        self.old + self.error
    }

    /// The equation in symbols.
    pub fn symbols(&self) -> String {
        let cell = self.cell;
        match self.target.as_str() {
            "" => format!("{cell} ← {cell} + α e(s,a) δ"),
            target => format!("{cell} ← {cell} + α [{target} − {cell}]"),
        }
    }

    /// The equation in numbers, each as text by `format`.
    pub fn numbers(&self, format: impl Fn(f64) -> String) -> String {
        // A negative number after an operator stands in parentheses.
        let after_operator = |x: f64| match format(x) {
            text if text.starts_with('-') => format!("({text})"),
            text => text,
        };
        let (old, step_size, new) = (format(self.old), format(self.step_size), format(self.new));
        if self.target.is_empty() {
            return format!("{old} + {step_size} · {} = {new}", after_operator(self.error));
        }
        let (mut rest, mut target) = (self.target.as_str(), String::new());
        let mut after_number = false;
        for (symbol, value) in &self.terms {
            let Some(at) = rest.find(symbol) else { continue };
            // Symbols side by side are a product.
            let between = &rest[..at];
            target.push_str(if after_number && between.trim().is_empty() { " · " } else { between });
            let is_first = target.is_empty();
            target.push_str(&if is_first { format(*value) } else { after_operator(*value) });
            (rest, after_number) = (&rest[at + symbol.len()..], true);
        }
        target.push_str(rest);
        format!("{old} + {step_size} [{target} − {}] = {new}", after_operator(self.old))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traced_value_shares_the_error() {
        let update = Update {
            cell: "Q(s,a)",
            state: 1,
            action: 0,
            old: 2.0,
            step_size: 0.25,
            error: -4.0,
            new: 1.0,
            target: String::new(),
            terms: Vec::new(),
            note: String::new(),
        };
        assert_eq!(update.symbols(), "Q(s,a) ← Q(s,a) + α e(s,a) δ");
        assert_eq!(update.numbers(|x| x.to_string()), "2 + 0.25 · (-4) = 1");
    }
}
