//! Traces, lives and reservations.

use proptest::prelude::*;
use triaxis_laws::numeric::Stream;
use triaxis_plan::Uncertain;
use triaxis_plan::demand::{Life, Trace, reserve};

use crate::{finder, near};

#[test]
fn a_published_trace() {
    let Some(path) = finder::published("request-traces/splitwise_conv.csv") else {
        return;
    };
    let text = std::fs::read_to_string(path).unwrap();
    let trace = Trace::read(&text).unwrap();
    // Counted apart: awk -F, 'NR>1 {n++; p+=$2; d+=$3}'.
    let (mut requests, mut prompt, mut output) = (0, 0.0, 0.0);
    for line in text.lines().skip(1) {
        let cells: Vec<f64> = line.split(',').map(|cell| cell.parse().unwrap()).collect();
        requests += 1;
        prompt += cells[1];
        output += cells[2];
    }
    assert_eq!((trace.requests(), requests), (19_366, 19_366));
    assert_eq!((trace.prompt_total(), trace.output_total()), (prompt, output));
    assert!(
        trace.prompt_quantile(0.5) < trace.prompt_mean() && trace.prompt_mean() < trace.prompt_quantile(0.95)
    );
    assert!(trace.rate().unwrap() > 1.0);
    near(trace.traffic().output, output / 19_366.0, 1e-9);
}

#[test]
fn traces_that_are_none() {
    for (text, said) in [
        ("", "no column of tokens of prompts"),
        (
            "time,prompt\n1,2\n",
            "no column of tokens of answers: name it one of num_decode_tokens",
        ),
        ("prompt,output\n", "holds no tokens"),
        ("prompt,output\n0,0\n", "holds no tokens"),
        (
            "prompt,output\n1,2\n3,x\n",
            "line 3 of the trace: `x` is not a number of tokens",
        ),
        ("prompt,output\n1,-2\n", "line 2 of the trace: `-2`"),
        ("prompt,output\n1,nan\n", "`nan`"),
        ("prompt,output\n1,2,3\n", "the trace is no table"),
    ] {
        let error = Trace::read(text).unwrap_err().to_string();
        assert!(error.contains(said), "{text:?}: {error}");
    }
}

#[test]
fn a_life_of_growing_demand_and_falling_prices() {
    let life = |months, growth, price| {
        let certain = Uncertain::certain;
        Life {
            months: certain(months),
            growth: certain(growth),
            price: certain(price),
        }
        .median()
        .unwrap()
    };
    let still = life(24.0, 1.0, 1.0);
    assert_eq!((still.demand, still.billed, still.last), (2.0, 2.0, 1.0));
    // Demand and prices that move against each other cancel in what is billed.
    let moving = life(24.0, 2.0, 0.5);
    near(moving.demand, 3.0 / 2.0_f64.ln(), 1e-12);
    near(moving.billed, 2.0, 1e-12);
    // The same month by month.
    let [by_month, billed] = [3.0_f64, 3.0 * 0.6].map(|factor| {
        let moments = (0..18_000).map(|moment| factor.powf((f64::from(moment) + 0.5) / 12_000.0));
        moments.sum::<f64>() / 12_000.0
    });
    near(life(18.0, 3.0, 0.6).demand / by_month, 1.0, 1e-6);
    near(life(18.0, 3.0, 0.6).billed / billed, 1.0, 1e-6);
    let refused = Life {
        months: Uncertain::certain(0.0),
        ..Life::default()
    };
    assert!(
        refused
            .median()
            .unwrap_err()
            .to_string()
            .starts_with("life.months is 0")
    );
    let spread: Life = toml::from_str("growth = { value = 2, low = 1, high = 4 }").unwrap();
    let draws: Vec<f64> = (0..500)
        .map(|draw| spread.draw(1, draw).unwrap().demand)
        .collect();
    assert!(draws.iter().any(|demand| *demand < 1.2) && draws.iter().any(|demand| *demand > 1.8));
}

#[test]
fn no_other_reservation_is_cheaper() {
    let mut stream = Stream::new(2, "devices", 0);
    let demand: Vec<f64> = (0..4000).map(|_| (4.0 + 0.5 * stream.normal()).exp()).collect();
    let plan = reserve(&demand, 2.0, 3.2).unwrap();
    near(plan.quantile, 0.375, 1e-12);
    // The quantile of the lognormal distribution.
    near(plan.devices.ln(), 4.0 + 0.5 * -0.318_639, 0.02);
    for other in [0.0, 0.5, 0.9, 1.1, 2.0].map(|factor| factor * plan.devices) {
        let beyond: f64 =
            demand.iter().map(|needed| (needed - other).max(0.0)).sum::<f64>() / demand.len() as f64;
        assert!(
            plan.dollars_per_hour <= 2.0 * other + 3.2 * beyond + 1e-9,
            "{other}"
        );
    }
    assert!(plan.dollars_per_hour < plan.on_demand_only);
    assert_eq!(reserve(&demand, 3.0, 2.0).unwrap().devices, 0.0);
    assert!(reserve(&[], 1.0, 2.0).is_err() && reserve(&[1.0], 0.0, 2.0).is_err());
}

proptest! {
    #[test]
    fn no_text_makes_a_trace_panic(text in "(prompt,output\n)?[0-9,.\"\n -]{0,40}") {
        let _ = Trace::read(&text);
    }
}
