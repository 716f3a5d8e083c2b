//! What npm's commands have in common: settings from the line, the environment and `.npmrc`, and the lock.

use crate::call::Call;
use crate::evidence::CommandEvidence;
use crate::inputs::Lookup;
use rcrepro_model::plan::proof::Condition;

/// Returns where npm is told not to ask any registry, if it is.
pub(crate) fn offline(call: &Call, evidence: &CommandEvidence<'_>) -> Option<String> {
    if call.has(&["--offline"]) {
        return Some("`--offline`".to_owned());
    }
    for name in ["npm_config_offline", "NPM_CONFIG_OFFLINE"] {
        if call.variable(name, evidence.environment).is_some_and(|value| value == "true") {
            return Some(format!("`{name}=true`"));
        }
    }
    (rc(call, evidence, "offline").as_deref() == Some("true")).then(|| "`offline=true` in `.npmrc`".to_owned())
}

/// Returns a setting of the environment or of `.npmrc`.
pub(crate) fn setting(call: &Call, evidence: &CommandEvidence<'_>, key: &str) -> Option<String> {
    let name = format!("npm_config_{}", key.replace('-', "_"));
    let set = [name.clone(), name.to_ascii_uppercase()];
    let value = set.iter().find_map(|name| call.variable(name, evidence.environment)).map(str::to_owned);
    value.or_else(|| rc(call, evidence, key))
}

/// Returns a setting of `.npmrc`.
fn rc(call: &Call, evidence: &CommandEvidence<'_>, key: &str) -> Option<String> {
    let Some(Lookup::File(bytes)) = file(call, evidence, ".npmrc") else { return None };
    let text = String::from_utf8_lossy(&bytes);
    let mut pairs = text.lines().filter_map(|line| line.split_once('='));
    pairs.find(|(found, _)| found.trim() == key).map(|(_, value)| value.trim().to_owned())
}

/// Counts the packages that the lock names, those for development apart when they are left out; `None` when the lock is not
/// at hand.
pub(crate) fn locked(call: &Call, evidence: &CommandEvidence<'_>) -> Option<u64> {
    let Some(Lookup::File(bytes)) = file(call, evidence, "package-lock.json") else { return None };
    let lock: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
    let production = call.has(&["--production"])
        || call.value(&["--omit"]) == Some("dev")
        || call.value(&["--only"]).is_some_and(|only| only.starts_with("prod"));
    let counts = |(path, package): &(&String, &serde_json::Value)| {
        let is = |key: &str| package.get(key).and_then(serde_json::Value::as_bool) == Some(true);
        let left_out = production && is("dev");
        !(path.is_empty() || is("link") || left_out)
    };
    let count = lock.get("packages")?.as_object()?.iter().filter(counts).count();
    u64::try_from(count).ok()
}

/// Names packages of which the lock has optional parts for other systems only: npm leaves those out without a word, and the
/// package fails when it is used. A part for another system is one that names system and processor; one that names a system alone
/// (as `fsevents` does) is needed nowhere else.
pub(crate) fn elsewhere(call: &Call, evidence: &CommandEvidence<'_>) -> Vec<Condition> {
    let Some(Lookup::File(bytes)) = file(call, evidence, "package-lock.json") else { return Vec::new() };
    let Ok(lock) = serde_json::from_slice::<serde_json::Value>(&bytes) else { return Vec::new() };
    let packages = lock.get("packages").and_then(serde_json::Value::as_object);
    let list = |package: &serde_json::Value, key: &str| -> Vec<String> {
        let all = package.get(key).and_then(serde_json::Value::as_array).into_iter().flatten();
        all.filter_map(|item| item.as_str().map(str::to_owned)).collect()
    };
    let condition = |(path, package): (&String, &serde_json::Value)| {
        let optional = package.get("optionalDependencies")?.as_object()?;
        // A part is beside the package or inside it.
        let outer = path.rfind("node_modules/").map_or("", |at| &path[..at]);
        let part = |name: &String| {
            let places = [format!("{path}/node_modules/{name}"), format!("{outer}node_modules/{name}")];
            places.iter().find_map(|place| packages?.get(place))
        };
        let parts: Vec<(&String, Vec<String>)> = optional
            .keys()
            .filter_map(|name| Some((name, part(name)?)))
            .filter(|(_, part)| !list(part, "cpu").is_empty())
            .map(|(name, part)| (name, list(part, "os")))
            .filter(|(_, systems)| !systems.is_empty())
            .collect();
        let here = |systems: &[String]| systems.iter().any(|system| system == "linux" || system.starts_with('!'));
        if parts.is_empty() || parts.iter().any(|(_, systems)| here(systems)) {
            return None;
        }
        let name = path.rsplit("node_modules/").next().unwrap_or(path);
        let locked: Vec<String> = parts.iter().map(|(name, _)| format!("`{name}`")).collect();
        let says = format!(
            "the lock has parts of `{name}` for other systems only ({}), and npm installs none: `npm install` on Linux, or with \
             `--os=linux`, locks them all",
            locked.join(", ")
        );
        Some(Condition::new("npm-optional", name, says))
    };
    packages.into_iter().flatten().filter_map(condition).collect()
}

fn file(call: &Call, evidence: &CommandEvidence<'_>, name: &str) -> Option<Lookup> {
    let prefix = call.value(&["--prefix", "-C"]);
    let file = prefix.map_or_else(|| name.to_owned(), |prefix| format!("{prefix}/{name}"));
    Some(evidence.inputs.look(&call.path(&file)?))
}
