//! The contract, sentence by sentence, over real sockets.

mod egress;
mod support;
