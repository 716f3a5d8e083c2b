//! The `rcrepro` program: parse, run, exit code.

fn main() -> std::process::ExitCode {
    rcrepro::cli::main()
}
