//! Searches over steps against closed forms and enumeration.

use triaxis_search::Frame;
use triaxis_search::simulated::Judge;
use triaxis_search::strategies::Rebase;

use crate::exact::{best_of, holds, judged, world};
use crate::worlds::{enumerated, run, spec, tasks};

/// The probability that a chain of choices among `m` steps, each by what the verifier says of it, stays right.
fn greedy_steps(steps: &[f64], m: u64, right: f64, wrong: f64) -> f64 {
    steps
        .iter()
        .map(|step| best_of(&judged(*step, right, wrong), m))
        .product()
}

#[test]
fn trees_of_steps() {
    let steps = [0.6, 0.5];
    let world = world(&steps);
    let judge = Judge::perfect(&world);
    let greedy = greedy_steps(&steps, 2, 1.0, 0.0);
    holds(&world, &judge, "dvts:beams=2,width=2", greedy, true);
    holds(
        &world,
        &judge,
        "dvts:beams=4,width=2",
        1.0 - (1.0 - greedy).powi(2),
        false,
    );
    holds(&world, &judge, "beam:beams=2,width=2", greedy, true);
    holds(
        &world,
        &judge,
        "beam:beams=4,width=4",
        greedy_steps(&steps, 4, 1.0, 0.0),
        false,
    );
    for aggregate in ["min", "product"] {
        let text = format!("dvts:beams=4,width=2,aggregate={aggregate}");
        holds(&world, &judge, &text, 1.0 - (1.0 - greedy).powi(2), false);
    }
    // The last step goes on to the end: with one step these are samples, the best of which is chosen.
    for text in [
        "dvts:beams=3,width=3,depth=1",
        "beam:beams=3,width=3,depth=1",
        "rebase:width=3,depth=1,pick=best",
    ] {
        let erring = Judge::new(&world, 0.8, 0.3);
        holds(&world, &erring, text, best_of(&judged(0.3, 0.8, 0.3), 3), false);
    }
    // One tree is a chain of choices, each by what the verifier says, which errs.
    let erring = Judge::new(&world, 0.9, 0.3);
    holds(
        &world,
        &erring,
        "dvts:beams=3,width=3",
        greedy_steps(&steps, 3, 0.9, 0.3),
        false,
    );
}

/// Beams that are kept two of four, by a perfect verifier: how many of them are right after each step.
#[test]
fn beams_that_are_kept() {
    let steps = [0.3, 0.5, 0.6];
    let choose = |n: u64, k: u64, p: f64| {
        let ways = (0..k)
            .map(|at| (n - at) as f64 / (at + 1) as f64)
            .product::<f64>();
        ways * p.powi(k as i32) * (1.0 - p).powi((n - k) as i32)
    };
    // At first four grow from nothing; then two copies of each kept one.
    let mut kept = [0.0; 3];
    for right in 0..=4_u64 {
        kept[right.min(2) as usize] += choose(4, right, steps[0]);
    }
    for step in &steps[1..] {
        let mut next = [0.0; 3];
        for (parents, chance) in kept.iter().enumerate() {
            for right in 0..=2 * parents as u64 {
                next[right.min(2) as usize] += chance * choose(2 * parents as u64, right, *step);
            }
        }
        kept = next;
    }
    let world = world(&steps);
    holds(
        &world,
        &Judge::perfect(&world),
        "beam:beams=4,width=2",
        1.0 - kept[0],
        false,
    );
}

/// REBASE by a perfect verifier: how many of its branches are right after each step, their children being shared out by the
/// rule that has a test of its own.
#[test]
fn balanced_trees() {
    let steps = [0.4, 0.5, 0.6];
    let width = 4_u64;
    let choose = |n: u64, k: u64, p: f64| {
        let ways = (0..k)
            .map(|at| (n - at) as f64 / (at + 1) as f64)
            .product::<f64>();
        ways * p.powi(k as i32) * (1.0 - p).powi((n - k) as i32)
    };
    let mut right = vec![0.0; width as usize + 1];
    for count in 0..=width {
        right[count as usize] = choose(width, count, steps[0]);
    }
    for step in &steps[1..] {
        let mut next = vec![0.0; width as usize + 1];
        for (count, chance) in right.iter().enumerate() {
            let scores: Vec<f64> = (0..width as usize)
                .map(|at| f64::from(u8::from(at < count)))
                .collect();
            let children: u64 = Rebase::children(width, &scores, 0.2)[..count].iter().sum();
            for more in 0..=children {
                next[more as usize] += chance * choose(children, more, *step);
            }
        }
        right = next;
    }
    let world = world(&steps);
    holds(
        &world,
        &Judge::perfect(&world),
        "rebase:width=4",
        1.0 - right[0],
        false,
    );
    let pair = crate::exact::world(&[0.6, 0.5]);
    let judge = Judge::perfect(&pair);
    let text = "rebase:width=2,pick=best";
    let (exact, _) = enumerated(&pair, &judge, &spec(text), &Frame::default());
    holds(&pair, &judge, text, exact, true);
}

#[test]
fn steps_are_shared_out_to_the_last() {
    for width in 1..40 {
        for scores in [
            vec![0.3; 7],
            vec![0.9, 0.5, 0.5, 0.1],
            vec![1.0],
            vec![f64::NEG_INFINITY; 3],
        ] {
            let children = Rebase::children(width, &scores, 0.2);
            assert_eq!(children.iter().sum::<u64>(), width, "{scores:?}");
            assert!(children.is_sorted_by(|one, other| one >= other), "{children:?}");
        }
    }
    // e^(.8 ÷ .2) = 54.6 to 1: of 16 one is left.
    assert_eq!(Rebase::children(16, &[0.9, 0.1], 0.2), [16, 0]);
    assert_eq!(Rebase::children(16, &[0.5, 0.4, 0.3], 0.2), [9, 5, 2]);
}

#[test]
fn monte_carlo_trees() {
    let steps = [0.5, 0.6];
    let world = world(&steps);
    let judge = Judge::perfect(&world);
    // One simulation is as many independent samples as a node has children.
    for children in [1, 2] {
        let text = format!("mcts:simulations=1,children={children}");
        holds(&world, &judge, &text, 1.0 - 0.7_f64.powi(children), true);
    }
    let text = "mcts:simulations=2,children=2,exploration=0.1";
    let (exact, _) = enumerated(&world, &judge, &spec(text), &Frame::default());
    // Where both rollouts are wrong the second simulation goes below the first child. Its step was right all the same with
    // probability .5 × .4 ÷ .7, and then either of two children may be.
    let missed = 0.49 * (1.0 - (0.2 / 0.7) * (1.0 - 0.4_f64.powi(2)));
    assert!((exact - (1.0 - missed)).abs() < 1e-9, "{exact} {}", 1.0 - missed);
    holds(&world, &judge, text, exact, false);
}

#[test]
fn all_steps_of_a_trees_last_turn_are_answers() {
    let world = world(&[0.6, 0.5]);
    let judge = Judge::new(&world, 0.9, 0.3);
    let outcomes = run(
        &world,
        &judge,
        &tasks(&world, &spec("dvts:beams=6,width=3"), &Frame::default()),
        4,
    )
    .outcomes;
    let candidates = &outcomes[0].candidates;
    assert_eq!(candidates.len(), 6);
    // Two steps and the answer of each; the beginnings of a tree's answers are one text.
    assert!(
        candidates
            .iter()
            .all(|candidate| candidate.is_whole() && candidate.tickets.len() == 3)
    );
    assert!(
        candidates
            .chunks(3)
            .all(|tree| tree.iter().all(|one| one.tickets[..2] == tree[0].tickets[..2]))
    );
}
