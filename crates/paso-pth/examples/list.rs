//! Lists the tensors of a `.pth` file: `cargo run -p paso-pth --example list -- FILE`.

#![expect(clippy::print_stdout, reason = "it is what the example is for")]

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("usage: list FILE")?;
    for tensor in paso_pth::read(&std::fs::read(path)?)? {
        let sum: f64 = tensor.values.iter().map(|value| f64::from(*value)).sum();
        println!("{:<40} {:<20} sum {sum:.6}", tensor.name, format!("{:?}", tensor.shape));
    }
    Ok(())
}
