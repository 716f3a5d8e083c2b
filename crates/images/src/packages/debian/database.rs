//! What dpkg knows of the packages of an image, as if it had installed them itself.
//!
//! Source: dpkg(1), deb-triggers(5). A package is `installed` although its scripts did not run: what they would have made, a definition
//! lays. Configuration files are not listed, so that an upgrade would treat them as any file.

use std::collections::BTreeMap;

use super::DebianError;
use super::control::fields;
use crate::packages::deb::DebControl;
use rcrepro_model::content::name::TreePath;

/// Where dpkg keeps what it knows, in an image.
pub const FOLDER: &str = "var/lib/dpkg";

/// A package in dpkg's database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstalledPackage {
    /// `Package`.
    name: String,
    /// The name by which its files and triggers go: with the architecture, where several may be installed together.
    qualified: String,
    /// The stanza of `control`.
    stanza: String,
    /// The other members of `control.tar`, each with its permission bits.
    members: BTreeMap<String, (u32, Vec<u8>)>,
}

impl InstalledPackage {
    /// Reads how a package describes itself; `purl` is for messages.
    ///
    /// # Errors
    /// [`DebianError::Control`] when it has no plain name.
    pub fn of(purl: &str, mut control: DebControl) -> Result<Self, DebianError> {
        let refuse = |reason: &str| DebianError::Control { package: purl.to_owned(), reason: reason.to_owned() };
        let (_, stanza) = control.members.remove("control").ok_or_else(|| refuse("it has no file `control`"))?;
        let stanza = String::from_utf8(stanza).map_err(|_| refuse("`control` is not UTF-8"))?;
        let stanza = stanza.trim_matches('\n').to_owned();
        let of = |field: &str| fields(&stanza).find(|(name, _)| *name == field).map(|(_, value)| value.to_owned());
        let plain = |text: &String| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
        let named = |field: &str| {
            of(field)
                .filter(plain)
                .filter(|text| !text.is_empty())
                .ok_or_else(|| refuse(&format!("it has no `{field}`")))
        };
        let (name, architecture) = (named("Package")?, named("Architecture")?);
        if !stanza.starts_with("Package:") || stanza.contains("\n\n") {
            return Err(refuse("`control` is not one stanza that begins with `Package`"));
        }
        let is_one_of_several = of("Multi-Arch").is_some_and(|value| value == "same");
        let qualified = if is_one_of_several { format!("{name}:{architecture}") } else { name.clone() };
        Ok(Self { name, qualified, stanza, members: control.members })
    }

    /// The stanza of the package's `control`.
    #[must_use]
    pub fn stanza(&self) -> &str {
        &self.stanza
    }

    /// Gives the files of the package alone, below [`FOLDER`], each with its permission bits: its scripts, and the list of what
    /// it laid.
    #[must_use]
    pub fn files(&self, laid: &[TreePath]) -> Vec<(String, u32, Vec<u8>)> {
        let at = |name: &str| format!("{FOLDER}/info/{}.{name}", self.qualified);
        let own = self.members.iter().map(|(name, (mode, bytes))| (at(name), *mode, bytes.clone()));
        let list = ["/.".to_owned()].into_iter().chain(laid.iter().map(|path| format!("/{path}")));
        let list: String = list.map(|path| path + "\n").collect();
        own.chain([(at("list"), 0o644, list.into_bytes())]).collect()
    }

    /// The triggers that it is interested in, each with whether others wait for it.
    fn interests(&self) -> Vec<(&str, bool)> {
        let text = self.members.get("triggers").and_then(|(_, bytes)| std::str::from_utf8(bytes).ok());
        let lines = text.unwrap_or_default().lines().map(|line| line.split('#').next().unwrap_or_default());
        lines
            .filter_map(|line| {
                let mut words = line.split_whitespace();
                let (kind, trigger) = (words.next()?, words.next()?);
                match kind {
                    "interest" | "interest-await" => Some((trigger, true)),
                    "interest-noawait" => Some((trigger, false)),
                    _ => None,
                }
            })
            .collect()
    }
}

/// Gives the files that all packages of an image share: `status` and the triggers.
#[must_use]
pub fn shared_files(packages: &[InstalledPackage]) -> BTreeMap<String, String> {
    let mut by_name: Vec<_> = packages.iter().collect();
    by_name.sort_by_key(|package| &package.qualified);
    let mut files = BTreeMap::from([(format!("{FOLDER}/info/format"), "1\n".to_owned())]);
    let mut status = String::new();
    for package in by_name {
        let (first, rest) = package.stanza.split_once('\n').unwrap_or((&package.stanza, ""));
        status.push_str(&format!("{first}\nStatus: install ok installed\n{rest}\n\n"));
        for (trigger, is_awaited) in package.interests() {
            let who = format!("{}{}", package.qualified, if is_awaited { "" } else { "/noawait" });
            let (file, line) = match trigger.starts_with('/') {
                true => ("File", format!("{trigger} {who}\n")),
                false => (trigger, format!("{who}\n")),
            };
            files.entry(format!("{FOLDER}/triggers/{file}")).or_default().push_str(&line);
        }
    }
    files.insert(format!("{FOLDER}/status"), status);
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    fn control(stanza: &str, more: &[(&str, &str)]) -> DebControl {
        let members = more.iter().copied().chain([("control", stanza)]);
        DebControl {
            members: members.map(|(name, text)| (name.to_owned(), (0o644, text.as_bytes().to_vec()))).collect(),
        }
    }

    #[test]
    fn the_database_is_what_dpkg_would_have_written() {
        let zlib = "Package: zlib1g\nVersion: 1\nArchitecture: amd64\nMulti-Arch: same\nDescription: z\n more\n";
        let zlib = control(zlib, &[("triggers", "# of libraries\nactivate-noawait ldconfig\n"), ("md5sums", "x")]);
        let libc = "Package: libc-bin\nVersion: 2\nArchitecture: amd64\nMulti-Arch: foreign\n";
        let libc = control(libc, &[("triggers", "interest-noawait ldconfig\ninterest  /usr/share/x\n")]);
        let packages = [zlib, libc].map(|control| InstalledPackage::of("pkg:deb/x", control).expect("a package"));
        let files = shared_files(&packages);
        assert_eq!(
            files["var/lib/dpkg/status"],
            "Package: libc-bin\nStatus: install ok installed\nVersion: 2\nArchitecture: amd64\nMulti-Arch: foreign\n\n\
             Package: zlib1g\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\nMulti-Arch: same\nDescription: z\n more\n\n"
        );
        assert_eq!(files["var/lib/dpkg/triggers/ldconfig"], "libc-bin/noawait\n");
        assert_eq!(files["var/lib/dpkg/triggers/File"], "/usr/share/x libc-bin\n");
        let own = packages[0].files(&["usr/lib/libz.so".parse().expect("a path")]);
        let names: Vec<_> = own.iter().map(|(name, ..)| name.as_str()).collect();
        let at = |name: &str| format!("var/lib/dpkg/info/zlib1g:amd64.{name}");
        assert_eq!(names, [at("md5sums"), at("triggers"), at("list")]);
        assert_eq!(own[2].2, b"/.\n/usr/lib/libz.so\n");
    }

    #[test]
    fn a_package_without_a_plain_name_is_refused() {
        for wrong in
            ["Version: 1\n", "Package: ../x\nArchitecture: all\n", "Package: x\n", "Architecture: all\nPackage: x\n"]
        {
            assert!(InstalledPackage::of("pkg:deb/x", control(wrong, &[])).is_err(), "{wrong}");
        }
    }
}
