//! What npm's commands have in common: settings from the line, the environment and `.npmrc`, and the lock.

use super::call::Call;
use super::{Evidence, Lookup};

/// Says where npm is told not to ask any registry, if it is.
pub(super) fn offline(call: &Call, evidence: &Evidence<'_>) -> Option<String> {
    if call.has(&["--offline"]) {
        return Some("`--offline`".to_owned());
    }
    for name in ["npm_config_offline", "NPM_CONFIG_OFFLINE"] {
        if call.variable(name, evidence.environment).is_some_and(|value| value == "true") {
            return Some(format!("`{name}=true`"));
        }
    }
    let Some(Lookup::File(bytes)) = file(call, evidence, ".npmrc") else { return None };
    let text = String::from_utf8_lossy(&bytes);
    let set = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .any(|(key, value)| key.trim() == "offline" && value.trim() == "true");
    set.then(|| "`offline=true` in `.npmrc`".to_owned())
}

/// Counts the packages that the lock names, those for development apart when they are left out; none when the lock is not
/// at hand.
pub(super) fn locked(call: &Call, evidence: &Evidence<'_>) -> Option<u64> {
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

fn file(call: &Call, evidence: &Evidence<'_>, name: &str) -> Option<Lookup> {
    let prefix = call.value(&["--prefix", "-C"]);
    let file = prefix.map_or_else(|| name.to_owned(), |prefix| format!("{prefix}/{name}"));
    Some(evidence.inputs.look(&call.path(&file)?))
}
