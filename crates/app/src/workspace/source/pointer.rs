//! Pointers of Git LFS: small texts in a repository in place of files that are kept elsewhere.
//!
//! Source: the specification of Git LFS. The first line is `version URL`, the others are sorted by key; a pointer has fewer than
//! 1024 bytes.

use super::excluding;
use rcrepro_model::execution::fault::Fault;
use rcrepro_model::plan::Plan;

/// The most bytes of a pointer.
const LIMIT: usize = 1024;

/// Says that a file is a pointer, and to what.
pub(super) fn note(path: &str, bytes: &[u8], plan: &Plan) -> Option<Fault> {
    let (oid, size) = read(bytes)?;
    let says = format!(
        "it is a Git LFS pointer ({oid}, {size} bytes): commands see the pointer, and not the file that it names"
    );
    let hint = format!(
        "commit the file itself (git lfs migrate export --include={path}), or where no command reads it, in rcrepro.toml: {}",
        excluding(path, plan)
    );
    Some(Fault::of_file(path, says).hint(hint))
}

/// Reads the digest and the size, in bytes, of the file that a pointer names.
fn read(bytes: &[u8]) -> Option<(&str, u64)> {
    if bytes.len() >= LIMIT || !bytes.starts_with(b"version ") {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let (first, rest) = text.split_once('\n')?;
    if !first.contains("git-lfs") && !first.contains("hawser") {
        return None;
    }
    let value = |key: &str| rest.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
    let oid = value("oid")?;
    let hex = oid.strip_prefix("sha256:")?;
    let is_digest = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_digest.then_some((oid, value("size")?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_say_what_they_stand_for() {
        let oid = format!("sha256:{}", "a".repeat(64));
        let pointer = |version: &str| format!("version {version}\next-0-x sha256:b\noid {oid}\nsize 12345\n");
        let good = pointer("https://git-lfs.example/spec/v1");
        assert_eq!(read(good.as_bytes()), Some((oid.as_str(), 12345)));
        for wrong in [pointer("1.0"), good.replace("size 12345", "size many"), good.replace("sha256:a", "md5:a")] {
            assert_eq!(read(wrong.as_bytes()), None, "{wrong}");
        }
        assert_eq!(read(format!("{good}{}", " ".repeat(1024)).as_bytes()), None);
    }
}
