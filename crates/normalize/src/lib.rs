//! Tier 1: normalizers, which take from a tool's output what varies from run to run and nothing else.
//!
//! A normalizer is a pure function over the bytes of one stream (no clock, no file, no failure). What it may touch is
//! written down in its [`Normalizer::rules`], a grammar that is hashed into the manifest together with the name and the
//! version, so that a changed rule can never pass for the old one. Each keeps four promises, which the property tests
//! hold it to:
//!
//! - applying it twice is applying it once;
//! - two outputs that differ only in what the rules name become equal;
//! - names, verdicts, counts and exit status texts stay: two outputs that differ there stay different;
//! - a line that does not fit the grammar to its end stays as it is, byte for byte, whatever its encoding.
//!
//! Nothing here runs unless the plan names it, and none of it ever sees an exit code.
//!
//! The compiler refuses what lies above or beside, because `Cargo.toml` does not name it:
//!
//! ```no_run
//! use rcrepro_model as _;
//! ```
//!
//! ```compile_fail,E0432
//! use rcrepro_store as _;
//! ```

#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests open what they made themselves")
)]

mod docker;
mod gitleaks;
mod go;
mod govulncheck;
mod junit;
mod node;
mod normalizer;
#[cfg(test)]
mod properties;
mod sgr;
mod syntax;
mod tap;

use crate::docker::buildkit;
use crate::docker::docker_build;
use crate::go::go_build;
use crate::go::go_test;
use crate::go::go_test_json;
use crate::go::go_test_v;
use crate::go::go_vet_json;
use crate::node::jest;
use crate::node::node_spec;
use crate::node::npm_ci;
use crate::node::npm_error;
use crate::node::npm_warnings;
use crate::node::tsc_diagnostics;
use crate::node::vite;
use crate::node::vitest;
use crate::node::vitest_json;
use crate::node::vitest_verbose;

pub use normalizer::Normalizer;

/// Bounds the length in bytes of a stream that a caller should hand to [`Normalizer::apply`]: 64 MiB.
///
/// `apply` holds its input and its output in memory. A stream beyond this has no canonical digest, only a raw one.
pub const MAX_INPUT: u64 = 64 * 1024 * 1024;

/// Every normalizer, sorted by name.
const ALL: [Normalizer; 29] = [
    buildkit::NORMALIZER,
    docker_build::NORMALIZER,
    gitleaks::CSV,
    gitleaks::JSON,
    gitleaks::JUNIT,
    gitleaks::LOG,
    gitleaks::SARIF,
    gitleaks::VERBOSE,
    go_build::NORMALIZER,
    go_test::NORMALIZER,
    go_test_json::NORMALIZER,
    go_test_v::NORMALIZER,
    go_vet_json::NORMALIZER,
    govulncheck::JSON,
    govulncheck::OPENVEX,
    govulncheck::TEXT,
    jest::NORMALIZER,
    junit::NORMALIZER,
    node_spec::NORMALIZER,
    npm_ci::NORMALIZER,
    npm_error::NORMALIZER,
    npm_warnings::NORMALIZER,
    sgr::NORMALIZER,
    tap::NORMALIZER,
    tsc_diagnostics::NORMALIZER,
    vite::NORMALIZER,
    vitest::NORMALIZER,
    vitest_json::NORMALIZER,
    vitest_verbose::NORMALIZER,
];

/// Lists every normalizer, sorted by name.
#[must_use]
pub const fn all() -> &'static [Normalizer] {
    &ALL
}

/// Finds a normalizer by the name that a plan or a manifest gives.
#[must_use]
pub fn by_name(name: &str) -> Option<Normalizer> {
    ALL.iter().copied().find(|normalizer| normalizer.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_unique_and_found() {
        assert!(ALL.windows(2).all(|pair| pair[0].name < pair[1].name));
        for normalizer in all() {
            assert_eq!(by_name(normalizer.name).map(|found| found.version), Some(normalizer.version));
            assert!(!normalizer.name.contains('\n') && normalizer.version > 0 && normalizer.rules.ends_with('\n'));
        }
        assert!(by_name("go-tes").is_none());
    }

    /// Goes red when rules change: then raise the version, so that old manifests name what they were made with.
    #[test]
    fn rules_are_the_ones_of_their_version() {
        let found: Vec<_> = all().iter().map(|n| format!("{n:?} {}", n.rules_digest())).collect();
        assert_eq!(
            found,
            [
                "buildkit@2 71af9a75987b188aa9e35433cc2541834f49ebff7f48ad432346edca988f79c4",
                "docker-build@1 f0c64d12b0a9bf4e9d537b02c580bba1babab44c4e6e0b59056694ab11243bc6",
                "gitleaks-csv@1 637a9c982ea2e14b9b282aacc53c8659086ddb311c456a068746d533857c770a",
                "gitleaks-json@1 aa8f453751439b3ddeaa98147d47752ce8e3d119f6fed295ad336967aaac4d83",
                "gitleaks-junit@1 438f5394f7c8e1af248b6a3f069e5c17bde51ea81c2b6a1269866320f56b2883",
                "gitleaks-log@1 a793718181bee79381c020c158c43704706dc54ab863c024ee1630d47bec2fda",
                "gitleaks-sarif@1 638079a0972c67fe5dd4229eaa5954691a61eb3d49ef9a14df4ef0ef2e01b03b",
                "gitleaks-verbose@1 71f855d21198757db41b97cca242b19c79fe1481d0cb8c2a6d6298fa5b612514",
                "go-build@1 df30d51548ccb54558bfd96f12cce184c81f75f2ccce163758e96f29d1631d48",
                "go-test@1 c2d4eb5e8edca9767cb2e8a8f152b9fdb79baecd7640b944a2df73e7020dce7a",
                "go-test-json@1 a83e434c7707129d3bb5c5f861e3b32cc720803bbe457a01271f67c7e1fb807c",
                "go-test-v@1 8a6313bd7a7038bfacaa7aca38df0c250ed3fcd430dc8a4dd7856b0009f248fe",
                "go-vet-json@1 cb260c8fcbcffd9067e0b88eae5f46af0724aa8ef80c3f39e135cac4514f06da",
                "govulncheck-json@1 8c072091baf8136c9fd68502e9325b9b44d082ccf60a4dd6dad72a980ac776cb",
                "govulncheck-openvex@1 037b358b9e5fe59c3f8cc54b2d2adf65a08ea6582e4e40e8446d72ff7cce69fc",
                "govulncheck-text@1 20625cc4b9f2a327251f2ba0a682ba9628c0199ad4d8588f16fe6cac8912fc02",
                "jest@1 2d4235e61601c6f818cac8f8d59547b913f3e98113db32d94cd0e83d3a9dd18f",
                "junit@1 62ea03735ca5356c88ba90de312d50441c1c1908916a5c0391bda381ca4dc81e",
                "node-spec@1 760b8df46d01d82c6a990427da738f4d743d78a1b110f061e12dd333bae86320",
                "npm-ci@1 13dde2a0bee6fcc3504ea4d7c3a70558858c2645df6fe08783492be62bbcd656",
                "npm-error@1 20700cd6f2b910ee3c2915ae1090021342caf4bb8f5940e1039671830887749a",
                "npm-warnings@1 fe766823f273be4227a403993dd5a9189db3ebcf70337802b4ab846445cd72fb",
                "sgr@1 bdceeabb1875cc599a63fc0220953a8eb61408ba2232f4eb006f5d7fab82c0d3",
                "tap@1 ce4a4307e8a11f5fda550b970824f0c8d138b1753064da6d38c3299bfdec0104",
                "tsc-diagnostics@1 a84383da6c848c9531b8b5aaaa901491a1f553d882b4e954b6889e2440ad125e",
                "vite@1 f98d79b9afcc693cfedaa4495204775e24659e00e4c5d0ff3051f72e9880e639",
                "vitest@2 ec3ab93cd86ef6589ac52b13bc29dc6b4f3af561616a37d8ef4123da175e4390",
                "vitest-json@1 01ca9cbe3b914a965b13421114fb4c986ad2739fefb21f21471689523e0710af",
                "vitest-verbose@1 06c3e04d8de512656e13307ded745ba62b96d3933a74644aabe622f578fde91e",
            ]
        );
    }

    /// Goes red when a normalizer comes or changes its version and docs/guide/normalizers.md does not say so.
    #[test]
    fn every_normalizer_is_documented() {
        let page = include_str!("../../../docs/guide/normalizers.md");
        for normalizer in all() {
            let row = format!("\n| `{}` | {} | ", normalizer.name(), normalizer.version());
            assert!(page.contains(&row), "docs/guide/normalizers.md has no row that begins with {}", row.trim());
        }
    }

    #[test]
    fn digest_covers_name_version_and_rules() {
        let base = go_test::NORMALIZER;
        let others = [
            Normalizer { name: "other", ..base },
            Normalizer { version: base.version + 1, ..base },
            Normalizer { rules: "other\n", ..base },
        ];
        for other in others {
            assert_ne!(base.rules_digest(), other.rules_digest());
        }
    }
}
