//! The plan's `[pins.go]` and `[pins.node]`: toolchains that every reference has to agree with.

use serde::Deserialize;
use toml::Spanned;

use super::source::{PlanError, Source};
use rcrepro_model::plan::pins::{Pin, Pins, ToolVersion};

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct PinsWire {
    go: Option<PinWire>,
    node: Option<PinWire>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PinWire {
    version: Spanned<String>,
    #[serde(default)]
    old: Vec<Spanned<String>>,
}

impl Source<'_> {
    pub(super) fn pins(&self, wire: &PinsWire) -> Result<Pins, PlanError> {
        let pin = |wire: &Option<PinWire>| wire.as_ref().map(|wire| self.pin(wire)).transpose();
        Ok(Pins { go: pin(&wire.go)?, node: pin(&wire.node)? })
    }

    fn pin(&self, wire: &PinWire) -> Result<Pin, PlanError> {
        let version: ToolVersion = self.parse(&wire.version)?;
        let mut old = Vec::new();
        for text in &wire.old {
            let gone: ToolVersion = self.parse(text)?;
            if gone == version {
                let message = format!("{gone} is the pinned version, and it has to be gone");
                return Err(self.error(text.span(), message, Some("name the versions before it, or none".into())));
            }
            old.push(gone);
        }
        Ok(Pin { version, old })
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;

    const PLAN: &str = r#"version = 1
name = "beacon"

[pins.go]
version = "1.26.8"
old = ["1.25.3"]

[images.go]
build = "images/go.toml"

[[sets.backend]]
id = "go-build"
run = "go build ./..."
image = "go"

[packets.RC-05]
title = "Replay"
sets = ["backend"]
"#;

    #[test]
    fn pins_are_exact_versions() {
        let plan = parse(PLAN, &[]).expect("a good plan");
        let go = plan.pins.go.expect("a pin");
        assert_eq!((go.version.to_string(), go.old[0].to_string()), ("1.26.8".into(), "1.25.3".into()));
        assert_eq!(plan.pins.node, None);
        for (from, to, expected) in [
            ("\"1.26.8\"", "\"1.26\"", "5:11: invalid version `1.26`"),
            ("\"1.25.3\"", "\"1.26.8\"", "6:8: 1.26.8 is the pinned version, and it has to be gone"),
            ("pins.go", "pins.rust", "4:7: unknown field `rust`, expected `go` or `node`"),
        ] {
            let error = parse(&PLAN.replacen(from, to, 1), &[]).expect_err(to);
            assert!(error.to_string().starts_with(expected), "{to}: {error}");
        }
    }
}
