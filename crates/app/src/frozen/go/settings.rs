//! How a plan compiles Go: what of its lines decides which bytes the compiler makes of a package that others import.
//!
//! The build cache of a command is found again by another only if toolchain, folder, environment and these flags are the same.
//! Flags for linking, testing and printing do not count, and neither do those for the packages that a line names, which are the
//! project's own. Source: `go help build`, `go help environment`; `buildActionID` in `cmd/go/internal/work/exec.go`.

use std::collections::{BTreeMap, BTreeSet};

use rcrepro_model::content::name::Name;
use rcrepro_model::plan::proof::{ProofRule, Tool};
use rcrepro_model::plan::{CommandSpec, FrozenInput, FrozenKind, Plan};
use rcrepro_proof::{ToolCall, tool_calls};

/// Variables that decide what is compiled, beside `GOFLAGS`, whose flags count as if the line had them.
const VARIABLES: [&str; 15] = [
    "CC",
    "CGO_CFLAGS",
    "CGO_CPPFLAGS",
    "CGO_CXXFLAGS",
    "CGO_ENABLED",
    "CGO_LDFLAGS",
    "CXX",
    "GO386",
    "GOAMD64",
    "GOARCH",
    "GOARM",
    "GOARM64",
    "GOEXPERIMENT",
    "GOOS",
    "PKG_CONFIG",
];
/// Flags without a value that do.
const SWITCHES: [&str; 4] = ["-asan", "-msan", "-race", "-trimpath"];
/// Flags with a value that do: `-gcflags` and `-asmflags` only where they are for `all` packages, `-buildmode` only where it is `pie`.
const VALUED: [&str; 4] = ["-asmflags", "-buildmode", "-gcflags", "-tags"];

/// Settings that packages are compiled with. Written as a shell line is: `CGO_ENABLED=0 go -trimpath`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct GoSettings {
    /// Variables and their values.
    pub environment: BTreeMap<String, String>,
    /// Flags as `-x` or `-x=VALUE`.
    pub flags: BTreeSet<String>,
}

/// What is done to packages with the same settings, beside compiling them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct GoChecks {
    /// Whether `go vet` looks at them.
    pub vet: bool,
    /// Whether `go test` does, which looks at less of each.
    pub test: bool,
}

impl std::fmt::Display for GoSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (name, value) in &self.environment {
            write!(f, "{name}={value} ")?;
        }
        f.write_str("go")?;
        self.flags.iter().try_for_each(|flag| write!(f, " {flag}"))
    }
}

impl GoSettings {
    /// Reads those of one call; `None` when a shell decides them as it runs.
    fn of(call: &ToolCall, environment: &BTreeMap<String, String>) -> Option<Self> {
        let mut found = Self::default();
        let assigned = call.assignments().iter().map(|(name, value)| (name, value));
        let all: BTreeMap<&String, &String> = environment.iter().chain(assigned).collect();
        for (name, value) in &all {
            if VARIABLES.contains(&name.as_str()) && !value.is_empty() {
                found.environment.insert((*name).clone(), (*value).clone());
            }
        }
        let inherited = all.get(&"GOFLAGS".to_owned()).map_or("", |flags| flags.as_str());
        let words: Vec<&str> =
            inherited.split_whitespace().chain(call.arguments().iter().map(String::as_str)).collect();
        for (at, word) in words.iter().enumerate() {
            // What follows is for the program that is tested.
            if matches!(*word, "-args" | "--args" | "--") {
                break;
            }
            let word = word.strip_prefix('-').filter(|rest| rest.starts_with('-')).unwrap_or(word);
            let (name, value) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
            if SWITCHES.contains(&name) {
                found.flags.retain(|flag| flag != name);
                found.flags.extend((value != Some("false")).then(|| name.to_owned()));
            } else if VALUED.contains(&name) {
                let value = value.or_else(|| words.get(at + 1).copied()).unwrap_or_default();
                found.set(name, value);
            }
        }
        let is_decided = |text: &str| !text.contains(['$', '`']);
        let is_known = found.flags.iter().chain(found.environment.values()).all(|text| is_decided(text));
        (is_known && is_decided(inherited)).then_some(found)
    }

    /// Sets a flag, of which the last counts, if it decides what is compiled.
    fn set(&mut self, name: &str, value: &str) {
        let counts = match name {
            "-gcflags" | "-asmflags" => value.starts_with("all="),
            "-buildmode" => value == "pie",
            _ => !value.is_empty(),
        };
        let is_same = |flag: &String| flag.split_once('=').is_some_and(|(set, _)| set == name);
        // Of these each pattern has its own.
        self.flags.retain(|flag| !is_same(flag));
        if counts {
            self.flags.insert(format!("{name}={value}"));
        }
    }
}

/// What a build cache is compiled from, beside the toolchain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildCache<'a> {
    /// The name of the input with the modules, below which commands see it.
    pub modules: &'a Name,
    /// Their table in the plan, which has the folder of `go.mod`.
    pub input: &'a FrozenInput,
    /// What is compiled, by settings.
    pub builds: BTreeMap<GoSettings, GoChecks>,
}

impl<'a> BuildCache<'a> {
    /// Reads the plan for a frozen input; `None` for one of another kind.
    #[must_use]
    pub fn of(plan: &'a Plan, name: &Name) -> Option<Self> {
        let input = plan.frozen.get(name)?;
        let (modules, modules_input) = plan.frozen.get_key_value(input.modules.as_ref()?)?;
        let mut builds = BTreeMap::new();
        for spec in users(plan, name) {
            add(&mut builds, &spec.line, spec.proof, &spec.environment);
        }
        for line in &input.lines {
            add(&mut builds, line, ProofRule::Detect, &BTreeMap::new());
        }
        if builds.is_empty() {
            builds.insert(GoSettings::default(), GoChecks { vet: true, test: true });
        }
        Some(Self { modules, input: modules_input, builds })
    }
}

fn users<'a>(plan: &'a Plan, name: &Name) -> impl Iterator<Item = &'a CommandSpec> {
    plan.sets.values().flatten().filter(move |spec| spec.frozen.contains(name))
}

fn add(
    builds: &mut BTreeMap<GoSettings, GoChecks>,
    line: &str,
    rule: ProofRule,
    environment: &BTreeMap<String, String>,
) {
    for call in go_calls(line, rule) {
        let Some(settings) = GoSettings::of(&call, environment) else { continue };
        let checks = builds.entry(settings).or_default();
        checks.vet |= call.tool() == Tool::GoVet;
        checks.test |= call.tool() == Tool::GoTest;
    }
}

/// Lists the calls that compile: those of `go`, and of scanners that ask `go` for what it compiles.
fn go_calls(line: &str, rule: ProofRule) -> Vec<ToolCall> {
    let compiles = |tool| matches!(tool, Tool::GoBuild | Tool::GoTest | Tool::GoVet | Tool::Govulncheck);
    let rule = if let ProofRule::Tool(_) = rule { ProofRule::Detect } else { rule };
    tool_calls(line, rule).into_iter().filter(|call| compiles(call.tool())).collect()
}

/// Says which commands find nothing in the build cache that they name, or not all.
#[must_use]
pub fn notes(plan: &Plan) -> Vec<String> {
    let mut found = Vec::new();
    for (name, input) in &plan.frozen {
        let Some(modules) = &input.modules else { continue };
        for spec in users(plan, name) {
            let calls = go_calls(&spec.line, spec.proof);
            if calls.iter().any(|call| GoSettings::of(call, &spec.environment).is_none()) {
                found.push(format!(
                    "command `{}` compiles with settings that only its shell knows, for which frozen input `{name}` holds \
                     nothing; add a line with their values to its `lines`",
                    spec.id
                ));
            }
            if !calls.is_empty() && !spec.frozen.contains(modules) {
                found.push(format!(
                    "command `{}` uses frozen input `{name}` and not `{modules}`, whose packages it holds",
                    spec.id
                ));
            }
        }
    }
    for spec in plan.sets.values().flatten() {
        let is_cache = |name: &&Name| {
            let kind = plan.frozen.get(*name).map(|input| input.kind);
            matches!(kind, Some(FrozenKind::GoStd | FrozenKind::GoBuildCache))
        };
        let caches: Vec<&Name> = spec.frozen.iter().filter(is_cache).collect();
        if let [first, .., last] = caches[..] {
            found.push(format!(
                "command `{}` uses two build caches, `{first}` and `{last}`, and Go asks `{last}` alone",
                spec.id
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Vec<String> {
        let mut builds = BTreeMap::new();
        for line in lines {
            add(&mut builds, line, ProofRule::Detect, &BTreeMap::new());
        }
        let checks = |checks: GoChecks| match (checks.vet, checks.test) {
            (true, true) => " vet test",
            (true, false) => " vet",
            (false, true) => " test",
            (false, false) => "",
        };
        builds.into_iter().map(|(settings, found)| format!("{settings}{}", checks(found))).collect()
    }

    #[test]
    fn only_what_decides_the_bytes_of_packages_counts() {
        for (lines, expected) in [
            (&["go build ./...", "go vet ./...", "go test ./... -count=1 -run X -v"][..], &["go vet test"][..]),
            (&["go build -o x -ldflags '-s -w' -gcflags=-N -buildmode=c-shared ./cmd/x"], &["go"]),
            (&["CGO_ENABLED=0 GOOS=linux X=1 go build -trimpath ."], &["CGO_ENABLED=0 GOOS=linux go -trimpath"]),
            (&["go test -race -tags a,b ./...", "go test --tags=a,b --race=true ."], &["go -race -tags=a,b test"]),
            (&["go vet -tags a -tags=b . && go test -race -race=false ."], &["go test", "go -tags=b vet"]),
            (&["GOFLAGS='-tags=x -mod=mod' go build -gcflags=all=-N ."], &["go -gcflags=all=-N -tags=x"]),
            (&["export CGO_ENABLED=0; go build .", "go test . -args -race"], &["go test", "CGO_ENABLED=0 go"]),
            (&["govulncheck ./...", "npm ci", "go version"], &["go"]),
            (&["go build -tags \"$TAGS\" .", "GOFLAGS=$F go vet ."], &[]),
        ] {
            assert_eq!(read(lines), expected, "{lines:?}");
        }
    }

    fn plan(commands: &[(&str, &str, &str)]) -> Plan {
        let mut text = String::from(
            "version = 1\nname = 'x'\n[images.go]\nbuild = 'go.toml'\n[frozen.mods]\nkind = 'go-modules'\nimage = 'go'\n\
             [frozen.std]\nkind = 'go-std'\nimage = 'go'\n\
             [frozen.cache]\nkind = 'go-build-cache'\nimage = 'go'\nmodules = 'mods'\nlines = ['GOARCH=arm64 go build .']\n\
             [packets.RC-05]\ntitle = 'x'\nsets = ['all']\n",
        );
        for (id, line, frozen) in commands {
            text += &format!("[[sets.all]]\nid = '{id}'\nrun = '{line}'\nimage = 'go'\nfrozen = [{frozen}]\n");
        }
        rcrepro_format::plan::plan_toml::parse(&text, &[]).expect("a plan")
    }

    #[test]
    fn a_cache_is_compiled_as_its_commands_compile_and_its_lines_say() {
        let both = "'mods', 'cache'";
        let plan =
            plan(&[("a", "go test -race .", both), ("b", "go vet .", both), ("c", "go build -trimpath .", "'mods'")]);
        let name = "cache".parse().expect("a name");
        let cache = BuildCache::of(&plan, &name).expect("a build cache");
        assert_eq!(cache.modules.as_str(), "mods");
        let texts: Vec<String> = cache.builds.keys().map(ToString::to_string).collect();
        assert_eq!(texts, ["go", "go -race", "GOARCH=arm64 go"]);
        assert!(BuildCache::of(&plan, &"mods".parse().expect("a name")).is_none());
        let packet = &plan.packets.values().next().expect("a packet");
        assert!(plan.references(packet).frozen.contains(cache.modules));
    }

    #[test]
    fn commands_that_find_nothing_in_their_cache_are_named() {
        let both = "'mods', 'cache'";
        assert_eq!(
            notes(&plan(&[("a", "go test .", both), ("b", "make", "'cache'"), ("c", "go vet .", "'std'")])),
            [""; 0]
        );
        for (command, expected) in [
            (("a", "go test -tags $TAGS .", both), "settings that only its shell knows"),
            (("a", "go test .", "'cache'"), "and not `mods`, whose packages it holds"),
            (("a", "go test .", "'mods', 'cache', 'std'"), "two build caches, `cache` and `std`"),
        ] {
            let found = notes(&plan(&[command]));
            assert!(found.len() == 1 && found[0].contains(expected), "{found:?}");
        }
    }

    #[test]
    fn the_environment_of_a_command_counts_behind_its_line() {
        let environment = BTreeMap::from([("CGO_ENABLED".to_owned(), "0".to_owned())]);
        let mut builds = BTreeMap::new();
        add(&mut builds, "go build . && CGO_ENABLED=1 go vet .", ProofRule::ExitCode, &environment);
        let texts: Vec<String> = builds.keys().map(ToString::to_string).collect();
        assert_eq!(texts, ["CGO_ENABLED=0 go", "CGO_ENABLED=1 go"]);
    }
}
