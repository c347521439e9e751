//! The machine that the figures are from.

use std::fs::File;
use std::io::Write;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::figure::{milliseconds, quantile};

/// Names the machine, its load now, and how long its disk needs for a durable write of one page.
pub(crate) fn describe() -> Outcome<String> {
    let processors = std::fs::read_to_string("/proc/cpuinfo")?;
    let model =
        processors.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map(|(_, name)| name);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let load = std::fs::read_to_string("/proc/loadavg")?;
    let load: Vec<&str> = load.split(' ').take(3).collect();
    Ok(format!(
        "{}, {} cores, Linux {}, load {}, a durable 4 KiB write {:.2} ms at the median",
        model.unwrap_or("unknown processor"),
        std::thread::available_parallelism()?,
        kernel.trim(),
        load.join(" "),
        milliseconds(sync_time()?),
    ))
}

fn sync_time() -> Outcome<Duration> {
    let folder = tempfile::tempdir()?;
    let mut file = File::create(folder.path().join("page"))?;
    let mut samples = Vec::new();
    for _ in 0..200 {
        let began = Instant::now();
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        samples.push(began.elapsed());
    }
    Ok(quantile(&mut samples, 0.5))
}
