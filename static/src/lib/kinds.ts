/** Whether `kind` ("post.failed") is among `patterns` ("post.* job.failed", "*"). */
export function kindMatches(kind: string, patterns: string): boolean {
  return patterns
    .split(/[\s,]+/)
    .filter(Boolean)
    .some((pattern) =>
      pattern === "*" || pattern === kind
        ? true
        : pattern.endsWith(".*") && kind.startsWith(pattern.slice(0, -1)),
    );
}
