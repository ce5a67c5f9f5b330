// What the server, or the builder itself, has to say about one row or group.
import { useLive } from "./live.js";

export const useProblem = (path) => useLive().problems.get(path.join("."));
export const problemId = (path) => `rb-note-${path.join("-") || "root"}`;

const NAMES = { error: "To correct: ", warning: "Hint: ", unfinished: "Not finished: " };

export function Note({ path }) {
  const problem = useProblem(path);
  if (!problem) return null;
  return (
    <p id={problemId(path)} class={`rb-note rb-${problem.kind}`}><strong>{NAMES[problem.kind]}</strong>{problem.words}</p>
  );
}
