// What Python's operators and built-ins do where JavaScript's differ; the translated functions (body.py) call these.
// Whole numbers must stay below 2^53 in size: a test of the formulas holds that.

class ValueError extends Error {}
class KeyError extends Error {}

const isList = Array.isArray;
// By names of their own: minifiers write Math.trunc(x) as x|0 and Math.sqrt(x) as x**.5, which are other numbers.
const absolute = Math.abs;
const squareRoot = Math.sqrt;
const truncated = Math.trunc;

function truth(value) {
  if (value === null || value === undefined) return false;
  if (typeof value === "object") {
    if (isList(value)) return value.length > 0;
    if (value instanceof Dictionary || value instanceof Set) return value.size > 0;
    return true;
  }
  return typeof value === "number" ? value !== 0 : Boolean(value);
}

function and(first, second) {
  return truth(first) ? second() : first;
}

function or(first, second) {
  return truth(first) ? first : second();
}

function add(a, b) {
  if (typeof a !== "object") return a + b;
  return isList(a) ? a.concat(b) : a.__add__(b);
}

function repeat(list, times) {
  const result = [];
  for (let i = 0; i < times; i++) result.push(...list);
  return result;
}

// The algorithm of Python's floats; exact for whole numbers, as the remainder of two doubles is exact.
function modulo(a, b) {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
}

function floorDivide(a, b) {
  if (b === 0) throw new ValueError("division by zero");
  let rest = a % b;
  let quotient = (a - rest) / b;
  if (rest !== 0 && rest < 0 !== b < 0) quotient -= 1;
  const whole = Math.floor(quotient);
  return quotient - whole > 0.5 ? whole + 1 : whole;
}

function roundHalfEven(x) {
  const below = Math.floor(x) + 0;
  const rest = x - below;
  if (rest < 0.5) return below;
  if (rest > 0.5) return below + 1;
  return below % 2 === 0 ? below : below + 1;
}

function equal(a, b) {
  if (a === b) return true;
  if (typeof a === "boolean" || typeof b === "boolean") return isFloatOrBool(a) && isFloatOrBool(b) && Number(a) === Number(b);
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (isList(a)) return isList(b) && a.length === b.length && a.every((value, i) => equal(value, b[i]));
  if (a instanceof Dictionary) {
    return b instanceof Dictionary && a.size === b.size && a.items().every(([key, value]) => b.has(key) && equal(value, b.get(key)));
  }
  if (a instanceof Set) return b instanceof Set && a.size === b.size && [...a].every((member) => b.has(member));
  const keys = Object.keys(a);
  return !isList(b) && keys.length === Object.keys(b).length && keys.every((key) => equal(a[key], b[key]));
}

// Order of numbers, texts and lists of them: negative, zero, positive.
function compare(a, b) {
  if (isList(a) && isList(b)) {
    for (let i = 0; i < a.length && i < b.length; i++) {
      const order = compare(a[i], b[i]);
      if (order) return order;
    }
    return a.length - b.length;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

function list(values) {
  return isList(values) ? values : [...values];
}

function contains(container, value) {
  if (typeof container === "string") return container.includes(value);
  if (isList(container)) return container.some((known) => equal(known, value));
  return container.has(container instanceof Set ? keyOf(value) : value);
}

// A dictionary that keeps the order of its keys and takes lists (Python's tuples) as keys by what they hold.
const keyOf = (key) => (isList(key) ? JSON.stringify(key) : key);

class Dictionary {
  constructor() {
    this.entries = new Map();
  }
  get size() {
    return this.entries.size;
  }
  has(key) {
    return this.entries.has(keyOf(key));
  }
  get(key) {
    return this.entries.get(keyOf(key))?.[1];
  }
  set(key, value) {
    const id = keyOf(key);
    const entry = this.entries.get(id);
    if (entry) entry[1] = value;
    else this.entries.set(id, [key, value]);
  }
  delete(key) {
    this.entries.delete(keyOf(key));
  }
  items() {
    return [...this.entries.values()].map((entry) => [...entry]);
  }
  [Symbol.iterator]() {
    return this.items().map(([key]) => key)[Symbol.iterator]();
  }
}

function dictionary(pairs) {
  const made = new Dictionary();
  for (const [key, value] of pairs instanceof Dictionary ? pairs.items() : list(pairs)) made.set(key, value);
  return made;
}

// `|` of two dictionaries or sets.
const merged = (a, b) => (a instanceof Set ? new Set([...a, ...b]) : dictionary([...a.items(), ...b.items()]));

// `|=`: in place.
function updated(a, b) {
  if (a instanceof Set) for (const member of b) a.add(member);
  else for (const [key, value] of b.items()) a.set(key, value);
  return a;
}

const common = (a, b) => new Set([...a].filter((member) => b.has(member)));

function item(container, key) {
  if (container instanceof Dictionary) {
    if (!container.has(key)) throw new KeyError(String(key));
    return container.get(key);
  }
  const index = key < 0 ? key + container.length : key;
  if (!(index >= 0 && index < container.length)) throw new RangeError(`index ${key} of ${container.length}`);
  return container[index];
}

function setItem(container, key, value) {
  if (container instanceof Dictionary) container.set(key, value);
  else container[key < 0 ? key + container.length : key] = value;
}

const slice = (container, from, to) => container.slice(from ?? 0, to ?? undefined);

function get(dict, key, otherwise = null) {
  return dict.has(key) ? dict.get(key) : otherwise;
}

function setDefault(dict, key, value = null) {
  if (!dict.has(key)) dict.set(key, value);
  return dict.get(key);
}

const keys = (dict) => [...dict];
const values = (dict) => dict.items().map(([, value]) => value);
const items = (dict) => dict.items();
const set = (members) => new Set(list(members).map(keyOf));

const length = (container) => container.length ?? container.size;

function sum(numbers, start = 0) {
  let total = start;
  for (const value of list(numbers)) total = add(total, value);
  return total;
}

function extreme(sign, candidates, key, otherwise) {
  let best;
  let bestKey;
  for (const value of list(candidates)) {
    const rank = key ? key(value) : value;
    if (bestKey === undefined || compare(rank, bestKey) * sign > 0) [best, bestKey] = [value, rank];
  }
  if (bestKey !== undefined) return best;
  if (otherwise === undefined) throw new ValueError("the largest or smallest of nothing");
  return otherwise;
}

const max = (candidates, key, otherwise) => extreme(1, candidates, key, otherwise);
const min = (candidates, key, otherwise) => extreme(-1, candidates, key, otherwise);

function sorted(members, key, reverse) {
  const sign = reverse ? -1 : 1;
  const ranked = list(members).map((value) => [key ? key(value) : value, value]);
  return ranked.sort((a, b) => compare(a[0], b[0]) * sign).map(([, value]) => value);
}

function next(members, otherwise) {
  for (const value of members) return value;
  if (otherwise === undefined) throw new RangeError("the next of nothing");
  return otherwise;
}

const product = (numbers) => list(numbers).reduce((a, b) => a * b, 1);
const startsWith = (string, start) => (isList(start) ? start : [start]).some((one) => string.startsWith(one));
const endsWith = (string, end) => (isList(end) ? end : [end]).some((one) => string.endsWith(one));
const removePrefix = (string, start) => (string.startsWith(start) ? string.slice(start.length) : string);
const removeSuffix = (string, end) => (string.endsWith(end) ? string.slice(0, string.length - end.length) : string);

// Arguments given by name (`**`), at the places where the function declares them.
function bound({ first, rest, named, others }, given, pairs) {
  const values = new Map(pairs);
  first.forEach((name, i) => { if (i < given.length) values.set(name, given[i]); });
  const known = [...first, ...named];
  const more = dictionary([...values].filter(([name]) => !known.includes(name)));
  if (more.size && !others) throw new TypeError(`no parameter ${[...more]}`);
  const placed = first.map((name) => values.get(name));
  if (rest) placed.push(given.slice(first.length));
  placed.push(...named.map((name) => values.get(name)));
  if (others) placed.push(more);
  return placed;
}

const reduce = (join, members, first) => list(members).reduce((a, b) => join(a, b), first);
const reversed = (members) => [...list(members)].reverse();
const all = (tests) => list(tests).every(truth);
const any = (tests) => list(tests).some(truth);
const enumerate = (members, start = 0) => list(members).map((value, i) => [i + start, value]);

function zip(...lists) {
  const all = lists.map(list);
  const rows = [];
  for (let i = 0; i < Math.min(...all.map((one) => one.length)); i++) rows.push(all.map((one) => one[i]));
  return rows;
}

function range(from, to, step = 1) {
  const numbers = [];
  for (let i = from; step > 0 ? i < to : i > to; i += step) numbers.push(i);
  return numbers;
}

function insert(list, index, value) {
  list.splice(index, 0, value);
}

function pop(container, key, otherwise) {
  if (container instanceof Dictionary) {
    if (otherwise !== undefined && !container.has(key)) return otherwise;
    const value = item(container, key);
    container.delete(key);
    return value;
  }
  return container.splice(key ?? -1, 1)[0];
}

const isInt = (value) => typeof value === "number" && Number.isInteger(value);
const isFloat = (value) => typeof value === "number";
const isFloatOrBool = (value) => typeof value === "number" || typeof value === "boolean";
const isText = (value) => typeof value === "string";
const isBool = (value) => typeof value === "boolean";
const isSequence = (value) => isText(value) || isList(value);
const isPlain = (value) => typeof value !== "object" || isList(value) || value instanceof Dictionary || value instanceof Set;
const isDict = (value) => value instanceof Dictionary;

function int(value) {
  const number = typeof value === "string" ? (/^\s*[-+]?\d+\s*$/.test(value) ? Number(value) : NaN) : truncated(value);
  if (!Number.isFinite(number)) throw new ValueError(`expected a whole number, got ${value}`);
  return number + 0;
}

// For messages only: numbers may look otherwise than Python's.
function text(value) {
  if (isList(value)) return `[${value.map(quoted).join(", ")}]`;
  return value === null ? "None" : value === true ? "True" : value === false ? "False" : String(value);
}

const quoted = (value) => (typeof value === "string" ? `'${value}'` : text(value));

function replace(record, changes) {
  return Object.assign(Object.create(Object.getPrototypeOf(record)), record, changes);
}

// Records, lists of them and dictionaries, from plain data.
const absent = (given) => given === null || given === undefined;
const isRecord = (given) => typeof given === "object" && given !== null && given.constructor !== Object;
const made = (given, Kind) => (absent(given) || isRecord(given) ? given : new Kind(given));
const madeList = (given, make) => (absent(given) ? given : given.map(make));

function madeEntries(given, make) {
  if (absent(given) || given instanceof Dictionary) return given;
  return dictionary(Object.entries(given).map(([key, value]) => [key, make(value)]));
}

function checkFields(record, names, test) {
  for (const name of names.split(" ")) if (!test(record[name])) throw new ValueError(name);
}

// A record of what a reader gives, which may be anything.
function validated(Kind, given) {
  try {
    const record = new Kind(given);
    record.check();
    return record;
  } catch (error) {
    throw Object.assign(error, { field: error.field ?? "record" });
  }
}

// What a record's rules refused, by the name of what it was made of.
function named(error, field) {
  return error.field === "record" ? Object.assign(error, { field }) : error;
}

// Plain data as Python's json.loads has it: objects become dictionaries.
function fromJson(value) {
  if (isList(value)) return value.map(fromJson);
  if (typeof value !== "object" || value === null) return value;
  return dictionary(Object.entries(value).map(([key, inner]) => [key, fromJson(inner)]));
}

function toJson(value) {
  if (value instanceof Dictionary) return Object.fromEntries(value.items().map(([key, inner]) => [key, toJson(inner)]));
  return isList(value) ? value.map(toJson) : value;
}

// Records that are made when they are first asked for.
class Records extends Dictionary {
  constructor(data, Kind) {
    super();
    this.data = data;
    this.Kind = Kind;
    for (const id of Object.keys(data)) this.entries.set(id, [id, undefined]);
  }
  get(id) {
    const entry = this.entries.get(id);
    if (entry && entry[1] === undefined) entry[1] = new this.Kind({ id, ...this.data[id] });
    return entry?.[1];
  }
  items() {
    return [...this.entries.keys()].map((id) => [id, this.get(id)]);
  }
  [Symbol.iterator]() {
    return this.entries.keys();
  }
}

// The records of the guide as functions expect them: `catalogue.models`, `catalogue.records["models"]`.
function catalogueOf(data, classes) {
  const catalogue = { records: dictionary([]) };
  for (const [kind, Kind] of Object.entries(classes)) {
    const records = new Records(data[kind], Kind);
    catalogue[kind.replaceAll("-", "_")] = records;
    catalogue.records.set(kind, records);
  }
  return catalogue;
}

// A pure function of records, numbers and texts, remembered for the arguments it has seen; records by which they are. Of so many results
// it forgets all, so that a page that stays open does not grow.
const MOST_REMEMBERED = 1000;
function remembered(compute) {
  const level = () => ({ records: new WeakMap(), values: new Map() });
  let known = level();
  let kept = 0;
  const placeOf = (given) => {
    let here = known;
    for (const argument of given) {
      const branch = typeof argument === "object" && argument !== null ? here.records : here.values;
      if (!branch.has(argument)) branch.set(argument, level());
      here = branch.get(argument);
    }
    return here;
  };
  return (...given) => {
    const here = placeOf(given);
    if ("result" in here) return here.result;
    const result = compute(...given);
    if (kept >= MOST_REMEMBERED) [known, kept] = [level(), 0];
    kept += 1;
    placeOf(given).result = result;
    return result;
  };
}

// Python's whole numbers have no negative zero.
const ceil = (x) => Math.ceil(x) + 0;
const floor = (x) => Math.floor(x) + 0;
const maximum = (a, b) => (a >= b ? a : b);
const minimum = (a, b) => (a <= b ? a : b);
const where = (condition, a, b) => (truth(condition) ? a : b);

// The page has its own words for what is wrong and what was meant.
const nearest = () => "choose another";

// A slice of a file, least significant byte first; numbers from 2^53 on lose their last digits, which only a refusal sees.
const viewed = (data) => new DataView(data.buffer, data.byteOffset, data.byteLength);

function wholeAt(data, at, size) {
  let number = 0;
  for (let i = size - 1; i >= 0; i--) number = number * 256 + data[at + i];
  return number;
}

function signedAt(data, at, size) {
  const number = wholeAt(data, at, size);
  return number >= 2 ** (8 * size - 1) ? number - 2 ** (8 * size) : number;
}

const realAt = (data, at, size) => (size === 4 ? viewed(data).getFloat32(at, true) : viewed(data).getFloat64(at, true));
const lettersAt = (data, at, size) => new TextDecoder().decode(data.subarray(at, at + size));

function afterTexts(data, at, count) {
  for (let i = 0; i < count; i++) {
    if (at + 8 > data.length) return -1;
    // Nearly every text is shorter than 256 bytes: then its length is its first byte.
    const longer = data[at + 1] | data[at + 2] | data[at + 3] | data[at + 4] | data[at + 5] | data[at + 6] | data[at + 7];
    at += 8 + (longer ? wholeAt(data, at, 8) : data[at]);
  }
  return at <= data.length ? at : -1;
}

function isPattern(pattern) {
  try {
    return Boolean(new RegExp(pattern));
  } catch {
    return false;
  }
}
const foundIn = (pattern, name) => isPattern(pattern) && new RegExp(pattern).test(name);
