//! Villalobos et al. 2024: the stock of human text and the year that trainings meet it.

use std::sync::LazyLock;

use triaxis_plan::Date;
use triaxis_plan::wall::{Spread, Wall, WallSpec, trend};

use crate::study::{Row, Study};
use crate::table;

pub(crate) static STUDY: Study = Study {
    title: "Villalobos et al. 2024: will we run out of data?",
    files: "data-wall/dataset_sizes.csv, data-wall/inputs.csv",
    differs: "Every step drawn 100,000 times. The paper rounds its stock to 510T [130T, 2100T], and its 90% interval is \
        [84T, 1270T] by its own program where it says [100T, 1000T]. Its trend is .38 [.27, .48] on words, called tokens. The \
        year is of the trend alone; with its second model, of compute, the paper has 2028 [2026, 2032]. In one draw of a \
        thousand a token would have no bytes; these are left out.",
    rows: LazyLock::new(|| {
        let sizes = table("data-wall/dataset_sizes.csv")?;
        let inputs = table("data-wall/inputs.csv")?;
        let dated: Vec<(Date, f64)> = sizes
            .iter()
            .filter(|row| row["date"].as_str() >= "2010")
            .filter_map(|row| Some((row["date"].parse().ok()?, row["dataset"].parse().ok()?)))
            .collect();
        let told = trend(&dated, 1, 1000).unwrap();
        let interval = told.slope.interval.unwrap();
        let wall = Wall::simulate(&WallSpec::published().unwrap(), 1, 100_000).unwrap();
        let tera = |spread: &Spread, share| spread.quantile(share) / 1e12;
        let year = |share| wall.meeting.year.quantile(share);
        let mut rows = vec![
            Row::holds(
                "the built-in steps are the published ones",
                equals(&inputs),
                format!("{} steps", inputs.len() - 1),
            ),
            Row::near("indexed web, T tokens", tera(&wall.indexed, 0.5), 508.0, 4.0).published("510"),
            Row::near("indexed web, 2.5%", tera(&wall.indexed, 0.025), 130.0, 2.0),
            Row::near("indexed web, 97.5%", tera(&wall.indexed, 0.975), 2119.0, 40.0).published("2100"),
            Row::near("after cleaning, T tokens", tera(&wall.usable, 0.5), 102.0, 1.0).published("–"),
            Row::near("after cleaning, 2.5%", tera(&wall.usable, 0.025), 22.0, 0.5).published("–"),
            Row::near("after cleaning, 97.5%", tera(&wall.usable, 0.975), 500.0, 12.0).published("–"),
            Row::near(
                "with repetition, T tokens",
                tera(&wall.effective, 0.5),
                321.0,
                3.0,
            )
            .published("320"),
            Row::near("with repetition, 2.5%", tera(&wall.effective, 0.025), 65.0, 1.0).published("–"),
            Row::near(
                "with repetition, 97.5%",
                tera(&wall.effective, 0.975),
                1684.0,
                35.0,
            )
            .published("–"),
            Row::near("with repetition, 5%", tera(&wall.effective, 0.05), 84.0, 1.0).published("100"),
            Row::near("with repetition, 95%", tera(&wall.effective, 0.95), 1274.0, 20.0).published("1000"),
        ];
        for (at, median, tolerance) in [
            (2028.0, 439.0, 4.0),
            (2030.0, 511.0, 5.0),
            (2034.0, 697.0, 8.0),
            (2040.0, 1111.0, 14.0),
        ] {
            let ours = wall.effective_in(at).median() / 1e12;
            rows.push(
                Row::near(
                    format!("with repetition in {at}, T tokens"),
                    ours,
                    median,
                    tolerance,
                )
                .published("–"),
            );
        }
        rows.extend([
            Row::near("left out, of 1,000 draws", wall.left_out as f64 / 100.0, 1.0, 0.2).published("–"),
            Row::near("systems since 2010", told.rows as f64, 80.0, 0.0),
            Row::near(
                "trend, orders of magnitude a year",
                told.slope.value,
                0.370,
                0.001,
            )
            .published("0.38"),
            Row::holds(
                "the interval of the trend holds the published one's middle",
                interval.low < 0.38 && interval.high > 0.38,
                format!("[{:.2}, {:.2}] at 90%", interval.low, interval.high),
            ),
            Row::near("year of meeting, by the trend: 10%", year(0.1), 2027.4, 0.1).published("–"),
            Row::near("year of meeting: median", year(0.5), 2029.0, 0.2).published("2028"),
            Row::near("year of meeting: 90%", year(0.9), 2031.3, 0.2).published("–"),
        ]);
        Some(rows)
    }),
};

/// Whether the steps built into the program are those of the published table.
fn equals(inputs: &[std::collections::HashMap<String, String>]) -> bool {
    let spec = WallSpec::published().unwrap();
    let (stock, field) = (&spec.stock, &spec.field);
    let steps = [
        ("unique_indexed_pages_2024", stock.pages),
        ("bytes_per_page", stock.page_bytes),
        ("six_minus_bytes_per_token", stock.short_of_six_bytes),
        ("page_size_growth", stock.page_size_growth),
        ("page_count_growth", stock.page_count_growth),
        ("usable_after_quality_filter", stock.usable),
        ("repetition_gain", stock.repetition),
        ("largest_dataset_2024", field.largest),
    ];
    steps.iter().all(|(name, ours)| {
        let row = inputs.iter().find(|row| row["quantity"] == *name).unwrap();
        let [low, high, percent] =
            ["low", "high", "credibility_percent"].map(|column| row[column].parse::<f64>().unwrap());
        // Drawn at the published level, the quantiles are the published ends.
        let tail = 0.5 - 0.005 * percent;
        (ours.quantile(tail) / low - 1.0).abs() < 1e-6
            && (ours.quantile(1.0 - tail) / high - 1.0).abs() < 1e-6
    })
}

#[test]
fn reproduces() {
    STUDY.check();
}
