//! Runs a scratch clone's plan, and reads what each run reports and how long it took.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::json::Json;
use super::plan::{PACKET, WorldSide};
use super::project::Project;
use super::reports::TestReport;
use super::site::CampaignSite;

/// What the runs of a project in one world came to.
#[derive(Debug, Clone, Default)]
pub struct WorldRuns {
    pub reports: Vec<TestReport>,
    /// How long each took.
    pub milliseconds: Vec<u64>,
    /// The wall clocks that they had, in the words of manifests.
    pub clocks: BTreeSet<String>,
}

/// Runs the plan; gives the runs inside and outside.
///
/// # Errors
/// Why there are no runs that could be compared, in words.
pub fn measure(place: &CampaignSite, folder: &Path, project: &Project, times: usize) -> Result<[WorldRuns; 2], String> {
    let mut command = place.rcrepro();
    // One at a time: two runs side by side would take the processors from each other.
    command.arg("-C").arg(folder).args(["--json", "run", PACKET, "--jobs", "1", "--fresh"]);
    let streams = folder.with_extension("streams");
    fs::create_dir_all(&streams).map_err(|error| format!("cannot make {}: {error}", streams.display()))?;
    // In a file, where a person can watch how far a long run is.
    let log = streams.join("run.log");
    let heard = fs::File::create(&log).map_err(|error| format!("cannot write {}: {error}", log.display()))?;
    let output = command.stdin(Stdio::null()).stderr(heard).output();
    let output = output.map_err(|error| format!("cannot start rcrepro: {error}"))?;
    let said = fs::read_to_string(&log).unwrap_or_default();
    let document = Json::read(&String::from_utf8_lossy(&output.stdout));
    let Some(Json::List(packets)) = document else {
        return Err(format!("rcrepro run: {}\n{}", output.status, tail(&said)));
    };
    let packet = packets.first().ok_or("rcrepro ran no packet")?;
    let found = |id: &str| packet.list("commands").iter().find(|command| command.text("id") == Some(id));
    let setup = found("setup").and_then(|setup| setup.number("exit_code"));
    if setup != Some(0) {
        let (_, stderr, _) = stream(place, folder, "setup", "stderr", &streams)?;
        let (_, stdout, _) = stream(place, folder, "setup", "stdout", &streams)?;
        return Err(format!("the setup failed\n{}\n{}", tail(&stdout), tail(&stderr)));
    }
    let mut runs = [WorldRuns::default(), WorldRuns::default()];
    for number in 1..=times {
        for (side, runs) in WorldSide::ALL.into_iter().zip(&mut runs) {
            let id = side.id(number);
            let (run, stdout, _) = stream(place, folder, &id, "stdout", &streams)?;
            let report = project.form.read(&stdout);
            let Some(report) = report else {
                let (_, stderr, _) = stream(place, folder, &id, "stderr", &streams)?;
                return Err(format!("{id} reports nothing\n{}\n{}", tail(&stdout), tail(&stderr)));
            };
            runs.reports.push(report);
            let (milliseconds, clock) =
                evidence(&run, &id).ok_or_else(|| format!("there is no record of {id} in run {run}"))?;
            runs.milliseconds.push(milliseconds);
            runs.clocks.insert(clock);
        }
    }
    Ok(runs)
}

/// Reads a stream of a command, and keeps it in a file; gives the run's id beside it.
fn stream(
    place: &CampaignSite,
    folder: &Path,
    id: &str,
    stream: &str,
    keep: &Path,
) -> Result<(String, String, PathBuf), String> {
    let mut command = place.rcrepro();
    command.arg("-C").arg(folder).args(["log", PACKET, id, "--stream", stream]);
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("cannot start rcrepro: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("there is no {stream} of {id}: {}", tail(&said)));
    }
    let file = keep.join(format!("{id}.{stream}"));
    fs::write(&file, &output.stdout).map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    // "evidence of run ID of commit HEX"
    let run = said.split_once("evidence of run ").and_then(|(_, rest)| rest.split_whitespace().next());
    Ok((run.unwrap_or_default().to_owned(), String::from_utf8_lossy(&output.stdout).into_owned(), file))
}

/// How long a command took by the engine's clock, and which wall clock it had, as the run's record and its manifest in the
/// store say: what tools measure themselves is measured in the world that is under test, and a machine may not be able to pin
/// the clock.
fn evidence(run: &str, id: &str) -> Option<(u64, String)> {
    let store = store()?;
    let record = Json::read(&fs::read_to_string(store.join("runs").join(run).join(format!("{PACKET}.json"))).ok()?)?;
    let of = |document: &Json| document.list("commands").iter().find(|command| command.text("id") == Some(id)).cloned();
    let hash = record.text("manifest")?.split('/').next()?;
    let blob = store.join("blobs/sha256").join(hash.get(..2)?).join(hash);
    let manifest = Json::read(&fs::read_to_string(blob).ok()?)?;
    Some((of(&record)?.number("duration_ms")?, of(&manifest)?.text("clock")?.to_owned()))
}

/// Where rcrepro keeps its store.
fn store() -> Option<PathBuf> {
    let variable = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable("RCREPRO_STORE")
        .or_else(|| Some(variable("XDG_DATA_HOME")?.join("rcrepro")))
        .or_else(|| Some(variable("HOME")?.join(".local/share/rcrepro")))
}

/// The last lines of a text.
fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let last = lines[lines.len().saturating_sub(15)..].iter();
    last.map(|line| line.chars().take(300).collect::<String>()).collect::<Vec<_>>().join("\n")
}

/// The middle one of some numbers, or the mean of the two in the middle.
pub fn median(numbers: &[u64]) -> Option<f64> {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable();
    let half = sorted.len() / 2;
    let (low, high) = (*sorted.get((sorted.len().max(1) - 1) / 2)?, *sorted.get(half)?);
    Some((low as f64 + high as f64) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_in_the_middle() {
        assert_eq!([median(&[3, 1, 2]), median(&[4, 1]), median(&[])], [Some(2.0), Some(2.5), None]);
    }

    #[test]
    fn tails_are_short() {
        assert_eq!(tail(&"x\n".repeat(40)).lines().count(), 15);
        assert_eq!(tail(&"y".repeat(1000)).len(), 300);
    }
}
