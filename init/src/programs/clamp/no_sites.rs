//! For machines for which there is no code: nothing is changed.

use super::ClampTimes;
use crate::process::Memory;

pub const IS_POSSIBLE: bool = false;

/// There is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    pub at: usize,
}

impl Site {
    pub fn room(&self) -> usize {
        0
    }

    pub fn render(&self, _text: u64, _place: u64, _used: usize) -> (Vec<u8>, Vec<u8>) {
        (Vec::new(), Vec::new())
    }

    pub fn sets(&self) -> bool {
        false
    }

    pub fn holds(&self, _text: u64, _instruction: u64) -> bool {
        false
    }

    pub fn is_at(&self, _text: u64, _memory: &Memory) -> bool {
        false
    }
}

pub fn code(_times: ClampTimes) -> Vec<u8> {
    Vec::new()
}

pub fn find(_text: &[u8]) -> Vec<Site> {
    Vec::new()
}
