//! What PID 1 says at the end of the attempts at the network that it saw.
//!
//! It says so in a file of its own ([`init::REPORT`]), which is read when the container has ended. The command may write into
//! that file, and cannot replace it; PID 1 writes last, when no other process is left. A report that is not whole, because PID 1
//! was killed or the disk was full, says nothing: then attempts are unknown, never none. It also says how the command ended:
//! who ended the container from outside is told from the command by that.

use std::io::Read as _;
use std::path::Path;

use bollard::query_parameters::DownloadFromContainerOptions;
use futures_util::StreamExt as _;

use crate::docker::container::init;
use crate::docker::fault::reason;
use crate::docker::pump::PumpHandle;
use rcrepro_archive::tar::reader::TarReader;
use rcrepro_model::execution::action::Ending;
use rcrepro_model::execution::attempt::{NetworkAttempt, Sightings};

/// The most bytes of a report: a thousand attempts with the longest names are less.
const LIMIT: u64 = 4 << 20;
/// How a report begins and ends.
const BEGIN: &str = "rcrepro-init 2\n";
const END: &str = "\nend\n";

/// What PID 1 said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    pub seen: Sightings,
    /// The command's exit code.
    pub code: i32,
    /// The last signal that came from outside the container; 0 where none did.
    pub signal: i32,
}

/// Reads the report of a container that has ended; `near` is where its file is visible to us. Without a whole one, says why.
pub(crate) async fn collect(pump: &PumpHandle, container: &str, near: Option<&Path>) -> Result<Report, String> {
    let bytes = match near {
        Some(path) => std::fs::File::open(path).and_then(whole).map_err(|error| error.to_string()),
        None => download(pump, container).await,
    };
    match bytes.map(|bytes| std::str::from_utf8(&bytes).ok().and_then(parse)) {
        Ok(Some(report)) => Ok(report),
        Ok(None) => Err("PID 1 was ended before it said what it had seen".to_owned()),
        Err(reason) => Err(format!("what PID 1 saw cannot be read: {reason}")),
    }
}

/// Compares what PID 1 says with how the container ended: a container that was ended or signalled from outside says nothing
/// of its command. Those that were ended for their time or memory are judged already.
///
/// # Errors
/// A text that says what does not fit.
pub(crate) fn judge(report: Result<&Report, &String>, code: i32, ending: Ending) -> Result<(), String> {
    let by_us = matches!(ending, Ending::TimedOut | Ending::OutOfMemory { .. });
    match report {
        Ok(report) if report.signal != 0 => {
            Err(format!("somebody outside its container sent it signal {}, as `docker stop` does", report.signal))
        }
        Ok(report) if report.code != code && !by_us => Err(format!(
            "somebody outside ended its container: PID 1 says exit code {}, the engine {code}",
            report.code
        )),
        Err(_) if matches!(ending, Ending::Signaled { .. }) => Err(format!(
            "its container ended with code {code} before PID 1 said how the command had ended: somebody outside ended it, \
             as `docker kill` does"
        )),
        Ok(_) | Err(_) => Ok(()),
    }
}

fn whole(file: impl std::io::Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(LIMIT).read_to_end(&mut bytes)?;
    Ok(bytes)
}

async fn download(pump: &PumpHandle, container: &str) -> Result<Vec<u8>, String> {
    let options = DownloadFromContainerOptions { path: init::REPORT.to_owned() };
    let (client, of) = (pump.client.clone(), container.to_owned());
    let archive = pump.spawn(async move {
        let mut pieces = std::pin::pin!(client.download_from_container(&of, Some(options)));
        let mut archive = Vec::new();
        while let Some(piece) = pieces.next().await {
            archive.extend_from_slice(&piece.map_err(|error| reason(&error))?);
            if archive.len() as u64 > LIMIT {
                return Err("it is too large".to_owned());
            }
        }
        Ok(archive)
    });
    let archive = archive.await.map_err(|error| error.to_string())??;
    let mut archive = archive.as_slice();
    let mut tar = TarReader::new(&mut archive);
    tar.next_entry().map_err(|error| error.to_string())?.ok_or("the archive is empty")?;
    whole(tar).map_err(|error| error.to_string())
}

/// Reads a whole report; `None` for any other text.
fn parse(text: &str) -> Option<Report> {
    let body = text.strip_prefix(BEGIN)?.strip_suffix(END)?;
    let mut seen = Sightings::default();
    let (mut counts, mut code, mut signal) = ([None; 3], None, None);
    for line in body.lines() {
        match line.split('\t').collect::<Vec<_>>()[..] {
            ["attempt", process, protocol, address, port, name, count] => seen.attempts.push(NetworkAttempt {
                process: unescape(process)?,
                protocol: protocol.to_owned(),
                address: address.to_owned(),
                port: port.parse().ok()?,
                name: Some(unescape(name)?).filter(|name| !name.is_empty()),
                count: count.parse().ok().filter(|count| *count > 0)?,
            }),
            ["blind", reason] => seen.blind.push(unescape(reason)?),
            ["unpinned", reason] => seen.unpinned.push(unescape(reason)?),
            ["code", number] => code = Some(number.parse().ok()?),
            ["signal", number] => signal = Some(number.parse().ok()?),
            [what, count] => {
                let at = ["further", "unread", "unanswered"].iter().position(|known| *known == what)?;
                counts[at] = Some(count.parse().ok()?);
            }
            _ => return None,
        }
    }
    let [Some(further), Some(unread), Some(unanswered)] = counts else { return None };
    Some(Report { seen: Sightings { further, unread, unanswered, ..seen }, code: code?, signal: signal? })
}

/// Undoes PID 1's escapes; bytes that are not UTF-8 are shown as such.
fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut parts = text.split('%');
    bytes.extend_from_slice(parts.next()?.as_bytes());
    for part in parts {
        bytes.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "rcrepro-init 2\nattempt\ta%20b%25\tudp\t127.0.0.1\t53\texample.org\t4\n\
                          attempt\tnode\ttcp\t192.0.2.1\t443\t\t2\nfurther\t0\nunread\t1\nunanswered\t3\n\
                          blind\ta%20reason\nunpinned\tanother\ncode\t1\nsignal\t0\nend\n";

    #[test]
    fn a_whole_report_is_read() {
        let Report { seen, code, signal } = parse(REPORT).expect("a report");
        assert_eq!((code, signal), (1, 0));
        assert_eq!((&seen.blind[..], &seen.unpinned[..]), (&["a reason".to_owned()][..], &["another".to_owned()][..]));
        assert_eq!((seen.further, seen.unread, seen.unanswered), (0, 1, 3));
        assert_eq!(seen.attempts[0].process, "a b%");
        assert_eq!(seen.attempts[0].name.as_deref(), Some("example.org"));
        assert_eq!((seen.attempts[1].port, seen.attempts[1].count, &seen.attempts[1].name), (443, 2, &None));
    }

    #[test]
    fn anything_less_says_nothing() {
        for end in 0..REPORT.len() {
            assert_eq!(parse(&REPORT[..end]), None, "cut at {end}");
        }
        for (from, to) in [
            ("init 2", "init 1"),
            ("code\t1\n", ""),
            ("443", "70000"),
            ("\t2\n", "\t0\n"),
            ("%25", "%2"),
            ("unread\t1\n", ""),
        ] {
            assert_eq!(parse(&REPORT.replacen(from, to, 1)), None, "{from}");
        }
        assert_eq!(parse(&format!("{REPORT}more")), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn who_ended_a_container_is_told_from_how_the_command_ended() {
        let report = |code, signal| Report { seen: Sightings::default(), code, signal };
        let lost = "cut".to_owned();
        let killed = Ending::Signaled { signal: 9 };
        for (said, code, ending, stands) in [
            (Ok(&report(0, 0)), 0, Ending::Exited { code: 0 }, true),
            (Ok(&report(137, 0)), 137, killed, true),
            (Ok(&report(143, 15)), 143, Ending::Signaled { signal: 15 }, false),
            (Ok(&report(0, 15)), 0, Ending::Exited { code: 0 }, false),
            (Ok(&report(0, 0)), 137, killed, false),
            (Ok(&report(0, 0)), 137, Ending::TimedOut, true),
            (Err(&lost), 137, killed, false),
            (Err(&lost), 137, Ending::TimedOut, true),
            (Err(&lost), 137, Ending::OutOfMemory { code: 137 }, true),
            (Err(&lost), 1, Ending::Exited { code: 1 }, true),
        ] {
            assert_eq!(judge(said, code, ending).is_ok(), stands, "{said:?} {code} {ending:?}");
        }
    }
}
