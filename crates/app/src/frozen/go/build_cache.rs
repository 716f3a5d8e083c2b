//! Go's standard library and the packages of a module cache as a frozen input: the build cache that the plan's commands would fill
//! with the same bytes, each by itself.
//!
//! What the project imports from its modules and the standard library is found when the input is locked, and written into the lock.
//! The cache follows from that list, `go.mod`, `go.sum`, the toolchain and the settings of the plan's lines. No source of the project
//! goes into it: a package that is imported later is compiled by the commands, and the lock still holds.
//!
//! For each of the settings the packages of the list are compiled, and a package of the project's module imports those that it may, so
//! that all of it is looked at by `go vet` and `go test`, too, as what the project's own packages depend on. It has no tests: nothing
//! is linked. What is kept, and how it is made equal, is told in [`super::std_cache`].

use std::collections::{BTreeMap, BTreeSet};

use super::settings::{BuildCache, GoChecks, GoSettings};
use super::std_cache;
use crate::frozen::failed_step::Blame;
use crate::frozen::network::{StepRun, StepWork};
use crate::frozen::{FrozenError, FrozenStep, prune};
use rcrepro_engine::Network;
use rcrepro_format::plan::frozen_toml::CompiledPackages;
use rcrepro_model::content::digest::Digest;
use rcrepro_shell::quoted;

/// Imports of the project's own packages (`I`), those of modules that folders replace and the mains of tests among them, and packages of
/// its modules (`T`) and of the standard library (`S`).
const LIST: &str = r#"{{with .Module}}{{if or .Main (and .Replace (not .Replace.Version))}}{{range $.Imports}}I {{.}}
{{end}}{{range $.TestImports}}I {{.}}
{{end}}{{range $.XTestImports}}I {{.}}
{{end}}{{else if not $.ForTest}}T {{$.ImportPath}}
{{end}}{{end}}{{if and .Standard (not .ForTest)}}S {{.ImportPath}}
{{end}}"#;
/// Packages of the standard library that no source imports: `go` links them where the settings want them.
const LINKED: &str = "runtime/(cgo|race|msan|asan)|internal/coverage/cfile";
/// Where the lists are put, one file for each of the settings.
const IMPORTS: &str = ".rcrepro-imports";
/// The packages that import, with the number of the settings.
const PRIME: &str = "rcrepro_prime_";
/// The list of a package that imports, beside it.
const PACKAGES: &str = "packages";

impl FrozenStep<'_> {
    fn cache(&self) -> &BuildCache<'_> {
        self.cache.as_ref().expect("the plan's reader wants modules for a build cache")
    }

    /// Lists what the project imports from its modules and the standard library; gives it with the toolchain that is going to compile it.
    pub(in crate::frozen) async fn imported(&self) -> Result<CompiledPackages, FrozenError> {
        let settings: Vec<&GoSettings> = self.cache().builds.keys().collect();
        let mut line = format!("{}\nmkdir /work/{IMPORTS}\n", self.head("/tmp/gocache"));
        if self.alone {
            line.push_str("export GOWORK=off\n");
        }
        for (number, settings) in settings.iter().enumerate() {
            let (exports, flags) = words(settings);
            line.push_str(&format!(
                "( {exports}go list -e -deps -test -f '{LIST}' {flags} ./... | sort -u > /tmp/listed\n\
                 {{ comm -12 <(sed -n 's/^I //p' /tmp/listed | sort -u) <(sed -n 's/^[ST] //p' /tmp/listed | sort -u)\n\
                 sed -nE 's,^S ({LINKED})$,\\1,p' /tmp/listed; }} | sort -u > /work/{IMPORTS}/{number} )\n"
            ));
        }
        let deps = self.deps()?;
        let run = StepRun { line: &line, output: IMPORTS, work: StepWork::Source, network: Network::None, deps };
        let root = self.run(&run).await?.ok_or_else(|| self.nothing("no list of imports came out"))?;
        let files = prune::files(self.store, root)?;
        let mut packages = BTreeMap::new();
        for (number, settings) in settings.iter().enumerate() {
            let text = files.get(&number.to_string()).map(|digest| self.store.get(*digest)).transpose()?;
            let text = String::from_utf8_lossy(&text.unwrap_or_default()).into_owned();
            let listed: BTreeSet<String> = text.lines().map(str::to_owned).collect();
            packages.insert(settings.to_string(), listed);
        }
        Ok(CompiledPackages { image: self.toolchain().manifest, packages })
    }

    /// Compiles those packages and all that they depend on; gives the root of the cache.
    pub(in crate::frozen) async fn compile_packages(&self, compiled: &CompiledPackages) -> Result<Digest, FrozenError> {
        let mut line = format!("{}\nexport GOWORK=off\n", self.head("/work/gocache"));
        let mut lists = Vec::new();
        let folder = self.module_folder()?;
        for (number, (settings, checks)) in self.cache().builds.iter().enumerate() {
            let packages = compiled.packages.get(&settings.to_string()).into_iter().flatten();
            let text: String = packages.map(|package| format!("{package}\n")).collect();
            let at = format!("{PRIME}{number}/{PACKAGES}");
            lists.push((if folder.is_empty() { at } else { format!("{folder}/{at}") }, text));
            line.push_str(&compilation(number, settings, *checks));
        }
        line.push_str(&format!("cd /work && {}", std_cache::EVEN));
        let lists: Vec<(&str, &str)> = lists.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let (output, deps) = (std_cache::OUTPUT, self.deps()?);
        let run = StepRun { line: &line, output, work: StepWork::Client(&lists), network: Network::None, deps };
        let root = self.run(&run).await?.ok_or_else(|| self.nothing("no build cache came out"))?;
        prune::filter(self.store, root, &std_cache::keep)
    }

    /// Begins a line in the module's folder, with the modules where commands see them: packages are compiled for that path.
    fn head(&self, cache: &str) -> String {
        let folder = match self.cache().input.directory.as_ref() {
            Some(directory) => format!("if [ -d {0} ]; then cd {0}; fi\n", quoted(directory.as_str())),
            None => String::new(),
        };
        let modules = self.cache().modules;
        format!(
            "set -eu -o pipefail\n\
             export GOCACHE={cache} GOMODCACHE=/deps/{modules} GOTOOLCHAIN=local GOPROXY=off GOSUMDB=off GOFLAGS=\n{folder}"
        )
    }

    fn deps(&self) -> Result<Option<(&rcrepro_model::content::name::Name, Digest)>, FrozenError> {
        let modules = self.cache().modules;
        let missing = || FrozenError::NoModules { name: self.name.clone(), modules: modules.clone() };
        Ok(Some((modules, self.modules.ok_or_else(missing)?)))
    }

    fn nothing(&self, ending: &str) -> FrozenError {
        let (name, ending) = (self.name.clone(), ending.to_owned());
        FrozenError::Step { name, ending, said: String::new(), blame: Blame::World, denied: None }
    }
}

/// Writes the lines that compile with one of the settings.
fn compilation(number: usize, settings: &GoSettings, checks: GoChecks) -> String {
    let (exports, flags) = words(settings);
    let prime = format!("{PRIME}{number}");
    let mut line = format!(
        "( {exports}{{ printf 'package prime\\n\\nimport (\\n'\n\
         grep -vE '(^|/)(internal|vendor)(/|$)' {prime}/{PACKAGES} | sed 's/.*/\\t_ \"&\"/' || true\n\
         printf ')\\n'; }} > {prime}/prime.go\n\
         touch -d @1 {prime}/prime.go\n\
         xargs -r -d '\\n' -a {prime}/{PACKAGES} go build {flags}\n\
         rm {prime}/{PACKAGES}; touch -d @1 {prime}\n\
         go build {flags} ./{prime}\n"
    );
    for (verb, is_wanted) in [("vet", checks.vet), ("test", checks.test)] {
        if is_wanted {
            line.push_str(&format!("go {verb} {flags} ./{prime}\n"));
        }
    }
    line.push_str(")\n");
    line
}

/// Writes settings for a shell: what is exported, and the flags.
fn words(settings: &GoSettings) -> (String, String) {
    let exports =
        settings.environment.iter().map(|(name, value)| format!("export {name}={}\n", quoted(value))).collect();
    let flags: Vec<String> = settings.flags.iter().map(|flag| quoted(flag)).collect();
    (exports, flags.join(" "))
}
