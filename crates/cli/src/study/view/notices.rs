//! What a reader of an arm's numbers must know of its training: text seen again, learning rates at an edge.

use triaxis_corpus::Corpus;
use triaxis_records::Sweep;
use triaxis_study::{Answer, Arm, Role, Survey, Trial, epochs};
use triaxis_units::Tokens;

/// What is to be said of every arm, each on its corpus; of several, by their names.
pub fn of_arms(
    arms: &[Arm],
    corpora: &[Option<Corpus>],
    survey: &Survey,
    answer: Option<&Answer>,
) -> Vec<String> {
    let mut said: Vec<(String, Vec<&str>)> = Vec::new();
    for (at, (arm, corpus)) in arms.iter().zip(corpora).enumerate() {
        let own = survey.of_arm(&arm.name);
        let notices = corpus
            .as_ref()
            .and_then(|corpus| repeats(&own, corpus))
            .into_iter()
            .chain(unasked(arm, &own));
        let sweep = answer.and_then(|answer| answer.arms.get(at)?.analysis.sweep.as_ref());
        let notices = notices.chain(
            sweep
                .into_iter()
                .flat_map(|sweep| swept(sweep, arm.spec.holdout.is_some())),
        );
        for notice in notices {
            match said.iter_mut().find(|(other, _)| *other == notice) {
                Some((_, names)) => names.push(&arm.name),
                None => said.push((notice, vec![&arm.name])),
            }
        }
    }
    let told = |(notice, names): (String, Vec<&str>)| match arms.len() {
        1 => notice,
        _ => format!("{}: {notice}", names.join(", ")),
    };
    said.into_iter().map(told).collect()
}

/// That an arm's models are not asked what the study asks of models.
fn unasked(arm: &Arm, survey: &Survey) -> Option<String> {
    let mut groups = survey.frozen.groups.iter();
    let sees = groups.any(|group| group.config.architecture.stack().is_bidirectional());
    (arm.spec.probes.is_some() && sees).then(|| {
        "Probes are not asked: positions of these models see those after them, and so the answers. Take an arm without \
         `bidirectional` to have it asked."
            .to_owned()
    })
}

/// Which trials see their text more than once, and what that does to the laws.
fn repeats(survey: &Survey, corpus: &Corpus) -> Option<String> {
    let times = |role: Role| -> Vec<f64> {
        let own = survey.trials().filter(|trial| trial.role == role);
        own.map(|trial| times_seen(trial, corpus)).collect()
    };
    let (ladder, held_out) = (times(Role::Ladder), times(Role::HeldOut));
    let (all, again) = (ladder.len(), ladder.iter().filter(|times| **times > 1.0).count());
    let [ladder, held_out] = [ladder, held_out].map(|times| times.into_iter().fold(1.0, f64::max));
    let mut who = Vec::new();
    if again > 0 {
        who.push(format!(
            "{again} of {all} trials of the ladder see their text again, up to {ladder:.1} times"
        ));
    }
    if held_out > 1.0 {
        who.push(format!("the held-out run sees its text {held_out:.1} times"));
    }
    if who.is_empty() {
        return None;
    }
    let beyond = match held_out > ladder {
        true => {
            " The held-out run repeats more than the ladder did, so its prediction is beyond what was measured."
        }
        false => "",
    };
    Some(format!(
        "Text is repeated: {}. The laws count repeats as new text, while what a repeat brings falls with each \
         (Muennighoff et al. 2023): add text, or take smaller budgets.{beyond}",
        who.join(", and ")
    ))
}

/// How often a trial sees its text. Trials are of whole steps, so that one of exactly one epoch may end up to a step
/// beyond it: so little repeats nothing worth saying.
fn times_seen(trial: &Trial, corpus: &Corpus) -> f64 {
    let seen = epochs(trial, corpus);
    let unique = trial.unique(Tokens(corpus.train().len() as u64));
    match seen <= 1.0 + trial.config.batch_tokens() / unique {
        true => seen.min(1.0),
        false => seen,
    }
}

/// Where the best learning rate lies at an edge of the sweep, and what the held-out run is trained with.
fn swept(sweep: &Sweep, has_held_out: bool) -> Vec<String> {
    let points = sweep.points();
    let [low, high] = sweep.at_edges();
    let sides = [(low, "smallest", "smaller"), (high, "largest", "larger")];
    let mut said: Vec<String> = sides
        .into_iter()
        .filter(|(count, _, _)| *count > 0)
        .map(|(count, which, more)| {
            format!(
                "At {count} of {points} points of the ladder the {which} learning rate tried is the best, so that a \
                 better one may lie beyond: add a {more} factor to `training.learning_rate_factors`."
            )
        })
        .collect();
    let other = sweep.not_one();
    if has_held_out && other > 0 {
        said.push(format!(
            "The held-out run is trained at factor 1 of the learning rate, and the laws take the best of each sweep, \
             which is another at {other} of {points} points: its loss may lie above what they predict."
        ));
    }
    said
}
