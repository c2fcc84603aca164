//! A study that is killed again and again ends with the records of one that was not.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::{Bench, SPEC};

/// Two arms of two seeds, evaluated on a text of which the corpus has copies.
fn spec() -> String {
    let spec = SPEC.replace("seed = 7", "seed = 7\nseeds = 2").replace(
        "[tokenizer]",
        "[[validation]]\nkind = \"files\"\nname = \"first\"\ninclude = [\"text/00*.txt\"]\n\n[tokenizer]",
    );
    spec + "\n[[arms]]\nname = \"plain\"\n\n[[arms]]\nname = \"slow\"\ntraining = { learning_rate = 0.003 }\n"
}

#[test]
fn a_killed_study_ends_with_the_records_of_an_undisturbed_one() {
    let kills: u32 = std::env::var("TRIAXIS_KILLS").map_or(6, |kills| kills.parse().unwrap());
    let bench = Bench::new(&spec());
    let start = Instant::now();
    let undisturbed = bench.run(&["study", "run", "spec.toml", "--out", "undisturbed/out"]);
    assert!(
        undisturbed.status.success(),
        "{}",
        String::from_utf8_lossy(&undisturbed.stderr)
    );
    let whole = start.elapsed();
    let expected = (bench.records("undisturbed/out"), bench.models("undisturbed/out"));
    let compare = || {
        let found = (bench.records("killed/out"), bench.models("killed/out"));
        assert_eq!(found, expected);
    };

    let arguments = ["study", "run", "spec.toml", "--out", "killed/out"];
    let mut state = 0x1234_5678_9ABC_DEF1_u64;
    let (mut landed, mut ended) = (0, 0);
    while landed < kills {
        let mut child = bench
            .program(&arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        // Each attempt goes on where the last one stopped, so short lives reach every stage.
        let share = (state % 1000) as f64 / 1000.0;
        std::thread::sleep(Duration::from_secs_f64(whole.as_secs_f64() * 0.5 * share));
        if let Some(status) = child.try_wait().unwrap() {
            // It ended before its kill: held against the undisturbed one, and begun anew.
            assert!(status.success(), "{status}");
            compare();
            bench.remove("killed");
            ended += 1;
        } else {
            child.kill().unwrap();
            child.wait().unwrap();
            landed += 1;
        }
    }
    let last = bench.run(&arguments);
    assert!(last.status.success(), "{}", String::from_utf8_lossy(&last.stderr));
    println!("{landed} kills landed while the study ran; {ended} times it ended first and was begun anew");
    compare();
    let [trials, losses] = [expected.1.len(), expected.0.len() - expected.1.len()];
    assert_eq!([trials, losses], [38, 38]);
}
