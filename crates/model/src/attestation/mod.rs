//! What people sign: in-toto statements about manifests, verdicts and replays, and the envelopes that carry them.

pub mod envelope;
pub mod replay_result;
pub mod resource;
pub mod signed;
pub mod statement;
pub mod test_result;
