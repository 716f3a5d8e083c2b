//! `rcrepro log`.

use serde_json::json;

use crate::args::StreamName;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{is_terminal, print, print_all, print_json, print_lines, say};
use rcrepro_app::evidence::history::History;
use rcrepro_app::evidence::latest::{Latest, LatestError, latest};
use rcrepro_app::evidence::recorded;
use rcrepro_app::release as release_images;
use rcrepro_app::release::latest::ImagesOfRun;
use rcrepro_app::run::ended::ended_by;
use rcrepro_app::workspace::Workspace;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::manifest::{CommandEntry, EndingEntry};
use rcrepro_model::plan::{PacketId, Plan};
use rcrepro_model::text::printable;
use rcrepro_store::BlobStore as _;
use rcrepro_store::fs::FsStore;

/// Prints what was wrong with an image of the release when it was last built, the ends of its streams among it.
fn of_image(workspace: &Workspace, packet: &PacketId, image: &Name, store: &FsStore) -> Result<Exit, Failure> {
    let history = History::open(store.root()).map_err(LatestError::from)?;
    let said = release_images::latest::said(&history, packet, workspace.plan_digest())?;
    let Some(ImagesOfRun { run, wrong }) = said else {
        let hint = Some(format!("rcrepro run {packet}"));
        return Err(Failure::plain(Exit::Undecided, format!("no run of {packet} built the image `{image}`"), hint));
    };
    say!("evidence of run {run}");
    let (at, below) = (format!(" images.{image}:"), format!(" images.{image}."));
    for text in wrong.iter().filter(|text| text.contains(&at) || text.contains(&below)) {
        print(format!("{text}\n"))?;
    }
    Ok(Exit::Success)
}

/// The exit code; where the command did not exit by itself, that alone would hide why.
fn exit_code(entry: &CommandEntry, plan: &Plan) -> String {
    match entry.ending {
        EndingEntry::Exited => entry.exit_code.to_string(),
        _ => format!("{} ({})", entry.exit_code, ended_by(Some(plan), entry)),
    }
}

impl From<LatestError> for Failure {
    fn from(error: LatestError) -> Self {
        let hint = match error {
            LatestError::Recorded(error) => return error.into(),
            LatestError::Manifest(error) => return (*error).into(),
            LatestError::Runs(_) => return Self::new(Exit::Engine, &error, None),
            LatestError::Nothing { ref packet, .. } => format!("rcrepro run {packet}"),
            LatestError::NoCommands { .. } => "rcrepro status says what its criteria rest on".to_owned(),
        };
        Self::new(Exit::Undecided, &error, Some(hint))
    }
}

/// Prints a packet's evidence: its commands, or one command's streams byte for byte.
pub fn log(
    context: &Context,
    packet: &PacketId,
    command: Option<&Name>,
    stream: Option<StreamName>,
    (canonical, raw): (bool, bool),
) -> Result<Exit, Failure> {
    let workspace = context.committed("HEAD")?;
    workspace.packet(packet)?;
    let store = FsStore::open(&context.store)?;
    if let Some(image) = command.filter(|name| workspace.plan.release_images.contains_key(*name)) {
        return of_image(&workspace, packet, image, &store);
    }
    let Latest { manifest, origin, unrecorded } = latest(&workspace, packet, &store)?;
    if let Some(unrecorded) = unrecorded {
        say!("{:>10}  {unrecorded}", "note");
    }
    say!("evidence of {origin}");
    let Some(command) = command else {
        let plan = recorded::plan(&manifest, &store).unwrap_or(workspace.plan);
        if context.json {
            let entry = |entry: &CommandEntry| {
                let CommandEntry { id, exit_code, line, .. } = entry;
                json!({ "id": id, "exit_code": exit_code, "ended": ended_by(Some(&plan), entry), "line": line })
            };
            let commands: Vec<_> = manifest.commands.iter().map(entry).collect();
            print_json(&json!({ "packet": packet, "origin": origin.to_string(), "commands": commands }))?;
            return Ok(Exit::Success);
        }
        for entry in &manifest.commands {
            let line = printable::line(&entry.line);
            print(format!("{}\t{}\t{line}\n", entry.id, exit_code(entry, &plan)))?;
        }
        return Ok(Exit::Success);
    };
    let entry = manifest.command(command).ok_or_else(|| {
        let known: Vec<&str> = manifest.commands.iter().map(|entry| entry.id.as_str()).collect();
        let hint = Some(format!("known: {}", known.join(", ")));
        Failure::plain(Exit::Undecided, format!("there is no evidence of a command `{command}` in {packet}"), hint)
    })?;
    if context.json {
        let mut document = json!({ "packet": packet, "origin": origin.to_string(), "id": command });
        for (name, key, streams) in
            [(StreamName::Stdout, "stdout", &entry.stdout), (StreamName::Stderr, "stderr", &entry.stderr)]
        {
            if stream.is_none_or(|wanted| wanted == name) {
                let bytes = store.get(if canonical { streams.canonical } else { streams.raw })?;
                document[key] = String::from_utf8_lossy(&bytes).into();
            }
        }
        print_json(&document)?;
        return Ok(Exit::Success);
    }
    for (name, streams) in [(StreamName::Stdout, &entry.stdout), (StreamName::Stderr, &entry.stderr)] {
        if stream.is_some_and(|wanted| wanted != name) {
            continue;
        }
        let digest = if canonical { streams.canonical } else { streams.raw };
        let mut reader = store.reader(digest)?;
        // Both streams go to standard output: it is the data that was asked for. What is asked for alone stays alone.
        let stream = match name {
            StreamName::Stdout => "standard output",
            StreamName::Stderr => "standard error",
        };
        let what = format!("the {stream} of `{command}`");
        if raw || !is_terminal() {
            print_all(&what, &mut *reader)?;
        } else {
            print_lines(&what, &mut *reader)?;
        }
    }
    Ok(Exit::Success)
}
