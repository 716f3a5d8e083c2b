//! The checks that a release image's record is judged by, by name: what each holds against what, and which finding belongs to which.

use crate::release::validation::NO_CREDENTIAL;
use rcrepro_format::images::image_settings;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::finding::Finding;
use rcrepro_model::evidence::release_record::{BuiltEntry, SmokeEntry};
use rcrepro_model::evidence::validated_image::CheckOutcome::{self, Judged, NothingAsked, Unconfirmed};
use rcrepro_model::evidence::validated_image::ImageCheck;
use rcrepro_model::plan::release_image::{ImageSettings, ReleaseImage};
use rcrepro_model::standing::Standing;
use rcrepro_model::text::plural::counted;

/// The first version of records that say how containers ended and whether they were healthy.
const ENDS: u32 = 4;
/// A check's name, how it ends if nothing is found, and what it holds against what.
type Said = (&'static str, CheckOutcome, String);

/// What of a record its checks went by.
pub(super) struct RecordedView {
    /// The version of the record's format.
    pub version: u32,
    /// The settings of the machine's own image.
    pub settings: ImageSettings,
    /// Whether all evidence is there: without it nothing of the image was judged.
    pub is_whole: bool,
    /// The platforms that were recorded, the machine's first.
    pub platforms: Vec<String>,
}

impl RecordedView {
    /// Lists the checks of an image in the order in which they are judged, without their findings.
    pub fn checks(&self, image: &ReleaseImage, entry: &BuiltEntry) -> Vec<ImageCheck> {
        let said = [
            self.as_planned(image),
            ("builds", PASSED, "two builds, equal in files, settings, modes and owners".to_owned()),
            self.of_platforms(image),
            self.user(image),
            listed("ports", &self.settings.ports, image.expect.ports.is_some()),
            listed("volumes", &self.settings.volumes, image.expect.volumes.is_some()),
        ];
        let of_files = self.of_files(entry);
        let tried = [runs(entry), smoke(entry), self.health(entry), self.stop(entry)];
        let all = said.into_iter().chain(of_files).chain(tried);
        let checks = all.map(|(name, outcome, says)| {
            let (outcome, says) = match (self.is_whole, outcome) {
                (false, Judged(_)) => (Judged(Standing::Undecided), "not judged: evidence is missing".to_owned()),
                _ => (outcome, says),
            };
            ImageCheck { name, outcome, says, findings: Vec::new() }
        });
        checks.collect()
    }

    fn as_planned(&self, image: &ReleaseImage) -> Said {
        let by = image.buildkit.as_ref().map_or("the engine's classic builder", |buildkit| buildkit.image.as_str());
        ("plan", PASSED, format!("{} of {}, built by {by} as the plan says", image.stage(), image.dockerfile))
    }

    fn of_platforms(&self, image: &ReleaseImage) -> Said {
        let is_asked = image.buildkit.as_ref().is_some_and(|buildkit| !buildkit.platforms.is_empty());
        ("platforms", if is_asked { PASSED } else { NothingAsked }, self.platforms.join(", "))
    }

    fn user(&self, image: &ReleaseImage) -> Said {
        let user = &self.settings.user;
        let says = match (&image.expect.user, self.settings.is_root()) {
            (Some(_), _) => format!("`{user}`, as the plan says"),
            (None, false) => format!("`{user}`, a user other than root; the plan names none"),
            (None, true) if user.is_empty() => "none, which is root".to_owned(),
            (None, true) => format!("`{user}`, which is root"),
        };
        let says = if self.settings.is_root() { format!("{says}, and may be root") } else { says };
        ("user", PASSED, says)
    }

    /// Checks that rest on what was read in the image's files when it was built.
    fn of_files(&self, entry: &BuiltEntry) -> [Said; 4] {
        let starts = self.settings.entrypoint.first().or(self.settings.cmd.first());
        let starts = starts.map_or_else(
            || "the image names nothing to start".to_owned(),
            |program| format!("`{program}`, with what interprets it, is a file that the user may execute"),
        );
        let all = [
            ("set-id", "no set-id file but those of locked images and of the plan".to_owned()),
            ("leftovers", "no package cache and no key but those of locked images and of the plan".to_owned()),
            ("credentials", "none in environment, labels, build arguments and what is started".to_owned()),
            ("start", starts),
        ];
        all.map(|(name, says)| match entry.inspection {
            Some(_) => (name, PASSED, says),
            None => (name, Unconfirmed, format!("a record of version {} does not say it", self.version)),
        })
    }

    fn health(&self, entry: &BuiltEntry) -> Said {
        let (outcome, says) = match (self.settings.has_health_check(), entry.smoke.is_empty()) {
            (false, _) => (NothingAsked, "the image has no health check".to_owned()),
            (true, true) => (NothingAsked, NOTHING_BESIDE.to_owned()),
            (true, false) => self.since_ends("it passed before each command began"),
        };
        ("health", outcome, says)
    }

    fn stop(&self, entry: &BuiltEntry) -> Said {
        let signal = match self.settings.stop_signal.as_str() {
            "" => "SIGTERM",
            named => named,
        };
        let codes: Vec<String> =
            entry.smoke.iter().filter_map(|smoke| smoke.stopped).map(|code| code.to_string()).collect();
        let (outcome, says) = match entry.smoke.is_empty() {
            true => (NothingAsked, NOTHING_BESIDE.to_owned()),
            false => self.since_ends(&format!("exit code {} within 10 s of {signal}", codes.join(", "))),
        };
        ("stop", outcome, says)
    }

    fn since_ends(&self, says: &str) -> (CheckOutcome, String) {
        match self.version < ENDS {
            true => (Unconfirmed, format!("a record of version {} does not say it", self.version)),
            false => (PASSED, says.to_owned()),
        }
    }
}

const PASSED: CheckOutcome = Judged(Standing::Passed);
const NOTHING_BESIDE: &str = "no command runs beside it";

fn listed(name: &'static str, is: &std::collections::BTreeSet<String>, is_asked: bool) -> Said {
    let is = image_settings::listed(is);
    match is_asked {
        true => (name, PASSED, format!("{is}, as the plan says")),
        false => (name, NothingAsked, format!("{is}; the plan says nothing of them")),
    }
}

fn runs(entry: &BuiltEntry) -> Said {
    match entry.runs.len() {
        0 => ("runs", NothingAsked, "the plan has none".to_owned()),
        some => ("runs", PASSED, format!("{}: exit code and standard output", counted(some, "run"))),
    }
}

fn smoke(entry: &BuiltEntry) -> Said {
    let ids: Vec<&str> = entry.smoke.iter().map(|smoke| smoke.id.as_str()).collect();
    match ids.is_empty() {
        true => ("smoke", NothingAsked, "the plan has none".to_owned()),
        false => ("smoke", PASSED, format!("exit code 0 beside it: {}", ids.join(", "))),
    }
}

/// Gives the name of the check that a finding belongs to; what is wrong with the record as a whole belongs to `record`.
pub(super) fn check_of(image: &Name, entry: Option<&BuiltEntry>, finding: &Finding) -> &'static str {
    let Some(at) = finding.at.strip_prefix(&format!("images.{image}.")) else { return "record" };
    let of_platform = at.strip_prefix("platforms.").and_then(|at| at.split_once('.'));
    let (at, is_other) = of_platform.map_or((at, false), |(_, rest)| (rest, true));
    if finding.expected == NO_CREDENTIAL {
        return "credentials";
    }
    if let Some(check) = entry.into_iter().flat_map(|entry| &entry.smoke).find_map(|smoke| beside(smoke, at)) {
        return check;
    }
    let (word, is_key) = at.split_once(['.', ':']).map_or((at, false), |(word, _)| (word, true));
    match (word, at) {
        ("platforms", _) => "platforms",
        ("config", "config") if is_other => "platforms",
        ("config", "config.user") => "user",
        ("config", "config.ports") => "ports",
        ("config", "config.volumes") => "volumes",
        ("set-id", _) if is_key => "set-id",
        ("leftovers", _) if is_key => "leftovers",
        ("not-secret", _) => "credentials",
        ("entrypoint" | "cmd" | "healthcheck", _) => "start",
        ("runs", _) => "runs",
        ("smoke", _) => "smoke",
        ("inspection", _) => "record",
        ("target" | "arguments" | "builders" | "builder" | "command" | "action", _) => "plan",
        _ => "builds",
    }
}

/// Gives the check of what was found at a place of a command beside the image.
fn beside(smoke: &SmokeEntry, at: &str) -> Option<&'static str> {
    match at.strip_prefix(smoke.id.as_str())? {
        ".health" => Some("health"),
        ".stopped" => Some("stop"),
        "" | ".exit-code" | ".line" | ".image" | ".action" | ".result" => Some("smoke"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_model::evidence::finding::FindingName;

    #[test]
    fn each_finding_belongs_to_the_check_of_its_place() {
        let image: Name = "app".parse().expect("a name");
        for (at, check) in [
            ("images.evidence", "record"),
            ("images.app", "record"),
            ("images.application.config.user", "record"),
            ("images.app.target", "plan"),
            ("images.app.builder.command", "plan"),
            ("images.app.tree:/a", "builds"),
            ("images.app.config.env", "builds"),
            ("images.app.owners:/a", "builds"),
            ("images.app.config.user", "user"),
            ("images.app.config.ports", "ports"),
            ("images.app.config.volumes", "volumes"),
            ("images.app.platforms.linux/arm64.config", "platforms"),
            ("images.app.platforms.linux/arm64.config.user", "user"),
            ("images.app.platforms.linux/arm64.set-id:/su", "set-id"),
            ("images.app.leftovers:/root/.npm", "leftovers"),
            ("images.app.not-secret.A", "credentials"),
            ("images.app.entrypoint", "start"),
            ("images.app.runs.0.stdout", "runs"),
        ] {
            let finding =
                Finding { name: FindingName::ImageFailed, at: at.into(), expected: "x".into(), found: "y".into() };
            assert_eq!(check_of(&image, None, &finding), check, "{at}");
        }
    }
}
