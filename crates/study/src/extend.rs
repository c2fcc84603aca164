//! Which run to add to a study: the one that would make sure, for its operations, what its law says of a larger one.

use serde::{Deserialize, Serialize};
use toml::Table;
use triaxis_laws::approach::{JointFit, Run};
use triaxis_laws::forms;
use triaxis_model::ArchitectureSpec;
use triaxis_plan::design::Basins;
use triaxis_records::Role;
use triaxis_units::{Finding, Flops, Params, Tokens};

use crate::arm::Arm;
use crate::error::StudyError;
use crate::ladder::{Ladder, counted, options};
use crate::prediction::JointLaws;
use crate::spec::{StudySpec, rule};
use crate::survey::Survey;
use crate::{spec::SpecError, training};

/// A further run of the ladder, beside those of its design.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtraSpec {
    /// The arm that makes it; all unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arm: Option<String>,
    /// Tokens to train on.
    pub tokens: Tokens,
    /// The model, laid over `[model]`.
    pub size: Table,
}

impl ExtraSpec {
    /// Whether an arm makes it.
    pub(crate) fn is_of(&self, arm: &str) -> bool {
        self.arm.as_deref().is_none_or(|own| own == arm)
    }

    /// Refuses what is no run.
    pub(crate) fn check(all: &[Self]) -> Result<(), SpecError> {
        for (at, extra) in all.iter().enumerate() {
            let key = format!("extra[{at}]");
            rule(
                extra.tokens.0 > 0,
                &format!("{key}.tokens"),
                extra.tokens,
                "a number above 0",
            )?;
            if all[..at].contains(extra) {
                let message = "it is there already: each is trained once, leave one of them out";
                return Err(SpecError::of(&key, message));
            }
        }
        Ok(())
    }

    /// It as lines of a spec.
    ///
    /// ```
    /// use triaxis_study::ExtraSpec;
    /// let extra: ExtraSpec = toml::from_str("tokens = 3000\nsize = { width = 32 }")?;
    /// assert_eq!(extra.lines(), "[[extra]]\ntokens = 3000\nsize = { width = 32 }\n");
    /// # Ok::<(), toml::de::Error>(())
    /// ```
    pub fn lines(&self) -> String {
        let arm = self.arm.as_ref().map(|arm| {
            let arm = toml::Value::String(arm.clone());
            format!("arm = {arm}\n")
        });
        format!(
            "[[extra]]\n{}tokens = {}\nsize = {}\n",
            arm.unwrap_or_default(),
            self.tokens.0,
            toml::Value::Table(self.size.clone())
        )
    }
}

/// What runs may be added, and what for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    /// Operations of the run whose loss is to be told, at its best size; the held-out run where that is still ahead,
    /// else ten times the largest of the ladder.
    pub at: Option<Flops>,
    /// The most operations of an added run; those of the ladder's largest unless said.
    pub most: Option<Flops>,
}

/// A run that is worth adding, with what it does to the loss that is told.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Extension {
    /// The run.
    #[serde(flatten)]
    pub run: ExtraSpec,
    /// Its parameters.
    pub params: Params,
    /// Its operations, those of all seeds.
    pub flops: Flops,
    /// Parameters and tokens of the run whose loss is to be told.
    pub target: (Params, Tokens),
    /// Standard error of the logarithm of that loss by the runs that are there.
    pub before: f64,
    /// And with this one.
    pub after: f64,
}

/// A run that could be added.
struct Candidate {
    size: Table,
    params: Params,
    tokens: Tokens,
    flops: f64,
}

/// An arm with what its runs tell.
struct Known<'a> {
    arm: &'a Arm,
    design: Basins<'a>,
    target: (Params, Tokens),
    pool: Vec<Candidate>,
}

/// How far apart in tokens two runs of a size are.
const APART: f64 = 1.1;
/// Lengths tried of each size.
const LENGTHS: usize = 16;
/// How much larger than the ladder's largest run the one is that is asked of, unless said.
const BEYOND: f64 = 10.0;
/// The share of a standard error below which nothing is gained by a run.
const LEAST_GAIN: f64 = 0.01;
/// Noise of the logarithm of a loss where the fit cannot tell.
const NOISE: f64 = 0.005;

/// The next `many` runs, each chosen with those before it made: of all arms and sizes, those that lower the variance of
/// the loss at the target most for their operations to a power of 0.4, by the law that is most trusted and every minimum of
/// its fit that the runs leave open ([`triaxis_plan::design`]). Fewer where nothing more is gained; `unique` are the tokens of each
/// arm's first epoch.
///
/// # Errors
/// When a size is no model, or what is wanted is no run; an arm whose runs give no law is a refusal.
pub fn next(
    arms: &[Arm],
    survey: &Survey,
    unique: &[Tokens],
    wanted: &Wanted,
    many: usize,
) -> Result<Finding<Vec<Extension>>, StudyError> {
    let mut known = Vec::new();
    for (arm, unique) in arms.iter().zip(unique) {
        match Known::of(arm, &survey.of_arm(&arm.name), *unique, wanted)? {
            Finding::Found(arm) => known.push(arm),
            Finding::Refused(why) => return Ok(Finding::Refused(why)),
        }
    }
    let mut chosen = Vec::new();
    for _ in 0..many {
        let best = known
            .iter()
            .enumerate()
            .filter_map(|(at, arm)| Some((at, arm.best()?)))
            .max_by(|one, other| one.1.1.total_cmp(&other.1.1));
        let Some((at, (place, _))) = best else { break };
        let arm = &mut known[at];
        let before = arm.error();
        let run = arm.pool.swap_remove(place);
        let inputs = [run.params.as_f64(), run.tokens.as_f64()];
        (0..arm.arm.spec.seeds).for_each(|_| arm.design.learn(&inputs));
        let after = arm.error();
        arm.pool.retain(|other| !run.is_near(other));
        chosen.push(Extension {
            params: run.params,
            flops: Flops(run.flops),
            target: arm.target,
            before,
            after,
            run: ExtraSpec {
                arm: (arms.len() > 1).then(|| arm.arm.name.clone()),
                tokens: run.tokens,
                size: run.size,
            },
        });
    }
    Ok(match chosen.is_empty() {
        false => Finding::Found(chosen),
        true => Finding::Refused(format!(
            "no run of the ladder's sizes up to {} lowers the standard error of the loss told by a hundredth of it: allow \
             a larger one (`--most`), or stop measuring here",
            Flops(most_of(survey, wanted))
        )),
    })
}

/// The run of `arm` at the ladder's size that is nearest to `params` parameters, with as many operations as asked.
///
/// # Errors
/// When a size is no model.
pub fn nearest(
    arm: &Arm,
    survey: &Survey,
    (params, tokens): (Params, Tokens),
) -> Result<Option<(ExtraSpec, Params)>, StudyError> {
    let survey = survey.of_arm(&arm.name);
    let ladder = Ladder::of(&arm.spec, &survey);
    let distance = |size: &Size| (size.params.as_f64() / params.as_f64()).ln().abs();
    let sizes = sizes(&arm.spec, &survey)?.into_iter();
    let Some(size) = sizes.min_by(|one, other| distance(one).total_cmp(&distance(other))) else {
        return Ok(None);
    };
    let flops = ladder.per_param_token() * params.as_f64() * tokens.as_f64();
    let run = ExtraSpec {
        arm: Some(arm.name.clone()),
        tokens: Tokens((flops / size.flops_per_token).round() as u64),
        size: size.table,
    };
    Ok(Some((run, size.params)))
}

impl<'a> Known<'a> {
    fn of(
        arm: &'a Arm,
        survey: &Survey,
        unique: Tokens,
        wanted: &Wanted,
    ) -> Result<Finding<Self>, StudyError> {
        let ladder = Ladder::of(&arm.spec, survey);
        let law = match JointLaws::of(&ladder, &options(&arm.spec)).most_trusted() {
            Finding::Found(law) => law,
            Finding::Refused(why) => {
                let name = &arm.name;
                return Ok(Finding::Refused(format!(
                    "the runs of `{name}` give no law yet, which tells what to run next: {why}"
                )));
            }
        };
        let Some(target) = target(&arm.spec, survey, &ladder, &law, wanted) else {
            let name = &arm.name;
            return Ok(Finding::Refused(format!(
                "the law of `{name}` has no best size at what is asked (`--at`): ask nearer to the runs, or add sizes by hand"
            )));
        };
        let form = forms::find(&law.fit.form).map_err(|error| StudyError::Model {
            key: arm.name.clone(),
            message: error.to_string(),
        })?;
        let noise = law.fit.noise.filter(|noise| *noise > 0.0).unwrap_or(NOISE);
        let runs: Vec<Vec<f64>> = ladder
            .runs
            .iter()
            .map(|run| vec![run.params, run.tokens])
            .collect();
        let losses: Vec<f64> = ladder.runs.iter().map(|run| run.loss).collect();
        // The best, and what lies in other basins.
        let others = law.fit.minima.iter().map(|minimum| minimum.parameters.clone());
        let minima: Vec<Vec<f64>> = std::iter::once(law.fit.best.clone())
            .chain(others.skip(1))
            .collect();
        let pool = pool(&arm.spec, survey, &ladder.runs, unique, most_of(survey, wanted))?;
        Ok(Finding::Found(Self {
            arm,
            design: Basins::of(form, &minima, noise, &runs, &losses),
            target,
            pool,
        }))
    }

    fn target(&self) -> Vec<f64> {
        vec![self.target.0.as_f64(), self.target.1.as_f64()]
    }

    /// Standard error of the logarithm of the loss at the target.
    fn error(&self) -> f64 {
        self.design.variance(&self.target()).max(0.0).sqrt()
    }

    /// The place of the run of the pool that tells most for its cost, of those that lower the error by enough.
    fn best(&self) -> Option<(usize, f64)> {
        let enough = self.error() * (1.0 - LEAST_GAIN);
        let gains = |run: &[f64]| {
            let mut design = self.design.clone();
            (0..self.arm.spec.seeds).for_each(|_| design.learn(run));
            design.variance(&self.target()).max(0.0).sqrt() <= enough
        };
        let (places, pool): (Vec<usize>, Vec<(Vec<f64>, f64)>) = self
            .pool
            .iter()
            .map(|run| (vec![run.params.as_f64(), run.tokens.as_f64()], run.flops))
            .enumerate()
            .filter(|(_, (run, _))| gains(run))
            .unzip();
        let (at, told) = self.design.next(&pool, &[self.target()])?;
        Some((places[at], told))
    }
}

impl Candidate {
    fn is_near(&self, other: &Self) -> bool {
        self.size == other.size && is_near(self.tokens.as_f64(), other.tokens.as_f64())
    }
}

fn is_near(one: f64, other: f64) -> bool {
    (one / other).ln().abs() < APART.ln()
}

/// A model of the study.
struct Size {
    table: Table,
    model: ArchitectureSpec,
    params: Params,
    flops_per_token: f64,
}

/// The models of the design and of runs added before, with the held-out run's.
fn sizes(spec: &StudySpec, survey: &Survey) -> Result<Vec<Size>, StudyError> {
    let Some(vocabulary) = survey.trials().map(|trial| trial.config.text_vocabulary()).next() else {
        return Ok(Vec::new());
    };
    let added = spec.extra.iter().map(|extra| &extra.size);
    let held_out = spec.holdout.iter().map(|holdout| &holdout.size);
    let mut tables: Vec<&Table> = Vec::new();
    for table in spec.design.sizes().iter().chain(added).chain(held_out) {
        if !tables.contains(&table) {
            tables.push(table);
        }
    }
    tables
        .into_iter()
        .map(|table| {
            let model = training::architecture(spec, table, vocabulary, "size")?;
            let parameters = model.parameters();
            Ok(Size {
                params: spec
                    .laws
                    .parameters
                    .of(parameters.total, parameters.non_embedding),
                flops_per_token: training::flops_per_token(spec, &model),
                table: table.clone(),
                model,
            })
        })
        .collect()
}

/// Operations of the largest run that may be added.
fn most_of(survey: &Survey, wanted: &Wanted) -> f64 {
    wanted.most.unwrap_or(survey.largest()).0
}

/// Every run that could be added: each size at lengths up to `most` operations and the text at hand.
fn pool(
    spec: &StudySpec,
    survey: &Survey,
    runs: &[Run],
    unique: Tokens,
    most: f64,
) -> Result<Vec<Candidate>, StudyError> {
    let least = runs.iter().map(|run| run.flops).fold(most / 10.0, f64::min);
    let unique = spec.training.unique_tokens.unwrap_or(unique);
    // Of what is shorter than every run the law knows nothing.
    let shortest = runs.iter().map(|run| run.tokens).fold(f64::INFINITY, f64::min);
    let longest = unique.as_f64() * spec.training.epochs;
    let mut pool = Vec::new();
    for size in sizes(spec, survey)? {
        for step in 0..LENGTHS {
            let flops = most * (least / most).powf(step as f64 / (LENGTHS - 1) as f64);
            let tokens = Tokens((flops / size.flops_per_token) as u64);
            let is_there = runs
                .iter()
                .any(|run| run.params == size.params.as_f64() && is_near(run.tokens, tokens.as_f64()));
            if is_there || !(shortest..=longest).contains(&tokens.as_f64()) {
                continue;
            }
            // What is shorter than its warm-up is no run.
            let Ok(trunk) = training::trunk(spec, &size.model, &[tokens], tokens, 1.0, spec.seed) else {
                continue;
            };
            let estimate = triaxis_train::estimate(&trunk);
            pool.push(Candidate {
                size: size.table.clone(),
                params: size.params,
                tokens: estimate.tokens,
                flops: estimate.flops.0 * spec.seeds as f64,
            });
        }
    }
    Ok(pool)
}

/// The run whose loss is to be told.
fn target(
    spec: &StudySpec,
    survey: &Survey,
    ladder: &Ladder,
    law: &JointFit,
    wanted: &Wanted,
) -> Option<(Params, Tokens)> {
    let held_out = survey
        .trials()
        .find(|trial| trial.role == Role::HeldOut && survey.record(&trial.id).is_none());
    if let (None, Some(trial)) = (wanted.at, held_out) {
        return Some((counted(trial, spec.laws.parameters), trial.tokens));
    }
    let flops = wanted
        .at
        .map_or_else(|| BEYOND * ladder.largest(|run| run.flops), |at| at.0);
    let best = law.law.optimum(flops, ladder.per_param_token())?;
    Some((
        Params(best.params.round() as u64),
        Tokens(best.tokens.round() as u64),
    ))
}
