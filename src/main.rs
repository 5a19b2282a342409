//! Runs the command line; all else is in the library.

use std::process::ExitCode;

/// Steps are many short-lived allocations on several threads, at which jemalloc is good.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    stepgate::cli::run()
}
