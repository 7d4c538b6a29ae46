import { expect, test } from "vitest";
import { between, check, cueOf, isSorted, type Line, order, readTime, speed, toVtt, writeTime } from "./cues";

const line = (start: string, end: string, text = "Hello there"): Line => ({ start, end, text });
const said = (lines: Line[], length = 0) => check(lines, length).map((each) => each.map((one) => `${one.level} ${one.field}`));

test.each([
  ["1:02.5", 62_500],
  ["00:01:02,500", 62_500],
  ["62.5", 62_500],
  [" 0:00.05 ", 50],
  ["75:00", 4_500_000],
  ["1:00:00.001", 3_600_001],
])("%s is %d milliseconds", (typed, milliseconds) => expect(readTime(typed)).toBe(milliseconds));

test.each(["", "x", "1:60", "1:75:00", "1:2:3:4", "-1", "1.2345", "1:"])("“%s” is no time", (typed) =>
  expect(readTime(typed)).toBeNull(),
);

test("a time is written so that it reads the same", () => {
  for (const value of [0, 1, 999, 59_999, 60_000, 3_599_999, 3_600_000, 360_000_001]) {
    expect(readTime(writeTime(value))).toBe(value);
  }
  expect([writeTime(62_500), writeTime(3_723_004), writeTime(-5)]).toEqual(["1:02.500", "1:02:03.004", "0:00.000"]);
});

test("a line without a time, with an end before its start, or without words is an error", () => {
  expect(said([line("soon", "", "")])).toEqual([["error start", "error end", "error text"]]);
  expect(said([line("2", "2")])).toEqual([["error end"]]);
  expect(said([line("2", "4", " \n ")])).toEqual([["error text"]]);
  expect(said([line("0", "100", "x".repeat(1001))])).toEqual([["error text"]]);
  expect(said([line("", "", " ")])).toEqual([[]]);
});

test("what overlaps the line above, or stands before it, is said", () => {
  const lines = [line("0", "2"), line("1.5", "3"), line("3", "5"), line("1", "2")];
  expect(said(lines)).toEqual([[], ["warning start"], [], ["warning start"]]);
  expect(check(lines)[1]?.[0]?.words).toBe("Overlaps the line above by 0.5 s.");
  expect(check(lines)[3]?.[0]?.words).toContain("begins before");
  expect(said([line("0", "2"), line("2", "3")])).toEqual([[], []]);
});

test("a broken line between two does not hide that they overlap", () => {
  expect(said([line("0", "3"), line("x", "4"), line("2", "5")])[2]).toEqual(["warning start"]);
});

test("a line that says nothing yet is told when it overlaps", () => {
  expect(said([line("0", "2"), line("1", "3", "")])[1]).toEqual(["error text", "warning start"]);
});

test("what nobody can read in time is said: letters count, breaks do not, an emoji is one", () => {
  expect(speed({ start: 0, end: 2000, text: "ab  \n cd" })).toBe(2.5);
  expect(speed({ start: 0, end: 1000, text: "🙂🙂" })).toBe(2);
  expect(said([line("0", "1", "x".repeat(20))])).toEqual([[]]);
  expect(said([line("0", "1", "x".repeat(21))])).toEqual([["warning text"]]);
  expect(said([line("0", "0.5", "Hi")])).toEqual([["warning end"]]);
});

test("what is said after the video is over is said", () => {
  expect(said([line("1", "3")], 2000)).toEqual([["warning end"]]);
  expect(said([line("2", "4")], 2000)).toEqual([["warning start"]]);
  expect(said([line("1", "3")], 0)).toEqual([[]]);
});

test("lines are put in order of time, and one without stays where it belongs", () => {
  const lines = [line("5", "6"), line("x", ""), line("1", "2")];
  expect(isSorted(lines)).toBe(false);
  expect(order(lines)).toEqual([2, 0, 1]);
  expect(isSorted([line("1", "2"), line("x", ""), line("1", "2")])).toBe(true);
});

test("a new line fills what is free, and never reaches into the next", () => {
  expect(between(undefined, undefined)).toEqual({ start: 0, end: 2000 });
  expect(between(line("0", "3"), line("9", "10"))).toEqual({ start: 3000, end: 5000 });
  expect(between(line("0", "3"), line("4", "10"))).toEqual({ start: 3000, end: 4000 });
  expect(between(line("0", "3"), line("2", "10"))).toEqual({ start: 3000, end: 5000 });
});

test("the player gets what is right, in order and harmless", () => {
  expect(cueOf(line("x", "2"))).toBeNull();
  expect(toVtt([line("1:02.5", "1:04", "a < b & c\n\n--> d"), line("x", "2"), line("0", "1", "First")])).toBe(
    "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nFirst\n\n00:01:02.500 --> 00:01:04.000\na &lt; b &amp; c\n--&gt; d\n",
  );
  expect(toVtt([line("1:00:00", "1:00:01")])).toContain("01:00:00.000 --> 01:00:01.000");
});
