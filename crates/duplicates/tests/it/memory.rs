//! What is held, of more than is given.

use triaxis_duplicates::Position;
use triaxis_duplicates::minhash::{Finder, Settings};
use triaxis_random::Stream;

use crate::common::workspace;

/// Set in the process whose memory is measured.
const MEASURED: &str = "TRIAXIS_MEASURED";

/// The most memory that this process had, in bytes.
#[cfg(target_os = "linux")]
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    let kilobytes = line.trim().trim_end_matches(" kB").parse::<u64>().unwrap();
    kilobytes * 1024
}

/// Keys of 67 MB are sorted with 8 MiB, beside which there are the blocks of the runs that are merged, and what any
/// process has.
#[cfg(target_os = "linux")]
#[test]
fn no_more_memory_is_taken_than_is_given() {
    if std::env::var_os(MEASURED).is_none() {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "memory::no_more_memory_is_taken_than_is_given"])
            .env(MEASURED, "yes")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let given = 8 << 20;
    let mut finder = Finder::new(Settings::datatrove(), &workspace(folder.path(), given)).unwrap();
    let mut stream = Stream::new(5, "signatures", 0);
    let mut signature = vec![0; 112];
    let before = peak();
    for number in 0..150_000 {
        // Every third has a band in common with the one before it.
        let kept = if number % 3 == 0 { 8 } else { 0 };
        signature[kept..].fill_with(|| stream.bits());
        finder
            .add_signature(Position::new(0, number), Some(&signature))
            .unwrap();
    }
    let facts = finder
        .finish(None)
        .unwrap()
        .cluster(&folder.path().join("found"))
        .unwrap();
    assert_eq!((facts.clusters, facts.removed), (49_999, 49_999));
    let taken = peak() - before;
    assert!(taken < given + (8 << 20), "{taken} bytes above {before}");
}
