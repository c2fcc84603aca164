//! Comparisons of strategies, choices by difficulty, and verifiers that err, against planted truths.

use triaxis_random::Stream;
use triaxis_search::Frame;
use triaxis_search::estimators::{
    Ease, Judged, Measured, Pilot, Quintiles, Verdict, at_tokens, by_pilot, by_quintile, cap, compare,
    false_accepts, vote_entropy,
};
use triaxis_search::simulated::{Chances, Judge, World};

use crate::worlds::{agrees, is_right, measured, run, spec, tasks};

fn asked_again(mend: f64, spoil: f64) -> World {
    let chances = |at: usize| Chances {
        mend,
        spoil,
        ..Chances::of_steps(&[0.55 + 0.001 * (at % 300) as f64])
    };
    World::new((0..600).map(chances).collect())
}

#[test]
fn self_correction_without_a_checker_is_told_as_a_loss_where_it_is_one() {
    let frame = Frame::default();
    for ((mend, spoil), verdict) in [
        ((0.1, 0.3), Verdict::Worse),
        ((0.0, 0.0), Verdict::Undecided),
        ((0.6, 0.05), Verdict::Better),
    ] {
        let world = asked_again(mend, spoil);
        let judge = Judge::perfect(&world);
        let right = |text: &str| -> Vec<f64> {
            let outcomes = run(&world, &judge, &tasks(&world, &spec(text), &frame), 64).outcomes;
            outcomes
                .iter()
                .map(|outcome| f64::from(u8::from(is_right(outcome))))
                .collect()
        };
        let plain = right("sample");
        let comparison = compare(&right("self-correction:rounds=1"), &plain, 1).unwrap();
        assert_eq!(comparison.verdict, verdict, "{comparison:?}");
        // First answers are the same, so that problems are pairs; the mean chance is .6995.
        let exact = 0.3005 * mend - 0.6995 * spoil;
        let interval = comparison.difference.interval.unwrap();
        assert!(
            (interval.low..=interval.high).contains(&exact),
            "{comparison:?} {exact}"
        );
        let checked = compare(&right("self-correction:rounds=1,checker=true"), &plain, 1).unwrap();
        let expected = if mend > 0.0 {
            Verdict::Better
        } else {
            Verdict::Undecided
        };
        assert_eq!(checked.verdict, expected, "{checked:?}");
    }
}

#[test]
fn strategies_are_compared_at_equal_tokens() {
    let setting = |right: [f64; 2], tokens: [f64; 2]| Measured {
        right: right.to_vec(),
        tokens: tokens.to_vec(),
    };
    let settings = [
        setting([0.8, 0.4], [300.0, 100.0]),
        setting([0.2, 0.4], [50.0, 50.0]),
        setting([1.0, 0.5], [800.0, 800.0]),
    ];
    assert_eq!(at_tokens(&settings, 125.0).unwrap(), [0.5, 0.4]);
    assert_eq!(at_tokens(&settings, 50.0).unwrap(), [0.2, 0.4]);
    assert_eq!(at_tokens(&settings, 800.0).unwrap(), [1.0, 0.5]);
    for tokens in [49.0, 801.0, f64::NAN] {
        let error = at_tokens(&settings, tokens).unwrap_err().to_string();
        assert!(error.contains("from 50.0 to 800.0"), "{error}");
    }
    assert!(at_tokens(&[], 1.0).is_err());
}

#[test]
fn quintiles_and_entropies() {
    let ease: Vec<f64> = (0..50).map(f64::from).collect();
    let quintiles = Quintiles::of(&ease).unwrap();
    let bins: Vec<usize> = ease.iter().map(|ease| quintiles.bin(*ease)).collect();
    assert!((0..5).all(|bin| bins.iter().filter(|other| **other == bin).count() == 10));
    assert_eq!((bins[0], bins[49]), (0, 4));
    let means = by_quintile(&ease, &ease, 1).unwrap();
    let means: Vec<f64> = means.iter().map(|mean| mean.found().unwrap().value).collect();
    assert_eq!(means, [4.5, 14.5, 24.5, 34.5, 44.5]);
    // All are of one kind, so that the others have none.
    let same = by_quintile(&[0.5; 9], &ease[..9], 1).unwrap();
    assert!(same[..4].iter().all(|mean| mean.found().is_none()) && same[4].found().is_some());
    assert!(by_quintile(&ease, &ease[1..], 1).is_err());
    assert!(Quintiles::of(&[1.0; 4]).is_err() && Quintiles::of(&[f64::NAN; 9]).is_err());
    assert_eq!(vote_entropy(&[Some("a"), Some("a")]), 0.0);
    assert!((vote_entropy(&[Some("a"), Some("b"), None, None]) - 4_f64.ln()).abs() < 1e-12);
}

/// A strategy that is good for easy problems and one that is good for hard ones, each measured twice over.
fn two_kinds(problems: usize, spread: f64) -> (Vec<f64>, Vec<Vec<Measured>>) {
    let mut stream = Stream::new(4, "kinds", 0);
    let ease: Vec<f64> = (0..problems).map(|_| stream.uniform()).collect();
    let setting = |slope: f64, tokens: f64, stream: &mut Stream| {
        let gain = if tokens > 500.0 { 0.02 } else { 0.0 };
        let mut right = |ease: &f64| {
            let p = 0.5 + slope * spread * (ease - 0.5) + gain;
            (0..16).filter(|_| stream.uniform() < p).count() as f64 / 16.0
        };
        Measured {
            right: ease.iter().map(&mut right).collect(),
            tokens: vec![tokens; problems],
        }
    };
    let strategy = |slope: f64| {
        vec![
            setting(slope, 100.0, &mut stream),
            setting(slope, 1000.0, &mut stream),
        ]
    };
    let strategies = [1.0, -1.0].map(strategy).to_vec();
    (ease, strategies)
}

#[test]
fn a_strategy_is_chosen_by_a_pilot_that_is_paid_for() {
    let (ease, strategies) = two_kinds(300, 0.6);
    let pilot = |tokens: f64| Pilot {
        ease: ease.clone(),
        tokens: vec![tokens; 300],
    };
    let piloted = by_pilot(&pilot(50.0), &strategies, 900.0, 1).unwrap();
    assert_eq!(piloted.comparison.verdict, Verdict::Better, "{piloted:?}");
    for chosen in &piloted.chosen {
        assert_eq!((chosen[0], chosen[4]), (1, 0));
    }
    // The mean of what is chosen, where half of the problems gain .15 by it and the others as much.
    assert!((piloted.comparison.value - 0.65).abs() < 0.03, "{piloted:?}");
    // What a pilot takes is taken from what is left.
    let error = by_pilot(&pilot(850.0), &strategies, 900.0, 1)
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("50 tokens a problem"), "{error}");
    // Where both do the same for all, nothing is gained.
    let (ease, strategies) = two_kinds(300, 0.0);
    let pilot = Pilot {
        ease,
        tokens: vec![300.0; 300],
    };
    let piloted = by_pilot(&pilot, &strategies, 900.0, 1).unwrap();
    assert_ne!(piloted.comparison.verdict, Verdict::Better, "{piloted:?}");
}

#[test]
fn pilots_tell_how_easy_problems_are() {
    let chances = |at: usize| Chances::of_steps(&[0.05 + 0.9 * at as f64 / 300.0]);
    let world = World::new((0..300).map(chances).collect());
    let judge = Judge::new(&world, 0.9, 0.2);
    let outcomes = run(
        &world,
        &judge,
        &tasks(&world, &spec("best-of-n:samples=6"), &Frame::default()),
        32,
    )
    .outcomes;
    let mut votes = outcomes.clone();
    // The vote of a problem nobody answers tells nothing.
    votes[7].candidates.clear();
    for (outcomes, by) in [
        (&outcomes, Ease::Score),
        (&outcomes, Ease::LogProbability),
        (&votes, Ease::Agreement),
    ] {
        let pilot = Pilot::of(outcomes, by);
        assert!(
            pilot.ease.iter().all(|ease| ease.is_finite()) && pilot.tokens[0] == 18.0,
            "{by:?}"
        );
        let half = |ease: &[f64]| ease.iter().sum::<f64>() / 150.0;
        assert!(half(&pilot.ease[150..]) > half(&pilot.ease[..150]), "{by:?}");
        let hardest = pilot.ease.iter().copied().fold(f64::INFINITY, f64::min);
        assert!(by != Ease::Agreement || pilot.ease[7] == hardest);
    }
}

#[test]
fn strategies_of_a_world_are_compared_at_equal_tokens_with_a_pilot() {
    // Hard problems are solved by more samples, and easy ones by fewer: the first accepted one is enough for both.
    let chances = |at: usize| Chances::of_steps(&[if at.is_multiple_of(2) { 0.95 } else { 0.15 }]);
    let world = World::new((0..400).map(chances).collect());
    let judge = Judge::perfect(&world);
    let outcomes = |text: &str, seed| {
        let frame = Frame {
            seed,
            ..Frame::default()
        };
        run(&world, &judge, &tasks(&world, &spec(text), &frame), 64).outcomes
    };
    let measured = |texts: [&str; 3]| {
        texts
            .map(|text| Measured::of(&outcomes(text, 1), is_right))
            .to_vec()
    };
    let best = measured([
        "best-of-n:samples=1",
        "best-of-n:samples=4",
        "best-of-n:samples=16",
    ]);
    let first = measured([
        "first-verified:samples=1",
        "first-verified:samples=8",
        "first-verified:samples=32",
    ]);
    let at = |settings: &[Measured]| at_tokens(settings, 12.0).unwrap();
    let comparison = compare(&at(&first), &at(&best), 1).unwrap();
    assert_eq!(comparison.verdict, Verdict::Better, "{comparison:?}");
    // Nothing is left to choose by difficulty where one strategy is better for all.
    let pilot = Pilot::of(&outcomes("best-of-n:samples=1", 2), Ease::Score);
    let piloted = by_pilot(&pilot, &[best, first], 12.0, 1).unwrap();
    assert_eq!(piloted.fixed, [1, 1]);
    assert_eq!(piloted.comparison.verdict, Verdict::Worse, "{piloted:?}");
}

#[test]
fn false_accepts_cap_what_choosing_comes_to() {
    let mut stream = Stream::new(9, "judged", 0);
    let (right_rate, wrong_rate) = (0.9, 0.15);
    let mut caps = 0.0;
    let mut judged = |at: usize| {
        let p = [0.05, 0.2, 0.6][at % 3];
        caps += cap(p, right_rate, wrong_rate) / 300.0;
        let mut counts = Judged {
            right: 0,
            right_accepted: 0,
            wrong: 0,
            wrong_accepted: 0,
        };
        for _ in 0..64 {
            if stream.uniform() < p {
                counts.right += 1;
                counts.right_accepted += u64::from(stream.uniform() < right_rate);
            } else {
                counts.wrong += 1;
                counts.wrong_accepted += u64::from(stream.uniform() < wrong_rate);
            }
        }
        counts
    };
    let problems: Vec<Judged> = (0..300).map(&mut judged).collect();
    let told = false_accepts(&problems, 2).unwrap();
    for (estimate, truth) in [
        (told.right_accepted, right_rate),
        (told.wrong_accepted, wrong_rate),
        (told.cap, caps),
    ] {
        let interval = estimate.interval.unwrap();
        assert!(
            (interval.low..=interval.high).contains(&truth),
            "{estimate:?} {truth}"
        );
    }
    // A search comes to the cap, and not beyond it.
    let world = World::new(vec![Chances::of_steps(&[0.2])]);
    let judge = Judge::new(&world, right_rate, wrong_rate);
    let (accuracy, _) = measured(
        &world,
        &judge,
        &spec("first-verified:samples=64"),
        &Frame::default(),
        4000,
    );
    agrees("first verified", accuracy, cap(0.2, right_rate, wrong_rate), 4000);
    let impossible = Judged {
        right: 1,
        right_accepted: 2,
        wrong: 0,
        wrong_accepted: 0,
    };
    assert!(
        false_accepts(&[impossible; 9], 0)
            .unwrap_err()
            .to_string()
            .starts_with("problem 0")
    );
}
