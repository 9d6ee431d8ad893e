// The answer: the verdict, what fills each memory, figures, notices and the command.
import { element, named } from "../page.js";
import { OTHER, cards, nameOf } from "./choices.js";
import { sharesMemory } from "./form.js";
import { roomFor } from "./room.js";
import { GIB, RECORDS_OF, gib, guide, page, say, seconds, shown, speed } from "./words.js";

const PARTS = ["weights", "kv_cache", "compute_buffer", "runtime", "companions", "margin"];

function bar(name, parts, total, layers) {
  const used = PARTS.slice(0, -1).reduce((sum, part) => sum + (parts[part] ?? 0), 0);
  const scale = Math.max(used + (parts.margin ?? 0), total ?? used) || 1;
  const left = total === null ? 0 : total - used - (parts.margin ?? 0);
  const strip = element("div", { class: "bar", "aria-hidden": "true" });
  const legend = element("ul", { class: "bar-legend" });
  for (const part of PARTS) {
    const bytes = parts[part] ?? 0;
    if (bytes <= 0) continue;
    const segment = element("span", { class: `bar-part bar-${part}` });
    segment.style.width = `${(100 * bytes) / scale}%`;
    strip.append(segment);
    legend.append(element("li", { class: `bar-key bar-${part}` }, `${say(part)} ${gib(bytes)}`));
  }
  if (total !== null) {
    const over = left < 0;
    if (over) {
      const line = element("span", { class: "bar-limit" });
      line.style.left = `${(100 * total) / scale}%`;
      strip.append(line);
    }
    legend.append(element("li", { class: over ? "bar-over" : "bar-key bar-free" }, `${say(over ? "over" : "free")} ${gib(Math.abs(left))}`));
  }
  const told = total === null ? gib(used) : say("of", { used: gib(used), total: gib(total) });
  const head = element("p", { class: "bar-name" }, element("strong", {}, name), ` ${told}`);
  if (layers) head.append(` · ${say("layers-here", { layers: shown(layers) })}`);
  return element("div", { class: "bar-of" }, head, strip, legend);
}

function figure(list, name, value, range, values) {
  const told = element("dd", {}, value);
  if (range) told.append(element("small", {}, range));
  list.append(element("div", { "data-figure": name }, element("dt", {}, say(name, values)), told));
}

const band = (low, high, written) => (low === null || low === undefined ? "" : say("range", { low: written(low), high: written(high) }));
const bare = (value) => shown(value);

export function show(setting, result) {
  const verdict = page.querySelector("[data-verdict]");
  const { short_bytes: short, gpu_layers: onCards, layers } = result;
  const host = result.host.weights_bytes + result.host.kv_cache_bytes + result.host.compute_buffer_bytes;
  const split = setting.gpus.length > 0 && onCards < layers;
  const shared = sharesMemory(setting);
  let told;
  const { n_cpu_moe: apart = 0, users_that_fit: together } = result;
  if (short > 0 && setting.users > 1 && together > 0) told = say("short-users", { users: shown(setting.users), fit: shown(together) });
  else if (short > 0) told = say("short", { short: gib(short) });
  else if (!setting.gpus.length) told = say("fits-cpu", { host: gib(host) });
  else if (setting.experts_on_host && onCards === layers && host > result.weights.bytes / 4) told = say("fits-experts", { host: gib(host) });
  else if (apart > 0 && onCards === layers) told = say("fits-apart", { layers: shown(apart), host: gib(host) });
  else if (split) told = say("fits-split", { layers: say("layers-of", { value: onCards, total: layers }), host: gib(host) });
  else told = say("fits", { free: gib(result.spare_bytes) });
  if (result.decode) told = say(result.decode.basis === "spilled" ? "status-spilled" : "status", { verdict: told, speed: speed(result.decode.tokens_per_second) });
  verdict.textContent = told;
  verdict.dataset.fits = short > 0 ? "no" : split || apart > 0 || setting.experts_on_host ? "partly" : "yes";

  page.querySelector("[data-bars]").replaceChildren(
    ...result.devices.map((device, index) =>
      bar(
        nameOf(cards, device.id) + (result.devices.length > 1 ? ` ${index + 1}` : ""),
        {
          weights: device.weights_bytes,
          kv_cache: device.kv_cache_bytes,
          compute_buffer: device.compute_buffer_bytes,
          runtime: device.runtime_bytes,
          companions: device.companion_bytes,
          margin: device.margin_bytes,
        },
        device.usable_bytes,
        device.layers,
      ),
    ),
    ...(shared ? [] : [bar(
      say("host"),
      { weights: result.host.weights_bytes, kv_cache: result.host.kv_cache_bytes, compute_buffer: result.host.compute_buffer_bytes },
      setting.ram_gib === null ? null : setting.ram_gib * GIB,
    )]),
  );

  let list = element("dl");
  const { decode, prefill, first_token: first } = result;
  if (decode) figure(list, "figure-decode", speed(decode.tokens_per_second), band(decode.low, decode.high, bare));
  const { speculation: guesses, per_user: each, users_that_fit: conversations, users_at_fill: filled } = result;
  if (guesses) figure(list, "figure-guesses", speed(guesses.tokens_per_second), band(guesses.low, guesses.high, bare), { from: shown(100 * guesses.pays_from, 0) });
  if (each) figure(list, "figure-each", speed(each.tokens_per_second), say("each-first", { first: seconds(each.first_token_seconds), last: seconds(each.last_first_token_seconds) }));
  if (conversations !== undefined) figure(list, "figure-users", shown(conversations), say("users-filled", { users: shown(filled.users), fill: shown(100 * filled.fill, 0) }));
  figure(list, "figure-context", roomFor.context);
  if (first) figure(list, "figure-first", seconds(first.seconds), band(first.low, first.high, seconds), { tokens: shown(setting.prompt_tokens ?? 512) });
  const rest = element("dl");
  const more = page.querySelector("[data-more-figures]");
  page.querySelector("[data-figures]").replaceChildren(...list.children);
  list = rest;
  if (prefill) figure(list, "figure-prefill", speed(prefill.tokens_per_second), band(prefill.low, prefill.high, bare));
  if (setting.gpus.length) figure(list, "figure-layers", say("layers-of", { value: shown(onCards), total: shown(layers) }));
  figure(list, "figure-quant", roomFor.quant);
  if (setting.gpus.length) figure(list, "figure-fit", roomFor.fit);
  figure(list, "figure-file", gib(result.weights.bytes));
  figure(list, "figure-parameters", `${shown(result.parameters / 1e9, 2)} × 10⁹`);
  if (result.load) figure(list, "figure-load", seconds(result.load.seconds), say("load-cached", { value: seconds(result.load.cached_seconds) }));
  if (result.watts) figure(list, "figure-watts", `${shown(result.watts)} W`);
  if (result.tokens_per_second_per_1000) figure(list, "figure-value", speed(result.tokens_per_second_per_1000));
  if (result.tokens_per_joule) figure(list, "figure-joule", `${speed(result.tokens_per_joule)}/W`);
  if (result.kwh_per_year) figure(list, "figure-year", `${shown(result.kwh_per_year, 0)} kWh`);
  if (result.cost_per_year !== undefined) figure(list, "figure-year-cost", shown(result.cost_per_year));
  if (result.kwh_per_million) figure(list, "figure-energy", `${shown(result.kwh_per_million)} kWh`);
  if (result.cost_per_million !== undefined) figure(list, "figure-energy-cost", shown(result.cost_per_million));
  more.replaceChildren(...rest.children);

  const others = Object.entries(result.other_commands).map(([program, text]) => `\n# ${program}\n${text}`);
  page.querySelector("[data-command]").textContent = [result.command, ...others].join("\n");
  warn(result);
  return told;
}

// What a notice's value is called: the name of the record that it is an id of, or the value itself.
function called(name, value) {
  if (typeof value === "number") return shown(value);
  if (value === OTHER) return say("other-card");
  const kind = (RECORDS_OF[name] ?? []).find((each) => Object.hasOwn(guide[each], value));
  return kind ? named(guide[kind][value]) : value;
}

function warn({ notices }) {
  const told = notices.map(({ code, values }) =>
    say(`notice-${code}`, Object.fromEntries(Object.entries(values).map(([name, value]) => [name, called(name, value)]))).replaceAll("） ", "）"),
  );
  page.querySelector("[data-warnings]").replaceChildren(...told.map((text) => element("li", {}, text)));
}

export function clear() {
  page.querySelector("[data-try]").hidden = true;
  page.querySelector("[data-more-figures]").replaceChildren();
  for (const name of ["bars", "figures", "warnings"]) page.querySelector(`[data-${name}]`).replaceChildren();
  page.querySelector("[data-command]").textContent = "";
}
