/* Takes a photo with the camera, in a dialog over the page. */

import { html, nothing, render } from "/static/lit-html/lit-html.js";

const QUALITY = 0.92;
const REASONS = {
  NotAllowedError: "The camera may not be used here: allow it in the browser's settings of this page.",
  NotFoundError: "This device has no camera.",
  NotReadableError: "The camera does not start; another program may be using it.",
};

/** Browsers give a camera to secure pages alone: those on 127.0.0.1, or with https. */
export const hasCameras = () => Boolean(navigator.mediaDevices);

/**
 * Opens the dialog in `place`, which holds nothing else, and starts the camera, until the user closes the dialog or
 * leaves the view.
 *
 * @param {(photo: File) => void} take Called with the photo, if the user takes one.
 */
export async function openCamera(place, take, signal) {
  let stream = null;
  const stopFilming = () => {
    for (const track of stream?.getTracks() ?? []) track.stop();
  };
  const close = () => {
    stopFilming();
    render(nothing, place);
  };
  const draw = (status, isReady = false) => render(drawDialog(status, isReady, shoot, close), place);
  const shoot = async () => {
    draw(nothing);
    take(await capturePhoto(dialog.querySelector("video")));
    dialog.close();
  };
  draw("Waiting for the camera…");
  const dialog = place.querySelector("dialog");
  signal.addEventListener("abort", close, { once: true });
  dialog.showModal();
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    // The browser may have asked for permission until after the dialog was closed.
    if (!dialog.isConnected) return stopFilming();
    const video = dialog.querySelector("video");
    video.srcObject = stream;
    await video.play();
  } catch (error) {
    if (dialog.isConnected) draw(REASONS[error.name] ?? error.message);
    return;
  }
  if (!dialog.isConnected) return;
  draw(nothing, true);
  dialog.querySelector("button").focus();
}

const drawDialog = (status, isReady, shoot, close) =>
  html`<dialog class="camera" aria-labelledby="camera-title" @close=${close}>
    <h2 id="camera-title">Take a photo</h2>
    ${status === nothing ? nothing : html`<p role="status">${status}</p>`}
    <video autoplay playsinline aria-label="What the camera sees"></video>
    <div class="row">
      <button type="button" class="primary" ?disabled=${!isReady} @click=${shoot}>Take</button>
      <button type="button" @click=${({ target }) => target.closest("dialog").close()}>Cancel</button>
    </div>
  </dialog>`;

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
