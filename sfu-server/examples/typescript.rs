//! Prints the signaling types as TypeScript; `make generate` writes them into the frontend.

fn main() {
    print!("{}", sfu_server::signaling::typescript());
}
