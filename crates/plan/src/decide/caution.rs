//! What an answer stands on that is not measured, and what it cannot know: a kind of doubt an entry.

use triaxis_laws::numeric::{quantile_sorted, sorted};
use triaxis_units::{Seconds, Tokens};

use super::aim::Length;
use super::alternative::{Alternative, farthest};
use super::compare::Compared;
use super::law::{Law, Run};
use super::question::Question;
use super::reckon::Reckoner;
use crate::reach::{Verdict, times};
use crate::{Hardware, Price};

/// Below this the largest run is smaller than any that a published law was fitted to (Hoffmann et al. 2022 begin at
/// about 1e18, Porian et al. 2024 at about 1e16), so nothing of theirs vouches for the form of the law down here.
const TINY_FLOPS: f64 = 1e16;
/// A law of four to six constants needs about twice as many runs before residuals say anything.
const FEW_RUNS: usize = 11;
/// Runs must span so much compute before a law says anything of how loss falls with it.
const LEAST_SPAN: f64 = 10.0;

/// A size so near to an end of those to choose from stands at it.
const AT_END: f64 = 1.01;
/// A run of so many days is longer than any that made a model known for its quality.
const LONG_DAYS: f64 = 366.0;

/// What doubts hang on.
struct Facts<'a> {
    compared: &'a Compared<'a>,
    chosen: &'a Alternative,
    /// It and the others shown.
    choices: &'a [Alternative],
    reckoner: &'a Reckoner<'a>,
    question: &'a Question,
    /// The laws of the chosen arm.
    laws: Vec<&'a Law>,
}

type Kind = fn(&Facts<'_>) -> Option<String>;

/// Every kind, those that can overturn the answer first.
const KINDS: &[Kind] = &[
    rarely_met,
    where_it_succeeds,
    never_met,
    ladder,
    reach,
    floor,
    left_out,
    few_draws,
    tempered,
    given_tokens,
    bounds,
    unheeded,
    memory,
    long,
    of_other_texts,
    text,
    no_draws,
    embeddings,
    prices,
    nights,
    traces,
    no_task,
    operations,
];

/// Every doubt about the first of the choices shown.
pub(super) fn cautions(compared: &Compared<'_>, choices: &[Alternative]) -> Vec<String> {
    let reckoner = compared.reckoner;
    let arm = compared.choices[compared.best].choice.arm;
    let facts = Facts {
        compared,
        chosen: &choices[0],
        choices,
        reckoner,
        question: reckoner.question,
        laws: reckoner.worlds.laws_of(arm).collect(),
    };
    KINDS.iter().filter_map(|kind| kind(&facts)).collect()
}

fn rarely_met(facts: &Facts<'_>) -> Option<String> {
    let met = facts.compared.met;
    (met < 1.0).then(|| {
        format!(
            "In {:.1}% of the draws no choice does what is asked; they say nothing of which is best.",
            100.0 * (1.0 - met)
        )
    })
}

/// Numbers that leave out the draws in which the first choice fails.
fn where_it_succeeds(facts: &Facts<'_>) -> Option<String> {
    let met = facts.chosen.chance_of_meeting;
    (met < 0.995).then(|| {
        format!(
            "The first choice does what is asked in {:.0}% of the draws: its loss, dollars and days are of these alone; where it \
             fails, what it costs before serving is spent for less.",
            100.0 * met
        )
    })
}

/// Strategies that are left out, as they fail in every draw.
fn never_met(facts: &Facts<'_>) -> Option<String> {
    let compared = facts.compared;
    let never = (0..facts.reckoner.strategies.len()).filter(|strategy| {
        let chances = (0..compared.choices.len())
            .filter(|at| compared.choices[*at].choice.strategy == *strategy)
            .map(|at| compared.chance_of_meeting(at));
        chances.reduce(f64::max) == Some(0.0)
    });
    let never: Vec<String> = never
        .map(|at| format!("`{}`", facts.reckoner.strategies[at].name))
        .collect();
    (!never.is_empty()).then(|| {
        format!(
            "In no draw is what is asked done by {}: left out.",
            never.join(", ")
        )
    })
}

/// The smallest ladder behind a law, and how far the answer lies from it.
fn ladder(facts: &Facts<'_>) -> Option<String> {
    let largest = |law: &&&Law| law.measured.flops.largest.0;
    let law = facts
        .laws
        .iter()
        .min_by(|one, other| largest(one).total_cmp(&largest(other)))?;
    let measured = &law.measured;
    let span = measured.flops.largest.0 / measured.flops.smallest.0;
    let mut faults = Vec::new();
    if measured.flops.largest.0 < TINY_FLOPS {
        faults.push(format!(
            "its largest run took {} operations, less than any run behind a published law",
            measured.flops.largest
        ));
    }
    if measured.runs < FEW_RUNS {
        faults.push(format!(
            "it has only {} runs for the constants of a law",
            measured.runs
        ));
    }
    if span < LEAST_SPAN {
        faults.push(format!("its runs span only {} in compute", times(span)));
    }
    let reason = match (faults.is_empty(), facts.chosen.reach.verdict) {
        (true, Verdict::Far | Verdict::Absurd) => {
            format!(
                "The plan lies far beyond the {} runs of `{}`.",
                measured.runs, law.name
            )
        }
        (true, _) => return None,
        (false, _) => format!("The ladder behind `{}` is tiny: {}.", law.name, faults.join("; ")),
    };
    Some(format!(
        "{reason} It cannot know: the irreducible loss, which runs this far above it barely touch; whether the exponents \
         hold at the planned size; abilities that appear only at scale, and any task score; what another tokenizer, a longer \
         context, a larger or cleaner corpus would change; whether its rules for learning rate and batch size stay right. Use \
         it to learn the method and to compare choices at its own size; before spending the budget, run a ladder that ends \
         within × 100 of it."
    ))
}

fn reach(facts: &Facts<'_>) -> Option<String> {
    let (law, reach) = farthest(facts.compared, facts.compared.best)?;
    // Where nothing vouches for it, the answer itself says so.
    let is_told = matches!(reach.verdict, Verdict::WithinRange | Verdict::Absurd);
    (!is_told).then(|| format!("From the runs of `{}`: {}", law.name, reach.sentence))
}

/// A floor that is less known than what the answer hopes to stay above it.
fn floor(facts: &Facts<'_>) -> Option<String> {
    let worlds = &facts.reckoner.worlds;
    let arm = facts.compared.choices[facts.compared.best].choice.arm;
    let floors = sorted((0..worlds.count).map(|draw| worlds.world(draw).loss(arm, Run::ENDLESS)));
    let tail = 0.5 * (1.0 - facts.question.level);
    let [low, high] = [tail, 1.0 - tail].map(|chance| quantile_sorted(&floors, chance));
    let above = (facts.chosen.loss.value - quantile_sorted(&floors, 0.5)).max(0.0);
    (high - low > above).then(|| {
        format!(
            "The irreducible loss is only known to lie between {low:.3} and {high:.3} {}: wider than the {above:.3} that the \
             plan hopes to stay above it. The planned loss is mostly a guess at that floor.",
            facts.laws[0].unit
        )
    })
}

fn left_out(facts: &Facts<'_>) -> Option<String> {
    let some = facts.laws.iter().filter(|law| law.left_out > 0).map(|law| {
        format!(
            "Of {} draws of `{}` {} cannot be planned with, as more of size or text would hurt by them: its intervals are of \
             the others, and too narrow.",
            law.draws() + law.left_out,
            law.name,
            law.left_out
        )
    });
    joined(some)
}

fn few_draws(facts: &Facts<'_>) -> Option<String> {
    let level = facts.question.level;
    // At least one draw beyond each end; a small step down keeps 20.000000000000004 at 20.
    let needed = (2.0 / (1.0 - level) - 1e-9).ceil() as usize;
    let few = facts
        .laws
        .iter()
        .filter(|law| (1..needed).contains(&law.draws()))
        .map(|law| {
            format!(
                "`{}` has {} draws of its constants, and an interval of {:.0}% needs {needed}: its ends say little.",
                law.name,
                law.draws(),
                100.0 * level
            )
        });
    joined(few)
}

/// Runs that were observed more sharply than the laws' replicates lie apart.
fn tempered(facts: &Facts<'_>) -> Option<String> {
    let times = facts.reckoner.worlds.widened;
    (times > 1.005).then(|| {
        format!(
            "The observed runs leave hardly any replicate of the laws' constants likely: their noise is taken {times:.1} times \
             as large, so that intervals do not shrink to what a few replicates happen to say; fit the laws to these runs, too."
        )
    })
}

/// Strategies whose text or budget gives fewer tokens than they are given.
fn given_tokens(facts: &Facts<'_>) -> Option<String> {
    let of = |choice: &Alternative| {
        let mut strategies = facts.reckoner.strategies.iter();
        strategies
            .find(|strategy| strategy.name == choice.strategy)?
            .tokens
    };
    let fewer = facts.choices.iter().filter_map(|choice| {
        let given = of(choice).filter(|given| choice.tokens.value < 0.999 * given.as_f64())?;
        Some(format!(
            "`{}` is given {given} tokens, and its text and the budget give {} at the median: it is judged by these.",
            choice.strategy,
            Tokens(choice.tokens.value as u64)
        ))
    });
    joined(fewer)
}

/// A size that a limit stops.
fn bounds(facts: &Facts<'_>) -> Option<String> {
    let choice = facts.compared.choices[facts.compared.best].choice;
    if facts.reckoner.strategies[choice.strategy].params.is_some() {
        return None;
    }
    let sizes = facts.question.params;
    let [smallest, largest] = [sizes.smallest, sizes.largest].map(|end| facts.chosen.params / end.as_f64());
    let (name, end, other) = match (smallest, largest) {
        (ratio, _) if ratio < AT_END => ("params.smallest", sizes.smallest, "smaller"),
        (_, ratio) if ratio > 1.0 / AT_END => ("params.largest", sizes.largest, "larger"),
        _ => return None,
    };
    Some(format!(
        "The size stands at the end of those to choose from, {end} (`{name}`): a {other} one may be better, and is not \
         considered."
    ))
}

/// A goal that the aim asks nothing of.
fn unheeded(facts: &Facts<'_>) -> Option<String> {
    let aim = facts.question.aim;
    let is_heeded = aim.rule().length() == Length::Reach;
    (facts.question.goal.is_some() && !is_heeded).then(|| {
        format!(
            "The goal is not heeded: the aim `{}` spends what there is or what pays; `lowest-cost` and `lowest-lifetime-cost` \
             reach a goal.",
            aim.name()
        )
    })
}

/// A run that takes longer than models stay in use.
fn long(facts: &Facts<'_>) -> Option<String> {
    let days = facts.chosen.days.filter(|days| days.value > LONG_DAYS)?;
    Some(format!(
        "The run takes {} on {} devices: longer than any model was trained, and prices and text are of today; name more \
         devices (`training.devices`).",
        Seconds(days.value * 86_400.0),
        facts.chosen.devices
    ))
}

fn memory(facts: &Facts<'_>) -> Option<String> {
    let given = facts.question.training.devices?;
    let least = facts.reckoner.least_devices(facts.chosen.params);
    (given < least).then(|| {
        format!(
            "It does not fit: weights, gradients and optimiser of {} take {least} x {} or more, and {given} are given; \
             activations come on top.",
            facts.chosen.name, facts.reckoner.training.name
        )
    })
}

/// Laws of other texts beside those of one's own.
fn of_other_texts(facts: &Facts<'_>) -> Option<String> {
    let is_own = |law: &&&Law| law.bytes_per_token.is_some();
    let others = facts.laws.iter().filter(|law| !is_own(law));
    let others: Vec<&str> = others.map(|law| law.name.as_str()).collect();
    let is_mixed = facts.laws.iter().any(|law| is_own(&law)) && !others.is_empty();
    is_mixed.then(|| {
        format!(
            "{} judge beside the study's own law: their constants are of other texts, tokenizers and architectures, so that \
             their losses are not of yours; their sizes are a second opinion.",
            others.join(", ")
        )
    })
}

fn text(facts: &Facts<'_>) -> Option<String> {
    let endless = facts.question.tiers.iter().find(|tier| tier.is_endless())?;
    Some(format!(
        "How much text there is (`{}`) is not known: every token is taken as new and free. Name what is at hand, with its \
         `unique` tokens, its worth and its price.",
        endless.name
    ))
}

fn no_draws(facts: &Facts<'_>) -> Option<String> {
    let points = facts.laws.iter().filter(|law| law.draws() == 0);
    let points: Vec<&str> = points.map(|law| law.name.as_str()).collect();
    (!points.is_empty()).then(|| {
        format!(
            "Of {} only the constants are known, not how uncertain they are: intervals hold what differs between the laws \
             alone there.",
            points.join(", ")
        )
    })
}

fn embeddings(facts: &Facts<'_>) -> Option<String> {
    let without = facts.laws.iter().find(|law| law.is_without_embeddings)?;
    Some(format!(
        "`{}` counts parameters without embeddings: training, serving and memory leave the embedding and the output head \
         out, and are too low.",
        without.name
    ))
}

fn prices(facts: &Facts<'_>) -> Option<String> {
    let told = |what: &str, device: &Hardware, own: &Option<Price>| {
        own.is_none().then(|| {
            format!(
                "The price of {what}, {} an hour for {}, is the catalogue's of {} ({}): give `price_per_hour` of your own.",
                device.price_per_hour, device.name, device.price_date, device.price_source
            )
        })
    };
    let question = facts.question;
    let training = told(
        "training",
        &facts.reckoner.training,
        &question.training.price_per_hour,
    );
    let server = facts.reckoner.catalogue.find(&question.serving.hardware).ok();
    let serving = server
        .filter(|_| serves_itself(facts))
        .and_then(|server| told("serving", server, &question.serving.price_per_hour));
    let nothing_else = "Staff, storage and network are in none of the dollars.".to_owned();
    joined(training.into_iter().chain(serving).chain([nothing_else]))
}

/// Whether queries are answered on devices of one's own.
fn serves_itself(facts: &Facts<'_>) -> bool {
    !facts.reckoner.classes().is_empty() && facts.question.hosted.is_none()
}

fn nights(facts: &Facts<'_>) -> Option<String> {
    let is_always_used = facts.question.serving.utilisation.value().0 >= 1.0;
    (is_always_used && serves_itself(facts)).then(|| {
        "Every paid hour is taken to serve, which flatters: traffic has nights; give `serving.utilisation`.".to_owned()
    })
}

/// What was read from the tables of requests.
fn traces(facts: &Facts<'_>) -> Option<String> {
    let life = facts.question.demand.as_ref()?;
    let traced = life.classes.iter().filter(|class| class.trace.is_some());
    joined(traced.map(|class| {
        format!(
            "`{}` is what its trace shows: {:.0} tokens in and {:.0} out a query, {:.2} of a month's {} queries.",
            class.name, class.tokens_in, class.tokens_out, class.share.0, life.queries_per_month
        )
    }))
}

fn no_task(facts: &Facts<'_>) -> Option<String> {
    (facts.question.task.is_none() && !facts.reckoner.classes().is_empty()).then(|| {
        "Nothing says how often answers are right (`[task]`): samples are counted as cost alone.".to_owned()
    })
}

/// Arms that compute otherwise than the laws' own and say nothing of what that is worth.
fn operations(facts: &Facts<'_>) -> Option<String> {
    let arms = facts.question.arms.iter().filter_map(|arm| {
        let by_own = arm.training_operations * arm.active.0 / 6.0;
        let is_silent = arm.worth.is_certain() && arm.worth.value() == 1.0 && arm.laws.is_empty();
        let is_other = is_silent && (by_own - 1.0).abs() > 1e-9;
        is_other.then(|| {
            format!(
                "`{}` computes {by_own:.3} times what the laws' own arm does at its size and tokens, and has no `worth`: each \
                 operation is taken to be worth as much; where it learns the same from the same tokens its worth is {:.3}.",
                arm.name,
                1.0 / by_own
            )
        })
    });
    joined(arms)
}

/// Sentences one after the other; none of none.
fn joined(sentences: impl Iterator<Item = String>) -> Option<String> {
    let all: Vec<String> = sentences.collect();
    (!all.is_empty()).then(|| all.join(" "))
}
