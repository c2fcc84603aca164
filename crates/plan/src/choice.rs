use std::fmt;

use serde::{Deserialize, Serialize};
use triaxis_laws::forms::{Coupled, FLOPS_PER_PARAM_TOKEN, TOKENS_PER_PARAM};
use triaxis_units::{Bytes, Dollars, Estimate, Flops, Interval, Params, Seconds, Tokens};

use crate::allocate::{self, Allocation, Expense, is_representable};
use crate::evidence::{LossUnit, Measured, Target};
use crate::interval;
use crate::{Economics, PlanError, Reach};

/// What a choice is best at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChoiceKind {
    /// The lowest loss for the training budget (Hoffmann et al. 2022).
    ComputeOptimal,
    /// The quality goal for the least training operations.
    LeastTraining,
    /// The same quality for the least operations of training and serving (Sardana et al. 2023).
    LeastLifetimeFlops,
    /// The same quality for the least dollars of training and serving (Sardana et al. 2023).
    LeastLifetimeDollars,
    /// The lowest loss for the dollars that the compute-optimal choice costs over its life.
    BestForLifetimeDollars,
}

impl ChoiceKind {
    /// The kind in words, as a table's first column says it.
    pub fn label(self) -> &'static str {
        match self {
            Self::ComputeOptimal => "lowest loss for the training budget",
            Self::LeastTraining => "the goal for the least training",
            Self::LeastLifetimeFlops => "same loss for the least lifetime operations",
            Self::LeastLifetimeDollars => "same loss for the least lifetime dollars",
            Self::BestForLifetimeDollars => "lowest loss for the same lifetime dollars",
        }
    }
}

/// One thing a team could train, by one law.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// What it is best at.
    pub kind: ChoiceKind,
    /// The kind in words.
    pub label: String,
    /// The law it follows from, as [`LawSummary::name`](crate::LawSummary::name).
    pub law: String,
    /// Parameters, counted as the law counts them.
    pub params: Estimate<Params>,
    /// Training tokens.
    pub tokens: Estimate<Tokens>,
    /// Tokens for each parameter.
    pub tokens_per_parameter: Estimate,
    /// The predicted loss; its interval is what the draws predict for this very choice.
    pub loss: Estimate,
    /// The unit of the loss.
    pub unit: LossUnit,
    /// How much lower the loss could be for the same training, had the draw been known; only for
    /// [`ChoiceKind::ComputeOptimal`].
    pub regret: Option<Interval>,
    /// Training operations, `6 N D`.
    pub training_flops: Estimate<Flops>,
    /// Operations of serving the demand, `2 N` a token.
    pub serving_flops: Estimate<Flops>,
    /// Dollars of training.
    pub training_dollars: Estimate<Dollars>,
    /// Dollars of serving the demand.
    pub serving_dollars: Estimate<Dollars>,
    /// Dollars of both.
    pub total_dollars: Estimate<Dollars>,
    /// Paid device time of training.
    pub training_device_time: Estimate<Seconds>,
    /// Devices it trains on: the spec's number, or the least that hold the training state.
    pub training_devices: u64,
    /// Time from start to end on these devices.
    pub training_time: Seconds,
    /// Weights, gradients and optimiser state; activations come on top.
    pub training_memory: Bytes,
    /// Fewest training devices that hold that state.
    pub training_devices_at_least: u64,
    /// Weights as they are served; key-value caches come on top.
    pub serving_memory: Bytes,
    /// Fewest serving devices that hold the weights.
    pub serving_devices_at_least: u64,
    /// False when its training alone exceeds the budget.
    pub within_budget: bool,
    /// Times the unique tokens are read, where they are known.
    pub epochs: Option<f64>,
    /// What it saves against the same law's plain choice, for all kinds but that.
    pub savings: Option<Savings>,
    /// How far it lies from the runs behind the law.
    pub reach: Reach,
    /// How many of the law's draws have a solution.
    pub draws: DrawCount,
}

/// What a choice saves over the model's life against the choice that ignores serving.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Savings {
    /// The choice compared with.
    pub against: ChoiceKind,
    /// Share of the lifetime operations saved; negative when it needs more.
    pub flops: Estimate,
    /// Share of the lifetime dollars saved.
    pub dollars: Estimate,
    /// Loss saved.
    pub loss: Estimate,
}

/// The draws behind a choice's intervals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawCount {
    /// All draws.
    pub all: usize,
    /// Draws without a solution: unusable constants, a floor above the goal, or an optimum that no
    /// plan can hold. They are in no interval.
    pub unsolved: usize,
}

/// Everything the choices of one law are made from.
pub(crate) struct Case<'a> {
    pub(crate) name: &'a str,
    pub(crate) law: Coupled,
    pub(crate) draws: &'a [Coupled],
    pub(crate) unit: LossUnit,
    pub(crate) measured: &'a Measured,
    pub(crate) goal: Option<Target>,
    pub(crate) unique_tokens: Option<Tokens>,
    pub(crate) level: f64,
    pub(crate) economics: &'a Economics,
}

/// What a law gives.
#[derive(Default)]
pub(crate) struct Made {
    pub(crate) choices: Vec<Choice>,
    pub(crate) left_out: Vec<LeftOut>,
}

/// Kinds of choice that a law does not give, for one reason.
pub(crate) struct LeftOut {
    kinds: Vec<ChoiceKind>,
    pub(crate) reason: PlanError,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels: Vec<String> = self
            .kinds
            .iter()
            .map(|kind| format!("\"{}\"", kind.label()))
            .collect();
        write!(formatter, "left out, {}: {}", labels.join(", "), self.reason)
    }
}

/// A law (the fit or a draw), its plain choice, and the choice at hand.
struct Solution {
    law: Coupled,
    plain: Allocation,
    chosen: Allocation,
}

impl Case<'_> {
    /// The kinds of choice that make sense for the spec, the plain one first.
    pub(crate) fn kinds(&self) -> Vec<ChoiceKind> {
        use ChoiceKind::{
            BestForLifetimeDollars, ComputeOptimal, LeastLifetimeDollars, LeastLifetimeFlops, LeastTraining,
        };
        match (self.goal.is_some(), self.economics.serves()) {
            (false, false) => vec![ComputeOptimal],
            (false, true) => {
                vec![
                    ComputeOptimal,
                    LeastLifetimeFlops,
                    LeastLifetimeDollars,
                    BestForLifetimeDollars,
                ]
            }
            (true, false) => vec![ComputeOptimal, LeastTraining],
            (true, true) => vec![
                ComputeOptimal,
                LeastTraining,
                LeastLifetimeFlops,
                LeastLifetimeDollars,
            ],
        }
    }

    /// The choice that a kind is compared with.
    fn plain(&self, kind: ChoiceKind) -> ChoiceKind {
        let same_quality = matches!(
            kind,
            ChoiceKind::LeastLifetimeFlops | ChoiceKind::LeastLifetimeDollars
        );
        match (same_quality, self.goal) {
            (true, Some(_)) => ChoiceKind::LeastTraining,
            (_, _) if kind == ChoiceKind::LeastTraining => ChoiceKind::LeastTraining,
            _ => ChoiceKind::ComputeOptimal,
        }
    }

    fn allocate(&self, kind: ChoiceKind, law: &Coupled) -> Option<Allocation> {
        let at_budget = law.optimum(self.economics.budget.0, FLOPS_PER_PARAM_TOKEN)?;
        let target = self
            .goal
            .map_or_else(|| law.loss(at_budget.params, at_budget.tokens), |goal| goal.loss);
        let dollars = self.economics.in_dollars();
        match kind {
            ChoiceKind::ComputeOptimal => Some(at_budget),
            ChoiceKind::LeastTraining => allocate::least_expense(law, target, Expense::flops(0.0)),
            ChoiceKind::LeastLifetimeFlops => allocate::least_expense(law, target, self.economics.in_flops()),
            ChoiceKind::LeastLifetimeDollars => allocate::least_expense(law, target, dollars),
            ChoiceKind::BestForLifetimeDollars => {
                allocate::best_for_expense(law, dollars.of(at_budget), dollars)
            }
        }
    }

    fn solve(&self, kind: ChoiceKind, law: &Coupled) -> Option<Solution> {
        if allocate::unusable(law).is_some() {
            return None;
        }
        let plain = self.allocate(self.plain(kind), law)?;
        let chosen = self.allocate(kind, law)?;
        [plain, chosen]
            .into_iter()
            .all(is_representable)
            .then_some(Solution {
                law: *law,
                plain,
                chosen,
            })
    }

    /// The choices of all kinds that make sense, and those that there are none of.
    pub(crate) fn choose_all(&self) -> Made {
        let mut made = Made::default();
        for kind in self.kinds() {
            match self.choose(kind) {
                Ok(choice) => made.choices.push(choice),
                Err(reason) => match made.left_out.iter_mut().find(|other| other.reason == reason) {
                    Some(other) => other.kinds.push(kind),
                    None => made.left_out.push(LeftOut {
                        kinds: vec![kind],
                        reason,
                    }),
                },
            }
        }
        made
    }

    /// The choice of one kind.
    fn choose(&self, kind: ChoiceKind) -> Result<Choice, PlanError> {
        let point = self.solve(kind, &self.law).ok_or_else(|| self.refusal(kind))?;
        let ratio = point.chosen.tokens / point.chosen.params;
        if !TOKENS_PER_PARAM.contains(&ratio) {
            return Err(self.no_split(kind, &point, ratio));
        }
        let draws: Vec<Solution> = self
            .draws
            .iter()
            .filter_map(|draw| self.solve(kind, draw))
            .collect();
        let estimate = |of: &dyn Fn(&Solution) -> f64| Estimate {
            value: of(&point),
            interval: interval::central(draws.iter().map(of), self.level),
        };
        // Both were found representable, so rounding to whole counts cannot leave their range.
        let params = estimate(&|solution| solution.chosen.params).map(|value| Params(value.round() as u64));
        let tokens = estimate(&|solution| solution.chosen.tokens).map(|value| Tokens(value.round() as u64));
        let economics = self.economics;
        let (flops, dollars) = (economics.in_flops(), economics.in_dollars());
        let training_flops = estimate(&|solution| allocate::training_flops(solution.chosen)).map(Flops);
        let at_least = economics.training.at_least(params.value);
        let devices = economics.training_devices.unwrap_or(at_least);
        let device_time = training_flops.map(|flops| economics.training_time(flops));
        let plain = self.plain(kind);
        Ok(Choice {
            kind,
            label: kind.label().to_owned(),
            law: self.name.to_owned(),
            params,
            tokens,
            tokens_per_parameter: estimate(&|solution| solution.chosen.tokens / solution.chosen.params),
            loss: estimate(&|solution| solution.law.loss(point.chosen.params, point.chosen.tokens)),
            unit: self.unit,
            regret: (kind == ChoiceKind::ComputeOptimal)
                .then(|| interval::central(draws.iter().map(|draw| regret(draw, point.chosen)), self.level))
                .flatten(),
            training_flops,
            serving_flops: estimate(&|solution| flops.serving * solution.chosen.params).map(Flops),
            training_dollars: estimate(&|solution| training_part(dollars, solution.chosen)).map(Dollars),
            serving_dollars: estimate(&|solution| dollars.serving * solution.chosen.params).map(Dollars),
            total_dollars: estimate(&|solution| dollars.of(solution.chosen)).map(Dollars),
            training_device_time: device_time,
            training_devices: devices,
            training_time: Seconds(device_time.value.0 / devices as f64),
            training_memory: economics.training.bytes(params.value),
            training_devices_at_least: at_least,
            serving_memory: economics.serving.bytes(params.value),
            serving_devices_at_least: economics.serving.at_least(params.value),
            within_budget: training_flops.value.0 <= economics.budget.0 * (1.0 + 1e-9),
            epochs: self
                .unique_tokens
                .filter(|unique| unique.0 > 0)
                .map(|unique| tokens.value / unique),
            savings: (plain != kind).then(|| Savings {
                against: plain,
                flops: estimate(&|solution| saved(flops, solution)),
                dollars: estimate(&|solution| saved(dollars, solution)),
                loss: estimate(&|solution| {
                    let at = |place: Allocation| solution.law.loss(place.params, place.tokens);
                    at(solution.plain) - at(solution.chosen)
                }),
            }),
            reach: Reach::of(params.value, tokens.value, training_flops.value, self.measured),
            draws: DrawCount {
                all: self.draws.len(),
                unsolved: self.draws.len() - draws.len(),
            },
        })
    }

    /// An optimum that splits the training as no run is split.
    fn no_split(&self, kind: ChoiceKind, point: &Solution, ratio: f64) -> PlanError {
        let found = match ratio > 1.0 {
            true => "a hundredth of so many",
            false => "less than a thousand times as many",
        };
        PlanError(format!(
            "the optimum by `{}` is {} parameters with {ratio:.1e} tokens for each, and no run ever had {found}: the runs \
             leave its exponents open; add sizes and budgets, or plan for {} nearer to theirs",
            self.name,
            Params(point.chosen.params.round() as u64),
            if self.is_by_goal(kind) {
                "a loss"
            } else {
                "a budget"
            },
        ))
    }

    /// Whether a choice of the kind is made for the goal, and not for the budget.
    fn is_by_goal(&self, kind: ChoiceKind) -> bool {
        self.goal.is_some() && kind != ChoiceKind::ComputeOptimal
    }

    fn refusal(&self, kind: ChoiceKind) -> PlanError {
        let law = self.name;
        if let Some(reason) = allocate::unusable(&self.law) {
            return PlanError::unusable(law, &reason);
        }
        let is_by_goal = self.is_by_goal(kind);
        if let Some(goal) = self.goal.filter(|goal| is_by_goal && goal.loss <= self.law.E) {
            return PlanError::unreachable(goal, self.law.E, law);
        }
        let smaller = if is_by_goal { HIGHER } else { SMALLER };
        let places = [
            self.allocate(self.plain(kind), &self.law),
            self.allocate(kind, &self.law),
        ];
        let Some(place) = places.iter().flatten().find(|place| !is_representable(**place)) else {
            return PlanError(format!(
                "the optimum by `{law}` overflows double precision: a plan holds from 1 to 2^53; {smaller}"
            ));
        };
        let params = Allocation {
            tokens: 1.0,
            ..*place
        };
        let (what, value) = if is_representable(params) {
            ("tokens", place.tokens)
        } else {
            ("parameters", place.params)
        };
        let remedy = match (value < 1.0, is_by_goal) {
            (true, true) => "choose a lower goal, since so high a loss takes no training",
            (true, false) => "give a larger budget",
            (false, _) => smaller,
        };
        PlanError(format!(
            "the optimum by `{law}` has {value:.3e} {what}: a plan holds from 1 to 2^53; {remedy}"
        ))
    }
}

/// What brings an optimum down to what can be counted.
const SMALLER: &str = "give a smaller budget or demand, or a law from wider spread runs";
const HIGHER: &str = "choose a higher goal, give a smaller demand, or a law from wider spread runs";

fn regret(draw: &Solution, chosen: Allocation) -> f64 {
    draw.law.loss(chosen.params, chosen.tokens) - draw.law.loss(draw.chosen.params, draw.chosen.tokens)
}

fn training_part(expense: Expense, allocation: Allocation) -> f64 {
    Expense {
        serving: 0.0,
        ..expense
    }
    .of(allocation)
}

fn saved(expense: Expense, solution: &Solution) -> f64 {
    1.0 - expense.of(solution.chosen) / expense.of(solution.plain)
}
