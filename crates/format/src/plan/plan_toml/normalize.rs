//! The normalizers in a command's table: by stream, and by output file.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use toml::Spanned;

use super::source::{PlanError, Source};
use rcrepro_model::content::name::TreePath;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct NormalizeWire {
    #[serde(default)]
    pub(super) stdout: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) stderr: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) outputs: BTreeMap<Spanned<String>, Vec<Spanned<String>>>,
}

impl Source<'_> {
    /// Checks that a list names normalizers of this build.
    pub(super) fn normalizers(&self, list: &[Spanned<String>], known: &[&str]) -> Result<Vec<String>, PlanError> {
        let check = |name: &Spanned<String>| {
            if known.contains(&name.as_ref().as_str()) {
                return Ok(name.as_ref().clone());
            }
            let message = format!("there is no normalizer `{}`", name.as_ref());
            Err(self.error(name.span(), message, Some(format!("known: {}", known.join(", ")))))
        };
        list.iter().map(check).collect()
    }

    /// Checks that each path is an output of the command.
    pub(super) fn output_normalizers(
        &self,
        wires: &BTreeMap<Spanned<String>, Vec<Spanned<String>>>,
        outputs: &BTreeSet<TreePath>,
        known: &[&str],
    ) -> Result<BTreeMap<TreePath, Vec<String>>, PlanError> {
        let mut normalizers = BTreeMap::new();
        for (path, list) in wires {
            let output: TreePath = self.parse(path)?;
            if !outputs.contains(&output) {
                let message = format!("`{output}` has normalizers but is not an output of this command");
                return Err(self.error(path.span(), message, Some(format!("write `outputs = [\"{output}\"]`, too"))));
            }
            normalizers.insert(output, self.normalizers(list, known)?);
        }
        Ok(normalizers)
    }
}
