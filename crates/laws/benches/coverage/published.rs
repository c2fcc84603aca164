//! Models that have 10,000 samples of every problem.

use std::collections::BTreeMap;

use rayon::prelude::*;
use triaxis_laws::coverage::{Problem, coverage, thinned};
use triaxis_laws::form::LawForm;

use crate::oracle::{Exponent, Known};
use crate::told::{Mean, Told, compare, told};
use crate::{FEW, MANY};

const PATH: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../shared/published-runs/test-time-coverage/counts_gsm8k.csv"
);

/// What was told of one draw of few samples.
struct Draw {
    laws: Vec<Told>,
    known_exponent: Told,
    like_others: Told,
    /// The error of who knows how hard the problems are.
    floor: f64,
}

struct Model {
    name: String,
    seen: f64,
    truth: f64,
    all: Vec<Told>,
    draws: Vec<Draw>,
}

pub(crate) fn run(repeats: u64) {
    let Some(models) = models(repeats) else {
        println!("published counts are not there: {PATH}");
        return;
    };
    // Refused in half of the draws, a model says little in the others: they are chosen by luck.
    println!(
        "{} models have {MANY} samples of every problem; those that are refused in fewer than half of {repeats} draws:\n",
        models.len()
    );
    let exponents: Vec<Option<f64>> = models.par_iter().map(|(_, all, _)| Exponent::of(all)).collect();
    let told: Vec<Model> = (0..models.len())
        .filter(|at| 2 * models[*at].2.len() as u64 > repeats)
        .filter_map(|at| {
            let others = exponents.iter().enumerate().filter(|(other, _)| *other != at);
            let usable = others.filter(|(other, _)| 2 * models[*other].2.len() as u64 > repeats);
            let others: Vec<f64> = usable.filter_map(|(_, exponent)| *exponent).collect();
            Model::new(&models[at], exponents[at]?, &others)
        })
        .collect();
    table(&told);
    let all: Vec<Vec<Told>> = told.iter().map(|model| model.all.clone()).collect();
    let draws = told.iter().flat_map(|model| &model.draws);
    compare(
        &all,
        &draws.map(|draw| draw.laws.clone()).collect::<Vec<Vec<Told>>>(),
    );
    summary(&told);
}

/// A name, all counts, and the draws of few that are not refused: neither none nor all correct.
type Counts = (String, Vec<Problem>, Vec<(u64, Vec<Problem>)>);

fn models(repeats: u64) -> Option<Vec<Counts>> {
    let mut models: BTreeMap<String, Vec<Problem>> = BTreeMap::new();
    for row in csv::Reader::from_path(PATH).ok()?.records().map(Result::unwrap) {
        models.entry(row[0].to_owned()).or_default().push(Problem {
            samples: row[2].parse().unwrap(),
            correct: row[3].parse::<f64>().unwrap() as u64,
        });
    }
    models.retain(|_, problems| problems.iter().all(|problem| problem.samples >= MANY));
    let drawn = |(name, problems): (String, Vec<Problem>)| {
        let draws = (0..repeats).map(|seed| (seed, thinned(&problems, FEW, seed)));
        let some = draws.filter(|(_, few)| few.iter().any(|problem| problem.correct > 0));
        let some = some.collect();
        (name, problems, some)
    };
    Some(models.into_iter().map(drawn).collect())
}

impl Model {
    fn new((name, problems, draws): &Counts, exponent: f64, others: &[f64]) -> Option<Self> {
        let truth = coverage(problems, MANY)?;
        let chances: Vec<f64> = problems
            .iter()
            .map(|problem| problem.correct as f64 / problem.samples as f64)
            .collect();
        let (as_hard, known, like) = (
            Known::new(&chances),
            Exponent::known(exponent),
            Exponent::like(others),
        );
        let drawn = |(seed, few): &(u64, Vec<Problem>)| {
            let by = |form: &'static dyn LawForm| Exponent::told(form, few, truth, *seed);
            Some(Draw {
                laws: told(few, truth, *seed)?,
                known_exponent: by(known)?,
                like_others: by(like)?,
                floor: as_hard.error_of_others(&chances, *seed),
            })
        };
        Some(Self {
            name: name.clone(),
            seen: coverage(problems, FEW)?,
            truth,
            all: told(problems, truth, 0)?,
            draws: draws.par_iter().filter_map(drawn).collect(),
        })
    }

    fn mean(&self, of: fn(&Draw) -> Told) -> Mean {
        Mean::of(&self.draws.iter().map(of).collect::<Vec<Told>>())
    }

    fn floor(&self) -> f64 {
        self.draws.iter().map(|draw| draw.floor).sum::<f64>() / self.draws.len() as f64
    }
}

/// The average of all laws.
fn average(draw: &Draw) -> Told {
    draw.laws[draw.laws.len() - 1]
}

fn table(models: &[Model]) {
    println!(
        "| model | draws | at 100 | at 10,000 | all samples | few samples | off | holds | width | exponent known | exponent as others' | holds | difficulty known |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|"
    );
    for model in models {
        let few = model.mean(average);
        let (known, like) = (
            model.mean(|draw| draw.known_exponent),
            model.mean(|draw| draw.like_others),
        );
        println!(
            "| {} | {} | {:.4} | {:.3} | {:.4} | {:.4} | {:+.4} | {:.2} | {:.3} | {:.4} | {:.4} | {:.2} | {:.4} |",
            model.name,
            model.draws.len(),
            model.seen,
            model.truth,
            model.all[model.all.len() - 1].error.abs(),
            few.error,
            few.off,
            few.holds,
            few.width,
            known.error,
            like.error,
            like.holds,
            model.floor(),
        );
    }
}

fn summary(models: &[Model]) {
    let draws: Vec<&Draw> = models.iter().flat_map(|model| &model.draws).collect();
    let mean = |of: fn(&Draw) -> Told| Mean::of(&draws.iter().copied().map(of).collect::<Vec<Told>>());
    let (few, known, like) = (
        mean(average),
        mean(|draw| draw.known_exponent),
        mean(|draw| draw.like_others),
    );
    let floor = draws.iter().map(|draw| draw.floor).sum::<f64>() / draws.len() as f64;
    // Draws of one model share its truth: the share that holds is of so many models, not of so many draws.
    let count = models.len() as f64;
    let held: Vec<f64> = models.iter().map(|model| model.mean(average).holds).collect();
    let mean_held = held.iter().sum::<f64>() / count;
    let squares: f64 = held.iter().map(|one| (one - mean_held).powi(2)).sum();
    println!(
        "\n{} draws of {count} models of one family on the same problems: mean error {:.4} from few samples; of estimators that know more {:.4} (the exponent), {:.4} (the exponents of the other models: intervals hold {:.3}, width {:.3}) and {floor:.4} (how hard the problems are). 90% intervals hold {:.3}, standard error over models {:.3}; with each model held or not, 90% that hold would come to 1.00 with probability {:.2}.\n",
        draws.len(),
        few.error,
        known.error,
        like.error,
        like.holds,
        like.width,
        few.holds,
        (squares / (count - 1.0) / count).sqrt(),
        0.9_f64.powf(count),
    );
}
