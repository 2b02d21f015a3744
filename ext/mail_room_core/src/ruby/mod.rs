//! What is asked of Ruby's threads, and how they are woken. No Ruby in here: the binding answers.

pub mod calls;
pub mod waker;
