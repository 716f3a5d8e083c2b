//! What a filter is asked to watch.

/// The groups of system calls that the supervisor answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Watched {
    /// The start of new programs.
    pub programs: bool,
    /// Readings of wall clocks that bypass the vDSO, and deadlines on wall clocks.
    pub wall_clocks: bool,
    /// Questions for the times of files.
    pub files: bool,
    /// Questions for the processors that may be used.
    pub processors: bool,
    /// Readings of directories.
    pub directories: bool,
    /// Addresses that sockets are connected to, or send to; rings that would do so unseen are refused.
    pub network: bool,
}
