//! Decisions by the law of one's own runs: what is said of a ladder, of a budget in any currency, of a goal in any unit.

use proptest::prelude::*;
use triaxis_laws::forms::Coupled;
use triaxis_plan::decide::{Budget, Decision, Law, Refusal, decide};
use triaxis_plan::{LossUnit, Measured, Question, Verdict, published};
use triaxis_units::{Dollars, Flops, Params, Seconds, Tokens};

const LAW: Coupled = Coupled {
    E: 1.2,
    A: 60.0,
    B: 300.0,
    alpha: 0.3,
    beta: 0.33,
    gamma: 1.0,
};

/// A ladder like the quickstart's: twelve runs up to a few million parameters.
fn tiny() -> Measured {
    let runs = (0..12).map(|run| {
        let (params, tokens) = (Params(200_000 << (run % 4)), Tokens(2_000_000 << (run / 4)));
        (params, tokens, Flops::six_nd(params, tokens))
    });
    Measured::of(runs).unwrap()
}

fn draws() -> Vec<Coupled> {
    let draw = |draw: u32| Coupled {
        E: LAW.E + 0.3 * (f64::from(draw) * 0.37).sin(),
        alpha: LAW.alpha * (1.0 + 0.1 * (f64::from(draw) * 0.91).sin()),
        ..LAW
    };
    (0..200).map(draw).collect()
}

fn law(measured: Measured, best: &Coupled, draws: &[Coupled]) -> Law {
    let named = ("own runs".to_owned(), "simulated".to_owned());
    let mut law = Law::coupled(named, best, draws, LossUnit::NatsPerToken, measured).unwrap();
    law.bytes_per_token = Some(3.5);
    law
}

fn own() -> Law {
    law(tiny(), &LAW, &draws())
}

fn question(text: &str) -> Question {
    toml::from_str(&format!("draws = 100\n{text}")).unwrap()
}

fn decided(text: &str, laws: &[Law]) -> Decision {
    decide(&question(text), laws).unwrap()
}

fn refused(text: &str, laws: &[Law]) -> String {
    decide(&question(text), laws).unwrap_err().to_string()
}

fn says(decision: &Decision, part: &str) -> bool {
    decision.cautions.iter().any(|caution| caution.contains(part))
}

fn loss_for(flops: f64) -> String {
    format!("aim = \"lowest-loss\"\nbudget = {{ flops = {flops:e} }}\n")
}

/// Everything certain; an hour of the device costs a dollar for 10^18 operations.
const PLAIN: &str = include_str!("plain.toml");

fn plain(text: &str) -> Decision {
    let question: Question = toml::from_str(&format!("{text}\n{PLAIN}")).unwrap();
    let law = Law::published(published::find("sardana-2023").unwrap()).unwrap();
    decide(&question, &[law]).unwrap()
}

fn near(one: f64, other: f64, tolerance: f64) -> bool {
    (one / other - 1.0).abs() < tolerance
}

#[test]
fn a_question_reads_from_toml_and_back() {
    let text = r#"
        aim = "lowest-lifetime-cost"
        budget = { time = "7d" }
        goal = { bits_per_byte = 0.9 }
        [[laws]]
        published = "besiroglu-2024"
        [[text]]
        name = "books"
        unique = { value = "30B", low = "20B", high = "40B" }
        [[strategies]]
        name = "all"
        [training]
        hardware = "my box"
        devices = 8
        price_per_hour = { value = "$2", low = "$1", high = "$3", date = 2026-05-01 }
        [demand]
        months = 12
        queries_per_month = "200M"
        [[demand.classes]]
        name = "chat"
        tokens_in = 800
        tokens_out = 200
        chosen = { by = "verifier" }
        [[hardware]]
        name = "my box"
        peak = "100T"
        memory = "32GB"
        bandwidth = "1TB"
        price_per_hour = 0.4
        price_date = "2026-05-01"
    "#;
    let question: Question = toml::from_str(text).unwrap();
    question.validate().unwrap();
    assert_eq!(question.budget, Some(Budget::Time(Seconds(7.0 * 86_400.0))));
    let as_toml = toml::to_string(&question).unwrap();
    assert_eq!(toml::from_str::<Question>(&as_toml).unwrap(), question);
    let as_json = serde_json::to_string(&question).unwrap();
    assert_eq!(serde_json::from_str::<Question>(&as_json).unwrap(), question);
    let short: Question = toml::from_str("aim = \"lowest-loss\"\nbudget = 50000").unwrap();
    assert_eq!(short.budget, Some(Budget::Dollars(Dollars(5e4))));
    assert!(short.tiers[0].is_endless());
    let as_json = serde_json::to_string(&short).unwrap();
    assert_eq!(serde_json::from_str::<Question>(&as_json).unwrap(), short);
}

#[test]
fn wrong_keys_and_double_budgets_are_refused() {
    for text in [
        "budget = { flops = 1e20, dollars = 5 }",
        "budget = {}",
        "budget = { joules = 5 }",
        "budget = { flops = 1e20 }\nbudgets = 3",
        "budget = { flops = -1e20 }",
        "budget = { flops = 1e20 }\ntraining = { hardwear = \"L40S\" }",
        "budget = { flops = 1e20 }\ngoal = { nats_per_token = 2.0, bits_per_byte = 1.0 }",
    ] {
        let text = format!("aim = \"lowest-loss\"\n{text}");
        assert!(toml::from_str::<Question>(&text).is_err(), "{text}");
    }
}

#[test]
fn every_figure_out_of_its_range_is_named() {
    for (wrong, named) in [
        ("budget = 0", "the budget is $0"),
        ("budget = { time = 0 }", "the budget is 0"),
        (
            "budget = 5\ngoal = { nats_per_token = 0 }",
            "goal.nats_per_token is 0",
        ),
        (
            "budget = 5\ngoal = { bits_per_byte = 20 }",
            "a guess among all bytes costs 8",
        ),
        ("budget = 5\nlevel = 1", "level is 1"),
        ("budget = 5\ntext = []", "there is no text"),
        ("budget = 5\ntraining = { devices = 0 }", "training.devices is 0"),
        ("budget = 5\ntraining = { mfu = 0 }", "training.mfu is 0"),
        (
            "budget = 5\ntraining = { hardware = \"H200\" }",
            "did you mean `H200 SXM`",
        ),
    ] {
        let said = refused(&format!("aim = \"lowest-loss\"\n{wrong}"), &[own()]);
        assert!(said.contains(named), "{named}: {said}");
    }
}

#[test]
fn budgets_of_one_worth_give_one_plan() {
    // A device makes 10^18 operations a second and costs a dollar for it.
    let by_dollars = plain("aim = \"lowest-loss\"\nbudget = 864000");
    let by_flops = plain("aim = \"lowest-loss\"\nbudget = { flops = 864e21 }");
    let by_time = plain("aim = \"lowest-loss\"\nbudget = { time = \"5d\" }")
        .choices
        .swap_remove(0);
    let (dollars, flops) = (&by_dollars.choices[0], &by_flops.choices[0]);
    assert!(near(dollars.params, flops.params, 1e-9) && near(dollars.flops, 864e21, 1e-9));
    assert!(near(dollars.bill.training, 864_000.0, 1e-9));
    // On one device, as none is named: half of it.
    assert!(near(by_time.flops, 432e21, 1e-9));
    assert!(near(by_time.bill.training, 432_000.0, 1e-9));
    assert_eq!(by_time.devices, 1);
    assert!(near(by_time.days.unwrap().value, 5.0, 1e-9));
}

#[test]
fn a_budget_of_operations_or_of_time_is_met_in_every_draw() {
    let far = Measured::of([
        (Params(100_000_000), Tokens(2_000_000_000), Flops(1e18)),
        (Params(3_000_000_000), Tokens(60_000_000_000), Flops(1e21)),
    ]);
    let own = [law(far.unwrap(), &LAW, &draws())];
    // Prices, the share of the peak and of paid hours are uncertain; what is given is not.
    let by_flops = decided(&loss_for(3e21), &own);
    let tokens = by_flops.choices[0].tokens.interval.unwrap();
    assert!(near(tokens.low, tokens.high, 1e-9));
    assert!(near(by_flops.choices[0].flops, 3e21, 1e-9));
    let dollars = by_flops.choices[0].dollars.interval.unwrap();
    assert!(dollars.high > 1.5 * dollars.low);
    let text = "aim = \"lowest-loss\"\nbudget = { time = \"7d\" }\ntraining = { devices = 64 }";
    let by_time = &decided(text, &own).choices[0];
    let days = by_time.days.unwrap().interval.unwrap();
    assert!(
        near(days.low, 7.0, 1e-9) && near(days.high, 7.0, 1e-9),
        "{days:?}"
    );
    // Of dollars none is over, whatever prices are.
    let by_dollars = &decided("aim = \"lowest-loss\"\nbudget = \"$50K\"", &own).choices[0];
    assert!(near(by_dollars.before_serving.interval.unwrap().high, 5e4, 1e-9));
}

#[test]
fn intervals_hold_the_fit_and_what_is_left_out_is_said() {
    let decision = decided(&loss_for(1e17), &[own()]);
    let first = &decision.choices[0];
    let loss = first.loss.interval.unwrap();
    assert!(loss.low < first.loss.value && first.loss.value < loss.high);
    assert!(!says(&decision, "cannot be planned with") && !says(&decision, "draws of its constants"));
    let mut damaged = draws();
    damaged[0].alpha = -0.1;
    damaged[7].E = f64::NAN;
    let decision = decided(&loss_for(1e17), &[law(tiny(), &LAW, &damaged)]);
    assert!(
        says(&decision, "Of 200 draws of `own runs` 2 cannot be planned with"),
        "{:?}",
        decision.cautions
    );
    let few = decided(&loss_for(1e17), &[law(tiny(), &LAW, &draws()[..19])]);
    assert!(says(
        &few,
        "`own runs` has 19 draws of its constants, and an interval of 90% needs 20"
    ));
    let none = decided(&loss_for(1e17), &[law(tiny(), &LAW, &[])]);
    assert!(says(&none, "Of own runs only the constants are known"));
}

#[test]
fn a_law_that_cannot_be_planned_with_says_why() {
    for damage in [
        |law: &mut Coupled| law.alpha = 0.0,
        |law: &mut Coupled| law.B = -1.0,
        |law: &mut Coupled| law.gamma = 0.0,
        |law: &mut Coupled| law.E = f64::NAN,
        |law: &mut Coupled| law.A = f64::INFINITY,
    ] {
        let mut best = LAW;
        damage(&mut best);
        let named = ("own runs".to_owned(), String::new());
        let said = Law::coupled(named, &best, &[], LossUnit::NatsPerToken, tiny()).unwrap_err();
        assert!(
            said.to_string()
                .starts_with("the law `own runs` cannot be planned with: "),
            "{said}"
        );
    }
}

#[test]
fn a_goal_is_reached_in_either_unit_or_refused() {
    let goal = |goal: &str| format!("aim = \"lowest-cost\"\ngoal = {{ {goal} }}\n");
    let nats = decided(&goal("nats_per_token = 2.8"), &[own()]);
    let loss = nats.choices[0].loss;
    assert!(near(loss.value, 2.8, 1e-6), "{loss:?}");
    let bits = 2.8 / (3.5 * std::f64::consts::LN_2);
    let same = decided(&goal(&format!("bits_per_byte = {bits}")), &[own()]);
    assert!(near(same.choices[0].params, nats.choices[0].params, 1e-6));
    // A goal at the floor is told in the unit that it is given in.
    let floor = refused(&goal("bits_per_byte = 0.0001"), &[own()]);
    assert!(
        floor.contains("goal of 0.0001 bits a byte") && floor.contains("floor of 0.4946"),
        "{floor}"
    );
    let floor = decide(&question(&goal("nats_per_token = 0.5")), &[own()]);
    assert!(matches!(floor, Err(Refusal::Unmet(why)) if why.contains("floor of 1.2000")));
    // Some draws have their floor above it.
    let partly = decided(&goal("nats_per_token = 1.45"), &[own()]);
    assert!(partly.met < 1.0 && says(&partly, "of the draws no choice does what is asked"));
    let mut unknown = own();
    unknown.bytes_per_token = None;
    let unit = refused(&goal("bits_per_byte = 1"), &[unknown]);
    assert!(
        unit.contains("the goal is in bits per byte, the laws in nats per token"),
        "{unit}"
    );
}

#[test]
fn a_tiny_ladder_is_told_so_first() {
    let decision = decided(&loss_for(3e21), &[own()]);
    let ladder = &decision.cautions[0];
    for word in [
        "The ladder behind `own runs` is tiny",
        "irreducible loss",
        "appear only at scale",
        "tokenizer",
        "context",
        "corpus",
    ] {
        assert!(ladder.contains(word), "{word}: {ladder}");
    }
    assert!(says(
        &decision,
        "The irreducible loss is only known to lie between"
    ));
    let reach = &decision.choices[0].reach;
    assert_eq!(reach.verdict, Verdict::Absurd);
    assert!(near(reach.compute, 3e21 / (6.0 * 1.6e6 * 8e6), 1e-6));
    assert!(
        reach.sentence.starts_with("× 3.9e7 compute"),
        "{}",
        reach.sentence
    );
}

#[test]
fn where_no_prediction_ever_reached_the_answer_is_what_to_run_first() {
    let near_by = decided(&loss_for(1e17), &[own()]);
    assert!(near_by.is_recommended && near_by.instead.is_none());
    let far = decided(&loss_for(1e24), &[own()]);
    assert!(!far.is_recommended && far.choices[0].is_too_far());
    let said = far.instead.unwrap();
    assert!(
        said.contains("beyond the largest measured run). Run first a ladder that ends at "),
        "{said}"
    );
    // From such a ladder the same choice is no longer beyond what was ever checked.
    let first = &far.choices[0];
    let largest = [first.params, first.tokens.value].map(|count| (count / 100.0).ceil());
    let [params, tokens] = largest.map(|count| count as u64);
    let flops = Flops(6.0 * largest[0] * largest[1]);
    let runs = [
        (Params(1_000_000), Tokens(20_000_000), Flops(1.2e14)),
        (Params(params), Tokens(tokens), flops),
    ];
    let ladder = law(Measured::of(runs).unwrap(), &LAW, &draws());
    let again = decided(&loss_for(1e24), &[ladder]);
    assert!(again.is_recommended, "{:?}", again.instead);
}

#[test]
fn reach_is_graded_on_both_sides() {
    let runs = [
        (Params(1_000_000), Tokens(20_000_000), Flops(1.2e14)),
        (Params(100_000_000), Tokens(2_000_000_000), Flops(1.2e18)),
    ];
    let own = [law(Measured::of(runs).unwrap(), &LAW, &draws())];
    let reach = |flops: f64| {
        let sizes = "params = { smallest = 100000, largest = \"1T\" }\n";
        decided(&format!("{}{sizes}", loss_for(flops)), &own)
            .choices
            .swap_remove(0)
            .reach
    };
    assert_eq!(reach(1e16).verdict, Verdict::WithinRange);
    assert_eq!(reach(5e18).verdict, Verdict::Short);
    assert_eq!(reach(1e21).verdict, Verdict::Far);
    assert_eq!(reach(1e24).verdict, Verdict::Absurd);
    let below = reach(3e13);
    assert_eq!(below.verdict, Verdict::Short);
    assert!(below.sentence.contains("than the smallest"), "{}", below.sentence);
}

#[test]
fn what_does_not_fit_and_what_is_not_known_is_said() {
    let devices = |devices: u64| {
        let text = format!("{}training = {{ devices = {devices} }}\n", loss_for(1e24));
        decided(&text, &[own()])
    };
    assert!(says(&devices(8), "It does not fit") && !says(&devices(100_000), "It does not fit"));
    let free = decided(&loss_for(1e24), &[own()]);
    // Sixteen bytes a parameter in three quarters of 80 GB.
    let least = (free.choices[0].params * 16.0 / 60e9).ceil() as u64;
    assert_eq!(free.choices[0].devices, least.max(1));
    assert!(says(&free, "How much text there is (`new text`) is not known"));
    assert!(free.axes.iter().all(|axis| !axis.name.contains("text")));
    let known = format!("{}[[text]]\nname = \"books\"\nunique = \"3B\"\n", loss_for(1e17));
    assert!(!says(&decided(&known, &[own()]), "How much text there is"));
    assert!(says(
        &free,
        "Staff, storage and network are in none of the dollars."
    ));
    let besiroglu = Law::published(published::find("besiroglu-2024").unwrap()).unwrap();
    let mixed = decided(&loss_for(1e20), &[own(), besiroglu]);
    assert!(says(&mixed, "besiroglu-2024 judge beside the study's own law"));
}

#[test]
fn a_decision_survives_json() {
    let decision = decided(&loss_for(1e17), &[own()]);
    let text = serde_json::to_string(&decision).unwrap();
    assert_eq!(serde_json::from_str::<Decision>(&text).unwrap(), decision);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn choices_keep_their_promises(log_dollars in 1.0..7.0f64, log_queries in 0.0..8.0f64) {
        let budget = 10f64.powf(log_dollars);
        let text = format!(
            "aim = \"lowest-loss\"\nbudget = {budget}\n[demand]\nmonths = 12\nqueries_per_month = {}\n\
             [[demand.classes]]\nname = \"a\"\ntokens_in = 900\ntokens_out = 100\n",
            10f64.powf(log_queries) as u64,
        );
        let mut asked = question(&text);
        asked.draws = 40;
        let law = Law::published(published::find("besiroglu-2024").unwrap()).unwrap();
        let decision = decide(&asked, &[law]).unwrap();
        for choice in &decision.choices {
            let six_nd = 6.0 * choice.params * choice.tokens.value;
            prop_assert!(near(choice.flops, six_nd, 0.05), "{} {six_nd}", choice.flops);
            prop_assert!(choice.before_serving.interval.unwrap().high <= budget * (1.0 + 1e-6));
            let total: f64 = choice.bill.parts().iter().map(|(_, part)| part).sum();
            prop_assert!(near(total, choice.bill.total(), 1e-12));
            prop_assert!(choice.regret >= decision.choices[0].regret);
        }
    }
}

#[test]
fn runs_sharper_than_replicates_leave_an_interval() {
    // One of 200 replicates is what was run, and nothing else is uncertain.
    let truth = draws()[120];
    let observed: String = [(1e6, 2e7), (2e6, 8e6), (4e6, 8e7)]
        .map(|(params, tokens)| {
            format!(
                "[[observed]]\ntext = \"new text\"\nparams = {params:.0}\ntokens = {tokens:.0}\nloss = {}\n",
                truth.loss(params, tokens)
            )
        })
        .concat();
    let text = format!("{}{observed}[experiments]\nnoise = 1e-4\n", loss_for(1e17));
    let decision = decided(&text, &[own()]);
    let loss = decision.choices[0].loss.interval.unwrap();
    assert!(loss.high > 1.002 * loss.low, "{loss:?}");
    assert!(says(&decision, "hardly any replicate"), "{:?}", decision.cautions);
}

#[test]
fn intervals_hold_the_noise_of_the_run_itself() {
    let noisy = |noise: f64| {
        let plain = PLAIN
            .replace("noise = 1e-13", &format!("noise = {noise}"))
            .replace("draws = 40", "draws = 2000");
        let question: Question =
            toml::from_str(&format!("aim = \"lowest-loss\"\nbudget = 1e4\n{plain}")).unwrap();
        let law = Law::published(published::find("sardana-2023").unwrap()).unwrap();
        let loss = decide(&question, &[law]).unwrap().choices[0]
            .loss
            .interval
            .unwrap();
        (loss.high / loss.low).ln()
    };
    // Nine tenths of a normal distribution lie within 1.645 deviations.
    for noise in [0.005, 0.02] {
        assert!(near(noisy(noise), 2.0 * 1.645 * noise, 0.1), "{}", noisy(noise));
    }
    assert!(noisy(1e-13) < 1e-9);
}
