//! Whether mixtures of experts learn probes at another compute than dense models, by what is measured on the way.

use triaxis_laws::emergence::{Curve, Emergence, Learner, Options, TaskEmergence, emergence};
use triaxis_model::ParameterCount;
use triaxis_records::{ProbePoint, ProbeScores};

use crate::experts;
use crate::probes::ProbeRecord;
use crate::spec::StudySpec;
use crate::survey::Survey;

/// The share of what there is to learn from which on a probe is solved, and where it is half learnt.
const SHARES: [f64; 2] = [0.5, 0.9];

/// A measure of what is learnt, as a share of what there is to learn: 0 of guessing, 1 of knowing.
struct Measure {
    name: &'static str,
    learnt: fn(&ProbePoint, chance: f64, best: f64) -> f64,
}

/// Right answers jump where the right one becomes the likeliest; the others rise with its probability.
const MEASURES: [Measure; 3] = [
    Measure {
        name: "right answers",
        learnt: |point, chance, best| (point.accuracy - chance) / (best - chance),
    },
    Measure {
        name: "log-probability of the answer",
        learnt: |point, chance, _| 1.0 - point.log_probability / chance.ln(),
    },
    Measure {
        name: "Brier score",
        learnt: |point, chance, _| 1.0 - point.brier / (1.0 - chance),
    },
];

/// Every mixture of experts beside every dense model that is equal to it but for channels, of the same place among its arm's
/// sizes, probe by probe; nothing where the study does not measure on the way.
pub(crate) fn of(spec: &StudySpec, survey: &Survey) -> Vec<TaskEmergence> {
    let options = Options {
        level: spec.laws.level,
        replicates: spec.laws.resamples,
        seed: spec.seed,
    };
    let (mixtures, dense): (Vec<Asked<'_>>, Vec<Asked<'_>>) =
        asked(survey).into_iter().partition(|asked| asked.has_experts());
    let pairs = mixtures.iter().flat_map(|mixture| {
        let beside = dense.iter().filter(|dense| dense.is_beside(mixture));
        beside.map(move |dense| (dense, mixture))
    });
    pairs
        .map(|(dense, mixture)| compared(dense, mixture, &options))
        .collect()
}

/// A model of an arm, and what it learnt of a probe.
struct Asked<'a> {
    record: &'a ProbeRecord,
    /// Its place among the arm's models that were asked the same.
    place: usize,
}

fn asked(survey: &Survey) -> Vec<Asked<'_>> {
    let mut all: Vec<Asked<'_>> = Vec::new();
    for record in survey
        .probes
        .iter()
        .filter(|record| !record.scores.along.is_empty())
    {
        // Arms that share a model are asked once.
        if all.iter().any(|other| other.record.id == record.id) {
            continue;
        }
        let is_alike = |other: &&Asked<'_>| {
            other.record.scores.name == record.scores.name && other.record.inputs.task == record.inputs.task
        };
        let place = all.iter().filter(is_alike).count();
        all.push(Asked { record, place });
    }
    all
}

impl Asked<'_> {
    fn has_experts(&self) -> bool {
        experts::experts(&self.record.inputs.model).is_some()
    }

    fn is_beside(&self, other: &Self) -> bool {
        self.place == other.place
            && self.record.inputs.task == other.record.inputs.task
            && self.record.inputs.training == other.record.inputs.training
            && experts::frame(&self.record.inputs.model) == experts::frame(&other.record.inputs.model)
    }

    fn parameters(&self) -> ParameterCount {
        self.record.inputs.model.parameters()
    }

    fn learner(&self, measure: &Measure) -> Learner {
        let scores = &self.record.scores;
        let (chance, best) = bounds(scores);
        // What cannot be guessed, or is always guessed right, has no zero to count from.
        let learnt = |point: &ProbePoint| match chance > 0.0 && chance < 1.0 {
            true => (measure.learnt)(point, chance, best),
            false => f64::NAN,
        };
        let curve = |points: &[ProbePoint]| Curve {
            points: points
                .iter()
                .map(|point| (point.flops.0, learnt(point)))
                .collect(),
        };
        Learner {
            name: scores.name.clone(),
            seeds: scores.along.iter().map(|seed| curve(&seed.points)).collect(),
        }
    }
}

/// What guessing and knowing score at the level that is measured on the way, the first.
fn bounds(scores: &ProbeScores) -> (f64, f64) {
    let first = scores.levels.first();
    let reference = first.and_then(|level| level.reference.as_ref());
    let best = first.and_then(|level| level.perfect);
    let best = best.or(reference.map(|reference| reference.accuracy));
    (first.map_or(0.0, |level| level.chance), best.unwrap_or(1.0))
}

fn compared(dense: &Asked<'_>, mixture: &Asked<'_>, options: &Options) -> TaskEmergence {
    let task = &mixture.record.inputs.task;
    let level = task.test.first().map_or([0, 0], |&level| level.into());
    let [of_dense, of_mixture] = [dense, mixture].map(Asked::parameters);
    let each = MEASURES.iter().flat_map(|measure| {
        let [dense, mixture] = [dense, mixture].map(|asked| asked.learner(measure));
        SHARES.map(|share| {
            (
                measure.name.to_owned(),
                emergence(&dense, &mixture, share, options),
            )
        })
    });
    let measures: Vec<(String, Emergence)> = each.collect();
    TaskEmergence {
        task: task.probe.name().to_owned(),
        level,
        parameters: of_mixture.active,
        active: of_mixture.active.as_f64() / of_dense.active.as_f64(),
        total: of_mixture.total.as_f64() / of_dense.total.as_f64(),
        measures,
    }
}
