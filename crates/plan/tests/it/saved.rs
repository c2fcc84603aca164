//! Laws that were fitted elsewhere: a plan's draws lie as far off as the fit says.

use triaxis_laws::numeric::{Stream, quantile_sorted, sorted, student_over_normal};
use triaxis_laws::saved::{SavedLaw, SavedMember};
use triaxis_laws::{FitOptions, Observations, Resampling, fit, forms, predict};
use triaxis_plan::decide::{Law, Run};

fn runs() -> Observations {
    let mut stream = Stream::new(3, "runs", 0);
    let (mut params, mut tokens, mut loss) = (vec![], vec![], vec![]);
    for size in [2e7_f64, 5e7, 1.25e8, 3e8] {
        for ratio in [5.0, 20.0, 80.0, 160.0] {
            params.push(size);
            tokens.push(ratio * size);
            let law = 1.8 + 480.0 / size.powf(0.35) + 2100.0 / (ratio * size).powf(0.37);
            loss.push(law * (0.004 * stream.normal()).exp());
        }
    }
    let columns = [("params", params), ("tokens", tokens), ("loss", loss)];
    columns
        .into_iter()
        .fold(Observations::new(), |table, (name, values)| {
            table.with(name, values).unwrap()
        })
}

/// Rows know one noise, so that samples of few of them lie too near to the law: in a fit and in a plan they are moved as far.
#[test]
fn draws_spread_as_the_interval_of_the_fit_does() {
    let form = forms::find("chinchilla").unwrap();
    for resampling in [Resampling::Case, Resampling::Residual] {
        let options = FitOptions {
            replicates: 200,
            resampling: Some(resampling),
            ..FitOptions::default()
        };
        let found = fit(form, &runs(), &options).unwrap();
        assert_eq!((found.resampling, found.freedom), (resampling, 11));
        let told = predict(form, &found, &[1e9, 2e10]).unwrap().law.unwrap();
        let member = SavedMember::new(form, &found, 1.0);
        let saved = SavedLaw::new("runs.csv", "loss", Some("nats/token"), 0.9, vec![member]);
        let law = Law::saved("runs", &saved).unwrap().remove(0);
        let run = Run {
            params: 1e9,
            effective: 2e10,
            seen: 2e10,
            unique: 2e10,
        };
        let best = law.loss(None, run);
        let drawn = sorted((0..law.draws()).map(|draw| law.loss(Some(draw), run)));
        for (chance, end) in [(0.05, told.low), (0.95, told.high)] {
            let ours = quantile_sorted(&drawn, chance);
            assert!((ours / end - 1.0).abs() < 1e-9, "{resampling:?}: {ours} {end}");
        }
        // The same sample by the form itself.
        let evaluator = saved.evaluator().unwrap();
        let constants = &saved.members[0].draws[0];
        let logs = [1e9_f64.ln(), 2e10_f64.ln()];
        let plain = form.value(constants, &logs, &mut [0.0; 5]);
        let wider = match resampling {
            Resampling::Case => student_over_normal(0.9, 11.0),
            _ => 1.0,
        };
        let moved = best * (plain / best).powf(wider);
        assert!((law.loss(Some(0), run) / moved - 1.0).abs() < 1e-12);
        assert!((evaluator.value(0, &[1e9, 2e10]) / moved - 1.0).abs() < 1e-12);
    }
}
