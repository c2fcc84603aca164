//! Columns of arm and seed, which tables of trials have where a study has several arms.

/// The heading of such a table.
pub fn heading<'a>(has_arms: bool, columns: &[&'a str]) -> Vec<&'a str> {
    let own: &[&str] = if has_arms { &["arm", "seed"] } else { &[] };
    [own, columns].concat()
}

/// The cells of a trial.
pub fn row(
    arm: Option<&String>,
    seed: u64,
    cells: impl IntoIterator<Item = String>,
) -> impl Iterator<Item = String> {
    let own = arm
        .into_iter()
        .flat_map(move |arm| [arm.clone(), seed.to_string()]);
    own.chain(cells)
}
