//! The whole way of a small study, with the real program.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use crate::support::{Bench, SPEC, json, words};
use serde_json::Value;

#[test]
fn a_study_goes_from_text_to_a_page_and_a_second_run_does_nothing() {
    let bench = Bench::new(SPEC);
    let arguments = ["study", "run", "spec.toml", "--out", "out", "--format", "json"];
    let first = json(&bench.run(&arguments));
    let trials = first["trials"].as_array().unwrap();
    assert_eq!(trials.len(), 10);
    assert!(
        trials.iter().all(|trial| trial["status"] == "done"),
        "{trials:#?}"
    );
    // Untrained, a token of the 300 costs ln 300 = 5.7 nats.
    assert!(
        trials.iter().all(|trial| trial["loss"].as_f64().unwrap() < 5.0),
        "{trials:#?}"
    );

    let written = |name: &str| {
        fs::metadata(bench.path("out").join(name))
            .unwrap()
            .modified()
            .unwrap()
    };
    let files = ["study.json", "trials.json", "analysis.json", "report.html"];
    let before = files.map(written);
    let records = bench.records("out");
    assert_eq!(json(&bench.run(&arguments)), first);
    assert_eq!(files.map(written), before);
    assert_eq!(bench.records("out"), records);
    // Trials side by side take less by the clock than together.
    let [clock, together] = ["clock", "seconds"].map(|key| first[key].as_f64().unwrap());
    assert!(clock > 0.0 && clock <= together + 1e-3, "{clock} of {together}");
    // Who runs it again knows its trials.
    let printed = bench.run(&arguments[..5]);
    let printed = String::from_utf8_lossy(&printed.stdout).into_owned();
    assert!(printed.starts_with("10 of 10 trials done"), "{printed}");
    assert!(!printed.contains(trials[0]["id"].as_str().unwrap()), "{printed}");

    let page = fs::read_to_string(bench.path("out/report.html")).unwrap();
    for trial in trials {
        assert!(page.contains(trial["id"].as_str().unwrap()));
    }
    // Three points are too few to tell, which is said where the answer would stand.
    assert!(page.contains("Is the curve flattening?"));
    let flattening = &first["flattening"];
    assert!(
        flattening["found"].is_string() || flattening["refused"].is_string(),
        "{flattening}"
    );
}

#[test]
fn the_prediction_is_written_before_the_held_out_run_starts() {
    let bench = Bench::new(SPEC);
    assert!(
        bench
            .run(&["study", "run", "spec.toml", "--out", "out", "--quiet"])
            .status
            .success()
    );
    let read = |path: &Path| -> Value { serde_json::from_slice(&fs::read(path).unwrap()).unwrap() };
    let prediction_file = bench.prediction("out");
    let prediction = read(&prediction_file);
    let held_out = bench.record("out", prediction["content"]["trial"].as_str().unwrap());
    let record = read(&held_out);
    let circumstances = &record["content"]["circumstances"];
    let started = circumstances["finished"].as_f64().unwrap() - circumstances["seconds"].as_f64().unwrap();
    // Times of day are whole seconds.
    assert!(prediction["content"]["written"].as_f64().unwrap() <= started + 1.0);
    let time = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
    assert!(time(&prediction_file) < time(&held_out));
}

#[test]
fn a_prediction_lost_after_the_held_out_run_is_not_made_again() {
    let bench = Bench::new(SPEC);
    let arguments = ["study", "run", "spec.toml", "--out", "out"];
    assert!(bench.run(&arguments).status.success());
    let prediction = bench.prediction("out");
    let first = fs::read(&prediction).unwrap();
    fs::remove_file(&prediction).unwrap();
    let again = bench.run(&arguments);
    let said = words(&again.stdout);
    assert!(
        said.contains("not predicted: the held-out run has been made"),
        "{said}"
    );
    assert!(!said.contains("inside the interval"), "{said}");
    // Nor is one that is damaged, and nothing promises it.
    fs::write(&prediction, "{").unwrap();
    let dry = bench.run(&[&arguments[..], &["--dry-run"]].concat());
    let report = bench.run(&["study", "report", "out"]);
    assert_eq!(report.status.code(), Some(1));
    for said in [
        words(&dry.stdout),
        words(&report.stderr),
        words(&bench.run(&arguments).stderr),
    ] {
        assert!(
            said.contains("a run that has been made is not predicted again"),
            "{said}"
        );
        assert!(!said.contains("makes it again"), "{said}");
    }
    // As the message says, it is predicted again once the run is made again.
    let written: Value = serde_json::from_slice(&fs::read(&prediction).unwrap()).unwrap();
    let trial = written["content"]["trial"].as_str().unwrap();
    fs::remove_file(&prediction).unwrap();
    fs::remove_file(bench.record("out", trial)).unwrap();
    assert!(bench.run(&arguments).status.success());
    let loss =
        |bytes: &[u8]| -> Value { serde_json::from_slice::<Value>(bytes).unwrap()["content"]["loss"].take() };
    assert_eq!(loss(&fs::read(&prediction).unwrap()), loss(&first));
}

#[test]
fn two_folders_have_the_same_trials_with_the_same_bits() {
    let (one, two) = (Bench::new(SPEC), Bench::new(SPEC));
    for bench in [&one, &two] {
        assert!(
            bench
                .run(&["study", "run", "spec.toml", "--out", "out", "--quiet"])
                .status
                .success()
        );
    }
    assert_eq!(one.records("out"), two.records("out"));
}

#[test]
fn a_damaged_record_is_named_set_aside_and_run_again() {
    let bench = Bench::new(SPEC);
    let arguments = ["study", "run", "spec.toml", "--out", "out"];
    assert!(bench.run(&arguments).status.success());
    let before = bench.records("out");
    let victim = bench.record("out", &before[0].0);
    let mut bytes = fs::read(&victim).unwrap();
    let middle = bytes.len() / 2;
    bytes.truncate(middle);
    fs::write(&victim, bytes).unwrap();
    let ahead = bench.run(&[&arguments[..], &["--dry-run"]].concat());
    let said = words(&ahead.stdout);
    assert!(said.contains("1 of 10 trials run"), "{said}");
    let named = format!("{}.json is damaged (", before[0].0);
    assert!(said.contains(&named) && !said.contains("weights"), "{said}");
    assert!(victim.exists());
    let again = bench.run(&arguments);
    let said = String::from_utf8_lossy(&again.stderr);
    assert!(again.status.success(), "{said}");
    assert!(said.contains(&before[0].0) && said.contains("damaged"), "{said}");
    assert!(victim.with_extension("damaged").exists());
    assert_eq!(bench.records("out"), before);
}

#[test]
fn a_study_whose_trials_all_diverge_fails_without_a_held_out_run_and_can_be_mended() {
    let bench = Bench::new(&SPEC.replace("batch = 256", "batch = 256\nlearning_rate = 1e30"));
    let arguments = ["study", "run", "spec.toml", "--out", "out", "--format", "json"];
    let output = bench.run(&arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("error: the ladder has no law"), "{said}");
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    let (held_out, ladder): (Vec<&Value>, Vec<&Value>) = result["trials"]
        .as_array()
        .unwrap()
        .iter()
        .partition(|trial| trial["role"] == "held-out");
    assert!(
        ladder.iter().all(|trial| trial["status"]["diverged"].is_string()),
        "{ladder:#?}"
    );
    // Nothing is trained that nothing was predicted of, until the ladder is mended.
    assert!(held_out[0]["status"]["missing"].is_string(), "{held_out:#?}");
    assert!(result["held_out"][0]["predicted"]["refused"].is_string());
    fs::write(bench.path("spec.toml"), SPEC).unwrap();
    let mended = json(&bench.run(&arguments));
    assert!(
        mended["held_out"][0]["predicted"]["found"].is_object(),
        "{}",
        mended["held_out"]
    );
}

#[test]
fn a_dry_run_lists_the_trials_and_writes_nothing() {
    let bench = Bench::new(SPEC);
    let outline = json(&bench.run(&[
        "study",
        "run",
        "spec.toml",
        "--out",
        "out",
        "--dry-run",
        "--format",
        "json",
    ]));
    let trials = outline["trials"].as_array().unwrap();
    assert_eq!(trials.len(), 10);
    for (trial, budget) in trials.iter().zip([4e8, 8e8, 1.6e9]) {
        let flops = trial["flops"].as_f64().unwrap();
        assert!(
            (flops / budget - 1.0).abs() < 0.05,
            "{flops} for a budget of {budget}"
        );
    }
    assert!(trials.iter().all(|trial| trial["memory"].as_u64().unwrap() > 0));
    assert!(outline["time"].as_f64().unwrap() > 0.0);
    assert!(!bench.path("out").exists());
}

#[test]
#[cfg(target_os = "linux")]
fn a_trial_that_cannot_fit_in_memory_is_refused_before_anything_is_made() {
    // A million sequences a step.
    let spec = SPEC
        .replace("context = 32", "context = 65536")
        .replace("batch = 256", "batch = 68719476736")
        .replace(r#"["4e8", "8e8", "1.6e9"]"#, r#"["4e21"]"#);
    let bench = Bench::new(&spec);
    for extra in [&["--dry-run"][..], &[], &["--quiet"]] {
        let output = bench.run(&[&["study", "run", "spec.toml", "--out", "out"], extra].concat());
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{message}");
        for said in [
            "the held out trial of",
            "iB of memory",
            "iB available",
            "`training.batch`",
        ] {
            assert!(message.contains(said), "{said}: {message}");
        }
        assert!(!bench.path("out/corpus").exists());
    }
}

#[test]
fn trials_in_bf16_are_other_trials_and_say_what_multiplied() {
    let [single, half] = ["f32", "bf16"].map(|dtype| {
        let bench = Bench::new(&SPEC.replace("batch = 256", &format!("batch = 256\ndtype = \"{dtype}\"")));
        let outline = json(&bench.run(&["study", "run", "spec.toml", "--dry-run", "--format", "json"]));
        assert_eq!(outline["trials"][0]["dtype"], dtype);
        let result = json(&bench.run(&["study", "run", "spec.toml", "--out", "out", "--format", "json"]));
        let id = bench.records("out")[0].0.clone();
        let record = fs::read_to_string(bench.record("out", &id)).unwrap();
        let record: Value = serde_json::from_str(&record).unwrap();
        assert_eq!(record["content"]["config"]["dtype"], dtype);
        let unit = record["content"]["inputs"]["unit"].as_str().unwrap();
        assert!(!unit.is_empty());
        let machine = result["machine"].as_str().unwrap();
        // Only these multiply in bf16; elsewhere all is computed in f32, and said to be.
        let said = match dtype == "bf16" && !["amx", "avx512-bf16"].contains(&unit) {
            true => format!("products in f32 on {unit}, which has none in bf16"),
            false => format!("products in {dtype} on {unit}"),
        };
        assert!(machine.contains(&said), "{machine}");
        bench
            .records("out")
            .into_iter()
            .map(|(id, _)| id)
            .collect::<Vec<_>>()
    });
    assert!(single.iter().all(|id| !half.contains(id)));
    let plain = Bench::new(SPEC);
    assert!(
        plain
            .run(&["study", "run", "spec.toml", "--out", "out", "--quiet"])
            .status
            .success()
    );
    let default: Vec<String> = plain.records("out").into_iter().map(|(id, _)| id).collect();
    assert_eq!(default, single);
}

#[test]
fn the_workers_of_a_study_use_the_instructions_that_were_chosen() {
    let bench = Bench::new(SPEC);
    let arguments = [
        "study",
        "run",
        "spec.toml",
        "--out",
        "out",
        "--quiet",
        "--instructions",
        "portable",
    ];
    assert!(bench.run(&arguments).status.success());
    for (id, _) in bench.records("out") {
        let record = fs::read_to_string(bench.record("out", &id)).unwrap();
        let record: Value = serde_json::from_str(&record).unwrap();
        let content = &record["content"];
        assert_eq!(content["inputs"]["unit"], "portable");
        assert_eq!(content["circumstances"]["instructions"], "portable");
    }
    let output = bench
        .program(&["study", "run", "spec.toml", "--out", "other/out", "--quiet"])
        .env("TRIAXIS_INSTRUCTIONS", "avx3")
        .output()
        .unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("TRIAXIS_INSTRUCTIONS: `avx3`"), "{message}");
}

#[test]
fn status_tells_done_from_missing() {
    let bench = Bench::new(SPEC);
    assert!(
        bench
            .run(&["study", "run", "spec.toml", "--out", "out", "--quiet"])
            .status
            .success()
    );
    let victim = bench.records("out")[0].0.clone();
    fs::remove_file(bench.record("out", &victim)).unwrap();
    let status = json(&bench.run(&["study", "status", "out", "--format", "json"]));
    assert_eq!((&status["done"], &status["missing"]), (&9.into(), &1.into()));
    let page = json(&bench.run(&[
        "study",
        "report",
        "out",
        "--format",
        "json",
        "--picture",
        "plot.svg",
    ]));
    let row = page["trials"]
        .as_array()
        .unwrap()
        .iter()
        .find(|trial| trial["id"] == victim.as_str())
        .unwrap();
    assert!(row["status"]["missing"].is_string());
    assert!(
        fs::read_to_string(bench.path("plot.svg"))
            .unwrap()
            .starts_with("<svg")
    );
    // A record is no place for a picture, nor a spec for a page.
    let record = format!("library/records/{}.json", bench.records("out")[0].0);
    let before = fs::read(bench.path(&record)).unwrap();
    let refused = bench.run(&["study", "report", "out", "--picture", &record]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("would be written over the input"), "{said}");
    assert_eq!(fs::read(bench.path(&record)).unwrap(), before);
    fs::rename(bench.path("spec.toml"), bench.path("out/study.json")).unwrap();
    let refused = bench.run(&["study", "run", "out/study.json", "--out", "out", "--dry-run"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("would be written over the input"), "{said}");
}

#[test]
fn looking_at_a_damaged_study_changes_nothing_and_running_mends_it() {
    let bench = Bench::new(SPEC);
    let run = ["study", "run", "spec.toml", "--out", "out", "--quiet"];
    assert!(bench.run(&run).status.success());
    let before = bench.records("out");
    let study = bench.path("out/study.json");
    let cut = fs::read(&study).unwrap()[..100].to_vec();
    fs::write(&study, &cut).unwrap();
    for command in ["status", "report"] {
        let output = bench.run(&["study", command, "out"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("study.json is damaged"), "{said}");
        assert!(said.contains("`triaxis study run` makes it again"), "{said}");
        assert_eq!(fs::read(&study).unwrap(), cut);
    }
    assert!(bench.run(&run).status.success());
    assert_eq!(bench.records("out"), before);
    assert!(bench.run(&["study", "status", "out"]).status.success());
    // Nor is a study foreign that has lost its spec altogether.
    fs::remove_file(&study).unwrap();
    assert!(bench.run(&run).status.success());
    assert_eq!(bench.records("out"), before);
}

#[test]
fn a_ladder_of_a_hundred_to_one_is_trained_with_any_schedule() {
    for schedule in ["wsd", "wsd-linear", "cosine", "constant"] {
        let spec = SPEC
            .replace("\"4e8\", \"8e8\", \"1.6e9\"", "\"1.6e7\", \"1.6e8\", \"1.6e9\"")
            .replace("batch = 256", &format!("batch = 64\nschedule = \"{schedule}\""));
        let bench = Bench::new(&spec);
        let result = json(&bench.run(&["study", "run", "spec.toml", "--out", "out", "--format", "json"]));
        let trials = result["trials"].as_array().unwrap();
        assert_eq!(trials.len(), 10);
        let done = trials.iter().all(|trial| trial["status"] == "done");
        assert!(done, "{schedule}: {trials:#?}");
    }
}

#[test]
fn text_that_is_left_out_is_said_even_when_quiet_if_it_is_much() {
    // A goal that so little text does not reach, so that there is no plan.
    let cheapest = SPEC.replace("lowest-loss", "lowest-cost");
    let goal = "goal = { bits_per_byte = 0.0001 }\ntext = [{ name = \"notes\", unique = \"1K\" }]\n";
    let bench = Bench::new(&format!("{cheapest}{goal}"));
    fs::write(bench.path("text/latin.txt"), b"caf\xe9 ".repeat(20_000)).unwrap();
    fs::write(bench.path("text/empty.txt"), "").unwrap();
    let said = |output: &std::process::Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let loud = said(&bench.run(&["study", "run", "spec.toml", "--out", "loud/out"]));
    let quiet = bench.run(&["study", "run", "spec.toml", "--out", "quiet/out", "--quiet"]);
    let warning = "warning: source `text`: 1 document (97.7KiB, ";
    let note = "1 document (0B, 0.0% of its text) without content is left out, first text/empty.txt is empty";
    assert!(loud.contains(warning) && loud.contains(note), "{loud}");
    let quietly = said(&quiet);
    assert!(quietly.contains(warning) && !quietly.contains(note), "{quietly}");
    let summary = String::from_utf8_lossy(&quiet.stdout).into_owned();
    assert!(
        summary.contains("! source `text`: 1 document (97.7KiB, "),
        "{summary}"
    );
    assert!(summary.contains("\ncurve: "), "{summary}");
    assert!(
        summary.contains("\nplan: refused: ") && !summary.contains("Wanted: "),
        "{summary}"
    );
    let page = fs::read_to_string(bench.path("quiet/out/report.html")).unwrap();
    assert!(page.contains("neither UTF-8 nor UTF-16"), "the page says it");
}

/// A tokenizer of words, nearly all of which it does not know.
const WORDS: &str = r#"{"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
    "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null, "decoder": null, "model": {"type": "WordLevel",
    "vocab": {"[UNK]": 0, "<|endoftext|>": 1, "The": 2, "river": 3, "the": 4}, "unk_token": "[UNK]"}}"#;

#[test]
fn a_tokenizer_that_loses_text_is_refused_or_marked_everywhere() {
    let bench = Bench::new(&SPEC.replace("vocabulary = 300", "file = \"words.json\""));
    fs::write(bench.path("words.json"), WORDS).unwrap();
    let run = ["study", "run", "spec.toml", "--out", "out"];
    let refused = bench.run(&run);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("does not come back from its tokens"), "{said}");
    assert!(said.contains("`lossy = true`"), "{said}");

    let spec = SPEC.replace("vocabulary = 300", "file = \"words.json\"\nlossy = true");
    let spec = spec.replace("[training]", "[training]\nepochs = 99.0");
    fs::write(bench.path("spec.toml"), spec).unwrap();
    let output = bench.run(&run);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("warning: The tokenizer loses text: of "), "{said}");
    let summary = String::from_utf8_lossy(&output.stdout);
    assert!(summary.contains("bits/byte kept"), "{summary}");
    assert!(summary.contains("! The tokenizer loses text"), "{summary}");
    let page = fs::read_to_string(bench.path("out/report.html")).unwrap();
    assert!(page.contains("The tokenizer loses "), "the page says it");

    let manifest = fs::read(bench.corpus("out").join("manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    let total = &manifest["validation"]["total"];
    let bytes = total["bytes"].as_u64().unwrap();
    let lost = manifest["tokenizer"]["lost"]["bytes"].as_u64().unwrap();
    assert!(2 * lost > bytes, "{lost} of {bytes}");
    let (_, record) = &bench.records("out")[0];
    assert_eq!(record["inputs"]["lost"], lost);
    let validation = &record["outcome"]["validation"];
    assert_eq!(validation["bytes"], bytes - lost);
    let nats = validation["nats"].as_f64().unwrap() * total["tokens"].as_f64().unwrap();
    let bits = nats / ((bytes - lost) as f64 * std::f64::consts::LN_2);
    assert!((validation["bits_per_byte"].as_f64().unwrap() / bits - 1.0).abs() < 1e-12);
}

#[test]
fn a_corpus_that_cannot_be_read_just_now_is_not_set_aside_and_no_trial_is_blamed() {
    let bench = Bench::new(SPEC);
    let run = ["study", "run", "spec.toml", "--out", "out", "--quiet"];
    assert!(bench.run(&run).status.success());
    let before = bench.records("out");
    // A folder in the place of a file: it is there, and reading it fails as on a failing disk.
    let manifest = bench.corpus("out").join("manifest.json");
    let whole = fs::read(&manifest).unwrap();
    fs::remove_file(&manifest).unwrap();
    fs::create_dir(&manifest).unwrap();
    let output = bench.run(&run);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("cannot read"), "{said}");
    assert!(!bench.corpus("out").with_extension("damaged").exists());
    let trials = fs::read(bench.path("out/trials.json")).unwrap();
    let trials: Value = serde_json::from_slice(&trials).unwrap();
    let group = trials["content"]["groups"][0]["id"].as_str().unwrap();
    let mut worker = bench
        .program(&["study", "worker", "out", group])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let _alive = worker.stdin.take();
    let output = worker.wait_with_output().unwrap();
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&said["event"], &said["machine"]),
        (&"refused".into(), &true.into())
    );
    fs::remove_dir(&manifest).unwrap();
    fs::write(&manifest, whole).unwrap();
    assert!(bench.run(&run).status.success());
    assert_eq!(bench.records("out"), before);
}

/// The trials that a run trains, by what it says of them.
fn trained(output: &std::process::Output) -> usize {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    said.lines()
        .filter(|line| line.trim_start().starts_with("done:"))
        .count()
}

#[test]
fn a_study_changes_its_plan_without_training_and_grows_by_what_is_missing() {
    let bench = Bench::new(SPEC);
    let run = |spec: &str, more: &[&str]| {
        fs::write(bench.path("spec.toml"), spec).unwrap();
        bench.run(&[&["study", "run", "spec.toml", "--out", "out"], more].concat())
    };
    assert_eq!(trained(&run(SPEC, &[])), 10);
    let planned = |output: &std::process::Output| json(output)["plan"].clone();
    let dear = SPEC
        .replace("dollars = 1000", "dollars = 2000")
        .replace("resamples = 200", "resamples = 100");
    let first = planned(&run(SPEC, &["--format", "json"]));
    let second = run(&dear, &["--format", "json"]);
    assert_eq!(trained(&second), 0);
    assert_ne!(planned(&second), first);
    // A budget between those that are there: three sizes, each on the trunk that it shares.
    let more = SPEC.replace("\"4e8\", ", "\"4e8\", \"6e8\", ");
    let records = bench.records("out").len();
    assert_eq!(trained(&run(&more, &[])), 3);
    assert_eq!(bench.records("out").len(), records + 3);
    // And back: what was there is there, and settings can be changed without a new file.
    assert_eq!(trained(&run(SPEC, &[])), 0);
    let set = [
        "--set",
        "plan.budget.dollars=2000",
        "--set",
        "laws.resamples=100",
        "--format",
        "json",
    ];
    assert_eq!(planned(&run(SPEC, &set)), planned(&second));
    let wrong = run(SPEC, &["--set", "plan.bugdet.dollars=1"]);
    let said = String::from_utf8_lossy(&wrong.stderr);
    assert_eq!(wrong.status.code(), Some(2), "{said}");
    assert!(said.contains("bugdet") && said.contains("`budget`"), "{said}");
}

#[test]
fn what_another_instruction_set_computed_is_taken_only_if_the_spec_says_so_and_named() {
    let bench = Bench::new(SPEC);
    let levels = bench.run(&["bench", "instructions"]);
    let levels = String::from_utf8(levels.stdout).unwrap();
    let best = levels.split_whitespace().last().unwrap();
    if best == "portable" {
        return;
    }
    let run = |instructions: &str, more: &[&str]| {
        let arguments = [
            "study",
            "run",
            "spec.toml",
            "--out",
            "out",
            "--instructions",
            instructions,
        ];
        bench.run(&[&arguments[..], more].concat())
    };
    assert_eq!(trained(&run("portable", &[])), 10);
    // Neither its records nor its weights hang on this: the other has an identity of its own, and says why it trains.
    let why = "10 trials run again: ";
    let outline = json(&run(best, &["--dry-run", "--format", "json"]));
    assert!(
        outline["again"][0].as_str().unwrap().starts_with(why),
        "{outline}"
    );
    let mixed = run(best, &["--set", "mixed=true", "--format", "json"]);
    assert_eq!(trained(&mixed), 0);
    let said = String::from_utf8_lossy(&mixed.stderr);
    assert!(!said.contains("again"), "{said}");
    let notices = json(&mixed)["notices"].to_string();
    assert!(notices.contains("10 of portable instead of "), "{notices}");
    let own = run(best, &["--quiet"]);
    let said = String::from_utf8_lossy(&own.stderr);
    assert!(
        own.status.success() && said.contains("which rounds otherwise than portable"),
        "{said}"
    );
    assert_eq!(bench.records("out").len(), 20);
    // With records of its own, the others are not asked for.
    let again = run(best, &["--set", "mixed=true", "--format", "json"]);
    assert_eq!(trained(&again), 0);
    let notices = json(&again)["notices"].to_string();
    assert!(!notices.contains("instead of"), "{notices}");
}

#[test]
fn two_studies_share_the_records_and_the_corpus_that_both_mean() {
    let bench = Bench::new(SPEC);
    assert_eq!(
        trained(&bench.run(&["study", "run", "spec.toml", "--out", "one"])),
        10
    );
    fs::write(
        bench.path("other.toml"),
        SPEC.replace("name = \"small\"", "name = \"other\""),
    )
    .unwrap();
    let other = ["study", "run", "other.toml", "--out", "two"];
    assert_eq!(trained(&bench.run(&other)), 0);
    bench.corpus("two");
    let elsewhere = [&other[..], &["--library", "elsewhere"]].concat();
    assert_eq!(trained(&bench.run(&elsewhere)), 10);
    let status = json(&bench.run(&["study", "status", "two", "--format", "json"]));
    assert_eq!(status["done"], 10);
}

#[test]
fn two_studies_that_run_at_once_train_each_trial_once() {
    let bench = Bench::new(SPEC);
    fs::write(
        bench.path("other.toml"),
        SPEC.replace("name = \"small\"", "name = \"other\""),
    )
    .unwrap();
    let studies = [["spec.toml", "one"], ["other.toml", "two"]].map(|[spec, out]| {
        let mut command = bench.program(&["study", "run", spec, "--out", out]);
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    });
    let ended = studies.map(|study| study.wait_with_output().unwrap());
    let all: usize = ended.iter().map(trained).sum();
    assert_eq!(all, 10);
    for out in ["one", "two"] {
        let status = json(&bench.run(&["study", "status", out, "--format", "json"]));
        assert_eq!(status["done"], 10);
    }
    assert_eq!(bench.records("one").len(), 10);
}

#[test]
fn a_study_of_an_earlier_layout_is_refused_with_a_way_out() {
    let bench = Bench::new(SPEC);
    assert_eq!(
        trained(&bench.run(&["study", "run", "spec.toml", "--out", "out"])),
        10
    );
    let study = bench.path("out/study.json");
    let mut old: Value = serde_json::from_slice(&fs::read(&study).unwrap()).unwrap();
    let mut content = old["content"].take();
    content.as_object_mut().unwrap().remove("layout");
    triaxis_study::sealed::write(&study, &content).unwrap();
    for arguments in [
        &["study", "run", "spec.toml", "--out", "out"][..],
        &["study", "status", "out"],
    ] {
        let output = bench.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(
            said.contains("an earlier version") && said.contains("`--out`"),
            "{said}"
        );
    }
}

#[test]
fn a_study_that_planned_in_the_words_of_an_earlier_version_goes_on_and_says_so() {
    let bench = Bench::new(SPEC);
    let run = ["study", "run", "spec.toml", "--out", "out"];
    assert_eq!(trained(&bench.run(&run)), 10);
    let asked =
        "[plan]\nbudget = { dollars = 1000 }\nunique_tokens = \"10B\"\npublished = [\"hoffmann-2022\"]\n";
    let (before, _) = SPEC.split_once("[plan]").unwrap();
    let study = bench.path("out/study.json");
    let mut old: Value = serde_json::from_slice(&fs::read(&study).unwrap()).unwrap();
    let mut content = old["content"].take();
    content["text"] = Value::String(format!("{before}{asked}"));
    content["spec"]["plan"] = serde_json::json!({
        "budget": { "dollars": 1000.0 }, "unique_tokens": 10_000_000_000_u64, "published": ["hoffmann-2022"],
    });
    triaxis_study::sealed::write(&study, &content).unwrap();
    // It is read and reported, without the plan.
    assert!(bench.run(&["study", "status", "out"]).status.success());
    let report = bench.run(&["study", "report", "out"]);
    let said = String::from_utf8(report.stdout).unwrap();
    assert!(
        said.contains("in the words of an earlier version") && !said.contains("Wanted: "),
        "{said}"
    );
    // Its spec is refused with what to write.
    fs::write(bench.path("old.toml"), format!("{before}{asked}")).unwrap();
    let refused = bench.run(&["study", "run", "old.toml", "--out", "out"]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(
        said.contains("with an `aim`") && said.contains("study new --ask settings"),
        "{said}"
    );
    // Asked anew it trains nothing.
    let again = bench.run(&run);
    assert_eq!(trained(&again), 0);
    assert!(String::from_utf8(again.stdout).unwrap().contains("Wanted: "));
}

#[test]
fn a_library_is_listed_verified_and_pruned_of_what_no_study_needs() {
    let bench = Bench::new(SPEC);
    assert_eq!(
        trained(&bench.run(&["study", "run", "spec.toml", "--out", "out"])),
        10
    );
    let more = SPEC.replace("\"4e8\", ", "\"4e8\", \"6e8\", ");
    fs::write(bench.path("spec.toml"), more).unwrap();
    assert_eq!(
        trained(&bench.run(&["study", "run", "spec.toml", "--out", "out"])),
        3
    );
    fs::write(bench.path("spec.toml"), SPEC).unwrap();
    assert_eq!(
        trained(&bench.run(&["study", "run", "spec.toml", "--out", "out"])),
        0
    );

    let library = |arguments: &[&str]| bench.run(&[&["study", "library"], arguments].concat());
    let listed = json(&library(&["list", "library", "--format", "json"]));
    assert_eq!(listed["records"].as_array().unwrap().len(), 13);
    assert_eq!(listed["corpora"].as_array().unwrap().len(), 1);
    assert!(library(&["verify", "library"]).status.success());

    let prune = ["prune", "library", "--study", "out", "--format", "json"];
    let unneeded = json(&library(&prune));
    assert_eq!(unneeded["records"].as_array().unwrap().len(), 3);
    assert_eq!(bench.records("out").len(), 13, "only listed");
    let removed = json(&library(&[&prune[..], &["--yes"]].concat()));
    assert_eq!(removed["removed"], true);
    assert_eq!(bench.records("out").len(), 10);
    assert_eq!(
        trained(&bench.run(&["study", "run", "spec.toml", "--out", "out"])),
        0
    );

    let record = bench.record("out", &bench.records("out")[0].0);
    fs::write(&record, "{").unwrap();
    let verified = library(&["verify", "library"]);
    let said = String::from_utf8_lossy(&verified.stdout);
    assert_eq!(verified.status.code(), Some(1), "{said}");
    assert!(
        said.contains(&record.file_name().unwrap().to_string_lossy().into_owned()),
        "{said}"
    );
    let none = library(&["list", "text"]);
    let said = String::from_utf8_lossy(&none.stderr);
    assert_eq!(none.status.code(), Some(2), "{said}");
    assert!(said.contains("is no library"), "{said}");
}

/// Adds validation texts to a spec: the first three documents of its corpus, and one of its own.
fn with_validation(bench: &Bench, spec: &str) {
    fs::create_dir_all(bench.path("news")).unwrap();
    for document in ["000", "001", "002"] {
        let copy = bench.path(&format!("news/{document}.txt"));
        fs::copy(bench.path(&format!("text/{document}.txt")), copy).unwrap();
    }
    // All but its first line is the document's.
    let near = fs::read_to_string(bench.path("text/003.txt")).unwrap();
    fs::write(bench.path("own.txt"), format!("A line of its own.\n{near}")).unwrap();
    let text = |name: &str, include: &str| {
        format!("[[validation]]\nkind = \"files\"\nname = \"{name}\"\ninclude = [\"{include}\"]\n\n")
    };
    let texts = text("news", "news/*.txt") + &text("own", "own.txt");
    fs::write(
        bench.path("spec.toml"),
        spec.replace("[tokenizer]", &format!("{texts}[tokenizer]")),
    )
    .unwrap();
}

#[test]
fn every_trial_is_evaluated_on_the_validation_texts_and_trains_on_none_of_them() {
    let bench = Bench::new(SPEC);
    with_validation(&bench, SPEC);
    let run = ["study", "run", "spec.toml", "--out", "out"];
    let output = bench.run(&run);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("3 documents (") && said.contains("in a validation text"),
        "{said}"
    );

    let manifest: Value =
        serde_json::from_slice(&fs::read(bench.corpus("out").join("manifest.json")).unwrap()).unwrap();
    let left_out = &manifest["sources"][0]["left_out"];
    assert_eq!(left_out["held-out"]["documents"], 3);
    assert_eq!(left_out["near-held-out"]["documents"], 1);
    let page = fs::read_to_string(bench.path("out/report.html")).unwrap();
    assert!(page.contains("nearly in a validation text"), "the page says it");

    let status = json(&bench.run(&["study", "status", "out", "--format", "json"]));
    for trial in status["trials"].as_array().unwrap() {
        let names = |list: &str| -> Vec<String> {
            let all = trial[list].as_array().unwrap().iter();
            all.map(|entry| entry["name"].as_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(names("texts"), ["news", "own"]);
        assert_eq!(names("sources"), ["text"]);
        let news = &trial["texts"][0];
        let bytes: u64 = (0..3)
            .map(|n| {
                fs::metadata(bench.path(&format!("news/00{n}.txt")))
                    .unwrap()
                    .len()
            })
            .sum();
        assert_eq!(news["bytes"], bytes);
        let [nats, tokens, bits] = ["nats", "tokens", "bits_per_byte"].map(|key| news[key].as_f64().unwrap());
        let expected = nats * (tokens + 1.0) / (bytes as f64 * std::f64::consts::LN_2);
        assert!((bits / expected - 1.0).abs() < 1e-9, "{bits}, not {expected}");
        // The one source is the whole split.
        let [of_source, whole] = [&trial["sources"][0]["bits_per_byte"], &trial["bits_per_byte"]];
        let [of_source, whole] = [of_source, whole].map(|loss| loss.as_f64().unwrap());
        assert!((of_source / whole - 1.0).abs() < 1e-6, "{of_source}, not {whole}");
    }

    // Nothing is left to do.
    let again = bench.run(&run);
    assert_eq!(trained(&again), 0);
    let listed = json(&bench.run(&["study", "library", "list", "library", "--format", "json"]));
    assert_eq!(
        listed["texts"][0]["documents"].as_u64().unwrap() + listed["texts"][1]["documents"].as_u64().unwrap(),
        4
    );
    let pruned = json(&bench.run(&[
        "study", "library", "prune", "library", "--study", "out", "--format", "json",
    ]));
    assert_eq!(pruned["texts"].as_array().unwrap().len(), 0);
    // A text that changed on the disk is another, and takes other documents out of the corpus.
    let own = fs::read(bench.path("own.txt")).unwrap();
    fs::write(bench.path("own.txt"), "Another text altogether.").unwrap();
    let changed = bench.run(&run);
    assert!(trained(&changed) > 0);
    let small = "The validation text `own` has 24B";
    assert!(
        words(&changed.stdout).contains(small),
        "and it is too small to say anything"
    );
    let dry = bench.run(&[&run[..], &["--dry-run"]].concat());
    assert!(words(&dry.stdout).contains(small));
    fs::write(bench.path("own.txt"), own).unwrap();
    assert_eq!(trained(&bench.run(&run)), 0);
}

#[test]
fn validation_texts_are_checked_before_anything_is_trained() {
    let bench = Bench::new(SPEC);
    with_validation(&bench, SPEC);
    let spec = fs::read_to_string(bench.path("spec.toml")).unwrap();
    for (from, to, expected) in [
        ("\"own\"", "\"news\"", "a name of its own for each text"),
        ("own.txt", "none.txt", "matches no file"),
        (
            "name = \"own\"",
            "name = \"own\"\nweight = 2.0",
            "remove the weight",
        ),
    ] {
        fs::write(bench.path("spec.toml"), spec.replace(from, to)).unwrap();
        for dry in [false, true] {
            let mut arguments = vec!["study", "run", "spec.toml", "--out", "out"];
            arguments.extend(dry.then_some("--dry-run"));
            let output = bench.run(&arguments);
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{said}");
            assert!(said.contains(expected), "{said}");
        }
    }
}
