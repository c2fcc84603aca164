//! The form is not known: all that know parameters and tokens are fitted, and predict together.

use triaxis_laws::average::average;
use triaxis_laws::form::{Column, MOST_PARAMETERS};
use triaxis_laws::forms::{FLOPS_PER_PARAM_TOKEN, find};
use triaxis_laws::numeric::Stream;
use triaxis_laws::{FitOptions, Observations, Starts, answering, compare, predict, trusted};

use crate::case::{Case, TRUTH, Told};

pub const FEW_ADDITIVE: Case = Case {
    name: "choice-of-16-additive",
    tell: |noise, seed| told(&few(), &ADDITIVE, noise, seed),
};
pub const FEW_COUPLED: Case = Case {
    name: "choice-of-16-coupled",
    tell: |noise, seed| told(&few(), &COUPLED, noise, seed),
};
pub const FEW_KAPLAN: Case = Case {
    name: "choice-of-16-kaplan",
    tell: |noise, seed| told(&few(), &KAPLAN, noise, seed),
};
pub const FEW_OVER_TRAINING: Case = Case {
    name: "choice-of-16-over-training",
    tell: |noise, seed| told(&few(), &OVER_TRAINING, noise, seed),
};
pub const GRID_ADDITIVE: Case = Case {
    name: "choice-of-36-additive",
    tell: |noise, seed| told(&grid(), &ADDITIVE, noise, seed),
};
pub const GRID_COUPLED: Case = Case {
    name: "choice-of-36-coupled",
    tell: |noise, seed| told(&grid(), &COUPLED, noise, seed),
};

/// A form and its parameters. Intervals of several laws together hold what is true as often as they say over
/// whichever of them is true, so each of them is here.
struct Law {
    form: &'static str,
    parameters: &'static [f64],
}

const ADDITIVE: Law = Law {
    form: "chinchilla",
    parameters: &[TRUTH.E, TRUTH.A, TRUTH.B, TRUTH.alpha, TRUTH.beta],
};
/// A law that the additive form cannot follow.
const COUPLED: Law = Law {
    form: "coupled",
    parameters: &[1.2, 5e3, 4e4, 0.55, 0.6, 0.6],
};
const KAPLAN: Law = Law {
    form: "kaplan",
    parameters: &[8.8e13, 5.4e13, 0.076, 0.095],
};
const OVER_TRAINING: Law = Law {
    form: "over-training",
    parameters: &[1.84, 212.0, 367.0, 0.136],
};

impl Law {
    fn loss(&self, params: f64, tokens: f64) -> f64 {
        let form = find(self.form).unwrap();
        let of = |column: &Column| match column.name.as_ref() {
            "params" => params,
            "tokens" => tokens,
            _ => FLOPS_PER_PARAM_TOKEN * params * tokens,
        };
        let inputs: Vec<f64> = form
            .inputs()
            .iter()
            .map(|column| column.scale.forward(of(column)))
            .collect();
        let gradient = &mut [0.0; MOST_PARAMETERS][..self.parameters.len()];
        form.value(self.parameters, &inputs, gradient)
    }
}

/// Compute over the largest of the ladder, and tokens a parameter.
const TARGETS: [(f64, f64); 3] = [(30.0, 20.0), (30.0, 400.0), (5.0, 20.0)];

/// A small survey whose larger runs are shorter.
fn few() -> Vec<(f64, f64)> {
    let of = |size: f64, ratios: &[f64]| ratios.iter().map(|ratio| (size, ratio * size)).collect();
    let sizes: [Vec<(f64, f64)>; 5] = [
        of(2e7, &[5.0, 20.0, 80.0, 160.0]),
        of(5e7, &[5.0, 20.0, 80.0, 160.0]),
        of(1.25e8, &[5.0, 20.0, 80.0, 160.0]),
        of(3e8, &[5.0, 20.0, 80.0]),
        of(7.6e8, &[5.0]),
    ];
    sizes.concat()
}

fn grid() -> Vec<(f64, f64)> {
    let sizes = (0..6).map(|step| 2e7 * 2.0_f64.powi(step));
    let ratios = (0..6).map(|step| 5.0 * 2.0_f64.powi(step));
    sizes
        .flat_map(|size| ratios.clone().map(move |ratio| (size, ratio * size)))
        .collect()
}

fn told(design: &[(f64, f64)], truth: &Law, noise: f64, seed: u64) -> Vec<Told> {
    let mut stream = Stream::new(seed, "choice", 0);
    let column = |of: &dyn Fn(f64, f64) -> f64| design.iter().map(|(n, d)| of(*n, *d)).collect::<Vec<f64>>();
    let flops = column(&|params, tokens| FLOPS_PER_PARAM_TOKEN * params * tokens);
    let largest = flops.iter().copied().fold(0.0, f64::max);
    let laws = column(&|params, tokens| truth.loss(params, tokens));
    let loss = laws
        .iter()
        .map(|loss| loss * (noise * stream.normal()).exp())
        .collect();
    let table = Observations::new()
        .with("params", column(&|params, _| params))
        .unwrap();
    let table = table.with("tokens", column(&|_, tokens| tokens)).unwrap();
    let table = table.with("flops", flops).unwrap().with("loss", loss).unwrap();
    let options = FitOptions {
        starts: Starts::Projected,
        replicates: 300,
        profile: false,
        seed,
        ..FitOptions::default()
    };
    let compared = compare(&table, "loss", &options);
    let able = answering(&compared, &["params", "tokens"], &["flops"]);
    let trust = trusted(able.iter().copied()).ok();
    let mut told = Vec::new();
    for (times, ratio) in TARGETS {
        let params = (times * largest / FLOPS_PER_PARAM_TOKEN / ratio).sqrt();
        let tokens = params * ratio;
        let said = trust.as_ref().and_then(|trust| {
            let of = |(name, share): &(String, f64)| {
                let fit = able.iter().find(|one| one.form == *name)?.fit.as_ref().ok()?;
                Some((*share, predict(find(name).unwrap(), fit, &[params, tokens]).ok()?))
            };
            average(&trust.shares.iter().filter_map(of).collect::<Vec<_>>())
        });
        let law = truth.loss(params, tokens);
        let measured = law * (noise * stream.normal()).exp();
        let of_run = said.as_ref().and_then(|said| said.interval);
        told.push(Told::interval(
            &format!("run at {times} C, D/N {ratio}"),
            measured,
            of_run,
        ));
        told.push(Told::interval(
            &format!("law at {times} C, D/N {ratio}"),
            law,
            said.and_then(|said| said.law),
        ));
    }
    told
}
