/* Takes a photo with the camera, in a dialog over the page. */

import { create } from "./element.js";

const QUALITY = 0.92;
const REASONS = {
  NotAllowedError: "The camera may not be used here: allow it in the browser's settings of this page.",
  NotFoundError: "This device has no camera.",
  NotReadableError: "The camera does not start; another program may be using it.",
};

/** Browsers give a camera to secure pages alone: those on 127.0.0.1, or with https. */
export const hasCameras = () => Boolean(navigator.mediaDevices);

/**
 * Opens the dialog in `place` and starts the camera, until the user closes the dialog or leaves the view.
 *
 * @param {(photo: File) => void} take Called with the photo, if the user takes one.
 */
export async function openCamera(place, take, signal) {
  const video = create("video", { autoplay: true, playsinline: true, "aria-label": "What the camera sees" });
  const status = create("p", { role: "status" }, "Waiting for the camera…");
  const shutter = create("button", { type: "button", class: "primary", disabled: true }, "Take");
  const dialog = create(
    "dialog",
    { class: "camera", "aria-labelledby": "camera-title" },
    create("h2", { id: "camera-title" }, "Take a photo"),
    status,
    video,
    create(
      "div",
      { class: "row" },
      shutter,
      create("button", { type: "button", onclick: () => dialog.close() }, "Cancel"),
    ),
  );
  const stop = () => {
    for (const track of video.srcObject?.getTracks() ?? []) track.stop();
    dialog.remove();
  };
  dialog.addEventListener("close", stop);
  signal.addEventListener("abort", stop);
  shutter.addEventListener("click", async () => {
    shutter.disabled = true;
    take(await capturePhoto(video));
    dialog.close();
  });
  place.append(dialog);
  dialog.showModal();
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    await video.play();
  } catch (error) {
    status.textContent = REASONS[error.name] ?? error.message;
    return;
  } finally {
    // The browser may have asked for permission until after the dialog was closed.
    if (!dialog.isConnected) stop();
  }
  status.remove();
  shutter.disabled = false;
  shutter.focus();
}

async function capturePhoto(video) {
  const canvas = Object.assign(document.createElement("canvas"), {
    width: video.videoWidth,
    height: video.videoHeight,
  });
  canvas.getContext("2d").drawImage(video, 0, 0);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  const name = `camera ${new Date().toISOString().slice(0, 19).replaceAll(":", ".")}.jpg`;
  return new File([blob], name, { type: blob.type });
}
