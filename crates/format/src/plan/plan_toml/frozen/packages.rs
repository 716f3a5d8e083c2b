//! The names of packages in a `[frozen.NAME]` table, and the files of the source that name them.

use std::collections::BTreeSet;

use super::FrozenWire;
use crate::plan::plan_toml::source::{PlanError, Source};
use rcrepro_model::content::name::TreePath;
use rcrepro_model::plan::FrozenKind;

/// The file that names Python packages where the plan says nothing else.
const REQUIREMENTS: &str = "requirements.txt";

impl Source<'_> {
    /// Checks `packages`: names of Debian packages, whose versions are what the lock is for, or requirements of Python packages.
    pub(super) fn packages(&self, kind: FrozenKind, wire: &FrozenWire) -> Result<(), PlanError> {
        let is_debian = kind == FrozenKind::DebianPackages;
        let Some(packages) = wire.packages.as_ref().filter(|packages| !is_debian || !packages.as_ref().is_empty())
        else {
            let message = format!("a frozen input of kind `{}` needs `packages`: the names of packages", kind.as_str());
            let hint = Some("write `packages = [\"curl\"]`".to_owned());
            return if is_debian { Err(self.error(wire.kind.span(), message, hint)) } else { Ok(()) };
        };
        let (is_good, what, hint): (fn(&str) -> bool, _, _) = match kind {
            FrozenKind::DebianPackages => (
                is_debian_name,
                "name of a Debian package",
                "write names alone, such as `curl`: the lock has the versions",
            ),
            FrozenKind::PythonPackages => (
                is_requirement,
                "requirement",
                "write it as in a requirement file, such as `flask==3.0.0`: a registry has it",
            ),
            _ => {
                let message = format!("a frozen input of kind `{}` has no `packages`", kind.as_str());
                return Err(self.error(packages.span(), message, Some("remove `packages`".to_owned())));
            }
        };
        match packages.as_ref().iter().find(|package| !is_good(package)) {
            None => Ok(()),
            Some(wrong) => Err(self.error(packages.span(), format!("invalid {what} `{wrong}`"), Some(hint.to_owned()))),
        }
    }

    /// Reads the requirement files, below the input's folder; `requirements.txt` where the plan names neither files nor packages.
    pub(super) fn requirements(&self, kind: FrozenKind, wire: &FrozenWire) -> Result<Vec<TreePath>, PlanError> {
        let is_python = kind == FrozenKind::PythonPackages;
        let Some(files) = &wire.requirements else {
            let none: Option<&BTreeSet<String>> = wire.packages.as_ref().map(AsRef::as_ref);
            let is_usual = is_python && none.is_none_or(BTreeSet::is_empty);
            return Ok(REQUIREMENTS.parse().ok().filter(|_| is_usual).into_iter().collect());
        };
        if !is_python {
            let message = format!("a frozen input of kind `{}` has no `requirements`", kind.as_str());
            return Err(self.error(files.span(), message, Some("remove `requirements`".to_owned())));
        }
        files.as_ref().iter().map(|file| self.parse(file)).collect()
    }
}

fn is_debian_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b))
}

/// Whether a text is a package's name with extras, versions and markers; neither an option of pip nor an address or a path.
fn is_requirement(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.[],<>=!~*+ ;'\"()".contains(&b))
}
