//! The machine that this process runs on.

use std::path::Path;

use triaxis_units::Bytes;

/// Seconds since 1970.
pub fn now() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// Seconds since 1970 as `2026-01-31 12:34:56 UTC`, by the civil calendar (Hinnant's days-to-date).
pub fn utc(seconds: u64) -> String {
    let (days, rest) = ((seconds / 86_400) as i64 + 719_468, seconds % 86_400);
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!(
        "{year}-{month:02}-{day:02} {:02}:{:02}:{:02} UTC",
        rest / 3600,
        rest % 3600 / 60,
        rest % 60
    )
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

/// The memory that a process could take without swapping or passing the limit of a control group, where the system
/// tells.
pub fn available_memory() -> Option<Bytes> {
    let groups = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let system = size(Path::new("/proc/meminfo"), "MemAvailable");
    let group = left_by_groups(Path::new("/sys/fs/cgroup"), &groups);
    system.into_iter().chain(group).min()
}

/// The least that the control groups of this process and those around them leave of their limits. `groups` has a
/// line `number:controllers:/path` for each hierarchy, in the second version a single one, `0::/path`.
fn left_by_groups(root: &Path, groups: &str) -> Option<Bytes> {
    let own = groups.lines().find_map(|line| {
        let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
        let (root, names) = match controllers {
            "" => (root.to_owned(), ["memory.max", "memory.current", "inactive_file"]),
            "memory" => (
                root.join("memory"),
                [
                    "memory.limit_in_bytes",
                    "memory.usage_in_bytes",
                    "total_inactive_file",
                ],
            ),
            _ => return None,
        };
        // A container sees its own group as the root, whatever its path outside.
        let paths = path.trim_start_matches('/');
        let folders: Vec<_> = Path::new(paths).ancestors().map(|path| root.join(path)).collect();
        folders
            .iter()
            .filter_map(|folder| left_by_group(folder, names))
            .min()
    });
    own.map(Bytes)
}

/// What one group leaves: pages of files that nobody uses are given up before anything fails.
fn left_by_group(folder: &Path, [limit, used, unused]: [&str; 3]) -> Option<u64> {
    let number = |name: &str| -> Option<u64> {
        std::fs::read_to_string(folder.join(name))
            .ok()?
            .trim()
            .parse()
            .ok()
    };
    let statistics = std::fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
    let unused = statistics
        .lines()
        .filter_map(|line| line.split_once(' '))
        .find(|(name, _)| *name == unused)
        .and_then(|(_, value)| value.trim().parse().ok())
        .unwrap_or(0);
    let used = number(used)?.saturating_sub(unused);
    Some(number(limit)?.saturating_sub(used))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_the_calendar_has_them() {
        assert_eq!(utc(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(utc(951_827_696), "2000-02-29 12:34:56 UTC");
        assert_eq!(utc(1_798_761_599), "2026-12-31 23:59:59 UTC");
    }

    /// Both versions, limits of groups around the own one, and a group without any.
    #[test]
    fn the_tightest_group_says_how_much_memory_is_left() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("job/memory.max", "1000\n");
        write("job/memory.current", "700\n");
        write("job/memory.stat", "anon 5\ninactive_file 150\n");
        write("job/step/memory.max", "max\n");
        write("job/step/memory.current", "600\n");
        assert_eq!(left_by_groups(root.path(), "0::/job/step\n"), Some(Bytes(450)));
        assert_eq!(left_by_groups(root.path(), "0::/\n"), None);
        assert_eq!(left_by_groups(root.path(), ""), None);

        write("memory/old/memory.limit_in_bytes", "500\n");
        write("memory/old/memory.usage_in_bytes", "600\n");
        let groups = "3:cpu,cpuacct:/old\n2:memory:/old\n";
        assert_eq!(left_by_groups(root.path(), groups), Some(Bytes(0)));
    }
}
