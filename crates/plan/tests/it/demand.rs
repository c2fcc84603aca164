//! Traces and lives.

use proptest::prelude::*;
use triaxis_plan::demand::{Lifetime, Trace};

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
    let still = Lifetime::of(24.0, 1.0, 1.0);
    assert_eq!((still.demand, still.billed), (2.0, 2.0));
    // The first month is a month of what is asked in it, however demand grows.
    for growth in [0.3, 1.0, 4.0] {
        near(Lifetime::of(1.0, growth, 1.0).demand, 1.0 / 12.0, 1e-12);
    }
    // Moment by moment, and demand and prices that move against each other.
    let sum = |years: f64, factor: f64| {
        let moments = (0..18_000).map(|moment| factor.powf(years * (f64::from(moment) + 0.5) / 18_000.0));
        years * moments.sum::<f64>() / 18_000.0
    };
    for (growth, price) in [(3.0, 0.6), (2.0, 0.5), (0.8, 0.9)] {
        let life = Lifetime::of(18.0, growth, price);
        let first = 12.0 * sum(1.0 / 12.0, growth);
        near(life.demand * first / sum(1.5, growth), 1.0, 1e-6);
        near(life.billed * first / sum(1.5, growth * price), 1.0, 1e-6);
    }
}

proptest! {
    #[test]
    fn no_text_makes_a_trace_panic(text in "(prompt,output\n)?[0-9,.\"\n -]{0,40}") {
        let _ = Trace::read(&text);
    }
}
