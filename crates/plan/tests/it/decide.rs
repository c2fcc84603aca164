//! Decisions against closed forms, brute force and known values.

use triaxis_laws::forms::{Coupled, OverfittingPenalty};
use triaxis_laws::saved::Form;
use triaxis_plan::api::ApiPrices;
use triaxis_plan::decide::{Aim, Budget, Decision, Law, Refusal, decide};
use triaxis_plan::{LossUnit, Measured, Question, Uncertain, published};
use triaxis_units::{Dollars, Flops, Params, Tokens};

fn question(text: &str) -> Question {
    toml::from_str(text).unwrap()
}

fn laws(names: &[&str]) -> Vec<Law> {
    names
        .iter()
        .map(|name| Law::published(published::find(name).unwrap()).unwrap())
        .collect()
}

fn decided(text: &str, names: &[&str]) -> Decision {
    decide(&question(text), &laws(names)).unwrap()
}

/// A question in which everything is certain, with one text without end.
const PLAIN: &str = concat!(
    include_str!("plain.toml"),
    "[[text]]\nname = \"text\"\nunique = \"1000T\"\n"
);

fn close(one: f64, other: f64, tolerance: f64) {
    assert!((one / other - 1.0).abs() < tolerance, "{one} should be {other}");
}

#[test]
fn the_lowest_loss_is_hoffmanns() {
    let law = published::find("sardana-2023").unwrap().law;
    for budget in [1e3, 1e5, 1e7] {
        let decision = decided(
            &format!("aim = \"lowest-loss\"\nbudget = {budget}\n{PLAIN}"),
            &["sardana-2023"],
        );
        // A dollar is 10^18 operations.
        let best = Coupled::from(law).optimum(budget * 1e18, 6.0).unwrap();
        close(decision.choices[0].params, best.params, 1e-6);
        close(
            decision.choices[0].loss.value,
            law.loss(best.params, best.tokens),
            1e-9,
        );
    }
}

#[test]
fn the_lowest_cost_is_the_inverse_of_the_lowest_loss() {
    let law = Coupled::from(published::find("sardana-2023").unwrap().law);
    let best = law.optimum(3e22, 6.0).unwrap();
    let goal = law.loss(best.params, best.tokens);
    let asked = format!("aim = \"lowest-cost\"\ngoal = {{ nats_per_token = {goal} }}\n{PLAIN}");
    let decision = decided(&asked, &["sardana-2023"]);
    close(decision.choices[0].params, best.params, 1e-5);
    close(decision.choices[0].dollars.value, 3e4, 1e-6);
}

#[test]
fn an_aim_without_what_it_needs_is_refused() {
    for (aim, needs) in [
        ("lowest-loss", "budget"),
        ("lowest-cost", "goal"),
        ("most-value", "worth"),
    ] {
        let refused = decide(
            &question(&format!("aim = \"{aim}\"\n{PLAIN}")),
            &laws(&["sardana-2023"]),
        );
        let Err(Refusal::Input(error)) = refused else {
            panic!("{aim} was answered")
        };
        assert!(error.to_string().contains(needs), "{error}");
    }
    assert_eq!(Aim::REGISTRY.len(), Aim::ALL.len());
}

#[test]
fn what_no_choice_reaches_says_which_limit_binds() {
    let unmet = |text: &str| match decide(&question(text), &laws(&["sardana-2023"])) {
        Err(Refusal::Unmet(why)) => why,
        other => panic!("{other:?}"),
    };
    let below = unmet(&format!(
        "aim = \"lowest-cost\"\ngoal = {{ nats_per_token = 1.5 }}\n{PLAIN}"
    ));
    assert!(below.contains("the goal binds"), "{below}");
    let little = PLAIN.replace("\"1000T\"", "\"1B\"");
    let little = unmet(&format!(
        "aim = \"lowest-cost\"\ngoal = {{ nats_per_token = 2.0 }}\n{little}"
    ));
    assert!(little.contains("the text binds"), "{little}");
    let dear = unmet(&format!(
        "aim = \"lowest-cost\"\nbudget = 10\ngoal = {{ nats_per_token = 2.0 }}\n{PLAIN}"
    ));
    assert!(dear.contains("the budget binds"), "{dear}");
    let slow = unmet(&format!(
        "aim = \"lowest-lifetime-cost\"\ngoal = {{ nats_per_token = 2.2 }}\n{PLAIN}
         [demand]\nmonths = 1\nqueries_per_month = 10\n[[demand.classes]]\nname = \"a\"\ntokens_in = 1e9\n\
         tokens_out = 1e6\nlatency = 0.001"
    ));
    assert!(slow.contains("the latency binds"), "{slow}");
}

#[test]
fn a_cache_that_no_devices_hold_binds_and_not_the_weights() {
    let served = |smallest: &str, tokens_in: f64| {
        let text = format!(
            "aim = \"lowest-lifetime-cost\"\ngoal = {{ nats_per_token = 2.2 }}\n[params]\nsmallest = \"{smallest}\"\n\
             [demand]\nmonths = 1\nqueries_per_month = 10\n[[demand.classes]]\nname = \"books\"\ntokens_in = {tokens_in}\n\
             tokens_out = 100"
        );
        match decide(&question(&text), &laws(&["sardana-2023"])) {
            Err(Refusal::Unmet(why)) => why,
            other => panic!("{other:?}"),
        }
    };
    let long = served("1M", 1e12);
    assert!(
        long.contains("one query of `books`") && long.contains("the memory binds"),
        "{long}"
    );
    let large = served("9T", 1e3);
    assert!(large.contains("hold its weights"), "{large}");
}

#[test]
fn a_size_that_a_limit_stops_says_so() {
    let at = |limits: &str| {
        let text = format!("aim = \"lowest-loss\"\nbudget = 1e5\n{PLAIN}[params]\n{limits}\n");
        decided(&text, &["sardana-2023"]).cautions.join("\n")
    };
    let said = at("smallest = \"300B\"\nlargest = \"1T\"");
    assert!(
        said.contains("`params.smallest`") && said.contains("a smaller one"),
        "{said}"
    );
    let said = at("smallest = \"1M\"\nlargest = \"2B\"");
    assert!(
        said.contains("`params.largest`") && said.contains("a larger one"),
        "{said}"
    );
    let said = at("smallest = \"1M\"\nlargest = \"1T\"");
    assert!(!said.contains("`params."), "{said}");
}

#[test]
fn a_goal_that_the_aim_does_not_heed_is_said() {
    let text = format!("aim = \"lowest-loss\"\nbudget = 1e5\ngoal = {{ nats_per_token = 1.9 }}\n{PLAIN}");
    let said = decided(&text, &["sardana-2023"]).cautions.join("\n");
    assert!(
        said.contains("The goal is not heeded: the aim `lowest-loss`"),
        "{said}"
    );
}

#[test]
fn one_answer_is_one_number() {
    let text = "aim = \"lowest-cost\"\ngoal = { nats_per_token = 2.1 }\ndraws = 200\n[[text]]\nname = \"web\"\nunique = \"2T\"\n\
         [training]\ndevices = 512\n";
    let decision = decided(text, &["besiroglu-2024"]);
    let first = &decision.choices[0];
    assert_eq!(decision.wall.tiers[0].taken, first.text[0].1);
    assert_eq!(decision.axes[0].now, first.before_serving.value);
    let now = decision
        .frontier
        .iter()
        .find(|point| point.dollars == first.before_serving.value);
    assert!(now.is_some());
}

#[test]
fn the_worth_of_an_arm_is_of_compute() {
    let law = published::find("sardana-2023").unwrap().law;
    let arm = |given: &str| format!("[[arms]]\nname = \"other\"\n{given}\n");
    let lowest = |given: &str| {
        let asked = format!("aim = \"lowest-loss\"\nbudget = 1e5\n{PLAIN}{}", arm(given));
        decided(&asked, &["sardana-2023"]).choices[0].loss.value
    };
    // At equal compute and worth 1 the best loss is the laws' own, whatever is computed for a parameter and token.
    let best = Coupled::from(law).optimum(1e23, 6.0).unwrap();
    let own = law.loss(best.params, best.tokens);
    for given in ["", "training_operations = 12", "active = \"10%\""] {
        close(lowest(given), own, 1e-9);
    }
    // Twice the operations for each parameter and token, and worth half: the laws' own loss at this size and length.
    let given = format!(
        "aim = \"lowest-loss\"\nbudget = 1e5\n{PLAIN}{}[[strategies]]\nname = \"given\"\nparams = \"7B\"\ntokens = \"140B\"\n",
        arm("training_operations = 12\nworth = 0.5")
    );
    let decision = decided(&given, &["sardana-2023"]);
    close(decision.choices[0].loss.value, law.loss(7e9, 1.4e11), 1e-9);
    close(
        decision.choices[0].dollars.value,
        12.0 * 7e9 * 1.4e11 / 1e18,
        1e-9,
    );
    let says = |decision: &Decision| decision.cautions.iter().any(|one| one.contains("its worth is"));
    assert!(!says(&decision));
    let silent = format!(
        "aim = \"lowest-loss\"\nbudget = 1e5\n{PLAIN}{}",
        arm("training_operations = 12")
    );
    assert!(says(&decided(&silent, &["sardana-2023"])));
}

/// A law by which repeats hurt: E, A, B, alpha, beta, P, delta, kappa.
fn hurting() -> Law {
    let runs = [
        (Params(10_000_000), Tokens(200_000_000), Flops(1e16)),
        (Params(1_000_000_000), Tokens(20_000_000_000), Flops(1e20)),
    ];
    let constants = vec![vec![1.7, 400.0, 1000.0, 0.34, 0.36, 0.02, 1.0, 0.5]];
    let named = ("hurting".to_owned(), "simulated".to_owned());
    let form = Form::Registered(&OverfittingPenalty);
    Law::new(
        named,
        form,
        constants,
        LossUnit::NatsPerToken,
        Measured::of(runs).unwrap(),
    )
    .unwrap()
}

#[test]
fn training_ends_where_repeats_begin_to_hurt() {
    let few = PLAIN.replace("\"1000T\"", "\"1B\"");
    let loss = |tokens: f64| {
        let (params, unique): (f64, f64) = (1e9, 1e9);
        1.7 + 400.0 / params.powf(0.34)
            + 1000.0 / tokens.powf(0.36)
            + 0.02 * (tokens / unique - 1.0).max(0.0) * (params / unique).powf(0.5)
    };
    let best = (0..4000)
        .map(|step| 1e9 * (1.0 + f64::from(step) * 1e-2))
        .min_by(|one, other| loss(*one).total_cmp(&loss(*other)));
    let best = best.unwrap();
    assert!(best > 1.5e9 && best < 2e10);
    let sized = "[[strategies]]\nname = \"given\"\nparams = \"1B\"\n";
    // A budget for 200 passes is not spent.
    let rich = format!("aim = \"lowest-loss\"\nbudget = 1e6\n{few}{sized}");
    let decision = decide(&question(&rich), &[hurting()]).unwrap();
    close(decision.choices[0].tokens.value, best, 0.02);
    // A goal that is reached on the way is reached, though the loss is above it at the end.
    let goal = loss(best) * 1.002;
    assert!(loss(2e11) > goal);
    let asked = format!("aim = \"lowest-cost\"\ngoal = {{ nats_per_token = {goal} }}\n{few}{sized}");
    let decision = decide(&question(&asked), &[hurting()]).unwrap();
    let tokens = decision.choices[0].tokens.value;
    assert!(tokens < best, "{tokens} {best}");
    close(loss(tokens), goal, 1e-6);
}

/// What serving costs where a host bills a million tokens of prompts with $2, long ones with $4, and of answers with $8.
fn hosted(classes: &str, samples: u32, several: bool) -> f64 {
    let text = format!(
        "aim = \"lowest-lifetime-cost\"\ngoal = {{ nats_per_token = 2.2 }}\nsamples = [{samples}]\n{PLAIN}[[strategies]]\n\
         name = \"given\"\nparams = \"7B\"\ntokens = \"1T\"\n[hosted]\nmodel = \"m\"\nparams = \"7B\"\ndate = \"2026-05-01\"\n\
         input = 2\noutput = 8\nseveral_answers = {several}\n[demand]\nmonths = 12\nqueries_per_month = 1000000\n{classes}"
    );
    let mut question = question(&text);
    let table = "vendor,model,input_usd_per_mtok,cached_input_usd_per_mtok,output_usd_per_mtok,from_date,to_date\n\
                 v,m,2,,8,,\nv,m-200k,4,,8,,\n";
    let prices = ApiPrices::read(table).unwrap();
    question.hosted.as_mut().unwrap().table = Some(prices.of_model("m"));
    decide(&question, &laws(&["sardana-2023"])).unwrap().choices[0]
        .bill
        .serving
}

#[test]
fn a_host_bills_every_prompt_at_the_price_of_its_length() {
    let class = |name: &str, share: f64, tokens: u64, chosen: &str| {
        format!(
            "[[demand.classes]]\nname = \"{name}\"\nshare = {share}\ntokens_in = {tokens}\ntokens_out = 500\n{chosen}\n"
        )
    };
    let short = class("short", 1.0, 1000, "");
    // 12M queries of 1000 tokens at $2 and 500 at $8 a million.
    close(hosted(&short, 1, false), 12e6 * 6e-3, 1e-9);
    let both = class("short", 0.5, 1000, "") + &class("long", 0.5, 300_000, "");
    close(hosted(&both, 1, false), 6e6 * (6e-3 + 1.204), 1e-9);
    let voted = class("voted", 1.0, 1000, "chosen = { by = \"vote\", rival = 0.5 }");
    close(hosted(&voted, 4, false), 12e6 * 4.0 * 6e-3, 1e-9);
    close(hosted(&voted, 4, true), 12e6 * (2e-3 + 4.0 * 4e-3), 1e-9);
}

/// A question of the value of right answers, with so many dollars for one.
fn valued(value: f64) -> String {
    format!(
        "aim = \"most-value\"\n{PLAIN}[task]\nloss = 2.3\nright = 0.3\nslope = 1.5\nalike = 1\n[demand]\nmonths = 12\n\
         queries_per_month = 100000\n[[demand.classes]]\nname = \"chat\"\ntokens_in = 100\ntokens_out = 100\n\
         value = {value}\n"
    )
}

#[test]
fn what_pays_may_be_short_and_may_be_nothing() {
    let law = &["sardana-2023"];
    // Right answers worth little pay for a run of a few billion tokens at most, which no budget says.
    let small = decided(&valued(1e-5), law);
    assert!(
        small.choices[0].tokens.value < 5e9,
        "{}",
        small.choices[0].tokens.value
    );
    let large = decided(&valued(10.0), law);
    assert!(large.choices[0].tokens.value > 5e10);
    let lost = valued(1e-5).replace(
        "tokens_in = 100\n",
        "tokens_in = 100\nchosen = { by = \"verifier\" }\ncheck = 0.01\n",
    );
    match decide(&question(&lost), &laws(law)) {
        Err(Refusal::Unmet(why)) => assert!(why.contains("nothing is worth doing"), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn one_device_has_one_price() {
    let asked = |serving: &str| {
        let price = "{ value = 2, low = 1, high = 4, date = 2026-05-01 }";
        let text = format!(
            "aim = \"lowest-lifetime-cost\"\ngoal = {{ nats_per_token = 2.1 }}\n[training]\nprice_per_hour = {price}\n\
             [serving]\nhardware = \"{serving}\"\nprice_per_hour = {price}\n[demand]\nmonths = 12\n\
             queries_per_month = 100000000\n[[demand.classes]]\nname = \"chat\"\ntokens_in = 500\ntokens_out = 500\n"
        );
        decided(&text, &["sardana-2023"])
    };
    let named = |decision: &Decision, what: &str| decision.swings.iter().any(|swing| swing.what == what);
    let (one, two) = (asked("H100 SXM"), asked("H200 SXM"));
    assert!(named(&one, "price of an hour") && !named(&one, "price of serving, an hour"));
    assert!(named(&two, "price of serving, an hour") && named(&two, "price of training, an hour"));
    // Both parts of the bill rise together.
    let width = |decision: &Decision| {
        let dollars = decision.choices[0].dollars.interval.unwrap();
        dollars.high / dollars.low
    };
    assert!(width(&one) > width(&two), "{} {}", width(&one), width(&two));
}

#[test]
fn what_never_does_what_is_asked_has_no_row() {
    // By 1B parameters no text brings the loss to 2.2.
    let text = format!(
        "aim = \"lowest-cost\"\ngoal = {{ nats_per_token = 2.2 }}\n{PLAIN}[[strategies]]\nname = \"large\"\n[[strategies]]\n\
         name = \"tiny\"\nparams = \"100M\"\n"
    );
    let decision = decided(&text, &["sardana-2023"]);
    assert!(
        decision
            .choices
            .iter()
            .all(|choice| choice.dollars.value.is_finite() && choice.strategy == "large")
    );
    assert!(
        decision
            .cautions
            .iter()
            .any(|one| one.contains("`tiny`: left out")),
        "{:?}",
        decision.cautions
    );
}

#[test]
fn the_share_of_everybodys_text_is_of_unique_tokens() {
    let text = format!(
        "aim = \"lowest-loss\"\nbudget = 1e5\n{PLAIN}[[strategies]]\nname = \"given\"\nparams = \"7B\"\ntokens = \"2T\"\n"
    );
    let wall = decided(&text, &["sardana-2023"]).wall;
    // Cleaning leaves less than repeats then gain again.
    assert!(
        wall.share > 1.5 * 2e12 / wall.stock.value,
        "{} {}",
        wall.share,
        wall.stock.value
    );
}

#[test]
fn a_doubling_of_samples_is_one() {
    let gains = |samples: &str| {
        let text = valued(10.0).replace(
            "tokens_in = 100\n",
            "tokens_in = 100\nlatency = 1000\nchosen = { by = \"verifier\" }\n",
        );
        let text = format!(
            "samples = {samples}\n{text}[[strategies]]\nname = \"given\"\nparams = \"1B\"\ntokens = \"20B\"\n"
        );
        let mut question = question(&text);
        question.demand.as_mut().unwrap().classes[0].value = Uncertain::certain(Dollars(1e-3));
        question.demand.as_mut().unwrap().classes[0].check = Dollars(0.1);
        question.aim = Aim::LowestLoss;
        question.budget = Some(Budget::Dollars(Dollars(1e5)));
        let decision = decide(&question, &laws(&["sardana-2023"])).unwrap();
        decision
            .axes
            .into_iter()
            .find(|axis| axis.unit == "samples")
            .unwrap()
    };
    let (double, four) = (gains("[1, 2]"), gains("[1, 4]"));
    assert!(
        four.doubling < 1.5 * double.doubling && four.doubling > 0.5 * double.doubling,
        "{four:?} {double:?}"
    );
    close(four.doubling_costs, double.doubling_costs, 0.05);
}
