//! tsc: silent when all is well, so that its configuration has to say that there was something to check.
//!
//! TypeScript refuses a project without files (TS18002, TS18003), but not when the configuration has `references`: then
//! `tsc --noEmit -p` checks nothing and exits 0, and `tsc -b` was meant.

use crate::adapter::Adapter;
use crate::call::Call;
use crate::evidence::CommandEvidence;
use crate::inputs::Lookup;
use crate::outcome::{Proof, Work};
use crate::text::{leading_number, lines, were};
use rcrepro_format::syntax::jsonc;
use rcrepro_model::plan::proof::{Condition, Tool};

pub(crate) const ADAPTER: Adapter = Adapter { tool: Tool::Tsc, version: 3, rules: RULES, pass, failure: None };

const RULES: &str = "Proven: --diagnostics, --extendedDiagnostics or --listFiles count files, libraries apart; or the \
configuration is at hand and has no `references`, for TypeScript fails on a project without files. Hollow: 0 files; `files` \
is empty beside `references` and there is no -b; --noCheck, --listFilesOnly, --showConfig, --init or --all, -b with --dry or --clean, which check nothing. \
Unproven: silence, and a configuration that cannot be read or says too little. Contradicted: an error in the output. Hollow also: -b --verbose that finds \
every project up to date; proven: one that it builds. On a condition: files on the line beside a `tsconfig.json`, which is ignored then; \
`allowJs` without `checkJs`.\n";

fn pass(call: &Call, alike: &[&Call], evidence: &CommandEvidence<'_>) -> Proof {
    for flag in ["--noCheck", "--listFilesOnly", "--showConfig", "--init", "--all"] {
        if call.flag(flag) {
            return Proof::hollow(format!("`tsc {flag}` checks nothing"));
        }
    }
    let build = call.flag("-b") || call.flag("--build");
    if let Some(flag) = ["--dry", "-d", "--clean"].into_iter().find(|flag| build && call.flag(flag)) {
        return Proof::hollow(format!("`tsc -b {flag}` checks nothing"));
    }
    let lines = lines([evidence.stdout, evidence.stderr]);
    if let Some(line) = lines.iter().find(|line| line.contains(": error TS") || line.starts_with("error TS")) {
        return Proof::contradicted(format!("`{line}`"));
    }
    let counted: Vec<u64> = lines
        .iter()
        .filter_map(|line| line.strip_prefix("Files:").and_then(|rest| leading_number(rest.trim())))
        .collect();
    if counted.contains(&0) {
        return Proof::hollow("0 files checked");
    }
    if !counted.is_empty() && counted.len() >= alike.len() {
        return Proof::proven(Tool::Tsc, counted.iter().sum(), "files checked, libraries among them");
    }
    if call.flag("--listFiles") {
        let own = lines.iter().filter(|line| line.starts_with('/') && !line.contains("/node_modules/")).count();
        return match own {
            0 => Proof::hollow("0 files of the project's own checked"),
            own => Proof::proven(Tool::Tsc, own as u64, "files checked"),
        };
    }
    if build && call.flag("--verbose") {
        return built(&lines);
    }
    if build {
        return Proof::unproven("`tsc -b` is silent; `--verbose` would name the projects");
    }
    configured(call, evidence)
}

fn configured(call: &Call, evidence: &CommandEvidence<'_>) -> Proof {
    let project = call.value(&["-p", "--project"]);
    let named = call.arguments.iter().any(|word| [".ts", ".tsx", ".mts", ".cts"].iter().any(|end| word.ends_with(end)));
    if project.is_none() && named {
        let beside = call.path("tsconfig.json").map(|path| evidence.inputs.look(&path));
        let says =
            "tsc ignores `tsconfig.json` where the line names files: `-p` with a configuration of these files does not";
        let ignored = matches!(beside, Some(Lookup::File(_))).then(|| Condition::new("tsc-without-config", "", says));
        return done("the files that the line names are checked").on(ignored);
    }
    if call.forced {
        return Proof::unproven("tsc is silent; `--diagnostics` would count files");
    }
    let project = project.unwrap_or("tsconfig.json");
    let candidates = [project.to_owned(), format!("{project}/tsconfig.json")];
    let config = candidates.iter().find_map(|file| match evidence.inputs.look(&call.path(file)?) {
        Lookup::File(bytes) => jsonc::value(&bytes),
        Lookup::Absent | Lookup::Unavailable => None,
    });
    let Some(config) = config else {
        return Proof::unproven(format!(
            "tsc is silent, and `{project}` cannot be read here; `--diagnostics` would count files"
        ));
    };
    if config.pointer("/compilerOptions/noCheck").and_then(serde_json::Value::as_bool) == Some(true) {
        return Proof::hollow(format!("`noCheck` in `{project}`: nothing is checked"));
    }
    let files = config.get("files").and_then(serde_json::Value::as_array);
    match (config.get("references").is_some(), files.map(Vec::len)) {
        (true, Some(0)) if config.get("include").is_none() => {
            Proof::hollow(format!("`{project}` has no files and `references`: without `-b` nothing is checked"))
        }
        (true, None | Some(0)) => Proof::unproven(format!(
            "tsc is silent, and `{project}` has `references`, with which an empty project passes"
        )),
        _ => done("every file that the configuration names is checked").on(unchecked(project, &config)),
    }
}

/// Says that scripts are taken and not checked.
fn unchecked(project: &str, config: &serde_json::Value) -> Option<Condition> {
    let on = |key: &str| {
        config.pointer(&format!("/compilerOptions/{key}")).and_then(serde_json::Value::as_bool) == Some(true)
    };
    let says = format!("`allowJs` without `checkJs` in `{project}`: files of JavaScript are taken, and not checked");
    (on("allowJs") && !on("checkJs")).then(|| Condition::new("tsc-js", project, says))
}

/// Judges the report of `tsc -b --verbose` about its projects.
fn built(lines: &[String]) -> Proof {
    let of = |text: &str| lines.iter().filter(|line| line.contains(text)).count() as u64;
    match (of("Building project "), of(" is up to date")) {
        (0, 0) => Proof::hollow("`tsc -b --verbose` names no project"),
        (0, current) => {
            Proof::hollow(format!("{} up to date by its `.tsbuildinfo`, and not checked", were(current, "project")))
        }
        (built, _) => Proof::proven(Tool::Tsc, built, "projects checked"),
    }
}

fn done(what: &str) -> Proof {
    Proof::done(vec![Work { tool: Tool::Tsc, count: None, what: what.to_owned() }])
}

impl Call {
    /// Whether a flag of tsc's is set, which may be written in any case and with `false` behind it.
    fn flag(&self, flag: &str) -> bool {
        self.arguments.iter().enumerate().any(|(at, word)| {
            word.eq_ignore_ascii_case(flag) && self.arguments.get(at + 1).is_none_or(|value| value != "false")
        })
    }
}
