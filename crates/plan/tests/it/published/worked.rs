//! Formulas whose papers give worked numbers: speculation, checkpoints, repeats.

use std::sync::LazyLock;

use triaxis_plan::Uncertain;
use triaxis_plan::samples::Difficulty;
use triaxis_plan::serving::Speculation;
use triaxis_plan::training::Reliability;
use triaxis_plan::wall::epochs;

use crate::study::{Row, Study};

pub(crate) static STUDY: Study = Study {
    title: "Speculation, checkpoints, repeats and samples, worked",
    files: "no file: formulas with worked numbers",
    differs: "Leviathan et al. 2023, theorem 3.8; Young 1974; Muennighoff et al. 2023, equation 5 with R_D* = 15.39; Beta(.5, \
        4.5) over the difficulty of queries. Rounded as worked out elsewhere, where the caps of \
        samples until one is verified are no whole numbers: whole ones, drawn by chance, solve up to .001 less.",
    rows: LazyLock::new(|| {
        let drafting = |acceptance, drafts| Speculation {
            acceptance,
            drafts,
            draft_cost: 0.05,
        };
        let best = drafting(0.8, 1).best(32);
        let group = |checkpoint: f64, between: f64| Reliability {
            between: 60.0 * between,
            checkpoint: 60.0 * checkpoint,
            restart: 0.0,
        };
        let often = group(2.0, 180.0);
        let mut rows = vec![
            Row::near(
                "drafts accepted at .8, four: times faster",
                drafting(0.8, 4).speed_up(),
                2.80,
                0.005,
            ),
            Row::near("the best number of drafts", best.drafts as f64, 8.0, 0.0),
            Row::near("its times faster", best.speed_up(), 3.09, 0.005),
            Row::near(
                "drafts accepted at .6, five: times faster",
                drafting(0.6, 5).speed_up(),
                1.91,
                0.005,
            ),
            Row::near(
                "checkpoints of 2 min, a failure in 3 h: minutes between",
                often.checkpoint_interval() / 60.0,
                26.8,
                0.05,
            ),
            Row::near("their time lost, %", 100.0 * often.overhead(), 14.9, 0.05),
            Row::near(
                "checkpoints of 1 min, a failure in 2.7 h: time lost, %",
                100.0 * group(1.0, 162.0).overhead(),
                11.1,
                0.05,
            ),
        ];
        for (passes, worth) in [(4.0, 3.73), (16.0, 10.58), (40.0, 15.17)] {
            let ours = epochs(passes, &Uncertain::certain(15.39)).worth.value();
            rows.push(Row::near(
                format!("{passes} epochs, in fresh texts"),
                ours,
                worth,
                0.006,
            ));
        }
        let queries = Difficulty::new(0.5, 4.5).unwrap();
        let oracle = |mean| queries.oracle(mean).unwrap().solved;
        for (mean, even, best, stopped) in [
            (4.0, 0.2818, 0.358, 0.311),
            (10.0, 0.4535, 0.515, 0.533),
            (100.0, 0.7979, 0.861, 0.921),
        ] {
            rows.push(Row::near(
                format!("{mean} samples a query: solved evenly"),
                queries.uniform(mean).solved,
                even,
                0.0005,
            ));
            rows.push(Row::near(
                format!("{mean} samples: by an oracle"),
                oracle(mean),
                best,
                0.0005,
            ));
            rows.push(Row::near(
                format!("{mean} samples: until one is verified"),
                queries.verified_at(mean).solved,
                stopped,
                0.0015,
            ));
        }
        Some(rows.into_iter().map(|row| row.published("–")).collect())
    }),
};

#[test]
fn reproduces() {
    STUDY.check();
}
