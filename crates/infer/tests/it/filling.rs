//! Gaps that are filled: by the distribution that the model has, and always within what is asked.

use std::collections::BTreeMap;
use std::sync::Arc;

use burn::tensor::{Device, Int, Tensor, TensorData};
use proptest::prelude::*;
use triaxis_infer::filling::{
    Canvas, Denoise, Filler, Filling, InTheMiddle, Infill, Order, Piece, TokenSet, fill, pieces,
};
use triaxis_infer::{Engine, InferError, Options, Sampling};
use triaxis_model::Stack;

use crate::{random, source};

/// A denoiser that knows the distribution of a text: each token is mostly the one before, or the next of the three.
struct Chain {
    length: usize,
    vocabulary: usize,
    stay: f64,
    asked: usize,
}

impl Chain {
    fn probability(&self, text: &[u32]) -> f64 {
        let step = |pair: &[u32]| match (pair[1] + self.vocabulary as u32 - pair[0]) % self.vocabulary as u32
        {
            0 => self.stay,
            1 => 0.8 * (1.0 - self.stay),
            _ => 0.2 * (1.0 - self.stay),
        };
        text.windows(2).map(step).product::<f64>() / self.vocabulary as f64
    }

    fn texts(&self) -> Vec<Vec<u32>> {
        let count = self.vocabulary.pow(self.length as u32);
        let digit = |text: usize, place: usize| text / self.vocabulary.pow(place as u32) % self.vocabulary;
        let text = |text: usize| (0..self.length).map(|place| digit(text, place) as u32).collect();
        (0..count).map(text).collect()
    }
}

impl Denoise for Chain {
    fn scores(&mut self, tokens: &[u32], places: &[usize]) -> Result<Vec<f32>, InferError> {
        self.asked += 1;
        let mask = self.mask();
        let agrees = |text: &[u32]| {
            text.iter()
                .zip(tokens)
                .all(|(own, seen)| *seen == mask || own == seen)
        };
        let mut scores = vec![0.0; places.len() * self.vocabulary];
        for text in self.texts().iter().filter(|text| agrees(text)) {
            for (row, &place) in places.iter().enumerate() {
                scores[row * self.vocabulary + text[place] as usize] += self.probability(text);
            }
        }
        Ok(scores.into_iter().map(|weight: f64| weight.ln() as f32).collect())
    }

    fn vocabulary(&self) -> usize {
        self.vocabulary
    }

    fn mask(&self) -> u32 {
        self.vocabulary as u32
    }

    fn context(&self) -> usize {
        self.length
    }
}

fn chain() -> Chain {
    Chain {
        length: 4,
        vocabulary: 3,
        stay: 0.75,
        asked: 0,
    }
}

fn filling(steps: usize, order: Order, seed: u64) -> Filling {
    Filling {
        steps,
        order,
        block: None,
        sampling: Sampling::default(),
        seed,
    }
}

#[test]
fn gaps_filled_one_at_a_time_are_distributed_as_the_text() {
    let (mut chain, draws) = (chain(), 3_000);
    // So many steps that hardly ever two are filled in one.
    let mut counts: BTreeMap<Vec<u32>, usize> = BTreeMap::new();
    for seed in 0..draws {
        let filled = fill(
            &mut chain,
            &Canvas::open(4),
            &filling(400, Order::Ancestral, seed),
        )
        .unwrap();
        *counts.entry(filled.tokens).or_default() += 1;
    }
    for text in chain.texts() {
        let expected = chain.probability(&text);
        let found = counts.get(&text).copied().unwrap_or(0) as f64 / draws as f64;
        let error = (expected * (1.0 - expected) / draws as f64).sqrt();
        assert!(
            (found - expected).abs() <= 4.0 * error + 0.01,
            "{text:?}: {found}, not {expected}"
        );
    }
}

#[test]
fn a_model_is_asked_only_where_something_changed() {
    for (steps, order, most) in [
        (1_000, Order::Ancestral, 4),
        (1, Order::Ancestral, 1),
        (1_000, Order::Surest, 4),
        (2, Order::Surest, 2),
    ] {
        let mut chain = chain();
        let filled = fill(&mut chain, &Canvas::open(4), &filling(steps, order, 5)).unwrap();
        assert_eq!(filled.passes, chain.asked);
        assert!(
            (1..=most).contains(&filled.passes),
            "{steps} steps of {order:?}: {filled:?}"
        );
    }
    let mut canvas = Canvas::open(4);
    canvas.require_prefix(&[0, 0, 1, 1]).unwrap();
    let filled = fill(&mut chain(), &canvas, &filling(5, Order::Ancestral, 0)).unwrap();
    assert_eq!((filled.tokens, filled.passes), (vec![0, 0, 1, 1], 0));
}

/// The surest place of a chain is beside what is known.
#[test]
fn the_surest_gaps_come_first_and_block_by_block() {
    let mut canvas = Canvas::open(4);
    canvas.require_prefix(&[2]).unwrap();
    let greedy = |block| Filling {
        block,
        sampling: Sampling {
            temperature: 0.0,
            ..Sampling::default()
        },
        ..filling(3, Order::Surest, 0)
    };
    for block in [None, Some(1), Some(2)] {
        let filled = fill(&mut chain(), &canvas, &greedy(block)).unwrap();
        assert_eq!(filled.tokens, [2, 2, 2, 2], "{block:?}");
    }
}

#[test]
fn what_contradicts_or_exceeds_is_refused_with_what_to_do() {
    let said = |result: Result<(), InferError>| result.unwrap_err().to_string();
    let mut canvas = Canvas::open(3);
    canvas.require_prefix(&[1, 2]).unwrap();
    assert!(said(canvas.require_suffix(&[1, 0])).contains("place 1 is to be token 1 and token 2"));
    assert!(said(canvas.require_suffix(&[1; 4])).contains("must not exceed the text; shorten it"));
    assert!(said(canvas.fix(3, 0)).contains("ask for a longer text"));
    let set = |tokens: &'static [u32]| Arc::new(TokenSet::new(3, |token| tokens.contains(&token)));
    let mut canvas = Canvas::open(3);
    canvas.allow(0, &set(&[0, 1])).unwrap();
    assert!(said(canvas.allow(0, &set(&[2]))).contains("no token may come into place 0"));
    assert!(said(canvas.fix(0, 2)).contains("may not come there"));
    canvas.fix(1, 2).unwrap();
    assert!(said(canvas.allow(1, &set(&[0]))).contains("leave one of them out"));
    let refused = |canvas: &Canvas, filling: &Filling| {
        let result = fill(&mut chain(), canvas, filling);
        result.unwrap_err().to_string()
    };
    let usual = filling(3, Order::Ancestral, 0);
    assert!(refused(&Canvas::open(5), &usual).contains("the model's context of 4; shorten"));
    let never = filling(0, Order::Ancestral, 0);
    assert!(refused(&Canvas::open(4), &never).contains("`steps = 0`"));
    let mut unknown = Canvas::open(4);
    unknown.fix(0, 3).unwrap();
    assert!(refused(&unknown, &usual).contains("outside the model's vocabulary of 3"));
    assert!(Canvas::edited(&[], 0.5, 0).is_err() && Canvas::edited(&[1], 0.0, 0).is_err());
}

#[test]
fn gaps_are_read_where_they_are_written() {
    let read = |text| pieces(text, 13).unwrap();
    assert_eq!(
        read("a <mask>b<mask:12>"),
        [Piece::Text("a "), Piece::Gap(1), Piece::Text("b"), Piece::Gap(12)]
    );
    assert_eq!(
        read("a < b <maskes> c"),
        [Piece::Text("a < b <mask"), Piece::Text("es> c")]
    );
    assert_eq!(read(""), []);
    // What ends too far away is text.
    let long = format!("<mask:{}>", "1".repeat(40));
    assert_eq!(read(&long), [Piece::Text("<mask"), Piece::Text(&long[5..])]);
    for wrong in [
        "<mask:0>",
        "<mask:x>",
        "<mask:-1>",
        "<mask:+1>",
        "<mask:>",
        "<mask:14>",
        "<mask:12><mask><mask>",
        "<mask:99999999999999999999>",
    ] {
        let error = pieces(wrong, 13).unwrap_err().to_string();
        assert!(error.contains("write `<mask>` or `<mask:N>`"), "{error}");
    }
}

fn stack() -> Stack {
    serde_json::from_str(
        r#"{"preset": "diffusion-transformer", "vocabulary": 12, "width": 16, "layers": 2, "context": 20}"#,
    )
    .unwrap()
}

#[test]
fn a_filler_gives_the_scores_of_its_model_without_the_mask() {
    let (model, weights) = random(&stack());
    let mut filler = Filler::new(&stack(), &weights).unwrap();
    assert_eq!(
        (filler.vocabulary(), filler.mask(), Denoise::context(&filler)),
        (11, 11, 20)
    );
    let tokens = [3, 11, 5, 11, 0];
    let found = filler.scores(&tokens, &[1, 3]).unwrap();
    let data: Vec<i64> = tokens.iter().map(|&token| i64::from(token)).collect();
    let input = Tensor::<2, Int>::from_data(TensorData::new(data, [1, 5]), &Device::flex());
    let all: Vec<f32> = model.logits(input).unwrap().into_data().iter::<f32>().collect();
    let expected = [&all[12..23], &all[36..47]].concat();
    let worst = found
        .iter()
        .zip(&expected)
        .map(|(one, other)| (one - other).abs());
    assert!(found.len() == 22 && worst.fold(0.0, f32::max) < 1e-5);
}

/// The middle is what comes after prefix and suffix, each behind its sentinel, in the order of the training.
#[test]
fn ways_of_filling_see_what_they_say() {
    let causal: Stack = serde_json::from_str(
        r#"{"pattern": "a", "vocabulary": 14, "width": 16, "layers": 2, "context": 20}"#,
    )
    .unwrap();
    let (_, weights) = random(&causal);
    let engine = || Engine::new(&source(&causal, &weights), Options::default()).unwrap();
    let (prefix, suffix) = ([1, 5, 2], [7, 7, 3]);
    let mut after = engine();
    let after_prefix = after.infill(&prefix, &suffix, 4, 11).unwrap();
    assert_eq!(after_prefix, after.infill(&prefix, &[0], 4, 11).unwrap());
    let mut swapped = InTheMiddle::new(engine(), [11, 12, 13], true);
    let found = swapped.infill(&prefix, &suffix, 4, 11).unwrap();
    let prompt = [11, 12, 7, 7, 3, 13, 1, 5, 2];
    assert_eq!(found, after.infill(&prompt, &[], 4, 11).unwrap());
    let mut middle = InTheMiddle::new(engine(), [11, 12, 13], false);
    let found = middle.infill(&prefix, &suffix, 4, 11).unwrap();
    let prompt = [11, 1, 5, 2, 12, 7, 7, 3, 13];
    assert_eq!(found, after.infill(&prompt, &[], 4, 11).unwrap());
    assert_eq!(
        (found.len(), Infill::context(&middle), middle.method()),
        (4, 17, "fill in the middle")
    );
    let (_, weights) = random(&stack());
    let mut filler = Filler::new(&stack(), &weights).unwrap();
    let filled = filler.infill(&prefix, &suffix, 4, 11).unwrap();
    assert_eq!(filled, filler.infill(&prefix, &suffix, 4, 11).unwrap());
    let mut seen = |suffix: &[u32]| {
        let tokens = [&prefix[..], &[11; 4], suffix].concat();
        filler.scores(&tokens, &[3]).unwrap()
    };
    assert_ne!(seen(&suffix), seen(&[0; 3]));
}

#[test]
fn a_model_of_one_kind_is_none_of_the_other() {
    let (_, weights) = random(&stack());
    let error = Engine::new(&source(&stack(), &weights), Options::default()).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("tells no next token") && error.contains("objective"),
        "{error}"
    );
    let causal: Stack = serde_json::from_str(
        r#"{"pattern": "a", "vocabulary": 12, "width": 16, "layers": 2, "context": 20}"#,
    )
    .unwrap();
    let (_, weights) = random(&causal);
    let error = Filler::new(&causal, &weights).unwrap_err().to_string();
    assert!(error.contains("masked-diffusion"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_asked_holds(
        length in 1usize..20,
        prefix in proptest::collection::vec(0u32..11, 0..8),
        suffix in proptest::collection::vec(0u32..11, 0..8),
        sets in proptest::collection::vec((0usize..20, 1u16..2047), 0..12),
        steps in 1usize..30, is_surest: bool, block in proptest::option::of(1usize..6),
        temperature in prop_oneof![Just(0.0), 0.1f64..3.0], seed: u64,
    ) {
        let (_, weights) = random(&stack());
        let mut filler = Filler::new(&stack(), &weights).unwrap();
        let mut canvas = Canvas::open(length);
        // What is refused leaves nothing behind but what fitted.
        let has_prefix = canvas.require_prefix(&prefix).is_ok();
        let has_suffix = {
            let mut with = canvas.clone();
            let fits = with.require_suffix(&suffix).is_ok();
            if fits {
                canvas = with;
            }
            fits
        };
        let mut held = Vec::new();
        for (place, bits) in sets {
            let set = Arc::new(TokenSet::new(11, |token| bits >> token & 1 == 1));
            if canvas.allow(place, &set).is_ok() {
                held.push((place, set));
            }
        }
        let filling = Filling {
            steps,
            order: if is_surest { Order::Surest } else { Order::Ancestral },
            block,
            sampling: Sampling { temperature, ..Sampling::default() },
            seed,
        };
        let filled = fill(&mut filler, &canvas, &filling).unwrap();
        prop_assert_eq!(filled.tokens.len(), length);
        prop_assert!(filled.tokens.iter().all(|&token| token < 11));
        prop_assert!(!has_prefix || filled.tokens.starts_with(&prefix));
        prop_assert!(!has_suffix || filled.tokens.ends_with(&suffix));
        for (place, set) in held {
            prop_assert!(set.holds(filled.tokens[place]));
        }
        prop_assert!(filled.passes <= canvas.gaps().len());
        prop_assert_eq!(&fill(&mut filler, &canvas, &filling).unwrap(), &filled);
    }

    #[test]
    fn an_edit_keeps_all_but_its_share(
        tokens in proptest::collection::vec(0u32..11, 1..20), share in 0.01f64..1.0, seed: u64,
    ) {
        let canvas = Canvas::edited(&tokens, share, seed).unwrap();
        let gaps = canvas.gaps();
        prop_assert_eq!(gaps.len(), ((share * tokens.len() as f64).round() as usize).max(1));
        let (_, weights) = random(&stack());
        let mut filler = Filler::new(&stack(), &weights).unwrap();
        let filled = fill(&mut filler, &canvas, &filling(4, Order::Ancestral, seed)).unwrap();
        let kept = (0..tokens.len()).filter(|place| !gaps.contains(place));
        prop_assert!(kept.into_iter().all(|place| filled.tokens[place] == tokens[place]));
    }
}
