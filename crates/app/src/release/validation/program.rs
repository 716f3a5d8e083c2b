//! What the first bytes of a program say: its machine, and what interprets it.

use rcrepro_model::evidence::inspection::StartedProgram;

/// The longest first line that the kernel takes for an interpreter's.
const LINE: usize = 255;
/// Lists what an interpreter's line starts: `/usr/bin/env node` also starts `node`.
pub(super) fn words(line: &str) -> Vec<String> {
    let mut words = line.split([' ', '\t']).filter(|word| !word.is_empty());
    let Some(first) = words.next() else { return Vec::new() };
    let by_env = first.rsplit('/').next() == Some("env");
    let named = by_env.then(|| words.find(|word| !word.starts_with('-') && !word.contains('='))).flatten();
    [first].into_iter().chain(named).map(str::to_owned).collect()
}

/// Reads the beginning of a program.
pub(super) fn program(head: &[u8]) -> StartedProgram {
    if let Some(rest) = head.strip_prefix(b"#!") {
        let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = String::from_utf8_lossy(&line[..line.len().min(LINE)]);
        // A carriage return is a part of the interpreter's name to the kernel, and shows why there is no such file.
        let line = line.trim_matches([' ', '\t']).replace('\r', "\\r");
        return StartedProgram { interpreter: Some(line), machine: None };
    }
    elf(head).unwrap_or_default()
}

/// Reads an ELF file of 64 bits, least byte first: machine and loader. Source: the System V ABI, "ELF Header", "Program Header".
fn elf(head: &[u8]) -> Option<StartedProgram> {
    head.strip_prefix(b"\x7fELF\x02\x01")?;
    let number = |at: usize, length: usize| {
        let bytes = head.get(at..at.checked_add(length)?)?;
        Some(bytes.iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte)))
    };
    let at = |number: u64| usize::try_from(number).ok();
    let machine = match number(18, 2)? {
        62 => "amd64".to_owned(),
        183 => "arm64".to_owned(),
        other => format!("ELF machine {other}"),
    };
    let (table, size, count) = (at(number(32, 8)?)?, at(number(54, 2)?)?, at(number(56, 2)?)?);
    let mut interpreter = None;
    for index in 0..count {
        let Some(header) = table.checked_add(index.saturating_mul(size)) else { break };
        // PT_INTERP: the loader's path, with a zero behind it.
        if number(header, 4) == Some(3) {
            let (from, length) = (at(number(header + 8, 8)?)?, at(number(header + 32, 8)?)?);
            let path = head.get(from..from.checked_add(length)?)?;
            interpreter = Some(String::from_utf8_lossy(path).trim_end_matches('\0').to_owned());
        }
    }
    Some(StartedProgram { interpreter, machine: Some(machine) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpreters_are_read_out_of_scripts_and_programs() {
        let line = |text: &str| program(text.as_bytes()).interpreter;
        assert_eq!(line("#! /bin/sh -e\nexit\n").as_deref(), Some("/bin/sh -e"));
        assert_eq!(line("#!/bin/sh\r\n").as_deref(), Some("/bin/sh\\r"));
        assert_eq!(line("exit\n"), None);
        assert_eq!(words("/usr/bin/env -S node --x"), ["/usr/bin/env", "node"]);
        assert_eq!(words("/bin/sh -e"), ["/bin/sh"]);
        let own = std::fs::read(std::env::current_exe().expect("a program")).expect("read");
        let own = program(&own[..own.len().min(1 << 16)]);
        let machine = if cfg!(target_arch = "x86_64") { "amd64" } else { "arm64" };
        assert_eq!(own.machine.as_deref(), Some(machine));
        assert!(own.interpreter.is_some_and(|loader| loader.starts_with("/lib") && loader.contains("ld-")));
        for length in [0, 5, 6, 20, 60, 64, 100] {
            let mut short = b"\x7fELF\x02\x01".to_vec();
            short.resize(length, 0xff);
            let _ = program(&short);
        }
    }
}
