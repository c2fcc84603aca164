//! The hardware catalogue: sane, sourced, and equal to Epoch AI's prices where it claims to be.

use std::path::Path;

use triaxis_plan::{Catalogue, Hardware};

#[test]
fn every_row_is_sourced_and_plausible() {
    let catalogue = Catalogue::built_in().unwrap();
    assert!(catalogue.rows().len() >= 10);
    for row in catalogue.rows() {
        assert!(
            !row.price_source.is_empty() && !row.figures_source.is_empty(),
            "{}",
            row.name
        );
        let date: Vec<&str> = row.price_date.split('-').collect();
        assert!(
            date.len() == 3 && date[0].len() == 4 && date[1].len() == 2,
            "{}",
            row.name
        );
        // Operations a byte of bandwidth: 20 for a CPU, some 100 to 700 for accelerators.
        let intensity = row.peak.0 / row.bandwidth.as_f64();
        assert!((20.0..800.0).contains(&intensity), "{}: {intensity}", row.name);
        // No device reads its whole memory more than 50 times or less than once a second.
        let sweeps = row.bandwidth / row.memory;
        assert!((1.0..60.0).contains(&sweeps), "{}: {sweeps}", row.name);
        assert_eq!(
            catalogue
                .find(&row.name.to_uppercase().replace(' ', "-"))
                .unwrap(),
            row
        );
        let text = serde_json::to_string(row).unwrap();
        assert_eq!(&serde_json::from_str::<Hardware>(&text).unwrap(), row);
    }
}

#[test]
fn an_unknown_name_is_refused_with_the_nearest() {
    let catalogue = Catalogue::built_in().unwrap();
    for (wrong, right) in [
        ("H100", "H100 SXM"),
        ("mi300", "MI300X"),
        ("A100 80GB SXM", "A100 SXM 80GB"),
    ] {
        let error = catalogue.find(wrong).unwrap_err();
        assert!(
            error.to_string().contains(&format!("did you mean `{right}`")),
            "{error}"
        );
    }
    let error = catalogue.find("abacus").unwrap_err();
    assert!(!error.to_string().contains("did you mean"), "{error}");
    assert!(error.to_string().contains("TPU v5p"), "{error}");
}

#[test]
fn own_rows_are_added_and_replace() {
    let catalogue = Catalogue::built_in().unwrap();
    let many = catalogue.rows().len();
    let mut own = catalogue.find("L40S").unwrap().clone();
    own.price_per_hour.0 = 0.5;
    let catalogue = catalogue.with([own.clone()]).unwrap();
    assert_eq!(catalogue.rows().len(), many);
    assert_eq!(catalogue.find("l40s").unwrap().price_per_hour.0, 0.5);
    own.memory.0 = 0;
    let refused = catalogue.with([own]).unwrap_err().to_string();
    assert!(
        refused.starts_with("hardware `L40S`, memory is 0: it must be above 0 and finite"),
        "{refused}"
    );
}

#[test]
fn prices_are_those_of_epochs_table() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/published-runs/hardware/hardware_prices.csv");
    if !file.is_file() {
        assert!(
            std::env::var_os("CI").is_none(),
            "{} must be present under CI",
            file.display()
        );
        println!("skipped: {} is absent", file.display());
        return;
    }
    let text = std::fs::read_to_string(file).unwrap();
    let mut rows = records(text.trim_start_matches('\u{feff}'));
    let head = rows.remove(0);
    let column = |name: &str| head.iter().position(|head| head == name).unwrap();
    let (model, vendor) = (column("Hardware model"), column("Vendor"));
    let (date, price) = (column("Price date"), column("Price per chip-hour (on-demand)"));
    let mut compared = 0;
    for hardware in Catalogue::built_in().unwrap().rows() {
        let Some(key) = &hardware.epoch_row else { continue };
        let prices: Vec<f64> = rows
            .iter()
            .filter(|row| row[model] == key.model && row[vendor] == key.vendor)
            .filter(|row| row[date] == hardware.price_date)
            .map(|row| row[price].parse().unwrap())
            .collect();
        assert!(
            prices.contains(&hardware.price_per_hour.0),
            "{}: {prices:?}",
            hardware.name
        );
        compared += 1;
    }
    assert!(compared >= 6, "{compared} rows compared");
}

/// The records of a CSV text with quoted fields (RFC 4180).
fn records(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => field.extend(letters.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            '\r' if !quoted => {}
            letter => field.push(letter),
        }
    }
    rows
}
