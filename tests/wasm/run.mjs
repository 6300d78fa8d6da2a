// Runs the WebAssembly program named on the command line. Exit codes: 0 when all bits agree with native code, 10 and the
// number of the part that differs, or 1 (Node's own) when the program panics.
import { readFile } from "node:fs/promises";

const { instance } = await WebAssembly.instantiate(await readFile(process.argv[2]), {});
const part = instance.exports.main(0, 0);
process.exitCode = part === 0 ? 0 : 10 + part;
