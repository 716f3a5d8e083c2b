//! The ways in which inputs reach a container.

/// How inputs reach a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Staging {
    /// Overlay volumes when the first inputs show that the daemon can mount them, archives otherwise.
    Auto,
    /// Overlay volumes: a few milliseconds per command whatever the tree's size.
    Overlay,
    /// One upload per container.
    Archive,
}
