//! Touvron et al. 2023 and others: the use of the peak by hours of devices.

use std::sync::LazyLock;

use triaxis_plan::training::mfu;
use triaxis_units::Flops;

use crate::study::{Row, Study};
use crate::table;

pub(crate) static STUDY: Study = Study {
    title: "Touvron et al. 2023 (LLaMA), Llama 3 and DeepSeek-V3: utilisation by reported hours",
    files: "cost-checks/gpu_hours.csv",
    differs: "6ND over the reported device-hours and the bf16 peak: an all-in figure, so below what a run reaches while it \
        trains. Llama 3's hours are its model cards', DeepSeek-V3 trained in FP8. The papers give no such shares; those to \
        be reproduced are another reckoning of the same hours.",
    rows: LazyLock::new(|| {
        let used = |params: f64, tokens: f64, hours: f64, peak: f64| {
            100.0 * mfu(Flops(6.0 * params * tokens), 3600.0 * hours, 1.0, peak)
        };
        let mut rows = Vec::new();
        for (run, expected) in table("cost-checks/gpu_hours.csv")?
            .iter()
            .zip([43.7, 51.5, 45.8, 47.7])
        {
            let number = |column: &str| run[column].parse::<f64>().unwrap();
            let ours = used(
                number("params"),
                number("tokens"),
                number("reported_gpu_hours"),
                number("peak_bf16_flops"),
            );
            rows.push(
                Row::near(
                    format!("{}: share of the peak, %", run["model"]),
                    ours,
                    expected,
                    0.05,
                )
                .published("–"),
            );
        }
        for (name, params, tokens, hours, expected) in [
            ("Llama 3 8B", 8.03e9, 15e12, 1.46e6, 13.9),
            ("Llama 3 70B", 70.6e9, 15e12, 7.0e6, 25.5),
            ("Llama 3 405B", 405e9, 15.6e12, 30.84e6, 34.6),
            ("DeepSeek-V3", 37e9, 14.8e12, 2.664e6, 34.6),
        ] {
            let ours = used(params, tokens, hours, 989.4e12);
            rows.push(Row::near(format!("{name}: share of the peak, %"), ours, expected, 0.1).published("–"));
        }
        Some(rows)
    }),
};

#[test]
fn reproduces() {
    STUDY.check();
}
