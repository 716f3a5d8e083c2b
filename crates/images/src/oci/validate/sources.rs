//! Where images are surveyed: layout folders, archives and streams, and single blobs of a store.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::layer::{Compression, leaves, plain, words};
use super::survey::{LayoutSurvey, Surveyed, SurveyedFile, survey_file};
use super::{FaultName, ImageFault, ValidateError};
use rcrepro_archive::tar::MemberKind;
use rcrepro_archive::tar::reader::{TarEntry, TarReadError, TarReader};

/// The most files that are surveyed.
const MAX_FILES: usize = 200_000;
/// The most bytes of documents that are kept: 64 MiB.
const MAX_DOCUMENTS: u64 = 64 << 20;

/// Surveys a folder, files beside each other on all processors.
///
/// # Errors
/// [`ValidateError`] when the folder cannot be listed; a file that cannot be read is a fault.
pub fn folder(root: &Path) -> Result<LayoutSurvey, ValidateError> {
    let mut survey = LayoutSurvey::default();
    let (mut files, mut folders) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(below) = folders.pop() {
        let what = root.join(&below);
        let failed = |source| ValidateError::Read { what: format!("`{}`", what.display()), source };
        for entry in fs::read_dir(&what).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let (path, kind) = (below.join(entry.file_name()), entry.file_type().map_err(failed)?);
            match path.to_str() {
                _ if kind.is_dir() => folders.push(path),
                Some(name) if kind.is_file() => files.push(name.to_owned()),
                // A link is not followed: it may lead out of the folder.
                _ => survey.faults.push(no_file(&path.display().to_string(), "something else")),
            }
        }
        if files.len() > MAX_FILES {
            return Err(ValidateError::TooMany { what: root.display().to_string(), limit: MAX_FILES });
        }
    }
    let open = |path: &String| File::open(root.join(path)).map(|file| Box::new(file) as Box<dyn Read + Send>);
    add(&mut survey, files, open);
    Ok(survey)
}

/// Surveys files that are opened by name, on all processors; one that cannot be read is a fault.
pub fn add(
    survey: &mut LayoutSurvey,
    paths: Vec<String>,
    open: impl Fn(&String) -> io::Result<Box<dyn Read + Send>> + Sync,
) {
    let kept = AtomicU64::new(survey.documents());
    let read = |path: String| {
        let file = open(&path).and_then(|mut reader| survey_file(&mut reader));
        (path, file.map(|file| within(&kept, file)))
    };
    // One file a step: the few large ones must not wait for each other.
    let files: Vec<_> = paths.into_par_iter().with_max_len(1).map(read).collect();
    for (path, file) in files {
        match file {
            Ok(file) => drop(survey.things.insert(path, Surveyed::File(file))),
            Err(error) => {
                survey.faults.push(ImageFault::new(FaultName::Missing, path, "a readable file", error.to_string()))
            }
        }
    }
}

/// Forgets a file's bytes when too many are kept already.
fn within(kept: &AtomicU64, mut file: SurveyedFile) -> SurveyedFile {
    if let Some(document) = &file.document {
        let size = document.len() as u64;
        if kept.fetch_add(size, Ordering::Relaxed) + size > MAX_DOCUMENTS {
            file.document = None;
        }
    }
    file
}

/// Surveys an archive as a stream: a tar, or a tar in gzip, which Docker loads too.
///
/// # Errors
/// [`ValidateError::Read`] when the stream itself fails; an archive that is broken is a fault.
pub fn archive(what: &str, stream: &mut dyn Read) -> Result<LayoutSurvey, ValidateError> {
    let failed = |source| ValidateError::Read { what: what.to_owned(), source };
    let mut head = Vec::new();
    stream.take(512).read_to_end(&mut head).map_err(failed)?;
    let gzip = Compression::sniff(&head) == Some(Compression::Gzip);
    let whole = io::Cursor::new(head).chain(stream);
    let mut whole: Box<dyn Read + '_> = if gzip { Box::new(rcrepro_compression::gzip(whole)) } else { Box::new(whole) };
    let mut survey = LayoutSurvey::default();
    let mut tar = TarReader::new(&mut whole);
    loop {
        match tar.next_entry() {
            Ok(Some(entry)) => take(&mut survey, &entry, &mut tar).map_err(failed)?,
            Ok(None) => return Ok(survey),
            Err(TarReadError::Read { source }) if !tells_of_bytes(&source) => return Err(failed(source)),
            Err(error) => {
                survey.faults.push(ImageFault::new(FaultName::Malformed, what, "a whole tar archive", words(&error)));
                return Ok(survey);
            }
        }
        if survey.things.len() > MAX_FILES {
            return Err(ValidateError::TooMany { what: what.to_owned(), limit: MAX_FILES });
        }
    }
}

/// Distinguishes a decoder's complaint about bytes from a source that failed.
fn tells_of_bytes(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof)
}

fn take(survey: &mut LayoutSurvey, entry: &TarEntry, content: &mut TarReader<'_>) -> io::Result<()> {
    let shown = entry.path.escape_ascii().to_string();
    if let Some(found) = leaves(&entry.path) {
        survey.faults.push(ImageFault::new(FaultName::EntryName, shown.clone(), "a path inside the archive", found));
    }
    let path = match std::str::from_utf8(plain(&entry.path)) {
        Ok(path) => path.to_owned(),
        Err(_) => shown.clone(),
    };
    let thing = match entry.kind {
        MemberKind::Directory => return Ok(()),
        MemberKind::File => match survey_file(content) {
            Ok(file) => Surveyed::File(within(&AtomicU64::new(survey.documents()), file)),
            // The archive ends in the middle of the file; the reader says so at the next header.
            Err(error) if tells_of_bytes(&error) => return Ok(()),
            Err(error) => return Err(error),
        },
        MemberKind::Symlink => Surveyed::Link(beside(&path, &String::from_utf8_lossy(&entry.link))),
        MemberKind::Hardlink => Surveyed::Link(String::from_utf8_lossy(plain(&entry.link)).into_owned()),
        _ => {
            survey.faults.push(no_file(&shown, "a device, a pipe or the like"));
            return Ok(());
        }
    };
    if survey.things.insert(path, thing).is_some() {
        survey.faults.push(ImageFault::new(
            FaultName::DuplicateEntry,
            shown,
            "each path once",
            "the path occurs twice",
        ));
    }
    Ok(())
}

/// Resolves what a symbolic link says, seen from its folder; what would climb out of the archive names nothing.
fn beside(path: &str, target: &str) -> String {
    let mut segments: Vec<&str> = path.split('/').collect();
    segments.pop();
    for segment in target.split('/') {
        match segment {
            "" | "." => {}
            ".." if segments.pop().is_none() => return format!("{target} of {path}, which leads outside"),
            ".." => {}
            name => segments.push(name),
        }
    }
    segments.join("/")
}

fn no_file(object: &str, found: &str) -> ImageFault {
    ImageFault::new(FaultName::NoFile, object, "a file or a folder", found)
}
