//! Questions that cannot be answered: words and exit codes, 2 of what is asked wrongly and 3 of what nothing does.

use super::PLAIN;
use crate::support::{Bench, json};

fn refused(question: &str, code: i32) -> String {
    let bench = Bench::new("");
    std::fs::write(bench.path("plan.toml"), question).unwrap();
    let output = bench.run(&["plan", "plan.toml"]);
    assert_eq!(
        output.status.code(),
        Some(code),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn what_breaks_a_rule_names_it() {
    for (question, says) in [
        (
            "aim = \"lowest-loss\"\n[[text]]\nname = \"a\"\nunique = \"1T\"".to_owned(),
            "needs a budget",
        ),
        (PLAIN.replace("lowest-loss", "lowest-los"), "unknown value"),
        (PLAIN.replace("$1M", "€1M"), "in US dollars"),
        (format!("{PLAIN}most_share = 0.5"), "add up to 0.5"),
        (format!("{PLAIN}[training]\nhardware = \"H10\""), "did you mean"),
        (
            format!("{PLAIN}[training]\nprice_per_hour = \"$2\""),
            "without its day",
        ),
        (format!("{PLAIN}[[laws]]\nfit = \"nowhere.json\""), "nowhere.json"),
        (
            format!("{PLAIN}{0}{0}", "[[laws]]\npublished = \"besiroglu-2024\"\n"),
            "count twice",
        ),
        (
            PLAIN.replace("aim", "draws = 40\nlevel = 0.99\naim"),
            "beyond either end",
        ),
        (PLAIN.replace("aim", "samples = [1, 4, 4]\naim"), "4 twice"),
        (PLAIN.replace("aim", "synthetic_shares = [0]\naim"), "no strategy"),
        (format!("{PLAIN}worth = 1e9"), "how many times as much"),
        (
            format!("{PLAIN}[[contexts]]\nname = \"all\"\neasier_by = 1e9"),
            "added to log odds",
        ),
        (
            format!("{PLAIN}[[laws]]\npublished = \"besiroglu\""),
            "did you mean",
        ),
        (format!("{PLAIN}[[laws]]\nweight = 2"), "exactly one of"),
        (
            format!("{PLAIN}[demand]\nmonths = 12\nqueries_per_month = 0\nclasses = []"),
            "must be above 0",
        ),
        (
            format!(
                "{PLAIN}[demand]\nmonths = 12\nqueries_per_month = 9\n[[demand.classes]]\nname = \"a\"\nshare = 0.4\ntokens_in = 9\ntokens_out = 9"
            ),
            "add up to 0.4",
        ),
    ] {
        let said = refused(&question, 2);
        assert!(said.contains(says), "{says:?} is not in {said}");
    }
}

#[test]
fn what_nothing_reaches_is_refused_with_a_code_of_its_own() {
    let said = refused(
        "aim = \"lowest-cost\"\nbudget = \"$1K\"\ngoal = { nats_per_token = 1.9 }\n[[text]]\nname = \"web\"\nunique = \"90T\"\n",
        3,
    );
    assert!(said.contains("the budget binds"), "{said}");
}

/// Whatever is of the wrong kind is told by its key, its value and what it must be; no name of a type is among the words.
#[test]
fn a_value_of_the_wrong_kind_is_told_as_a_person_would() {
    let with = |lines: &str| format!("{PLAIN}{lines}\n");
    let first = |line: &str| format!("{line}\n{PLAIN}");
    for (question, parts) in [
        (
            first("draws = \"many\""),
            &["plan.toml:1", "`draws` is the text \"many\"", "a whole number"][..],
        ),
        (first("draws = -4"), &["`draws` is the number `-4`", "0 or more"]),
        (
            first("level = \"90%\""),
            &["`level` is the text \"90%\"", "a number"],
        ),
        (first("samples = 4"), &["`samples` is the number `4`", "a list"]),
        (first("goal = 2.0"), &["`goal` is the number `2.0`", "a table"]),
        (
            first("goal = { nats_per_token = 2, right = 0.5 }"),
            &["exactly one of `nats_per_token`"],
        ),
        (
            first("goal = { nats = 2 }"),
            &["unknown field `nats`", "did you mean `nats_per_token`"],
        ),
        (
            PLAIN.replace("\"$1M\"", "true"),
            &["`budget` is the word `true`", "dollars, as in \"$2M\""],
        ),
        (PLAIN.replace("\"$1M\"", "{}"), &["`budget`", "exactly one of"]),
        (
            PLAIN.replace("\"2T\"", "[2]"),
            &["`unique` is a list", "a quantity, or a table"],
        ),
        (
            PLAIN.replace("\"2T\"", "-2"),
            &["`unique`", "`-2` is not a number of tokens"],
        ),
        (
            PLAIN.replace("[[text]]", "[text]"),
            &["`text` is a table", "below `[[text]]`"],
        ),
        (
            with("synthetic = \"yes\""),
            &["`synthetic` is the text \"yes\"", "true or false"],
        ),
        (
            with("most_share = \"lots\""),
            &["`lots` is not a share", "\"45%\""],
        ),
        (
            with("unqiue = 3"),
            &["plan.toml:6: unknown field `unqiue`", "did you mean `unique`"],
        ),
        (
            PLAIN.replace("lowest-loss", "lowest-los"),
            &["unknown value `lowest-los`", "did you mean `lowest-loss`"],
        ),
        (
            with("[training]\ndevices = 3.5"),
            &["`devices` is the number `3.5`", "a whole number"],
        ),
        (
            with("[training]\nmfu = 1.4"),
            &["`1.4` is not a share", "from 0 to 1"],
        ),
        (
            "aim = \"lowest-loss".to_owned(),
            &["plan.toml:1", "invalid basic string"],
        ),
    ] {
        let said = refused(&question, 2);
        assert!(
            parts.iter().all(|part| said.contains(part)),
            "{parts:?} are not in {said}"
        );
        for noise in [
            "usize",
            "u64",
            "f64",
            "sequence",
            "variant",
            "elements",
            "struct ",
            "TOML parse",
        ] {
            assert!(!said.contains(noise), "{noise} is in {said}");
        }
    }
}

#[test]
fn days_currencies_and_devices_are_held_to_their_rules() {
    let training = |price: &str| format!("{PLAIN}[training]\nprice_per_hour = {price}\n");
    let hosted = |date: &str| {
        format!("{PLAIN}[hosted]\nmodel = \"m\"\nparams = \"7B\"\n{date}\ninput = 1\noutput = 2\n")
    };
    let own = |lines: &str| {
        format!(
            "{PLAIN}[training]\nhardware = \"own\"\n[[hardware]]\nname = \"own\"\npeak = 1e14\nbandwidth = \"1TB\"\n{lines}\n"
        )
    };
    for (question, parts) in [
        (training("2"), &["$2 is without its day", "date = "][..]),
        (training("{ value = 2 }"), &["$2 is without its day"]),
        (
            training("{ value = 2, date = 9998-01-01 }"),
            &[
                "training.price_per_hour is of 9998-01-01",
                "today is",
                "demand.price_per_year",
            ],
        ),
        (
            training("{ value = 2, date = \"2026-13-01\" }"),
            &["`2026-13-01` is not a day", "2026-05-01"],
        ),
        (
            training("{ value = 2, date = 2026 }"),
            &["`date` is the number `2026`", "a day"],
        ),
        (
            training("{ value = \"$2\", low = \"€1\", high = \"$3\", date = 2026-05-01 }"),
            &["`€1`", "in US dollars"],
        ),
        (
            hosted("date = 9998-01-01"),
            &["`hosted` is of 9998-01-01", "today is"],
        ),
        (hosted(""), &["missing field `date`"]),
        (
            own("memory = \"80GB\"\nprice_per_hour = 1\nprice_date = \"9998-01-01\""),
            &["hardware `own` is of 9998-01-01"],
        ),
        (
            own("memory = \"80GB\"\nprice_per_hour = 1"),
            &["without its day", "price_date"],
        ),
        (
            own("memory = 0\nprice_per_hour = 1\nprice_date = \"2026-05-01\""),
            &["hardware `own`, memory is 0", "data sheet"],
        ),
        (
            format!("{PLAIN}[training]\nhardware = \"H101 SXM\"\n"),
            &["unknown hardware `H101 SXM`", "did you mean `H100 SXM`"],
        ),
    ] {
        let said = refused(&question, 2);
        assert!(
            parts.iter().all(|part| said.contains(part)),
            "{parts:?} are not in {said}"
        );
    }
    // A price that a table announces is planned with, and said to be announced.
    let bench = Bench::new("");
    let prices = "vendor,model,input_usd_per_mtok,cached_input_usd_per_mtok,output_usd_per_mtok,from_date,to_date\n\
                  us,m,1,,2,2026-01-01,\n";
    std::fs::write(bench.path("prices.csv"), prices).unwrap();
    let question = hosted("date = 9998-01-01").replace("input = 1\noutput = 2", "prices = \"prices.csv\"");
    std::fs::write(bench.path("plan.toml"), question).unwrap();
    let decision = json(&bench.run(&["plan", "plan.toml", "--set", "draws=50", "--format", "json"]));
    let cautions = decision["cautions"].as_array().unwrap();
    let is_said = cautions
        .iter()
        .any(|one| one.as_str().unwrap().contains("announced may change"));
    assert!(is_said, "{cautions:?}");
}

const ASKED: &str = "[demand]\nmonths = 12\nqueries_per_month = 9000\n[[demand.classes]]\nname = \"a\"\n\
                     tokens_in = 9\ntokens_out = 9\n";

/// Exit code 3: what was asked is right, and nothing does it; which limit binds is told, and what would relax it.
#[test]
fn what_binds_is_named_where_nothing_does_what_is_asked() {
    let goal =
        |goal: &str, rest: &str| format!("aim = \"lowest-cost\"\ngoal = {{ {goal} }}\ndraws = 50\n{rest}");
    let task = "[task]\nloss = 2.05\nright = 0.25\nslope = 6\nalike = 0.8\n";
    for (question, parts) in [
        (
            goal("nats_per_token = 1.5", ""),
            &[
                "goal of 1.5 nats a token",
                "floor of 1.8172",
                "the goal binds",
                "above the floor",
            ][..],
        ),
        (
            goal("right = \"99.9%\"", &format!("{task}{ASKED}")),
            &["goal of 99.9% of queries", "the sizes bind", "params.largest"],
        ),
        (
            goal(
                "nats_per_token = 2.0",
                "[[text]]\nname = \"a\"\nunique = \"1B\"\n",
            ),
            &["the text binds", "more of it, better text"],
        ),
        (
            format!(
                "{PLAIN}{ASKED}[params]\nsmallest = \"200B\"\n[serving]\nhardware = \"L4\"\ndevices = 1\n"
            ),
            &[
                "the memory binds",
                "1 x L4 hold 22 GB of the",
                "or more, or fewer bytes a weight",
                "params.smallest",
            ],
        ),
        (
            format!("{PLAIN}{ASKED}latency = \"0.001ms\"\n[params]\nsmallest = \"1B\"\n"),
            &["the latency binds", "raise `latency`"],
        ),
    ] {
        let said = refused(&question, 3);
        assert!(
            parts.iter().all(|part| said.contains(part)),
            "{parts:?} are not in {said}"
        );
    }
}

#[test]
fn files_that_are_no_text_are_the_user_s_to_mend() {
    let bench = Bench::new("");
    std::fs::write(bench.path("no-text"), b"\xff\xfe\xff").unwrap();
    let refused = |arguments: &[&str], part: &str| {
        let output = bench.run(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("no-text") && said.contains(part), "{said}");
    };
    refused(&["plan", "no-text"], "not UTF-8");
    refused(&["study", "run", "no-text", "--dry-run"], "not UTF-8");
    refused(&["bench", "length", "--spec", "no-text"], "not UTF-8");
    for lines in [
        "[demand]\nmonths = 3\n[[demand.classes]]\nname = \"a\"\ntrace = \"no-text\"\n",
        "[hosted]\nmodel = \"a\"\nparams = \"7B\"\ndate = 2026-05-01\nprices = \"no-text\"\n",
        "[[laws]]\nfit = \"no-text\"\n",
    ] {
        std::fs::write(bench.path("plan.toml"), format!("{PLAIN}{lines}")).unwrap();
        refused(&["plan", "plan.toml"], "UTF-8");
    }
}
