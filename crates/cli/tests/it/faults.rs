//! Faults of the machine, made in earnest: whatever fails, no trial is blamed and no corpus set aside, and once the
//! fault is over the same command ends as if it had never been.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::{Bench, SPEC};

const RUN: [&str; 6] = ["study", "run", "spec.toml", "--out", "out", "--quiet"];

/// A file that every user may open and none can read from its beginning: the system answers with an I/O error.
const UNREADABLE: &str = "/proc/self/mem";

/// The program with `arguments`, started by a shell after `preparation`, and `afterwards` run with what is left.
fn after(bench: &Bench, preparation: &str, arguments: &[&str], afterwards: &str) -> Command {
    let mut shell = Command::new("sh");
    let script = format!("{preparation} && {{ \"$@\"; code=$?; {afterwards}; exit $code; }}");
    shell.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_triaxis")]);
    shell.args(arguments).current_dir(bench.path(""));
    shell
}

/// As [`after`], where the shell may mount, in a space of its own; nothing where the system lets nobody do that.
#[allow(clippy::print_stderr, reason = "a test that is skipped says so")]
fn mounted(bench: &Bench, preparation: &str, arguments: &[&str], afterwards: &str) -> Option<Output> {
    let may = |command: &mut Command| command.output().is_ok_and(|output| output.status.success());
    if !may(Command::new("unshare").args(["-rm", "sh", "-c", "mount -t tmpfs tmpfs /tmp"])) {
        eprintln!("skipped: nobody may mount here");
        return None;
    }
    let shell = after(bench, preparation, arguments, afterwards);
    let mut command = Command::new("unshare");
    command.arg("-rm").arg(shell.get_program()).args(shell.get_args());
    Some(command.current_dir(bench.path("")).output().unwrap())
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What a fault of the machine must look like.
fn is_told(bench: &Bench, output: &Output, code: i32, parts: &[&str]) {
    let said = said(output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    for part in parts {
        assert!(said.contains(part), "{part}: {said}");
    }
    is_blameless(bench);
}

/// No record of a failure, and nothing set aside.
fn is_blameless(bench: &Bench) {
    let library = bench.path("library");
    let listed = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
    for folder in [&library, &library.join("corpora"), &library.join("records")] {
        for entry in listed(folder) {
            let name = entry.file_name().to_string_lossy().into_owned();
            assert!(!name.contains("damaged"), "{name}");
        }
    }
    for entry in listed(&library.join("records")) {
        let text = fs::read_to_string(entry.path()).unwrap_or_default();
        assert!(!text.contains("\"failed\""), "{text}");
    }
}

/// The records of an undisturbed study, with its corpus and its groups, and the records gone.
fn without_records(bench: &Bench) -> Vec<(String, Value)> {
    let output = bench.run(&RUN);
    assert!(output.status.success(), "{}", said(&output));
    let records = bench.records("out");
    fs::remove_dir_all(bench.path("library/records")).unwrap();
    fs::remove_dir_all(bench.path("out/predictions")).unwrap();
    records
}

fn ends_as(bench: &Bench, records: &[(String, Value)]) {
    let output = bench.run(&RUN);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(bench.records("out"), records);
}

/// What a worker says of the first group as it gives up.
fn refusal(bench: &Bench, preparation: &str) -> Option<Value> {
    let trials: Value = serde_json::from_slice(&fs::read(bench.path("out/trials.json")).unwrap()).unwrap();
    let group = trials["content"]["groups"][0]["id"].as_str().unwrap();
    let told = Bench::said_by_worker(after(bench, preparation, &["study", "worker", "out", group], ":"));
    let last: Value = serde_json::from_str(told.lines().last()?).unwrap();
    (last["event"] == "refused").then_some(last)
}

#[test]
fn too_few_open_files_stop_a_study_wherever_they_are_missed() {
    let bench = Bench::new(SPEC);
    let mut stopped = 0;
    for limit in 4..40 {
        let output = after(&bench, &format!("ulimit -n {limit}"), &RUN, ":")
            .output()
            .unwrap();
        if output.status.success() {
            break;
        }
        let said = said(&output);
        // Below what the program itself is loaded with, the system says so and not the program.
        if !said.contains("error while loading shared libraries") {
            is_told(&bench, &output, 1, &["Too many open files", "`ulimit -n`"]);
            stopped += 1;
        }
        is_blameless(&bench);
    }
    assert!(stopped > 3, "{stopped} limits were met");
    let undisturbed = Bench::new(SPEC);
    assert!(undisturbed.run(&RUN).status.success());
    ends_as(&bench, &undisturbed.records("out"));

    // A worker alone, whose limit the study around it does not share.
    let records = without_records(&bench);
    let refusals = (4..40).filter_map(|limit| refusal(&bench, &format!("ulimit -n {limit}")));
    let mut refused = 0;
    for refusal in refusals {
        assert_eq!(
            (&refusal["machine"], &refusal["kind"]),
            (&true.into(), &"machine".into()),
            "{refusal}"
        );
        refused += 1;
    }
    assert!(refused > 1, "{refused} limits were met");
    is_blameless(&bench);
    ends_as(&bench, &records);
}

#[test]
fn an_input_or_output_error_stops_a_study_and_is_no_damage() {
    let bench = Bench::new(SPEC);
    // Of the documents, plain and packed.
    let document = bench.path("text/007.txt");
    let text = fs::read(&document).unwrap();
    fs::remove_file(&document).unwrap();
    symlink(UNREADABLE, &document).unwrap();
    let error = ["Input/output error", "the disk or the network behind it failed"];
    is_told(&bench, &bench.run(&RUN), 1, &error);
    fs::remove_file(&document).unwrap();
    fs::write(&document, text).unwrap();
    let records = without_records(&bench);

    // Of the corpus, of a record.
    let corpus = bench.corpus("out");
    ends_as(&bench, &records);
    let record = bench.record("out", &records[0].0);
    for path in [
        corpus.join("manifest.json"),
        corpus.join("tokenizer.json"),
        record,
    ] {
        let whole = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        symlink(UNREADABLE, &path).unwrap();
        is_told(&bench, &bench.run(&RUN), 1, &error);
        if path.ends_with("manifest.json") {
            let refusal = refusal(&bench, ":").unwrap();
            assert_eq!(
                (&refusal["machine"], &refusal["kind"]),
                (&true.into(), &"machine".into())
            );
        }
        fs::remove_file(&path).unwrap();
        fs::write(&path, whole).unwrap();
        ends_as(&bench, &records);
    }
}

#[test]
fn what_may_not_be_read_is_named_and_no_damage() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new(SPEC);
    let forbid = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let document = bench.path("text/007.txt");
    forbid(&document, 0);
    if fs::read(&document).is_ok() {
        eprintln!("skipped: this user may read everything");
        return;
    }
    let denied = ["Permission denied", "permissions"];
    is_told(&bench, &bench.run(&RUN), 2, &denied);
    forbid(&document, 0o644);
    let records = without_records(&bench);
    for name in ["manifest.json", "train.bin"] {
        let path = bench.corpus("out").join(name);
        forbid(&path, 0);
        is_told(&bench, &bench.run(&RUN), 2, &denied);
        let refusal = refusal(&bench, ":").unwrap();
        assert_eq!(
            (&refusal["machine"], &refusal["kind"]),
            (&true.into(), &"path".into())
        );
        forbid(&path, 0o644);
    }
    ends_as(&bench, &records);
}

#[test]
fn a_limit_on_the_size_of_files_blames_no_trial() {
    let bench = Bench::new(SPEC);
    let records = without_records(&bench);
    // Told by the system to the program as an error, or by a signal that ends it.
    let told = after(&bench, "trap '' XFSZ; ulimit -f 8", &RUN, ":")
        .output()
        .unwrap();
    is_told(&bench, &told, 2, &["File too large", "`ulimit -f`"]);
    let killed = after(&bench, "ulimit -f 8", &RUN, ":").output().unwrap();
    is_told(
        &bench,
        &killed,
        1,
        &["the system ended the process of the group", "raise the limit"],
    );
    ends_as(&bench, &records);
}

#[test]
fn a_library_without_space_loses_nothing() {
    let bench = Bench::new(SPEC);
    let kept = "cp -a library kept";
    // For the corpus.
    fs::create_dir(bench.path("library")).unwrap();
    let small = "mount -t tmpfs -o size=256k tmpfs library";
    let Some(output) = mounted(&bench, small, &RUN, kept) else {
        return;
    };
    fs::remove_dir(bench.path("library")).unwrap();
    fs::rename(bench.path("kept"), bench.path("library")).unwrap();
    let space = ["No space left on device", "free some space"];
    is_told(&bench, &output, 2, &space);
    assert_eq!(fs::read_dir(bench.path("library/corpora")).unwrap().count(), 0);
    let records = without_records(&bench);

    // For a record.
    fs::create_dir(bench.path("library/records")).unwrap();
    let small = "mount -t tmpfs -o size=4k tmpfs library/records";
    let output = mounted(&bench, small, &RUN, "cp -a library/records kept").unwrap();
    fs::remove_dir(bench.path("library/records")).unwrap();
    fs::rename(bench.path("kept"), bench.path("library/records")).unwrap();
    is_told(&bench, &output, 2, &space);
    ends_as(&bench, &records);
}

#[test]
fn a_library_that_cannot_be_written_loses_nothing() {
    let bench = Bench::new(SPEC);
    fs::create_dir(bench.path("library")).unwrap();
    let read_only =
        |folder: &str| format!("mount --bind {folder} {folder} && mount -o remount,bind,ro {folder}");
    let Some(output) = mounted(&bench, &read_only("library"), &RUN, ":") else {
        return;
    };
    is_told(&bench, &output, 2, &["Read-only file system", "--library"]);
    assert_eq!(fs::read_dir(bench.path("library")).unwrap().count(), 0);
    let records = without_records(&bench);
    fs::create_dir(bench.path("library/records")).unwrap();
    let output = mounted(&bench, &read_only("library/records"), &RUN, ":").unwrap();
    is_told(
        &bench,
        &output,
        2,
        &["Read-only file system", "a disk that can be written"],
    );
    ends_as(&bench, &records);
}

#[test]
fn a_system_that_starts_no_thread_is_told() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let bench = Bench::new("");
    // The limit binds everybody but root, who takes another's place.
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let program = bench.path("triaxis");
    fs::copy(env!("CARGO_BIN_EXE_triaxis"), &program).unwrap();
    fs::set_permissions(bench.path(""), fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = match is_root {
        true => {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "sh"]);
            command
        }
        false => Command::new("sh"),
    };
    command
        .args([
            "-c",
            "{ ulimit -p 1 || ulimit -u 1; } 2>/dev/null && exec \"$0\" fit --list",
        ])
        .arg(&program);
    let Ok(output) = command.output() else {
        eprintln!("skipped: nobody can take another's place here");
        return;
    };
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("cannot start threads") && said.contains("`ulimit -u`"),
        "{said}"
    );
    assert!(!said.contains("panicked"), "{said}");
}
