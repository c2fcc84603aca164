//! `fit --mixture`: shares of domains, and the best of them.

use super::*;

/// Runs of three domains by `L = 2 + exp(0.3 - 1.2 a - 0.4 b)`, each off by 0.002 at the most.
fn table() -> String {
    let mut text = "a,b,c,loss\n".to_owned();
    for step in 0..40_u32 {
        let spread = |times: u32| f64::from((step * times + 7) % 41) + 1.0;
        let [a, b, c] = [spread(5), spread(11), spread(23)];
        let sum = a + b + c;
        let (a, b) = ((1e4 * a / sum).round() / 1e4, (1e4 * b / sum).round() / 1e4);
        let off = 0.002 * f64::from(step % 3) - 0.002;
        let loss = 2.0 + (0.3 - 1.2 * a - 0.4 * b).exp() + off;
        writeln!(text, "{a},{b},{:.4},{loss:.5}", 1.0 - a - b).unwrap();
    }
    text
}

#[test]
fn the_best_mixture_is_found_within_what_was_run() {
    let folder = Folder::with("runs.csv", &table());
    let best = |arguments: &[&str]| {
        let fit = folder.json(&[&["runs.csv", "--mixture"][..], arguments].concat());
        let shares = fit["domains"].as_array().unwrap().iter();
        let shares: Vec<f64> = shares
            .map(|domain| domain["best"]["value"].as_f64().unwrap())
            .collect();
        (fit, shares)
    };
    let (fit, shares) = best(&["a,b,c"]);
    assert_eq!(fit["forms"][0]["form"], "exponential");
    // The best domain as far as any run had it, the second best for the rest.
    let most = fit["domains"][0]["largest"].as_f64().unwrap();
    assert!(
        (shares[0] - most).abs() < 1e-3 && (shares[1] - (1.0 - most)).abs() < 1e-3,
        "{shares:?}"
    );
    let truth = 2.0 + (0.3 - 1.2 * most - 0.4 * (1.0 - most)).exp();
    assert!(
        (fit["loss"]["value"].as_f64().unwrap() - truth).abs() < 0.005,
        "{fit}"
    );
    let (fit, shares) = best(&["a,b,c", "--cap", "a=40%", "--cap", "b=1"]);
    assert!(
        (shares[0] - 0.4).abs() < 1e-6 && (shares[1] - 0.6).abs() < 1e-3,
        "{shares:?}"
    );
    assert!(
        fit["domains"]
            .as_array()
            .unwrap()
            .iter()
            .all(|domain| domain["is_beyond"] == false)
    );
    let (fit, shares) = best(&["a,b,c", "--cap", "a=1", "--form", "linear"]);
    assert!(
        shares[0] > 0.999 && fit["domains"][0]["is_beyond"] == true,
        "{shares:?}"
    );
    let text = String::from_utf8(folder.fit(&["runs.csv", "--mixture", "a,b,c"]).stdout).unwrap();
    assert!(
        text.starts_with("The exponential law of 40 runs of 3 domains"),
        "{text}"
    );
}

#[test]
fn what_is_no_table_of_mixtures_is_refused() {
    let folder = Folder::with("runs.csv", &table());
    for (arguments, parts) in [
        (&["--mixture", "a,b,d"][..], &["--mixture d", "a, b, c, loss"][..]),
        (&["--mixture", "train_*"], &["--mixture train_*"]),
        (&["--mixture", "a,b"], &["line 2", "add up to 1"]),
        (
            &["--mixture", "a,b,c", "--loss", "lss"],
            &["--loss lss", "did you mean `loss`"],
        ),
        (
            &["--mixture", "a,b,c", "--cap", "d=0.5"],
            &["--cap d=0.5", "DOMAIN=SHARE"],
        ),
        (
            &["--mixture", "a,b,c", "--cap", "a=2"],
            &["--cap a=2", "from 0 to 1"],
        ),
        (
            &[
                "--mixture",
                "a,b,c",
                "--cap",
                "a=0.1",
                "--cap",
                "b=0.1",
                "--cap",
                "c=0.1",
            ],
            &["the caps of the domains add up to 0.300", "raise some `--cap`"],
        ),
        (
            &["--mixture", "a,b,c", "--form", "exponent"],
            &["linear, logarithmic, exponential", "did you mean"],
        ),
        (&["--cap", "a=0.5"], &["--mixture"]),
    ] {
        folder.refused(&[&["runs.csv"][..], arguments].concat(), parts);
    }
    // Cells that are no shares and no losses, by their lines.
    for (cells, parts) in [
        (
            "-0.2,0.6,0.6,2.5",
            &["`a` line 42", "-0.2", "zero or more", "--where"][..],
        ),
        ("0.2,x,0.6,2.5", &["`b` line 42", "`x` is a text", "a number"]),
        ("0.2,,0.8,2.5", &["`b` line 42", "empty"]),
        ("0.2,0.2,0.6,nan", &["`loss` line 42", "NaN", "a finite number"]),
    ] {
        folder.write("cells.csv", &format!("{}{cells}\n", table()));
        folder.refused(&["cells.csv", "--mixture", "a,b,c"], parts);
    }
}
