//! `rcrepro log`.

use serde_json::{Value, json};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{is_terminal, print, print_all, print_json, print_lines, say};
use crate::today::today;
use rcrepro_app::evidence::history::History;
use rcrepro_app::evidence::latest::{Latest, LatestError, latest};
use rcrepro_app::evidence::recorded;
use rcrepro_app::release as release_images;
use rcrepro_app::release::latest::ImagesOfRun;
use rcrepro_app::workspace::Workspace;
use rcrepro_arguments::StreamName;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::manifest::{CommandEntry, EndingEntry, ReproManifest};
use rcrepro_model::plan::{PacketId, Plan};
use rcrepro_model::text::printable;
use rcrepro_report::row;
use rcrepro_store::BlobStore as _;
use rcrepro_store::fs::FsStore;

/// Which streams of a command are printed, and how.
#[derive(Debug, Clone, Copy)]
pub struct StreamChoice {
    /// One of them alone; both if none.
    pub only: Option<StreamName>,
    /// Whether their canonical form is printed.
    pub canonical: bool,
    /// Whether a terminal gets the very bytes, too.
    pub raw: bool,
}

impl StreamChoice {
    fn streams_of(self, entry: &CommandEntry) -> impl Iterator<Item = (StreamName, Digest)> {
        [(StreamName::Stdout, &entry.stdout), (StreamName::Stderr, &entry.stderr)]
            .into_iter()
            .filter(move |(name, _)| self.only.is_none_or(|only| only == *name))
            .map(move |(name, stream)| (name, if self.canonical { stream.canonical } else { stream.raw }))
    }
}

/// Prints what was wrong with an image of the release when it was last built, the ends of its streams among it, and all that was
/// said by a builder that did not build it.
fn of_image(
    context: &Context,
    workspace: &Workspace,
    packet: &PacketId,
    (image, store): (&Name, &FsStore),
) -> Result<Exit, Failure> {
    let Some(ImagesOfRun { run, started, wrong, outputs }) = images_of_run(workspace, packet, store)? else {
        let hint = Some(format!("rcrepro run {packet}"));
        return Err(Failure::plain(Exit::Undecided, format!("no run of {packet} built the image `{image}`"), hint));
    };
    let (wrong, output) = (wrong_with(&wrong, image), outputs.get(image));
    if context.json {
        let document = json!({
            "packet": packet, "origin": format!("run {run} of {started}"), "id": image, "wrong": wrong, "output": output,
        });
        return print_json(&document).map(|()| Exit::Success);
    }
    say!("evidence of run {run} of {started}");
    for text in wrong {
        print(format!("{text}\n"))?;
    }
    if let Some(output) = output {
        print("all that its builder said:\n")?;
        print_lines(&format!("what the builder of `{image}` said"), &mut output.as_bytes())?;
    }
    Ok(Exit::Success)
}

/// Finds what became of the release's images in the newest run of the plan that built any.
fn images_of_run(workspace: &Workspace, packet: &PacketId, store: &FsStore) -> Result<Option<ImagesOfRun>, Failure> {
    let history = History::open(store.root()).map_err(LatestError::from)?;
    Ok(release_images::latest::said(&history, packet, workspace.plan_digest())?)
}

/// Chooses what was wrong with one image.
fn wrong_with<'a>(wrong: &'a [String], image: &Name) -> Vec<&'a str> {
    let (at, below) = (format!(" images.{image}:"), format!(" images.{image}."));
    wrong.iter().map(String::as_str).filter(|text| text.contains(&at) || text.contains(&below)).collect()
}

/// Lists the images of a packet that were built or not when it last ran; with the first line of what was wrong.
fn images(workspace: &Workspace, packet: &PacketId, store: &FsStore) -> Result<Vec<(Name, Option<String>)>, Failure> {
    let names = &workspace.packet(packet)?.release_images;
    let said = if names.is_empty() { None } else { images_of_run(workspace, packet, store)? };
    let Some(said) = said else { return Ok(Vec::new()) };
    let first = |image: &Name| Some(wrong_with(&said.wrong, image).first()?.lines().next()?.to_owned());
    Ok(names.iter().map(|image| (image.clone(), first(image))).collect())
}

/// The exit code; where the command did not exit by itself, that alone would hide why.
fn exit_code(latest: &Latest, entry: &CommandEntry, plan: &Plan) -> String {
    match entry.ending {
        EndingEntry::Exited => entry.exit_code.to_string(),
        _ => format!("{} ({})", entry.exit_code, latest.ended(entry, plan)),
    }
}

/// Prints a packet's evidence: its commands, or one command's streams byte for byte.
pub fn log(
    context: &Context,
    packet: &PacketId,
    command: Option<&Name>,
    choice: StreamChoice,
) -> Result<Exit, Failure> {
    let workspace = context.committed("HEAD")?;
    workspace.packet(packet)?;
    let store = FsStore::open(&context.store)?;
    if let Some(image) = command.filter(|name| workspace.plan.release_images.contains_key(*name)) {
        return of_image(context, &workspace, packet, (image, &store));
    }
    let images = if command.is_none() { images(&workspace, packet, &store)? } else { Vec::new() };
    let latest = match (latest(&workspace, packet, &store, today()), command) {
        (Ok(latest), _) => latest,
        // A packet may do nothing but build images.
        (Err(LatestError::NoCommands { .. } | LatestError::Nothing { .. }), None) if !images.is_empty() => {
            return list_images(context, packet, &images).map(|()| Exit::Success);
        }
        // Without any evidence the plan alone says whether there is such a command.
        (Err(_), Some(command)) if !has_command(&workspace, packet, command) => {
            return Err(workspace.unknown_command(packet, command).into());
        }
        (Err(error), _) => return Err(error.into()),
    };
    if let Some(unrecorded) = &latest.unrecorded {
        say!("{}", row!("note", "{unrecorded}"));
    }
    say!("evidence of {}", latest.origin);
    let printed = print_evidence(context, &workspace, (packet, &images), command, choice, (&latest, &store));
    // What can be read is shown, and the last word is that nothing follows from it.
    match latest.tampered {
        Some(tampered) => Err(tampered.into()),
        None => printed.map(|()| Exit::Success),
    }
}

fn print_evidence(
    context: &Context,
    workspace: &Workspace,
    (packet, images): (&PacketId, &[(Name, Option<String>)]),
    command: Option<&Name>,
    choice: StreamChoice,
    (latest, store): (&Latest, &FsStore),
) -> Result<(), Failure> {
    match command {
        None => {
            let plan = recorded::plan(&latest.manifest, store);
            list_commands(context, (packet, images), latest, plan.as_ref().unwrap_or(&workspace.plan))
        }
        Some(command) => {
            let entry = evidence_of(&latest.manifest, workspace, packet, command)?;
            if let Some(run) = latest.taken_over.get(command) {
                say!("{}", row!("note", "{command} was taken over from run {run}"));
            }
            if context.json {
                print_json(&streams_document(packet, latest, entry, choice, store)?)
            } else {
                print_streams(entry, choice, store)
            }
        }
    }
}

fn has_command(workspace: &Workspace, packet: &PacketId, command: &Name) -> bool {
    let packet = workspace.plan.packets.get(packet);
    packet.is_some_and(|packet| workspace.plan.commands(packet).any(|spec| spec.id == *command))
}

/// Shows images alone.
fn list_images(context: &Context, packet: &PacketId, images: &[(Name, Option<String>)]) -> Result<(), Failure> {
    if context.json {
        return print_json(&json!({ "packet": packet, "commands": [], "images": images_document(images) }));
    }
    images.iter().try_for_each(|(id, wrong)| {
        let end =
            wrong.as_deref().map_or_else(|| "built".to_owned(), |wrong| format!("failed\t{}", printable::line(wrong)));
        print(format!("{}\t{end}\n", printable::line(id.as_str())))
    })
}

fn images_document(images: &[(Name, Option<String>)]) -> Vec<Value> {
    images.iter().map(|(id, wrong)| json!({ "id": id, "wrong": wrong })).collect()
}

fn list_commands(
    context: &Context,
    (packet, images): (&PacketId, &[(Name, Option<String>)]),
    latest: &Latest,
    plan: &Plan,
) -> Result<(), Failure> {
    let Latest { manifest, origin, taken_over, .. } = latest;
    if context.json {
        let entry = |entry: &CommandEntry| {
            let CommandEntry { id, exit_code, line, .. } = entry;
            json!({
                "id": id, "exit_code": exit_code, "ended": latest.ended(entry, plan), "line": line,
                "taken_over": taken_over.get(id),
            })
        };
        let commands: Vec<_> = manifest.commands.iter().map(entry).collect();
        let mut document = json!({ "packet": packet, "origin": origin.to_string(), "commands": commands });
        if !images.is_empty() {
            document["images"] = images_document(images).into();
        }
        return print_json(&document);
    }
    for entry in &manifest.commands {
        let line = printable::line(&entry.line);
        let id = printable::line(entry.id.as_str());
        print(format!("{id}\t{}\t{line}\n", exit_code(latest, entry, plan)))?;
        if let Some(run) = taken_over.get(&entry.id) {
            say!("{}", row!("note", "{} was taken over from run {run}", entry.id));
        }
    }
    list_images(context, packet, images)
}

fn evidence_of<'a>(
    manifest: &'a ReproManifest,
    workspace: &Workspace,
    packet: &PacketId,
    command: &Name,
) -> Result<&'a CommandEntry, Failure> {
    manifest.command(command).ok_or_else(|| match has_command(workspace, packet, command) {
        true => {
            let hint = Some(format!("rcrepro run {packet}"));
            Failure::plain(Exit::Undecided, format!("there is no evidence of command `{command}` in {packet}"), hint)
        }
        false => workspace.unknown_command(packet, command).into(),
    })
}

fn streams_document(
    packet: &PacketId,
    latest: &Latest,
    entry: &CommandEntry,
    choice: StreamChoice,
    store: &FsStore,
) -> Result<Value, Failure> {
    let mut document = json!({ "packet": packet, "origin": latest.origin.to_string(), "id": entry.id });
    for (stream, digest) in choice.streams_of(entry) {
        let key = match stream {
            StreamName::Stdout => "stdout",
            StreamName::Stderr => "stderr",
        };
        document[key] = String::from_utf8_lossy(&store.get(digest)?).into();
    }
    Ok(document)
}

/// Both streams go to standard output: they are the data that was asked for. A stream that is asked for alone stays alone.
fn print_streams(entry: &CommandEntry, choice: StreamChoice, store: &FsStore) -> Result<(), Failure> {
    for (stream, digest) in choice.streams_of(entry) {
        let mut reader = store.reader(digest)?;
        let name = match stream {
            StreamName::Stdout => "standard output",
            StreamName::Stderr => "standard error",
        };
        let what = format!("the {name} of `{}`", entry.id);
        if choice.raw || !is_terminal() {
            print_all(&what, &mut *reader)?;
        } else {
            print_lines(&what, &mut *reader)?;
        }
    }
    Ok(())
}
