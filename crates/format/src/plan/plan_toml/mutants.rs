//! The plan's `[[mutants]]`: wrong changes that only the project knows, each with the gate that has to go red.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use toml::Spanned;

use super::source::{PlanError, Source};
use rcrepro_model::content::name::Name;
use rcrepro_model::plan::mutant::{MutationGate, PlanMutant};
use rcrepro_model::plan::{CommandSpec, Packet, PacketId};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MutantWire {
    id: Spanned<String>,
    says: Spanned<String>,
    gate: Spanned<String>,
    file: Spanned<String>,
    find: Spanned<String>,
    replace: Spanned<String>,
    shows: Spanned<String>,
}

impl Source<'_> {
    /// Checks the entries of `[[mutants]]`, in the order of the plan.
    pub(super) fn mutants(
        &self,
        wires: &[MutantWire],
        sets: &BTreeMap<Name, Vec<CommandSpec>>,
        packets: &BTreeMap<PacketId, Packet>,
    ) -> Result<Vec<PlanMutant>, PlanError> {
        let mut ids: BTreeSet<Name> = BTreeSet::new();
        let mut mutants = Vec::new();
        for wire in wires {
            let mutant = PlanMutant {
                id: self.parse(&wire.id)?,
                says: self.said("says", &wire.says)?,
                gate: self.gate(&wire.gate, sets, packets)?,
                file: self.parse(&wire.file)?,
                find: self.not_empty("find", &wire.find)?,
                replace: wire.replace.as_ref().clone(),
                shows: self.said("shows", &wire.shows)?,
            };
            if mutant.find == mutant.replace {
                let message = "`replace` is the same as `find`: nothing would change";
                return Err(self.error(wire.replace.span(), message, None));
            }
            if !ids.insert(mutant.id.clone()) {
                return Err(self.error(
                    wire.id.span(),
                    format!("mutant `{}` appears twice in the plan", mutant.id),
                    None,
                ));
            }
            mutants.push(mutant);
        }
        Ok(mutants)
    }

    fn gate(
        &self,
        text: &Spanned<String>,
        sets: &BTreeMap<Name, Vec<CommandSpec>>,
        packets: &BTreeMap<PacketId, Packet>,
    ) -> Result<MutationGate, PlanError> {
        let gate: MutationGate = self.parse(text)?;
        let known = |what: &str, name: &str, known: Vec<String>| {
            if known.iter().any(|known| known == name) {
                return Ok(());
            }
            let hint =
                format!("known: {}", known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "));
            Err(self.error(text.span(), format!("there is no {what} `{name}`"), Some(hint)))
        };
        match &gate {
            MutationGate::Command(id) => {
                known("command", id.as_str(), sets.values().flatten().map(|spec| spec.id.to_string()).collect())?;
            }
            MutationGate::Scope(id) => {
                known("packet", &id.to_string(), packets.keys().map(ToString::to_string).collect())?;
            }
            MutationGate::Documents | MutationGate::Pins => {}
        }
        Ok(gate)
    }

    fn not_empty(&self, key: &str, text: &Spanned<String>) -> Result<String, PlanError> {
        if text.as_ref().is_empty() {
            return Err(self.error(text.span(), format!("`{key}` is empty"), None));
        }
        Ok(text.as_ref().clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;

    const PLAN: &str = r#"version = 1
name = "p"
[images.i]
build = "x"
[[sets.all]]
id = "test"
run = "make test"
image = "i"
[packets.RC-03]
title = "t"
sets = ["all"]
[[mutants]]
id = "no-clean-up"
says = "The clean-up is gone."
gate = "command:test"
file = "a/b.go"
find = "clean()"
replace = ""
shows = "FAIL"
"#;

    #[test]
    fn mutants_are_kept() {
        let plan = parse(PLAN, &[]).expect("a good plan");
        let mutant = &plan.mutants[0];
        let said = (mutant.id.as_str(), mutant.gate.to_string(), mutant.file.as_str(), mutant.replace.as_str());
        assert_eq!(said, ("no-clean-up", "command:test".to_owned(), "a/b.go", ""));
        for gate in ["scope:RC-03", "pins", "documents"] {
            assert!(parse(&PLAN.replace("command:test", gate), &[]).is_ok(), "{gate}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (from, to, expected) in [
            ("command:test", "command:tset", "15:8: there is no command `tset`"),
            ("command:test", "scope:RC-04", "15:8: there is no packet `RC-04`"),
            ("command:test", "commands", "15:8: invalid gate `commands`: expected `command:ID`, `scope:PACKET`"),
            ("\"The clean-up is gone.\"", "\" \"", "14:8: `says` is empty"),
            ("\"clean()\"", "\"\"", "17:8: `find` is empty"),
            ("replace = \"\"", "replace = \"clean()\"", "18:11: `replace` is the same as `find`"),
            ("\"FAIL\"", "\"\"", "19:9: `shows` is empty"),
            ("a/b.go", "../b.go", "16:8: invalid path in a tree `../b.go`"),
            ("id = \"no-clean-up\"", "id = \"a/b\"", "13:6: invalid file name `a/b`"),
            ("shows = \"FAIL\"\n", "", "12:1: missing field `shows`"),
        ] {
            let error = parse(&PLAN.replacen(from, to, 1), &[]).expect_err(to);
            assert!(error.to_string().starts_with(expected), "{to}: {error}");
        }
        let (_, entry) = PLAN.split_once("[[mutants]]").expect("an entry");
        let error = parse(&format!("{PLAN}[[mutants]]{entry}"), &[]).expect_err("twice");
        assert!(error.to_string().starts_with("21:6: mutant `no-clean-up` appears twice in the plan"), "{error}");
    }
}
