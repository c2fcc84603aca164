//! The data wall: what repeats and fresh tokens are worth, and how new a corpus is.

use proptest::prelude::*;
use triaxis_laws::forms::{Coupled, DataConstrained};
use triaxis_laws::numeric::Stream;
use triaxis_plan::Uncertain;
use triaxis_plan::wall::{Fresh, Growth, REPEATS_WORTH, Vocabulary, Wall, WallSpec, epochs, trend};

use crate::near;

#[test]
fn epochs_are_worth_less_and_less() {
    let published = Uncertain::certain(15.39);
    for (passes, worth, next) in [
        (2.0, 1.97, 0.94),
        (4.0, 3.73, 0.82),
        (8.0, 6.62, 0.635),
        (16.0, 10.58, 0.38),
        (40.0, 15.17, 0.08),
    ] {
        let epochs = epochs(passes, &published);
        near(epochs.worth.value(), worth, 0.0051);
        near(epochs.next.value(), next, 0.0051);
        // The next pass is the slope of all of them.
        let slope = (DataConstrained::data_multiplier(15.39, passes + 1e-5) - epochs.worth.value()) / 1e-5;
        near(epochs.next.value(), slope, 1e-4);
    }
    let (value, low, high) = REPEATS_WORTH;
    let wide = epochs(40.0, &Uncertain::new(value, low, high).unwrap());
    assert!(wide.next.low() < 0.001 && wide.next.high() > 0.6, "{wide:?}");
}

#[test]
fn a_fresh_token_is_worth_the_slope_of_the_law() {
    for gamma in [1.0, 0.47] {
        let law = Coupled {
            E: 1.8,
            A: 482.0,
            B: 2085.0,
            alpha: 0.348,
            beta: 0.366,
            gamma,
        };
        let (params, tokens) = (7e9, 2e12);
        let fresh = Fresh::at(&law, params, tokens);
        let slope = |more_params: f64, more_tokens: f64| {
            (law.loss(params, tokens) - law.loss(params * more_params, tokens * more_tokens)) / 1e-6
        };
        near(fresh.tokens / slope(1.0, 1e-6_f64.exp()), 1.0, 1e-5);
        near(fresh.params / slope(1e-6_f64.exp(), 1.0), 1.0, 1e-5);
        near(fresh.next_token(tokens), fresh.tokens / tokens, 1e-25);
        assert!(fresh.favours_tokens(1.0, 1e9) && !fresh.favours_tokens(1e9, 1.0));
    }
}

#[test]
fn where_data_bind() {
    // Epoch AI's toy with 3e14 tokens: parameters have as much loss left as data at 6 D^2 / 20 = 2.7e28 operations.
    let law = Coupled {
        E: 1.69,
        A: 514.0,
        B: 2115.2,
        alpha: 0.35,
        beta: 0.37,
        gamma: 1.0,
    };
    near(Fresh::at(&law, 1e13, 3e14).plateau, 0.00931, 0.000005);
    let bound: f64 = 6.0 * 3e14 * (3e14 / 20.0);
    near(bound / 1e28, 2.7, 1e-9);
    // The plateau is what a compute-optimal run of about 3e30 operations reaches in all.
    let best = law.optimum(3e30, 6.0).unwrap();
    near((law.loss(best.params, best.tokens) - law.E) / 0.00931, 1.0, 0.1);
}

#[test]
fn a_spec_of_its_own_moves_the_wall() {
    let mut spec = WallSpec::published().unwrap();
    assert!(spec.tiers.iter().all(|tier| !tier.source.is_empty()) && spec.tiers.len() >= 3);
    let published = Wall::simulate(&spec, 1, 4000).unwrap();
    assert_eq!(published, Wall::simulate(&spec, 1, 4000).unwrap());
    spec.field.largest = Uncertain::certain(1e14);
    let later = published.meeting.year.median();
    let sooner = Wall::simulate(&spec, 1, 4000).unwrap().meeting.year.median();
    assert!(sooner < later - 2.0, "{sooner} {later}");
    // Five times the tokens of the trend come about two years before it, a hundred times about six.
    near(
        later - published.meeting_at(5.0).year.median(),
        5.0_f64.log10() / 0.337,
        0.3,
    );
    assert!(published.holds(1e13, 2024.0) > 0.99 && published.holds(1e17, 2024.0) < 0.01);
    // A stock that grows faster than what is taken is never met.
    spec.field.slope = Uncertain::certain(0.01);
    assert!(Wall::simulate(&spec, 1, 1000).unwrap().meeting.never > 0.9);
    // Steps that leave no bytes are said, not folded in.
    spec.stock.short_of_six_bytes = Uncertain::new(7.0, 5.0, 9.0).unwrap();
    let refused = Wall::simulate(&spec, 1, 1000).unwrap_err().to_string();
    assert!(refused.contains("must lie well below 6"), "{refused}");
    assert!(Wall::simulate(&spec, 1, 10).is_err());
    let text = toml::to_string(&WallSpec::published().unwrap()).unwrap();
    assert!(toml::from_str::<WallSpec>(&text).is_ok());
}

#[test]
fn a_trend_is_told_from_ten_rows_or_not_at_all() {
    let rows: Vec<_> = (0..12)
        .map(|year| {
            (
                format!("{}-07-01", 2010 + year).parse().unwrap(),
                10_f64.powf(7.0 + 0.4 * f64::from(year)),
            )
        })
        .collect();
    let told = trend(&rows, 1, 200).unwrap();
    near(told.slope.value, 0.4, 0.001);
    assert!(
        told.slope
            .interval
            .is_some_and(|interval| interval.low <= 0.4 && interval.high >= 0.399)
    );
    assert!(trend(&rows[..9], 1, 200).is_err());
    let same: Vec<_> = rows.iter().map(|row| (rows[0].0, row.1)).collect();
    assert!(
        trend(&same, 1, 200)
            .unwrap_err()
            .to_string()
            .contains("rows of one day")
    );
}

/// Draws of pieces whose frequencies fall as `rank^-power` over so many kinds.
fn zipf(kinds: usize, power: f64, draws: usize, seed: u64) -> Vec<usize> {
    let mut total = 0.0;
    let sums: Vec<f64> = (1..=kinds)
        .map(|rank| {
            total += (rank as f64).powf(-power);
            total
        })
        .collect();
    let mut stream = Stream::new(seed, "zipf", 0);
    (0..draws)
        .map(|_| {
            let at = stream.uniform() * total;
            sums.partition_point(|sum| *sum < at)
        })
        .collect()
}

fn counts(pieces: &[usize], kinds: usize) -> Vec<u64> {
    let mut counts = vec![0; kinds + 1];
    pieces.iter().for_each(|piece| counts[*piece] += 1);
    counts
}

#[test]
fn the_next_piece_is_as_new_as_good_and_turing_say() {
    let (kinds, seen, more) = (200_000, 20_000, 4_000);
    let mut held = 0;
    for seed in 0..60 {
        let pieces = zipf(kinds, 1.1, seen + more, seed);
        let known = counts(&pieces[..seen], kinds);
        let novelty = Vocabulary::of(known.iter().copied()).novelty().unwrap();
        // The chance itself: the frequencies of all that was not seen.
        let weight = |rank: usize| (rank as f64 + 1.0).powf(-1.1);
        let all: f64 = (0..kinds).map(weight).sum();
        let unseen: f64 = (0..kinds).filter(|rank| known[*rank] == 0).map(weight).sum();
        held += usize::from((novelty.low().0..=novelty.high().0).contains(&(unseen / all)));
    }
    // 90% of 60 are 54; fewer than 48 or all of them come by chance once in 100.
    assert!((48..=60).contains(&held), "{held}");
    let none = Vocabulary::of([5, 6, 7]).novelty().unwrap_err().to_string();
    assert!(none.contains("0 of 18 pieces were seen once"), "{none}");
}

#[test]
fn growth_reaches_ten_times_the_largest_sample() {
    let mut held = 0;
    let mut worlds = 0;
    for (kinds, power) in [(2_000_000, 1.1), (300_000, 1.0), (2_000_000, 1.5), (50_000, 0.8)] {
        for seed in 0..5 {
            let pieces = zipf(kinds, power, 400_000, seed);
            let distinct = |size: usize| {
                counts(&pieces[..size], kinds)
                    .iter()
                    .filter(|count| **count > 0)
                    .count() as f64
            };
            let sizes = [1_250, 2_500, 5_000, 10_000, 20_000, 40_000];
            let seen: Vec<(f64, f64)> = sizes.iter().map(|size| (*size as f64, distinct(*size))).collect();
            let growth = Growth::of(&seen).unwrap();
            let (truth, told) = (distinct(400_000), growth.distinct(400_000.0));
            worlds += 1;
            held += usize::from((told.low()..=told.high()).contains(&truth));
            near((told.value() / truth).ln(), 0.0, 0.45);
            near(growth.reach(400_000.0), 10.0, 1e-9);
            // A rate from a tenth of a corpus is not the corpus's.
            let [expected, least, most] = growth.duplicates(400_000.0);
            assert!(least <= expected && expected <= most && expected > 1.0 - seen[5].1 / seen[5].0);
        }
    }
    assert!(held * 10 >= worlds * 8, "{held} of {worlds}");
}

#[test]
fn growth_needs_sizes_that_differ() {
    for (sizes, said) in [
        (vec![(10.0, 5.0), (20.0, 8.0)], "so few sizes"),
        (vec![(10.0, 5.0); 6], "so few sizes"),
        (vec![(10.0, 11.0); 6], "cannot be"),
        (vec![(10.0, 0.0); 6], "cannot be"),
    ] {
        let error = Growth::of(&sizes).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
    // All different: each added piece is new.
    let all: Vec<(f64, f64)> = [10.0, 100.0, 1e3, 1e4].map(|size| (size, size)).to_vec();
    near(Growth::of(&all).unwrap().new_for_each(1e5), 1.0, 0.01);
}

proptest! {
    #[test]
    fn what_growth_tells_can_be(sizes in prop::collection::vec((1.0f64..1e12, 0.0f64..1.0), 0..9), at in 0.0f64..1e15) {
        let counts: Vec<(f64, f64)> = sizes.iter().map(|(size, share)| (*size, (size * share).max(1.0))).collect();
        if let Ok(growth) = Growth::of(&counts) {
            let told = growth.distinct(at);
            prop_assert!(told.low() >= 1.0 && told.high() <= at.max(1.0) * (1.0 + 1e-9), "{told:?}");
            prop_assert!((0.0..=1.0).contains(&growth.new_for_each(at)));
        }
    }
}
