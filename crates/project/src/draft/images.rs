//! Which images a plan needs, and the versions in their definitions.

use std::collections::BTreeSet;

use super::text::Writer;
use crate::seen::SeenText;
use crate::survey::ProjectSurvey;
use crate::versions::numbers;
use rcrepro_model::image::definition::ImagePlatform;

/// The version of Go in the definitions that rcrepro has.
pub const OWN_GO: &str = "1.26.8";
/// The version of Node in the definitions that rcrepro has.
pub const OWN_NODE: &str = "20.20.2";
/// The newest versions that were known when rcrepro was built, by their first two numbers.
const NEWEST_GO: [&str; 12] = [
    "1.16.15", "1.17.13", "1.18.10", "1.19.13", "1.20.14", "1.21.13", "1.22.12", "1.23.12", "1.24.13", "1.25.14",
    "1.26.8", "1.27.4",
];
/// The newest versions that were known when rcrepro was built and that the registry has for both platforms.
const NEWEST_NODE: [&str; 6] = ["16.20.2", "18.20.8", "20.20.2", "22.23.5", "24.22.3", "26.12.1"];

/// The version of npm in the definitions that rcrepro has.
const OWN_NPM: &str = "11.21.2";
/// The newest versions of npm before that, which run on older versions of Node.
const OLDER_NPM: [&str; 2] = ["10.9.9", "9.9.4"];

/// What builds release images.
pub(super) const BUILDKIT: &str = "buildkit";
/// The images with programs that are compiled from modules.
const PROGRAMS: [&str; 3] = [BUILDKIT, "gitleaks", "govulncheck"];

/// The version of a toolchain, and why it was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Toolchain {
    pub(super) version: String,
    pub(super) why: String,
}

/// The toolchains of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Toolchains {
    pub(super) go: Toolchain,
    pub(super) node: Toolchain,
}

/// Chooses the versions.
pub(super) fn toolchains(project: &ProjectSurvey) -> Toolchains {
    Toolchains { go: go(project), node: node(project) }
}

fn go(project: &ProjectSurvey) -> Toolchain {
    let named = &project.versions.go;
    let least = project.versions.least_go.as_ref();
    // A CI that tries an older Go as well does not decide: that one does not compile the module.
    let fits = |chosen: &Toolchain| least.is_none_or(|least| numbers(&chosen.version) >= numbers(&least.text));
    let known = || named.iter().filter_map(go_of);
    let chosen = known().find(fits).or_else(|| known().next()).or_else(|| named.iter().find_map(newest_go));
    match (chosen, least.and_then(go_of)) {
        (Some(chosen), Some(least)) if !fits(&chosen) => newest_patch(least),
        (Some(chosen), _) => chosen,
        (None, Some(least)) => newest_patch(least),
        (None, None) => Toolchain {
            version: OWN_GO.to_owned(),
            why: "no file names a version of Go: the newest that rcrepro knows".to_owned(),
        },
    }
}

/// Chooses the newest patch that is known of a version that is only the least: what was mended since counts for scanners.
fn newest_patch(least: Toolchain) -> Toolchain {
    let minor = least.version.rsplit_once('.').map_or(least.version.as_str(), |(minor, _)| minor);
    let newest = NEWEST_GO.iter().find(|known| known.rsplit_once('.').is_some_and(|(known, _)| known == minor));
    match newest.filter(|newest| numbers(newest) > numbers(&least.version)) {
        Some(newest) => Toolchain {
            version: (*newest).to_owned(),
            why: format!("{} at least, {newest} is the newest patch that rcrepro knows", least.why),
        },
        None => least,
    }
}

/// Reads a version of Go; where it names no patch, the newest that is known. Before 1.16 the newest Go does, which reads older
/// modules.
fn go_of(seen: &SeenText) -> Option<Toolchain> {
    let (version, known) = match numbers(&seen.text)[..] {
        [1, minor, ..] if minor < 16 => (OWN_GO.to_owned(), ", which the newest that rcrepro knows can read"),
        [1, minor, patch] => (format!("1.{minor}.{patch}"), ""),
        [1, minor] => match NEWEST_GO.iter().find(|known| known.starts_with(&format!("1.{minor}."))) {
            Some(known) => ((*known).to_owned(), ", the newest that rcrepro knows"),
            None => (OWN_GO.to_owned(), "; TODO: rcrepro does not know that version"),
        },
        // A major version alone chooses nothing.
        [] | [_] => return None,
        _ => (OWN_GO.to_owned(), "; TODO: rcrepro does not know that version"),
    };
    Some(Toolchain { version, why: format!("{}: Go {}{known}", seen.place, seen.text.trim_start_matches("go")) })
}

/// Chooses for a text that means the newest, such as `golang:1` or `stable`.
fn newest_go(seen: &SeenText) -> Option<Toolchain> {
    let newest = NEWEST_GO.last().expect("a constant list");
    let is_any = matches!(seen.text.as_str(), "stable" | "latest") || numbers(&seen.text) == [1];
    is_any.then(|| Toolchain {
        version: (*newest).to_owned(),
        why: format!("{}: Go {}, of which {newest} is the newest that rcrepro knows", seen.place, seen.text),
    })
}

/// The names of Node's long supported releases, with their major versions.
const NODE_NAMES: [(&str, u32); 5] = [("gallium", 16), ("hydrogen", 18), ("iron", 20), ("jod", 22), ("krypton", 24)];

fn node(project: &ProjectSurvey) -> Toolchain {
    let found = project.versions.node.iter().find_map(node_of);
    let chosen = found.unwrap_or_else(|| {
        let why = match project.versions.node.first() {
            Some(seen) => format!("{}: Node {}; TODO: rcrepro does not know that version", seen.place, seen.text),
            None => "no file names a version of Node: one that rcrepro knows".to_owned(),
        };
        Toolchain { version: OWN_NODE.to_owned(), why }
    });
    least_node(project, chosen)
}

/// Raises the version to the least one that the package manager runs on: pnpm 11 wants Node 22.13.
fn least_node(project: &ProjectSurvey, chosen: Toolchain) -> Toolchain {
    let mut managers = project.packages.iter().filter_map(|package| package.package_manager.as_ref());
    let wants = |seen: &&SeenText| seen.text.strip_prefix("pnpm@").is_some_and(|version| numbers(version) >= vec![11]);
    match managers.find(wants) {
        Some(seen) if numbers(&chosen.version) < vec![22, 13] => {
            let newest = NEWEST_NODE.iter().find(|known| numbers(known)[0] >= 22).expect("a constant list");
            let manager = seen.text.split('+').next().unwrap_or_default();
            let why = format!("{}: {manager} wants Node 22.13 at least; {}", seen.place, chosen.why);
            Toolchain { version: (*newest).to_owned(), why }
        }
        _ => chosen,
    }
}

fn node_of(seen: &SeenText) -> Option<Toolchain> {
    let why = format!("{}: Node {}", seen.place, seen.text);
    let named = named_node(&seen.text);
    let numbers = numbers(&seen.text);
    if let ([major, minor, patch], None) = (&numbers[..], named)
        && !seen.text.starts_with(['^', '>', '~', '<'])
    {
        return Some(Toolchain { version: format!("{major}.{minor}.{patch}"), why });
    }
    // The first that is long supported and not older.
    let major = named.or_else(|| numbers.first().copied())?;
    let known = NEWEST_NODE.iter().find(|known| crate::versions::numbers(known)[0] >= major)?;
    Some(Toolchain { version: (*known).to_owned(), why: format!("{why}, the newest that rcrepro knows") })
}

/// Gives the major version that a word means: `lts/iron`, the newest long supported one (`lts`, `lts-alpine`, `lts/*`), or the newest of all.
fn named_node(text: &str) -> Option<u32> {
    let text = text.to_ascii_lowercase();
    let word = text.split('-').next().unwrap_or_default();
    match (word, word.strip_prefix("lts/")) {
        ("lts", _) | (_, Some("*")) => NODE_NAMES.last().map(|(_, major)| *major),
        ("current" | "latest" | "node", _) => NEWEST_NODE.last().map(|newest| numbers(newest)[0]),
        (name, below) => NODE_NAMES.iter().find(|(known, _)| *known == below.unwrap_or(name)).map(|(_, major)| *major),
    }
}

/// Chooses the newest npm that runs on a version of Node, as npm's `engines` say.
fn npm_for(node: &str) -> &'static str {
    match numbers(node)[..] {
        [20, minor, ..] if minor >= 17 => OWN_NPM,
        [22, minor, ..] if minor >= 9 => OWN_NPM,
        [major, ..] if major > 22 => OWN_NPM,
        [18, minor, ..] if minor >= 17 => OLDER_NPM[0],
        [20, minor, ..] if minor >= 5 => OLDER_NPM[0],
        [21 | 22, ..] => OLDER_NPM[0],
        _ => OLDER_NPM[1],
    }
}

/// Writes the images that commands use.
pub(super) fn write(
    writer: &mut Writer,
    toolchains: &Toolchains,
    used: &BTreeSet<&'static str>,
    platform: Option<ImagePlatform>,
) {
    writer.heading("Images: built bit for bit from their locks; `rcrepro image lock` locks what goes in");
    if let Some(platform) = platform {
        writer.comment(&format!(
            "For {platform}, as the machine that this was written on; `platforms` in images/base.toml names others."
        ));
    }
    for image in used {
        match *image {
            "go" => writer.comment(&toolchains.go.why),
            "node" => writer.comment(&toolchains.node.why),
            _ => {}
        }
        writer.table(&format!("images.{image}"));
        writer.entry("build", &format!("images/{image}.toml"));
    }
}

/// Changes the platforms of the definition that all others build on: a version of Node may be there for one only, and what
/// nobody runs need not be fetched.
fn only(platform: ImagePlatform) -> (String, String) {
    let all: Vec<String> = ImagePlatform::ALL.iter().map(|platform| format!("\"{platform}\"")).collect();
    (format!("platforms = [{}]", all.join(", ")), format!("platforms = [\"{platform}\"]"))
}

/// Adds packages to the definition that all others build on, behind its last one.
fn more(packages: &BTreeSet<&'static str>) -> Option<(String, String)> {
    const LAST: &str = "\"xz-utils\",";
    let added: String = packages.iter().map(|package| format!(" \"{package}\",")).collect();
    (!added.is_empty()).then(|| (LAST.to_owned(), format!("{LAST}{added}")))
}

/// Lists the definitions with what is changed in each; `packages` are needed beside those of the base image.
pub(super) fn definitions(
    toolchains: &Toolchains,
    used: &BTreeSet<&'static str>,
    platform: Option<ImagePlatform>,
    packages: &BTreeSet<&'static str>,
) -> Vec<(&'static str, Vec<(String, String)>)> {
    let version = |key: &str, old: &str, new: &str| (format!("{key} = \"{old}\""), format!("{key} = \"{new}\""));
    // Programs are compiled by the newest Go, whatever the project's is.
    let is_other = toolchains.go.version != OWN_GO;
    let compiled =
        if is_other { vec![("image = \"go\"".to_owned(), "image = \"go-tools\"".to_owned())] } else { Vec::new() };
    let with_go = used.iter().any(|image| matches!(*image, "go" | "go-node" | "govulncheck"));
    let with_node = used.iter().any(|image| matches!(*image, "node" | "go-node"));
    let with_programs = used.iter().any(|image| PROGRAMS.contains(image));
    let mut found: Vec<(&'static str, Vec<(String, String)>)> =
        vec![("base", platform.map(only).into_iter().chain(more(packages)).collect())];
    if with_go || with_programs {
        found.push(("go", vec![version("toolchain", OWN_GO, &toolchains.go.version)]));
    }
    if with_programs && is_other {
        found.push(("go-tools", Vec::new()));
    }
    if with_node {
        let node = &toolchains.node.version;
        let npm = version("version", OWN_NPM, npm_for(node));
        found.push(("node", vec![version("version", OWN_NODE, node), npm]));
    }
    if used.contains("go-node") {
        found.push(("go-node", Vec::new()));
    }
    found.extend(
        PROGRAMS.into_iter().filter(|program| used.contains(program)).map(|program| (program, compiled.clone())),
    );
    found
}
