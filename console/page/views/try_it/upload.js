/* Uploads a photo, or says in a line why it is not sent. A photo that is too large is scaled down before. */

import { request } from "../../api.js";
import { formatBytes, formatCount } from "../../parts/format.js";
import { mayBeImage } from "./files.js";

const LARGEST_BYTES = 10 * 1024 * 1024;
const SCALED_PIXELS = 1600;
const SCALED_QUALITY = 0.92;
export const NO_IMAGE = "not an image (JPEG, PNG, HEIF, WebP, TIFF, …)";

/** Why a photo is not sent: something about its file, which trying again would not change. */
export class UnfitFile extends Error {}

/**
 * Uploads a photo, which starts an execution.
 *
 * @param {{file: File, size: number, name: string}} photo Its size as it was chosen: that of a file which is gone since is 0.
 * @returns {Promise<{id: string, key: string, sentAs: string|null, note: string|null}>} The execution's id, the key
 *   under which the server keeps the photo, its name there if that is not its own, and what was done to it.
 * @throws {UnfitFile|ApiError}
 */
export async function uploadPhoto({ file, size, name }) {
  if (!mayBeImage(file)) throw new UnfitFile(NO_IMAGE);
  const { body, note } = await readPhoto(file, size);
  const sent = note ? `${name.replace(/\.[^.]*$/, "")}.jpg` : name;
  const headers = { "X-File-Name": encodeURIComponent(sent.toWellFormed?.() ?? sent) };
  try {
    const answer = await request("/api/photos", { method: "POST", body, headers });
    const { id, key, name: kept } = await answer.json();
    return { id, key, note, sentAs: kept === name ? null : kept };
  } catch (error) {
    if (error.status === 415 && error.message.startsWith("no image")) throw new UnfitFile(NO_IMAGE);
    if (error.status === 413 || error.status === 415) throw new UnfitFile(error.message);
    throw error;
  }
}

/** Starts an execution on a photo in S3; returns what uploadPhoto() does. */
export async function startSample({ input }) {
  const headers = { "Content-Type": "application/json" };
  const answer = await request("/api/executions", { method: "POST", body: JSON.stringify({ input }), headers });
  return { id: (await answer.json()).id, key: input.s3_key, sentAs: null, note: null };
}

/** Reads a file before it is sent: an upload that fails would not tell a missing file from a missing server. */
async function readPhoto(file, bytes) {
  // Of a file that is too large a byte shows whether it can be read.
  const wanted = bytes > LARGEST_BYTES ? 1 : bytes;
  const body = await file
    .slice(0, wanted)
    .arrayBuffer()
    .catch(() => null);
  if (body?.byteLength !== wanted) {
    throw new UnfitFile(`${file.name} can no longer be read: it was moved or changed. Choose it again.`);
  }
  if (bytes <= LARGEST_BYTES) return { body, note: null };
  const size = formatBytes(bytes);
  try {
    return { body: await scaleDown(file), note: `Scaled down from ${size} to ${formatCount(SCALED_PIXELS)} pixels.` };
  } catch {
    throw new UnfitFile(`${size} is too large: the limit is ${formatBytes(LARGEST_BYTES)}`);
  }
}

async function scaleDown(file) {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, SCALED_PIXELS / Math.max(bitmap.width, bitmap.height));
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * scale)));
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  // What is transparent is white to the model, and would be black in a JPEG.
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  return canvas.convertToBlob({ type: "image/jpeg", quality: SCALED_QUALITY });
}
