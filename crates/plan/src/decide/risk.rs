//! What could go wrong with a choice, and what is done about it: a kind of risk an entry.

use serde::{Deserialize, Serialize};

use super::answer_rate::Chosen;
use super::question::{Class, Question, Tier};
use super::reckon::{Choice, Reckoner};

/// A risk with its mitigation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Risk {
    /// What could go wrong.
    pub what: String,
    /// What is done about it.
    pub mitigation: String,
}

/// What the risks of a choice hang on.
struct Facts<'a> {
    question: &'a Question,
    /// Kinds of queries that are answered from several samples.
    several: &'a [Class],
    /// Tokens seen for each parameter.
    tokens_per_parameter: f64,
    /// Passes over the text that is seen most often.
    epochs: f64,
    /// Share of the tokens seen that a model wrote.
    synthetic: f64,
    /// The tier of which least is known, among those that are a tenth of the tokens seen.
    unsure: Option<&'a str>,
}

type Kind = fn(&Facts<'_>) -> Option<Risk>;

/// Every kind, the gravest first.
const KINDS: &[Kind] = &[
    repeated,
    synthetic,
    unsure,
    over_trained,
    under_trained,
    checked,
    voted,
];

/// Epochs that are worth nearly as much as new text (Muennighoff et al. 2023).
const FREE_EPOCHS: f64 = 4.0;
/// Share of rephrased text that was best (Kang et al. 2025).
const BEST_SYNTHETIC: f64 = 1.0 / 3.0;
/// Tokens a parameter beyond which laws overrate more of them (Sardana et al. 2023).
const LONG: f64 = 200.0;
/// Tokens a parameter below which serving pays for what training saved.
const SHORT: f64 = 10.0;

/// What could go wrong with a choice that sees `seen` tokens of each tier in `epochs` passes.
pub(crate) fn risks(reckoner: &Reckoner<'_>, choice: Choice, seen: &[f64], epochs: &[f64]) -> Vec<Risk> {
    let question = reckoner.question;
    let all: f64 = seen.iter().sum();
    let tiers = || question.tiers.iter().zip(seen).filter(|(_, seen)| **seen > 0.0);
    let synthetic: f64 = tiers()
        .filter(|(tier, _)| tier.synthetic)
        .map(|(_, seen)| seen)
        .sum();
    let width = |tier: &Tier| (tier.worth.high() / tier.worth.low()).ln();
    let unsure = tiers()
        .filter(|(tier, seen)| **seen > 0.1 * all && width(tier) > 0.2)
        .max_by(|one, other| width(one.0).total_cmp(&width(other.0)));
    let facts = Facts {
        question,
        several: if question.samples[choice.samples] > 1 {
            reckoner.classes()
        } else {
            &[]
        },
        tokens_per_parameter: all / choice.params,
        epochs: epochs.iter().copied().fold(0.0, f64::max),
        synthetic: synthetic / all,
        unsure: unsure.map(|(tier, _)| tier.name.as_str()),
    };
    let strategy = &reckoner.strategies[choice.strategy];
    let named = (!strategy.risk.is_empty()).then(|| Risk {
        what: strategy.risk.clone(),
        mitigation: strategy.mitigation.clone(),
    });
    named
        .into_iter()
        .chain(KINDS.iter().filter_map(|kind| kind(&facts)))
        .collect()
}

fn repeated(facts: &Facts<'_>) -> Option<Risk> {
    (facts.epochs > FREE_EPOCHS).then(|| Risk {
        what: format!(
            "{:.1} passes over one text: beyond four a repeat is worth clearly less than new text, and a large model \
             memorises it (Muennighoff et al. 2023)",
            facts.epochs
        ),
        mitigation: "regularise (weight decay up to 1.0), shuffle each pass anew, stop where the loss on held-out text \
                     turns; measure it with `triaxis study new --ask epochs`"
            .to_owned(),
    })
}

fn synthetic(facts: &Facts<'_>) -> Option<Risk> {
    (facts.synthetic > 0.01).then(|| Risk {
        what: format!(
            "{:.0}% of the tokens are a model's: style and rare facts narrow, and gains fade after some 300B tokens (Qin et \
             al. 2025){}",
            100.0 * facts.synthetic,
            if facts.synthetic > BEST_SYNTHETIC { "; more than a third was worse than a third (Kang et al. 2025)" } else { "" }
        ),
        mitigation: "rephrase what people wrote rather than invent, keep a third or less, watch the loss on human text \
                     by frequency of words"
            .to_owned(),
    })
}

fn unsure(facts: &Facts<'_>) -> Option<Risk> {
    let tier = facts.unsure?;
    let source = facts
        .question
        .tiers
        .iter()
        .find(|known| known.name == tier)
        .map(|tier| tier.source.as_str());
    Some(Risk {
        what: format!(
            "what a token of `{tier}` is worth is known within a wide interval only{}",
            match source {
                Some("") | None => " and has no source".to_owned(),
                Some(source) => format!(" ({source})"),
            }
        ),
        mitigation:
            "train two small arms that differ in this text alone, and compare them on common validation texts"
                .to_owned(),
    })
}

fn over_trained(facts: &Facts<'_>) -> Option<Risk> {
    (facts.tokens_per_parameter > LONG).then(|| Risk {
        what: format!(
            "{:.0} tokens a parameter: laws fitted at usual ratios overrate the last ones (Sardana et al. 2023), and tuning \
             may spoil what they gave (Springer et al. 2025: 2% worse after 3T tokens of 1B than after 2.3T)",
            facts.tokens_per_parameter
        ),
        mitigation: "keep checkpoints on the way, and tune two of them before the last third is paid for".to_owned(),
    })
}

fn under_trained(facts: &Facts<'_>) -> Option<Risk> {
    (facts.tokens_per_parameter < SHORT).then(|| Risk {
        what: format!(
            "{:.1} tokens a parameter: most of the size waits for text, and every query pays for it",
            facts.tokens_per_parameter
        ),
        mitigation: "a smaller model for longer, or more text".to_owned(),
    })
}

fn checked(facts: &Facts<'_>) -> Option<Risk> {
    let by_check = |class: &Class| matches!(class.chosen, Some(Chosen::Verifier { .. }));
    facts.several.iter().any(by_check).then(|| Risk {
        what:
            "samples help as far as the check is right: what passes wrongly grows with every further sample"
                .to_owned(),
        mitigation: "measure how often wrong samples pass, and give it as `false_pass`".to_owned(),
    })
}

fn voted(facts: &Facts<'_>) -> Option<Risk> {
    let by_vote = |class: &Class| matches!(class.chosen, Some(Chosen::Vote { .. }));
    facts.several.iter().any(by_vote).then(|| Risk {
        what: "votes stop helping after some hundred samples, and never where a wrong answer is the commonest (Brown et \
               al. 2024)"
            .to_owned(),
        mitigation: "measure the curve on a hundred queries before paying for the samples".to_owned(),
    })
}
