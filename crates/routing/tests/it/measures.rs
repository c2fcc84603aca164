use triaxis_routing::{Load, Routes, Stability};

fn routes(experts: usize, top: usize, chosen: &[u32], probabilities: &[f32]) -> Routes {
    Routes::new(experts, top, chosen.to_vec(), probabilities.to_vec()).unwrap()
}

#[test]
fn a_load_is_counted_by_hand() {
    // Six choices of three tokens: experts 0 and 1 have two and three, 2 has one, 3 none.
    let probabilities = [[0.5, 0.5, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.5, 0.5, 0.5, 0.5]];
    let load = Load::of(&routes(4, 2, &[0, 1, 0, 1, 1, 2], probabilities.as_flattened()));
    let shares = [2.0, 3.0, 1.0, 0.0].map(|count| count / 6.0);
    assert_eq!(load.shares, shares);
    assert_eq!((load.dead.as_slice(), load.most), ([3].as_slice(), 2.0));
    // The shares over their mean are 4/3, 2, 2/3 and 0.
    let variance = (1.0 / 9.0 + 1.0 + 1.0 / 9.0 + 1.0) / 4.0;
    assert!((load.variation - f64::sqrt(variance)).abs() < 1e-12);
    // One bit of two, none, and both.
    assert!((load.entropy - (0.5 + 0.0 + 1.0) / 3.0).abs() < 1e-12);
}

#[test]
fn loads_alike_are_balanced_and_an_expert_of_few_tokens_is_dead() {
    let chosen: Vec<u32> = (0..800).map(|token| token % 8).collect();
    let load = Load::of(&routes(8, 1, &chosen, &vec![0.1; 6400]));
    assert!(load.variation < 1e-12 && load.dead.is_empty() && (load.entropy - 1.0).abs() < 1e-6);
    // One of a thousand choices is less than a hundredth of a fourth, three are more.
    for (many, dead) in [(1, vec![3]), (3, vec![])] {
        let chosen: Vec<u32> = (0..1000)
            .map(|token| if token < many { 3 } else { token % 3 })
            .collect();
        assert_eq!(Load::of(&routes(4, 1, &chosen, &vec![1.0; 4000])).dead, dead);
    }
}

#[test]
fn stability_is_counted_by_hand_beside_what_chance_gives() {
    let now = routes(4, 2, &[0, 1, 2, 3, 0, 2], &[1.0; 12]);
    let stability = Stability::between(&[1, 0, 2, 1, 1, 3], &now).unwrap();
    assert!((stability.same - 1.0 / 3.0).abs() < 1e-12 && (stability.overlap - 0.5).abs() < 1e-12);
    // Before 1, 3, 1 and 1 of the experts, now 2, 1, 2 and 1: 8 of 18 meetings.
    assert!((stability.by_chance - 8.0 / 18.0).abs() < 1e-12);
    let itself: Vec<u32> = now.choices().flatten().copied().collect();
    let stability = Stability::between(&itself, &now).unwrap();
    assert_eq!((stability.same, stability.overlap), (1.0, 1.0));
    // Of a router that sends all to one expert all is kept, and all of it by chance.
    let collapsed = routes(4, 1, &[2; 50], &[1.0; 200]);
    let stability = Stability::between(&[2; 50], &collapsed).unwrap();
    assert_eq!((stability.overlap, stability.by_chance), (1.0, 1.0));
    assert!(Stability::between(&[0, 1], &now).is_err());
}

#[test]
fn what_are_no_routes_is_refused() {
    for (experts, top, chosen, probabilities, said) in [
        (2, 3, vec![0, 1, 0], vec![1.0; 2], "3 of 2 experts"),
        (2, 0, vec![], vec![], "0 of 2 experts"),
        (2, 1, vec![0, 1], vec![1.0; 3], "do not fit"),
        (3, 2, vec![0, 1, 0], vec![1.0; 3], "do not fit"),
        (2, 1, vec![2], vec![1.0; 2], "below 2"),
        (3, 2, vec![1, 1], vec![1.0; 3], "different ones"),
        (2, 1, vec![0], vec![0.0; 2], "not all 0"),
        (2, 1, vec![0], vec![-1.0, 2.0], "0 or more"),
        (2, 1, vec![0], vec![f32::NAN, 2.0], "not all 0"),
    ] {
        let error = Routes::new(experts, top, chosen, probabilities)
            .unwrap_err()
            .to_string();
        assert!(error.contains(said), "{error}");
    }
}
