//! Whether a command line has a program pack files, or decide something by their times. Pure.
//!
//! An archiver that takes only what is newer than its archive has to see what is newer, and one that unpacks sets times.

use std::collections::BTreeSet;

/// Programs that are many, by the names by which they are called.
const MANY: [&[u8]; 2] = [b"busybox", b"toybox"];
/// The letters of cpio behind which a value comes.
const CPIO_WITH_VALUE: &[u8] = b"CDEFHIMORW";

/// Finds the name by which a program is a named one, and the words after it: that of its executable, or that by which it was called.
pub fn called<'a>(
    executable: &'a [u8],
    words: &'a [&'a [u8]],
    names: &BTreeSet<Vec<u8>>,
) -> Option<(&'a [u8], &'a [&'a [u8]])> {
    let (first, rest) = words.split_first()?;
    let mut found = vec![(executable, rest), (last(first), rest)];
    if let Some((second, rest)) = rest.split_first().filter(|_| MANY.contains(&last(first))) {
        found.push((last(second), rest));
    }
    found.into_iter().find(|(name, _)| names.contains(*name))
}

/// Returns the last part of a path.
fn last(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or(path)
}

/// Whether a program of this name packs files with these words, and compares no times.
pub fn packs(name: &[u8], words: &[&[u8]]) -> bool {
    match name {
        b"tar" | b"gtar" | b"bsdtar" => tar(words),
        b"cpio" | b"bsdcpio" => {
            let has = |letters: &[u8]| options(words, CPIO_WITH_VALUE).any(|letter| letters.contains(&letter));
            (has(b"o") || long(words, &["create"])) && !has(b"ip")
        }
        b"pax" => {
            let has = |letters: &[u8]| options(words, b"bBEfGoPsTUx").any(|letter| letters.contains(&letter));
            has(b"w") && !has(b"ruDYZ")
        }
        b"zip" => !zip_compares(words) && !long(words, &["update", "freshen", "filesync", "from-date", "before-date"]),
        b"7z" | b"7za" | b"7zr" | b"7zz" => words.first() == Some(&&b"a"[..]),
        b"ar" | b"llvm-ar" => {
            let operation = words.iter().find(|word| !word.starts_with(b"--"));
            operation.is_none_or(|letters| !letters.contains(&b'u'))
        }
        b"jar" => {
            let unpacks = words.first().is_some_and(|first| !first.starts_with(b"--") && first.contains(&b'x'));
            !unpacks && !long(words, &["extract"])
        }
        _ => true,
    }
}

/// Whether a program of this name sets the times that it has read on other files, or again.
pub fn hands_on(name: &[u8], words: &[&[u8]]) -> bool {
    match name {
        b"gzip" | b"pigz" => true,
        b"cpio" | b"bsdcpio" => {
            options(words, CPIO_WITH_VALUE).any(|letter| letter == b'a') || long(words, &["reset-access-time"])
        }
        b"tar" | b"gtar" => long(words, &["atime-preserve"]),
        _ => false,
    }
}

fn tar(words: &[&[u8]]) -> bool {
    const WITH_VALUE: &[u8] = b"bfgCTXKVLFHIN";
    // The first word may have its letters without a dash, and the values behind it.
    let bundle = words.first().filter(|first| !first.starts_with(b"-")).copied().unwrap_or_default();
    let has = |letters: &[u8]| {
        let mut all = bundle.iter().copied().chain(options(words, WITH_VALUE));
        all.any(|letter| letters.contains(&letter))
    };
    let packs = has(b"crd") || long(words, &["create", "append", "compare", "diff"]);
    let by_time = ["update", "newer", "newer-mtime", "newer-than", "newer-mtime-than", "newer-ctime", "older"];
    let others = ["after-date", "listed-incremental", "incremental", "extract", "get", "list"];
    packs && !has(b"uNgGxt") && !long(words, &by_time) && !long(words, &others)
}

/// Lists the letters behind single dashes, up to one that has a value.
fn options<'a>(words: &'a [&'a [u8]], with_value: &'a [u8]) -> impl Iterator<Item = u8> + 'a {
    let bundles = words.iter().take_while(|word| **word != b"--").filter_map(|word| word.strip_prefix(b"-"));
    bundles.filter(|letters| !letters.starts_with(b"-")).flat_map(move |letters| {
        let end = letters.iter().position(|letter| with_value.contains(letter)).map_or(letters.len(), |at| at + 1);
        letters[..end].iter().copied()
    })
}

/// Whether any of these long options is there: by its name, or by the beginning of it, three letters at least.
fn long(words: &[&[u8]], names: &[&str]) -> bool {
    let given = words.iter().take_while(|word| **word != b"--").filter_map(|word| word.strip_prefix(b"--"));
    given
        .map(|word| word.split(|byte| *byte == b'=').next().unwrap_or(word))
        .any(|word| word.len() >= 3 && names.iter().any(|name| name.as_bytes().starts_with(word)))
}

/// Whether zip has a letter by which it looks at times. Some of its options have two letters.
fn zip_compares(words: &[&[u8]]) -> bool {
    const TWO: [&[u8]; 20] = [
        b"DF", b"FF", b"FI", b"MM", b"TT", b"UN", b"db", b"dc", b"dd", b"df", b"dg", b"ds", b"du", b"fd", b"fz", b"la",
        b"lf", b"li", b"sf", b"su",
    ];
    let bundles = words.iter().take_while(|word| **word != b"--").filter_map(|word| word.strip_prefix(b"-"));
    let mut compares = false;
    for mut letters in bundles.filter(|letters| !letters.starts_with(b"-")) {
        while let Some((&letter, rest)) = letters.split_first() {
            compares |= letters.starts_with(b"FS");
            letters = match letter {
                _ if TWO.iter().any(|two| letters.starts_with(two)) => &letters[2..],
                b'b' | b'n' | b'P' | b's' | b'O' | b'i' | b'x' => &[],
                _ => rest,
            };
            compares |= matches!(letter, b'u' | b'f' | b't') && letters.len() == rest.len();
        }
    }
    compares
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> Vec<&[u8]> {
        line.split_ascii_whitespace().map(str::as_bytes).collect()
    }

    fn does(line: &str) -> bool {
        let words = split(line);
        packs(last(words[0]), &words[1..])
    }

    #[test]
    fn who_packs_is_told_from_who_compares() {
        for line in [
            "tar czf out.tgz src",
            "tar -cf funky.tar src",
            "tar --create --file=u.tar x",
            "tar rf a b",
            "tar -C u -cN",
            "tar df a.tar",
            "tar c -- -u",
            "bsdtar -cf - x",
            "cpio -o -H newc",
            "cpio --create",
            "pax -wf a b",
            "zip -r a.zip b",
            "zip -rq9X a b",
            "zip -sf a",
            "zip -n.u:.f a b",
            "7z a a.7z b",
            "ar rcs a b",
            "ar crD a b",
            "jar cf a.jar b",
            "jar --create --file a.jar",
            "gzip f",
            "gzip -d f",
            "python3 -u x",
        ] {
            assert_eq!(does(line), line != "tar -C u -cN", "{line}");
        }
        for line in [
            "tar uf a b",
            "tar -uf a b",
            "tar --update -f a b",
            "tar --upd -f a b",
            "tar -c --newer-mtime=1 -f a b",
            "tar -cgsnap -f a b",
            "tar xf a",
            "tar -tvf a",
            "tar --extract",
            "tar --help",
            "cpio -idm",
            "cpio -p d",
            "pax -rw a b",
            "pax -f a",
            "pax -wuf a b",
            "zip -u a b",
            "zip -ru a b",
            "zip -FS a b",
            "zip -t 01012020 a b",
            "zip --freshen a",
            "7z u a b",
            "7z x a",
            "ar cru a b",
            "ar -ru a",
            "jar xf a.jar",
            "jar --extract -f a",
        ] {
            assert!(!does(line), "{line}");
        }
    }

    #[test]
    fn who_hands_times_on_is_known() {
        let hands_on = |line: &str| {
            let words = split(line);
            hands_on(words[0], &words[1..])
        };
        for line in
            ["gzip f", "pigz -d f", "cpio -oa", "cpio -o --reset-access-time", "tar --atime-preserve=replace -c x"]
        {
            assert!(hands_on(line), "{line}");
        }
        for line in ["tar cf a f", "cpio -oH newc", "zip -o a f"] {
            assert!(!hands_on(line), "{line}");
        }
    }

    #[test]
    fn programs_are_known_by_their_file_and_by_how_they_are_called() {
        let names = BTreeSet::from([b"tar".to_vec(), b"ar".to_vec()]);
        let name = |executable: &str, line: &str| {
            called(executable.as_bytes(), &split(line), &names)
                .map(|(name, rest)| (String::from_utf8_lossy(name).into_owned(), rest.len()))
        };
        assert_eq!(name("tar", "/bin/tar cf a"), Some(("tar".to_owned(), 2)));
        assert_eq!(name("x86_64-linux-gnu-ar", "ar rc a"), Some(("ar".to_owned(), 2)));
        assert_eq!(name("busybox", "tar cf a"), Some(("tar".to_owned(), 2)));
        assert_eq!(name("busybox", "/bin/busybox tar cf a"), Some(("tar".to_owned(), 2)));
        assert_eq!(name("busybox", "sh tar"), None);
        assert_eq!(name("dash", "/bin/sh ./tar cf a"), None, "a script");
        assert_eq!(name("make", "make tar"), None);
    }
}
