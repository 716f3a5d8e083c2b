//! What an image holds without a reason, and the key of the plan by which all of it is accepted at once.

use std::collections::BTreeSet;

use rcrepro_model::evidence::finding::Finding;

/// Something that an image holds and that the plan does not name.
pub(super) struct Surprise {
    /// What the plan's list has to hold for it.
    pub accepted_by: String,
    pub finding: Finding,
}

/// Adds the remedy to the last finding: the plan's whole list, so that one line takes the place of the one that is there. `when` is
/// what makes one of them right, and several.
pub(super) fn with_remedy(
    key: &str,
    [one, several]: &[&str; 2],
    accepted: &BTreeSet<String>,
    surprises: Vec<Surprise>,
) -> Vec<Finding> {
    let mut list = accepted.clone();
    let before = list.len();
    let mut found = Vec::with_capacity(surprises.len());
    for Surprise { accepted_by, finding } in surprises {
        list.insert(accepted_by);
        found.push(finding);
    }
    if let Some(last) = found.last_mut() {
        let when = if list.len() == before + 1 { one } else { several };
        let list: Vec<String> = list.into_iter().map(|text| serde_json::Value::from(text).to_string()).collect();
        last.found.push_str(&format!(": if {when}, expect.{key} = [{}]", list.join(", ")));
    }
    found
}
