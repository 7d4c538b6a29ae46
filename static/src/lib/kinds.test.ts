import { expect, it } from "vitest";
import { kindMatches } from "./kinds";

it.each([
  ["post.failed", "post.failed", true],
  ["post.failed", "job.dead post.*", true],
  ["post.failed", "*", true],
  ["post.failed", "post", false],
  ["poster.made", "post.*", false],
  ["post.failed", "", false],
])("%s among “%s”: %s", (kind, patterns, expected) => {
  expect(kindMatches(kind, patterns)).toBe(expected);
});
