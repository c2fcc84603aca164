//! The machine a trial runs on.

use std::path::Path;

use triaxis_train::{Dtype, Instructions};
use triaxis_units::{Bytes, Seconds};

use crate::record::Circumstances;

/// Where and how fast a trial in `dtype` ran, as of now.
pub fn circumstances(dtype: Dtype, threads: usize, seconds: Seconds) -> Circumstances {
    Circumstances {
        machine: processor(),
        unit: dtype.unit(),
        instructions: Instructions::current().name().to_owned(),
        threads,
        seconds,
        peak_memory: peak_memory(),
        finished: now(),
    }
}

/// Seconds since 1970.
pub fn now() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// Cores this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The processor by its own name, or its architecture where the system does not tell.
pub fn processor() -> String {
    let name = field(Path::new("/proc/cpuinfo"), "model name");
    format!(
        "{} ({})",
        name.unwrap_or_else(|| "unknown processor".to_owned()),
        std::env::consts::ARCH
    )
}

/// The largest amount of memory this process has held, where the system tells.
pub fn peak_memory() -> Option<Bytes> {
    size(Path::new("/proc/self/status"), "VmHWM")
}

/// The memory that a process could take without swapping, where the system tells.
pub fn available_memory() -> Option<Bytes> {
    size(Path::new("/proc/meminfo"), "MemAvailable")
}

/// The value of a `key: number kB` line of a file.
fn size(path: &Path, key: &str) -> Option<Bytes> {
    let text = field(path, key)?;
    let kibibytes: u64 = text.strip_suffix("kB")?.trim().parse().ok()?;
    Some(Bytes(kibibytes * 1024))
}

/// The value of the first `key: value` line of a file.
fn field(path: &Path, key: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    lines
        .filter(|(name, _)| name.trim() == key)
        .map(|(_, value)| value.trim().to_owned())
        .next()
}
