/** Servers of a test's own: with users, or to be killed and started again. */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export class Server {
  readonly url: string;
  readonly #home = mkdtempSync(join(tmpdir(), "weft-e2e-"));
  readonly #port: number;
  readonly #more: readonly string[];
  #process: ChildProcess | null = null;

  constructor(port: number, ...more: string[]) {
    this.#port = port;
    this.#more = more;
    this.url = `http://127.0.0.1:${port}`;
  }

  async start(): Promise<void> {
    const home = this.#home;
    const data = ["--data", join(home, "server"), "--out", join(home, "out")];
    const command = [process.env["WEFT"] ?? "weft", "serve", "--port", String(this.#port)];
    const words = [...command, ...data, "--cpu", "--no-packs", ...this.#more];
    const started = spawn("sh", ["-c", 'exec $0 "$@"', ...words], {
      env: { ...process.env, WEFT_HOME: home, OMP_WAIT_POLICY: "passive" },
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
