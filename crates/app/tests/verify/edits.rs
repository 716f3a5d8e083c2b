//! Every change that can be made to one leaf of a JSON document.

use serde_json::Value;

/// The place of a leaf: names and indexes.
pub type Place = Vec<String>;

/// What is done to a leaf.
#[derive(Debug, Clone)]
pub enum Edit {
    /// It and its name go.
    Gone,
    /// It and its name are there twice.
    Twice,
    /// Something else, as JSON, takes its place.
    Other(String),
}

/// Lists the leaves: everything that holds nothing.
pub fn leaves(value: &Value) -> Vec<(Place, Value)> {
    let mut found = Vec::new();
    collect(value, &mut Vec::new(), &mut found);
    found
}

fn collect(value: &Value, at: &mut Place, found: &mut Vec<(Place, Value)>) {
    let below: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, member)| (name.clone(), member)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect(),
        _ => Vec::new(),
    };
    if below.is_empty() {
        found.push((at.clone(), value.clone()));
    }
    for (name, member) in below {
        at.push(name);
        collect(member, at, found);
        at.pop();
    }
}

/// Writes a document as canonical JSON does, with one leaf edited.
pub fn edited(value: &Value, place: &[String], edit: &Edit) -> Vec<u8> {
    let mut out = Vec::new();
    write(value, Some((place, edit)), &mut out);
    out
}

fn write(value: &Value, edit: Option<(&[String], &Edit)>, out: &mut Vec<u8>) {
    if let Some(([], Edit::Other(text))) = edit {
        return out.extend_from_slice(text.as_bytes());
    }
    let below: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, member)| (name.clone(), member)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect(),
        leaf => return out.extend_from_slice(leaf.to_string().as_bytes()),
    };
    let (begin, end) = if value.is_object() { (b'{', b'}') } else { (b'[', b']') };
    out.push(begin);
    let mut is_first = true;
    for (name, member) in below {
        let inner = edit.filter(|(place, _)| place.first() == Some(&name)).map(|(place, edit)| (&place[1..], edit));
        let times = match inner {
            Some(([], Edit::Gone)) => 0,
            Some(([], Edit::Twice)) => 2,
            _ => 1,
        };
        for _ in 0..times {
            if !std::mem::take(&mut is_first) {
                out.push(b',');
            }
            if value.is_object() {
                out.extend_from_slice(Value::from(name.as_str()).to_string().as_bytes());
                out.push(b':');
            }
            write(member, inner, out);
        }
    }
    out.push(end);
}

/// The words that are exchanged for one another.
const SIBLINGS: [&[&str]; 7] = [
    &["real", "pinned", "stands", "starts"],
    &["canonical", "bitwise"],
    &["exited", "signaled", "out-of-memory", "timed-out"],
    &["file", "directory", "symlink"],
    &["x86-64", "arm-a64"],
    &["caught", "by-accident", "survived", "undecided"],
    &["linux", "windows"],
];

/// Lists what is done to a leaf; `digests` are those of blobs that are there.
pub fn edits(leaf: &Value, digests: &[String]) -> Vec<Edit> {
    let mut edits = vec![Edit::Gone, Edit::Twice];
    let mut other = |text: String| edits.push(Edit::Other(text));
    match leaf {
        Value::String(text) => {
            let texts = strings(text, digests);
            texts.into_iter().filter(|new| new != text).for_each(|new| other(Value::from(new).to_string()));
            other("7".to_owned());
        }
        Value::Number(number) => {
            let number = number.as_i64().expect("an integer");
            for near in [number - 1, number + 1, 0, 9_007_199_254_740_992, -9_007_199_254_740_992, i64::MIN] {
                if near != number {
                    other(near.to_string());
                }
            }
            other("18446744073709551616".to_owned());
            other(format!("\"{number}\""));
        }
        Value::Bool(flag) => other((!flag).to_string()),
        Value::Array(_) => other("[\"x\"]".to_owned()),
        Value::Object(_) => other("{\"x\":\"y\"}".to_owned()),
        Value::Null => other("\"x\"".to_owned()),
    }
    edits
}

fn strings(text: &str, digests: &[String]) -> Vec<String> {
    let bare = text.strip_prefix("sha256:").unwrap_or(text);
    let hex = bare.split('/').next().unwrap_or_default();
    if hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let last = if hex.ends_with('0') { "1" } else { "0" };
        let flipped = text.replacen(hex, &format!("{}{last}", &hex[..63]), 1);
        // The next blob that is there, and one on the other side of the list, which mostly is of another shape.
        let here = digests.iter().position(|digest| digest == text).unwrap_or(0);
        let others = [1, digests.len() / 2].map(|step| digests[(here + step) % digests.len()].clone());
        let others = others.map(|digest| match text.starts_with("sha256:") {
            true => format!("sha256:{}", &digest[..64]),
            false => digest,
        });
        return [flipped, text.replacen('/', "/1", 1)].into_iter().chain(others).collect();
    }
    let siblings = SIBLINGS.iter().filter(|words| words.contains(&text)).flat_map(|words| words.iter().copied());
    let more = [format!("{text}x"), String::new()];
    siblings.map(str::to_owned).chain(more).collect()
}
