//! Whom an image's container runs as, and what that user may execute.

use super::dress::RecordedDress;
use super::view::ImageView;
use crate::release::error::ReleaseError;
use rcrepro_model::evidence::inspection::RunningUser;
use rcrepro_store::BlobStore;

/// The largest list of users or groups that is read.
const LIST: u64 = 1 << 20;

/// Resolves the user that an image names, as engines do: by its own lists of users and groups; none for a name that is not in them.
///
/// # Errors
/// [`ReleaseError`] when a list cannot be read.
pub(super) fn running_user(view: &ImageView, store: &dyn BlobStore) -> Result<Option<RunningUser>, ReleaseError> {
    let list = |path: &str| -> Result<Vec<Vec<String>>, ReleaseError> {
        let Some(digest) = view.digest(path).filter(|digest| digest.size <= LIST) else { return Ok(Vec::new()) };
        let text = String::from_utf8_lossy(&store.get(digest)?).into_owned();
        Ok(text.lines().map(|line| line.split(':').map(str::to_owned).collect()).collect())
    };
    Ok(resolved(&view.settings.user, &list("etc/passwd")?, &list("etc/group")?))
}

fn resolved(named: &str, users: &[Vec<String>], groups: &[Vec<String>]) -> Option<RunningUser> {
    let (user, group) = named.split_once(':').map_or((named, None), |(user, group)| (user, Some(group)));
    let user = if user.is_empty() { "0" } else { user };
    let field = |line: &[String], index: usize| line.get(index).and_then(|text| text.parse::<u64>().ok());
    let is = |line: &&Vec<String>, name: &str| line.first().is_some_and(|first| first == name);
    let listed = users.iter().find(|line| is(line, user) || line.get(2).is_some_and(|id| id == user));
    let id = user.parse().ok().or_else(|| field(listed?, 2))?;
    let mut all = Vec::new();
    match group.filter(|group| !group.is_empty()) {
        Some(group) => {
            let of_name = || field(groups.iter().find(|line| is(line, group))?, 2);
            all.push(group.parse().ok().or_else(of_name)?);
        }
        None => {
            all.push(listed.and_then(|line| field(line, 3)).unwrap_or(0));
            let name = listed.and_then(|line| line.first());
            let has = |line: &&Vec<String>| {
                let members = line.get(3).map(String::as_str).unwrap_or_default();
                name.is_some_and(|name| members.split(',').any(|member| member == name))
            };
            all.extend(groups.iter().filter(has).filter_map(|line| field(line, 2)));
        }
    }
    Some(RunningUser { user: id, groups: all })
}

/// Decides whether the image's user may execute a file, and enter the folders above it; says why not.
pub(super) fn may_execute(view: &ImageView, path: &str) -> Result<(), String> {
    let folders = path.match_indices('/').map(|(end, _)| &path[..end]);
    for (path, what) in folders.map(|folder| (folder, "enter")).chain([(path, "execute")]) {
        // A folder that no layer names comes into being with what is in it.
        let Some(dress) = view.dress(path) else { continue };
        if !has_bit(dress, view.inspection.user.as_ref()) {
            let user = if view.settings.user.is_empty() { "0" } else { view.settings.user.as_str() };
            return Err(format!("user `{user}` may not {what} `/{path}`: {dress}"));
        }
    }
    Ok(())
}

/// Whether a user has the bit by which files are executed and folders entered; of a user who is not known, anybody.
fn has_bit(dress: RecordedDress, user: Option<&RunningUser>) -> bool {
    let bits = match user {
        None | Some(RunningUser { user: 0, .. }) => 0o111,
        Some(user) if user.user == dress.user => 0o100,
        Some(user) if user.groups.contains(&dress.group) => 0o010,
        Some(_) => 0o001,
    };
    dress.mode & bits != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_resolved_by_the_images_own_lists() {
        let list =
            |text: &str| text.lines().map(|line| line.split(':').map(str::to_owned).collect()).collect::<Vec<_>>();
        let users = list("root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/:/bin/sh");
        let groups = list("root:x:0:\napp:x:1001:\nlogs:x:7:app,other");
        for (named, expected) in [
            ("", Some((0, vec![0]))),
            ("root", Some((0, vec![0]))),
            ("app", Some((1000, vec![1001, 7]))),
            ("1000", Some((1000, vec![1001, 7]))),
            ("app:logs", Some((1000, vec![7]))),
            ("app:9", Some((1000, vec![9]))),
            ("65532", Some((65532, vec![0]))),
            ("nobody", None),
            ("app:nogroup", None),
        ] {
            let found = resolved(named, &users, &groups).map(|found| (found.user, found.groups));
            assert_eq!(found, expected, "{named}");
        }
    }

    #[test]
    fn the_bit_that_counts_is_that_of_the_first_class_that_fits() {
        let user = |user, groups: &[u64]| RunningUser { user, groups: groups.to_vec() };
        let has = |mode, one: &RunningUser| {
            has_bit(RecordedDress { mode, user: 7, group: 8, has_capability: false }, Some(one))
        };
        assert!(has(0o100, &user(7, &[8])) && !has(0o011, &user(7, &[8])));
        assert!(has(0o010, &user(1, &[9, 8])) && !has(0o101, &user(1, &[8])));
        assert!(has(0o001, &user(1, &[9])) && !has(0o110, &user(1, &[9])));
        assert!(has(0o001, &user(0, &[0])) && !has(0o666, &user(0, &[0])), "root needs any bit");
    }
}
