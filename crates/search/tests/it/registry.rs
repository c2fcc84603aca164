//! What every strategy owes.

use triaxis_search::simulated::{Chances, Judge, World};
use triaxis_search::{Frame, StrategySpec, Why};

use crate::worlds::{SMALL, run, spec, tasks};

fn world() -> World {
    let chances = |at: usize| Chances {
        mend: 0.3,
        spoil: 0.2,
        words: 1 + at % 3,
        thinks: at % 2 == 1,
        guess: 0.4,
        ..Chances::of_steps(&[0.5 + 0.04 * at as f64, 0.8, 0.7])
    };
    World::new((0..10).map(chances).collect())
}

#[test]
fn every_strategy_is_named_described_and_read_back() {
    for entry in StrategySpec::REGISTRY {
        assert!(
            SMALL.iter().any(|text| spec(text).kind() == entry.name),
            "{entry:?}"
        );
        let usual = spec(entry.name);
        assert_eq!(usual.to_string(), entry.name);
        assert!(entry.about.len() > 9 && !entry.about.ends_with('.'), "{entry:?}");
    }
    for text in SMALL {
        let strategy = spec(text);
        assert_eq!(spec(&strategy.to_string()), strategy, "{text}");
        let json = serde_json::to_string(&strategy).unwrap();
        assert_eq!(serde_json::from_str::<StrategySpec>(&json).unwrap(), strategy);
    }
}

#[test]
fn what_breaks_a_rule_is_refused_by_name() {
    for (text, said) in [
        ("beem", "did you mean `beam`?"),
        (
            "beam:beams=4,width=3",
            "`width = 3` of `beams = 4`: must divide them",
        ),
        ("majority:samples=0", "`samples = 0`: must be from 1"),
        ("majority:sample=3", "unknown field `sample`"),
        ("majority:3", "write KEY=VALUE"),
        ("best-of-n:by=luck", "unknown variant `luck`"),
        ("adaptive-consistency:confidence=2", "`confidence = 2`"),
        ("rebase:temperature=0", "`temperature = 0`"),
    ] {
        let error = StrategySpec::read(text).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
    let frame = Frame {
        step: String::new(),
        ..Frame::default()
    };
    assert!(
        frame
            .check()
            .unwrap_err()
            .to_string()
            .contains("one of them is empty")
    );
}

#[test]
fn one_sample_of_each_strategy_is_plain_sampling() {
    let world = world();
    let judge = Judge::new(&world, 0.8, 0.3);
    let frame = Frame {
        seed: 5,
        ..Frame::default()
    };
    let plain = run(&world, &judge, &tasks(&world, &spec("sample"), &frame), 4).outcomes;
    for text in SMALL {
        let Some(single) = spec(text).single() else {
            assert_eq!(*text, "greedy");
            continue;
        };
        let outcomes = run(&world, &judge, &tasks(&world, &single, &frame), 4).outcomes;
        for (one, sample) in outcomes.iter().zip(&plain) {
            let (one, sample) = (one.answer().unwrap(), sample.answer().unwrap());
            assert_eq!((&one.said, one.tokens), (&sample.said, sample.tokens), "{single}");
            assert!(
                (one.log_probability - sample.log_probability).abs() < 1e-12,
                "{single}"
            );
        }
    }
}

#[test]
fn every_strategy_keeps_to_equal_tokens() {
    let world = world();
    let judge = Judge::new(&world, 0.8, 0.3);
    // Strategies that would take far more than any of the budgets.
    let endless = [
        "best-of-n:samples=1000",
        "majority:samples=1000",
        "weighted-vote:samples=1000",
        "adaptive-consistency:samples=1000,confidence=1",
        "beam:beams=32,width=4",
        "dvts:beams=64,width=4",
        "rebase:width=64",
        "mcts:simulations=1000,children=3",
        "revision:chains=4,length=1000",
        "self-correction:rounds=1000",
        "budget-forcing:waits=1000,thoughts=100000",
        "first-verified:samples=1000,accept=2",
    ];
    for budget in [30, 101, 200] {
        let frame = Frame {
            budget: Some(budget),
            answer: if budget == 200 { 100_000 } else { 12 },
            ..Frame::default()
        };
        for text in endless.iter().chain(SMALL) {
            for outcome in run(&world, &judge, &tasks(&world, &spec(text), &frame), 16).outcomes {
                let sampled = outcome.spent.sampled;
                assert!(sampled <= budget, "{text}: {sampled} of {budget}");
                assert!(outcome.spent.kept <= sampled && outcome.spent.answer <= outcome.spent.kept);
                assert!(outcome.answer().is_some(), "{text} {outcome:?}");
                let total: u64 = outcome.candidates.iter().map(|candidate| candidate.tokens).sum();
                assert!(total >= outcome.spent.kept, "{text}");
            }
        }
    }
    // What is drawn one by one spends all.
    let frame = Frame {
        budget: Some(200),
        ..Frame::default()
    };
    for text in [
        "best-of-n:samples=1000",
        "self-correction:rounds=1000",
        "first-verified:samples=1000,accept=2",
    ] {
        for outcome in run(&world, &judge, &tasks(&world, &spec(text), &frame), 16).outcomes {
            assert_eq!((outcome.spent.sampled, outcome.why), (200, Why::Budget), "{text}");
        }
    }
}
