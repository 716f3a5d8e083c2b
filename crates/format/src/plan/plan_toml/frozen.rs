//! The `[frozen.NAME]` tables: what is fetched once, or taken from a mirror, and locked.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use toml::Spanned;

use super::advice;
use super::commands::CommandWire;
use super::source::{PlanError, Source};
use rcrepro_model::content::name::{Name, TreePath};
use rcrepro_model::execution::kept;
use rcrepro_model::plan::{FrozenInput, FrozenKind, ImageSource, is_exact_version};

mod packages;

const KINDS: [FrozenKind; 10] = [
    FrozenKind::GoModules,
    FrozenKind::GoStd,
    FrozenKind::GoBuildCache,
    FrozenKind::NpmPackages,
    FrozenKind::PnpmPackages,
    FrozenKind::YarnPackages,
    FrozenKind::DebianPackages,
    FrozenKind::PythonPackages,
    FrozenKind::GoVulndb,
    FrozenKind::NpmAdvisories,
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FrozenWire {
    kind: Spanned<String>,
    image: Option<Spanned<String>>,
    directory: Option<Spanned<String>>,
    path: Option<Spanned<String>>,
    client: Option<Spanned<String>>,
    lines: Option<Spanned<Vec<String>>>,
    modules: Option<Spanned<String>>,
    packages: Option<Spanned<BTreeSet<String>>>,
    requirements: Option<Spanned<Vec<Spanned<String>>>>,
}

impl Source<'_> {
    pub(super) fn frozen(
        &self,
        wires: BTreeMap<Spanned<String>, FrozenWire>,
        images: &BTreeMap<Name, ImageSource>,
    ) -> Result<BTreeMap<Name, FrozenInput>, PlanError> {
        let images: BTreeSet<&Name> = images.keys().collect();
        let mut found: BTreeMap<Name, FrozenInput> = BTreeMap::new();
        let mut caches = Vec::new();
        for (name, wire) in wires {
            found.insert(self.parse(&name)?, self.frozen_input(&wire, &images)?);
            caches.extend(wire.modules);
        }
        for modules in caches {
            let kind = found.iter().find(|(name, _)| name.as_str() == modules.as_ref()).map(|(_, input)| input.kind);
            if kind != Some(FrozenKind::GoModules) {
                let message = format!("there is no frozen input `{}` of kind `go-modules`", modules.as_ref());
                let hint = "name the input whose packages are compiled".to_owned();
                return Err(self.error(modules.span(), message, Some(hint)));
            }
        }
        Ok(found)
    }

    fn frozen_input(&self, wire: &FrozenWire, images: &BTreeSet<&Name>) -> Result<FrozenInput, PlanError> {
        let kind = KINDS.into_iter().find(|kind| kind.as_str() == wire.kind.as_ref()).ok_or_else(|| {
            let known: Vec<String> = KINDS.iter().map(|kind| format!("`{}`", kind.as_str())).collect();
            let message = format!("there is no kind of frozen input `{}`", wire.kind.as_ref());
            self.error(wire.kind.span(), message, Some(format!("known: {}", known.join(", "))))
        })?;
        let input = FrozenInput {
            kind,
            image: wire.image.as_ref().map(|image| self.reference("image", image, images)).transpose()?,
            directory: match &wire.directory {
                Some(directory) if directory.as_ref() != "." => Some(self.parse::<TreePath>(directory)?),
                _ => None,
            },
            path: wire.path.as_ref().map(|path| self.mirror(path)).transpose()?,
            client: wire.client.as_ref().map(|client| self.client(kind, client)).transpose()?,
            lines: wire.lines.as_ref().map(|lines| lines.as_ref().clone()).unwrap_or_default(),
            modules: wire.modules.as_ref().map(|modules| self.parse(modules)).transpose()?,
            packages: wire.packages.as_ref().map(|packages| packages.as_ref().clone()).unwrap_or_default(),
            requirements: self.requirements(kind, wire)?,
        };
        if let Some(lines) = wire.lines.as_ref().filter(|_| !kind.is_build_cache()) {
            let message = format!("a frozen input of kind `{}` has no `lines`: nothing is compiled", kind.as_str());
            return Err(self.error(lines.span(), message, Some("remove `lines`".to_owned())));
        }
        self.fits(wire, &input)?;
        self.packages(kind, wire)?;
        Ok(input)
    }

    /// Reads an output: a path of the source, or `/deps/NAME` for what the command adds to a frozen build cache.
    pub(super) fn output(
        &self,
        path: &Spanned<String>,
        command: &CommandWire,
        caches: &BTreeSet<&Name>,
    ) -> Result<TreePath, PlanError> {
        if let Some(name) = kept::declared(path.as_ref()) {
            if !caches.contains(&name) {
                let message = format!("there is no frozen input `{name}` of kind `go-build-cache` or `go-std`");
                let hint = "only what a command adds to such a cache can be an output outside of the source".to_owned();
                return Err(self.error(path.span(), message, Some(hint)));
            }
            if !command.frozen.iter().any(|frozen| frozen.as_ref() == name.as_str()) {
                let message = format!("this command does not see `{path}`", path = path.as_ref());
                let hint = format!("name the frozen input, too: `frozen = [\"{name}\"]`");
                return Err(self.error(path.span(), message, Some(hint)));
            }
            return Ok(kept::output(&name));
        }
        let output: TreePath = self.parse(path)?;
        if output.segments().next().is_some_and(|first| first.as_str() == kept::RESERVED) {
            let message = format!("`{}/` is not for outputs: found `{output}`", kept::RESERVED);
            let hint = "what a command adds to a frozen build cache is `/deps/NAME`".to_owned();
            return Err(self.error(path.span(), message, Some(hint)));
        }
        Ok(output)
    }

    /// Checks that a kind has the keys that it needs and none that would mean nothing.
    fn fits(&self, wire: &FrozenWire, input: &FrozenInput) -> Result<(), PlanError> {
        let kind = input.kind.as_str();
        let missing = |what: &str| {
            let message = format!("a frozen input of kind `{kind}` needs {what}");
            Err(self.error(wire.kind.span(), message, what.split('`').nth(1).map(advice::missing_key)))
        };
        let unwanted = |key: &str, found: Option<&Spanned<String>>, reason: &str| match found {
            Some(text) => {
                let message = format!("a frozen input of kind `{kind}` has no `{key}`: {reason}");
                Err(self.error(text.span(), message, Some(format!("remove `{key}`"))))
            }
            None => Ok(()),
        };
        if input.kind != FrozenKind::GoBuildCache {
            unwanted("modules", wire.modules.as_ref(), "only `go-build-cache` is compiled from modules")?;
        }
        match input.kind {
            FrozenKind::DebianPackages if input.image.is_none() => {
                missing("`image`: the image whose definition names the suites and the keys")
            }
            FrozenKind::DebianPackages => {
                unwanted("path", wire.path.as_ref(), "it is fetched from an archive")?;
                unwanted("directory", wire.directory.as_ref(), "no file of the source names the packages")
            }
            FrozenKind::GoModules
            | FrozenKind::NpmPackages
            | FrozenKind::PnpmPackages
            | FrozenKind::YarnPackages
            | FrozenKind::PythonPackages => match input.image {
                None => missing("`image`: what its step with network runs in"),
                Some(_) => unwanted("path", wire.path.as_ref(), "it is fetched from a registry"),
            },
            FrozenKind::GoStd | FrozenKind::GoBuildCache if input.image.is_none() => {
                missing("`image`: the toolchain that it is compiled by")
            }
            FrozenKind::GoBuildCache if input.modules.is_none() => {
                missing("`modules`: the frozen input of kind `go-modules` whose packages are compiled")
            }
            FrozenKind::GoBuildCache => {
                unwanted("path", wire.path.as_ref(), "it is compiled")?;
                unwanted("directory", wire.directory.as_ref(), "it is that of its `modules`")
            }
            FrozenKind::GoStd => {
                unwanted("path", wire.path.as_ref(), "it is compiled")?;
                unwanted("directory", wire.directory.as_ref(), "it is the same for every module")
            }
            FrozenKind::GoVulndb if input.path.is_none() => missing("`path`: a folder or zip with the database"),
            FrozenKind::GoVulndb => {
                unwanted("image", wire.image.as_ref(), "nothing is executed to have it")?;
                unwanted("directory", wire.directory.as_ref(), "it is the same for every module")
            }
            FrozenKind::NpmAdvisories if input.image.is_none() && input.path.is_none() => {
                missing("`image`, to be recorded in, or `path`, a cassette that was recorded")
            }
            FrozenKind::NpmAdvisories if input.image.is_none() => {
                unwanted("directory", wire.directory.as_ref(), "without `image` nothing is recorded")
            }
            FrozenKind::NpmAdvisories => Ok(()),
        }
    }

    /// Reads which client of a registry installs the packages: an exact version, so that it is the same one everywhere.
    fn client(&self, kind: FrozenKind, client: &Spanned<String>) -> Result<String, PlanError> {
        let names: &[&str] = match kind {
            FrozenKind::PnpmPackages => &["pnpm"],
            FrozenKind::YarnPackages => &["yarn"],
            _ => {
                let message =
                    format!("a frozen input of kind `{}` has no `client`: the image brings it", kind.as_str());
                return Err(self.error(client.span(), message, Some("remove `client`".to_owned())));
            }
        };
        let text = client.as_ref();
        match text.split_once('@') {
            Some((name, version)) if names.contains(&name) && is_exact_version(version) => Ok(text.to_owned()),
            _ => {
                let version = if names[0] == "pnpm" { "10.34.9" } else { "1.22.22" };
                let hint = format!("write `{}@VERSION`, such as `{0}@{version}`", names[0]);
                Err(self.error(client.span(), format!("invalid client `{text}`"), Some(hint)))
            }
        }
    }

    /// Reads where a mirror is; the plan must mean the same on every machine.
    fn mirror(&self, path: &Spanned<String>) -> Result<String, PlanError> {
        let text = path.as_ref();
        if text.is_empty() || text.starts_with(['/', '~']) || text.contains('\0') {
            let hint =
                "write it relative to the plan's folder; a symbolic link may lead to where it is on this machine";
            return Err(self.error(path.span(), format!("invalid path `{text}`"), Some(hint.to_owned())));
        }
        Ok(text.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn plan(frozen: &str) -> Result<FrozenInput, PlanError> {
        let text = format!(
            "version = 1\nname = \"x\"\n[images.node]\nbuild = \"node.toml\"\n[[sets.all]]\nid = \"a\"\nrun = \"true\"\n\
             image = \"node\"\nfrozen = [\"f\"]\n[packets.RC-05]\ntitle = \"x\"\nsets = [\"all\"]\n[frozen.f]\n{frozen}\n"
        );
        parse(&text, &[]).map(|plan| plan.frozen.into_values().next().expect("one input"))
    }

    #[test]
    fn a_key_that_is_missing_is_shown_as_it_is_written() {
        for (frozen, hint) in [
            ("kind = 'debian-packages'\nimage = 'node'", "write `packages = [\"curl\"]`"),
            ("kind = 'go-modules'", "write `image = \"go\"`"),
            ("kind = 'go-vulndb'", "write `path = \"vulndb\"`"),
        ] {
            assert_eq!(plan(frozen).expect_err(frozen).hint.as_deref(), Some(hint), "{frozen}");
        }
    }

    #[test]
    fn each_kind_has_its_keys() {
        for good in [
            "kind = 'go-modules'\nimage = 'node'",
            "kind = 'npm-packages'\nimage = 'node'\ndirectory = 'web'",
            "kind = 'pnpm-packages'\nimage = 'node'\ndirectory = 'web'",
            "kind = 'yarn-packages'\nimage = 'node'\nclient = 'yarn@1.22.22'",
            "kind = 'debian-packages'\nimage = 'node'\npackages = ['curl', 'libstdc++6']",
            "kind = 'python-packages'\nimage = 'node'",
            "kind = 'python-packages'\nimage = 'node'\ndirectory = 'api'\nrequirements = ['requirements/dev.txt']",
            "kind = 'python-packages'\nimage = 'node'\npackages = ['flask[async]==3.0.0', \"tomli; python_version < '3.11'\"]",
            "kind = 'go-std'\nimage = 'node'",
            "kind = 'go-std'\nimage = 'node'\nlines = ['CGO_ENABLED=0 go build ./...']",
            "kind = 'go-build-cache'\nimage = 'node'\nmodules = 'm'\nlines = ['go test -race ./...']\n\
             [frozen.m]\nkind = 'go-modules'\nimage = 'node'",
            "kind = 'go-vulndb'\npath = '../mirror/vulndb.zip'",
            "kind = 'npm-advisories'\nimage = 'node'\ndirectory = 'web'",
            "kind = 'npm-advisories'\npath = 'advisories/npm'",
        ] {
            assert!(plan(good).is_ok(), "{good}: {:?}", plan(good));
        }
        for (wrong, line, says) in [
            ("kind = 'go-modules'", 14, "needs `image`"),
            ("kind = 'go-modules'\nimage = 'node'\npath = 'x'", 16, "has no `path`"),
            ("kind = 'pnpm-packages'", 14, "needs `image`"),
            ("kind = 'pnpm-packages'\nimage = 'node'\nclient = 'pnpm@10'", 16, "invalid client `pnpm@10`"),
            ("kind = 'pnpm-packages'\nimage = 'node'\nclient = 'yarn@1.22.22'", 16, "invalid client"),
            ("kind = 'npm-packages'\nimage = 'node'\nclient = 'npm@11.0.0'", 16, "has no `client`"),
            ("kind = 'debian-packages'\npackages = ['curl']", 14, "needs `image`"),
            ("kind = 'debian-packages'\nimage = 'node'", 14, "needs `packages`"),
            ("kind = 'debian-packages'\nimage = 'node'\npackages = ['curl=1']", 16, "invalid name of a Debian package"),
            (
                "kind = 'debian-packages'\nimage = 'node'\npackages = ['curl']\ndirectory = 'x'",
                17,
                "has no `directory`",
            ),
            ("kind = 'npm-packages'\nimage = 'node'\npackages = ['curl']", 16, "has no `packages`"),
            ("kind = 'npm-packages'\nimage = 'node'\nrequirements = ['r.txt']", 16, "has no `requirements`"),
            ("kind = 'python-packages'", 14, "needs `image`"),
            ("kind = 'python-packages'\nimage = 'node'\nrequirements = ['../r.txt']", 16, "r.txt"),
            ("kind = 'python-packages'\nimage = 'node'\npackages = ['-e .']", 16, "invalid requirement `-e .`"),
            (
                "kind = 'python-packages'\nimage = 'node'\npackages = ['a @ https://h.example']",
                16,
                "invalid requirement",
            ),
            ("kind = 'python-packages'\nimage = 'node'\nclient = 'pip@24.0.0'", 16, "has no `client`"),
            ("kind = 'go-std'", 14, "needs `image`"),
            ("kind = 'go-modules'\nimage = 'node'\nlines = ['true']", 16, "has no `lines`"),
            ("kind = 'go-std'\nimage = 'node'\npath = 'x'", 16, "has no `path`"),
            ("kind = 'go-std'\nimage = 'node'\ndirectory = 'x'", 16, "has no `directory`"),
            ("kind = 'go-std'\nimage = 'node'\nmodules = 'x'", 16, "has no `modules`"),
            ("kind = 'go-build-cache'\nmodules = 'm'", 14, "needs `image`"),
            ("kind = 'go-build-cache'\nimage = 'node'", 14, "needs `modules`"),
            ("kind = 'go-build-cache'\nimage = 'node'\nmodules = 'm'", 16, "no frozen input `m` of kind `go-modules`"),
            ("kind = 'go-build-cache'\nimage = 'node'\nmodules = 'f'", 16, "no frozen input `f` of kind `go-modules`"),
            ("kind = 'go-build-cache'\nimage = 'node'\nmodules = 'f'\ndirectory = 'x'", 17, "has no `directory`"),
            ("kind = 'go-vulndb'", 14, "needs `path`"),
            ("kind = 'go-vulndb'\npath = 'x'\nimage = 'node'", 16, "has no `image`"),
            ("kind = 'go-vulndb'\npath = '/srv/vulndb'", 15, "invalid path"),
            ("kind = 'npm-advisories'", 14, "needs `image`"),
            ("kind = 'npm-advisories'\npath = 'x'\ndirectory = 'web'", 16, "has no `directory`"),
            ("kind = 'pip'", 14, "there is no kind"),
        ] {
            let error = plan(wrong).expect_err(wrong);
            assert_eq!(error.line, line, "{wrong}: {error}");
            assert!(error.message.contains(says), "{wrong}: {error}");
        }
    }
}
