//! `rcrepro verify` over committed records: nothing in them can be changed without a finding that names it.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests open what they made themselves")]

mod edits;
mod leaves;
mod witnesses;

use std::path::PathBuf;

use rcrepro_app::evidence::evidence_folder::EvidenceFolder;
use rcrepro_app::evidence::verify::{self, Verification};
use rcrepro_model::text::civil_date::CivilDate;
use rcrepro_store::BlobStore as _;
use rcrepro_store::memory::MemoryStore;

/// A file of the example's folder.
fn example(file: &str) -> PathBuf {
    rcrepro_testkit::repository().join("examples/beacon").join(file)
}

/// Reads a file of the example's folder.
fn read(file: &str) -> Vec<u8> {
    std::fs::read(example(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Holds the blobs of folders of evidence.
fn evidence(folders: &[&str]) -> MemoryStore {
    let store = MemoryStore::default();
    for folder in folders {
        for entry in std::fs::read_dir(example(folder)).expect("listed") {
            store.put(&std::fs::read(entry.expect("an entry").path()).expect("read")).expect("stored");
        }
    }
    store
}

fn today() -> CivilDate {
    "2026-11-28".parse().expect("a day")
}

/// Judges a manifest by this evidence.
fn judge(bytes: &[u8], evidence: &MemoryStore) -> Verification {
    verify::verify(bytes, evidence, &EvidenceFolder::default(), today())
}
