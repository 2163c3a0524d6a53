/** The prompt and the seeds of jobs: asked for when one is looked at, and kept. */

import { type RefObject, useEffect, useState } from "react";
import { jobWorkflow } from "../api/client";
import { type Facts, factsOf } from "../graph/facts";
import { readWorkflow } from "../graph/file";
import { useDocs } from "./docs";
import { t } from "./messages/index";

const known = new Map<string, Facts>();
const asked = new Map<string, Promise<Facts | null>>();
const MOST = 1000;

function ask(job: string): Promise<Facts | null> {
  const before = asked.get(job);
  if (before !== undefined) return before;
  const answer = jobWorkflow(job)
    .then((data) => {
      const facts = factsOf(readWorkflow(data), useDocs.getState().catalog);
      if (known.size >= MOST) known.clear();
      known.set(job, facts);
      return facts;
    })
    .catch(() => null) // it was deleted, or the server is away: asked for again another time
    .finally(() => asked.delete(job));
  asked.set(job, answer);
  return answer;
}

/** What made a job's pictures; null until it is known. */
export function useFacts(job: string, wanted = true): Facts | null {
  const ready = useDocs((docs) => docs.ready);
  const [found, setFound] = useState<readonly [string, Facts] | null>(null);
  useEffect(() => {
    if (!wanted || !ready || known.has(job)) return;
    let gone = false;
    void ask(job).then((facts) => !gone && facts && setFound([job, facts]));
    return () => {
      gone = true;
    };
  }, [job, wanted, ready]);
  return known.get(job) ?? (found?.[0] === job ? found[1] : null);
}

/** Whether an element has come into view. */
export function useSeen(place: RefObject<Element | null>): boolean {
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const element = place.current;
    if (element === null || seen) return;
    const watch = new IntersectionObserver((entries) => {
      if (entries.some(({ isIntersecting }) => isIntersecting)) setSeen(true);
    });
    watch.observe(element);
    return () => watch.disconnect();
  }, [place, seen]);
  return seen;
}

/** Seeds in words; empty where there is none. */
export function seedText({ seeds }: Facts): string {
  return seeds.length === 0 ? "" : t("facts.seed", { seed: seeds.join(", ") });
}
