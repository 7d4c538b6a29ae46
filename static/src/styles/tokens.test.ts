import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const css = readFileSync("src/styles/tokens.css", "utf8");
type Rgb = [number, number, number];

/** Linear sRGB of an opaque oklch() colour. */
function linear(text: string): Rgb {
  const [l, c, h] = text.match(/oklch\(([^)/]+)/)![1]!.trim().split(/\s+/).map(Number) as Rgb;
  const a = c * Math.cos((h * Math.PI) / 180);
  const b = c * Math.sin((h * Math.PI) / 180);
  const cube = (x: number) => x ** 3;
  const L = cube(l + 0.3963377774 * a + 0.2158037573 * b);
  const M = cube(l - 0.1055613458 * a - 0.0638541728 * b);
  const S = cube(l - 0.0894841775 * a - 1.291485548 * b);
  return [
    4.0767416621 * L - 3.3077115913 * M + 0.2309699292 * S,
    -1.2684380046 * L + 2.6097574011 * M - 0.3413193965 * S,
    -0.0041960863 * L - 0.7034186147 * M + 1.707614701 * S,
  ].map((part) => Math.min(1, Math.max(0, part))) as Rgb;
}

const luminance = ([r, g, b]: Rgb) => 0.2126 * r + 0.7152 * g + 0.0722 * b;

function contrast(one: string, other: string): number {
  const [dark, light] = [luminance(linear(one)), luminance(linear(other))].sort((x, y) => x - y);
  return (light! + 0.05) / (dark! + 0.05);
}

function token(name: string, theme: "light" | "dark"): string {
  const value = css.match(new RegExp(`--candy-${name}: ([^;]+);`))?.[1];
  if (!value) throw new Error(`no token ${name}`);
  const both = value.match(/light-dark\((oklch\([^)]*\)), (oklch\([^)]*\))\)/);
  return both ? both[theme === "light" ? 1 : 2]! : value;
}

const GROUNDS = ["page", "sunken", "surface", "raised", "hover"];
const TEXT: [string, string][] = [
  ...["text", "muted", "accent-text"].flatMap((ink) => GROUNDS.map((ground): [string, string] => [ink, ground])),
  ["on-accent", "accent"],
  ["on-accent", "accent-hover"],
  ["on-accent", "danger-solid"],
  ["accent-text", "accent-soft"],
  ...["grape", "mint", "success", "warning", "danger", "info"].flatMap((kind): [string, string][] => [
    [kind, `${kind}-soft`],
    [kind, "surface"],
    [kind, "page"],
    ["text", `${kind}-soft`],
  ]),
];

describe.each(["light", "dark"] as const)("the %s theme", (theme) => {
  it.each(TEXT)("has %s readable on %s", (ink, ground) => {
    expect(contrast(token(ink, theme), token(ground, theme))).toBeGreaterThanOrEqual(4.5);
  });

  it.each(GROUNDS)("shows the focus ring on %s", (ground) => {
    expect(contrast(token("focus", theme), token(ground, theme))).toBeGreaterThanOrEqual(3);
  });
});

it("computes contrast as WCAG does", () => {
  expect(contrast("oklch(0 0 0)", "oklch(1 0 0)")).toBeCloseTo(21, 1);
});
