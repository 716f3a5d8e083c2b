//! Findings that say the same, as one row with all its places.

use crate::judge::PinFinding;

/// One thing to mend, wherever it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingRow<'a> {
    /// The finding in each place, by file and line; at least one.
    pub places: Vec<&'a PinFinding>,
}

impl<'a> FindingRow<'a> {
    /// Returns the finding in its first place.
    #[must_use]
    pub fn first(&self) -> &'a PinFinding {
        self.places[0]
    }

    /// Returns the id that a waiver for all places has: that of the one finding, or with `*` for the files.
    #[must_use]
    pub fn id(&self) -> String {
        let first = self.first();
        let is_one = self.places.iter().all(|finding| finding.id == first.id);
        if is_one { first.id.clone() } else { without_file(first) }
    }

    /// Returns the message, with the number of places where there are several.
    #[must_use]
    pub fn says(&self) -> String {
        match self.places.len() {
            1 => self.first().message.clone(),
            places => format!("{}, in {places} places", self.first().message),
        }
    }
}

/// Joins findings that differ in nothing but their place; what is waived is joined only with what is waived alike.
#[must_use]
pub fn rows(findings: &[PinFinding]) -> Vec<FindingRow<'_>> {
    let mut rows: Vec<(String, FindingRow<'_>)> = Vec::new();
    for finding in findings {
        let id = without_file(finding);
        let same = rows.iter_mut().find(|(known, row)| {
            let first = row.first();
            *known == id
                && (first.standing, &first.message) == (finding.standing, &finding.message)
                && (&first.waived, first.expired) == (&finding.waived, finding.expired)
        });
        match same {
            Some((_, row)) => row.places.push(finding),
            None => rows.push((id, FindingRow { places: vec![finding] })),
        }
    }
    rows.into_iter().map(|(_, row)| row).collect()
}

/// Writes `*` for the file in an id.
fn without_file(finding: &PinFinding) -> String {
    finding.id.replacen(&format!(":{}:", finding.file), ":*:", 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_model::standing::Standing;

    fn finding(file: &str, line: usize, value: &str) -> PinFinding {
        PinFinding {
            id: format!("pins/disagrees:{file}:go:{value}"),
            standing: Standing::Failed,
            file: file.to_owned(),
            line,
            column: 1,
            message: format!("go `{value}` is not the pinned version"),
            waived: None,
            expired: None,
        }
    }

    #[test]
    fn one_finding_in_many_files_is_one_row() {
        let mut findings: Vec<PinFinding> = (0..15).map(|at| finding(&format!("w{at}.yml"), 3, "1.25")).collect();
        findings.push(finding("w3.yml", 9, "1.25"));
        findings.push(finding("w3.yml", 9, "1.24"));
        let found = rows(&findings);
        assert_eq!(found.iter().map(|row| row.places.len()).collect::<Vec<_>>(), [16, 1]);
        assert_eq!(found[0].id(), "pins/disagrees:*:go:1.25");
        assert_eq!(found[0].says(), "go `1.25` is not the pinned version, in 16 places");
        assert_eq!(found[1].id(), "pins/disagrees:w3.yml:go:1.24");
        findings[2].expired = Some("2020-01-01".parse().expect("a day"));
        assert_eq!(rows(&findings).len(), 3, "what expired is a row of its own");
    }
}
