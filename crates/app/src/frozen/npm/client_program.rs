//! Which client installs from a lock: what the plan or the project names, else the newest that was known when rcrepro was built
//! and reads that form of lock.

use super::yarn_lock::CLASSIC;
use rcrepro_format::syntax::jsonc;
use rcrepro_format::syntax::node::SyntaxNode;
use rcrepro_model::content::{base64, hex};
use rcrepro_model::execution::fault::Fault;
use rcrepro_model::plan::{FrozenKind, is_exact_version};

/// The newest versions that were known when rcrepro was built, by their first number.
const PNPM: [(&str, &str); 4] = [("8", "8.15.9"), ("9", "9.15.9"), ("10", "10.34.9"), ("11", "11.28.11")];
/// As [`PNPM`]; of the later ones by the form of the lock.
const YARN_1: &str = "1.22.22";
const YARN_3: &str = "3.8.7";
const YARN_4: &str = "4.18.1";

/// How a client is told what it has to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientDialect {
    /// By `pnpm_config_…` and `npm_config_…`.
    Pnpm,
    /// By `yarn_…` and a folder of tarballs: yarn 1.
    Classic,
    /// By `YARN_…`: yarn 2 and later.
    Berry,
}

impl ClientDialect {
    /// Returns the name that the program in the frozen tree reads.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pnpm => "pnpm",
            Self::Classic => "classic",
            Self::Berry => "berry",
        }
    }
}

/// A client as the registry has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientProgram {
    /// The registry's name of it.
    pub package: &'static str,
    pub version: String,
    /// The tarball's checksum where the project names one, as `ALGORITHM-BASE64`.
    pub integrity: Option<String>,
    pub dialect: ClientDialect,
}

/// Chooses the client for a lock of this form. `plan` is the plan's `client`, `manifest` the text of the `package.json` at `path`.
///
/// # Errors
/// The fault when the project names a client that cannot read its lock.
pub fn choose(
    kind: FrozenKind,
    form: &str,
    plan: Option<&str>,
    (path, manifest): (&str, &str),
) -> Result<ClientProgram, Fault> {
    let document = jsonc::document(manifest, false).ok().flatten();
    let said = document.as_ref().and_then(|document| document.get("packageManager"));
    let (line, named) = match (plan, said) {
        (Some(plan), _) => (None, Some(plan)),
        (None, Some(node)) => (Some(node.line), node.text()),
        (None, None) => (None, None),
    };
    let wanted = if kind == FrozenKind::PnpmPackages { "pnpm" } else { "yarn" };
    let engine = document.as_ref().and_then(|document| {
        let tool = document.path(&["devEngines", "packageManager"]);
        let tool = tool.filter(|tool| tool.get("name").and_then(SyntaxNode::text) == Some(wanted));
        let version = document.path(&["engines", wanted]).or_else(|| tool?.get("version"));
        version.and_then(SyntaxNode::text)
    });
    if let (Some(_), None) = (line, named) {
        let says = format!("`packageManager` is not a string: expected `{wanted}@VERSION`");
        return Err(Fault::of_file(path, says).at(line).hint("name the client in the plan: client = \"NAME@VERSION\""));
    }
    let Some(named) = named else {
        return Ok(program(wanted, newest(wanted, form, engine), None));
    };
    let (name, version) = named.split_once('@').unwrap_or((named, ""));
    let (version, hash) = version.split_once('+').map_or((version, None), |(version, hash)| (version, Some(hash)));
    let hint = "name another client in the plan: client = \"NAME@VERSION\"";
    let fault = |says: String| Err(Fault::of_file(path, says).at(line).hint(hint));
    if name != wanted {
        return fault(format!("`packageManager` names `{named}`, and `{}` is made by {wanted}", kind.as_str()));
    }
    if !is_exact_version(version) {
        return fault(format!("`packageManager` names `{named}`: expected an exact version"));
    }
    if hash.is_some_and(|hash| !is_checksum(hash)) {
        return fault(format!("`packageManager` names `{named}`: expected a checksum such as `sha512.HEX` after `+`"));
    }
    let is_classic = version.starts_with("1.");
    if wanted == "yarn" && is_classic != (form == CLASSIC) {
        return fault(format!("`packageManager` names `{named}`, and the lock is of another yarn"));
    }
    Ok(program(wanted, version, hash.and_then(integrity)))
}

fn program(name: &str, version: &str, integrity: Option<String>) -> ClientProgram {
    let (package, dialect) = match name {
        "pnpm" => ("pnpm", ClientDialect::Pnpm),
        _ if version.starts_with("1.") => ("yarn", ClientDialect::Classic),
        _ => ("@yarnpkg/cli-dist", ClientDialect::Berry),
    };
    // What projects write for later yarns is the checksum of the program and not of a tarball.
    let integrity = integrity.filter(|_| dialect != ClientDialect::Berry);
    ClientProgram { package, version: version.to_owned(), integrity, dialect }
}

/// Chooses among the known versions: as `engines` wants it, else the oldest that writes this form, which every later one reads.
fn newest(name: &str, form: &str, engine: Option<&str>) -> &'static str {
    if name == "yarn" {
        return match form {
            CLASSIC => YARN_1,
            "4" | "5" | "6" => YARN_3,
            _ => YARN_4,
        };
    }
    let digits = |text: &str| -> String {
        text.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect()
    };
    let by_engine = engine.map(digits).and_then(|major| PNPM.iter().find(|(known, _)| *known == major));
    let by_form = if form.starts_with("6.") { PNPM[0] } else { PNPM[2] };
    by_engine.unwrap_or(&by_form).1
}

/// Whether a checksum has the form that corepack writes: a known algorithm, and as many digits as it has.
fn is_checksum(hash: &str) -> bool {
    let (algorithm, digits) = hash.split_once('.').unwrap_or_default();
    let known = [("sha1", 40), ("sha224", 56), ("sha256", 64), ("sha384", 96), ("sha512", 128)];
    known.contains(&(algorithm, digits.len())) && digits.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
}

/// Reads a checksum as `packageManager` has it, `ALGORITHM.HEX`.
fn integrity(hash: &str) -> Option<String> {
    let (algorithm, digits) = hash.split_once('.')?;
    let checksum = match algorithm {
        "sha512" => base64::encode(hex::decode::<64>(digits)?),
        "sha256" => base64::encode(hex::decode::<32>(digits)?),
        _ => return None,
    };
    Some(format!("{algorithm}-{checksum}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(kind: FrozenKind, form: &str, plan: Option<&str>, manifest: &str) -> Result<(String, String), String> {
        let found = choose(kind, form, plan, ("web/package.json", manifest));
        found.map(|one| (one.package.to_owned(), one.version)).map_err(|fault| fault.to_string())
    }

    #[test]
    fn the_project_and_the_plan_choose_the_client() {
        let (pnpm, yarn) = (FrozenKind::PnpmPackages, FrozenKind::YarnPackages);
        for (kind, form, plan, manifest, package, version) in [
            (pnpm, "9.0", None, r#"{"packageManager": "pnpm@11.0.1"}"#, "pnpm", "11.0.1"),
            (pnpm, "9.0", Some("pnpm@10.1.0"), r#"{"packageManager": "pnpm@11.0.1"}"#, "pnpm", "10.1.0"),
            (pnpm, "9.0", None, r#"{"engines": {"pnpm": ">=11"}}"#, "pnpm", "11.28.11"),
            (pnpm, "9.0", None, "{}", "pnpm", "10.34.9"),
            (pnpm, "6.0", None, "{}", "pnpm", "8.15.9"),
            (yarn, CLASSIC, None, "{}", "yarn", YARN_1),
            (yarn, "8", None, r#"{"packageManager": "yarn@4.13.0"}"#, "@yarnpkg/cli-dist", "4.13.0"),
            (yarn, "6", None, "{}", "@yarnpkg/cli-dist", YARN_3),
        ] {
            let expected = Ok((package.to_owned(), version.to_owned()));
            assert_eq!(chosen(kind, form, plan, manifest), expected, "{form} {plan:?} {manifest}");
        }
    }

    #[test]
    fn a_client_that_does_not_fit_is_told_by_place() {
        let (pnpm, yarn) = (FrozenKind::PnpmPackages, FrozenKind::YarnPackages);
        for (kind, form, manifest, says) in [
            (pnpm, "9.0", "{\n\"packageManager\": \"yarn@1.22.22\"}", "2: `packageManager` names `yarn@1.22.22`"),
            (
                pnpm,
                "9.0",
                "{\"packageManager\": \"pnpm@11\"}",
                "1: `packageManager` names `pnpm@11`: expected an exact",
            ),
            (pnpm, "9.0", r#"{"packageManager": "pnpm@11.0.1\n"}"#, "expected an exact version"),
            (pnpm, "9.0", r#"{"packageManager": "pnpm@11.0.1\u001b[2J"}"#, "expected an exact version"),
            (pnpm, "9.0", r#"{"packageManager": "pnpm@11.0.1+sha512.zz"}"#, "expected a checksum"),
            (pnpm, "9.0", r#"{"packageManager": "pnpm@11.0.1+"}"#, "expected a checksum"),
            (pnpm, "9.0", r#"{"packageManager": ["pnpm@11.0.1"]}"#, "`packageManager` is not a string"),
            (
                pnpm,
                "9.0",
                r#"{"packageManager": "pnpm@https://u:s3cr3t@h.example/p.tgz"}"#,
                "`pnpm@https://…@h.example/p.tgz`",
            ),
            (yarn, "8", "{\"packageManager\": \"yarn@1.22.22\"}", "and the lock is of another yarn"),
        ] {
            let found = chosen(kind, form, None, manifest).expect_err(manifest);
            assert!(found.starts_with("web/package.json:") && found.contains(says), "{found}");
        }
    }

    #[test]
    fn the_checksum_of_a_project_is_that_of_the_tarball() {
        let manifest = format!(r#"{{"packageManager": "pnpm@11.0.1+sha256.{}"}}"#, "00".repeat(32));
        let found = choose(FrozenKind::PnpmPackages, "9.0", None, ("package.json", &manifest)).expect("a client");
        assert_eq!(found.integrity, Some(format!("sha256-{}=", "A".repeat(43))));
    }
}
