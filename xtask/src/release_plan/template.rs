//! The template's keys with their values, as far as this check needs them: one key per line, values down to the next one.

use std::collections::BTreeMap;

use super::table::PlanRow;

/// The keys whose value holds sentences or lines of the plan.
const QUOTED: [&str; 8] = ["goal", "in-scope", "out-of-scope", "rollback", "checks", "evidence", "exit", "run"];

/// The template, by key: `packets.RC-01.goal`. Tables in arrays share their keys.
pub struct Template(BTreeMap<String, String>);

impl Template {
    /// Reads the keys, those in commented examples among them.
    pub fn read(text: &str) -> Self {
        let mut values: BTreeMap<String, String> = BTreeMap::new();
        let (mut table, mut key) = (String::new(), None::<String>);
        for line in text.lines() {
            let line = line.strip_prefix("# ").unwrap_or(line);
            if let Some(name) = header(line) {
                table = name.to_owned();
                values.entry(table.clone()).or_default();
                key = None;
            } else if let Some((name, value)) = line.split_once(" = ").filter(|(name, _)| is_key(name)) {
                let path = if table.is_empty() { name.to_owned() } else { format!("{table}.{name}") };
                values.entry(path.clone()).or_default().push_str(&format!("{value}\n"));
                key = Some(path);
            } else if let Some(value) = key.as_ref().and_then(|key| values.get_mut(key)) {
                value.push_str(&format!("{line}\n"));
            }
        }
        Self(values)
    }

    /// Whether there is such a key or table.
    pub fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// Returns what is wrong between a row's sentence and the keys that should hold it: the words, or the packets of the graph.
    pub fn misquotes(&self, row: &PlanRow) -> Option<String> {
        let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
        for key in row.keys.iter().filter(|key| last(key) == "needs") {
            let value = self.0.get(key)?;
            let own = key.split('.').nth(1).unwrap_or_default();
            let gone = packets(&row.sentence).into_iter().find(|id| id != own && !value.contains(&format!("\"{id}\"")));
            if let Some(id) = gone {
                return Some(format!("`{key}` does not name {id}"));
            }
        }
        let mut quoted = row.keys.iter().filter(|key| QUOTED.contains(&last(key).as_str())).peekable();
        quoted.peek()?;
        let words = plain(&row.sentence);
        let holds = quoted.any(|key| self.0.get(key).is_some_and(|value| plain(value).contains(&words)));
        (!holds).then(|| "no key of the row holds the sentence word for word".to_owned())
    }
}

fn header(line: &str) -> Option<&str> {
    let name = line.trim_end().strip_prefix('[')?.trim_start_matches('[');
    let name = name.strip_suffix(']')?.trim_end_matches(']');
    name.split('.').all(is_key).then_some(name)
}

fn is_key(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// Takes off what is not words: the marks of code, and TOML's backslashes before quotes.
fn plain(text: &str) -> String {
    text.replace('`', "").replace("\\\"", "\"")
}

fn packets(sentence: &str) -> Vec<String> {
    let words = sentence.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-');
    words.filter(|word| word.starts_with("RC-")).map(str::to_owned).collect()
}
