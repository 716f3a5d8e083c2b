//! Resolves Debian packages through apt's own index, whose signature apt has checked.
//!
//! apt is asked as if nothing were installed, and suites other than the wanted ones are shut out by pins, so that neither
//! this machine's packages nor its priorities have a say.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::PackageError;
use crate::model::digest::Digest;
use crate::model::image_definition::{DebSource, Platform};
use crate::model::image_lock::DebPin;
use crate::model::purl::Purl;

const HINT: &str = "run `apt-get update`; the suites that the definition names have to be among apt's sources";

/// Resolves the definition's packages and all that they depend on, in the order of their purls.
///
/// # Errors
/// [`PackageError::Client`] when apt cannot resolve them, [`PackageError::Form`] when its answer is not understood.
pub fn resolve(source: &DebSource, platform: Platform) -> Result<Vec<DebPin>, PackageError> {
    let failed = PackageError::io("apt");
    let folder = tempfile::tempdir().map_err(failed)?;
    let options = options(folder.path(), &source.suites, platform).map_err(PackageError::io("apt"))?;
    let mut install = Command::new("apt-get");
    install.args(&options).args(["-s", "install"]).args(&source.packages);
    let plan = run(&mut install, "apt-get -s install")?;
    let chosen: Vec<String> = plan.lines().filter_map(chosen).collect();
    let mut show = Command::new("apt-cache");
    show.args(&options).arg("show").args(&chosen);
    let shown = run(&mut show, "apt-cache show")?;
    let mut pins: Vec<DebPin> = Vec::new();
    for stanza in shown.split("\n\n").filter(|stanza| !stanza.trim().is_empty()) {
        let pin = pin(stanza)?;
        // The same file may be listed by several suites.
        if !pins.contains(&pin) {
            pins.push(pin);
        }
    }
    pins.sort_by(|one, other| one.purl.cmp(&other.purl));
    let twice = pins.windows(2).any(|pair| pair[0].purl == pair[1].purl);
    if twice || pins.len() != chosen.len() {
        let reason = format!("it described {} packages where {} were chosen", pins.len(), chosen.len());
        return Err(PackageError::Client { command: "apt-cache show".to_owned(), reason, hint: HINT });
    }
    Ok(pins)
}

fn options(folder: &Path, suites: &[String], platform: Platform) -> std::io::Result<Vec<String>> {
    let (status, preferences) = (folder.join("status"), folder.join("preferences"));
    fs::write(&status, "")?;
    // The first stanza that fits decides.
    let mut pins: String = suites
        .iter()
        .map(|suite| format!("Package: *\nPin: release o=Debian,n={suite}\nPin-Priority: 990\n\n"))
        .collect();
    pins.push_str("Package: *\nPin: release n=*\nPin-Priority: -1\n");
    fs::write(&preferences, pins)?;
    let settings = [
        format!("Dir::State::status={}", status.display()),
        format!("Dir::Etc::preferences={}", preferences.display()),
        "Dir::Etc::preferencesparts=/dev/null".to_owned(),
        format!("APT::Architecture={}", platform.architecture()),
        "APT::Install-Recommends=false".to_owned(),
        "APT::Install-Suggests=false".to_owned(),
    ];
    Ok(settings.into_iter().flat_map(|setting| ["-o".to_owned(), setting]).collect())
}

/// Reads `Inst NAME (VERSION ORIGIN [ARCH]) …` as `NAME:ARCH=VERSION`.
fn chosen(line: &str) -> Option<String> {
    let (name, rest) = line.strip_prefix("Inst ")?.split_once(' ')?;
    let (version, rest) = rest.split_once('(')?.1.split_once(' ')?;
    let arch = rest.split_once('[')?.1.split_once(']')?.0;
    let name = name.split(':').next()?;
    // `all` is no architecture that apt-cache takes after the name.
    Some(if arch == "all" { format!("{name}={version}") } else { format!("{name}:{arch}={version}") })
}

fn pin(stanza: &str) -> Result<DebPin, PackageError> {
    let field = |name: &str| {
        let value = stanza.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim);
        value.ok_or_else(|| PackageError::Form {
            package: stanza.lines().next().unwrap_or("").to_owned(),
            reason: format!("apt says nothing of its {name}"),
        })
    };
    let purl = Purl::deb(field("Package")?, field("Version")?, field("Architecture")?);
    let wrong =
        |what: &str| PackageError::Form { package: purl.to_string(), reason: format!("apt gives no good {what}") };
    let path = field("Filename")?.parse().map_err(|_| wrong("Filename"))?;
    let hash = field("SHA256")?.parse().map_err(|_| wrong("SHA256"))?;
    let size = field("Size")?.parse().map_err(|_| wrong("Size"))?;
    Ok(DebPin { purl, path, digest: Digest { hash, size } })
}

fn run(command: &mut Command, name: &str) -> Result<String, PackageError> {
    let failed = |reason: String| PackageError::Client { command: name.to_owned(), reason, hint: HINT };
    let output = command.env("LC_ALL", "C").output().map_err(|error| failed(error.to_string()))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        let errors: Vec<_> = errors.lines().filter(|line| line.starts_with("E:")).collect();
        return Err(failed(errors.join("; ")));
    }
    String::from_utf8(output.stdout).map_err(|_| failed("its answer is not UTF-8".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_apt_are_read() {
        let line = "Inst libc6 (2.36-9+deb12u14 Debian:12.15/oldstable [amd64]) []";
        assert_eq!(chosen(line).as_deref(), Some("libc6:amd64=2.36-9+deb12u14"));
        assert_eq!(chosen("Inst tzdata (1 Debian:12 [all])").as_deref(), Some("tzdata=1"));
        assert_eq!(chosen("Conf libc6 (1 Debian:12 [amd64])"), None);
        let hash = Digest::of(b"").hash;
        let stanza = format!(
            "Package: bash\nVersion: 5.2-2+b2\nArchitecture: amd64\nFilename: pool/b.deb\nSize: 3\nSHA256: {hash}\nDescription: x\n y: z"
        );
        let bash = pin(&stanza).expect("a good stanza");
        assert_eq!(bash.purl, Purl::deb("bash", "5.2-2+b2", "amd64"));
        assert_eq!(bash.digest, Digest { hash, size: 3 });
        assert!(pin(&stanza.replace("SHA256", "MD5sum")).is_err());
    }
}
