//! Korthikanti et al. 2022: the use of the peak by iteration times.

use std::sync::LazyLock;

use triaxis_plan::training::{Dense, mfu};

use crate::study::{Row, Study};
use crate::table;

pub(crate) static STUDY: Study = Study {
    title: "Korthikanti et al. 2022 (Megatron): model FLOPs utilisation",
    files: "cost-checks/megatron_seqsel_tab5.csv",
    differs: "Operations by the paper's own count, iteration times of selective recomputation with sequence parallelism, \
        A100 at 312e12. The published shares are rounded to half a digit, and times to 10 ms. 6ND on the same runs gives \
        39.5 to 55.5%: what it leaves out is attention and head.",
    rows: LazyLock::new(|| {
        let expected = [("22B", 41.65), ("175B", 51.39), ("530B", 56.05), ("1T", 56.27)];
        let runs = table("cost-checks/megatron_seqsel_tab5.csv")?;
        let mut rows = Vec::new();
        for run in runs.iter().filter(|run| !run["published_mfu_percent"].is_empty()) {
            let number = |column: &str| run[column].parse::<f64>().unwrap();
            let model = Dense {
                layers: number("layers"),
                hidden: number("hidden"),
                sequence: number("seq"),
                vocabulary: number("vocab"),
            };
            let operations = model.operations(number("batch_sequences"));
            let used = 100.0 * mfu(operations, number("iteration_s"), number("gpus"), 312e12);
            let (_, ours) = expected.iter().find(|(name, _)| *name == run["model"]).unwrap();
            let row = Row::near(
                format!("{}: share of the peak, %", run["model"]),
                used,
                *ours,
                0.05,
            );
            rows.push(row.published(&run["published_mfu_percent"]));
        }
        assert_eq!(rows.len(), expected.len());
        Some(rows)
    }),
};

#[test]
fn reproduces() {
    STUDY.check();
}
