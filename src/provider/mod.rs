//! The cloud APIs that drive terminals.

pub mod dintero;
