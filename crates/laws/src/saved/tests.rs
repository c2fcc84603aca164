use proptest::prelude::*;

use super::*;
use crate::fit::{FitOptions, fit};
use crate::forms::{Expression, ExpressionParameter, find};
use crate::numeric::Stream;
use crate::observations::Observations;

fn table() -> Observations {
    let mut stream = Stream::new(7, "saved", 0);
    let (mut params, mut tokens, mut loss) = (vec![], vec![], vec![]);
    for size in [2e7_f64, 5e7, 1.25e8, 3e8] {
        for ratio in [5.0, 20.0, 80.0, 160.0] {
            params.push(size);
            tokens.push(ratio * size);
            let law = 1.8 + 480.0 / size.powf(0.35) + 2100.0 / (ratio * size).powf(0.37);
            loss.push(law * (0.002 * stream.normal()).exp());
        }
    }
    let flops = params.iter().zip(&tokens).map(|(n, d)| 6.0 * n * d).collect();
    let columns = [
        ("params", params),
        ("tokens", tokens),
        ("flops", flops),
        ("loss", loss),
    ];
    let columns = columns.into_iter();
    columns.fold(Observations::new(), |table, (name, values)| {
        table.with(name, values).unwrap()
    })
}

fn options() -> FitOptions {
    FitOptions {
        replicates: 40,
        ..FitOptions::default()
    }
}

fn member(form: &str, weight: f64) -> SavedMember {
    let form = find(form).unwrap();
    SavedMember::new(form, &fit(form, &table(), &options()).unwrap(), weight)
}

fn law() -> SavedLaw {
    let members = vec![member("power-law", 1.0), member("chinchilla", 3.0)];
    SavedLaw::new("runs.csv", "loss", Some("nats/token"), 0.9, members)
}

fn read(text: &str) -> Result<SavedLaw, String> {
    let law: SavedLaw = serde_json::from_str(text).map_err(|error| error.to_string())?;
    law.validate().map_err(|error| error.to_string())?;
    Ok(law)
}

#[test]
fn a_law_is_read_as_it_was_written_and_says_what_the_fit_said() {
    let saved = law();
    assert_eq!(read(&serde_json::to_string(&saved).unwrap()).as_ref(), Ok(&saved));
    assert_eq!(saved.members[0].form, "chinchilla");
    assert!((saved.members[0].weight - 0.75).abs() < 1e-12);
    let found = fit(find("chinchilla").unwrap(), &table(), &options()).unwrap();
    assert_eq!(saved.members[0].best(), found.best);
    assert_eq!(saved.members[0].draws, found.replicates);
    assert_eq!(saved.members[0].noise.unwrap().kind, NoiseKind::Relative);
    assert_eq!(Some(saved.members[0].noise.unwrap().value), found.noise);
    assert_eq!(saved.members[0].spans, found.sampled);
    let evaluator = saved.evaluator().unwrap();
    assert_eq!(evaluator.inputs(), ["params", "tokens", "flops"]);
    let run = [1e8, 2e9, 1.2e18];
    let of = |member: &SavedMember, inputs: &[f64]| {
        let logs: Vec<f64> = inputs.iter().map(|input| input.ln()).collect();
        let form = find(&member.form).unwrap();
        form.value(&member.best(), &logs, &mut vec![0.0; member.parameters.len()])
    };
    let mean = 0.75 * of(&saved.members[0], &run[..2]) + 0.25 * of(&saved.members[1], &run[2..]);
    assert!((evaluator.best(&run) - mean).abs() < 1e-12);
    for draw in 0..evaluator.draws() {
        assert!((evaluator.value(draw, &run) / mean - 1.0).abs() < 0.05);
    }
}

/// Any first part of the draws is as the whole: in shares, and in what it takes of each form.
#[test]
fn draws_of_an_average_are_a_fair_choice_from_the_first_on() {
    let mut saved = law();
    // A posterior's draws come sorted.
    for member in &mut saved.members {
        let best = member.best();
        member.draws = (0..1000).map(|at| vec![f64::from(at); best.len()]).collect();
    }
    let evaluator = saved.evaluator().unwrap();
    assert_eq!(evaluator.draws(), 1000);
    for part in [40, 100, 500, 1000] {
        let of_first: Vec<f64> = (0..part)
            .filter(|draw| evaluator.member(*draw) == 0)
            .map(|draw| evaluator.order[draw].1 as f64)
            .collect();
        let share = of_first.len() as f64 / part as f64;
        assert!((share - 0.75).abs() < 0.03, "{share} of {part}");
        let mean = of_first.iter().sum::<f64>() / of_first.len() as f64;
        // Drawn at random it would be off by 1.2 over the root of their number.
        let most = 3.0 / of_first.len() as f64 + 0.002;
        assert!((mean / 500.0 - 1.0).abs() < most, "{mean} of {part}");
    }
    saved.members[1].draws.clear();
    let evaluator = saved.evaluator().unwrap();
    let of_none = (0..1000).find(|draw| evaluator.member(*draw) == 1).unwrap();
    assert!(evaluator.value(of_none, &[1e8, 2e9, 1.2e18]).is_finite());
    saved.members[0].draws.clear();
    assert_eq!(saved.evaluator().unwrap().draws(), 0);
}

#[test]
fn a_user_s_form_is_saved_whole_and_a_parameter_that_was_held_is_in_its_place() {
    let parameter = |name: &str, start| ExpressionParameter {
        name: name.into(),
        starts: vec![start],
        positive: true,
    };
    let spec = ExpressionSpec {
        name: "mine".into(),
        response: "loss".into(),
        equation: "E + A / params^a".into(),
        parameters: vec![parameter("E", 1.0), parameter("A", 100.0), parameter("a", 0.3)],
        residual: Residual::Linear,
    };
    let form = Expression::new(spec.clone()).unwrap();
    let found = fit(&form, &table(), &options()).unwrap();
    let own = SavedMember::new(&form, &found, 1.0).of_user(&spec);
    let saved = SavedLaw::new("runs.csv", "loss", None, 0.9, vec![own]);
    let read = read(&serde_json::to_string(&saved).unwrap()).unwrap();
    let law = read.evaluator().unwrap();
    let mut gradient = [0.0; 3];
    let expected = crate::form::LawForm::value(&form, &found.best, &[1e8], &mut gradient);
    assert_eq!(law.best(&[1e8]), expected);
    assert_eq!(read.members[0].noise.unwrap().kind, NoiseKind::Absolute);

    let held = Restricted::new(find("chinchilla").unwrap())
        .fix("beta", 0.37)
        .unwrap();
    let found = fit(&held, &table(), &options()).unwrap();
    let member = SavedMember::held(&held, &found);
    let beta = member.parameters.last().unwrap();
    assert!(beta.held && beta.estimate == Estimate::point(0.37));
    assert!(member.draws.iter().all(|draw| draw.len() == 5 && draw[4] == 0.37));
    assert!(
        SavedLaw::new("", "loss", None, 0.9, vec![member])
            .validate()
            .is_ok()
    );
}

#[test]
fn a_damaged_law_says_what_is_wrong_and_what_would_be_right() {
    let text = serde_json::to_string(&law()).unwrap();
    assert!(read(&text[..text.len() / 2]).unwrap_err().contains("EOF"));
    type Damage = fn(&mut SavedLaw);
    let cases: [(Damage, &str); 16] = [
        (|law| law.schema = 2, "its schema is 2, and this program reads 1"),
        (
            |law| law.level = 1.0,
            "its level is 1, and must be between 0 and 1",
        ),
        (|law| law.members.clear(), "it has no members"),
        (
            |law| law.members[0].weight = -0.5,
            "a weight is -0.5, and must be above 0",
        ),
        (
            |law| law.members[0].weight = 0.5,
            "its weights sum to 0.75, and must sum to 1",
        ),
        (|law| law.members[0].form = "chinchila".into(), "`chinchilla`"),
        (
            |law| law.response = "error".into(),
            "it predicts loss, and the law error",
        ),
        (
            |law| law.members[0].parameters.swap(0, 1),
            "its parameters are A, E, B, alpha, beta, and must be E, A",
        ),
        (
            |law| law.members[0].draws[3].truncate(4),
            "draw 4 has 4 numbers, and the form 5 parameters",
        ),
        (
            |law| law.members[0].draws[3][1] = -2.0,
            "A of draw 4 is -2, and must be 0 or more",
        ),
        (
            |law| law.members[0].parameters[0].estimate.value = f64::INFINITY,
            "E of the best values is inf",
        ),
        (
            |law| law.members[0].spans.retain(|name, _| name != "tokens"),
            "its spans lack tokens",
        ),
        (
            |law| law.members[0].spans.extend([("tokens".to_owned(), (0.0, 1e9))]),
            "must be two numbers above 0 in order",
        ),
        (
            |law| law.members[0].noise.as_mut().unwrap().value = -1.0,
            "its noise is -1, and must be 0 or more",
        ),
        (|law| law.members[0].rows = 0, "its rows are 0"),
        (
            |law| law.members[0].parameters[3].estimate.value = -1e9,
            "its value amid its own runs is inf",
        ),
    ];
    for (damage, said) in cases {
        let mut damaged = law();
        damage(&mut damaged);
        let told = damaged.validate().unwrap_err().to_string();
        assert!(told.contains(said), "{said:?} is missing from: {told}");
        assert!(told.ends_with("; fit and save the law again"), "{told}");
        assert!(damaged.evaluator().is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever its numbers, a law that is valid is read to the last bit, and its values with it.
    #[test]
    fn every_law_comes_back_to_the_last_bit(
        best in prop::collection::vec(1e-300..1e300_f64, 5),
        draws in prop::collection::vec(prop::collection::vec(1e-10..1e10_f64, 5), 0..20),
        noise in prop::option::of(0.0..10.0_f64),
        unit in prop::option::of("[a-z/ \"\\\\]{0,12}"),
        ends in prop::option::of((-1e6..1e6_f64, 0.0..1e6_f64)),
    ) {
        let mut member = SavedMember {
            draws,
            noise: noise.map(|value| SavedNoise { kind: NoiseKind::Relative, value }),
            ..CHINCHILLA.with(Clone::clone)
        };
        for (parameter, value) in member.parameters.iter_mut().zip(&best) {
            parameter.estimate = Estimate {
                interval: ends.map(|(low, more)| crate::fit::Interval { low, high: low + more }),
                ..Estimate::point(*value)
            };
        }
        let saved = SavedLaw::new("runs.csv", "loss", unit.as_deref(), 0.9, vec![member]);
        let text = serde_json::to_string(&saved).unwrap();
        let back: SavedLaw = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&back, &saved);
        prop_assert_eq!(back.validate(), saved.validate());
        if let (Ok(one), Ok(other)) = (saved.evaluator(), back.evaluator()) {
            for draw in 0..one.draws() {
                let run = [1e9, 2e10];
                prop_assert_eq!(one.value(draw, &run).to_bits(), other.value(draw, &run).to_bits());
            }
        }
    }
}

thread_local! {
    static CHINCHILLA: SavedMember = member("chinchilla", 1.0);
}
