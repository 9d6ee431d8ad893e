// Which device of the guide this computer has, from what the browser tells of itself. Nothing leaves the page.
const plain = (text) => text.toLowerCase()
  .replace(/\((?:r|tm|0x[0-9a-f]+)\)/g, " ")
  .replace(/\b(?:nvidia|geforce|amd|radeon|intel|apple|graphics|gpu|angle|metal renderer|direct3d\d*|opengl engine|vulkan|laptop)\b/g, " ")
  .replace(/[^\p{L}\p{N}]+/gu, " ").trim();

/** What the browser says of its graphics adapter: the name that WebGL draws with, and the description of WebGPU where it has one. */
export async function reported() {
  const told = [];
  const canvas = document.createElement("canvas");
  const gl = canvas.getContext("webgl2") ?? canvas.getContext("webgl");
  const unmasked = gl?.getExtension("WEBGL_debug_renderer_info");
  if (gl) told.push(gl.getParameter(unmasked ? unmasked.UNMASKED_RENDERER_WEBGL : gl.RENDERER) ?? "");
  const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
  if (adapter?.info?.description) told.push(adapter.info.description);
  const name = told.filter(Boolean).sort((a, b) => b.length - a.length)[0] ?? "";
  // "ANGLE (NVIDIA, NVIDIA GeForce RTX 3060 (0x00002504) Direct3D11 vs_5_0 ps_5_0, D3D11)": the middle part is the adapter.
  return (name.match(/^ANGLE \([^,]*, (.*?)(?:, [^,]*)?\)$/)?.[1] ?? name).replace(/ \(0x[0-9a-f]+\).*$/i, "").replace(/ Direct3D.*$/, "").replace(/^ANGLE Metal Renderer: /, "");
}

/** Ids of the devices that a reported name may be, those that the guide shows first before the others.
 *  A name fits when every word of it that tells cards apart stands in the device's name, and the other way round. */
export function devices(told, gpus) {
  const laptop = /laptop|mobile|max-q/i.test(told);
  const words = plain(told).split(" ").filter(Boolean);
  if (!words.some((word) => /\d/.test(word))) return [];
  const spare = /^(?:\d+|\d+gb|gb|core|cores|mobile|m)$/; // sizes and core counts, which browsers leave out
  const found = Object.entries(gpus).filter(([, gpu]) => {
    const own = plain(`${gpu.name} ${(gpu.also_called ?? []).join(" ")}`).split(" ");
    const must = plain(gpu.name.replace(/\(.*?\)/g, "")).split(" ").filter((word) => !/^\d+(?:gb)$/.test(word));
    const fits = words.every((word) => own.includes(word)) && must.every((word) => words.includes(word) || (spare.test(word) && !/^\d{3,}$/.test(word)));
    return fits && !gpu.modified && (gpu.kind === "laptop" || !laptop);
  });
  const chosen = laptop ? found.filter(([, gpu]) => gpu.kind === "laptop") : found.filter(([, gpu]) => gpu.kind !== "laptop");
  return (chosen.length ? chosen : found).sort(([, a], [, b]) => Boolean(b.headline) - Boolean(a.headline)).map(([id]) => id);
}
