//! What a running agent has taken of the machine.

use std::path::Path;

/// The most memory an agent ever had, in bytes; it is known by its data directory.
pub(crate) fn most_memory(data: &Path) -> u64 {
    let wanted = data.to_str().unwrap();
    let of_agent = |line: &[u8]| {
        let mut arguments = line.split(|byte| *byte == 0);
        arguments.any(|argument| argument == wanted.as_bytes())
    };
    let process = std::fs::read_dir("/proc")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|place| std::fs::read(place.join("cmdline")).is_ok_and(|line| of_agent(&line)))
        .expect("the agent runs");
    let status = std::fs::read_to_string(process.join("status")).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .expect("the kernel tells it");
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kilobytes << 10
}
