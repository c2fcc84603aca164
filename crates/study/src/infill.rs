//! How well models fill gaps of a text, measured: a record of its own, which no study asks for yet.

use serde::{Deserialize, Serialize};
use triaxis_infer::filling::Infill;
use triaxis_random::Stream;
use triaxis_records::{InfillScore, InfillScores, Infilling};
use triaxis_units::{Estimate, Interval, Params, Seconds};

use crate::error::StudyError;
use crate::identity;
use crate::record::{Circumstances, Recorded};

/// Version of the record's layout.
const SCHEMA: u32 = 1;

/// Samples of the gaps that an interval is of.
const RESAMPLES: u64 = 2000;

/// What share of the samples lies in an interval.
const LEVEL: f64 = 0.9;

/// The normal distribution's quantile of that level, on both sides.
const DEVIATIONS: f64 = 1.644_853_626_951_472_7;

/// Scores of some models on one text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InfillRecord {
    /// Version of the layout.
    pub schema: u32,
    /// Identity of this measurement: another one of the same models is another record.
    pub id: String,
    /// What was measured.
    pub infilling: Infilling,
    /// Where and when.
    pub circumstances: Circumstances,
}

impl Recorded for InfillRecord {
    fn id(&self) -> &str {
        &self.id
    }

    fn layout(&self) -> [u32; 2] {
        [self.schema, SCHEMA]
    }

    fn agrees(&self, other: &Self) -> bool {
        self.infilling == other.infilling
    }
}

/// A text whose gaps are filled.
#[derive(Debug)]
pub struct InfillPlan<'a> {
    /// Its tokens, the same of every model.
    pub tokens: &'a [u32],
    /// How many tokens the tokenizer has.
    pub known: usize,
    /// Gaps.
    pub spans: usize,
    /// Tokens of a gap.
    pub length: usize,
    /// Tokens of what a model is given with its gap.
    pub context: usize,
    /// What the places of the gaps are drawn by.
    pub seed: u64,
    /// Threads that compute.
    pub threads: usize,
}

/// A model, and what tables call it.
pub struct Infiller<'a> {
    /// Its name.
    pub name: String,
    /// Trainable parameters.
    pub parameters: Params,
    /// How it fills gaps.
    pub model: &'a mut dyn Infill,
}

/// A gap: where what is given begins, and how many tokens of it come before the gap.
struct Span {
    start: usize,
    before: usize,
}

impl InfillPlan<'_> {
    /// Checks the sizes.
    fn check(&self, models: &[Infiller<'_>]) -> Result<(), StudyError> {
        let refused = |message: String| {
            Err(StudyError::Model {
                key: "gaps of a text".to_owned(),
                message,
            })
        };
        let least = self.length.saturating_add(2 * self.edge());
        if self.length == 0 || self.spans < 2 || least > self.context {
            return refused(format!(
                "{} gaps of {} tokens within {}: there must be 2 gaps or more of 1 token or more, with a quarter of what is \
                 given on either side; ask for other numbers",
                self.spans, self.length, self.context
            ));
        }
        if self.tokens.len() < self.context {
            return refused(format!(
                "a text of {} tokens: it must have the {} that a model is given; take a longer one, or give less",
                self.tokens.len(),
                self.context
            ));
        }
        let fit = self.tokens.len() / self.context;
        if self.spans > fit {
            return refused(format!(
                "{} gaps within {} tokens each: what is given with one must not overlap what is given with another, and {fit} fit \
                 into a text of {} tokens; ask for as many, give less, or take a longer text",
                self.spans,
                self.context,
                self.tokens.len()
            ));
        }
        match models.iter().find(|one| one.model.context() < self.context) {
            None => Ok(()),
            Some(short) => refused(format!(
                "`{}` has a context of {} tokens, and is to be given {}; give less",
                short.name,
                short.model.context(),
                self.context
            )),
        }
    }

    /// Tokens on either side of a gap at least.
    fn edge(&self) -> usize {
        (self.context / 4).max(1)
    }

    /// The gaps, anywhere in the text: what is given with one overlaps nothing of another, so that each tells for itself.
    fn drawn(&self) -> Vec<Span> {
        let mut stream = Stream::new(self.seed, "gaps", 0);
        let free = self.tokens.len() - self.spans * self.context;
        let mut skipped: Vec<usize> = (0..self.spans).map(|_| stream.below(free + 1)).collect();
        skipped.sort_unstable();
        let span = |(index, skipped)| Span {
            start: skipped + index * self.context,
            before: self.edge() + stream.below(self.context - self.length - 2 * self.edge() + 1),
        };
        skipped.into_iter().enumerate().map(span).collect()
    }
}

/// Lets every model fill the same gaps, and tells how well each does; `bytes` makes text of tokens.
///
/// # Errors
/// When the plan does not fit the text or a model.
pub fn measure(
    models: &mut [Infiller<'_>],
    plan: &InfillPlan<'_>,
    bytes: &dyn Fn(&[u32]) -> Vec<u8>,
) -> Result<InfillRecord, StudyError> {
    let started = std::time::Instant::now();
    plan.check(models)?;
    let spans = plan.drawn();
    let mut results: Vec<(&Infiller<'_>, Vec<[f64; 3]>)> = Vec::new();
    for infiller in models {
        let mut own = Vec::new();
        for span in &spans {
            let given = &plan.tokens[span.start..span.start + plan.context];
            let (prefix, rest) = given.split_at(span.before);
            let (there, suffix) = rest.split_at(plan.length);
            let found = infiller.model.infill(prefix, suffix, plan.length, plan.known)?;
            own.push(scores(&found, there, bytes));
        }
        results.push((infiller, own));
    }
    let mut hasher = blake3::Hasher::new();
    plan.tokens.iter().for_each(|token| {
        hasher.update(&token.to_le_bytes());
    });
    let first = results[0].1.clone();
    let scored = results.iter().enumerate().map(|(place, (infiller, own))| {
        let above: Vec<[f64; 3]> = own
            .iter()
            .zip(&first)
            .map(|(own, first)| [0, 1, 2].map(|which| own[which] - first[which]))
            .collect();
        InfillScores {
            name: infiller.name.clone(),
            parameters: infiller.parameters,
            method: infiller.model.method().to_owned(),
            score: means(own, plan.seed, share),
            above_first: (place > 0).then(|| means(&above, plan.seed, difference)),
        }
    });
    let infilling = Infilling {
        text: hasher.finalize().to_hex().to_string(),
        spans: plan.spans,
        length: plan.length,
        context: plan.context,
        seed: plan.seed,
        scores: scored.collect(),
    };
    let seconds = Seconds(started.elapsed().as_secs_f64());
    let mut record = InfillRecord {
        schema: SCHEMA,
        id: String::new(),
        infilling,
        circumstances: Circumstances::of(plan.threads, seconds),
    };
    record.id = identity::of(&record);
    Ok(record)
}

/// Whether a text is the one that was there, the share of its tokens that are, and how like it is.
fn scores(found: &[u32], there: &[u32], bytes: &dyn Fn(&[u32]) -> Vec<u8>) -> [f64; 3] {
    let right = found.iter().zip(there).filter(|(found, there)| found == there);
    let [found_bytes, there_bytes] = [found, there].map(bytes);
    let [found_text, there_text] = [&found_bytes, &there_bytes].map(|bytes| String::from_utf8_lossy(bytes));
    [
        // Bytes that are no text would all be alike as signs.
        f64::from(u8::from(found_bytes == there_bytes)),
        right.count() as f64 / there.len() as f64,
        similarity(&found_text, &there_text),
    ]
}

/// One less the share of signs that must change.
fn similarity(one: &str, other: &str) -> f64 {
    let [one, other] = [one, other].map(|text| text.chars().collect::<Vec<_>>());
    let longest = one.len().max(other.len());
    // Of each beginning of the other text, how many signs of what is read of the first must change.
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, sign) in one.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], index + 1);
        for (place, against) in other.iter().enumerate() {
            let changed = diagonal + usize::from(sign != against);
            diagonal = row[place + 1];
            row[place + 1] = changed.min(diagonal + 1).min(row[place] + 1);
        }
    }
    match longest {
        0 => 1.0,
        _ => 1.0 - row[other.len()] as f64 / longest as f64,
    }
}

/// Wilson's interval (1927) of the share of gaps that are 1, where all others are 0.
fn share(values: &[f64]) -> [f64; 2] {
    let count = values.len() as f64;
    let value = values.iter().sum::<f64>() / count;
    let interval = Interval::of_share(value, count, DEVIATIONS, LEVEL);
    [interval.low, interval.high]
}

/// Agresti and Min's interval (2005) of the mean of what is 1, 0 or -1: half a gap more in each cell of pairs.
fn difference(values: &[f64]) -> [f64; 2] {
    let count = values.len() as f64 + 2.0;
    let apart = values.iter().map(|value| value.abs()).sum::<f64>() + 1.0;
    let sum = values.iter().sum::<f64>();
    let half = DEVIATIONS * (apart - sum * sum / count).max(0.0).sqrt() / count;
    [(sum / count - half).max(-1.0), (sum / count + half).min(1.0)]
}

/// Means over gaps, with the intervals that resampled gaps give, the same samples for all; of exact matches, which may be
/// all alike, that of `exactly`.
fn means(values: &[[f64; 3]], seed: u64, exactly: fn(&[f64]) -> [f64; 2]) -> InfillScore {
    let count = values.len() as f64;
    let mean = |which: usize| values.iter().map(|value| value[which]).sum::<f64>() / count;
    let mut samples: [Vec<f64>; 3] = Default::default();
    for sample in 0..RESAMPLES {
        let mut stream = Stream::new(seed, "resampled gaps", sample);
        let mut sums = [0.0; 3];
        for _ in values {
            let chosen = values[stream.below(values.len())];
            (0..3).for_each(|which| sums[which] += chosen[which]);
        }
        (0..3).for_each(|which| samples[which].push(sums[which] / count));
    }
    let [exact, tokens, similarity] = [0, 1, 2].map(|which| {
        let samples = &mut samples[which];
        samples.sort_by(f64::total_cmp);
        let at = |share: f64| samples[(share * (samples.len() - 1) as f64).round() as usize];
        let [low, high] = match which {
            0 => exactly(&values.iter().map(|value| value[0]).collect::<Vec<_>>()),
            _ => [0.5 * (1.0 - LEVEL), 0.5 * (1.0 + LEVEL)].map(at),
        };
        let value = mean(which);
        Estimate {
            value,
            interval: Some(Interval {
                low: low.min(value),
                high: high.max(value),
                level: LEVEL,
            }),
        }
    });
    InfillScore {
        exact,
        tokens,
        similarity,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// One that knows the text, but for some tokens that it gets wrong.
    struct Knows {
        wrong: u32,
        asked: u32,
    }

    impl Infill for Knows {
        fn method(&self) -> &'static str {
            "knowing"
        }

        fn context(&self) -> usize {
            32
        }

        fn infill(
            &mut self,
            prefix: &[u32],
            suffix: &[u32],
            count: usize,
            _: usize,
        ) -> Result<Vec<u32>, triaxis_infer::InferError> {
            assert_eq!(prefix.len() + count + suffix.len(), 32);
            assert!(prefix.len() >= 8 && suffix.len() >= 8);
            self.asked += 1;
            let next = |index: usize| (prefix[prefix.len() - 1] + 1 + index as u32) % 26;
            let mut tokens: Vec<u32> = (0..count).map(next).collect();
            if self.asked.is_multiple_of(self.wrong) {
                tokens[0] = (tokens[0] + 1) % 26;
            }
            Ok(tokens)
        }
    }

    fn letters(tokens: &[u32]) -> Vec<u8> {
        let letter = |token: &u32| b'a' + *token as u8;
        tokens.iter().map(letter).collect()
    }

    fn plan(tokens: &[u32]) -> InfillPlan<'_> {
        InfillPlan {
            tokens,
            known: 26,
            spans: 40,
            length: 4,
            context: 32,
            seed: 3,
            threads: 1,
        }
    }

    #[test]
    fn what_is_filled_is_scored_and_told_beside_the_first() {
        let tokens: Vec<u32> = (0..1400).map(|index| index % 26).collect();
        let [mut all, mut half] = [0, 2].map(|wrong| Knows { wrong, asked: 0 });
        let infiller = |name: &str, model| Infiller {
            name: name.to_owned(),
            parameters: Params(1),
            model,
        };
        let mut models = [infiller("all", &mut all), infiller("half", &mut half)];
        let record = measure(&mut models, &plan(&tokens), &letters).unwrap();
        let [all, half] = &record.infilling.scores[..] else {
            panic!("two models");
        };
        assert_eq!([all.score.exact.value, all.score.tokens.value], [1.0, 1.0]);
        assert!(all.above_first.is_none());
        // Forty of forty leave open whether all would be.
        let certain = all.score.exact.interval.unwrap();
        assert!(
            certain.high == 1.0 && (0.9..0.99).contains(&certain.low),
            "{certain:?}"
        );
        assert_eq!(
            [
                half.score.exact.value,
                half.score.tokens.value,
                half.score.similarity.value
            ],
            [0.5, 0.875, 0.875]
        );
        let above = half.above_first.unwrap().exact;
        let interval = above.interval.unwrap();
        assert!(
            above.value == -0.5 && interval.low > -0.7 && interval.high < -0.3,
            "{interval:?}"
        );
        assert_eq!(
            serde_json::from_value::<InfillRecord>(serde_json::to_value(&record).unwrap()).unwrap(),
            record
        );
    }

    #[test]
    fn sizes_that_do_not_fit_are_refused() {
        let tokens = vec![0; 40];
        let said = |plan: &InfillPlan<'_>| {
            let mut model = Knows { wrong: 0, asked: 0 };
            let mut models = [Infiller {
                name: "one".to_owned(),
                parameters: Params(1),
                model: &mut model,
            }];
            let result = measure(&mut models, plan, &letters);
            result.unwrap_err().to_string()
        };
        assert!(
            said(&InfillPlan {
                length: 17,
                ..plan(&tokens)
            })
            .contains("a quarter of what is given")
        );
        assert!(
            said(&InfillPlan {
                spans: 1,
                ..plan(&tokens)
            })
            .contains("2 gaps or more")
        );
        assert!(said(&plan(&tokens[..20])).contains("take a longer one"));
        for spans in [2, usize::MAX] {
            assert!(
                said(&InfillPlan {
                    spans,
                    ..plan(&tokens)
                })
                .contains("1 fit into a text of 40 tokens")
            );
        }
        assert!(
            said(&InfillPlan {
                length: usize::MAX,
                ..plan(&tokens)
            })
            .contains("a quarter of what is given")
        );
        assert!(
            said(&InfillPlan {
                context: 36,
                ..plan(&[0; 4000])
            })
            .contains("a context of 32")
        );
    }

    #[test]
    fn what_is_given_with_a_gap_overlaps_nothing_of_another() {
        let tokens = vec![0; 1300];
        let plan = plan(&tokens);
        let spans = plan.drawn();
        assert!(spans.windows(2).all(|two| two[0].start + 32 <= two[1].start));
        assert!(
            spans
                .iter()
                .all(|span| span.before >= 8 && span.start + 32 <= 1300)
        );
    }

    #[test]
    fn exact_matches_that_are_all_alike_have_an_interval() {
        let [none, all] = [0.0, 1.0].map(|value| share(&[value; 20]));
        // Newcombe 1998 has 0.1611 at a level of 0.95.
        assert!(none[0] == 0.0 && (0.11..0.13).contains(&none[1]), "{none:?}");
        assert!((none[1] - (1.0 - all[0])).abs() < 1e-12);
        let equal = difference(&[0.0; 20]);
        assert!(
            equal[0] < -0.03 && (equal[0] + equal[1]).abs() < 1e-12,
            "{equal:?}"
        );
    }

    /// By the definition: the least of three ways, from the ends.
    fn distance(one: &[char], other: &[char]) -> usize {
        match (one, other) {
            ([], rest) | (rest, []) => rest.len(),
            ([first, one @ ..], [second, other @ ..]) if first == second => distance(one, other),
            ([_, shorter @ ..], [_, less @ ..]) => {
                let left = [
                    distance(shorter, other),
                    distance(one, less),
                    distance(shorter, less),
                ];
                1 + left.into_iter().fold(usize::MAX, usize::min)
            }
        }
    }

    proptest! {
        #[test]
        fn similarity_is_by_the_signs_that_change(one in "[ab]{0,6}", other in "[abc]{0,6}") {
            let [first, second] = [&one, &other].map(|text| text.chars().collect::<Vec<_>>());
            let longest = first.len().max(second.len()).max(1);
            let expected = 1.0 - distance(&first, &second) as f64 / longest as f64;
            prop_assert!((similarity(&one, &other) - expected).abs() < 1e-12);
        }
    }
}
