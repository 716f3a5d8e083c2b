//! The table of adapters, one row per tool.

use super::adapter::Adapter;
use super::{gitleaks, go, govulncheck, junit, tap};
use crate::node::{eslint, jest, node_test, npm_audit, npm_ci, pnpm_audit, tsc, vitest, yarn_audit};
use rcrepro_model::plan::proof::Tool;

const ALL: [Adapter; 16] = [
    eslint::ADAPTER,
    gitleaks::ADAPTER,
    go::build::ADAPTER,
    go::test::ADAPTER,
    go::vet::ADAPTER,
    govulncheck::ADAPTER,
    jest::ADAPTER,
    junit::ADAPTER,
    node_test::ADAPTER,
    npm_audit::ADAPTER,
    npm_ci::ADAPTER,
    pnpm_audit::ADAPTER,
    tap::ADAPTER,
    tsc::ADAPTER,
    vitest::ADAPTER,
    yarn_audit::ADAPTER,
];

/// Lists every adapter, sorted by the tool's name.
#[must_use]
pub const fn all() -> &'static [Adapter] {
    &ALL
}

/// Returns a tool's adapter.
pub(super) fn of(tool: Tool) -> Adapter {
    *ALL.iter().find(|adapter| adapter.tool == tool).expect("each tool has an adapter")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tool_has_an_adapter_with_rules() {
        assert_eq!(ALL.map(|adapter| adapter.tool), Tool::ALL);
        for adapter in all() {
            assert!(adapter.version > 0 && adapter.rules.ends_with(".\n"), "{adapter:?}");
        }
    }

    /// Goes red when an adapter comes or changes its version and docs/guide/proof.md does not say so.
    #[test]
    fn every_adapter_is_documented() {
        let page = include_str!("../../../docs/guide/proof.md");
        for adapter in all() {
            let row = format!("\n| `{}` | {} | ", adapter.tool, adapter.version);
            assert!(page.contains(&row), "docs/guide/proof.md has no row that begins with {}", row.trim());
        }
    }
}
