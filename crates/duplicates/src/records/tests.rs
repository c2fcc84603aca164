use std::path::Path;

use proptest::prelude::*;
use triaxis_host::Kind;

use super::*;
use crate::DuplicatesError;

fn written(path: &Path, numbers: &[u64]) {
    write_whole(path, "numbers", numbers.iter().map(|number| Ok(*number))).unwrap();
}

fn all(path: &Path) -> Result<Vec<u64>, DuplicatesError> {
    let mut reader = Reader::open(path, "numbers")?;
    std::iter::from_fn(|| reader.next_record().transpose()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_comes_back(mut numbers in prop::collection::vec(any::<u64>(), 0..300)) {
        numbers.sort_unstable();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        written(&path, &numbers);
        prop_assert_eq!(all(&path).unwrap(), numbers);
        prop_assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn any_byte_that_is_changed_or_missing_is_refused_by_name(
        mut numbers in prop::collection::vec(any::<u64>(), 0..40),
        place in any::<prop::sample::Index>(),
        change in 1_u8..,
        is_cut in any::<bool>(),
    ) {
        numbers.sort_unstable();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        written(&path, &numbers);
        let mut bytes = std::fs::read(&path).unwrap();
        let place = place.index(bytes.len());
        match is_cut {
            true => bytes.truncate(place),
            false => bytes[place] ^= change,
        }
        std::fs::write(&path, &bytes).unwrap();
        let error = all(&path).unwrap_err();
        prop_assert!(matches!(error.kind(), Kind::Damaged | Kind::Input), "{}", error);
        let said = error.to_string();
        prop_assert!(said.starts_with(&path.display().to_string()), "{}", said);
        prop_assert!(said.contains("make it again"), "{}", said);
        prop_assert!(Lookup::<u64>::open(&path, "numbers").is_err());
    }

    #[test]
    fn sorting_does_not_depend_on_memory_or_place(
        numbers in prop::collection::vec(0_u64..200, 0..400),
        memory in 8_usize..4096,
        stored in 0_usize..50,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let stored = stored.min(numbers.len());
        let mut others = numbers[..stored].to_vec();
        others.sort_unstable();
        let path = folder.path().join("file");
        written(&path, &others);
        let mut sorter = Sorter::new(folder.path(), memory);
        numbers[stored..].iter().for_each(|number| sorter.push(*number).unwrap());
        let sorted = sorter.sorted_with(vec![Reader::open(&path, "numbers").unwrap()]).unwrap();
        let sorted: Vec<u64> = sorted.collect::<Result<_, _>>().unwrap();
        let mut expected = numbers.clone();
        expected.sort_unstable();
        prop_assert_eq!(sorted, expected);
        // The runs are gone.
        prop_assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_record_is_found_from_wherever_the_last_search_ended(
        mut numbers in prop::collection::vec(0_u64..3000, 0..2500),
        asked in prop::collection::vec(0_u64..3000, 1..40),
    ) {
        numbers.sort_unstable();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        written(&path, &numbers);
        let mut lookup = Lookup::<u64>::open(&path, "numbers").unwrap();
        for key in asked {
            let expected = numbers.partition_point(|number| *number < key);
            prop_assert_eq!(lookup.find(&key, |number| *number).unwrap(), expected as u64);
            if let Some(number) = numbers.get(expected) {
                prop_assert_eq!(lookup.get(expected as u64).unwrap(), *number);
            }
        }
    }
}

#[test]
fn more_runs_than_are_merged_at_once_are_merged_in_steps() {
    let folder = tempfile::tempdir().unwrap();
    // Room for 64 numbers at most, so more than 150 runs.
    let mut sorter = Sorter::new(folder.path(), 512);
    let numbers: Vec<u64> = (0..10_000).map(triaxis_random::mix).collect();
    numbers.iter().for_each(|number| sorter.push(*number).unwrap());
    let runs = std::fs::read_dir(
        std::fs::read_dir(folder.path())
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path(),
    );
    assert!(runs.unwrap().count() > 150);
    let sorted: Vec<u64> = sorter.sorted().unwrap().collect::<Result<_, _>>().unwrap();
    let mut expected = numbers;
    expected.sort_unstable();
    assert_eq!(sorted, expected);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_file_of_another_kind_or_out_of_order_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let refused = |said: &str| {
        let error = all(&path).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    };
    std::fs::write(&path, "{\"a\": 1}").unwrap();
    refused("holds no records, and `numbers` is asked for");
    write_whole(&path, "letters", [Ok(1_u64)]).unwrap();
    refused("holds `letters`, and `numbers` is asked for");
    write_whole(&path, "numbers", [Ok(1_u32)]).unwrap();
    refused("is damaged (it says 1 records of 4 bytes");
    written(&path, &[2, 1]);
    refused("is damaged (its records are not in order)");
    std::fs::remove_file(&path).unwrap();
    refused("correct the path");
}

#[test]
fn a_failure_while_a_file_is_written_leaves_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    written(&path, &[1, 2]);
    let failing = [Ok(5_u64), Err(DuplicatesError::input("no more"))];
    assert_eq!(
        write_whole(&path, "numbers", failing).unwrap_err().to_string(),
        "no more"
    );
    assert_eq!(all(&path).unwrap(), [1, 2]);
}
