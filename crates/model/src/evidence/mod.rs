//! What is recorded of executions, and how two records compare.

pub mod compare;
pub mod failed;
pub mod finding;
pub mod image_delta;
pub mod inspection;
pub mod manifest;
pub mod release_record;
pub mod repository;
pub mod run_record;
pub mod served;
pub mod suppression;
pub mod validated_image;
