// Numbers and times for people.

const whole = new Intl.NumberFormat("en");
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

export const count = number => whole.format(number);
export const when = time => moment.format(new Date(time));
export const timeOfDay = time => clock.format(new Date(time));
export const plural = (number, one) => `${count(number)} ${one}${number === 1 ? "" : "s"}`;
export const dollars = amount => amount >= 0.01 || amount === 0 ? `$${amount.toFixed(2)}` : `$${amount.toFixed(4)}`;

export function duration(milliseconds) {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min ${Math.round(seconds % 60)} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function ago(time, now = Date.now()) {
  const seconds = (now - new Date(time)) / 1000;
  if (seconds < 45) return "just now";
  if (seconds < 3600) return `${Math.max(1, Math.round(seconds / 60))} min ago`;
  if (seconds < 86400) return `${Math.round(seconds / 3600)} h ago`;
  return when(time);
}

export function bytes(length) {
  const units = ["bytes", "KiB", "MiB", "GiB"];
  let unit = 0;
  for (; length >= 1024 && unit < units.length - 1; unit++) length /= 1024;
  return `${unit === 0 ? count(length) : length.toFixed(1)} ${units[unit]}`;
}

/** The first line that says something, cut to what fits a title. */
export function title(prompt) {
  const line = prompt.split("\n").map(text => text.trim()).find(text => text && !text.startsWith("#!")) ?? "";
  return line.length > 120 ? line.slice(0, 119) + "…" : line || "(no text)";
}
