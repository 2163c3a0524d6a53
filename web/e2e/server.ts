/** Servers of a test's own: with users, or to be killed and started again. */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === "string") throw new Error("there is no free port");
  return address.port;
}

export class Server {
  readonly #home = mkdtempSync(join(tmpdir(), "weft-e2e-"));
  readonly #more: readonly string[];
  #packs: readonly string[] = ["--no-packs"];
  #port = 0;
  #process: ChildProcess | null = null;

  constructor(...more: string[]) {
    this.#more = more;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Install a pack of one Python module, before it begins. */
  install(name: string, source: string): void {
    const folder = join(this.#home, "packs");
    const facts = join(folder, `${name}-1.0.dist-info`);
    mkdirSync(facts, { recursive: true });
    writeFileSync(join(folder, `${name}.py`), source);
    writeFileSync(join(facts, "METADATA"), `Metadata-Version: 2.1\nName: ${name}\nVersion: 1.0\n`);
    writeFileSync(join(facts, "entry_points.txt"), `[weft.nodes]\n${name} = ${name}\n`);
    this.#packs = [];
  }

  /** Begin, or begin again at the same address. */
  async start(): Promise<void> {
    const home = this.#home;
    if (this.#port === 0) this.#port = await freePort();
    const data = ["--data", join(home, "server"), "--out", join(home, "out")];
    const command = [process.env["WEFT"] ?? "weft", "serve", "--port", String(this.#port)];
    const words = [...command, ...data, "--cpu", ...this.#packs, ...this.#more];
    const started = spawn("sh", ["-c", 'exec $0 "$@"', ...words], {
      env: {
        ...process.env,
        WEFT_HOME: home,
        OMP_WAIT_POLICY: "passive",
        ...(this.#packs.length === 0 && {
          // With what is there already: weft itself may be found by it.
          PYTHONPATH: [join(home, "packs"), process.env["PYTHONPATH"]]
            .filter(Boolean)
            .join(delimiter),
        }),
      },
      stdio: "ignore",
      detached: true,
    });
    this.#process = started;
    for (;;) {
      if (started.exitCode !== null) throw new Error(`weft ended with ${started.exitCode}`);
      try {
        if ((await fetch(`${this.url}/v1/health`)).ok) return;
      } catch {
        // Not listening yet; the test's own time limit ends this.
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** End it without a farewell, with its worker. */
  async kill(): Promise<void> {
    const running = this.#process;
    this.#process = null;
    if (running?.pid === undefined || running.exitCode !== null) return;
    const over = new Promise((resolve) => running.once("exit", resolve));
    process.kill(-running.pid, "SIGKILL");
    await over;
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#home, { recursive: true, force: true });
  }
}
