import { describe, expect, it } from "vitest";
import { Refused } from "../../src/api/client";
import { EMPTY_WORKFLOW, type Workflow } from "../../src/graph/model";
import {
  answered,
  isDue,
  type Kept,
  NOT_KEPT,
  outcomeOf,
  reconnected,
  sending,
} from "../../src/state/library/machine";

const saved = EMPTY_WORKFLOW;
const one: Workflow = { ...EMPTY_WORKFLOW };
const two: Workflow = { ...EMPTY_WORKFLOW };
const kept: Kept = { ...NOT_KEPT, id: "ab", base: 4, name: "Cat" };
const refused = (status: number, code: string, expected?: string) =>
  new Refused(status, [{ code, message: "no", ...(expected && { expected }) } as never]);

describe("isDue", () => {
  it("is true of a change, in the library or not yet", () => {
    expect(isDue(kept, one, saved)).toBe(true);
    expect(isDue(NOT_KEPT, one, saved)).toBe(true);
  });

  it("is false of what is saved, of what may only be read, and while a person must decide", () => {
    expect(isDue(kept, saved, saved)).toBe(false);
    expect(isDue({ ...kept, access: "viewer" }, one, saved)).toBe(false);
    for (const phase of ["saving", "offline", "conflict", "trashed"] as const) {
      expect(isDue({ ...kept, phase }, one, saved)).toBe(false);
    }
  });

  it("does not send what was refused a second time, but what comes after it", () => {
    const no = answered(sending(kept, one), outcomeOf(refused(413, "request.too_large")));
    expect(no).toMatchObject({ phase: "refused", reason: "no" });
    expect(isDue(no, one, saved)).toBe(false);
    expect(isDue(no, two, saved)).toBe(true);
  });
});

describe("a save that is answered", () => {
  it("moves the base to the new revision", () => {
    const there = { id: "ab", base: 5, name: "Dog", at: 9 };
    const now = answered(sending(kept, one), { kind: "stored", ...there });
    expect(now).toMatchObject({ ...there, phase: "idle" });
  });

  it("stays a conflict, with the other's number, until a person decides", () => {
    const outcome = outcomeOf(refused(409, "workflows.conflict", "7"));
    const now = answered(sending(kept, one), outcome);
    expect(now).toMatchObject({ phase: "conflict", theirs: 7, base: 4 });
    expect(reconnected(now).phase).toBe("conflict");
  });

  it("begins anew when nobody has the workflow any more, keeping what was allowed", () => {
    const stranger: Kept = { ...kept, accepts: ["reads"] };
    const now = answered(sending(stranger, one), outcomeOf(refused(404, "workflows.unknown")));
    expect(now).toMatchObject({ id: null, base: 0, phase: "idle", accepts: ["reads"] });
    expect(isDue(now, one, saved)).toBe(true);
  });
});

describe("a server that is away", () => {
  it.each([new TypeError("fetch failed"), refused(503, "server.starting")])(
    "costs nothing: it is tried again (%s)",
    (error) => {
      const away = answered(sending(kept, one), outcomeOf(error));
      expect(away).toMatchObject({ phase: "offline", id: "ab", base: 4 });
      const back = reconnected(away);
      expect(isDue(back, one, saved)).toBe(true);
    },
  );
});
